//! Codes as text messages.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use super::{ADA, WORLD, brief, get, login, mfa, parts, person, post, someone, world};
use crate::{
    sms::{NUMBER, PAUSE, Sender},
    support::{Answer, PASSWORD, Person, TestApp, request},
};

const SETUP: &str = "/v1/auth/mfa/sms/setup";
const VERIFY: &str = "/v1/auth/mfa/sms/verify";
const SEND: &str = "/v1/auth/mfa/sms/send";

/// The realm at the root with a sender, and somebody in it.
async fn with_sender() -> (TestApp, Sender, Person) {
    let app = world().await;
    let sender = Sender::with(&app, "profile = \"zalt\"\n").await;
    let ada = person(&app, ADA).await;
    (app, sender, ada)
}

async fn set_up(app: &TestApp, sender: &Sender, who: &Person) -> Vec<String> {
    let begun = post(app, who, SETUP, json!({"phone_number": NUMBER})).await;
    assert_eq!(begun.status, 200, "{begun:?}");
    let done = post(app, who, VERIFY, json!({"code": sender.code()})).await;
    assert_eq!(done.status, 200, "{done:?}");
    let codes = done.json()["backup_codes"].as_array().unwrap().clone();
    codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

/// A sign-in that waits, after the pause, and what it is told.
async fn half(app: &TestApp) -> (String, Value) {
    app.advance(PAUSE);
    let answer = login(app, ADA).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["mfa_required"]), (200, &json!(true)), "{answer:?}");
    (answer.text("mfa_session_id"), answer.json())
}

async fn second(app: &TestApp, path: &str, id: &str, code: &str) -> Answer {
    app.post(path, json!({"mfa_session_id": id, "code": code})).await
}

