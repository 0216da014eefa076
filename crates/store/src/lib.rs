//! Every SQL statement of Gatepost, on SQLite and on PostgreSQL.
//!
//! [`Db`] runs closures over a [`Tx`]; the modules, one a noun, hold the functions that may be called in them.
//! They return values of `gatepost-domain` and decide nothing: a condition is in here only where it must be part of
//! a statement to hold under concurrency.
//!
//! Statements are constants in the common dialect of the two databases, with `$1` for parameters. There is no other
//! place that knows there are two.

mod db;
mod error;
mod location;
mod open_error;
mod postgres;
mod postgres_tls;
mod schema;
mod sqlite;
mod tx;
mod value;
mod writer;

pub mod api_keys;
pub mod attempts;
pub mod audit;
pub mod authorization_codes;
pub mod clients;
pub mod consents;
pub mod device_codes;
pub mod grants;
pub mod identities;
pub mod identity_tokens;
pub mod initial_access_tokens;
pub mod interceptor_secrets;
pub mod invitations;
pub mod mailed_links;
pub mod memberships;
pub mod meta;
pub mod organization_notes;
pub mod organizations;
pub mod outbox;
pub mod passkeys;
pub mod passwords;
pub mod permission_notes;
pub mod personal_claims;
pub mod phone_numbers;
pub mod providers;
pub mod pushed_requests;
pub mod realms;
pub mod recovery_codes;
pub mod role_notes;
pub mod roles;
pub mod sessions;
pub mod signing_keys;
pub mod sms_codes;
pub mod sms_secrets;
pub mod team_members;
pub mod teams;
pub mod totp_seeds;
pub mod trusted_devices;
pub mod used_ids;
pub mod user_notes;
pub mod user_numbers;
pub mod users;
pub mod webhooks;

pub use db::{BoxFuture, Db, Options, WriteCounts};
pub use error::{Constraint, Error, Outage};
pub use location::{Location, LocationRefused};
pub use open_error::OpenError;
pub use tx::Tx;
