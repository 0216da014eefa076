//! Who delivers the messages: what they are sent, how they know that it is Gatepost, and what follows where they do not take it.

use std::time::Duration;

use axum::http::{Method, StatusCode, header::ACCEPT_LANGUAGE};
use gatepost_jose::webhook::{Headers, Secret, Verifier};
use serde_json::{Value, json};

use super::{ADA, NUMBER, OTHER, PAUSE, Sender, begin, confirm, factors, send, show, world};
use crate::{
    mfa::{half, trail},
    support::{Answer, Log, Person, TestApp, request},
    webhooks::{Received, Strange, nowhere},
};

const REALM: &str = "/api/v1/admin/realm";
const SECRET: &str = "/api/v1/admin/realm/sms-secret";

fn is_signed(request: &Received, secret: &str, now: i64) -> bool {
    let headers = Headers {
        id: Some(request.header("webhook-id")),
        timestamp: Some(request.header("webhook-timestamp")),
        signature: Some(request.header("webhook-signature")),
    };
    Verifier::new([secret.parse::<Secret>().unwrap()]).verify(headers, &request.body, now).is_ok()
}

#[tokio::test]
async fn a_message_is_signed_and_says_all_that_its_sender_needs() {
    let app = TestApp::new().await;
    let sender = Sender::with(&app, "display_name = \"Acme\"\n").await;
    let ada = app.person(ADA).await;
    for (language, said) in [
        ("", "{code} is your code for Acme. It is good for 5 minutes. Give it to nobody."),
        ("de-AT", "{code} ist Ihr Code für Acme. Er gilt 5 Minuten. Geben Sie ihn niemandem."),
        ("ar", "{code} هو رمزك في Acme. صلاحيته 5 دقائق. لا تعطه لأحد."),
    ] {
        let body = json!({"phone_number": NUMBER});
        let mut asking = request(Method::POST, "/api/v1/me/mfa/sms", Some(&ada.access_token), Some(body));
        if !language.is_empty() {
            asking.headers_mut().insert(ACCEPT_LANGUAGE, language.parse().unwrap());
        }
        assert_eq!(app.send(asking).await.status, 200);
        let message = sender.receiver.take().remove(0);
        assert!(is_signed(&message, &sender.secret, app.clock.now().unix_seconds()));
        assert_eq!((message.path.as_str(), message.header("content-type")), ("/sms", "application/json"));
        let told = message.json();
        let code = told["code"].as_str().unwrap();
        assert!(code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()), "{code}");
        assert_eq!(
            told,
            json!({
                "type": "sms.code", "realm": "default", "to": NUMBER, "code": code, "text": said.replace("{code}", code),
                "locale": if language.is_empty() { "en" } else { &language[..2] }, "expires_in": 300,
            })
        );
        app.advance(PAUSE);
    }
}

/// Nothing that was not taken is good, and nothing that it answers is shown.
#[tokio::test]
async fn what_the_sender_does_not_take_is_not_sent_and_its_code_is_no_good() {
    let (app, sender, ada, codes) = world().await;
    app.admin().await;
    for status in [302, 400, 410, 500] {
        sender.receiver.says(status);
        app.advance(Duration::from_mins(12));
        let token = half(&app, ADA).await;
        let answer = send(&app, &token).await;
        assert_eq!(
            (answer.brief().as_str(), answer.header("retry-after")),
            ("503 sms_not_sent", Some("30")),
            "{status}"
        );
        let code = sender.code();
        assert_eq!(show(&app, &token, &code).await.brief(), "403 sms_code_expired");
        let admin = app.sign_in("admin@example.com").await;
        let noted = trail(&app, &admin, "sms-not-sent").await;
        assert_eq!(
            noted[0]["detail"],
            json!({"for": "sign_in", "to": "•••78", "answer": status.to_string()})
        );
        assert_eq!(noted[0]["user"], json!(ada.id));
        if status == 500 {
            assert_eq!(crate::mfa::recover(&app, &token, &codes[0]).await.status, 200, "another way is open");
        }
    }
    for status in [200, 202, 204] {
        sender.receiver.says(status);
        app.advance(Duration::from_mins(12));
        let token = half(&app, ADA).await;
        assert_eq!(send(&app, &token).await.status, 200, "{status}");
        assert_eq!(show(&app, &token, &sender.code()).await.status, 200);
    }
}

