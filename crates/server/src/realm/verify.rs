//! Tokens that come back to the realm that made them.

use std::sync::Arc;

use axum::http::{Uri, uri::Authority};
use gatepost_domain::Timestamp;
use gatepost_jose::{Claims, Proof, Refused, Verifier, dangerous_decode_without_verifying};
use serde_json::Value;

use super::Snapshot;
use crate::{App, http::Problem};

/// How tokens of the realm's own sign-in differ from all others, where it says so (`token_issuer`).
pub(super) struct SignIns {
    pub(super) issuer: Box<str>,
    pub(super) verifier: Verifier,
}

/// What such a token says it is: nothing that an application which was written for another server could stumble over.
pub(crate) const SIGN_IN_TYPE: &str = "JWT";

impl Snapshot {
    /// The claims of a token meant for the realm's own API: of its own sign-in, or one that names the realm itself as audience.
    pub fn verify_own(&self, token: &str, now: Timestamp) -> Result<Arc<Claims>, Refused> {
        let now = now.unix_seconds();
        match self.sign_ins.as_ref().map(|sign_ins| sign_ins.verifier.verify(token, now)) {
            None | Some(Err(Refused::WrongType | Refused::WrongIssuer)) => self.verifier.verify(token, now),
            Some(verified) => verified,
        }
    }

    /// What verifies this token as an API of that audience does, or as the realm's own where none is named.
    pub fn verifier_of(&self, token: &str, audience: Option<&str>) -> Verifier {
        let keys = self.keys.verifying();
        let issuer = payload(token).and_then(|claims| claims["iss"].as_str().map(str::to_owned));
        match self.sign_ins.as_ref().filter(|sign_ins| issuer.as_deref() == Some(&*sign_ins.issuer)) {
            Some(SignIns { issuer, verifier }) => {
                Verifier::new(issuer, audience.unwrap_or(verifier.audience()), keys).typ(SIGN_IN_TYPE)
            }
            None => Verifier::new(&self.issuer, audience.unwrap_or(&self.issuer), keys),
        }
    }

    /// The claims of an access token of this realm that whoever holds it may use, whomever the token is for.
    pub fn verify_any(&self, token: &str, now: Timestamp) -> Result<Arc<Claims>, Refused> {
        self.verify_with(token, |verifier| verifier.verify(token, now.unix_seconds()))
    }

    /// The same, also of a token that is bound to a key, with the thumbprint of that key (RFC 9449 section 6.1). Whoever uses the
    /// token must prove possession of it; that is for the caller to see to.
    pub fn verify_bound(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<(Arc<Claims>, Option<String>), Refused> {
        match self.verify_any(token, now) {
            Err(Refused::ProofRequired) => {}
            verified => return Ok((verified?, None)),
        }
        // Ours by then, as below.
        let key = payload(token).and_then(|claims| claims["cnf"]["jkt"].as_str().map(str::to_owned));
        let key = key.ok_or(Refused::ProofRequired)?;
        let now = now.unix_seconds();
        let verify = |verifier: &Verifier| verifier.verify_with_proof(token, Proof::Key(&key), now);
        Ok((self.verify_with(token, verify)?, Some(key)))
    }

    fn verify_with(
        &self,
        token: &str,
        verify: impl Fn(&Verifier) -> Result<Arc<Claims>, Refused>,
    ) -> Result<Arc<Claims>, Refused> {
        let sign_in =
            self.sign_ins.as_ref().map(|sign_ins| self.verify_for_any(token, &sign_ins.verifier, &verify));
        match sign_in {
            None | Some(Err(Refused::WrongType | Refused::WrongIssuer)) => {
                self.verify_for_any(token, &self.verifier, &verify)
            }
            Some(verified) => verified,
        }
    }

    /// By this verifier, whatever its audience.
    fn verify_for_any(
        &self,
        token: &str,
        by: &Verifier,
        verify: impl Fn(&Verifier) -> Result<Arc<Claims>, Refused>,
    ) -> Result<Arc<Claims>, Refused> {
        let refused = match verify(by) {
            Err(refused @ Refused::WrongAudience) => refused,
            verified => return verified,
        };
        // Ours by then, so that what it says of itself is what we said.
        let named = payload(token).and_then(|claims| {
            let named = claims["aud"].as_str().or_else(|| claims["aud"][0].as_str());
            named.map(str::to_owned)
        });
        let Some(named) = named else { return Err(refused) };
        let other = Verifier::new(by.issuer(), &named, self.keys.verifying()).cache(0);
        let is_sign_in = self.sign_in_issuer() == Some(by.issuer());
        verify(&if is_sign_in { other.typ(SIGN_IN_TYPE) } else { other })
    }
}

/// The name of the realm that a token says it is of, unchecked, where the issuer is the address under the realm's prefix. Only good for
/// finding whose keys the token is checked by.
pub(crate) fn named_by(token: &str, base: &str) -> Option<String> {
    let claims = payload(token)?;
    let after = claims["iss"].as_str()?.strip_prefix(base)?.trim_start_matches('/').strip_prefix("r/")?;
    after.split('/').next().map(str::to_owned)
}

/// The name of another realm of this server whose token it is, if it is good there. Whoever holds it can read that in it; of any other
/// token nothing is said.
pub(crate) async fn other_realm(
    app: &App,
    realm: &Snapshot,
    token: &str,
    now: Timestamp,
) -> Result<Option<String>, Problem> {
    let Some(issuer) = payload(token).and_then(|claims| claims["iss"].as_str()?.parse::<Uri>().ok()) else {
        return Ok(None);
    };
    let other = match named_by(token, app.public_url()) {
        Some(name) => app.realms().named(app, &name).await?,
        None => app.realms().for_host(app, issuer.authority().map_or("", Authority::as_str)).await?,
    };
    let other = other.filter(|other| other.id() != realm.id() && other.verify_any(token, now).is_ok());
    Ok(other.map(|other| other.name().to_string()))
}

/// What a token says of itself, unchecked.
fn payload(token: &str) -> Option<Value> {
    let token = dangerous_decode_without_verifying(token).ok()?;
    serde_json::from_str(token.payload()).ok()
}
