//! Any document where keys are expected: usable keys or a refusal, and what is published reads back as itself.
#![no_main]

use gatepost_jose::{JwkSet, KeySet, SigningKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|document: &[u8]| {
    if let Ok(keys) = KeySet::parse(document) {
        assert!(keys.len() <= gatepost_jose::MAX_KEYS);
        for key in keys.keys() {
            assert!(!key.algorithm().is_symmetric());
        }
    }
    let _ = SigningKey::from_jwk(document);
    if let Ok(set) = serde_json::from_slice::<JwkSet>(document) {
        let text = serde_json::to_string(&set).unwrap();
        assert_eq!(serde_json::from_str::<JwkSet>(&text).unwrap(), set);
    }
});
