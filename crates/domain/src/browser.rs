//! A browser that nobody need be signed in to, and what its forms carry so that no other site can send them.

use std::fmt;

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;

use crate::{Entropy, RealmId, session_token::SessionToken};

/// Letters of base64url for 16 and for 32 bytes.
const ID_LETTERS: usize = 22;
const MAC_LETTERS: usize = 43;

/// What tells one browser from another before anybody has signed in: 128 random bits, in a cookie.
///
/// It proves nothing about a person. What is begun in one browser (a sign-in, a form) cannot be continued in another.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BrowserId([u8; 16]);

impl BrowserId {
    /// A browser seen for the first time.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// Reads a cookie; `None` for what is none of ours.
    pub fn decode(text: &str) -> Option<Self> {
        if text.len() != ID_LETTERS {
            return None;
        }
        let mut bytes = [0; 16];
        BASE64URL_NOPAD.decode_mut(text.as_bytes(), &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// The cookie.
    pub fn encode(self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }

    /// What is bound to the browser is bound to these.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// It is a secret of the browser.
impl fmt::Debug for BrowserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BrowserId(…)")
    }
}

/// The key that makes and checks what forms carry. Made by [`MasterKey::csrf_key`](crate::MasterKey::csrf_key).
#[derive(Clone)]
pub struct CsrfKey(hmac::Key);

impl CsrfKey {
    pub(crate) fn new(key: hmac::Key) -> Self {
        Self(key)
    }

    /// What the forms of a realm carry in this browser, for whoever is signed in there. It says nothing, and nobody can make
    /// it who knows neither cookie.
    pub fn token(&self, realm: RealmId, browser: BrowserId, session: Option<SessionToken>) -> String {
        BASE64URL_NOPAD.encode(hmac::sign(&self.0, &body(realm, browser, session)).as_ref())
    }

    /// Whether a form carries it.
    pub fn check(
        &self,
        text: &str,
        realm: RealmId,
        browser: BrowserId,
        session: Option<SessionToken>,
    ) -> bool {
        let mut mac = [0; 32];
        text.len() == MAC_LETTERS
            && BASE64URL_NOPAD.decode_mut(text.as_bytes(), &mut mac).is_ok()
            && hmac::verify(&self.0, &body(realm, browser, session), &mac).is_ok()
    }
}

/// Every part has its own length but the last, which is there or not.
fn body(realm: RealmId, browser: BrowserId, session: Option<SessionToken>) -> Vec<u8> {
    let mut body = [*realm.as_bytes(), *browser.as_bytes()].concat();
    if let Some(session) = session {
        body.extend_from_slice(&session.bytes());
    }
    body
}

impl fmt::Debug for CsrfKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsrfKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MasterKey, SessionId, entropy::testing::Counting};

    #[test]
    fn a_browser_is_read_back_and_what_is_none_is_refused() {
        let id = BrowserId::generate(&Counting::default());
        assert_eq!(BrowserId::decode(&id.encode()), Some(id));
        assert_eq!(format!("{id:?}"), "BrowserId(…)");
        for text in [
            "",
            "x",
            &id.encode()[1..],
            &format!("{}A", id.encode()),
            "=====================A",
            "äääääääääää",
        ] {
            assert_eq!(BrowserId::decode(text), None, "{text}");
        }
    }

    #[test]
    fn what_a_form_carries_is_good_in_one_realm_for_one_browser_and_one_cookie() {
        let (key, entropy) = (MasterKey::from_bytes([1; 32]).csrf_key(), Counting::default());
        let (one, other) = (BrowserId::generate(&entropy), BrowserId::generate(&entropy));
        let session = |generation| Some(SessionToken { session: SessionId::MIN, generation });
        let text = key.token(RealmId::MIN, one, session(0));
        assert!(key.check(&text, RealmId::MIN, one, session(0)));
        assert!(!key.check(&text, RealmId::MIN, one, session(1)));
        assert!(!key.check(&text, RealmId::MIN, one, None));
        assert!(!key.check(&text, RealmId::MIN, other, session(0)));
        assert!(!key.check(&text, RealmId::MAX, one, session(0)));
        assert!(!MasterKey::from_bytes([2; 32]).csrf_key().check(&text, RealmId::MIN, one, session(0)));
        for at in 0..text.len() {
            let mut changed = text.clone();
            changed.replace_range(at..=at, if text[at..=at] == *"A" { "B" } else { "A" });
            assert!(!key.check(&changed, RealmId::MIN, one, session(0)), "letter {at}");
            assert!(!key.check(&text[..at], RealmId::MIN, one, session(0)), "cut at {at}");
        }
    }
}
