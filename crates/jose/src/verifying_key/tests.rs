//! Wycheproof's cases for the primitives (C2SP/wycheproof, Apache-2.0, read from outside the repository), through [`VerifyingKey`].

use std::path::PathBuf;

use serde_json::Value;

use super::VerifyingKey;
use crate::jwk::Jwk;
use crate::{Algorithm, KeyRefused};

fn vectors(name: &str) -> Option<Value> {
    let folder = std::env::var_os("GATEPOST_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let Ok(bytes) = std::fs::read(folder.join("wycheproof").join(name)) else {
        eprintln!(
            "SKIPPED: wycheproof/{name} is not there; set GATEPOST_VECTORS to the folder of the vectors"
        );
        return None;
    };
    Some(serde_json::from_slice(&bytes).unwrap())
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// Runs a file of signatures; answers how many were run and how many keys were refused.
fn signatures(name: &str, algorithm: Algorithm) -> Option<(usize, usize)> {
    let file = vectors(name)?;
    let (mut run, mut keys_refused) = (0, 0);
    for group in file["testGroups"].as_array().unwrap() {
        let jwk = [&group["publicKeyJwk"], &group["keyJwk"]].into_iter().find(|jwk| jwk.is_object());
        let Some(mut jwk) = jwk.cloned() else {
            keys_refused += 1;
            continue;
        };
        jwk["alg"] = algorithm.as_str().into();
        let jwk: Jwk = serde_json::from_value(jwk).unwrap();
        let key = match VerifyingKey::from_jwk(&jwk, algorithm) {
            Ok(key) => key,
            Err(KeyRefused::RsaExponent | KeyRefused::RsaModulus) => {
                keys_refused += 1;
                continue;
            }
            Err(other) => panic!("{name}: {other}"),
        };
        for test in group["tests"].as_array().unwrap() {
            run += 1;
            let verified = key.verifies(&bytes(&test["msg"]), &bytes(&test["sig"]));
            match test["result"].as_str().unwrap() {
                "valid" => assert!(verified, "{name} {}: {}", test["tcId"], test["comment"]),
                "invalid" => assert!(!verified, "{name} {}: {}", test["tcId"], test["comment"]),
                _ => {}
            }
        }
    }
    Some((run, keys_refused))
}

macro_rules! files {
    ($($test:ident: $file:literal with $algorithm:ident, at least $least:literal,)*) => {$(
        #[test]
        fn $test() {
            if let Some((run, keys_refused)) = signatures($file, Algorithm::$algorithm) {
                assert!(run >= $least, "only {run} cases, {keys_refused} groups without a usable key");
            }
        }
    )*};
}

files! {
    wycheproof_ecdsa_p256: "ecdsa_secp256r1_sha256_p1363_test.json" with ES256, at least 100,
    wycheproof_ecdsa_p384: "ecdsa_secp384r1_sha384_p1363_test.json" with ES384, at least 100,
    wycheproof_ed25519: "ed25519_test.json" with EdDSA, at least 70,
    wycheproof_rsa_2048: "rsa_signature_2048_sha256_test.json" with RS256, at least 100,
    wycheproof_rsa_3072: "rsa_signature_3072_sha256_test.json" with RS256, at least 100,
    wycheproof_rsa_4096: "rsa_signature_4096_sha256_test.json" with RS256, at least 100,
    wycheproof_rsa_pss: "rsa_pss_2048_sha256_mgf1_32_test.json" with PS256, at least 50,
}

/// Only tags of full length are signatures here (RFC 7518 section 3.2), so a truncated tag is refused although it is a good MAC.
fn macs(name: &str, algorithm: Algorithm, digest: usize) {
    let Some(file) = vectors(name) else { return };
    let mut run = 0;
    for group in file["testGroups"].as_array().unwrap() {
        for test in group["tests"].as_array().unwrap() {
            let secret = bytes(&test["key"]);
            let key = match VerifyingKey::from_secret(algorithm, "k", &secret) {
                Ok(key) => key,
                Err(refused) => {
                    assert_eq!(refused, KeyRefused::ShortSecret(algorithm, digest));
                    assert!(secret.len() < digest);
                    continue;
                }
            };
            run += 1;
            let tag = bytes(&test["tag"]);
            let valid = test["result"] == "valid" && tag.len() == digest;
            assert_eq!(
                key.verifies(&bytes(&test["msg"]), &tag),
                valid,
                "{name} {}: {}",
                test["tcId"],
                test["comment"]
            );
        }
    }
    assert!(run > 20, "{name}: only {run} cases");
}

#[test]
fn wycheproof_hmac_sha256() {
    macs("hmac_sha256_test.json", Algorithm::HS256, 32);
}

#[test]
fn wycheproof_hmac_sha384() {
    macs("hmac_sha384_test.json", Algorithm::HS384, 48);
}

#[test]
fn wycheproof_hmac_sha512() {
    macs("hmac_sha512_test.json", Algorithm::HS512, 64);
}
