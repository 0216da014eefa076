//! Keys that tokens are bound to, and the proofs of who has them (RFC 9449).

use aws_lc_rs::digest;
use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::support::NOW;

/// The address of the API: a proxy takes the prefix off.
pub(crate) const PUBLIC_URL: &str = "https://api.example.com/notes";

/// The key of a client.
pub(crate) struct ClientKey(EcdsaKeyPair);

impl ClientKey {
    pub(crate) fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn jwk(&self) -> Value {
        let point = self.0.public_key().as_ref();
        json!({ "kty": "EC", "crv": "P-256", "x": base64url(&point[1..33]), "y": base64url(&point[33..]) })
    }

    /// RFC 7638
    pub(crate) fn thumbprint(&self) -> String {
        let jwk = self.jwk();
        let text = format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, jwk["x"], jwk["y"]);
        base64url(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
    }

    /// A good proof for `GET` of a path, with this name.
    pub(crate) fn proof(&self, path: &str, token: &str, jti: &str) -> String {
        let changes =
            Changes { claims: json!({ "jti": jti }).as_object().unwrap().clone(), ..Changes::default() };
        changes.made(self, self, path, token)
    }
}

/// How a proof differs from a good one.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Changes {
    /// What is sent in its place.
    text: Option<String>,
    /// Whether it is sent twice in one header.
    joined: bool,
    /// Claims; `null` removes one.
    claims: Map<String, Value>,
    header: Map<String, Value>,
    /// How many seconds ago it was made.
    age: i64,
    /// Whose it is: another key than the token is bound to.
    key: Option<String>,
    signed_by: Option<String>,
    /// Whether the private half of the key stands in it.
    private: bool,
}

impl Changes {
    /// The proof for `GET` of this path with this token, by the key of the token or by another.
    pub(crate) fn made(&self, own: &ClientKey, other: &ClientKey, path: &str, token: &str) -> String {
        match self.text.as_deref() {
            Some("the token") => return token.to_owned(),
            Some(text) => return text.to_owned(),
            None => {}
        }
        let shown = if self.key.is_some() { other } else { own };
        let signing = if self.signed_by.is_some() { other } else { shown };
        let hash = digest::digest(&digest::SHA256, token.as_bytes());
        let mut claims = json!({
            "jti": "1", "htm": "GET", "htu": format!("{PUBLIC_URL}{path}"), "iat": NOW - self.age, "ath": base64url(hash.as_ref()),
        });
        let mut header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": shown.jwk() });
        if self.private {
            let scalar = shown.0.private_key().as_be_bytes().unwrap();
            header["jwk"]["d"] = base64url(scalar.as_ref()).into();
        }
        for (part, changes) in [(&mut header, &self.header), (&mut claims, &self.claims)] {
            let members = part.as_object_mut().unwrap();
            members.extend(changes.clone());
            members.retain(|_, value| !value.is_null());
        }
        let signed = [header, claims].map(|part| base64url(part.to_string().as_bytes())).join(".");
        #[expect(clippy::disallowed_methods, reason = "a client has randomness of its own")]
        let randomness = SystemRandom::new();
        let signature = signing.0.sign(&randomness, signed.as_bytes()).unwrap();
        let proof = format!("{signed}.{}", base64url(signature.as_ref()));
        if self.joined { format!("{proof}, {proof}") } else { proof }
    }
}

/// RFC 7515 appendix C
fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for letter in 0..=chunk.len() {
            text.push(LETTERS[(word >> (18 - 6 * letter) & 63) as usize].into());
        }
    }
    text
}