#[tokio::test]
async fn a_number_that_could_not_be_told_its_code_does_not_take_the_place_of_another() {
    let (app, sender, ada, _) = world().await;
    sender.receiver.says(503);
    app.advance(PAUSE);
    assert_eq!(begin(&app, &ada, OTHER).await.brief(), "503 sms_not_sent");
    assert_eq!(confirm(&app, &ada, &sender.code()).await.brief(), "403 sms_code_expired");
    assert_eq!(factors(&app, &ada).await[0]["phone_number"], "•••78");
}

#[tokio::test]
async fn a_sender_that_is_not_there_is_told_of_at_once() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let (admin, ada) = (app.admin().await, app.person(ADA).await);
    drop(sender);
    let url = nowhere().await;
    let changed = set(&app, &admin, json!(url)).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(begin(&app, &ada, NUMBER).await.brief(), "503 sms_not_sent");
    assert_eq!(trail(&app, &admin, "sms-not-sent").await[0]["detail"]["answer"], "no_connection");
}

/// Whoever goes away before the sender has answered does not keep what follows from happening.
#[tokio::test]
async fn what_nobody_waits_for_comes_to_its_end_all_the_same() {
    let app = TestApp::new().await;
    let (sender, ada) = (Sender::of(&app).await, app.person(ADA).await);
    sender.receiver.says(500);
    let held = sender.receiver.held.lock().await;
    tokio::select! {
        biased;
        () = sender.receiver.arrived.notified() => {}
        answer = begin(&app, &ada, NUMBER) => panic!("{answer:?}"),
    }
    drop(held);
    let admin = app.admin().await;
    while trail(&app, &admin, "sms-not-sent").await.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(confirm(&app, &ada, &sender.code()).await.brief(), "403 sms_code_expired");
}

#[tokio::test]
async fn no_code_and_no_number_is_in_the_log_or_the_trail() {
    let log = Log::begin();
    let (app, sender, ada, _) = world().await;
    let admin = app.admin().await;
    let token = half(&app, ADA).await;
    let code = sender.code_for(&app, &token).await;
    sender.receiver.says(500);
    app.advance(PAUSE);
    assert_eq!(send(&app, &token).await.status, 503);
    assert_ne!(show(&app, &token, &code).await.status, 200);
    let lost = sender.code();
    let trail = app.ask(&admin, Method::GET, "/api/v1/admin/audit?limit=100", None).await;
    let user = app.ask(&admin, Method::GET, &format!("/api/v1/admin/users/{}", ada.id), None).await;
    let seen = String::from_utf8_lossy(&trail.body).into_owned() + &String::from_utf8_lossy(&user.body);
    let all = seen + &log.take() + &app.outbox().await.join("\n");
    for secret in [NUMBER, &NUMBER[1..], &code, &lost] {
        assert!(!all.contains(&format!("\"{secret}")) && !all.contains(&format!(" {secret}")), "{secret}");
    }
    assert!(!all.contains("15112345678"), "{all}");
}

async fn set(app: &TestApp, admin: &Person, url: Value) -> Answer {
    app.ask(admin, Method::PATCH, REALM, Some(json!({"settings": {"sms_url": url}}))).await
}

