//! Who says who is asked, and what requests are signed with.

use std::time::Duration;

use axum::http::Method;
use gatepost_jose::webhook::{Headers, Secret, Verifier};
use serde_json::{Value, json};

use super::{Judge, SESSION, trail};
use crate::support::{Answer, Person, TestApp};

const REALM: &str = "/api/v1/admin/realm";
const SECRET: &str = "/api/v1/admin/realm/interceptor-secret";

async fn set(app: &TestApp, admin: &Person, interceptors: Value) -> Answer {
    let body = json!({"settings": {"interceptors": interceptors}});
    app.ask(admin, Method::PATCH, REALM, Some(body)).await
}

#[tokio::test]
async fn an_administrator_makes_the_secret_first_and_then_says_who_is_asked() {
    let (app, judge) = (TestApp::new().await, Judge::new().await);
    let admin = app.admin().await;
    let one = json!([{"event": SESSION, "url": judge.url()}]);
    let refused = set(&app, &admin, one.clone()).await;
    assert_eq!(refused.brief(), "422 invalid_field");
    assert!(refused.text("detail").contains("interceptor-secret"), "{refused:?}");
    let made = app.ask(&admin, Method::POST, SECRET, Some(json!({}))).await;
    assert!(made.status == 200 && made.text("secret").starts_with("whsec_"), "{made:?}");
    let changed = set(&app, &admin, one).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let kept = changed.json()["settings"]["interceptors"].clone();
    assert_eq!(kept, json!([{"event": SESSION, "url": judge.url(), "timeout": "3s", "unanswered": "deny"}]));
    let all = app.ask(&admin, Method::GET, REALM, None).await;
    assert!(!String::from_utf8_lossy(&all.body).contains("whsec_"), "and never the secret again");
    app.login("admin@example.com").await;
    assert_eq!(judge.take().len(), 1);
    assert_eq!(set(&app, &admin, Value::Null).await.json()["settings"]["interceptors"], json!([]));
    app.login("admin@example.com").await;
    assert!(judge.take().is_empty());
    assert_eq!(trail(&app, &admin, "interceptor-secret-replaced").await.len(), 1);
    assert_eq!(trail(&app, &admin, "realm-updated").await.len(), 2);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let app = TestApp::with_settings("", &[("GATEPOST_OUTGOING__PRIVATE_ADDRESSES", "false")]).await;
    let admin = app.admin().await;
    app.ask(&admin, Method::POST, SECRET, Some(json!({}))).await;
    for wrong in [
        json!([{"event": SESSION, "url": "https://127.0.0.1/hook"}]),
        json!([{"event": SESSION, "url": "https://10.0.0.1/hook"}]),
        json!([{"event": SESSION, "url": "https://169.254.169.254/"}]),
        json!([{"event": SESSION, "url": "http://localhost:8000/hook"}]),
        json!([{"event": SESSION, "url": "https://localhost/hook"}]),
        json!([{"event": SESSION, "url": "https://hooks.localhost:8443/hook"}]),
        json!([{"event": SESSION, "url": "https://app.test:22/hook"}]),
        json!([{"event": SESSION, "url": "ftp://app.test/hook"}]),
        json!([{"event": "pre_lunch", "url": "https://app.test/hook"}]),
        json!([{"event": SESSION, "url": "https://app.test/hook", "timeout": "11s"}]),
        json!([{"event": SESSION, "url": "https://app.test/hook", "unanswered": "perhaps"}]),
        json!([{"event": SESSION, "url": "https://app.test/hook", "secret": "whsec_x"}]),
        json!([{"event": SESSION, "url": "https://app.test/1"}, {"event": SESSION, "url": "https://app.test/2"}]),
    ] {
        let answer = set(&app, &admin, wrong.clone()).await;
        assert_eq!(answer.brief(), "422 invalid_field", "{wrong}");
        assert!(answer.text("detail").contains("interceptors"), "{answer:?}");
    }
    let file = |url: &str| {
        format!(
            "[[realm]]\nname = \"default\"\n[[realm.interceptors]]\nevent = \"{SESSION}\"\nurl = \"{url}\"\n"
        )
    };
    assert!(app.refused(&file("https://10.0.0.1/hook")).await.contains("interceptors"));
    assert!(app.refused(&file("https://localhost/hook")).await.contains("private"));
    assert!(app.refused(&file("nowhere")).await.contains("https URL"));
}

