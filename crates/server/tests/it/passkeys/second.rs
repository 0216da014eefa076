use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use super::{ADA, EVE, claims, listed};
use crate::support::{Answer, Authenticator, PRESENT, SoftPasskey, TestApp, given, given_saying, said};

async fn half(app: &TestApp, email: &str) -> (String, Value) {
    let answer = app.login(email).await;
    assert_eq!(answer.brief(), "403 mfa_required", "{answer:?}");
    (answer.text("mfa_token"), answer.json()["methods"].clone())
}

async fn options(app: &TestApp, token: &str) -> Value {
    let answer = app.post("/api/v1/login/mfa/passkey", json!({"mfa_token": token})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["options"].clone()
}

async fn show(app: &TestApp, token: &str, credential: &Value) -> Answer {
    app.post("/api/v1/login/mfa", json!({"mfa_token": token, "passkey": credential})).await
}

#[tokio::test]
async fn an_account_whose_only_factor_is_a_passkey_signs_in_with_password_and_passkey() {
    let app = TestApp::new().await;
    let (ada, mut key, _) = app.person_with_passkey(ADA).await;
    let (token, methods) = half(&app, ADA).await;
    assert_eq!(methods, json!(["passkey", "recovery_code"]));
    let asked = options(&app, &token).await;
    assert_eq!(asked["allowCredentials"][0]["id"], listed(&app, &ada).await[0]["credential_id"]);
    assert_eq!(asked["userVerification"], "preferred");
    // Being there is enough after a password, and a security key need not say whose it is.
    key.flags = PRESENT;
    let mut credential = given(&key, &asked);
    credential["response"].as_object_mut().unwrap().remove("userHandle");
    let answer = show(&app, &token, &credential).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(claims(&answer.text("access_token"))["amr"], json!(["pwd", "hwk", "user", "mfa"]));
    assert_eq!(show(&app, &token, &credential).await.brief(), "401 invalid_mfa_token", "once");
    assert_eq!(
        app.post("/api/v1/login/mfa/totp", json!({"mfa_token": half(&app, ADA).await.0})).await.brief(),
        "401 invalid_mfa_token",
        "MF-06: nobody with the password alone adds a factor to it"
    );
}

#[tokio::test]
async fn recovery_codes_are_for_lost_passkeys_too_and_the_app_goes_on_working() {
    let app = TestApp::new().await;
    let (_, key, codes) = app.person_with_passkey(ADA).await;
    let (token, _) = half(&app, ADA).await;
    let answer = app.post("/api/v1/login/mfa", json!({"mfa_token": token, "recovery_code": codes[0]})).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["recovery_codes_left"]), (200, &json!(9)));
    let fresh = app.sign_in_with(&key).await;
    let begun = app.ask(&fresh, Method::POST, "/api/v1/me/mfa/totp", None).await;
    let phone = Authenticator::of(&begun.text("secret"));
    let body = json!({"code": phone.code(&app)});
    assert_eq!(app.ask(&fresh, Method::POST, "/api/v1/me/mfa/totp/confirm", Some(body)).await.status, 200);
    app.advance(Duration::from_secs(30));
    let (token, methods) = half(&app, ADA).await;
    assert_eq!(methods, json!(["passkey", "totp", "recovery_code"]));
    let answer = app.post("/api/v1/login/mfa", json!({"mfa_token": token, "code": phone.code(&app)})).await;
    assert_eq!(claims(&answer.text("access_token"))["amr"], json!(["pwd", "otp", "mfa"]));
}

/// WA-01, WA-06: for one sign-in, of one account.
#[tokio::test]
async fn wa_01_wa_06_a_second_step_takes_a_passkey_of_the_account_for_this_sign_in() {
    let app = TestApp::new().await;
    let (_, key, _) = app.person_with_passkey(ADA).await;
    let (_, hers, _) = app.person_with_passkey(EVE).await;
    let (token, _) = half(&app, ADA).await;
    let asked = options(&app, &token).await;
    let refused = "403 invalid_passkey";
    assert_eq!(show(&app, &token, &given(&hers, &asked)).await.brief(), refused, "somebody else's");
    assert_eq!(show(&app, &token, &given(&SoftPasskey::es256(), &asked)).await.brief(), refused, "nobody's");
    let (other, _) = half(&app, ADA).await;
    assert_eq!(
        show(&app, &other, &given(&key, &asked)).await.brief(),
        refused,
        "another sign-in's challenge"
    );
    let alone = app.options_to_sign_in().await;
    assert_eq!(show(&app, &other, &given(&key, &alone)).await.brief(), refused, "one to sign in alone");
    let mut elsewhere = said("webauthn.get", &asked);
    elsewhere.origin = "http://evil.example".into();
    assert_eq!(show(&app, &token, &given_saying(&key, &elsewhere)).await.brief(), refused);
    assert_eq!(
        app.post(
            "/api/v1/login/mfa",
            json!({"mfa_token": token, "code": "1", "passkey": given(&key, &asked)})
        )
        .await
        .brief(),
        "400 invalid_body"
    );
    assert_eq!(show(&app, &token, &given(&key, &asked)).await.status, 200);
    // Of a sign-in that is over nobody learns what there was to show.
    assert_eq!(
        app.post("/api/v1/login/mfa/passkey", json!({"mfa_token": "gp_ps_x"})).await.brief(),
        "401 invalid_mfa_token"
    );
    let (late, _) = half(&app, ADA).await;
    app.advance(Duration::from_mins(10));
    assert_eq!(
        app.post("/api/v1/login/mfa/passkey", json!({"mfa_token": late})).await.brief(),
        "401 invalid_mfa_token"
    );
}

/// MF-02, LG-05: codes that were guessed keep nobody from their passkey.
#[tokio::test]
async fn lg_05_a_passkey_is_taken_after_the_tries_of_the_codes_are_used_up() {
    let app = TestApp::new().await;
    let (_, key, _) = app.person_with_passkey(ADA).await;
    let guess = async |token: &str| {
        app.post("/api/v1/login/mfa", json!({"mfa_token": token, "recovery_code": "AAAA-AAAA"})).await.brief()
    };
    for _ in 0..2 {
        let (token, _) = half(&app, ADA).await;
        for _ in 0..5 {
            assert_eq!(guess(&token).await, "403 invalid_code");
        }
        assert_eq!(guess(&token).await, "401 invalid_mfa_token", "five in one sign-in");
    }
    let (token, _) = half(&app, ADA).await;
    assert_eq!(guess(&token).await, "429 too_many_attempts");
    let asked = options(&app, &token).await;
    assert_eq!(show(&app, &token, &given(&key, &asked)).await.status, 200);
}

/// LG-12: a new password does not take the passkey away.
#[tokio::test]
async fn lg_12_another_password_does_not_take_the_passkey_away() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let (ada, key, _) = app.person_with_passkey(ADA).await;
    let (before, _) = half(&app, ADA).await;
    let asked = options(&app, &before).await;
    let path = format!("/api/v1/admin/users/{}", ada.id);
    let another = "a wholly different sentence";
    assert_eq!(app.ask(&admin, Method::PATCH, &path, Some(json!({"password": another}))).await.status, 200);
    assert_eq!(
        show(&app, &before, &given(&key, &asked)).await.brief(),
        "401 invalid_mfa_token",
        "of the old password"
    );
    let answer = app.post("/api/v1/login", json!({"email": ADA, "password": another})).await;
    assert_eq!(answer.brief(), "403 mfa_required");
    assert_eq!(app.show_passkey(&key).await.status, 200, "and it signs in alone as before");
}
