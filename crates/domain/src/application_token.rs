//! Tokens of sessions that applications keep themselves and show as they are: the wire contract of Better Auth. Derived like the cookies
//! of browsers, so that the database holds nothing that could be presented: base 32 of session id ‖ generation ‖ the first 200 bits of
//! HMAC-SHA256(realm id ‖ session id ‖ generation), 72 letters and digits.
//!
//! The realm is under the MAC and not in the text: realms of one host share the names of their cookies, and each finds its own.

use std::fmt;

use aws_lc_rs::{constant_time, hmac};
use data_encoding::{BASE64, BASE64URL_NOPAD};

use crate::id::{read_base32_bytes, write_base32_bytes};
use crate::{RealmId, session_token::SessionToken};

/// Bytes of what is signed but for the realm, of what is left of the MAC, and of both: whole fives, for base 32.
const BODY: usize = 20;
const MAC: usize = 25;
const ALL: usize = BODY + MAC;

/// The key that makes and checks such tokens. Made by [`MasterKey::application_mac_key`](crate::MasterKey::application_mac_key).
#[derive(Clone)]
pub struct ApplicationMac(hmac::Key);

impl ApplicationMac {
    pub(crate) fn new(key: hmac::Key) -> Self {
        Self(key)
    }

    fn tag(&self, realm: RealmId, body: &[u8]) -> hmac::Tag {
        hmac::sign(&self.0, &[realm.as_bytes().as_slice(), body].concat())
    }

    /// The text of a token.
    pub fn encode(&self, realm: RealmId, token: SessionToken) -> String {
        let body = token.bytes();
        let tag = self.tag(realm, &body);
        let bytes = [body.as_slice(), &tag.as_ref()[..MAC]].concat();
        let mut text = String::with_capacity(ALL / 5 * 8);
        write_base32_bytes(&bytes, &mut text);
        text
    }

    /// Reads a token of ours for this realm; `None` for anything else, without the database.
    pub fn decode(&self, realm: RealmId, text: &str) -> Option<SessionToken> {
        let bytes: [u8; ALL] = read_base32_bytes(text.as_bytes())?;
        let (body, mac) = bytes.split_first_chunk::<BODY>()?;
        let tag = self.tag(realm, body);
        constant_time::verify_slices_are_equal(&tag.as_ref()[..MAC], mac).ok()?;
        Some(SessionToken::from_bytes(body))
    }

    /// What a statement of ours is known again by, where others can sign it too, for they know the secret that it is signed with:
    /// base64url(nonce ‖ the first 128 bits of HMAC-SHA256(realm id ‖ nonce ‖ statement)).
    pub fn mark(&self, realm: RealmId, nonce: [u8; 16], statement: &[u8]) -> String {
        let tag = self.tag(realm, &[b"mark:".as_slice(), &nonce, statement].concat());
        BASE64URL_NOPAD.encode(&[nonce.as_slice(), &tag.as_ref()[..16]].concat())
    }

    /// Whether we marked this statement so.
    pub fn is_mark(&self, realm: RealmId, mark: &str, statement: &[u8]) -> bool {
        let bytes = BASE64URL_NOPAD.decode(mark.as_bytes()).unwrap_or_default();
        let Some(nonce) = bytes.first_chunk() else { return false };
        let own = self.mark(realm, *nonce, statement);
        constant_time::verify_slices_are_equal(own.as_bytes(), mark.as_bytes()).is_ok()
    }

    /// The value of a cookie, signed as the contract has it: `value.signature`. Tokens prove themselves; this gives them the shape that
    /// is expected of them.
    pub fn signed(&self, value: &str) -> String {
        format!("{value}.{}", BASE64.encode(hmac::sign(&self.0, value.as_bytes()).as_ref()))
    }

    /// The value within such a text, if the signature is right.
    pub fn unsigned<'t>(&self, text: &'t str) -> Option<&'t str> {
        let (value, signature) = text.rsplit_once('.')?;
        let signature = BASE64.decode(signature.as_bytes()).ok()?;
        hmac::verify(&self.0, value.as_bytes(), &signature).ok()?;
        Some(value)
    }
}

impl fmt::Debug for ApplicationMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApplicationMac(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MasterKey, SessionId};
    use proptest::prelude::*;

    fn token(id: [u8; 16], generation: u32) -> SessionToken {
        SessionToken { session: SessionId::from_bytes(id), generation }
    }

    #[test]
    fn a_token_is_of_one_realm_one_master_key_and_one_purpose() {
        let master = MasterKey::from_bytes([1; 32]);
        let (key, token) = (master.application_mac_key(), token([0xff; 16], 3));
        let text = key.encode(RealmId::MIN, token);
        assert!(text.len() == 72 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{text}");
        assert_eq!(key.decode(RealmId::MIN, &text), Some(token));
        assert_eq!(key.decode(RealmId::MAX, &text), None);
        assert_eq!(MasterKey::from_bytes([2; 32]).application_mac_key().decode(RealmId::MIN, &text), None);
        assert_eq!(master.session_mac_key().decode(&text), None);
        let cookie = master.session_mac_key().encode(token);
        assert_eq!(key.decode(RealmId::MIN, &cookie), None);
        // What shows a session to its owner opens nothing.
        assert_eq!(key.decode(RealmId::MIN, &token.session.to_string()), None);
    }

    #[test]
    fn a_signed_value_is_read_back_and_a_changed_one_is_not() {
        let key = MasterKey::from_bytes([1; 32]).application_mac_key();
        let signed = key.signed("true");
        assert_eq!(key.unsigned(&signed), Some("true"));
        for wrong in ["", "true", "true.", &signed.replace("true", "trve"), &signed[..signed.len() - 4]] {
            assert_eq!(key.unsigned(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_statement_is_known_again_by_its_mark_and_a_changed_one_is_not() {
        let key = MasterKey::from_bytes([1; 32]).application_mac_key();
        let mark = key.mark(RealmId::MIN, [7; 16], b"ada");
        assert!(key.is_mark(RealmId::MIN, &mark, b"ada"));
        assert!(!key.is_mark(RealmId::MIN, &mark, b"adb") && !key.is_mark(RealmId::MAX, &mark, b"ada"));
        let other = key.mark(RealmId::MIN, [8; 16], b"ada");
        for wrong in ["", "a", &mark[..42], &format!("{mark}A"), &format!("{}{}", &mark[..22], &other[22..])]
        {
            assert!(!key.is_mark(RealmId::MIN, wrong, b"ada"), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_token_is_read_back_and_every_changed_one_refused(
            id: [u8; 16], generation: u32, at in 0_usize..72, letter in "[0-9a-zA-Z]"
        ) {
            let key = MasterKey::from_bytes([1; 32]).application_mac_key();
            let text = key.encode(RealmId::MIN, token(id, generation));
            prop_assert_eq!(key.decode(RealmId::MIN, &text), Some(token(id, generation)));
            let mut changed = text.clone();
            changed.replace_range(at..=at, &letter);
            prop_assert_eq!(key.decode(RealmId::MIN, &changed).is_some(), changed == text);
        }
    }
}
