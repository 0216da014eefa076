//! Second factors: authenticator apps and recovery codes, at every door.

mod begun;
mod changes;
mod doors;
mod grace;
mod half;
mod organization_grace;
mod organizations;
mod pages;
mod required;
mod set_up;
mod sign_in;
pub mod trusted;
mod trusted_asked;
mod trusted_ends;
mod without;

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Authenticator, Person, TestApp, person};

const ADA: &str = "ada@example.com";

/// Begins to set an authenticator app up.
pub async fn begin(app: &TestApp, who: &Person) -> Authenticator {
    let answer = app.ask(who, Method::POST, "/api/v1/me/mfa/totp", None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    Authenticator::of(&answer.text("secret"))
}

pub async fn confirm(app: &TestApp, who: &Person, code: &str) -> Answer {
    app.ask(who, Method::POST, "/api/v1/me/mfa/totp/confirm", Some(json!({"code": code}))).await
}

pub fn codes(answer: &Answer) -> Vec<String> {
    let codes = answer.json()["recovery_codes"].as_array().expect("recovery codes").clone();
    codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

/// Somebody signed in by a password, who then sets an app up; with their recovery codes.
pub async fn set_up(app: &TestApp, who: &Person) -> (Authenticator, Vec<String>) {
    let phone = begin(app, who).await;
    let answer = confirm(app, who, &phone.code(app)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    (phone, codes(&answer))
}

/// A new account with an app.
async fn with_app(app: &TestApp, email: &str) -> (Person, Authenticator, Vec<String>) {
    let who = app.person(email).await;
    let (phone, codes) = set_up(app, &who).await;
    (who, phone, codes)
}

/// The first step: what says that the password was right.
pub async fn half(app: &TestApp, email: &str) -> String {
    let answer = app.login(email).await;
    assert_eq!(answer.brief(), "403 mfa_required", "{answer:?}");
    answer.text("mfa_token")
}

pub async fn second(app: &TestApp, token: &str, code: &str) -> Answer {
    app.post("/api/v1/login/mfa", json!({"mfa_token": token, "code": code})).await
}

pub async fn recover(app: &TestApp, token: &str, code: &str) -> Answer {
    app.post("/api/v1/login/mfa", json!({"mfa_token": token, "recovery_code": code})).await
}

/// Both steps, with the next code that the app shows.
pub async fn sign_in(app: &TestApp, email: &str, phone: &Authenticator) -> Person {
    app.advance(std::time::Duration::from_secs(30));
    let answer = second(app, &half(app, email).await, &phone.code(app)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    person(&answer)
}

/// What the trail has of an event, the newest first.
pub async fn trail(app: &TestApp, admin: &Person, event: &str) -> Vec<Value> {
    let path = format!("/api/v1/admin/audit?event={event}");
    let answer = app.ask(admin, Method::GET, &path, None).await;
    answer.json()["events"].as_array().unwrap_or_else(|| panic!("{answer:?}")).clone()
}

/// What an access token says.
pub fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&data_encoding::BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap()).unwrap()
}
