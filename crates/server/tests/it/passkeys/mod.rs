//! Passkeys: made, named, removed, and shown in place of a password or after one. The hostile cases of bytes are with the rules
//! (`crates/domain/src/passkey/tests.rs`); here is what it takes a server to refuse.

mod change;
mod hostile;
pub mod pages;
mod register;
mod second;
mod sign_in;

use axum::http::Method;
use serde_json::Value;

use crate::support::{Person, TestApp};

const ADA: &str = "ada@example.com";
const EVE: &str = "eve@example.com";

/// The first passkey of somebody, as listed.
async fn listed(app: &TestApp, who: &Person) -> Vec<Value> {
    let answer = app.ask(who, Method::GET, "/api/v1/me/passkeys", None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["passkeys"].as_array().unwrap().clone()
}

/// What the trail has of an event, the newest first.
async fn trail(app: &TestApp, event: &str) -> Vec<Value> {
    let admin = app.admin().await;
    let path = format!("/api/v1/admin/audit?event={event}");
    let answer = app.ask(&admin, Method::GET, &path, None).await;
    answer.json()["events"].as_array().unwrap_or_else(|| panic!("{answer:?}")).clone()
}

/// What an access token says.
fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&data_encoding::BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap()).unwrap()
}
