use axum::http::{Method, StatusCode};
use serde_json::json;

use super::{ADA, COOKIE, Client, attributes, bearer, set_cookies};
use crate::{
    mfa::set_up,
    sms::{PAUSE, Sender, wrong},
    support::{Authenticator, PASSWORD, TestApp},
};

const HALF: &str = "better-auth.two_factor";

/// An account with an app, and its recovery codes.
async fn with_app(app: &TestApp) -> (Authenticator, Vec<String>) {
    let who = app.person(ADA).await;
    set_up(app, &who).await
}

async fn half(client: &Client<'_>, remembered: bool) {
    client.app.advance(std::time::Duration::from_secs(30));
    let body = json!({"email": ADA, "password": PASSWORD, "rememberMe": remembered});
    let answer = client.post("/sign-in/email", body).await;
    assert_eq!(answer.json(), json!({"twoFactorRedirect": true, "twoFactorMethods": ["totp"]}), "{answer:?}");
    assert!(attributes(&answer, COOKIE).unwrap().starts_with("Max-Age=0;"));
    assert_eq!(attributes(&answer, HALF).unwrap(), "Max-Age=600; Path=/; HttpOnly; SameSite=Lax");
    assert!(answer.header("set-auth-token").is_none(), "half a sign-in is no session");
    assert_eq!(client.email().await, None);
}

/// MF-01: nobody gets round it.
#[tokio::test]
async fn an_account_with_a_second_factor_is_asked_for_it() {
    let app = TestApp::new().await;
    let (phone, _) = with_app(&app).await;
    let client = Client::new(&app);
    half(&client, true).await;
    let ask = async |code: &str| client.post("/two-factor/verify-totp", json!({"code": code})).await;
    assert_eq!(ask(&phone.wrong(&app)).await.brief(), "401 INVALID_CODE");
    assert_eq!(client.post("/two-factor/verify-totp", json!({})).await.brief(), "400 VALIDATION_ERROR");
    let waiting = client.cookie(HALF).unwrap();
    // What waits is no session, wherever it is put.
    assert_eq!(bearer(&app, &waiting).await, None);
    let done = ask(&phone.code(&app)).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
    assert_eq!(done.json()["user"]["twoFactorEnabled"], true);
    assert!(attributes(&done, HALF).unwrap().starts_with("Max-Age=0;"));
    assert_eq!(bearer(&app, &done.text("token")).await.as_deref(), Some(ADA));
    assert_eq!(client.email().await.as_deref(), Some(ADA));
    // Used up: neither it nor the code is good again.
    client.cookies.borrow_mut().insert(HALF.into(), waiting);
    app.advance(std::time::Duration::from_secs(30));
    assert_eq!(ask(&phone.code(&app)).await.brief(), "401 INVALID_TWO_FACTOR_COOKIE");
}

/// MF-01, by a text message: the code is of this sign-in, and good once.
#[tokio::test]
async fn a_code_that_is_sent_ends_a_sign_in() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let who = app.person(ADA).await;
    sender.set_up(&app, &who).await;
    let client = Client::new(&app);
    let begin = async |client: &Client<'_>| {
        app.advance(PAUSE);
        let answer = client.post("/sign-in/email", json!({"email": ADA, "password": PASSWORD})).await;
        assert_eq!(
            answer.json(),
            json!({"twoFactorRedirect": true, "twoFactorMethods": ["otp"]}),
            "{answer:?}"
        );
    };
    let send = async |client: &Client<'_>| client.post("/two-factor/send-otp", json!({})).await;
    let show = async |code: &str| client.post("/two-factor/verify-otp", json!({"code": code})).await;
    assert_eq!(send(&client).await.brief(), "401 INVALID_TWO_FACTOR_COOKIE");
    begin(&client).await;
    assert!(sender.messages().is_empty(), "nothing is sent that nobody asked for");
    assert_eq!(show("123456").await.brief(), "400 OTP_HAS_EXPIRED");
    assert_eq!(send(&client).await.json(), json!({"status": true}));
    let code = sender.code();
    assert_eq!(send(&client).await.brief().split(' ').next(), Some("429"), "not twice at once");
    assert_eq!(show(&wrong(&code)).await.brief(), "401 INVALID_CODE");
    // What was sent for one sign-in is nothing in another.
    let other = Client::new(&app);
    begin(&other).await;
    let elsewhere = other.post("/two-factor/verify-otp", json!({"code": code})).await;
    assert_eq!(elsewhere.brief(), "400 OTP_HAS_EXPIRED");
    let done = show(&code).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
    assert_eq!(done.json()["user"]["twoFactorEnabled"], true);
    assert_eq!(bearer(&app, &done.text("token")).await.as_deref(), Some(ADA));
    assert_eq!(show(&code).await.brief(), "401 INVALID_TWO_FACTOR_COOKIE", "used up");
}

