//! OAuth and OpenID Connect: metadata, and the exchange of API keys. The rest of the provider comes with its own issue.

mod error;
mod metadata;
mod token;

use axum::{
    Router,
    routing::{get, post},
};

use crate::App;

pub use error::OAuthError;
pub use metadata::{Metadata, Rendered, document};

/// Discovery and keys, under every name clients look for them, and the token endpoint.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/.well-known/openid-configuration", get(metadata::discovery))
        .route("/.well-known/oauth-authorization-server", get(metadata::discovery))
        .route("/.well-known/jwks.json", get(metadata::keys))
        .route("/keys", get(metadata::keys))
        .route("/oauth/token", post(token::token))
}
