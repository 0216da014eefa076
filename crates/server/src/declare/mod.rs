//! The declarative file: realms, roles, clients, users, organizations, API keys and providers as they should be.

mod api_keys;
mod apply;
mod changes;
mod clients;
mod declared;
mod error;
mod file;
mod interceptors;
mod organizations;
mod providers;
mod users;

pub use apply::{Mode, apply};
pub use error::ApplyError;
pub use file::{parse, read};
