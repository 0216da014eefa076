//! Proofs that a client possesses the key its tokens are bound to (RFC 9449).

use axum::http::HeaderMap;
use gatepost_domain::{Client, SecretDigest, Timestamp};
use gatepost_jose::{
    Algorithm, dangerous_decode_without_verifying,
    dpop::{self, Expected},
};
use gatepost_store::used_ids;
use serde_json::Value;

use super::OAuthError;
use crate::{App, http::Problem, realm::Snapshot};

/// What proofs are signed with.
pub(super) fn algorithms() -> [&'static str; 9] {
    Algorithm::ASYMMETRIC.map(Algorithm::as_str)
}

/// The one request that a proof is for.
pub(super) struct For<'a> {
    /// Its method.
    pub(super) method: &'a str,
    /// Its path within the realm.
    pub(super) path: &'a str,
    /// The access token it carries; none at the token endpoint.
    pub(super) access_token: Option<&'a str>,
}

/// Why a proof is none.
pub(super) enum NotProven {
    /// It is not good for this request, now; the log says why.
    Proof(&'static str),
    /// Not the client's fault.
    Failed(Problem),
}

impl From<NotProven> for OAuthError {
    fn from(why: NotProven) -> Self {
        match why {
            NotProven::Proof(check) => {
                tracing::debug!(reason = check, "a DPoP proof is refused");
                Self::InvalidDpopProof
            }
            NotProven::Failed(problem) => Self::Failed(problem),
        }
    }
}

/// The thumbprint of the key that the request proves possession of; `None`: it does not try to. Each proof is good once.
pub(super) async fn proven(
    app: &App,
    realm: &Snapshot,
    headers: &HeaderMap,
    request: &For<'_>,
    now: Timestamp,
) -> Result<Option<String>, NotProven> {
    let mut sent = headers.get_all("dpop").iter();
    let Some(proof) = sent.next() else { return Ok(None) };
    if sent.next().is_some() {
        return Err(NotProven::Proof("there are two"));
    }
    let proof = proof.to_str().map_err(|_| NotProven::Proof("it is no JWT"))?;
    let uri = realm.url(request.path);
    let expected =
        Expected { method: request.method, uri: &uri, access_token: request.access_token, nonces: &[] };
    let proved = dpop::verify(proof, &expected, now.unix_seconds()).map_err(|refused| {
        tracing::debug!(%refused, "a DPoP proof is not good");
        NotProven::Proof(refused.code())
    })?;
    let digest = SecretDigest::of(format!("dpop\0{}\0{}", proved.thumbprint, proved.id).as_bytes());
    let (id, expires_at) = (realm.id(), Timestamp::from_unix_seconds(proved.expires_at));
    let first = app.db().write("use a DPoP proof", move |tx| {
        Box::pin(async move { used_ids::claim(tx, id, &digest, expires_at).await })
    });
    match first.await {
        Ok(true) => Ok(Some(proved.thumbprint)),
        Ok(false) => Err(NotProven::Proof("it was used before")),
        Err(error) => Err(NotProven::Failed(Problem::from(error))),
    }
}

/// The key that tokens of this client are to be bound to, of a request to the token endpoint. A client whose tokens are always
/// bound shows one (RFC 9449 section 5.2).
pub(super) async fn key(
    app: &App,
    realm: &Snapshot,
    client: &Client,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Option<String>, OAuthError> {
    let request = For { method: "POST", path: "/oauth/token", access_token: None };
    let key = proven(app, realm, headers, &request, now).await?;
    if key.is_none() && client.settings.dpop_bound_access_tokens {
        return Err(OAuthError::InvalidRequest(
            "The tokens of this client are bound to a key: the header DPoP is missing (RFC 9449).",
        ));
    }
    if !suits(client, headers) {
        return Err(OAuthError::InvalidDpopProof);
    }
    Ok(key)
}

/// Whether a proof that was found good is signed with what the client's profile takes (FAPI 2.0 Security Profile section 5.4.1).
pub(super) fn suits(client: &Client, headers: &HeaderMap) -> bool {
    let Some(profile) = client.settings.security_profile else { return true };
    let Some(proof) = headers.get("dpop") else { return true };
    let proof = proof.to_str().ok().and_then(|proof| dangerous_decode_without_verifying(proof).ok());
    let header = proof.and_then(|proof| serde_json::from_str::<Value>(proof.header()).ok());
    header.is_some_and(|header| profile.algorithms().iter().any(|alg| header["alg"] == alg.as_str()))
}
