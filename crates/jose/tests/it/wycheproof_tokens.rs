//! Wycheproof's hostile and valid JWS and JWK (C2SP/wycheproof, Apache-2.0, read from outside the repository).

use gatepost_jose::{Algorithm, KeySet, Refused, SigningKey, jws};
use serde_json::Value;

use crate::support::{from_base64url, shared_vectors};

/// Labelled valid upstream although a `?` stands in the base64url text: invalid here (RFC 7515 section 2).
const FOREIGN_CHARACTER: [u64; 2] = [372, 373];
/// Named for padding they do not have; identical to a valid case. An upstream defect.
const NO_PADDING: [u64; 2] = [367, 370];

/// ES512 (on P-521) is none of this library's algorithms, so its valid token is refused too.
const ES512: [u64; 2] = [347, 351];

/// The keys of a group: public ones as they are, private ones and secrets through the import of signing keys.
///
/// An RSA key that names no algorithm is RS256 in a set. Whoever means another one says so; these vectors mean the token's.
fn keys(group: &Value, token: &str) -> Option<KeySet> {
    let mut given =
        if group["public"].is_object() { group["public"].clone() } else { group["private"].clone() };
    if given["kty"] == "RSA" && given["alg"].is_null() {
        given["alg"] = serde_json::from_slice::<Value>(&first_part(token)?).ok()?["alg"].clone();
    }
    if let Ok(keys) = KeySet::parse(given.to_string().as_bytes()) {
        return Some(keys);
    }
    let listed = given["keys"].as_array().cloned().unwrap_or_else(|| vec![given.clone()]);
    // One kind of key a set: secrets and key pairs in one set are how algorithms get confused.
    let secrets = listed.iter().filter(|key| key["kty"] == "oct").count();
    if secrets != 0 && secrets != listed.len() {
        return None;
    }
    let keys: Option<Vec<_>> = listed
        .iter()
        .map(|key| Some(SigningKey::from_jwk(key.to_string().as_bytes()).ok()?.verifying_key()))
        .collect();
    KeySet::new(keys?).ok()
}

fn first_part(token: &str) -> Option<Vec<u8>> {
    from_base64url(token.split('.').next()?)
}

fn verify(group: &Value, token: &Value) -> Result<Vec<u8>, Option<Refused>> {
    let token = token.as_str().map_or_else(|| token.to_string(), str::to_owned);
    let keys = keys(group, &token).ok_or(None)?;
    jws::verify_compact(&token, &keys, &Algorithm::ALL).map_err(Some)
}

fn run(file: &str) -> Option<(usize, Vec<String>)> {
    let file = shared_vectors(&format!("wycheproof/{file}"))?;
    let (mut all, mut wrong) = (0, Vec::new());
    for group in file["testGroups"].as_array().unwrap() {
        for test in group["tests"].as_array().unwrap() {
            let id = test["tcId"].as_u64().unwrap();
            if NO_PADDING.contains(&id) && test["comment"].as_str().unwrap().contains("Padding") {
                continue;
            }
            if test["jws"].is_null() {
                continue;
            }
            all += 1;
            let answer = verify(group, &test["jws"]);
            let valid = test["result"] == "valid" && !FOREIGN_CHARACTER.contains(&id) && !ES512.contains(&id);
            let right = match test["result"].as_str().unwrap() {
                "acceptable" => true,
                _ => answer.is_ok() == valid,
            };
            if !right {
                wrong.push(format!(
                    "{id} {} {} {answer:?} {}",
                    test["comment"], test["result"], group["comment"]
                ));
            }
        }
    }
    Some((all, wrong))
}

#[test]
fn wycheproof_json_web_signature() {
    if let Some((all, wrong)) = run("json_web_signature_test.json") {
        assert_eq!(wrong, Vec::<String>::new());
        assert!(all > 150, "only {all} cases");
    }
}

#[test]
fn wycheproof_json_web_key() {
    if let Some((all, wrong)) = run("json_web_key_test.json") {
        assert_eq!(wrong, Vec::<String>::new());
        assert!(all > 5, "only {all} cases");
    }
}

#[test]
fn wycheproof_json_web_crypto() {
    if let Some((all, wrong)) = run("json_web_crypto_test.json") {
        assert_eq!(wrong, Vec::<String>::new());
        assert!(all > 10, "only {all} cases");
    }
}
