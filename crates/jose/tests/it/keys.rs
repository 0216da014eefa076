//! Making, publishing and keeping keys.

use gatepost_jose::{Algorithm, JwkSet, KeyRefused, KeySet, SigningKey, VerifyingKey, jws};
use serde_json::json;

use crate::support::{base64url, own_vectors};

/// Every algorithm, RSA made once: making it takes long.
fn every_key() -> Vec<SigningKey> {
    let rsa = SigningKey::generate(Algorithm::RS256).unwrap().to_bytes();
    Algorithm::ALL
        .into_iter()
        .map(|algorithm| match algorithm.as_str().as_bytes()[0] {
            b'R' | b'P' => SigningKey::from_pkcs8(algorithm, "rsa", &rsa).unwrap(),
            _ => SigningKey::generate(algorithm).unwrap(),
        })
        .collect()
}

#[test]
fn jwt_03_a_key_is_refused_for_an_algorithm_that_is_not_its_own() {
    for key in every_key() {
        let Some(jwk) = key.public_jwk() else { continue };
        for algorithm in Algorithm::ALL {
            let answer = VerifyingKey::from_jwk(&jwk, algorithm);
            assert_eq!(answer.is_ok(), algorithm == key.algorithm(), "{} as {algorithm}", key.algorithm());
        }
    }
}

#[test]
fn every_algorithm_signs_and_verifies_and_its_key_survives_storage() {
    for key in every_key() {
        let algorithm = key.algorithm();
        let again = SigningKey::from_pkcs8(algorithm, key.kid(), &key.to_bytes()).unwrap();
        assert_eq!(again.public_jwk(), key.public_jwk(), "{algorithm}");
        let keys = KeySet::from(key.verifying_key());
        for (signer, typ) in [(&key, "JWT"), (&again, "")] {
            let jws = jws::sign_compact(typ, b"payload", signer);
            assert_eq!(jws::verify_compact(&jws, &keys, &[algorithm]).unwrap(), b"payload", "{algorithm}");
        }
        assert!(SigningKey::from_pkcs8(algorithm, "k", b"not a key").is_err(), "{algorithm}");
    }
}

#[test]
fn a_published_key_reads_back_as_itself_and_verifies() {
    for key in every_key() {
        let Some(jwk) = key.public_jwk() else {
            assert!(key.algorithm().is_symmetric());
            continue;
        };
        let text = serde_json::to_string(&JwkSet { keys: vec![jwk.clone()] }).unwrap();
        assert_eq!(serde_json::from_str::<JwkSet>(&text).unwrap().keys, std::slice::from_ref(&jwk));
        let keys = KeySet::parse(text.as_bytes()).unwrap();
        assert_eq!(keys.find(key.kid()).unwrap().algorithm(), key.algorithm());
        let jws = jws::sign_compact("JWT", b"payload", &key);
        assert!(jws::verify_compact(&jws, &keys, &[key.algorithm()]).is_ok());
        let members = serde_json::to_value(&jwk).unwrap();
        assert_eq!((&members["use"], &members["alg"]), (&json!("sig"), &json!(key.algorithm().as_str())));
    }
}

#[test]
fn a_made_key_is_named_by_its_thumbprint_and_can_be_renamed() {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    assert_eq!(key.kid(), key.public_jwk().unwrap().thumbprint());
    let renamed = key.clone().with_kid("2026-11");
    assert_eq!(renamed.kid(), "2026-11");
    assert_eq!(renamed.public_jwk().unwrap().kid(), Some("2026-11"));
    assert_eq!(renamed.verifying_key().kid(), Some("2026-11"));
    let old = jws::sign_compact("JWT", b"x", &key);
    let keys = KeySet::from(renamed.verifying_key());
    assert!(jws::verify_compact(&old, &keys, &Algorithm::ALL).unwrap_err().is_unknown_key());
    assert!(jws::verify_compact(&jws::sign_compact("JWT", b"x", &renamed), &keys, &Algorithm::ALL).is_ok());
}

#[test]
fn halves_of_different_keys_are_not_a_key() {
    let file = own_vectors("rfc8037-ed25519.json");
    let mut jwk = file["private_jwk"].clone();
    jwk["x"] = own_vectors("attack-tokens.json")["jwks"]["keys"][2]["x"].clone();
    assert_eq!(
        SigningKey::from_jwk(jwk.to_string().as_bytes()).unwrap_err(),
        KeyRefused::Unreadable(Algorithm::EdDSA)
    );
}

#[test]
fn private_keys_are_hidden_from_debug_output() {
    for key in every_key() {
        let shown = format!("{key:?} {:?} {:?}", key.verifying_key(), KeySet::from(key.verifying_key()));
        let bytes = key.to_bytes();
        assert!(!shown.contains(&base64url(&bytes)[..16]), "{shown}");
        assert!(!shown.contains(&format!("{:?}", &bytes[8..12])), "{shown}");
        assert!(shown.contains(key.algorithm().as_str()));
    }
}

#[test]
fn a_kid_with_quotes_and_line_ends_is_written_as_json() {
    let key = SigningKey::generate(Algorithm::EdDSA).unwrap().with_kid("a\"b\n\u{e9}");
    let jws = jws::sign_compact("JWT", b"x", &key);
    assert!(jws::verify_compact(&jws, &KeySet::from(key.verifying_key()), &Algorithm::ALL).is_ok());
}

/// Contracts from before key ids.
#[test]
fn a_key_without_a_name_leaves_it_out_of_the_header() {
    let key = SigningKey::generate(Algorithm::HS256).unwrap();
    for (key, header) in [
        (key.clone().with_kid(""), r#"{"alg":"HS256","typ":"JWT"}"#),
        (key.with_kid("k"), r#"{"alg":"HS256","kid":"k","typ":"JWT"}"#),
    ] {
        let token = jws::sign_compact("JWT", b"payload", &key);
        assert!(token.starts_with(&format!("{}.", base64url(header.as_bytes()))), "{token}");
        let keys = KeySet::from(key.verifying_key());
        assert_eq!(jws::verify_compact(&token, &keys, &[Algorithm::HS256]).unwrap(), b"payload");
    }
}
