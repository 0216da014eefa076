//! Signing keys: made, sealed, chosen; and the access tokens they sign.

mod access_token;
mod audience;
mod id_token;
mod listing;
mod logout_token;
mod ring;
mod shared;

pub use access_token::{
    ExchangedFrom, External, Limit, Program, Subject, issue, issue_for, issue_for_program, present_scopes,
};
pub use audience::Audience;
pub use id_token::{IdToken, issue_id_token};
pub use listing::{KeyView, Revealed, list, reveal};
pub use logout_token::issue_logout_token;
pub use ring::{KeyRing, KeysUnusable, make, policy, seal};
pub use shared::SharedClaims;
