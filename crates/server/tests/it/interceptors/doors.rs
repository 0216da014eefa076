//! Every door asks, and says no in its own words.

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::{Value, json};

use super::{Judge, SESSION, SIGNUP};
use crate::{
    mail::sign_in as by_mail,
    pages::browser::Browser,
    support::{Answer, PASSWORD, TestApp},
};

const NO: &str = "Not on a Sunday.";

fn realm(profile: &str, more: &str) -> String {
    format!(
        r#"
[[realm]]
name = "default"
profile = "{profile}"
{more}
[[realm.user]]
username = "ada"
email = "ada@example.com"
email_verified = true
password = "{PASSWORD}"
[[realm.user]]
username = "chief"
email = "admin@example.com"
password = "{PASSWORD}"
roles = ["realm-admin"]
"#
    )
}

/// Refuses what is asked before an event, in a realm of this profile.
async fn refusing(profile: &str, more: &str, event: &str) -> (TestApp, Judge) {
    let (app, judge) = (TestApp::with(&realm(profile, more)).await, Judge::new().await);
    let file = format!("[[realm]]\nname = \"default\"\n{}", judge.before(event));
    app.apply(&file).await;
    judge.denies(NO);
    (app, judge)
}

async fn form(app: &TestApp, path: &str, fields: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::post(path)
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body));
    app.send(request.unwrap()).await
}

/// As a page of the server's own origin asks.
async fn better_auth(app: &TestApp, path: &str, body: Value) -> Answer {
    let request = Request::post(format!("/api/auth{path}"))
        .header(header::HOST, "127.0.0.1:8400")
        .header("origin", "http://127.0.0.1:8400")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()));
    app.send(request.unwrap()).await
}

/// It says no, and gives nothing.
fn says_no(answer: &Answer, status: u16) {
    let text = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(!text.contains("access_token") && !text.contains("refresh_token"), "{answer:?}");
}

#[tokio::test]
async fn a_sign_in_is_asked_about_at_every_door() {
    let (app, judge) = refusing("native", "email_sign_in = true", SESSION).await;
    let password = json!({"email": "ada@example.com", "password": PASSWORD});
    let native = app.post("/api/v1/login", password.clone()).await;
    says_no(&native, 403);
    assert_eq!(native.text("detail"), NO);
    let better = better_auth(&app, "/sign-in/email", password).await;
    says_no(&better, 403);
    assert_eq!((better.text("message").as_str(), better.text("code").as_str()), (NO, "INTERCEPTOR_DENIED"));
    assert!(
        better.header("set-cookie").is_none_or(|cookie| !cookie.contains("session_token=")),
        "{better:?}"
    );
    let browser = Browser::new(&app);
    let page = browser.sign_in("ada@example.com").await;
    says_no(&page, 403);
    assert!(page.html().contains(NO), "{}", page.html());
    assert_ne!(browser.get("/account/profile").await.status, 200);
    // By mail.
    let token = by_mail::ask(&app, "ada@example.com").await;
    let code = by_mail::code(&app, "ada@example.com").await;
    says_no(&by_mail::send(&app, &token, &code).await, 403);
    let asked = judge.asked();
    assert!(
        asked.iter().all(|one| one["interceptor_context"]["user_email"] == "ada@example.com"),
        "{asked:?}"
    );
    assert_eq!(asked.len(), 4);
    assert_eq!((&asked[0]["data"]["amr"], &asked[3]["data"]["amr"]), (&json!(["pwd"]), &json!(["otp"])));
}

#[tokio::test]
async fn a_sign_in_by_a_passkey_is_asked_about() {
    let (app, judge) = (TestApp::new().await, Judge::new().await);
    let (_, key, _) = app.person_with_passkey("ada@example.com").await;
    judge.sit(&app, SESSION).await;
    judge.denies(NO);
    says_no(&app.show_passkey(&key).await, 403);
    judge.allows();
    assert_eq!(app.show_passkey(&key).await.status, 200);
    assert_eq!(judge.take().len(), 2);
}

#[tokio::test]
async fn an_application_that_takes_passwords_is_told_invalid_grant() {
    let client = "[[realm.client]]\nid = \"house\"\nsecret = \"a-secret-of-the-house-app-0123456789\"\n\
                  grants = [\"password\"]\nscopes = [\"openid\"]\nskip_consent = true\n";
    let (app, judge) = (TestApp::with(&realm("native", "password_grant = true")).await, Judge::new().await);
    app.apply(&format!("[[realm]]\nname = \"default\"\n{client}{}", judge.before(SESSION))).await;
    let ask = async || {
        let fields = [
            ("grant_type", "password"),
            ("client_id", "house"),
            ("client_secret", "a-secret-of-the-house-app-0123456789"),
            ("username", "ada"),
            ("password", PASSWORD),
        ];
        form(&app, "/oauth/token", &fields).await
    };
    judge.denies(NO);
    let refused = ask().await;
    says_no(&refused, 400);
    assert_eq!(refused.text("error"), "invalid_grant");
    judge.says(500, "");
    let unanswered = ask().await;
    says_no(&unanswered, 503);
    judge.allows();
    assert_eq!(ask().await.status, 200);
    assert_eq!(judge.take().len(), 3);
}