#[tokio::test]
async fn no_code_is_sent_without_a_sender_or_a_number() {
    let app = TestApp::new().await;
    let (phone, _) = with_app(&app).await;
    let client = Client::new(&app);
    half(&client, true).await;
    assert_eq!(client.post("/two-factor/send-otp", json!({})).await.brief(), "400 OTP_NOT_CONFIGURED");
    let sender = Sender::of(&app).await;
    assert_eq!(client.post("/two-factor/send-otp", json!({})).await.brief(), "400 OTP_NOT_CONFIGURED");
    let by_app = client.post("/two-factor/verify-totp", json!({"code": phone.code(&app)})).await;
    assert_eq!(by_app.status, StatusCode::OK, "{by_app:?}");
    let signed_in = client.post("/two-factor/send-otp", json!({})).await;
    assert_eq!(signed_in.brief(), "401 INVALID_TWO_FACTOR_COOKIE", "codes are for sign-ins");
    assert!(sender.messages().is_empty());
}

#[tokio::test]
async fn without_half_a_sign_in_no_code_is_looked_at() {
    let app = TestApp::new().await;
    let (phone, codes) = with_app(&app).await;
    let client = Client::new(&app);
    let totp = client.post("/two-factor/verify-totp", json!({"code": phone.code(&app)})).await;
    assert_eq!(totp.brief(), "401 INVALID_TWO_FACTOR_COOKIE");
    let backup = client.post("/two-factor/verify-backup-code", json!({"code": codes[0]})).await;
    assert_eq!(backup.brief(), "401 INVALID_TWO_FACTOR_COOKIE");
    half(&client, true).await;
    app.advance(std::time::Duration::from_mins(10));
    let late = client.post("/two-factor/verify-totp", json!({"code": phone.code(&app)})).await;
    assert_eq!(late.brief(), "401 INVALID_TWO_FACTOR_COOKIE");
}

#[tokio::test]
async fn a_recovery_code_takes_the_place_of_the_app() {
    let app = TestApp::new().await;
    let (_, codes) = with_app(&app).await;
    let client = Client::new(&app);
    half(&client, false).await;
    let ask = async |code: &str| client.post("/two-factor/verify-backup-code", json!({"code": code})).await;
    assert_eq!(ask("AAAA-AAAA").await.brief(), "401 INVALID_BACKUP_CODE");
    let done = ask(&codes[0]).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
    assert_eq!(attributes(&done, COOKIE).unwrap(), "Path=/; HttpOnly; SameSite=Lax", "not to be remembered");
    half(&client, true).await;
    assert_eq!(ask(&codes[0]).await.brief(), "401 INVALID_BACKUP_CODE", "each is good once");
}

/// MF-02: five tries a sign-in, ten an hour, whatever door they come through.
#[tokio::test]
async fn mf_02_codes_are_counted_together_with_those_of_every_door() {
    let app = TestApp::new().await;
    let (phone, _) = with_app(&app).await;
    let client = Client::new(&app);
    let ask = async |code: String| client.post("/two-factor/verify-totp", json!({"code": code})).await;
    for round in 0..2 {
        half(&client, true).await;
        for n in 0..5 {
            assert_eq!(ask(phone.wrong(&app)).await.brief(), "401 INVALID_CODE", "{round} {n}");
        }
        assert_eq!(ask(phone.code(&app)).await.brief(), "401 INVALID_TWO_FACTOR_COOKIE", "{round}");
    }
    half(&client, true).await;
    let locked = ask(phone.code(&app)).await;
    assert_eq!(locked.brief(), "429 ACCOUNT_TEMPORARILY_LOCKED");
    assert_eq!(client.email().await, None);
}

/// MF-05: where the realm has trusted devices, and only there.
#[tokio::test]
async fn mf_05_a_device_that_is_trusted_is_not_asked_again() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\ntrusted_device_ttl = \"30d\"\n").await;
    let (phone, _) = with_app(&app).await;
    let client = Client::new(&app);
    half(&client, true).await;
    let body = json!({"code": phone.code(&app), "trustDevice": true});
    let done = client.post("/two-factor/verify-totp", body).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
    client.post("/sign-out", json!({})).await;
    assert_eq!(client.sign_in(ADA).await.json()["user"]["twoFactorEnabled"], true);
    let other = Client::new(&app);
    half(&other, true).await;
}

/// Where a second factor is required and there is none, nobody is signed in without.
#[tokio::test]
async fn mf_01_whoever_has_to_set_a_factor_up_first_is_told_where() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\nmfa = \"required\"\n").await;
    let client = Client::new(&app);
    let body = json!({"name": "Ada", "email": ADA, "password": PASSWORD});
    let made = client.post("/sign-up/email", body).await;
    assert_eq!((made.status.as_u16(), &made.json()["token"]), (200, &json!(null)), "{made:?}");
    assert!(set_cookies(&made).iter().all(|(name, ..)| name != COOKIE));
    let body = json!({"email": ADA, "password": PASSWORD});
    let refused = client.post("/sign-in/email", body).await;
    assert_eq!(refused.brief(), "403 TWO_FACTOR_SETUP_REQUIRED");
    assert!(refused.text("message").contains("http://127.0.0.1:8400/sign-in"));
    assert_eq!(client.ask(Method::GET, "/token", None, &[]).await.brief(), "401 UNAUTHORIZED");
}

