//! What the tests share: the clock they stop, a verifier, and the vectors that are not in this repository.

use std::path::PathBuf;

use gatepost_jose::{Algorithm, KeySet, SigningKey, Verifier, jwt};
use serde_json::{Value, json};

pub(crate) const NOW: i64 = 1_760_000_000;
pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "notes";

/// The claims of a good access token.
pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "usr_ada", "client_id": "web", "sid": "ses_1", "jti": "1",
        "iat": NOW - 10, "exp": NOW + 900, "scope": "notes:read notes:write", "roles": ["admin"],
    })
}

/// [`claims`], with one set to `value` or, by `null`, left out.
pub(crate) fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    claims
}

pub(crate) fn key() -> SigningKey {
    SigningKey::generate(Algorithm::EdDSA).unwrap().with_kid("k1")
}

pub(crate) fn verifier(key: &SigningKey) -> Verifier {
    Verifier::new(ISSUER, AUDIENCE, KeySet::from(key.verifying_key()))
}

pub(crate) fn token(claims: &Value, key: &SigningKey) -> String {
    jwt::sign("at+jwt", claims, key).unwrap()
}

/// Signs a payload that need not be JSON.
pub(crate) fn token_of_text(payload: &[u8], key: &SigningKey) -> String {
    gatepost_jose::jws::sign_compact("at+jwt", payload, key)
}

/// A vector file of the repository.
pub(crate) fn own_vectors(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A third-party vector file, or `None` and a line on standard error when the folder is not there.
///
/// The folder is `GATEPOST_VECTORS`, or `shared/vectors` beside the repository.
pub(crate) fn shared_vectors(name: &str) -> Option<Value> {
    let folder = std::env::var_os("GATEPOST_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let path = folder.join(name);
    let Ok(bytes) = std::fs::read(&path) else {
        eprintln!("SKIPPED: {name} is not there; set GATEPOST_VECTORS to the folder of the vectors");
        return None;
    };
    Some(serde_json::from_slice(&bytes).unwrap())
}

/// base64url without padding, for building tokens that the library would not.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits =
            group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for at in 0..=group.len() {
            text.push(char::from(ALPHABET[(bits >> (18 - 6 * at)) as usize & 63]));
        }
    }
    text
}

/// The bytes behind base64url text, as far as it is such: trailing bits are not looked at.
pub(crate) fn from_base64url(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held).to_le_bytes()[0]);
        }
    }
    Some(bytes)
}

/// A good public RSA key of 2048 bits, `rsa-1`.
pub(crate) fn rsa_jwk() -> Value {
    own_vectors("attack-tokens.json")["jwks"]["keys"][0].clone()
}