#[tokio::test]
async fn every_profile_asks_and_says_no_in_its_own_envelope() {
    let (app, judge) = refusing("runbook", "", SESSION).await;
    let answer = form(&app, "/token", &[("username", "ada"), ("password", PASSWORD)]).await;
    says_no(&answer, 403);
    assert_eq!((answer.text("detail").as_str(), judge.take().len()), (NO, 1));
    let (app, judge) = refusing("module04", "", SESSION).await;
    let answer = form(&app, "/auth/token", &[("username", "ada@example.com"), ("password", PASSWORD)]).await;
    says_no(&answer, 403);
    assert_eq!((answer.text("detail").as_str(), judge.take().len()), (NO, 1));
    let (app, judge) = refusing("zalt", "", SESSION).await;
    let body = json!({"realm_id": "default", "email": "ada@example.com", "password": PASSWORD});
    let answer = app.post("/login", body).await;
    says_no(&answer, 403);
    assert_eq!(
        (&answer.json()["error"]["code"], &answer.json()["error"]["message"]),
        (&json!("FORBIDDEN"), &json!(NO))
    );
    assert_eq!(judge.take().len(), 1);
}

#[tokio::test]
async fn an_account_that_somebody_makes_is_asked_about_at_every_door() {
    let (app, judge) = refusing("native", "", SIGNUP).await;
    let body = json!({"name": "Eve", "email": "eve@example.com", "password": PASSWORD});
    says_no(&app.register("eve@example.com").await, 403);
    let better = better_auth(&app, "/sign-up/email", body).await;
    says_no(&better, 403);
    assert_eq!(better.text("message"), NO);
    let browser = Browser::new(&app);
    let fields = [("username", "eve@example.com"), ("name", "Eve"), ("password", PASSWORD)];
    let page = browser.submit("/sign-up", &fields).await;
    says_no(&page, 403);
    assert!(page.html().contains(NO), "{}", page.html());
    assert_eq!(judge.take().len(), 3);
    let admin = app.sign_in("admin@example.com").await;
    let users = app.ask(&admin, Method::GET, "/api/v1/admin/users", None).await.json().to_string();
    assert!(!users.contains("eve@example.com"), "{users}");

    let (app, judge) = refusing("runbook", "", SIGNUP).await;
    let body = json!({"username": "eve", "email": "eve@example.com", "password": "testpass123"});
    let answer = app.post("/register", body).await;
    says_no(&answer, 403);
    assert_eq!((answer.text("detail").as_str(), judge.take().len()), (NO, 1));
    let (app, judge) = refusing("zalt", "", SIGNUP).await;
    let body = json!({"realm_id": "default", "email": "eve@example.com", "password": PASSWORD});
    let answer = app.post("/register", body).await;
    says_no(&answer, 403);
    assert_eq!((&answer.json()["error"]["message"], judge.take().len()), (&json!(NO), 1));
}

#[tokio::test]
async fn a_program_gets_no_token_that_the_interceptor_refuses() {
    let client = "[[realm.client]]\nid = \"worker\"\nsecret = \"a-secret-of-the-house-app-0123456789\"\n\
                  grants = [\"client_credentials\"]\nscopes = [\"notes:read\", \"notes:write\"]\n";
    let (app, judge) = (TestApp::with(&realm("native", "")).await, Judge::new().await);
    app.apply(&format!("[[realm]]\nname = \"default\"\n{client}{}", judge.before("pre_m2m_token_creation")))
        .await;
    let ask = async |secret: &str, scope: &str| {
        let credentials = [("client_id", "worker"), ("client_secret", secret), ("scope", scope)];
        let fields = [&[("grant_type", "client_credentials")][..], &credentials].concat();
        form(&app, "/oauth/token", &fields).await
    };
    let right = "a-secret-of-the-house-app-0123456789";
    judge.denies(NO);
    assert_eq!(
        ask("not the secret, which is another one", "notes:read").await.text("error"),
        "invalid_client"
    );
    assert_eq!(ask(right, "files:read").await.text("error"), "invalid_scope");
    assert!(judge.take().is_empty(), "of what fails by itself it learns nothing");
    let refused = ask(right, "notes:read").await;
    says_no(&refused, 400);
    assert_eq!(refused.text("error"), "access_denied");
    let asked = judge.asked().remove(0);
    assert_eq!(asked["trigger_point"], "PRE_M2M_TOKEN_CREATION");
    assert_eq!(asked["interceptor_context"]["client_id"], "worker");
    assert_eq!(
        asked["data"]["m2m_token_claims"],
        json!({"client_id": "worker", "claims": {"oid": null, "scope": "notes:read", "scopes": ["notes:read"]}})
    );
    judge.says(500, "");
    says_no(&ask(right, "notes:read").await, 503);
    judge.allows();
    assert_eq!(ask(right, "notes:read").await.status, 200);
}
