//! Realms: which one a request is for, and what the server keeps in memory of it.

mod cache;
mod change;
mod clients;
mod keys;
mod logo;
mod resolve;
mod snapshot;
mod verify;

pub use cache::RealmCache;
pub use change::{find, update};
pub(crate) use change::{let_go, locked_out, locks_administrators_out, told};
pub use keys::{BETTER_AUTH, ID_TOKENS};
pub(crate) use logo::redrawn;
pub use resolve::{InRealm, UnderPrefix, enter, enter_at_hand, host, names_a_host};
pub(crate) use snapshot::issuer_of;
pub use snapshot::{Snapshot, SnapshotError};
pub(crate) use verify::{SIGN_IN_TYPE, named_by, other_realm};
