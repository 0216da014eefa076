//! The declarative file: realms, roles, clients and users as they should be.

mod apply;
mod changes;
mod declared;
mod error;
mod file;
mod organizations;

pub use apply::{Mode, apply};
pub use error::ApplyError;
pub use file::{parse, read};
