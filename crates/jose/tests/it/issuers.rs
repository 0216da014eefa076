//! JWT-21: several issuers, one verifier each.

use std::sync::Arc;

use gatepost_jose::{Algorithm, Refused, SigningKey, Verifier, Verifiers};
use serde_json::json;

use crate::support::{AUDIENCE, ISSUER, NOW, claims, claims_with, key, token};

/// JWT-21.
#[test]
fn jwt_21_a_key_of_one_issuer_does_not_sign_for_another() {
    const OTHER: &str = "https://other.example";
    // One name for both keys: only the issuer says which is meant.
    let (ours, theirs) = (key(), key());
    for cached in [0, 64] {
        let verifiers = Verifiers::new(vec![
            Arc::new(Verifier::new(ISSUER, AUDIENCE, ours.verifying_key().into()).cache(cached)),
            Arc::new(Verifier::new(OTHER, AUDIENCE, theirs.verifying_key().into()).cache(cached)),
        ]);
        let of_ours = token(&claims(), &ours);
        let of_theirs = token(&claims_with("iss", json!(OTHER)), &theirs);
        for _ in 0..2 {
            assert_eq!(verifiers.verify(&of_ours, NOW).unwrap().issuer(), ISSUER);
            assert_eq!(verifiers.verify(&of_theirs, NOW).unwrap().issuer(), OTHER);
            let crossed = token(&claims_with("iss", json!(OTHER)), &ours);
            assert_eq!(verifiers.verify(&crossed, NOW).unwrap_err(), Refused::BadSignature);
            let crossed = token(&claims(), &theirs);
            assert_eq!(verifiers.verify(&crossed, NOW).unwrap_err(), Refused::BadSignature);
            let third = token(&claims_with("iss", json!("https://third.example")), &ours);
            assert_eq!(verifiers.verify(&third, NOW).unwrap_err(), Refused::WrongIssuer);
            let nobody = token(&claims_with("iss", json!(null)), &ours);
            assert_eq!(verifiers.verify(&nobody, NOW).unwrap_err(), Refused::ClaimMissing("iss"));
            for junk in ["", "a.b.c", "..", "x"] {
                assert!(verifiers.verify(junk, NOW).is_err());
            }
        }
        assert_eq!(verifiers.claimed_issuer(&of_theirs).unwrap().issuer(), OTHER);
        assert!(verifiers.of(ISSUER).is_some() && verifiers.of("https://id.example/").is_none());
    }
}

#[test]
fn jwt_21_many_issuers_are_told_apart() {
    let keys: Vec<SigningKey> = (0..20).map(|_| SigningKey::generate(Algorithm::EdDSA).unwrap()).collect();
    let issuer = |number: usize| format!("https://id-{number}.example");
    let verifiers = Verifiers::new(
        keys.iter()
            .enumerate()
            .map(|(number, key)| {
                Arc::new(Verifier::new(&issuer(number), AUDIENCE, key.verifying_key().into()))
            })
            .collect(),
    );
    for _ in 0..2 {
        for (number, key) in keys.iter().enumerate() {
            let good = token(&claims_with("iss", json!(issuer(number))), key);
            assert_eq!(verifiers.verify(&good, NOW).unwrap().issuer(), issuer(number));
            let crossed = token(&claims_with("iss", json!(issuer((number + 1) % 20))), key);
            assert!(verifiers.verify(&crossed, NOW).is_err());
        }
    }
    assert_eq!(verifiers.all().len(), 20);
}
