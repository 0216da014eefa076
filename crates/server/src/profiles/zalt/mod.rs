//! The front door `zalt`: the wire contract of Zalt, for applications that were written for it.

mod choose;
mod devices;
mod endpoints;
mod envelope;
mod health;
mod impersonation;
mod invitations;
mod keys;
mod login;
mod machines;
mod mail;
mod me;
mod mfa;
mod organizations;
mod profile;
mod refusal;
mod register;
mod reverify;
mod roles;
mod security_events;
mod sent;
mod sessions;
mod sms;
mod social;
mod tasks;
mod tenants;
mod tokens;
mod users;
mod view;
mod webauthn;
mod webhooks;

use axum::{Router, middleware::from_fn_with_state};

use crate::{
    App,
    http::{Problem, precondition::MarkUntagged},
};

pub use endpoints::{table, tested, untold};
use refusal::Refusal;

/// The routes, and what surrounds them.
pub fn routes(app: &App) -> Router<App> {
    endpoints::routes()
        .route_layer(from_fn_with_state(app.clone(), choose::realm))
        .fallback(async || Refusal::from(Problem::NotFound))
        .method_not_allowed_fallback(async || Refusal::from(Problem::MethodNotAllowed))
        .layer(MarkUntagged::all())
        .layer(from_fn_with_state(app.clone(), envelope::around))
}
