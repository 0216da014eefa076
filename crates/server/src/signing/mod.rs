//! Signing keys: made, sealed, chosen; and the access tokens they sign.

mod access_token;
mod ring;

pub use access_token::{Audience, Subject, issue};
pub use ring::{KeyRing, KeysUnusable, make, policy, seal};
