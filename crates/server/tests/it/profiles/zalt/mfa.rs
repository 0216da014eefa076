//! Second factors.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use super::{ADA, brief, get, login, parts, person, post, someone, world};
use crate::support::{Answer, Authenticator, PASSWORD, Person, TestApp};

/// Sets an app up; with the codes to write down.
pub(super) async fn set_up(app: &TestApp, who: &Person) -> (Authenticator, Vec<String>) {
    let begun = post(app, who, "/v1/auth/mfa/setup", json!({"method": "totp"})).await;
    assert_eq!(begun.status, 200, "{begun:?}");
    let phone = Authenticator::of(&begun.text("secret"));
    let done = post(app, who, "/v1/auth/mfa/verify", json!({"code": phone.code(app)})).await;
    assert_eq!(done.status, 200, "{done:?}");
    let codes = done.json()["backup_codes"].as_array().unwrap().clone();
    (phone, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

async fn half(app: &TestApp, email: &str) -> String {
    let answer = login(app, email).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["mfa_required"]), (200, &json!(true)), "{answer:?}");
    answer.text("mfa_session_id")
}

async fn second(app: &TestApp, id: &str, code: &str) -> Answer {
    app.post("/mfa/verify", json!({"mfa_session_id": id, "code": code})).await
}

#[tokio::test]
async fn a_sign_in_with_a_second_factor_takes_two_steps() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    let (phone, codes) = set_up(&app, &ada).await;
    let challenge = login(&app, ADA).await.json();
    assert!(challenge["tokens"].is_null() && challenge["user"]["profile"].is_null(), "{challenge}");
    assert_eq!(challenge["user"], json!({"id": ada.id, "email": ADA}));
    assert_eq!(challenge["mfa_methods"], json!(["totp", "backup_code"]));
    for (one, other) in [
        ("mfa_required", "mfaRequired"),
        ("mfa_session_id", "mfaSessionId"),
        ("mfa_methods", "mfaMethods"),
        ("mfa_methods", "allowed_methods"),
        ("mfa_expires_in", "expires_in"),
    ] {
        assert!(!challenge[one].is_null() && challenge[one] == challenge[other], "{one}: {challenge}");
    }
    assert_eq!(challenge["webauthn_required"], json!(false));

    app.advance(Duration::from_secs(30));
    let id = half(&app, ADA).await;
    assert_eq!(brief(&second(&app, &id, &phone.wrong(&app)).await), "401 INVALID_MFA_CODE");
    let answer = second(&app, &id, &phone.code(&app)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        (&answer.json()["used_backup_code"], &answer.json()["user"]["mfa_enabled"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(parts(&someone(&answer).access_token).1["amr"], json!(["pwd", "otp", "mfa"]));
    assert_eq!(brief(&second(&app, &id, &phone.code_in(&app, 1)).await), "401 MFA_SESSION_EXPIRED", "once");

    // By a code that was written down, at the other path.
    let body = json!({"mfa_session_id": half(&app, ADA).await, "code": codes[0]});
    let answer = app.post("/v1/auth/mfa/login/verify", body).await.json();
    assert_eq!(
        (&answer["used_backup_code"], &answer["remaining_backup_codes"]),
        (&json!(true), &json!(9)),
        "{answer}"
    );
    assert_eq!(brief(&second(&app, &half(&app, ADA).await, &codes[0]).await), "401 INVALID_MFA_CODE");
}

/// MF-02: the code that another server took from everybody, and as many tries as at the native door.
#[tokio::test]
async fn mf_02_no_code_is_good_for_everybody_and_few_are_tried() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    let (phone, _) = set_up(&app, &ada).await;
    app.advance(Duration::from_secs(30));
    let id = half(&app, ADA).await;
    for code in ["000000", "00000000", "", "0", "000000000000"] {
        assert_eq!(brief(&second(&app, &id, code).await), "401 INVALID_MFA_CODE", "{code}");
    }
    // Five tries of one sign-in, whatever the sixth is.
    assert_eq!(brief(&second(&app, &id, &phone.code(&app)).await), "401 MFA_SESSION_EXPIRED");
}

#[tokio::test]
async fn mf_02_a_new_sign_in_for_each_try_is_no_way_round() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    let (phone, _) = set_up(&app, &ada).await;
    app.advance(Duration::from_secs(30));
    let mut answers = Vec::new();
    for _ in 0..11 {
        let id = half(&app, ADA).await;
        answers.push(brief(&second(&app, &id, &phone.wrong(&app)).await));
    }
    assert_eq!(answers.last().map(String::as_str), Some("429 RATE_LIMITED"), "{answers:?}");
    // The native door counts the same.
    let id = half(&app, ADA).await;
    let native = app.post("/api/v1/login/mfa", json!({"mfa_token": id, "code": phone.code(&app)})).await;
    assert_eq!(native.brief(), "429 too_many_attempts");
}

