//! Several issuers for one audience.

use std::collections::HashMap;
use std::sync::Arc;

use crate::header::Compact;
use crate::{Claims, Proof, Refused, Verifier, base64url, json};

/// Up to so many verifiers are asked in turn whether they have seen a token, before its issuer is read.
const ASKED_IN_TURN: usize = 4;

/// Verifies tokens of several issuers. The keys are those of the issuer that the token names, and no other's: a key of one issuer
/// never signs for another (RFC 8725 section 3.8).
#[derive(Debug)]
pub struct Verifiers {
    all: Vec<Arc<Verifier>>,
    by_issuer: HashMap<Box<str>, usize>,
}

impl Verifiers {
    /// The verifiers, one an issuer. Of two for one issuer the first counts.
    pub fn new(verifiers: Vec<Arc<Verifier>>) -> Self {
        let mut by_issuer = HashMap::with_capacity(verifiers.len());
        for (at, verifier) in verifiers.iter().enumerate() {
            by_issuer.entry(verifier.issuer().into()).or_insert(at);
        }
        Self { all: verifiers, by_issuer }
    }

    /// As [`Verifier::verify`], by the verifier of the token's issuer. [`Refused::WrongIssuer`] when there is none.
    pub fn verify(&self, token: &str, now: i64) -> Result<Arc<Claims>, Refused> {
        self.of_token(token)?.verify(token, now)
    }

    /// As [`Verifier::verify_with_proof`], by the verifier of the token's issuer.
    pub fn verify_with_proof(&self, token: &str, proof: Proof<'_>, now: i64) -> Result<Arc<Claims>, Refused> {
        self.of_token(token)?.verify_with_proof(token, proof, now)
    }

    fn of_token(&self, token: &str) -> Result<&Arc<Verifier>, Refused> {
        if let [only] = self.all.as_slice() {
            return Ok(only);
        }
        if token.len() > crate::MAX_TOKEN_BYTES {
            return Err(Refused::TooLarge);
        }
        if self.all.len() <= ASKED_IN_TURN
            && let Some(verifier) = self.all.iter().find(|verifier| verifier.has_seen(token))
        {
            return Ok(verifier);
        }
        self.find(token)
    }

    /// The verifier of an issuer.
    pub fn of(&self, issuer: &str) -> Option<&Arc<Verifier>> {
        self.by_issuer.get(issuer).map(|at| &self.all[*at])
    }

    /// The verifier whose issuer the token *says* it is of. Nothing about the token was checked: only for knowing whose keys to
    /// fetch after [`Refused::is_unknown_key`].
    pub fn claimed_issuer(&self, token: &str) -> Option<&Arc<Verifier>> {
        self.find(token).ok()
    }

    /// All verifiers.
    pub fn all(&self) -> &[Arc<Verifier>] {
        &self.all
    }

    fn find(&self, token: &str) -> Result<&Arc<Verifier>, Refused> {
        let parts = Compact::split(token)?;
        let payload =
            base64url::decode(parts.payload).ok_or(Refused::Malformed("the payload is not base64url"))?;
        let payload =
            String::from_utf8(payload).map_err(|_| Refused::Malformed("the payload is not UTF-8"))?;
        let issuer: String = json::member(&payload, "iss")
            .and_then(|raw| serde_json::from_str(raw).ok())
            .ok_or(Refused::ClaimMissing("iss"))?;
        self.of(&issuer).ok_or(Refused::WrongIssuer)
    }
}
