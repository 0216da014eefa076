//! Any attestation object, authenticator data and client data: refused or kept, and never a panic (WA-05).
#![no_main]

use std::sync::LazyLock;

use data_encoding::BASE64URL_NOPAD;
use gatepost_domain::{
    Entropy, MasterKey, RealmId, Timestamp,
    passkey::{Challenge, ClientData, Purpose, RelyingParty, register},
};
use libfuzzer_sys::fuzz_target;

struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

static CHALLENGE: LazyLock<Challenge> = LazyLock::new(|| {
    let (key, now) = (MasterKey::from_bytes([1; 32]).passkey_challenge_key(), Timestamp::from_unix_seconds(1_800_000_000));
    key.begin(RealmId::MIN, Purpose::SignIn, now, &Fixed)
});
static PARTY: LazyLock<RelyingParty> = LazyLock::new(|| RelyingParty::of("https://example.org").expect("a domain"));
static SAID: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let challenge = BASE64URL_NOPAD.encode(CHALLENGE.as_bytes());
    format!(r#"{{"type":"webauthn.create","challenge":"{challenge}","origin":"https://example.org"}}"#).into_bytes()
});

/// The head of authenticator data that passes, so that the rest is reached: `none`, for us, present, verified, attested.
const HEAD: &[u8] = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59";

fuzz_target!(|bytes: &[u8]| {
    if let Ok(client) = ClientData::read(bytes) {
        let _ = register(&client, bytes, &PARTY, &CHALLENGE);
    }
    let client = ClientData::read(&SAID).expect("client data");
    let _ = register(&client, bytes, &PARTY, &CHALLENGE);
    let data = [
        b"\xbf\xab\xc3\x74\x32\x95\x8b\x06\x33\x60\xd3\xad\x64\x61\xc9\xc4\x73\x5a\xe7\xf8\xed\xd4\x65\x92\xa5\xe0\xf0\x14\x52\xb2\xe4\xb5\x45".as_slice(),
        bytes,
    ]
    .concat();
    if let Ok(length @ 256..) = u16::try_from(data.len()) {
        let object = [HEAD, &length.to_be_bytes(), &data].concat();
        let _ = register(&client, &object, &PARTY, &CHALLENGE);
    }
});