/// MF-04: half a sign-in opens nothing of this door.
#[tokio::test]
async fn mf_04_half_a_sign_in_is_refused_everywhere() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    set_up(&app, &ada).await;
    let id = half(&app, ADA).await;
    for (method, path, _) in gatepost_server::testing::zalt_served() {
        let method: Method = method.parse().unwrap();
        let body = (method != Method::GET)
            .then(|| json!({"refresh_token": id, "code": "000000", "password": PASSWORD}));
        let path = path.replace("{realm}", "default");
        let path = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        let answer = app.send(crate::support::request(method.clone(), &path, Some(&id), body)).await;
        let is_public = matches!(
            &*path,
            "/register"
                | "/login"
                | "/health"
                | "/mfa/verify"
                | "/v1/auth/mfa/login/verify"
                | "/v1/auth/mfa/sms/login/verify"
                | "/machines/token"
                | "/password/reset"
                | "/password/reset/confirm"
                | "/v1/auth/password-reset/request"
                | "/v1/auth/password-reset/confirm"
                | "/v1/auth/verify-email/confirm"
        ) || path.starts_with("/v1/auth/webauthn/authenticate")
            || path.starts_with("/v1/auth/social/")
            || path.starts_with("/auth/social/");
        if !is_public {
            let flat = ["401 INVALID_TOKEN", "401 UNAUTHORIZED"];
            assert!(flat.contains(&&*brief(&answer)), "{method} {path}: {answer:?}");
        }
        assert!(answer.json()["tokens"].is_null(), "{method} {path}: {answer:?}");
    }
    // One of another realm of the same profile is none at all.
    let body = json!({"mfa_session_id": id, "code": "123456"});
    assert_eq!(brief(&app.post("/r/acme/mfa/verify", body).await), "401 MFA_SESSION_EXPIRED");
}

#[tokio::test]
async fn an_app_is_set_up_and_confirmed() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    let status = async |who: &Person| get(&app, who, "/v1/auth/mfa/status").await.json();
    let before = status(&ada).await;
    assert_eq!(
        (&before["enabled"], &before["methods"], &before["backup_codes_remaining"]),
        (&json!(false), &json!([]), &json!(0))
    );
    let begun = app.ask(&ada, Method::POST, "/v1/auth/mfa/setup", None).await;
    let json = begun.json();
    assert_eq!(json["secret"].as_str().unwrap().len(), 32);
    assert!(json["otpauth_url"].as_str().unwrap().starts_with("otpauth://totp/"));
    assert!(json["qr_code"].as_str().unwrap().starts_with("data:image/svg+xml;base64,"));
    assert_eq!(json["qrCode"], json["qr_code"]);
    let phone = Authenticator::of(&begun.text("secret"));
    let confirm = async |body: Value| post(&app, &ada, "/v1/auth/mfa/verify", body).await;
    assert_eq!(brief(&confirm(json!({"code": phone.wrong(&app)})).await), "400 INVALID_CODE");
    assert_eq!(brief(&confirm(json!({"code": "000000"})).await), "400 INVALID_CODE");
    let echoed = json!({"code": phone.code(&app), "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"});
    assert_eq!(brief(&confirm(echoed).await), "400 INVALID_CODE", "of another secret");
    let done = confirm(json!({"code": phone.code(&app), "secret": begun.text("secret")})).await;
    assert_eq!(done.json()["success"], json!(true), "{done:?}");
    assert_eq!(done.json()["backup_codes"].as_array().unwrap().len(), 10);
    let after = status(&ada).await;
    assert_eq!(
        (&after["enabled"], &after["methods"], &after["backupCodesRemaining"]),
        (&json!(true), &json!(["totp"]), &json!(10))
    );
    let again = post(&app, &ada, "/v1/auth/mfa/setup", json!({})).await;
    assert_eq!(brief(&again), "400 MFA_ALREADY_ENABLED");
}

