//! Accounts of a test.

use serde_json::json;

use super::{Answer, Http, http::Gone};

/// The password of everybody.
pub(crate) const PASSWORD: &str = "correct zebra stapler in outside tests";

/// A pair of tokens.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Tokens {
    /// Of an answer to a sign-in or a refresh.
    pub(crate) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let body = answer.json();
        let text = |member: &str| body[member].as_str().unwrap().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }
}

pub(crate) async fn register(http: &mut Http, email: &str) -> Result<Answer, Gone> {
    http.post("/api/v1/register", json!({ "email": email, "password": PASSWORD })).await
}

pub(crate) async fn login(http: &mut Http, email: &str) -> Result<Answer, Gone> {
    http.post("/api/v1/login", json!({ "email": email, "password": PASSWORD })).await
}

/// Registers and signs in.
pub(crate) async fn sign_up(http: &mut Http, email: &str) -> Tokens {
    let registered = register(http, email).await.unwrap();
    assert_eq!(registered.status, 201, "{}", registered.text());
    Tokens::of(&login(http, email).await.unwrap())
}
