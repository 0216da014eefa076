//! Proofs that whoever sends a request possesses a key (RFC 9449): "demonstrating proof of possession".

mod api;

use aws_lc_rs::digest;
use serde::Deserialize;
use serde_json::Number;

use crate::{Algorithm, Refused, base64url, json, jws};

pub use api::{AddressRefused, Proofs};

/// How old a proof may be, in seconds: it is made for one request.
const MAX_AGE: i64 = 60;
/// How far, in seconds, the clock of who made it may be ahead.
const LEEWAY: i64 = 10;
/// The longest `jti`.
const LONGEST_ID: usize = 256;

/// The request that a proof must have been made for.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its URI, as clients know it; a query does not matter.
    pub uri: &'a str,
    /// The access token it carries. At a token endpoint there is none.
    pub access_token: Option<&'a str>,
    /// The nonces of which the proof must have one; it needs none where this is empty.
    pub nonces: &'a [&'a str],
}

/// What a good proof shows. Whether it was used before is for the caller to know: by `id` together with `thumbprint`, and until
/// `expires_at`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// The thumbprint of the key (RFC 7638): `jkt` of the tokens that are bound to it.
    pub thumbprint: String,
    /// `jti`
    pub id: String,
    /// From when on, in Unix seconds, the proof would be refused as too old.
    pub expires_at: i64,
}

/// Why a proof was refused (RFC 9449 section 4.3). `Display` is for logs: it holds nothing of the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofRefused {
    /// It is no JWS of type `dpop+jwt` by the public key in its own header.
    #[error("the proof is not signed by the key it shows: {0}")]
    Signature(#[from] Refused),
    /// `jti`, `htm`, `htu` or `iat` is missing or of another type.
    #[error("the proof needs jti, htm, htu and iat")]
    Malformed,
    /// `htm`
    #[error("the proof is for another method (htm)")]
    WrongMethod,
    /// `htu`
    #[error("the proof is for another address (htu)")]
    WrongAddress,
    /// `ath`
    #[error("the proof is for another access token, or for none (ath)")]
    WrongToken,
    /// `iat` lies too far back.
    #[error("the proof is too old (iat)")]
    TooOld,
    /// `iat` lies in the future.
    #[error("the proof was made in the future (iat); check the clocks")]
    TooEarly,
    /// `jti` of this key was there before. Only [`Proofs`] knows.
    #[error("the proof was used before (jti)")]
    Used,
    /// `nonce` is missing or not one of the present ones: the client is to be given one, and tries again.
    #[error("the proof has not the nonce it needs")]
    NonceNeeded,
}

impl ProofRefused {
    /// The error code a client is told (RFC 9449 sections 5, 8 and 12.2).
    pub const fn code(self) -> &'static str {
        match self {
            Self::NonceNeeded => "use_dpop_nonce",
            Self::Signature(_)
            | Self::Malformed
            | Self::WrongMethod
            | Self::WrongAddress
            | Self::WrongToken
            | Self::TooOld
            | Self::TooEarly
            | Self::Used => "invalid_dpop_proof",
        }
    }
}

#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: Number,
    ath: Option<String>,
    nonce: Option<String>,
}

