//! `/reverify`

use std::time::Duration;

use serde_json::{Value, json};

use super::{ADA, brief, get, mfa, parts, person, post, webauthn, world};
use crate::support::{Answer, PASSWORD, Person, SoftPasskey, TestApp, given};

const TEN_MINUTES: Duration = Duration::from_mins(10);

/// Something that takes a fresh sign-in.
async fn protected(app: &TestApp, who: &Person) -> Answer {
    post(app, who, "/v1/auth/webauthn/register/options", json!({})).await
}

/// Whether it is refused, and what would do.
async fn required(app: &TestApp, who: &Person) -> Value {
    let answer = protected(app, who).await;
    if answer.status == 200 {
        return Value::Null;
    }
    assert_eq!(brief(&answer), "403 REVERIFICATION_REQUIRED");
    answer.json()["error"]["required_level"].clone()
}

async fn status(app: &TestApp, who: &Person, level: &str) -> (Value, Value, Value) {
    let json = get(app, who, &format!("/reverify/status?level={level}")).await.json();
    assert_eq!(json["required_level"], json!(level), "{json}");
    (json["is_valid"].clone(), json["reverification"]["level"].clone(), json["satisfies_required"].clone())
}

async fn password(app: &TestApp, who: &Person, password: &str) -> Answer {
    post(app, who, "/reverify/password", json!({"password": password})).await
}

async fn code(app: &TestApp, who: &Person, code: &str) -> Answer {
    post(app, who, "/reverify/mfa", json!({"code": code})).await
}

/// The same person with the next access token: those before have expired.
async fn later(app: &TestApp, who: &mut Person, by: Duration) {
    app.advance(by);
    let answer = app.post("/refresh", json!({"refresh_token": who.refresh_token})).await;
    let tokens = answer.json()["tokens"].clone();
    let text = |name: &str| tokens[name].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned();
    (who.access_token, who.refresh_token) = (text("access_token"), text("refresh_token"));
}

#[tokio::test]
async fn a_password_makes_the_session_fresh_of_whoever_has_nothing_else() {
    let app = world().await;
    let mut ada = person(&app, ADA).await;
    let yes = |level: &str| (json!(true), json!(level), json!(true));
    assert_eq!(status(&app, &ada, "password").await, yes("password"), "just signed in");
    assert_eq!(status(&app, &ada, "mfa").await.2, json!(false));
    assert_eq!(required(&app, &ada).await, Value::Null);
    later(&app, &mut ada, TEN_MINUTES).await;
    assert_eq!(required(&app, &ada).await, json!("password"));
    assert_eq!(status(&app, &ada, "password").await, (json!(false), Value::Null, json!(false)));

    assert_eq!(brief(&password(&app, &ada, "wrong").await), "401 INVALID_PASSWORD");
    assert_eq!(required(&app, &ada).await, json!("password"));
    assert_eq!(brief(&code(&app, &ada, "123456").await), "400 MFA_NOT_ENABLED");
    let done = password(&app, &ada, PASSWORD).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(done.json()["reverification"]["level"], json!("password"));
    assert_eq!(status(&app, &ada, "password").await, yes("password"));
    assert_eq!(required(&app, &ada).await, Value::Null);
    later(&app, &mut ada, Duration::from_secs(599)).await;
    assert_eq!(required(&app, &ada).await, Value::Null);
    app.advance(Duration::from_secs(1));
    assert_eq!(required(&app, &ada).await, json!("password"));
    // It is the same session, and tokens of it say when that was.
    let claims = parts(&ada.access_token).1;
    assert_eq!(claims["auth_time"].as_i64().unwrap() - 600, 1_800_000_000);

    assert_eq!(brief(&get(&app, &ada, "/reverify/status?level=levitation").await), "400 INVALID_REQUEST");
    for path in ["/reverify/password", "/reverify/mfa", "/reverify/webauthn"] {
        assert_eq!(brief(&post(&app, &ada, path, json!({})).await), "400 INVALID_REQUEST", "{path}");
    }
}

