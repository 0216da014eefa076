//! MF-07: where a second factor is required it may be a passkey, set up at the sign-in.

use serde_json::{Value, json};

use super::{ADA, begin, claims, codes, recover, second, trail};
use crate::{
    oauth::relying_party as rp,
    pages::browser::Browser,
    passkeys::pages::{options, send},
    support::{Answer, Authenticator, PASSWORD, SoftPasskey, TestApp, given, made},
};

const EVE: &str = "eve@example.com";

async fn world() -> TestApp {
    let app = TestApp::with("[[realm]]\nname = \"default\"\nmfa = \"required\"\n").await;
    app.register(ADA).await;
    app.register(EVE).await;
    app
}

async fn half(app: &TestApp, email: &str) -> String {
    let answer = app.login(email).await;
    assert_eq!(answer.brief(), "403 mfa_setup_required", "{answer:?}");
    assert_eq!(answer.json()["methods"], json!(["passkey", "totp"]), "the easier one first");
    answer.text("mfa_token")
}

async fn to_make(app: &TestApp, token: &str) -> Value {
    let answer = app.post("/api/v1/login/mfa/passkey/new", json!({"mfa_token": token})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["options"].clone()
}

async fn keep(app: &TestApp, token: &str, credential: &Value) -> Answer {
    app.post("/api/v1/login/mfa", json!({"mfa_token": token, "new_passkey": credential})).await
}

#[tokio::test]
async fn mf_07_a_passkey_is_set_up_at_the_sign_in_that_requires_a_factor() {
    let app = world().await;
    let token = half(&app, ADA).await;
    let asked = to_make(&app, &token).await;
    assert_eq!(
        (&asked["user"]["name"], &asked["authenticatorSelection"]["userVerification"]),
        (&json!(ADA), &json!("required"))
    );
    let mut key = SoftPasskey::es256();
    let answer = keep(&app, &token, &made(&mut key, &asked)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(claims(&answer.text("access_token"))["amr"], json!(["pwd", "hwk", "user", "mfa"]));
    let recovery = codes(&answer);
    assert_eq!(recovery.len(), 10);
    // It signs in alone, and is asked for after the password.
    assert_eq!(claims(&app.sign_in_with(&key).await.access_token)["amr"], json!(["hwk", "user", "mfa"]));
    let again = app.login(ADA).await;
    assert_eq!(again.brief(), "403 mfa_required");
    assert_eq!(recover(&app, &again.text("mfa_token"), &recovery[0]).await.status, 200);
}

#[tokio::test]
async fn the_trail_tells_which_factor_was_set_up() {
    let app = world().await;
    let token = half(&app, ADA).await;
    let mut key = SoftPasskey::es256();
    let credential = made(&mut key, &to_make(&app, &token).await);
    assert_eq!(keep(&app, &token, &credential).await.status, 200);
    app.apply("[[realm]]\nname = \"default\"\nmfa = \"optional\"\n").await;
    let admin = app.admin().await;
    let added = trail(&app, &admin, "second-factor-added").await;
    assert_eq!((added.len(), &added[0]["detail"]["kind"]), (1, &json!("passkey")));
    assert!(added[0]["detail"]["passkey"].as_str().unwrap().starts_with("psk_"));
    assert_eq!(trail(&app, &admin, "recovery-codes-created").await.len(), 1);
    let signed_in = trail(&app, &admin, "signed-in").await;
    assert!(signed_in.iter().any(|event| event["detail"]["second_factor"] == "passkey"), "{signed_in:?}");
}

/// WA-01, MF-06: made for this sign-in, of this account, once; and by nobody who has a factor already.
#[tokio::test]
async fn wa_01_mf_06_a_challenge_of_one_sign_in_adds_a_passkey_to_no_other() {
    let app = world().await;
    let (token, other, eve) = (half(&app, ADA).await, half(&app, ADA).await, half(&app, EVE).await);
    let mut key = SoftPasskey::es256();
    let hers = made(&mut key, &to_make(&app, &token).await);
    for elsewhere in [&other, &eve] {
        assert_eq!(keep(&app, elsewhere, &hers).await.brief(), "403 invalid_passkey");
    }
    let to_sign_in = app.options_to_sign_in().await;
    let shown = given(&key, &to_sign_in);
    let as_second = json!({"mfa_token": token, "passkey": shown});
    assert_ne!(app.post("/api/v1/login/mfa", as_second).await.status, 200, "shown is not made");
    // Not verified: only that it is there.
    key.flags = crate::support::PRESENT;
    let unverified = made(&mut key, &to_make(&app, &token).await);
    assert_eq!(keep(&app, &token, &unverified).await.brief(), "403 invalid_passkey");
    key.flags = crate::support::PRESENT | crate::support::VERIFIED;

    assert_eq!(keep(&app, &token, &hers).await.status, 200, "it was good all the time");
    assert_eq!(keep(&app, &token, &hers).await.brief(), "401 invalid_mfa_token", "once");
    // The other sign-in has a factor to show now, and adds none.
    let late = app.post("/api/v1/login/mfa/passkey/new", json!({"mfa_token": other})).await;
    assert_eq!(late.brief(), "401 invalid_mfa_token");
    let late = app.post("/api/v1/login/mfa/totp", json!({"mfa_token": other})).await;
    assert_eq!(late.brief(), "401 invalid_mfa_token");
    // The same device does not make the passkey of another account out of hers.
    let asked = to_make(&app, &eve).await;
    let mine = key.handle.clone();
    assert_eq!(keep(&app, &eve, &made(&mut key, &asked)).await.brief(), "409 passkey_exists");
    key.handle = mine;
    assert_eq!(app.show_passkey(&key).await.status, 200);
}

/// Two who know the password: whoever is first sets theirs up.
#[tokio::test]
async fn mf_07_a_passkey_does_not_overtake_an_app_that_was_finished() {
    let app = world().await;
    let (one, other) = (half(&app, ADA).await, half(&app, ADA).await);
    let mut key = SoftPasskey::es256();
    let waiting = made(&mut key, &to_make(&app, &other).await);
    let secret = app.post("/api/v1/login/mfa/totp", json!({"mfa_token": one})).await.text("secret");
    let phone = Authenticator::of(&secret);
    assert_eq!(second(&app, &one, &phone.code(&app)).await.status, 200);
    assert_eq!(keep(&app, &other, &waiting).await.brief(), "401 invalid_mfa_token");
    assert_eq!(app.show_passkey(&key).await.brief(), "403 invalid_passkey", "it is nobody's");
}

/// MF-02: tries are counted as with every other way.
#[tokio::test]
async fn mf_02_a_sign_in_takes_five_tries_at_a_passkey_too() {
    let app = world().await;
    let token = half(&app, ADA).await;
    let mut key = SoftPasskey::es256();
    let good = made(&mut key, &to_make(&app, &token).await);
    let mut wrong = good.clone();
    wrong["response"]["attestationObject"] = json!("AAAA");
    for _ in 0..5 {
        assert_eq!(keep(&app, &token, &wrong).await.brief(), "403 invalid_passkey");
    }
    assert_eq!(keep(&app, &token, &good).await.brief(), "401 invalid_mfa_token");
}

#[tokio::test]
async fn where_there_is_no_domain_there_is_an_app() {
    let file = "[[realm]]\nname = \"default\"\nmfa = \"required\"\n";
    let app = TestApp::with_settings(file, &[("GATEPOST_SERVER__PUBLIC_URL", "https://192.0.2.1")]).await;
    app.register(ADA).await;
    let first = app.login(ADA).await;
    assert_eq!(first.json()["methods"], json!(["totp"]));
    let body = json!({"mfa_token": first.text("mfa_token")});
    assert_eq!(app.post("/api/v1/login/mfa/passkey/new", body).await.brief(), "409 passkeys_unavailable");
    let browser = Browser::new(&app);
    let step = browser.sign_in(ADA).await.location().to_owned();
    let page = browser.get(&step).await.html();
    assert!(page.contains("<svg viewBox=") && !page.contains("data-passkey"), "{page}");
}

#[tokio::test]
async fn mf_07_on_the_page_a_passkey_is_offered_first_and_leads_to_where_one_wanted() {
    let file = rp::REALM.replacen("name = \"default\"", "name = \"default\"\nmfa = \"required\"", 1);
    let app = TestApp::with(&file).await;
    let browser = Browser::new(&app);
    let page = rp::open(&browser, &rp::asking()).await;
    let step = browser.fill(&page, &[("username", ADA), ("password", PASSWORD)]).await.location().to_owned();
    let page = browser.get(&step).await;
    assert!(
        page.html().contains("data-passkey=\"create\"")
            && page.html().contains("id=\"mfa-app\"")
            && page.html().contains("data-no-passkey")
            && !page.html().contains("mfa-later"),
        "{}",
        page.html()
    );
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self';") && !policy.contains("connect-src"), "{policy}");
    let refused = send(&browser, &page, &Value::Null).await;
    assert_eq!(refused.status, 422);
    assert!(refused.html().contains("No passkey was made."), "{}", refused.html());
    assert_eq!(browser.cookie("__Host-gatepost-default"), None);
    let mut key = SoftPasskey::es256();
    let shown = send(&browser, &refused, &made(&mut key, &options(&refused))).await;
    assert!(shown.html().contains("id=\"codes\""), "{}", shown.html());
    let flow = shown.hidden("flow").unwrap();
    let saved = browser.get(&format!("/account/recovery-codes/saved?flow={flow}&saved=1")).await;
    let consent = rp::follow(&browser, saved).await;
    let back = rp::approve(&browser, &consent).await;
    let tokens = rp::redeem(&app, &rp::returned(&back)["code"]).await;
    let said = claims(&tokens.text("id_token"));
    assert_eq!((&said["acr"], &said["amr"]), (&json!("2"), &json!(["pwd", "hwk", "user", "mfa"])));
    let told = app.subjects(ADA).await;
    assert!(told.iter().any(|subject| subject.starts_with("A new way to sign in")), "{told:?}");
}

/// A device that has made one for somebody else keeps that one, and the page says so.
#[tokio::test]
async fn a_passkey_that_is_known_comes_back_to_the_page() {
    let app = world().await;
    let token = half(&app, EVE).await;
    let mut key = SoftPasskey::es256();
    assert_eq!(keep(&app, &token, &made(&mut key, &to_make(&app, &token).await)).await.status, 200);
    let browser = Browser::new(&app);
    let step = browser.sign_in(ADA).await.location().to_owned();
    let page = browser.get(&step).await;
    let known = send(&browser, &page, &made(&mut key, &options(&page))).await;
    assert_eq!(known.status, 422);
    assert!(known.html().contains("This device has a passkey"), "{}", known.html());
    assert_eq!(browser.cookie("__Host-gatepost-default"), None);
}

/// In a session an app is still set up as before.
#[tokio::test]
async fn whoever_has_a_passkey_from_the_sign_in_adds_an_app_later() {
    let app = world().await;
    let token = half(&app, ADA).await;
    let mut key = SoftPasskey::es256();
    let answer = keep(&app, &token, &made(&mut key, &to_make(&app, &token).await)).await;
    begin(&app, &crate::support::person(&answer)).await;
}
