//! The OAuth 2.1 and OpenID Connect provider: a file or folder for each endpoint. What they decide by is in
//! [`grants`](crate::grants), [`clients`](crate::clients) and the domain.

pub(crate) mod acr;
mod authorize;
mod client;
pub(crate) mod device;
mod dpop;
mod error;
mod form;
mod introspect;
mod logout;
mod metadata;
mod par;
pub(crate) mod person;
mod register;
mod revoke;
pub(crate) mod subject;
mod token;
mod userinfo;

use axum::{Router, routing::get};
use utoipa_axum::router::OpenApiRouter;

use crate::{App, described::routes};

pub use error::OAuthError;
pub use form::Form;
pub use metadata::{Metadata, Rendered, document};
pub use token::for_program;

/// The endpoints of clients, with their description.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(token::token))
        .routes(routes!(introspect::introspect))
        .routes(routes!(revoke::revoke))
        .routes(routes!(par::push))
        .routes(routes!(device::authorize))
        .routes(routes!(register::register))
        .routes(routes!(register::read, register::update, register::remove))
        .routes(routes!(userinfo::userinfo, userinfo::userinfo_by_post))
}

/// What people open on the way from a client and back. They need [`pages::around`](crate::pages::around) around them.
pub fn pages() -> Router<App> {
    authorize::pages().merge(device::pages()).merge(logout::pages())
}

/// Discovery and keys, under every name clients look for them.
pub fn documents() -> Router<App> {
    Router::new()
        .route("/.well-known/openid-configuration", get(metadata::discovery))
        .route("/.well-known/oauth-authorization-server", get(metadata::discovery))
        .route("/.well-known/jwks.json", get(metadata::keys))
        .route("/keys", get(metadata::rsa_keys))
}
