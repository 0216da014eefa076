//! A client that signs: its assertions (RFC 7523) and its requests (RFC 9101).

use gatepost_jose::{Algorithm, SigningKey, jwt};
use serde_json::{Value, json};

use super::relying_party::{Asking, ISSUER};
use crate::support::TestApp;

pub const BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Who signs, and with what.
pub struct Signer {
    pub id: &'static str,
    pub key: SigningKey,
}

impl Signer {
    pub fn new(id: &'static str, algorithm: Algorithm) -> Self {
        Self { id, key: SigningKey::generate(algorithm).unwrap().with_kid(id) }
    }

    /// Its public key, as a setting of the declarative file.
    pub fn jwks(&self) -> String {
        let jwk = serde_json::to_value(self.key.public_jwk().unwrap()).unwrap();
        let members: Vec<String> =
            jwk.as_object().unwrap().iter().map(|(name, value)| format!("{name} = {value}")).collect();
        format!("jwks = {{ keys = [{{ {} }}] }}", members.join(", "))
    }

    pub fn sign(&self, typ: &str, claims: &Value) -> String {
        jwt::sign(typ, claims, &self.key).unwrap()
    }

    /// An assertion, each time another, with changes; `null` takes a claim away.
    pub fn assertion(&self, app: &TestApp, changes: &Value) -> String {
        let now = app.clock.now().unix_seconds();
        let jti = super::proof_key::random();
        let mut claims =
            json!({ "iss": self.id, "sub": self.id, "aud": ISSUER, "exp": now + 60, "iat": now, "jti": jti });
        change(&mut claims, changes);
        self.sign("JWT", &claims)
    }

    /// What a request object says that asks for this, with changes; `null` takes a member away.
    pub fn said(&self, app: &TestApp, asking: &Asking, changes: &Value) -> Value {
        let now = app.clock.now().unix_seconds();
        let mut said = json!({ "iss": self.id, "aud": ISSUER, "nbf": now, "exp": now + 300 });
        for (name, value) in &asking.0 {
            said[name] = value.as_str().into();
        }
        change(&mut said, changes);
        said
    }

    pub fn object(&self, app: &TestApp, asking: &Asking, changes: &Value) -> String {
        self.sign("oauth-authz-req+jwt", &self.said(app, asking, changes))
    }
}

fn change(claims: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
}