#[tokio::test]
async fn a_number_is_set_up_and_ends_a_sign_in() {
    let (app, sender, ada) = with_sender().await;
    // As its library calls "/v1/auth/mfa/sms/setup" and "/v1/auth/mfa/sms/verify".
    let begun = post(&app, &ada, SETUP, json!({"phone_number": "+49 151 12345678"})).await;
    assert_eq!(
        (&begun.json()["phone_number"], &begun.json()["phoneNumber"], &begun.json()["verification_required"]),
        (&json!("•••78"), &json!("•••78"), &json!(true)),
        "{begun:?}"
    );
    let code = sender.code();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert_eq!(brief(&post(&app, &ada, VERIFY, json!({"code": wrong})).await), "400 INVALID_CODE");
    assert_eq!(get(&app, &ada, "/v1/auth/mfa/status").await.json()["enabled"], json!(false));
    let done = post(&app, &ada, VERIFY, json!({"code": code})).await;
    assert_eq!(
        (&done.json()["success"], done.json()["backup_codes"].as_array().unwrap().len()),
        (&json!(true), 10)
    );
    let status = get(&app, &ada, "/v1/auth/mfa/status").await.json();
    assert_eq!(
        (&status["methods"], &status["sms_enabled"], &status["phone_number"]),
        (&json!(["sms"]), &json!(true), &json!("•••78"))
    );
    assert_eq!(get(&app, &ada, "/me").await.json()["user"]["mfa_enabled"], json!(true));
    // The library has no call that asks for the code: it is sent at the sign-in.
    for path in ["/v1/auth/mfa/sms/login/verify", "/mfa/verify", "/v1/auth/mfa/login/verify"] {
        let (id, challenge) = half(&app).await;
        assert_eq!(challenge["mfa_methods"], json!(["sms", "backup_code"]));
        assert_eq!(
            (&challenge["sms_sent"], &challenge["phone_number"], &challenge["webauthn_required"]),
            (&json!(true), &json!("•••78"), &json!(false))
        );
        let code = sender.code();
        let answer = second(&app, path, &id, &code).await;
        assert_eq!(answer.status, 200, "{path} {answer:?}");
        assert_eq!(parts(&someone(&answer).access_token).1["amr"], json!(["pwd", "sms", "mfa"]));
        assert_eq!(answer.json()["used_backup_code"], json!(false));
        assert_eq!(brief(&second(&app, path, &id, &code).await), "401 MFA_SESSION_EXPIRED", "once");
        app.advance(Duration::from_mins(12));
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_code_is_said_in_the_words_of_the_contract() {
    let (app, sender, ada) = with_sender().await;
    assert_eq!(brief(&post(&app, &ada, SETUP, json!({"phone_number": "0151"})).await), "400 INVALID_PHONE");
    assert_eq!(brief(&post(&app, &ada, SETUP, json!({})).await), "400 INVALID_REQUEST");
    assert_eq!(brief(&post(&app, &ada, VERIFY, json!({"code": "123456"})).await), "400 CODE_EXPIRED");
    assert_eq!(brief(&app.post(SETUP, json!({"phone_number": NUMBER})).await), "401 UNAUTHORIZED");
    assert_eq!(brief(&app.post(VERIFY, json!({"code": "123456"})).await), "401 UNAUTHORIZED");
    post(&app, &ada, SETUP, json!({"phone_number": NUMBER})).await;
    assert_eq!(brief(&post(&app, &ada, SETUP, json!({"phone_number": NUMBER})).await), "429 RATE_LIMITED");
    let code = sender.code();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..4 {
        assert_eq!(brief(&post(&app, &ada, VERIFY, json!({"code": wrong})).await), "400 INVALID_CODE");
    }
    assert_eq!(brief(&post(&app, &ada, VERIFY, json!({"code": wrong})).await), "400 MAX_ATTEMPTS_EXCEEDED");
    assert_eq!(brief(&post(&app, &ada, VERIFY, json!({"code": code})).await), "400 MAX_ATTEMPTS_EXCEEDED");
    app.advance(PAUSE);
    sender.receiver.says(500);
    let failed = post(&app, &ada, SETUP, json!({"phone_number": NUMBER})).await;
    assert_eq!((brief(&failed).as_str(), failed.header("retry-after")), ("503 SMS_SEND_FAILED", Some("30")));
    // Somebody else's session has nothing to confirm.
    sender.messages();
    sender.receiver.says(200);
    app.advance(PAUSE);
    post(&app, &ada, SETUP, json!({"phone_number": NUMBER})).await;
    let (code, eve) = (sender.code(), person(&app, "eve@example.com").await);
    assert_eq!(brief(&post(&app, &eve, VERIFY, json!({"code": code})).await), "400 CODE_EXPIRED");
    app.advance(Duration::from_mins(5));
    assert_eq!(brief(&post(&app, &ada, VERIFY, json!({"code": code})).await), "400 CODE_EXPIRED");
    app.advance(Duration::from_mins(6));
    let stale = post(&app, &ada, SETUP, json!({"phone_number": NUMBER})).await;
    assert_eq!(brief(&stale), "403 REVERIFICATION_REQUIRED");
}

#[tokio::test]
async fn a_realm_without_a_sender_allows_none_of_it() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    for (path, body) in
        [(SETUP, json!({"phone_number": NUMBER})), (VERIFY, json!({"code": "123456"})), (SEND, json!({}))]
    {
        assert_eq!(brief(&post(&app, &ada, path, body).await), "403 SMS_NOT_ALLOWED", "{path}");
    }
    assert_eq!(brief(&post(&app, &ada, "/v1/auth/mfa/sms/disable", json!({})).await), "400 MFA_NOT_ENABLED");
    // A token of the realm beside it is none here.
    let sender = Sender::with(&app, "profile = \"zalt\"\n").await;
    let hosted = request(
        Method::POST,
        &format!("/r/acme{SETUP}"),
        Some(&ada.access_token),
        Some(json!({"phone_number": NUMBER})),
    );
    assert_eq!(app.send(hosted).await.status, 401);
    assert!(sender.messages().is_empty());
    assert!(WORLD.contains("name = \"acme\""));
}

#[tokio::test]
async fn the_risk_is_said_and_who_refuses_it_sets_nothing_up() {
    let (app, sender, ada) = with_sender().await;
    let said = get(&app, &ada, "/v1/auth/mfa/sms/risk-warning").await.json();
    assert!(said["warning"].as_str().unwrap().contains("weakest"), "{said}");
    assert_eq!(
        (&said["recommended_methods"], &said["sms_allowed"]),
        (&json!(["webauthn", "totp"]), &json!(true))
    );
    let refused = post(&app, &ada, SETUP, json!({"phone_number": NUMBER, "accept_risk": false})).await;
    assert_eq!(brief(&refused), "400 RISK_NOT_ACCEPTED");
    assert!(sender.messages().is_empty());
    let accepted = json!({"phoneNumber": NUMBER, "acceptRisk": true});
    assert_eq!(post(&app, &ada, SETUP, accepted).await.status, 200);
}

#[tokio::test]
async fn a_code_is_sent_again_for_what_it_was_asked_for() {
    let (app, sender, ada) = with_sender().await;
    let nobody = app.post("/v1/auth/mfa/sms/send", json!({})).await;
    assert_eq!(brief(&nobody), "401 UNAUTHORIZED");
    assert_eq!(brief(&post(&app, &ada, SEND, json!({})).await), "400 MFA_NOT_ENABLED");
    // While a number is set up, to that number.
    post(&app, &ada, SETUP, json!({"phone_number": NUMBER})).await;
    let first = sender.code();
    app.advance(PAUSE);
    assert_eq!(post(&app, &ada, SEND, json!({})).await.json()["phone_number"], json!("•••78"));
    let again = sender.code();
    if first != again {
        assert_eq!(brief(&post(&app, &ada, VERIFY, json!({"code": first})).await), "400 INVALID_CODE");
    }
    assert_eq!(post(&app, &ada, VERIFY, json!({"code": again})).await.status, 200);
    // At a sign-in, for that sign-in.
    let (id, _) = half(&app).await;
    let first = sender.code();
    let at_once = app.post(SEND, json!({"mfa_session_id": id})).await;
    assert_eq!(brief(&at_once), "429 RATE_LIMITED");
    app.advance(PAUSE);
    assert_eq!(app.post(SEND, json!({"mfa_session_id": id})).await.status, 200);
    let again = sender.code();
    let path = "/v1/auth/mfa/sms/login/verify";
    if first != again {
        assert_eq!(brief(&second(&app, path, &id, &first).await), "401 INVALID_MFA_CODE");
    }
    assert_eq!(second(&app, path, &id, &again).await.status, 200);
    assert_eq!(brief(&app.post(SEND, json!({"mfa_session_id": id})).await), "401 MFA_SESSION_EXPIRED");
    assert_eq!(brief(&app.post(SEND, json!({"mfa_session_id": "x"})).await), "401 MFA_SESSION_EXPIRED");
    // A sign-in whose code could not be sent says so, and goes on another way.
    app.advance(Duration::from_mins(12));
    sender.receiver.says(500);
    let (id, challenge) = half(&app).await;
    assert_eq!((&challenge["sms_sent"], &challenge["phone_number"]), (&json!(false), &json!(null)));
    assert_eq!(brief(&second(&app, path, &id, &sender.code()).await), "400 CODE_EXPIRED");
}

/// Where there is a stronger factor nobody is sent anything unasked.
#[tokio::test]
async fn with_an_app_beside_it_a_code_is_sent_when_it_is_asked_for() {
    let (app, sender, ada) = with_sender().await;
    set_up(&app, &sender, &ada).await;
    let (phone, _) = mfa::set_up(&app, &ada).await;
    let (id, challenge) = half(&app).await;
    assert_eq!(challenge["mfa_methods"], json!(["totp", "sms", "backup_code"]));
    assert!(challenge["sms_sent"].is_null() && sender.messages().is_empty());
    assert_eq!(app.post(SEND, json!({"mfa_session_id": id})).await.status, 200);
    let code = sender.code();
    assert_eq!(
        brief(&second(&app, "/mfa/verify", &id, &code).await),
        "401 INVALID_MFA_CODE",
        "six digits are of the app"
    );
    assert_eq!(second(&app, "/v1/auth/mfa/sms/login/verify", &id, &code).await.status, 200);
    let (id, _) = half(&app).await;
    assert_eq!(second(&app, "/mfa/verify", &id, &phone.code(&app)).await.status, 200);
}

#[tokio::test]
async fn a_session_is_proved_fresh_by_the_password_and_a_code_that_was_sent() {
    let (app, sender, ada) = with_sender().await;
    set_up(&app, &sender, &ada).await;
    let (id, _) = half(&app).await;
    let ada = someone(&second(&app, "/mfa/verify", &id, &sender.code()).await);
    app.advance(Duration::from_mins(10));
    let disable = async |body| post(&app, &ada, "/v1/auth/mfa/sms/disable", body).await;
    assert_eq!(brief(&disable(json!({})).await), "403 REVERIFICATION_REQUIRED");
    assert_eq!(post(&app, &ada, SEND, json!({})).await.status, 200);
    let code = sender.code();
    let shown = async |body| post(&app, &ada, "/reverify/mfa", body).await;
    let alone = shown(json!({"code": code})).await;
    assert_eq!(brief(&alone), "403 REVERIFICATION_REQUIRED", "the password first");
    assert_eq!(post(&app, &ada, "/reverify/password", json!({"password": PASSWORD})).await.status, 200);
    let done = shown(json!({"code": code, "method": "sms"})).await;
    assert_eq!(done.json()["reverification"]["level"], json!("mfa"), "{done:?}");
    assert_eq!(brief(&shown(json!({"code": code})).await), "400 CODE_EXPIRED", "once");
    let (_, codes) = mfa::set_up(&app, &ada).await;
    assert!(codes.is_empty(), "it is fresh, and has its backup codes");
}

#[tokio::test]
async fn a_number_is_removed_by_a_fresh_sign_in() {
    let (app, sender, ada) = with_sender().await;
    let nobody = app.post("/v1/auth/mfa/sms/disable", json!({})).await;
    assert_eq!(brief(&nobody), "401 UNAUTHORIZED");
    let mut ada = ada;
    for way in ["code", "password", "backup_code", "neither"] {
        let codes = set_up(&app, &sender, &ada).await;
        assert_eq!(codes.len(), 10);
        let disable = async |body| post(&app, &ada, "/v1/auth/mfa/sms/disable", body).await;
        app.advance(PAUSE);
        let answer = match way {
            "code" => {
                assert_eq!(
                    brief(&disable(json!({"code": "000000"})).await),
                    "400 CODE_EXPIRED",
                    "none was sent"
                );
                assert_eq!(post(&app, &ada, SEND, json!({})).await.status, 200);
                disable(json!({"code": sender.code()})).await
            }
            "password" => {
                assert_eq!(brief(&disable(json!({"password": "wrong"})).await), "401 INVALID_PASSWORD");
                let both = json!({"password": PASSWORD, "code": "123456"});
                assert_eq!(brief(&disable(both).await), "400 INVALID_REQUEST");
                disable(json!({"password": PASSWORD})).await
            }
            "backup_code" => disable(json!({"code": codes[0]})).await,
            _ => {
                let path = "/v1/auth/mfa/sms";
                app.send(request(Method::DELETE, path, Some(&ada.access_token), None)).await
            }
        };
        assert_eq!(answer.status, 200, "{way} {answer:?}");
        assert_eq!(get(&app, &ada, "/v1/auth/mfa/status").await.json()["enabled"], json!(false));
        app.advance(Duration::from_mins(25));
        ada = someone(&login(&app, ADA).await);
    }
}
