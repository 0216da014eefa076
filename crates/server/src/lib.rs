//! The Gatepost server: HTTP, configuration and the command line.
//!
//! [`App`] is an opened installation (store, keys, hashing threads), [`router`] the axum router that serves it, and
//! [`Config`] its settings. Everything else is private.

mod accounts;
mod api;
mod api_keys;
mod app;
mod applications;
mod better_auth;
mod browser;
pub mod cli;
mod clients;
mod clock;
mod config;
mod declare;
mod described;
mod differences;
mod docs;
mod entropy;
mod front;
mod grants;
mod health;
mod holder;
mod http;
mod import;
mod interceptors;
mod introspection;
mod jobs;
mod limits;
mod mail;
mod mfa;
mod oauth;
mod organizations;
mod outgoing;
mod pages;
mod passkeys;
mod passwords;
mod places;
mod profiles;
mod realm;
mod request_secrets;
mod roles;
mod router;
mod scalekit;
mod serve;
mod session;
mod signing;
mod sms;
mod social;
#[doc(hidden)]
pub mod testing;
mod throttle;
mod webhooks;

pub use app::{App, OpenError, Reached};
pub use clock::Clock;
pub use config::{Config, ConfigError, FileError, Given, MailSettings, Protection, SmtpSettings};
pub use declare::ApplyError;
pub use mail::KeptMail;
pub use router::router;
