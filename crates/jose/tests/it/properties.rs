//! JWT-26: properties over generated cases. A few thousand by default; `GATEPOST_CASES=1000000` for the full number.

use std::sync::LazyLock;

use gatepost_jose::{Algorithm, Jwk, KeySet, SigningKey, Verifier, dangerous_decode_without_verifying, jws};
use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::support::{AUDIENCE, ISSUER, NOW, claims, token, token_of_text};

fn cases(default: u32) -> ProptestConfig {
    let cases =
        std::env::var("GATEPOST_CASES").ok().and_then(|number| number.parse().ok()).unwrap_or(default);
    ProptestConfig {
        cases,
        failure_persistence: None,
        max_global_rejects: u32::MAX,
        ..ProptestConfig::default()
    }
}

struct Signer {
    key: SigningKey,
    verifier: Verifier,
    token: String,
}

/// One of each kind of signature. HMAC is there because it is fast: the shape of the token is what these cases are about.
static SIGNERS: LazyLock<Vec<Signer>> = LazyLock::new(|| {
    [Algorithm::HS256, Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256]
        .into_iter()
        .map(|algorithm| {
            let key = SigningKey::generate(algorithm).unwrap();
            let verifier =
                Verifier::new(ISSUER, AUDIENCE, key.verifying_key().into()).algorithms(&Algorithm::ALL);
            let token = token(&claims(), &key);
            // Seen before: the changed token meets the cache and the known header too.
            verifier.verify(&token, NOW).unwrap();
            Signer { key, verifier, token }
        })
        .collect()
});

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn jwt_26_any_changed_byte_makes_a_token_invalid(
        signer in 0..4_usize, at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let signer = &SIGNERS[signer];
        let mut changed = signer.token.clone().into_bytes();
        let at = at.index(changed.len());
        prop_assume!(changed[at] != byte);
        changed[at] = byte;
        // A token is text: what is not cannot even be asked about.
        if let Ok(changed) = String::from_utf8(changed) {
            prop_assert!(signer.verifier.verify(&changed, NOW).is_err(), "byte {} of {}", at, signer.key.algorithm());
        }
    }

    #[test]
    fn jwt_26_any_inserted_removed_or_swapped_part_makes_a_token_invalid(
        signer in 0..4_usize, from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), text in "[A-Za-z0-9_.=-]{0,5}",
    ) {
        let signer = &SIGNERS[signer];
        let (from, to) = (from.index(signer.token.len()), to.index(signer.token.len()));
        let changed = format!("{}{text}{}", &signer.token[..from.min(to)], &signer.token[from.max(to)..]);
        prop_assume!(changed != signer.token);
        prop_assert!(signer.verifier.verify(&changed, NOW).is_err());
    }

    #[test]
    fn jwt_26_random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let text = String::from_utf8_lossy(&bytes);
        prop_assert!(SIGNERS[0].verifier.verify(&text, NOW).is_err());
        prop_assert!(jws::verify_compact(&text, &SIGNERS[0].verifier.keys(), &Algorithm::ALL).is_err());
        prop_assert!(jws::verify_possession(&text, "dpop+jwt", &Algorithm::ALL).is_err());
        let _ = dangerous_decode_without_verifying(&text);
        let _ = KeySet::parse(&bytes);
        let _ = SigningKey::from_jwk(&bytes);
        for algorithm in Algorithm::ALL {
            let _ = SigningKey::from_pkcs8(algorithm, "k", &bytes);
        }
    }

    #[test]
    fn jwt_26_a_signed_payload_of_any_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let signer = &SIGNERS[0];
        let jws = token_of_text(&bytes, &signer.key);
        prop_assert!(signer.verifier.verify(&jws, NOW).is_err());
        prop_assert_eq!(jws::verify_compact(&jws, &signer.verifier.keys(), &[Algorithm::HS256]).unwrap(), bytes);
    }
}

// These build trees and keys, which takes longer.
proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn jwt_26_claims_come_out_as_they_went_in(extra in prop::collection::hash_map(any::<String>(), json_value(), 0..6), subject in ".{1,40}") {
        let signer = &SIGNERS[0];
        let mut all: Map<String, Value> = extra.into_iter().map(|(name, value)| (format!("x-{name}"), value)).collect();
        for (name, value) in claims().as_object().unwrap() {
            all.insert(name.clone(), value.clone());
        }
        all.insert("sub".to_owned(), subject.clone().into());
        let all = Value::Object(all);
        let jwt = token(&all, &signer.key);
        prop_assume!(jwt.len() <= gatepost_jose::MAX_TOKEN_BYTES);
        let read = signer.verifier.verify(&jwt, NOW).unwrap();
        prop_assert_eq!(read.subject(), subject);
        let text: Value = serde_json::from_str(&all.to_string()).unwrap();
        prop_assert_eq!(read.read::<Value>().unwrap(), text.clone());
        for (name, value) in text.as_object().unwrap() {
            prop_assert_eq!(read.get(name), Some(value.clone()));
        }
        // Another algorithm's verifier has nothing to do with it.
        prop_assert!(SIGNERS[1].verifier.verify(&jwt, NOW).is_err());
    }

    #[test]
    fn jwt_26_a_key_reads_back_as_it_was_written(kid in any::<String>(), signer in 1..4_usize) {
        let key = SIGNERS[signer].key.clone().with_kid(&kid);
        let jwk = key.public_jwk().unwrap();
        let text = serde_json::to_string(&jwk).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Jwk>(&text).unwrap(), &jwk);
        let keys = KeySet::parse(text.as_bytes()).unwrap();
        prop_assert!(keys.find(&kid).is_some());
        let signed = token(&claims(), &key);
        prop_assert!(Verifier::new(ISSUER, AUDIENCE, keys).verify(&signed, NOW).is_ok());
    }

    #[test]
    fn jwt_26_a_private_key_reads_back_as_it_was_written(secret in prop::collection::vec(any::<u8>(), 32..100)) {
        let key = SigningKey::from_secret(Algorithm::HS256, "k", &secret).unwrap();
        let again = SigningKey::from_pkcs8(Algorithm::HS256, "k", &key.to_bytes()).unwrap();
        prop_assert_eq!(token(&claims(), &key), token(&claims(), &again));
    }
}
