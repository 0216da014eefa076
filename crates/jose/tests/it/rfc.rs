//! The examples of the specifications.

use gatepost_jose::{Algorithm, Jwk, KeySet, Refused, SigningKey, VerifyingKey, jws};
use serde_json::Value;

use crate::support::{from_base64url, own_vectors};

/// The verification key behind a private JWK or secret, for its algorithm.
fn key_of(jwk: &Value, algorithm: &str) -> Option<KeySet> {
    let mut jwk = jwk.clone();
    jwk["alg"] = algorithm.into();
    Some(KeySet::from(SigningKey::from_jwk(jwk.to_string().as_bytes()).ok()?.verifying_key()))
}

/// RFC 7515 appendix A. ES512 (A.4) and the JSON serializations (A.6, A.7) are not of this library: refused, without a crash.
#[test]
fn the_examples_of_rfc_7515_verify() {
    let file = own_vectors("rfc7515-appendix-a.json");
    let mut verified = 0;
    for vector in file["vectors"].as_array().unwrap() {
        let section = vector["section"].as_str().unwrap();
        let Some(compact) = vector["compact"].as_str() else {
            let json = vector["json_serialization"].to_string();
            let keys =
                KeySet::parse(vector["jwks"].to_string().as_bytes()).unwrap_or_else(|_| KeySet::empty());
            assert!(jws::verify_compact(&json, &keys, &Algorithm::ALL).is_err(), "{section}");
            continue;
        };
        let algorithm = vector["alg"].as_str().unwrap();
        if algorithm == "none" || algorithm == "ES512" {
            let keys = SigningKey::generate(Algorithm::ES256).unwrap().verifying_key().into();
            assert_eq!(
                jws::verify_compact(compact, &keys, &Algorithm::ALL),
                Err(Refused::AlgorithmRefused),
                "{section}"
            );
            continue;
        }
        let keys = key_of(&vector["jwk"], algorithm).unwrap();
        let payload = jws::verify_compact(compact, &keys, &[algorithm.parse().unwrap()]).unwrap();
        assert_eq!(payload, from_base64url(vector["payload_b64u"].as_str().unwrap()).unwrap(), "{section}");
        verified += 1;
    }
    assert_eq!(verified, 3);
}

#[test]
fn the_thumbprints_of_rfc_7638_8037_and_9449_are_computed() {
    let file = own_vectors("rfc7638-thumbprints.json");
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 3);
    for vector in vectors {
        let jwk: Jwk = serde_json::from_value(vector["jwk"].clone()).unwrap();
        assert_eq!(jwk.thumbprint(), vector["sha256_b64u"].as_str().unwrap());
    }
}

/// RFC 8037 appendix A. Ed25519 is deterministic: signing gives the very signature of the example.
#[test]
fn the_examples_of_rfc_8037_sign_and_verify() {
    let file = own_vectors("rfc8037-ed25519.json");
    let key = SigningKey::from_jwk(file["private_jwk"].to_string().as_bytes()).unwrap();
    let public: Jwk = serde_json::from_value(file["public_jwk"].clone()).unwrap();
    let compact = file["compact"].as_str().unwrap();
    assert_eq!(public.thumbprint(), file["thumbprint_sha256_b64u"].as_str().unwrap());
    assert_eq!(key.kid(), public.thumbprint());

    let keys = KeySet::from(VerifyingKey::from_jwk(&public, Algorithm::EdDSA).unwrap());
    let payload = jws::verify_compact(compact, &keys, &[Algorithm::EdDSA]).unwrap();
    assert_eq!(payload, b"Example of Ed25519 signing");
    // Our header always names the key; the signature of another header is another one, so it is compared by verifying.
    let ours = jws::sign_compact("", &payload, &key);
    assert_eq!(
        jws::verify_compact(&ours, &KeySet::from(key.verifying_key()), &[Algorithm::EdDSA]).unwrap(),
        payload
    );
    assert_eq!(ours, jws::sign_compact("", &payload, &key), "deterministic");
}

/// RFC 9449 figures 2 and 13: the signature and type of a DPoP proof, and the key that made it. What it says of the request is the
/// caller's to compare.
#[test]
fn the_proofs_of_rfc_9449_prove_possession() {
    let file = own_vectors("rfc9449-dpop.json");
    let mut valid = 0;
    for vector in file["vectors"].as_array().unwrap() {
        let Some(proof) = vector["proof"].as_str() else {
            continue;
        };
        let answer = jws::verify_possession(proof, "dpop+jwt", &Algorithm::ASYMMETRIC);
        if vector["result"] == "valid" {
            let (jwk, _) = answer.unwrap();
            assert_eq!(jwk.thumbprint(), file["jkt"].as_str().unwrap(), "{}", vector["name"]);
            valid += 1;
        }
        assert!(
            jws::verify_possession(proof, "at+jwt", &Algorithm::ASYMMETRIC).is_err(),
            "{}",
            vector["name"]
        );
    }
    assert!(valid >= 2, "{valid}");
}
