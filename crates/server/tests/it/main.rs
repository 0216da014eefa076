//! The server, in process: a router, a fresh database and a clock that tests move.
//!
//! The default database is SQLite. With `GATEPOST_TEST_ON=postgres` and `GATEPOST_TEST_POSTGRES=postgres://…` every
//! test gets a database of its own on that server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod api;
mod better_auth;
mod breaches;
mod clean_up;
mod closed_by_default;
mod cross_origin;
mod generated;
mod hostile;
mod injection;
mod interceptors;
mod limits;
mod mail;
mod metadata;
mod mfa;
mod oauth;
mod pages;
mod passkeys;
mod peers;
mod profiles;
mod realms;
mod sms;
mod social;
mod support;
mod tenancy;
mod webhooks;
