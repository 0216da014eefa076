//! OAuth and OpenID Connect: metadata, tokens of clients that act on their own, exchange, introspection. The rest of the provider comes with its
//! own issue.

mod client;
mod error;
mod form;
mod introspect;
mod metadata;
mod par;
mod revoke;
mod token;

use axum::{Router, routing::get};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::App;

pub use error::OAuthError;
pub use metadata::{Metadata, Rendered, document};

/// The endpoints of clients, with their description.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(token::token))
        .routes(routes!(introspect::introspect))
        .routes(routes!(revoke::revoke))
        .routes(routes!(par::push))
}

/// Discovery and keys, under every name clients look for them.
pub fn documents() -> Router<App> {
    Router::new()
        .route("/.well-known/openid-configuration", get(metadata::discovery))
        .route("/.well-known/oauth-authorization-server", get(metadata::discovery))
        .route("/.well-known/jwks.json", get(metadata::keys))
        .route("/keys", get(metadata::keys))
}
