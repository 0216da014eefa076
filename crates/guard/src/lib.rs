#![doc = include_str!("../README.md")]

mod builder;
mod claims;
mod clock;
mod credential;
mod current_user;
mod dpop;
mod error;
mod exchange;
mod fetch;
mod guard;
mod issuer;
mod layer;
#[cfg(feature = "openapi")]
mod openapi;
mod organization;
mod refusal;
mod require;
mod resource;
mod rule;
mod rule_macros;
#[doc(hidden)]
pub mod rule_names;
mod state;
mod user;
pub mod webhooks;

pub use builder::{Builder, OnKeyFailure};
pub use claims::Claims;
pub use current_user::CurrentUser;
pub use dpop::DpopRefusal;
pub use error::Error;
pub use gatepost_jose::{Algorithm, KeySet};
pub use guard::{Guard, Main};
pub use layer::{RequireFuture, RequireLayer, RequireService};
#[cfg(feature = "openapi")]
pub use openapi::OpenApi;
pub use organization::{CurrentMember, Organization};
pub use refusal::Refusal;
pub use require::Require;
pub use resource::{Guarded, Resource};
pub use rule::{Any, ApiKeyOnly, ClientOnly, Fresh, Mfa, Rule, SignedIn, TokenOnly};
pub use state::HasGuard;
pub use user::{ClaimSet, Credential, Identity, User};

/// What the expansion of `organization!` needs.
#[doc(hidden)]
pub mod __organization {
    pub use http::HeaderMap;

    pub use crate::organization::{check_organization, check_organization_of_request};
}

/// The guide's code, compiled with the crate's.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/axum.md")]
struct Guide;

/// The guide's page on tokens that are bound to a key.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/bound-tokens.md")]
struct GuideOnBoundTokens;

/// The guide's page on rights.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/rights.md")]
struct GuideOnRights;

/// The guide's page on webhooks.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/webhooks.md")]
struct GuideOnWebhooks;