/// As it may stand there since private addresses were allowed.
#[tokio::test]
async fn wh_02_an_interceptor_that_leads_inward_is_not_asked_when_that_is_forbidden_later() {
    let mut app = TestApp::with_settings("", &[("GATEPOST_OUTGOING__PRIVATE_ADDRESSES", "false")]).await;
    let (admin, inside) = (app.admin().await, crate::webhooks::Strange::silent().await);
    app.ask(&admin, Method::POST, SECRET, Some(json!({}))).await;
    let (outward, inward) =
        ("https://app.test/hook", format!("https://localhost:{}/hook", inside.address.port()));
    assert_eq!(set(&app, &admin, json!([{"event": SESSION, "url": outward}])).await.status, 200);
    app.execute(&format!("UPDATE realms SET settings = replace(settings, '{outward}', '{inward}')")).await;
    (app.app, app.router) = app.replica().await;
    let listed = app.ask(&admin, Method::GET, REALM, None).await.json();
    assert_eq!(listed["settings"]["interceptors"][0]["url"], inward, "{listed}");
    assert_eq!(app.login("admin@example.com").await.brief(), "503 interceptor_unanswered");
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn a_file_makes_the_secret_and_shows_it_once() {
    let (app, judge) = (TestApp::new().await, Judge::new().await);
    let secret = judge.sit(&app, SESSION).await;
    assert!(secret.parse::<Secret>().is_ok());
    let again = format!("[[realm]]\nname = \"default\"\n{}", judge.before(SESSION));
    assert!(app.apply(&again).await.is_empty());
}

#[tokio::test]
async fn the_secret_before_signs_for_as_long_as_was_said() {
    let (app, judge) = (TestApp::new().await, Judge::new().await);
    let admin = app.admin().await;
    let first = judge.sit(&app, SESSION).await;
    let replaced = app.ask(&admin, Method::POST, SECRET, Some(json!({"overlap": "1h"}))).await.text("secret");
    let by = async |secret: &str| {
        judge.take();
        app.login("admin@example.com").await;
        let (request, now) = (judge.take().remove(0), app.clock.now().unix_seconds());
        let headers = Headers {
            id: Some(request.header("interceptor-id")),
            timestamp: Some(request.header("interceptor-timestamp")),
            signature: Some(request.header("interceptor-signature")),
        };
        Verifier::new([secret.parse::<Secret>().unwrap()]).verify(headers, &request.body, now).is_ok()
    };
    assert!(by(&first).await && by(&replaced).await);
    app.advance(Duration::from_hours(1));
    assert!(!by(&first).await && by(&replaced).await);
    let admin = app.sign_in("admin@example.com").await;
    let leaked = app.ask(&admin, Method::POST, SECRET, Some(json!({"overlap": "0s"}))).await.text("secret");
    assert!(!by(&replaced).await && by(&leaked).await);
    let long = app.ask(&admin, Method::POST, SECRET, Some(json!({"overlap": "31d"}))).await;
    assert_eq!(long.brief(), "422 invalid_field");
}

#[tokio::test]
async fn nobody_else_makes_a_secret() {
    let app = TestApp::new().await;
    let ada = app.person("ada@example.com").await;
    assert_eq!(app.ask(&ada, Method::POST, SECRET, Some(json!({}))).await.brief(), "403 missing_role");
    assert_eq!(app.post(SECRET, json!({})).await.brief(), "401 unauthenticated");
    let admin = app.admin().await;
    app.apply("[[realm]]\nname = \"other\"").await;
    let elsewhere = app.ask(&admin, Method::POST, &format!("/r/other{SECRET}"), Some(json!({}))).await;
    assert_eq!(elsewhere.status, 401);
}
