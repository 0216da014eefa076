//! Session tokens: what a browser's cookie carries. Derived like refresh tokens, so that the database holds
//! nothing that could be presented: `gp_st_` and base64url(session id ‖ generation ‖ HMAC-SHA256(session id ‖ generation)).
//!
//! The generation is [`Session::cookie`](crate::Session): every sign-in of the same person in the same browser makes a new
//! one, so that a cookie from before it is worth nothing.

use std::fmt;

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;

use crate::SessionId;

/// What every session token starts with.
pub const PREFIX: &str = "gp_st_";

/// Bytes of what is signed, and of all; letters of base64url for them.
const BODY: usize = 20;
const ALL: usize = BODY + 32;
const LETTERS: usize = 70;

/// What a cookie says: which session, and which of its cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionToken {
    /// The session.
    pub session: SessionId,
    /// Which of its cookies: a session has one good one at a time.
    pub generation: u32,
}

impl SessionToken {
    /// What is signed.
    pub(crate) fn bytes(self) -> [u8; BODY] {
        let mut bytes = [0; BODY];
        bytes[..16].copy_from_slice(self.session.as_bytes());
        bytes[16..].copy_from_slice(&self.generation.to_be_bytes());
        bytes
    }

    /// From the bytes that were signed.
    pub(crate) fn from_bytes(bytes: &[u8; BODY]) -> Self {
        let (mut session, mut generation) = ([0; 16], [0; 4]);
        session.copy_from_slice(&bytes[..16]);
        generation.copy_from_slice(&bytes[16..]);
        Self { session: SessionId::from_bytes(session), generation: u32::from_be_bytes(generation) }
    }
}

/// The key that makes and checks session tokens. Made by [`MasterKey::session_mac_key`](crate::MasterKey::session_mac_key).
#[derive(Clone)]
pub struct SessionMac(hmac::Key);

impl SessionMac {
    pub(crate) fn new(key: hmac::Key) -> Self {
        Self(key)
    }

    /// The text of a token.
    pub fn encode(&self, token: SessionToken) -> String {
        let mut bytes = [0; ALL];
        bytes[..BODY].copy_from_slice(&token.bytes());
        bytes[BODY..].copy_from_slice(hmac::sign(&self.0, &token.bytes()).as_ref());
        let mut text = String::with_capacity(PREFIX.len() + LETTERS);
        text.push_str(PREFIX);
        BASE64URL_NOPAD.encode_append(&bytes, &mut text);
        text
    }

    /// Reads a token of ours; `None` for anything else, without the database.
    pub fn decode(&self, text: &str) -> Option<SessionToken> {
        let letters = text.strip_prefix(PREFIX)?.as_bytes();
        if letters.len() != LETTERS {
            return None;
        }
        let mut bytes = [0; ALL];
        BASE64URL_NOPAD.decode_mut(letters, &mut bytes).ok()?;
        let (body, mac) = bytes.split_first_chunk::<BODY>()?;
        hmac::verify(&self.0, body, mac).ok()?;
        Some(SessionToken::from_bytes(body))
    }
}

impl fmt::Debug for SessionMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionMac(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MasterKey;
    use proptest::prelude::*;

    fn token(id: [u8; 16], generation: u32) -> SessionToken {
        SessionToken { session: SessionId::from_bytes(id), generation }
    }

    #[test]
    fn a_session_token_is_no_refresh_token_and_another_key_refuses_it() {
        let master = MasterKey::from_bytes([1; 32]);
        let token = token([0xff; 16], 3);
        let text = master.session_mac_key().encode(token);
        assert_eq!(master.session_mac_key().decode(&text), Some(token));
        assert_eq!(MasterKey::from_bytes([2; 32]).session_mac_key().decode(&text), None);
        assert_eq!(master.session_mac_key().decode(&text.replace("gp_st_", "gp_rt_")), None);
        assert!(crate::refresh::RefreshToken::decode(&text, &master.refresh_mac_key()).is_none());
    }

    proptest! {
        #[test]
        fn every_session_token_is_read_back_and_every_changed_one_refused(
            id: [u8; 16], generation: u32, at in 6_usize..76, letter in "[A-Za-z0-9_-]"
        ) {
            let key = MasterKey::from_bytes([1; 32]).session_mac_key();
            let text = key.encode(token(id, generation));
            prop_assert_eq!(key.decode(&text), Some(token(id, generation)));
            let mut changed = text.clone();
            changed.replace_range(at..=at, &letter);
            prop_assert_eq!(key.decode(&changed).is_some(), changed == text);
        }
    }
}
