//! Tokens that are signed with a secret which the applications of a profile know (HS256).
//!
//! Whoever has the secret can make such tokens. So they open the profile's own routes and nothing else: neither the API of the server
//! nor anything of clients takes one.

use gatepost_domain::EachOnce;
use gatepost_jose::{Algorithm, KeySet, SigningKey, jws, jwt};
use serde::{Serialize, de::DeserializeOwned};

use crate::http::Problem;

/// The secrets of a realm that are good now: the one that signs, the next one, and those whose last token has not expired.
#[derive(Default)]
pub struct SharedSecrets {
    signer: Option<SigningKey>,
    verifying: Vec<KeySet>,
}

impl SharedSecrets {
    /// One more.
    pub(super) fn add(&mut self, key: SigningKey, signs: bool) {
        // The contracts know no key ids.
        let key = key.with_kid("");
        self.verifying.push(KeySet::from(key.verifying_key()));
        if signs {
            self.signer = Some(key);
        }
    }

    /// The one that signs.
    pub(super) fn signer(&self) -> Option<&SigningKey> {
        self.signer.as_ref()
    }

    /// Signs a token of the profile.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, Problem> {
        let signer = self.signer().ok_or_else(|| Problem::internal("the realm shares no secret"))?;
        jwt::sign("JWT", claims, signer).map_err(Problem::internal)
    }

    /// What a token of the profile says, if one of the secrets signed it. Its time is for the caller to look at.
    pub fn open<T: DeserializeOwned>(&self, token: &str) -> Option<T> {
        let mut opened =
            self.verifying.iter().filter_map(|key| jws::verify_compact(token, key, &[Algorithm::HS256]).ok());
        let payload = opened.next()?;
        // One that says something twice says nothing (JWT-10).
        serde_json::from_slice::<EachOnce>(&payload).ok()?;
        serde_json::from_slice(&payload).ok()
    }
}
