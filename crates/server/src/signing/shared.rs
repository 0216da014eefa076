//! Tokens that are signed with a secret which the applications of a profile know (HS256).
//!
//! Whoever has the secret can make such tokens. So they open the profile's own routes and nothing else: neither the API of the server
//! nor anything of clients takes one.

use std::sync::Arc;

use gatepost_domain::{EachOnce, SessionId};
use gatepost_jose::{Algorithm, KeySet, Memo, SigningKey, jws, jwt};
use serde::{Deserialize, Serialize};

use crate::http::Problem;

/// As many tokens are opened once and then known again, as by any verifier.
const KNOWN: usize = 4096;

/// What such a token says. What else an application may find in it means nothing here.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SharedClaims {
    /// Whom it is about, as the profile calls them.
    pub sub: String,
    /// What it may be used for, where the profile says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// When it expires, in seconds.
    pub exp: i64,
    /// What it is for.
    pub r#type: String,
    /// Since when it is good, in seconds.
    pub iat: i64,
    /// What it is known again by.
    pub jti: String,
    /// The session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
}

impl SharedClaims {
    /// Everything that it says, but for its mark.
    pub fn statement(&self) -> Result<Vec<u8>, Problem> {
        serde_json::to_vec(&Self { jti: String::new(), ..self.clone() }).map_err(Problem::internal)
    }
}

/// The secrets of a realm that are good now: the one that signs, the next one, and those whose last token has not expired.
pub struct SharedSecrets {
    signer: Option<SigningKey>,
    verifying: Vec<KeySet>,
    /// What was opened with these secrets and is of the server's own making. It goes when they change.
    proven: Memo<SharedClaims>,
}

impl Default for SharedSecrets {
    fn default() -> Self {
        Self { signer: None, verifying: Vec::new(), proven: Memo::new(KNOWN) }
    }
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
    pub fn open(&self, token: &str) -> Option<SharedClaims> {
        let mut opened =
            self.verifying.iter().filter_map(|key| jws::verify_compact(token, key, &[Algorithm::HS256]).ok());
        let payload = opened.next()?;
        // One that says something twice says nothing (JWT-10).
        serde_json::from_slice::<EachOnce>(&payload).ok()?;
        serde_json::from_slice(&payload).ok()
    }

    /// The same of one that is of the server's own making, as `is_ours` says of what was not seen before.
    pub fn open_own(
        &self,
        token: &str,
        is_ours: impl FnOnce(&SharedClaims) -> bool,
    ) -> Option<Arc<SharedClaims>> {
        let known = self.proven.find(token.as_bytes());
        known.or_else(|| {
            let claims = self.open(token).filter(is_ours).map(Arc::new)?;
            self.proven.keep(token.as_bytes(), &claims);
            Some(claims)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(text: &[u8; 32]) -> SharedSecrets {
        let mut secrets = SharedSecrets::default();
        secrets.add(SigningKey::from_secret(Algorithm::HS256, "", text).unwrap(), true);
        secrets
    }

    #[test]
    fn what_was_proven_is_known_as_long_as_its_secret_is() {
        let (one, other) = (secrets(&[1; 32]), secrets(&[2; 32]));
        let token = one.sign(&SharedClaims { sub: "ada".to_owned(), ..SharedClaims::default() }).unwrap();
        assert!(one.open_own(&token, |_| false).is_none(), "signed with the secret, and not ours");
        assert_eq!(one.open_own(&token, |claims| claims.sub == "ada").unwrap().sub, "ada");
        let asked_again = |_: &SharedClaims| panic!("asked again of what is known");
        assert_eq!(one.open_own(&token, asked_again).unwrap().sub, "ada");
        // When secrets change, they are others.
        assert!(other.open_own(&token, |_| true).is_none());
        assert!(one.open_own(&format!("{token}A"), |_| true).is_none());
    }
}
