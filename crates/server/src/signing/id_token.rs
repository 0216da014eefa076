//! ID tokens (OpenID Connect Core section 2).

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use gatepost_domain::{OrganizationId, Timestamp, TokenFormat};
use gatepost_jose::{Algorithm, SigningKey, jwt};
use serde::Serialize;
use serde_json::{Map, Value};

use super::Audience;
use crate::{http::Problem, realm::Snapshot};

/// What an ID token says.
pub struct IdToken<'a> {
    /// `sub`: what the client calls the person.
    pub subject: &'a str,
    /// `aud`: the client.
    pub client: &'a str,
    /// `auth_time`
    pub authenticated_at: Timestamp,
    /// `nonce`
    pub nonce: Option<&'a str>,
    /// `acr`
    pub acr: &'a str,
    /// `amr`
    pub amr: &'a [String],
    /// `sid`: the session of the browser.
    pub session: String,
    /// The access token that is given with it: `at_hash`.
    pub access_token: &'a str,
    /// The code it was redeemed with: `c_hash`.
    pub code: Option<&'a str>,
    /// What else the client may know.
    pub claims: Map<String, Value>,
    /// Its shape.
    pub format: TokenFormat,
    /// The organization that the access token speaks of.
    pub organization: Option<OrganizationId>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: Audience,
    exp: i64,
    iat: i64,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    acr: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    amr: &'a [String],
    sid: String,
    at_hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    c_hash: Option<String>,
    #[serde(flatten)]
    beside: Option<Beside<'a>>,
    #[serde(flatten)]
    person: Map<String, Value>,
}

/// What the format of Scalekit has beside.
#[derive(Serialize)]
struct Beside<'a> {
    azp: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    oid: Option<String>,
}

/// Signs an ID token. It lives as long as an access token.
pub fn issue_id_token(
    realm: &Snapshot,
    key: &SigningKey,
    token: IdToken<'_>,
    now: Timestamp,
) -> Result<String, Problem> {
    let lifetime = realm.settings().access_token_ttl;
    let audience = Audience::One(token.client.to_owned());
    let (aud, beside) = match token.format {
        TokenFormat::Standard | TokenFormat::Zalt => (audience, None),
        TokenFormat::Scalekit => {
            let oid = token.organization.map(|organization| organization.to_string());
            (audience.listed(), Some(Beside { azp: token.client, oid }))
        }
    };
    let claims = Claims {
        iss: realm.issuer(),
        sub: token.subject,
        aud,
        exp: now.unix_seconds().saturating_add_unsigned(lifetime.as_secs()),
        iat: now.unix_seconds(),
        auth_time: token.authenticated_at.unix_seconds(),
        nonce: token.nonce,
        acr: token.acr,
        amr: token.amr,
        sid: token.session,
        at_hash: half_hash(key.algorithm(), token.access_token),
        c_hash: token.code.map(|code| half_hash(key.algorithm(), code)),
        beside,
        person: token.claims,
    };
    jwt::sign("JWT", &claims, key).map_err(Problem::internal)
}

/// The left half of the hash that goes with the algorithm (OpenID Connect Core sections 3.1.3.6 and 3.3.2.11).
fn half_hash(algorithm: Algorithm, text: &str) -> String {
    let hash = match algorithm {
        // Ed25519 hashes with SHA-512.
        Algorithm::EdDSA => &digest::SHA512,
        _ => &digest::SHA256,
    };
    let hash = digest::digest(hash, text.as_bytes());
    BASE64URL_NOPAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of OpenID Connect Core appendix A.3 and A.4.
    #[test]
    fn a_half_hash_is_the_left_half_in_base64url() {
        let access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(half_hash(Algorithm::RS256, access_token), "77QmUPtjPfzWtF2AnpK9RQ");
        let code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";
        assert_eq!(half_hash(Algorithm::RS256, code), "LDktKdoQak3Pk0cnXxCltA");
        assert_eq!(half_hash(Algorithm::EdDSA, code).len(), 43);
    }
}
