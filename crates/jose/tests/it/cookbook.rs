//! The JOSE cookbook (RFC 7520, RFC 7797, RFC 8037; ietf-jose/cookbook, public domain, read from outside the repository).

use gatepost_jose::{Algorithm, KeyRefused, KeySet, Refused, SigningKey, jws};
use serde_json::Value;

use crate::support::{base64url, shared_vectors};

fn signing_key(file: &Value, algorithm: &str) -> SigningKey {
    let mut jwk = file["input"]["key"].clone();
    jwk["alg"] = algorithm.into();
    SigningKey::from_jwk(jwk.to_string().as_bytes()).unwrap()
}

#[test]
fn the_compact_examples_of_rfc_7520_and_8037_verify() {
    for (name, algorithm) in [
        ("cookbook/jws/4_1.rsa_v15_signature.json", "RS256"),
        ("cookbook/jws/4_2.rsa-pss_signature.json", "PS384"),
        ("cookbook/jws/4_4.hmac-sha2_integrity_protection.json", "HS256"),
        ("cookbook/curve25519/jws.json", "EdDSA"),
    ] {
        let Some(file) = shared_vectors(name) else { return };
        let keys = KeySet::from(signing_key(&file, algorithm).verifying_key());
        let compact = file["output"]["compact"].as_str().unwrap();
        let payload = jws::verify_compact(compact, &keys, &[algorithm.parse().unwrap()]).unwrap();
        assert_eq!(payload, file["input"]["payload"].as_str().unwrap().as_bytes(), "{name}");
        // The same with any other algorithm allowed is refused.
        let others: Vec<Algorithm> =
            Algorithm::ALL.into_iter().filter(|other| other.as_str() != algorithm).collect();
        assert_eq!(jws::verify_compact(compact, &keys, &others), Err(Refused::AlgorithmRefused), "{name}");
        let json = file["output"]["json"].to_string();
        assert!(jws::verify_compact(&json, &keys, &Algorithm::ALL).is_err(), "{name}: not compact");
    }
}

/// Figures 4.1 and 4.4 are reproducible, and their header is the one we write: signing gives the very token.
#[test]
fn signing_gives_the_reproducible_examples_of_rfc_7520() {
    for (name, algorithm) in [
        ("cookbook/jws/4_1.rsa_v15_signature.json", "RS256"),
        ("cookbook/jws/4_4.hmac-sha2_integrity_protection.json", "HS256"),
    ] {
        let Some(file) = shared_vectors(name) else { return };
        let payload = file["input"]["payload"].as_str().unwrap();
        let signed = jws::sign_compact("", payload.as_bytes(), &signing_key(&file, algorithm));
        assert_eq!(signed, file["output"]["compact"].as_str().unwrap(), "{name}");
    }
}

#[test]
fn detached_content_is_put_back_before_it_verifies() {
    let Some(file) = shared_vectors("cookbook/jws/4_5.signature_with_detached_content.json") else {
        return;
    };
    let keys = KeySet::from(signing_key(&file, "HS256").verifying_key());
    let compact = file["output"]["compact"].as_str().unwrap();
    assert_eq!(jws::verify_compact(compact, &keys, &[Algorithm::HS256]), Err(Refused::BadSignature));
    let payload = base64url(file["input"]["payload"].as_str().unwrap().as_bytes());
    let whole = compact.replace("..", &format!(".{payload}."));
    assert!(jws::verify_compact(&whole, &keys, &[Algorithm::HS256]).is_ok());
}

/// RFC 7797 section 7: a JWT must not use it, and this library does not know it.
#[test]
fn an_unencoded_payload_is_refused() {
    for name in ["cookbook/rfc7797/hmac-sha2_b64_false.json", "cookbook/rfc7797/4.2.hmac-sha2_b64_false.json"]
    {
        let Some(file) = shared_vectors(name) else { return };
        let keys = KeySet::from(signing_key(&file, "HS256").verifying_key());
        let text =
            file["output"]["compact"].as_str().map_or_else(|| file["output"].to_string(), str::to_owned);
        assert!(
            matches!(jws::verify_compact(&text, &keys, &Algorithm::ALL), Err(Refused::Malformed(_))),
            "{name}"
        );
    }
}

#[test]
fn the_keys_of_rfc_7520_are_imported_or_refused_for_what_they_are() {
    type Answer = Result<usize, KeyRefused>;
    let expected: [(&str, Answer, bool); 6] = [
        ("3_1.ec_public_key", Ok(0), false), // P-521: none of ours, skipped
        ("3_2.ec_private_key", Err(KeyRefused::Private), false),
        ("3_3.rsa_public_key", Ok(1), false),
        ("3_4.rsa_private_key", Err(KeyRefused::Private), true),
        ("3_5.symmetric_key_mac_computation", Err(KeyRefused::Private), true),
        ("3_6.symmetric_key_encryption", Err(KeyRefused::Private), false),
    ];
    for (name, as_public, as_private) in expected {
        let Some(file) = shared_vectors(&format!("cookbook/jwk/{name}.json")) else {
            return;
        };
        let json = file.to_string();
        assert_eq!(KeySet::parse(json.as_bytes()).map(|keys| keys.len()), as_public, "{name}");
        assert_eq!(SigningKey::from_jwk(json.as_bytes()).is_ok(), as_private, "{name}");
    }
}
