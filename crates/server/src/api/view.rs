//! What the API shows of an account.

use gatepost_domain::{Timestamp, User};
use serde::Serialize;

/// An account, as its owner sees it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = User)]
pub struct UserView {
    /// Never given to anybody else.
    #[schema(example = "usr_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    id: String,
    /// The address to sign in with, as it was typed.
    #[schema(example = "ada@example.com")]
    email: Option<String>,
    /// Whether the owner proved to receive mail there.
    email_verified: bool,
    /// The name to sign in with.
    #[schema(example = "ada")]
    username: Option<String>,
    /// The name to show.
    #[schema(example = "Ada Lovelace")]
    name: Option<String>,
    /// Roles in the realm.
    roles: Vec<String>,
    /// When the account was made, RFC 3339.
    #[schema(value_type = String, example = "2026-11-22T09:30:00Z")]
    created_at: Timestamp,
}

impl From<&User> for UserView {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.as_ref().map(|email| email.as_str().to_owned()),
            email_verified: user.email_verified,
            username: user.username.as_ref().map(|username| username.as_str().to_owned()),
            name: user.name.as_ref().map(|name| name.as_str().to_owned()),
            roles: user.roles.iter().map(ToString::to_string).collect(),
            created_at: user.created_at,
        }
    }
}

/// A fresh pair of tokens.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Tokens)]
pub struct TokenAnswer {
    /// Send it as `Authorization: Bearer …`.
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(example = 900)]
    pub expires_in: u64,
    /// Good for one refresh. A client that lost the answer may repeat the request within a few seconds and gets the
    /// same successor.
    pub refresh_token: String,
}