#[tokio::test]
async fn an_administrator_makes_the_secret_first_and_then_says_where_messages_go() {
    let app = TestApp::new().await;
    let (admin, receiver) = (app.admin().await, crate::webhooks::Receiver::new().await);
    let url = json!(receiver.url("/sms"));
    let refused = set(&app, &admin, url.clone()).await;
    assert_eq!(refused.brief(), "422 invalid_field");
    assert!(refused.text("detail").contains("sms-secret"), "{refused:?}");
    let made = app.ask(&admin, Method::POST, SECRET, Some(json!({}))).await;
    assert!(made.status == 200 && made.text("secret").starts_with("whsec_"), "{made:?}");
    let changed = set(&app, &admin, url.clone()).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["settings"]["sms_url"]), (200, &url));
    let all = app.ask(&admin, Method::GET, REALM, None).await;
    assert!(!String::from_utf8_lossy(&all.body).contains("whsec_"), "and never the secret again");
    assert_eq!(set(&app, &admin, Value::Null).await.json()["settings"]["sms_url"], Value::Null);
    assert_eq!(trail(&app, &admin, "sms-secret-replaced").await.len(), 1);
    assert!(trail(&app, &admin, "interceptor-secret-replaced").await.is_empty(), "it is a secret of its own");
    let ada = app.person(ADA).await;
    assert_eq!(app.ask(&ada, Method::POST, SECRET, Some(json!({}))).await.brief(), "403 missing_role");
    assert_eq!(app.post(SECRET, json!({})).await.brief(), "401 unauthenticated");
    app.apply("[[realm]]\nname = \"other\"").await;
    let elsewhere = app.ask(&admin, Method::POST, &format!("/r/other{SECRET}"), Some(json!({}))).await;
    assert_eq!(elsewhere.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_secret_before_signs_for_as_long_as_was_said() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let (admin, ada) = (app.admin().await, app.person(ADA).await);
    let replaced = app.ask(&admin, Method::POST, SECRET, Some(json!({"overlap": "5m"}))).await.text("secret");
    for both in [true, false] {
        begin(&app, &ada, NUMBER).await;
        let (message, now) = (sender.receiver.take().remove(0), app.clock.now().unix_seconds());
        assert_eq!(
            (is_signed(&message, &sender.secret, now), is_signed(&message, &replaced, now)),
            (both, true)
        );
        app.advance(Duration::from_mins(5));
    }
    let long = app.ask(&admin, Method::POST, SECRET, Some(json!({"overlap": "31d"}))).await;
    assert_eq!(long.brief(), "422 invalid_field");
}

#[tokio::test]
async fn wh_02_messages_are_not_sent_inward() {
    let mut app = TestApp::with_settings("", &[("GATEPOST_OUTGOING__PRIVATE_ADDRESSES", "false")]).await;
    let (admin, ada) = (app.admin().await, app.person(ADA).await);
    let inside = Strange::silent().await;
    app.ask(&admin, Method::POST, SECRET, Some(json!({}))).await;
    for wrong in [
        "https://127.0.0.1/sms",
        "https://10.0.0.1/sms",
        "https://169.254.169.254/",
        "http://localhost:8000/sms",
        "https://localhost/sms",
        "https://app.test:22/sms",
        "http://app.test/sms",
        "ftp://app.test/sms",
        "nowhere",
    ] {
        let answer = set(&app, &admin, json!(wrong)).await;
        assert_eq!(answer.brief(), "422 invalid_field", "{wrong}");
        assert!(answer.text("detail").contains("sms_url"), "{answer:?}");
    }
    let file = "[[realm]]\nname = \"default\"\nsms_url = \"https://10.0.0.1/sms\"\n";
    assert!(app.refused(file).await.contains("sms_url"));
    // As it may stand there since private addresses were allowed.
    let (outward, inward) =
        ("https://app.test/sms", format!("https://localhost:{}/sms", inside.address.port()));
    assert_eq!(set(&app, &admin, json!(outward)).await.status, 200);
    app.execute(&format!("UPDATE realms SET settings = replace(settings, '{outward}', '{inward}')")).await;
    (app.app, app.router) = app.replica().await;
    assert_eq!(begin(&app, &ada, NUMBER).await.brief(), "503 sms_not_sent");
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn a_file_makes_the_secret_and_shows_it_once() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    assert!(sender.secret.parse::<Secret>().is_ok());
    let again = format!("[[realm]]\nname = \"default\"\nsms_url = \"{}\"\n", sender.receiver.url("/sms"));
    assert!(app.apply(&again).await.is_empty());
}
