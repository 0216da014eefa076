//! Any text where a token is expected: refused, and never a crash.
#![no_main]

use std::sync::LazyLock;

use gatepost_jose::{Algorithm, KeySet, SigningKey, Verifier, dangerous_decode_without_verifying, jws};
use libfuzzer_sys::fuzz_target;

static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let key = |algorithm: Algorithm, kid: &str| SigningKey::generate(algorithm).unwrap().with_kid(kid).verifying_key();
    KeySet::new([key(Algorithm::EdDSA, "e"), key(Algorithm::ES256, "p"), key(Algorithm::HS256, "h")]).unwrap()
});

static VERIFIER: LazyLock<Verifier> =
    LazyLock::new(|| Verifier::new("https://id.example", "notes", KEYS.clone()).algorithms(&Algorithm::ALL));

fuzz_target!(|text: &str| {
    assert!(VERIFIER.verify(text, 1_760_000_000).is_err());
    assert!(jws::verify_compact(text, &KEYS, &Algorithm::ALL).is_err());
    // Someone may well prove possession of a key: that is no token.
    let _ = jws::verify_possession(text, "dpop+jwt", &Algorithm::ALL);
    if let Ok(read) = dangerous_decode_without_verifying(text) {
        assert!(serde_json::from_str::<serde_json::Value>(read.header()).is_ok_and(|header| header.is_object()));
        assert!(serde_json::from_str::<serde_json::Value>(read.payload()).is_ok_and(|payload| payload.is_object()));
    }
});
