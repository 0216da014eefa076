//! What the targets about passkeys share, and those who make their first inputs: who is asked for a passkey, and with what.

use std::sync::LazyLock;

use data_encoding::BASE64URL_NOPAD;
use gatepost_domain::{
    Entropy, MasterKey, RealmId, Timestamp,
    passkey::{Challenge, Purpose, RelyingParty},
};

/// Whom the passkeys are for.
pub const ORIGIN: &str = "https://example.org";
/// Its domain.
pub const DOMAIN: &str = "example.org";
/// With what authenticator data for it begin: SHA-256 of the domain.
pub const HASH: &[u8; 32] = b"\xbf\xab\xc3\x74\x32\x95\x8b\x06\x33\x60\xd3\xad\x64\x61\xc9\xc4\x73\x5a\xe7\xf8\xed\xd4\x65\x92\xa5\xe0\xf0\x14\x52\xb2\xe4\xb5";

struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// The challenge of every ceremony.
pub static CHALLENGE: LazyLock<Challenge> = LazyLock::new(|| {
    let key = MasterKey::from_bytes([1; 32]).passkey_challenge_key();
    key.begin(RealmId::MIN, Purpose::SignIn, Timestamp::from_unix_seconds(1_800_000_000), &Fixed)
});

/// Whose they are.
pub static PARTY: LazyLock<RelyingParty> = LazyLock::new(|| RelyingParty::of(ORIGIN).expect("a domain"));

/// Client data that pass, of a kind.
pub fn said(kind: &str) -> Vec<u8> {
    let challenge = BASE64URL_NOPAD.encode(CHALLENGE.as_bytes());
    format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{ORIGIN}"}}"#).into_bytes()
}

/// The next part of an input, which says in two bytes how long it is; as much as there is.
pub fn part<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let Some((length, after)) = rest.split_first_chunk::<2>() else { return std::mem::take(rest) };
    let (part, after) = after.split_at(usize::from(u16::from_be_bytes(*length)).min(after.len()));
    *rest = after;
    part
}

/// Such a part.
pub fn as_part(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("a short part");
    [&length.to_be_bytes(), bytes].concat()
}
