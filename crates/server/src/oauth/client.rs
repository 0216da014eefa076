//! How a client proves who it is (RFC 6749 section 2.3.1).

use std::{borrow::Cow, sync::Arc};

use axum::http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use data_encoding::BASE64;
use gatepost_domain::{Client, ClientAuthMethod, Secret, Timestamp, client::assertion::claimed_client};
use gatepost_jose::dangerous_decode_without_verifying;
use percent_encoding::percent_decode_str;

use super::{OAuthError, form::Form};
use crate::{
    App,
    clients::{self, ClientRefused, Presented, Proof},
    http::origin::Where,
    realm::Snapshot,
};

/// The confidential client that sends the request.
pub(super) async fn authenticated(
    app: &App,
    realm: &Snapshot,
    (headers, form): (&HeaderMap, &Form),
    origin: &Where,
    now: Timestamp,
) -> Result<Arc<Client>, OAuthError> {
    let presented = presented(headers, form)?;
    let authenticated = clients::authenticate(app, realm, &presented, origin, now).await?;
    authenticated.map_err(|refused| match refused {
        ClientRefused::Unproven => OAuthError::InvalidClient,
        ClientRefused::Public(_) => OAuthError::UnauthorizedClient,
    })
}

/// The client that sends the request: one that proved who it is, or one that can keep no secret and says who it is.
pub(super) async fn known(
    app: &App,
    realm: &Snapshot,
    (headers, form): (&HeaderMap, &Form),
    origin: &Where,
    now: Timestamp,
) -> Result<Arc<Client>, OAuthError> {
    let presented = presented(headers, form)?;
    match clients::authenticate(app, realm, &presented, origin, now).await? {
        Ok(client) | Err(ClientRefused::Public(client)) => Ok(client),
        Err(ClientRefused::Unproven) => Err(OAuthError::InvalidClient),
    }
}

/// What `client_assertion_type` must be (RFC 7523 section 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What the request says of its client: in the header, in the form, or by an assertion, and in no two ways (RFC 6749 section 2.3).
fn presented(headers: &HeaderMap, form: &Form) -> Result<Presented, OAuthError> {
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let (id, secret) = (form.get("client_id"), form.get("client_secret"));
    let assertion = (form.get("client_assertion_type"), form.get("client_assertion"));
    // A bearer token proves no client (RFC 6749 section 2.3): there are libraries that send it along with everything.
    let header = sent.next().filter(|header| !is_bearer(header));
    let ways = [header.is_some(), secret.is_some(), assertion != (None, None)];
    if sent.next().is_some() || ways.into_iter().filter(|way| *way).count() > 1 {
        return Err(OAuthError::InvalidRequest("Authenticate once, and in one way."));
    }
    if let Some(header) = header {
        let presented = header.to_str().ok().and_then(basic).ok_or(OAuthError::InvalidClient)?;
        if id.is_some_and(|id| id != presented.id) {
            return Err(OAuthError::InvalidRequest("`client_id` is not that of the header."));
        }
        return Ok(presented);
    }
    match assertion {
        (None, None) => {}
        (Some(JWT_BEARER), Some(assertion)) => return asserted(id, assertion),
        (Some(JWT_BEARER), None) => {
            return Err(OAuthError::InvalidRequest("`client_assertion` is missing."));
        }
        _ => {
            return Err(OAuthError::InvalidRequest(
                "`client_assertion_type` must be that of JWTs (RFC 7523 section 2.2).",
            ));
        }
    }
    let id = id.ok_or(OAuthError::InvalidClient)?.to_owned();
    let secret =
        secret.map(|secret| Proof::Secret(Secret::received(secret), ClientAuthMethod::ClientSecretPost));
    Ok(Presented { id, proof: secret.unwrap_or(Proof::Nothing) })
}

fn is_bearer(header: &HeaderValue) -> bool {
    let scheme = header.to_str().ok().and_then(|text| text.split(' ').next());
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"))
}

/// Whose an assertion says it is. `client_id` is not needed beside it, and if there must be the same (RFC 7521 section 4.2).
fn asserted(id: Option<&str>, assertion: &str) -> Result<Presented, OAuthError> {
    let token = dangerous_decode_without_verifying(assertion).map_err(|_| OAuthError::InvalidClient)?;
    let claimed = claimed_client(token.payload().as_bytes()).ok_or(OAuthError::InvalidClient)?;
    if id.is_some_and(|id| id != claimed) {
        return Err(OAuthError::InvalidClient);
    }
    Ok(Presented { id: claimed, proof: Proof::Assertion(assertion.to_owned()) })
}

/// Id and secret of a Basic header, both form-encoded inside.
fn basic(header: &str) -> Option<Presented> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(BASE64.decode(encoded.trim_start().as_bytes()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let secret = form_decoded(secret)?;
    let by = ClientAuthMethod::ClientSecretBasic;
    let proof = if secret.is_empty() { Proof::Nothing } else { Proof::Secret(Secret::received(secret), by) };
    Some(Presented { id: form_decoded(id)?, proof })
}

fn form_decoded(text: &str) -> Option<String> {
    let spaced = if text.contains('+') { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    percent_decode_str(&spaced).decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, Option<String>)> {
        let presented = basic(&format!("Basic {}", BASE64.encode(text.as_bytes())))?;
        let secret = match presented.proof {
            Proof::Secret(secret, _) => Some(secret.reveal().to_owned()),
            Proof::Nothing | Proof::Assertion(_) => None,
        };
        Some((presented.id, secret))
    }

    /// RFC 6749 section 2.3.1 and appendix B.
    #[test]
    fn id_and_secret_are_form_encoded_inside_basic() {
        let pair = |id: &str, secret: &str| Some((id.to_owned(), Some(secret.to_owned())));
        assert_eq!(read("worker:s3cret"), pair("worker", "s3cret"));
        assert_eq!(read("worker:a%3Ab+c%2B%25"), pair("worker", "a:b c+%"));
        assert_eq!(read("wor%6Ber:a:b"), pair("worker", "a:b"));
        assert_eq!(read("worker:"), Some(("worker".to_owned(), None)));
        assert_eq!(read("worker:%ff"), None);
        assert_eq!(read("worker"), None);
        for header in ["Basic", "Basic !", "Basic d29ya2VyOng", "Bearer d29ya2VyOng=", "basicd29ya2VyOng="] {
            assert!(basic(header).is_none(), "{header}");
        }
        assert!(basic("bAsIc  d29ya2VyOng=").is_some());
    }
}
