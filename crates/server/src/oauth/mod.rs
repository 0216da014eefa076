//! OAuth and OpenID Connect metadata. The provider's endpoints come with their own issue.

mod metadata;

use axum::{Router, routing::get};

use crate::App;

pub use metadata::{Metadata, Rendered, document};

/// Discovery and keys, under every name clients look for them.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/.well-known/openid-configuration", get(metadata::discovery))
        .route("/.well-known/oauth-authorization-server", get(metadata::discovery))
        .route("/.well-known/jwks.json", get(metadata::keys))
        .route("/keys", get(metadata::keys))
}
