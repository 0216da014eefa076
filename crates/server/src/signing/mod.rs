//! Signing keys: made, sealed, chosen; and the access tokens they sign.

mod access_token;
mod ring;

pub use access_token::{Audience, Program, Subject, issue, issue_for, issue_for_program};
pub use ring::{KeyRing, KeysUnusable, make, policy, seal};
