//! `POST /oauth/introspect` (RFC 7662), with an answer that is signed for who asks for one (RFC 9701).

use axum::{
    extract::State,
    http::{
        HeaderMap,
        header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse as _, Response},
};
use gatepost_domain::{Client, Timestamp};
use gatepost_jose::jwt;
use serde::Serialize;
use serde_json::Value;

use super::{OAuthError, client, error::OAuthErrorDocument, form::Form};
use crate::{
    App,
    http::{Json, Now, Problem, Where},
    introspection::{self, Introspected},
    realm::InRealm,
    signing::Audience,
};

/// RFC 7662 section 2.2. Of a token that is not good, nothing but `active`.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub(super) struct Introspection {
    /// Whether the token is good at this moment, for one of the realm's APIs.
    active: bool,
    /// `Bearer` or `DPoP` for an access token; `api_key` and `refresh_token` for what is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    aud: Option<Audience>,
    /// From when it is not good, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// What the user signs in with.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    roles: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    permissions: Vec<String>,
    /// The organization it speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    org_id: Option<String>,
    /// The key that whoever uses the token must prove to possess (RFC 9449 section 6.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    cnf: Option<Confirmation>,
    /// Who acts for the subject, and for whom they act before them (RFC 8693 section 4.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<Value>,
}

/// What a token is bound to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Confirmation {
    /// The thumbprint of the key (RFC 7638).
    jkt: String,
}

impl Introspection {
    fn of(found: Introspected) -> Self {
        Self {
            active: true,
            token_type: Some(found.token_type),
            iss: Some(found.issuer),
            sub: Some(found.subject),
            aud: Some(found.audience),
            exp: found.expires_at,
            iat: Some(found.issued_at),
            jti: found.id,
            client_id: Some(found.client),
            scope: Some(found.scope),
            username: found.username,
            roles: found.roles,
            permissions: found.permissions,
            org_id: found.organization,
            cnf: found.bound_to.map(|jkt| Confirmation { jkt }),
            act: found.actor,
        }
    }
}

/// What is asked about.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it describes the form, which is read by name")]
pub(super) struct IntrospectionRequest {
    /// An access token, an API key or a refresh token.
    #[schema(example = "$TOKEN")]
    token: String,
    /// Read and not needed: a token says what it is.
    #[schema(nullable = false)]
    token_type_hint: Option<String>,
    /// With `client_secret`: the client, in place of HTTP Basic.
    #[schema(nullable = false)]
    client_id: Option<String>,
    /// In place of HTTP Basic.
    #[schema(nullable = false)]
    client_secret: Option<String>,
}

/// The media type of a signed answer (RFC 9701 section 5).
const SIGNED: &str = "application/token-introspection+jwt";

/// RFC 9701 section 5.
#[derive(Serialize)]
struct Said<'a> {
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    token_introspection: Introspection,
}

/// Ask whether a token is good now
///
/// For an API that must know at once of a sign-out, a disabled account or a revoked key (RFC 7662). Session, grant, account,
/// membership and key are read at each request. Any confidential client of the realm may ask about tokens for the realm's APIs; one that
/// registered itself without an initial access token, or that a document describes, about its own.
/// With `Accept: application/token-introspection+jwt` the answer is signed for the client (RFC 9701).
#[utoipa::path(
    post, path = "/oauth/introspect", tag = "OAuth", operation_id = "introspect",
    request_body(content = IntrospectionRequest, content_type = "application/x-www-form-urlencoded"),
    security(("client" = [])),
    responses(
        (
            status = 200, description = "What the token is; `{\"active\": false}` if it is not good",
            content((Introspection = "application/json"), (String = "application/token-introspection+jwt")),
        ),
        (status = 400, description = "`invalid_request`", body = OAuthErrorDocument),
        (status = 401, description = "`invalid_client`", body = OAuthErrorDocument),
        (
            status = 429, body = OAuthErrorDocument,
            description = "`temporarily_unavailable`: too many proofs of this client were wrong of late",
        ),
    )
)]
pub(super) async fn introspect(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, OAuthError> {
    let client = match client::authenticated(&app, &realm, (&headers, &form), &origin, now).await {
        Ok(client) => client,
        // Who proves nothing learns nothing (RFC 7662 section 2.1).
        Err(OAuthError::UnauthorizedClient) => return Err(OAuthError::InvalidClient),
        Err(other) => return Err(other),
    };
    let token = form.get("token").ok_or(OAuthError::InvalidRequest("`token` is missing."))?;
    let found = introspection::introspect(&app, &realm, token, now).await?;
    // One that nobody vouches for is no API of the realm's: it learns of its own tokens, and of no others.
    let found = found.filter(|found| client.origin.is_vouched_for() || found.client == client.id.as_str());
    let answer = found.map_or_else(Introspection::default, Introspection::of);
    if wants_signed(&headers) {
        let jwt = signed(&app, &realm, &client, answer, now).await?;
        return Ok(([(CONTENT_TYPE, SIGNED), (CACHE_CONTROL, "no-store")], jwt).into_response());
    }
    Ok(Json(answer).into_response())
}

/// Whether the header names the media type. JSON is for all others.
fn wants_signed(headers: &HeaderMap) -> bool {
    let named = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = named.flat_map(|value| value.split(','));
    kinds.any(|kind| kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(SIGNED))
}

/// The answer as a JWT for this client and of a type of its own, so that it passes for no other token.
async fn signed(
    app: &App,
    realm: &InRealm,
    client: &Client,
    answer: Introspection,
    now: Timestamp,
) -> Result<String, OAuthError> {
    let snapshot = app.realms().with_id_token_key(app, realm).await.map_err(Problem::from)?;
    let key = snapshot.keys().signer_with(client.settings.introspection_signed_response_alg);
    let key = key.ok_or(OAuthError::InvalidRequest(
        "This realm has no key for the client's introspection_signed_response_alg; ask for JSON.",
    ))?;
    let said = Said {
        iss: realm.issuer(),
        aud: client.id.as_str(),
        iat: now.unix_seconds(),
        token_introspection: answer,
    };
    Ok(jwt::sign("token-introspection+jwt", &said, key).map_err(Problem::internal)?)
}
