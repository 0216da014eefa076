//! The key of a client that its tokens are bound to (RFC 9449).

use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::relying_party::ISSUER;
use crate::support::TestApp;

/// The key of a client.
pub struct Key(EcdsaKeyPair);

impl Key {
    pub fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub fn jwk(&self) -> Value {
        let point = self.0.public_key().as_ref();
        let [x, y] = [&point[1..33], &point[33..]].map(|half| BASE64URL_NOPAD.encode(half));
        json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y })
    }

    /// RFC 7638
    pub fn thumbprint(&self) -> String {
        let jwk = self.jwk();
        let text = format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, jwk["x"], jwk["y"]);
        BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
    }

    /// A proof, each time another.
    pub fn proof(&self, app: &TestApp, method: &str, path: &str, token: Option<&str>) -> String {
        self.signed(
            &json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk() }),
            &said(app, method, path, token),
        )
    }

    /// Whatever is in it.
    pub fn signed(&self, head: &Value, said: &Value) -> String {
        let parts = [head, said].map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes()));
        let signed = parts.join(".");
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }

    pub fn at_token(&self, app: &TestApp) -> String {
        self.proof(app, "POST", "/oauth/token", None)
    }
}

/// What a proof says, each time with another `jti`.
pub fn said(app: &TestApp, method: &str, path: &str, token: Option<&str>) -> Value {
    let mut said = json!({
        "jti": random(), "htm": method, "htu": format!("{ISSUER}{path}"), "iat": app.clock.now().unix_seconds(),
    });
    if let Some(token) = token {
        let hash = digest::digest(&digest::SHA256, token.as_bytes());
        said["ath"] = BASE64URL_NOPAD.encode(hash.as_ref()).into();
    }
    said
}

/// Letters that nobody has seen before.
#[expect(clippy::disallowed_methods, reason = "a client has randomness of its own")]
pub fn random() -> String {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    BASE64URL_NOPAD.encode(&bytes)
}
