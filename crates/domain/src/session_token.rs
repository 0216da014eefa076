//! Session tokens: what a browser's cookie carries. Derived like refresh tokens, so that the database holds
//! nothing that could be presented: `gp_st_` and base64url(session id ‖ HMAC-SHA256(session id)).

use std::fmt;

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;

use crate::SessionId;

/// What every session token starts with.
pub const PREFIX: &str = "gp_st_";

const LETTERS: usize = 64;

/// The key that makes and checks session tokens. Made by [`MasterKey::session_mac_key`](crate::MasterKey::session_mac_key).
#[derive(Clone)]
pub struct SessionMac(hmac::Key);

impl SessionMac {
    pub(crate) fn new(key: hmac::Key) -> Self {
        Self(key)
    }

    /// The token of a session.
    pub fn encode(&self, session: SessionId) -> String {
        let mut bytes = [0; 48];
        bytes[..16].copy_from_slice(session.as_bytes());
        bytes[16..].copy_from_slice(hmac::sign(&self.0, session.as_bytes()).as_ref());
        let mut text = String::with_capacity(PREFIX.len() + LETTERS);
        text.push_str(PREFIX);
        BASE64URL_NOPAD.encode_append(&bytes, &mut text);
        text
    }

    /// Reads a token of ours; `None` for anything else, without the database.
    pub fn decode(&self, text: &str) -> Option<SessionId> {
        let letters = text.strip_prefix(PREFIX)?.as_bytes();
        if letters.len() != LETTERS {
            return None;
        }
        let mut bytes = [0; 48];
        BASE64URL_NOPAD.decode_mut(letters, &mut bytes).ok()?;
        let (id, mac) = bytes.split_first_chunk::<16>()?;
        hmac::verify(&self.0, id, mac).ok()?;
        Some(SessionId::from_bytes(*id))
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

    #[test]
    fn a_session_token_is_no_refresh_token_and_another_key_refuses_it() {
        let master = MasterKey::from_bytes([1; 32]);
        let text = master.session_mac_key().encode(SessionId::MAX);
        assert_eq!(master.session_mac_key().decode(&text), Some(SessionId::MAX));
        assert_eq!(MasterKey::from_bytes([2; 32]).session_mac_key().decode(&text), None);
        assert_eq!(master.session_mac_key().decode(&text.replace("gp_st_", "gp_rt_")), None);
        assert!(crate::refresh::RefreshToken::decode(&text, &master.refresh_mac_key()).is_none());
    }

    proptest! {
        #[test]
        fn every_session_token_is_read_back_and_every_changed_one_refused(id: [u8; 16], at in 6_usize..70, letter in "[A-Za-z0-9_-]") {
            let key = MasterKey::from_bytes([1; 32]).session_mac_key();
            let text = key.encode(SessionId::from_bytes(id));
            prop_assert_eq!(key.decode(&text), Some(SessionId::from_bytes(id)));
            let mut changed = text.clone();
            changed.replace_range(at..=at, &letter);
            prop_assert_eq!(key.decode(&changed).is_some(), changed == text);
        }
    }
}
