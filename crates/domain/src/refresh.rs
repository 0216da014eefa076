//! Refresh tokens: derived, not stored.
//!
//! A token is `gp_rt_` and base64url(grant id ‖ generation ‖ HMAC-SHA256(grant id ‖ generation)). A forged or
//! garbled one is refused without the database; the successor of a token is known before it is asked for, so a
//! client that lost the answer can be given the same one again.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;

use crate::{Grant, GrantId, Timestamp, derived_token};

/// What every refresh token starts with.
pub const PREFIX: &str = "gp_rt_";

/// The key that makes and checks refresh tokens. Made by [`MasterKey::refresh_mac_key`](crate::MasterKey::refresh_mac_key).
#[derive(Clone)]
pub struct RefreshMac(hmac::Key);

impl RefreshMac {
    pub(crate) fn new(key: hmac::Key) -> Self {
        Self(key)
    }
}

impl fmt::Debug for RefreshMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshMac(…)")
    }
}

/// What a refresh token says: which grant, and which of its generations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RefreshToken {
    /// The grant.
    pub grant: GrantId,
    /// The generation.
    pub generation: u32,
}

const ID: usize = 16;
const BODY: usize = ID + 4;

impl RefreshToken {
    /// The token of a grant's present generation.
    pub const fn of(grant: &Grant) -> Self {
        Self { grant: grant.id, generation: grant.generation }
    }

    /// The token a client is given. Equal for equal contents, always.
    pub fn encode(&self, key: &RefreshMac) -> String {
        derived_token::encode(PREFIX, &key.0, &self.body())
    }

    /// Reads a token of ours; `None` for anything else. Every token has one spelling only.
    pub fn decode(text: &str, key: &RefreshMac) -> Option<Self> {
        let body: [u8; BODY] = derived_token::decode(PREFIX, &key.0, text)?;
        let (id, generation) = body.split_first_chunk::<ID>()?;
        Some(Self {
            grant: GrantId::from_bytes(*id),
            generation: u32::from_be_bytes(generation.try_into().ok()?),
        })
    }

    fn body(&self) -> [u8; BODY] {
        let mut body = [0; BODY];
        body[..ID].copy_from_slice(self.grant.as_bytes());
        body[ID..].copy_from_slice(&self.generation.to_be_bytes());
        body
    }
}

/// What is to be done with a presented refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It is the good one: exchange it.
    Rotate,
    /// It is the previous one, presented again within the grace: answer the same successor again.
    Replay {
        /// The token of the present generation.
        successor: RefreshToken,
    },
    /// It was exchanged before: somebody else holds it too. The grant must end (RFC 9700 section 4.14.2).
    Reuse,
    /// The grant has expired.
    Expired,
    /// The grant was ended.
    Revoked,
    /// A generation the database does not know of: the database was restored from an older copy.
    Ahead,
}

/// Decides about a presented token, given the grant as stored. Whether the user and the session are still good
/// is not asked here. A grace of zero answers no token twice.
pub fn judge(presented: RefreshToken, stored: &Grant, now: Timestamp, grace: Duration) -> Judgement {
    if stored.revoked_at.is_some() {
        return Judgement::Revoked;
    }
    if presented.generation > stored.generation {
        return Judgement::Ahead;
    }
    if stored.is_expired(now) {
        return Judgement::Expired;
    }
    if presented.generation == stored.generation {
        return Judgement::Rotate;
    }
    let previous = presented.generation + 1 == stored.generation;
    // By the generation, never by the time alone: two rotations in one second are still two.
    match stored.rotated_at {
        Some(rotated_at) if previous && now.since(rotated_at) < grace => {
            Judgement::Replay { successor: RefreshToken::of(stored) }
        }
        _ => Judgement::Reuse,
    }
}

#[cfg(test)]
#[path = "refresh_tests.rs"]
mod tests;
