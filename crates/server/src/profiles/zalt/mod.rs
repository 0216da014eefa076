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

use axum::Router;

use crate::{
    App,
    http::{Gate, Problem, precondition::MarkUntagged},
};

pub use choose::realm as choose_realm;
pub use endpoints::{table, tested, untold};
use envelope::Envelope;
use refusal::Refusal;

/// The routes, and what surrounds them. They are asked what [`choose_realm`] makes of a request.
pub fn routes(app: &App) -> Router<App> {
    endpoints::routes()
        .route_layer(Gate(choose::refused))
        .fallback(async || Refusal::from(Problem::NotFound))
        .method_not_allowed_fallback(async || Refusal::from(Problem::MethodNotAllowed))
        .layer(MarkUntagged::all())
        .layer(Envelope::of(app))
}