/// MF-06: one factor of two is never enough, whichever it is.
#[tokio::test]
async fn whoever_has_a_second_factor_shows_both() {
    let app = world().await;
    let mut ada = person(&app, ADA).await;
    let (phone, codes) = mfa::set_up(&app, &ada).await;
    later(&app, &mut ada, TEN_MINUTES).await;
    assert_eq!(required(&app, &ada).await, json!("mfa"));

    // The code before the password is not used up.
    let early = code(&app, &ada, &phone.code(&app)).await;
    assert_eq!(brief(&early), "403 REVERIFICATION_REQUIRED");
    assert_eq!(early.json()["error"]["required_level"], json!("password"));
    let told = early.json()["error"]["message"].to_string();
    assert!(told.contains("password first, at /reverify/password"), "{told}");
    assert_eq!(password(&app, &ada, PASSWORD).await.status, 200);
    assert_eq!(status(&app, &ada, "password").await, (json!(true), json!("password"), json!(true)));
    assert_eq!(status(&app, &ada, "mfa").await.2, json!(false));
    assert_eq!(required(&app, &ada).await, json!("mfa"), "the password alone");
    assert_eq!(brief(&code(&app, &ada, &phone.wrong(&app)).await), "401 INVALID_MFA_CODE");
    assert_eq!(required(&app, &ada).await, json!("mfa"));
    let done = code(&app, &ada, &phone.code(&app)).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(required(&app, &ada).await, Value::Null);
    assert_eq!(status(&app, &ada, "mfa").await, (json!(true), json!("mfa"), json!(true)));
    assert_eq!(status(&app, &ada, "password").await.2, json!(true), "more is enough for less");
    assert_eq!(status(&app, &ada, "webauthn").await.2, json!(false));

    // Nobody goes on for ever by codes alone.
    later(&app, &mut ada, Duration::from_mins(9)).await;
    assert_eq!(code(&app, &ada, &codes[0]).await.status, 200);
    later(&app, &mut ada, Duration::from_mins(9)).await;
    assert_eq!(required(&app, &ada).await, Value::Null);
    assert_eq!(brief(&code(&app, &ada, &codes[1]).await), "403 REVERIFICATION_REQUIRED");
    // A password that was shown long ago is none.
    later(&app, &mut ada, Duration::from_mins(1)).await;
    assert_eq!(password(&app, &ada, PASSWORD).await.status, 200);
    later(&app, &mut ada, TEN_MINUTES).await;
    assert_eq!(brief(&code(&app, &ada, &codes[1]).await), "403 REVERIFICATION_REQUIRED");
    assert_eq!(password(&app, &ada, PASSWORD).await.status, 200);
    assert_eq!(code(&app, &ada, &codes[1]).await.status, 200);
    assert_eq!(required(&app, &ada).await, Value::Null);
}

/// LG-03, MF-02: as few tries as anywhere else.
#[tokio::test]
async fn mf_02_few_passwords_and_codes_are_tried() {
    let app = world().await;
    let (ada, eve) = (person(&app, ADA).await, person(&app, "eve@example.com").await);
    let (phone, _) = mfa::set_up(&app, &ada).await;
    app.advance(Duration::from_secs(30));
    assert_eq!(password(&app, &ada, PASSWORD).await.status, 200);
    let (mut codes, mut passwords) = (Vec::new(), Vec::new());
    for _ in 0..12 {
        codes.push(brief(&code(&app, &ada, &phone.wrong(&app)).await));
        passwords.push(brief(&password(&app, &eve, "wrong").await));
    }
    assert_eq!(codes.last().map(String::as_str), Some("429 RATE_LIMITED"), "{codes:?}");
    assert_eq!(passwords.last().map(String::as_str), Some("429 RATE_LIMITED"), "{passwords:?}");
}

#[tokio::test]
async fn a_passkey_is_both_at_once() {
    let app = world().await;
    let (mut ada, eve) = (person(&app, ADA).await, person(&app, "eve@example.com").await);
    let (mut key, mut other) = (SoftPasskey::es256(), SoftPasskey::es256());
    assert_eq!(webauthn::add(&app, &ada, &mut key).await.status, 200);
    assert_eq!(webauthn::add(&app, &eve, &mut other).await.status, 200);
    later(&app, &mut ada, TEN_MINUTES).await;
    assert_eq!(required(&app, &ada).await, json!("mfa"));
    let options = async || {
        let answer = post(&app, &ada, "/reverify/webauthn/challenge", json!({})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["challenge"], answer.json()["options"]["challenge"]);
        answer.json()["options"].clone()
    };
    let show = async |credential: &Value, challenge: &Value| {
        let body = json!({"credential": credential, "challenge": challenge});
        post(&app, &ada, "/reverify/webauthn", body).await
    };
    let asked = options().await;
    // Of somebody else it is good for nothing here.
    let theirs = given(&other, &asked);
    assert_eq!(brief(&show(&theirs, &asked["challenge"]).await), "400 VERIFICATION_FAILED");
    assert_eq!(required(&app, &ada).await, json!("mfa"));
    let asked = options().await;
    let mine = given(&key, &asked);
    let done = show(&mine, &asked["challenge"]).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(done.json()["reverification"]["method"], json!("webauthn"));
    assert_eq!(required(&app, &ada).await, Value::Null);
    assert_eq!(status(&app, &ada, "webauthn").await, (json!(true), json!("webauthn"), json!(true)));
    assert_eq!(brief(&show(&mine, &asked["challenge"]).await), "400 VERIFICATION_FAILED", "once");
}

/// A session that has ended, or is another's, becomes no fresher by it.
#[tokio::test]
async fn it_is_the_session_of_the_token_that_is_fresh() {
    let app = world().await;
    let mut ada = person(&app, ADA).await;
    let mut other = super::someone(&super::login(&app, ADA).await);
    later(&app, &mut ada, TEN_MINUTES).await;
    later(&app, &mut other, Duration::ZERO).await;
    assert_eq!(password(&app, &ada, PASSWORD).await.status, 200);
    assert_eq!(required(&app, &other).await, json!("password"));
    post(&app, &ada, "/logout", json!({})).await;
    assert_eq!(brief(&password(&app, &ada, PASSWORD).await), "401 INVALID_TOKEN");
}