/// The key that the answer of `enable` names.
fn secret(uri: &str) -> String {
    let (_, rest) = uri.split_once("secret=").unwrap();
    rest.split('&').next().unwrap().to_owned()
}

#[tokio::test]
async fn an_app_is_set_up_with_the_codes_that_were_shown() {
    let app = TestApp::new().await;
    let client = super::ada(&app).await;
    // A session of long ago: the password makes it one of now.
    app.advance(std::time::Duration::from_hours(20));
    let enable =
        async |password: &str| client.post("/two-factor/enable", json!({"password": password})).await;
    assert_eq!(enable("wrong").await.brief(), "400 INVALID_PASSWORD");
    let before = client.cookie(COOKIE).unwrap();
    let begun = enable(PASSWORD).await;
    assert_eq!(begun.json()["method"], "totp", "{begun:?}");
    let codes = begun.json()["backupCodes"].as_array().unwrap().clone();
    assert_eq!(codes.len(), 10);
    let phone = Authenticator::of(&secret(&begun.text("totpURI")));
    assert_eq!(client.get("/get-session").await.json()["user"]["twoFactorEnabled"], false);
    assert_eq!(bearer(&app, &before).await, None, "SE-03: whoever proves who they are has another token");
    let verify = async |code: &str| client.post("/two-factor/verify-totp", json!({"code": code})).await;
    assert_eq!(verify(&phone.wrong(&app)).await.brief(), "401 INVALID_CODE");
    let before = client.cookie(COOKIE).unwrap();
    let done = verify(&phone.code(&app)).await;
    assert_eq!(done.json()["user"]["twoFactorEnabled"], true, "{done:?}");
    assert_eq!(bearer(&app, &done.text("token")).await.as_deref(), Some(ADA));
    assert_eq!(bearer(&app, &before).await, None, "SE-03: and whoever shows more");
    assert_eq!(enable(PASSWORD).await.brief(), "400 TOTP_ALREADY_ENABLED");

    let other = Client::new(&app);
    half(&other, true).await;
    let body = json!({"code": codes[3]});
    assert_eq!(other.post("/two-factor/verify-backup-code", body).await.status, StatusCode::OK);
    let otp = json!({"password": PASSWORD, "method": "otp"});
    assert_eq!(other.post("/two-factor/enable", otp).await.brief(), "400 OTP_NOT_CONFIGURED");
}

/// MF-06: what others began in their session is not made to count in this one.
#[tokio::test]
async fn mf_06_an_app_counts_in_the_session_that_began_it_and_in_no_other() {
    let app = TestApp::new().await;
    let (hers, thief) = (super::ada(&app).await, Client::new(&app));
    thief.sign_in(ADA).await;
    let begun = thief.post("/two-factor/enable", json!({"password": PASSWORD})).await;
    let phone = Authenticator::of(&secret(&begun.text("totpURI")));
    let confirmed = hers.post("/two-factor/verify-totp", json!({"code": phone.code(&app)})).await;
    assert_eq!(confirmed.brief(), "400 TOTP_NOT_ENABLED");
}

#[tokio::test]
async fn an_app_is_removed_and_codes_are_made_anew() {
    let app = TestApp::new().await;
    let (phone, old) = with_app(&app).await;
    let client = Client::new(&app);
    half(&client, true).await;
    client.post("/two-factor/verify-totp", json!({"code": phone.code(&app)})).await;
    let ask = async |path: &str, password: &str| client.post(path, json!({"password": password})).await;
    assert_eq!(ask("/two-factor/generate-backup-codes", "wrong").await.brief(), "400 INVALID_PASSWORD");
    let made = ask("/two-factor/generate-backup-codes", PASSWORD).await;
    let codes = made.json()["backupCodes"].as_array().unwrap().clone();
    assert_eq!((codes.len(), &made.json()["status"]), (10, &json!(true)));
    assert!(!codes.contains(&json!(old[0])));

    app.advance(std::time::Duration::from_mins(10));
    for path in ["/two-factor/disable", "/two-factor/generate-backup-codes"] {
        assert_eq!(ask(path, PASSWORD).await.brief(), "403 SESSION_NOT_FRESH", "{path}");
    }
    let again = Client::new(&app);
    half(&again, true).await;
    again.post("/two-factor/verify-totp", json!({"code": phone.code(&app)})).await;
    let ask = async |path: &str, password: &str| again.post(path, json!({"password": password})).await;
    assert_eq!(ask("/two-factor/disable", "wrong").await.brief(), "400 INVALID_PASSWORD");
    assert_eq!(ask("/two-factor/disable", PASSWORD).await.json(), json!({"status": true}));
    assert_eq!(again.get("/get-session").await.json()["user"]["twoFactorEnabled"], false);
    assert_eq!(ask("/two-factor/disable", PASSWORD).await.brief(), "400 TWO_FACTOR_NOT_ENABLED");
}
