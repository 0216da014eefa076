//! The declarative file: realms, roles, clients and users as they should be.

mod apply;
mod changes;
mod file;
mod organizations;

pub use apply::{ApplyError, Mode, apply};
pub use file::{parse, read};
