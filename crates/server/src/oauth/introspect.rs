//! `POST /oauth/introspect` (RFC 7662).

use axum::{extract::State, http::HeaderMap};
use serde::Serialize;

use super::{OAuthError, client, error::OAuthErrorDocument, form::Form};
use crate::{
    App,
    http::{Json, Now, Where},
    introspection::{self, Introspected},
    realm::{InRealm, Snapshot},
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
}

/// What a token is bound to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Confirmation {
    /// The thumbprint of the key (RFC 7638).
    jkt: String,
}

impl Introspection {
    fn of(realm: &Snapshot, found: Introspected) -> Self {
        Self {
            active: true,
            token_type: Some(found.token_type),
            iss: Some(realm.issuer().to_owned()),
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

/// Ask whether a token is good now
///
/// For an API that must know at once of a sign-out, a disabled account or a revoked key (RFC 7662). Session, grant, account,
/// membership and key are read at each request. Any confidential client of the realm may ask about tokens for the realm's APIs; one that
/// registered itself without an initial access token, or that a document describes, about its own.
#[utoipa::path(
    post, path = "/oauth/introspect", tag = "OAuth", operation_id = "introspect",
    request_body(content = IntrospectionRequest, content_type = "application/x-www-form-urlencoded"),
    security(("client" = [])),
    responses(
        (status = 200, description = "What the token is; `{\"active\": false}` if it is not good", body = Introspection),
        (status = 400, description = "`invalid_request`", body = OAuthErrorDocument),
        (status = 401, description = "`invalid_client`", body = OAuthErrorDocument),
    )
)]
pub(super) async fn introspect(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    headers: HeaderMap,
    form: Form,
) -> Result<Json<Introspection>, OAuthError> {
    let asking = match client::authenticated(&app, &realm, (&headers, &form), &origin, now).await {
        Ok(client) => client,
        // Who proves nothing learns nothing (RFC 7662 section 2.1).
        Err(OAuthError::UnauthorizedClient) => return Err(OAuthError::InvalidClient),
        Err(other) => return Err(other),
    };
    let token = form.get("token").ok_or(OAuthError::InvalidRequest("`token` is missing."))?;
    let found = introspection::introspect(&app, &realm, token, now).await?;
    // One that nobody vouches for is no API of the realm's: it learns of its own tokens, and of no others.
    let found = found.filter(|found| asking.origin.is_vouched_for() || found.client == asking.id.as_str());
    Ok(Json(found.map_or_else(Introspection::default, |found| Introspection::of(&realm, found))))
}