/// Whether `proof`, the value of the one header `DPoP`, was made for this request, now (Unix seconds), and with which key.
///
/// Only algorithms with a public key are taken, and only keys without a private half.
pub fn verify(proof: &str, expected: &Expected<'_>, now: i64) -> Result<Proved, ProofRefused> {
    if proof.len() > crate::MAX_TOKEN_BYTES {
        return Err(Refused::TooLarge.into());
    }
    let (key, payload) = jws::verify_possession(proof, "dpop+jwt", &Algorithm::ASYMMETRIC)?;
    let text = std::str::from_utf8(&payload).map_err(|_| ProofRefused::Malformed)?;
    json::check(text).map_err(|_| ProofRefused::Malformed)?;
    let claims: Claims = serde_json::from_str(text).map_err(|_| ProofRefused::Malformed)?;
    if claims.jti.is_empty() || claims.jti.len() > LONGEST_ID {
        return Err(ProofRefused::Malformed);
    }
    if claims.htm != expected.method {
        return Err(ProofRefused::WrongMethod);
    }
    let (named, meant) = (normal(&claims.htu), normal(expected.uri));
    if named.is_none() || named != meant {
        return Err(ProofRefused::WrongAddress);
    }
    let issued_at = seconds(&claims.iat).ok_or(ProofRefused::Malformed)?;
    if issued_at > now.saturating_add(LEEWAY) {
        return Err(ProofRefused::TooEarly);
    }
    if issued_at < now.saturating_sub(MAX_AGE) {
        return Err(ProofRefused::TooOld);
    }
    if let Some(token) = expected.access_token {
        let hash = base64url::encode(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        if claims.ath != Some(hash) {
            return Err(ProofRefused::WrongToken);
        }
    }
    if !expected.nonces.is_empty() && !claims.nonce.is_some_and(|nonce| expected.nonces.contains(&&*nonce)) {
        return Err(ProofRefused::NonceNeeded);
    }
    Ok(Proved { thumbprint: key.thumbprint(), id: claims.jti, expires_at: issued_at + MAX_AGE + 1 })
}

/// A NumericDate (RFC 7519 section 2) within the years 1970 to 9999; a fraction is dropped.
fn seconds(number: &Number) -> Option<i64> {
    let whole = number.as_i64().or_else(|| {
        let fraction = number.as_f64().filter(|number| (0.0..253_402_300_800.0).contains(number))?;
        #[expect(clippy::cast_possible_truncation, reason = "within the range above")]
        let whole = fraction as i64;
        Some(whole)
    })?;
    (0..253_402_300_800).contains(&whole).then_some(whole)
}

/// A URI without query and fragment, normalised by syntax and scheme (RFC 3986 sections 6.2.2 and 6.2.3) as far as clients and
/// proxies differ: the case of scheme and host, the default port, the empty path, what is escaped without need. `None`: it is not an
/// address of a server.
fn normal(uri: &str) -> Option<String> {
    let bare = uri.split(['?', '#']).next()?;
    let (scheme, rest) = bare.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if authority.is_empty() || authority.contains('@') {
        return None;
    }
    let default_port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let authority = authority.to_ascii_lowercase();
    let authority = authority.strip_suffix(default_port).unwrap_or(&authority);
    let mut normal = format!("{scheme}://{authority}");
    if path.is_empty() {
        normal.push('/');
    } else {
        unescape_onto(path, &mut normal);
    }
    Some(normal)
}

/// The path with the letters, digits and `-._~` that it escapes as themselves, and what else it escapes in capitals.
fn unescape_onto(path: &str, normal: &mut String) {
    let mut parts = path.split('%');
    normal.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let escaped = part.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let byte = escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (byte, escaped) {
            (Some(byte), _) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                normal.push(byte.into());
            }
            (_, Some(digits)) => {
                normal.push('%');
                normal.push_str(&digits.to_ascii_uppercase());
            }
            _ => normal.push('%'),
        }
        normal.push_str(&part[escaped.map_or(0, str::len)..]);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{SigningKey, signing_key::LONGEST_SIGNATURE};

    const NOW: i64 = 1_800_000_000;
    const EXPECTED: Expected<'_> =
        Expected { method: "POST", uri: "https://id.test/oauth/token", access_token: None, nonces: &[] };

    fn signed(header: &Value, payload: &str, key: &SigningKey) -> String {
        let mut proof = base64url::encode(header.to_string().as_bytes());
        proof.push('.');
        base64url::encode_onto(payload.as_bytes(), &mut proof);
        let mut place = [0; LONGEST_SIGNATURE];
        let signature = key.sign(proof.as_bytes(), &mut place).to_vec();
        proof.push('.');
        base64url::encode_onto(&signature, &mut proof);
        proof
    }

    fn header(key: &SigningKey) -> Value {
        json!({ "typ": "dpop+jwt", "alg": key.algorithm().as_str(), "jwk": key.public_jwk().unwrap() })
    }

    fn claims(changes: &Value) -> String {
        let mut claims = json!({ "jti": "1", "htm": "POST", "htu": EXPECTED.uri, "iat": NOW });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims.to_string()
    }

    #[test]
    fn a_proof_shows_the_key_it_is_signed_with() {
        for algorithm in [Algorithm::ES256, Algorithm::EdDSA, Algorithm::PS256, Algorithm::RS256] {
            let key = SigningKey::generate(algorithm).unwrap();
            let proof = signed(&header(&key), &claims(&json!({})), &key);
            let proved = verify(&proof, &EXPECTED, NOW).unwrap();
            assert_eq!(proved.thumbprint, key.public_jwk().unwrap().thumbprint());
            assert_eq!((proved.id.as_str(), proved.expires_at), ("1", NOW + 61));
            assert_eq!(verify(&proof, &EXPECTED, NOW + 60).map(drop), Ok(()));
            assert_eq!(verify(&proof, &EXPECTED, proved.expires_at).map(drop), Err(ProofRefused::TooOld));
        }
    }

    #[test]
    fn jwt_14_a_proof_is_for_one_request() {
        use ProofRefused as No;
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        let ath = base64url::encode(digest::digest(&digest::SHA256, b"token").as_ref());
        let with_token = Expected { access_token: Some("token"), ..EXPECTED };
        let with_nonce = Expected { nonces: &["new", "old"], ..EXPECTED };
        for (changes, expected, answer) in [
            (json!({ "htu": "HTTPS://ID.test:443/oauth/token?x#y" }), EXPECTED, Ok(())),
            (json!({ "htu": "https://id.test/%6fauth/%74oken" }), EXPECTED, Ok(())),
            (json!({ "htu": "https://id.test/oauth%2Ftoken" }), EXPECTED, Err(No::WrongAddress)),
            (json!({ "htu": "https://id.test/oauth/token%" }), EXPECTED, Err(No::WrongAddress)),
            (json!({ "htu": "https://id.test/oauth/token%2€" }), EXPECTED, Err(No::WrongAddress)),
            (json!({ "iat": NOW + 10 }), EXPECTED, Ok(())),
            (json!({ "iat": 1_800_000_000.5 }), EXPECTED, Ok(())),
            (json!({ "htm": "GET" }), EXPECTED, Err(No::WrongMethod)),
            (json!({ "htm": "post" }), EXPECTED, Err(No::WrongMethod)),
            (json!({ "htu": "https://evil.test/oauth/token" }), EXPECTED, Err(No::WrongAddress)),
            (json!({ "htu": "https://id.test/oauth/token/" }), EXPECTED, Err(No::WrongAddress)),
            (json!({ "htu": "https://id.test/oauth/TOKEN" }), EXPECTED, Err(No::WrongAddress)),
            (json!({ "htu": "http://id.test/oauth/token" }), EXPECTED, Err(No::WrongAddress)),
            (json!({ "htu": "https://id.test:8443/oauth/token" }), EXPECTED, Err(No::WrongAddress)),
            (json!({ "htu": "https://id.test@evil.test/oauth/token" }), EXPECTED, Err(No::WrongAddress)),
            (json!({ "htu": "/oauth/token" }), EXPECTED, Err(No::WrongAddress)),
            (json!({ "iat": NOW - 61 }), EXPECTED, Err(No::TooOld)),
            (json!({ "iat": NOW + 11 }), EXPECTED, Err(No::TooEarly)),
            (json!({ "iat": -1 }), EXPECTED, Err(No::Malformed)),
            (json!({ "iat": "1800000000" }), EXPECTED, Err(No::Malformed)),
            (json!({ "jti": null }), EXPECTED, Err(No::Malformed)),
            (json!({ "jti": "" }), EXPECTED, Err(No::Malformed)),
            (json!({ "htm": null }), EXPECTED, Err(No::Malformed)),
            (json!({ "htu": null }), EXPECTED, Err(No::Malformed)),
            (json!({ "iat": null }), EXPECTED, Err(No::Malformed)),
            (json!({ "ath": ath }), with_token, Ok(())),
            (json!({ "ath": "x" }), with_token, Err(No::WrongToken)),
            (json!({}), with_token, Err(No::WrongToken)),
            (json!({ "nonce": "old" }), with_nonce, Ok(())),
            (json!({ "nonce": "x" }), with_nonce, Err(No::NonceNeeded)),
            (json!({}), with_nonce, Err(No::NonceNeeded)),
        ] {
            let proof = signed(&header(&key), &claims(&changes), &key);
            assert_eq!(verify(&proof, &expected, NOW).map(drop), answer, "{changes}");
        }
        assert_eq!(No::NonceNeeded.code(), "use_dpop_nonce");
        assert_eq!(No::TooOld.code(), "invalid_dpop_proof");
        let twice = claims(&json!({})).replacen('{', r#"{"jti":"2","#, 1);
        let proof = signed(&header(&key), &twice, &key);
        assert_eq!(
            verify(&proof, &EXPECTED, NOW).map(drop),
            Err(No::Malformed),
            "a claim that is there twice"
        );
    }

    #[test]
    fn jwt_14_a_proof_is_by_the_public_key_in_its_header() {
        let (key, other) = (
            SigningKey::generate(Algorithm::ES256).unwrap(),
            SigningKey::generate(Algorithm::ES256).unwrap(),
        );
        let refused = |header: &Value, key: &SigningKey| {
            let proof = signed(header, &claims(&json!({})), key);
            assert!(matches!(verify(&proof, &EXPECTED, NOW), Err(ProofRefused::Signature(_))), "{header}");
        };
        refused(&header(&key), &other);
        let with = |name: &str, value: Value| {
            let mut header = header(&key);
            header[name] = value;
            header
        };
        let mut private = serde_json::to_value(key.public_jwk().unwrap()).unwrap();
        private["d"] = json!("AAAA");
        refused(&with("jwk", private), &key);
        refused(&with("jwk", json!({ "kty": "oct", "k": "AAAA" })), &key);
        refused(&with("jwk", Value::Null), &key);
        for typ in ["JWT", "at+jwt", ""] {
            refused(&with("typ", json!(typ)), &key);
        }
        for alg in ["none", "HS256", "RS256"] {
            refused(&with("alg", json!(alg)), &key);
        }
        let secret = SigningKey::from_secret(Algorithm::HS256, "", &[7; 32]).unwrap();
        refused(&with("alg", json!("HS256")), &secret);
        let long = "a".repeat(crate::MAX_TOKEN_BYTES + 1);
        assert_eq!(verify(&long, &EXPECTED, NOW), Err(ProofRefused::Signature(Refused::TooLarge)));
    }
}