/// MF-06: it takes a sign-in of a moment ago, with both factors; and then what is shown has to be right.
#[tokio::test]
async fn an_app_is_disabled_by_a_code_or_by_the_password() {
    for by_password in [false, true] {
        let app = world().await;
        let ada = person(&app, ADA).await;
        let method = if by_password { Method::DELETE } else { Method::POST };
        let disable = async |who: &Person, body: Value| {
            app.ask(who, method.clone(), "/v1/auth/mfa/disable", Some(body)).await
        };
        assert_eq!(brief(&disable(&ada, json!({"code": "000000"})).await), "400 MFA_NOT_ENABLED");
        let (phone, _) = set_up(&app, &ada).await;
        app.advance(Duration::from_secs(601));
        let stale = json!({"password": PASSWORD});
        let refused = disable(&ada, stale).await;
        assert_eq!(brief(&refused), "403 REVERIFICATION_REQUIRED");
        assert_eq!(refused.json()["error"]["required_level"], json!("mfa"));
        let fresh = someone(&second(&app, &half(&app, ADA).await, &phone.code(&app)).await);
        assert_eq!(brief(&disable(&fresh, json!({})).await), "400 INVALID_REQUEST");
        if by_password {
            assert_eq!(brief(&disable(&fresh, json!({"password": "wrong"})).await), "401 INVALID_PASSWORD");
            assert_eq!(disable(&fresh, json!({"password": PASSWORD})).await.status, 200);
        } else {
            assert_eq!(brief(&disable(&fresh, json!({"code": "000000"})).await), "401 INVALID_MFA_CODE");
            // The one that signed in is used up.
            assert_eq!(
                brief(&disable(&fresh, json!({"code": phone.code(&app)})).await),
                "401 INVALID_MFA_CODE"
            );
            app.advance(Duration::from_secs(30));
            assert_eq!(disable(&fresh, json!({"code": phone.code(&app)})).await.status, 200);
        }
        assert_eq!(get(&app, &fresh, "/v1/auth/mfa/status").await.json()["enabled"], json!(false));
        assert!(!login(&app, ADA).await.json()["tokens"].is_null());
    }
}

/// MF-02: nobody guesses in a session what is not guessed at the sign-in.
#[tokio::test]
async fn mf_02_codes_in_a_session_are_counted_with_those_of_sign_ins() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    let (phone, _) = set_up(&app, &ada).await;
    let mut answers = Vec::new();
    for _ in 0..11 {
        let body = json!({"code": phone.wrong(&app)});
        answers.push(brief(&post(&app, &ada, "/v1/auth/mfa/disable", body).await));
    }
    assert_eq!(answers.last().map(String::as_str), Some("429 RATE_LIMITED"), "{answers:?}");
    app.advance(Duration::from_secs(30));
    let id = half(&app, ADA).await;
    assert_eq!(brief(&second(&app, &id, &phone.code(&app)).await), "429 RATE_LIMITED");
}

#[tokio::test]
async fn backup_codes_are_counted_and_made_anew() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    let make = async |password: &str| {
        post(&app, &ada, "/v1/auth/mfa/backup-codes/regenerate", json!({"password": password})).await
    };
    assert_eq!(brief(&make(PASSWORD).await), "400 MFA_NOT_ENABLED");
    let (_, old) = set_up(&app, &ada).await;
    let count = async || get(&app, &ada, "/v1/auth/mfa/backup-codes/status").await.json();
    let counted = count().await;
    assert_eq!((&counted["remaining_codes"], &counted["total_codes"]), (&json!(10), &json!(10)));
    assert_eq!((&counted["should_regenerate"], &counted["warning"]), (&json!(false), &json!(null)));
    for code in &old[..8] {
        assert_eq!(second(&app, &half(&app, ADA).await, code).await.status, 200);
    }
    let counted = count().await;
    assert_eq!((&counted["remaining_codes"], &counted["should_regenerate"]), (&json!(2), &json!(true)));
    assert_eq!(brief(&make("wrong").await), "401 INVALID_PASSWORD");
    let made = make(PASSWORD).await;
    let new = made.json()["backup_codes"].as_array().unwrap().clone();
    assert_eq!(new.len(), 10);
    assert!(made.json()["warning"].is_string());
    assert_eq!(brief(&second(&app, &half(&app, ADA).await, &old[9]).await), "401 INVALID_MFA_CODE");
    assert_eq!(second(&app, &half(&app, ADA).await, new[0].as_str().unwrap()).await.status, 200);
}
