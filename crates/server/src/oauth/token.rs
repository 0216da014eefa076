//! `POST /oauth/token`: tokens for what people authorized, a client's own token, and exchange.

mod authorization_code;
mod client_credentials;
mod device_code;
mod exchange;
mod password;
mod refresh_token;

use axum::{extract::State, http::HeaderMap, response::Response};
use gatepost_domain::Timestamp;
use serde::Serialize;

use super::{
    OAuthError, client, dpop,
    error::OAuthErrorDocument,
    form::{Form, Sent},
};
use crate::{
    App,
    grants::{DeviceRefused, GrantRefused, Issued},
    http::{Json, Now, Where},
    realm::InRealm,
};

/// The grant type of RFC 8693.
pub(super) const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// The grant type of RFC 6749 section 4.1.3.
pub(super) const AUTHORIZATION_CODE: &str = "authorization_code";
/// The grant type of RFC 6749 section 6.
pub(super) const REFRESH_TOKEN: &str = "refresh_token";
/// The grant type of RFC 6749 section 4.3.
pub(super) const PASSWORD: &str = "password";
/// The grant type of RFC 6749 section 4.4.
pub(super) const CLIENT_CREDENTIALS: &str = "client_credentials";
/// The grant type of RFC 8628 section 3.4.
pub(super) const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// RFC 6749 section 5.1, RFC 8693 section 2.2.1.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = IssuedToken)]
pub struct TokenAnswer {
    access_token: String,
    /// Only of an exchange.
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'static str>,
    /// `Bearer`; `DPoP` for a token that is bound to the key of the request's proof.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds.
    #[schema(example = 900)]
    expires_in: u64,
    /// What the token is good for; it may be less than what was asked for.
    #[schema(example = "notes:read")]
    scope: String,
    /// Of a grant, for clients that have the grant type.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// Of a grant that `openid` was agreed on for.
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
}

impl TokenAnswer {
    /// One access token and nothing else.
    fn of(access_token: String, expires_in: u64, scope: String) -> Self {
        let token_type = "Bearer";
        let issued_token_type = None;
        Self {
            access_token,
            issued_token_type,
            token_type,
            expires_in,
            scope,
            refresh_token: None,
            id_token: None,
        }
    }
}

/// A client's own token, for a front door that has another address for it.
pub async fn for_program(
    app: &App,
    realm: &InRealm,
    (headers, form): (&HeaderMap, &Form),
    origin: &Where,
    now: Timestamp,
) -> Result<TokenAnswer, OAuthError> {
    match form.get("grant_type") {
        Some(CLIENT_CREDENTIALS) => {
            client_credentials::client_credentials(app, realm, (headers, form), origin, now).await
        }
        Some(_) => Err(OAuthError::UnsupportedGrantType),
        None => Err(OAuthError::InvalidRequest("`grant_type` is missing.")),
    }
}

impl TokenAnswer {
    /// What it is used with: a proof of the key it is bound to, or nothing (RFC 9449 section 5).
    fn bound(self, bound: bool) -> Self {
        Self { token_type: if bound { "DPoP" } else { "Bearer" }, ..self }
    }
}

impl From<Issued> for TokenAnswer {
    fn from(issued: Issued) -> Self {
        Self {
            refresh_token: issued.refresh_token,
            id_token: issued.id_token,
            ..Self::of(issued.access_token, issued.expires_in, issued.scopes.to_string()).bound(issued.bound)
        }
    }
}

impl From<GrantRefused> for OAuthError {
    fn from(refused: GrantRefused) -> Self {
        match refused {
            GrantRefused::Grant => Self::InvalidGrant,
            GrantRefused::Scope => Self::InvalidScope,
            GrantRefused::Target => Self::InvalidTarget,
        }
    }
}

impl From<DeviceRefused> for OAuthError {
    fn from(refused: DeviceRefused) -> Self {
        match refused {
            DeviceRefused::Pending => Self::AuthorizationPending,
            DeviceRefused::SlowDown => Self::SlowDown,
            DeviceRefused::Denied => Self::AccessDenied,
            DeviceRefused::Expired => Self::ExpiredToken,
            DeviceRefused::Grant(refused) => refused.into(),
        }
    }
}

/// A token request. Which parameters it takes depends on the grant type.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it describes the form, which is read by name")]
pub(super) struct TokenRequest {
    /// `authorization_code`, `refresh_token`, `client_credentials`, `password` where the realm allows it, `urn:ietf:params:oauth:grant-type:device_code` or
    /// `urn:ietf:params:oauth:grant-type:token-exchange`.
    #[schema(example = "client_credentials")]
    grant_type: String,
    /// With `client_credentials`, `password` and an exchange by a client: words with spaces between; all there is unless given.
    #[schema(nullable = false, example = "notes:read")]
    scope: Option<String>,
    /// Whom the token is for: one of the realm's audiences, once or more; all of them unless given.
    #[schema(nullable = false, example = "notes-api")]
    audience: Option<String>,
    /// The same (RFC 8707).
    #[schema(nullable = false)]
    resource: Option<String>,
    /// With `client_secret`: the client, in place of HTTP Basic.
    #[schema(nullable = false)]
    client_id: Option<String>,
    /// In place of HTTP Basic.
    #[schema(nullable = false)]
    client_secret: Option<String>,
    /// Of `authorization_code`: the code.
    #[schema(nullable = false)]
    code: Option<String>,
    /// Of `authorization_code`: where the code was sent to.
    #[schema(nullable = false)]
    redirect_uri: Option<String>,
    /// Of `authorization_code`: what the challenge was made of (RFC 7636).
    #[schema(nullable = false)]
    code_verifier: Option<String>,
    /// Of `urn:ietf:params:oauth:grant-type:device_code`: what `POST /oauth/device` gave.
    #[schema(nullable = false)]
    device_code: Option<String>,
    /// Of `password`: an address or a user name.
    #[schema(nullable = false)]
    username: Option<String>,
    /// Of `password`.
    #[schema(nullable = false)]
    password: Option<String>,
    /// Of `refresh_token`: the newest one.
    #[schema(nullable = false)]
    refresh_token: Option<String>,
    /// Of an exchange: the API key or access token.
    #[schema(nullable = false)]
    subject_token: Option<String>,
    /// Of an exchange: `urn:gatepost:params:oauth:token-type:api-key` or
    /// `urn:ietf:params:oauth:token-type:access_token`.
    #[schema(nullable = false)]
    subject_token_type: Option<String>,
    /// Of the exchange of an access token by whoever holds it: the organization the new one speaks of.
    #[schema(nullable = false)]
    organization_id: Option<String>,
    /// Of the exchange of an access token by a client: the access token of who acts, if that is not the client.
    #[schema(nullable = false)]
    actor_token: Option<String>,
    /// `urn:ietf:params:oauth:token-type:access_token`
    #[schema(nullable = false)]
    actor_token_type: Option<String>,
}

/// Get tokens
///
/// A client that a person has authorized redeems its code (RFC 6749 section 4.1.3), and goes on with refresh tokens (section 6). A
/// device asks with its code until a person has connected it (RFC 8628 section 3.4). A confidential client with the grant `client_credentials` gets a token of its own (RFC 6749 section 4.4). An API key, or an
/// access token for another organization, is exchanged (RFC 8693) by whoever holds it; a person's token for one of its own by a client
/// with that grant. One's own application may take a person's password where the realm allows it (RFC 6749 section 4.3).
///
/// With a proof in the header `DPoP` the access token is bound to the proof's key (RFC 9449), and so are the refresh tokens of a
/// public client. What whoever holds it exchanges is bound to nothing. A realm may ask for a nonce in the proof, which is told in
/// `DPoP-Nonce` (section 8).
#[utoipa::path(
    post, path = "/oauth/token", tag = "OAuth", operation_id = "token",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    security(("client" = []), ()),
    responses(
        (status = 200, description = "The token", body = TokenAnswer),
        (
            status = 400, body = OAuthErrorDocument,
            description = "`invalid_request`, `invalid_dpop_proof`, `use_dpop_nonce`, `invalid_grant`, `invalid_scope`, `invalid_target`, `unauthorized_client` or \
                           `unsupported_grant_type`; of a device also `authorization_pending`, `slow_down`, `access_denied` \
                           or `expired_token`",
        ),
        (status = 401, description = "`invalid_client`", body = OAuthErrorDocument),
        (
            status = 429, body = OAuthErrorDocument,
            description = "`temporarily_unavailable`: too many proofs of this client were wrong of late, or too many passwords",
        ),
    )
)]
pub(super) async fn token(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Sent { headers, form }: Sent,
) -> Result<Response, OAuthError> {
    let known = || Box::pin(client::known(&app, &realm, (&headers, &form), &origin, now));
    // In boxes but for the shortest: the future of this handler has room for the largest of them, and is moved at each request.
    let answer = match form.get("grant_type") {
        Some(AUTHORIZATION_CODE) => {
            let client = known().await?;
            let redeemed = authorization_code::authorization_code(
                &app,
                &realm,
                &client,
                (&headers, &form),
                &origin,
                now,
            );
            Box::pin(redeemed).await?
        }
        Some(REFRESH_TOKEN) => {
            let client = known().await?;
            Box::pin(refresh_token::refresh_token(&app, &realm, &client, (&headers, &form), now)).await?
        }
        Some(DEVICE_CODE) => {
            let client = known().await?;
            Box::pin(device_code::device_code(&app, &realm, &client, (&headers, &form), &origin, now)).await?
        }
        Some(CLIENT_CREDENTIALS) => {
            client_credentials::client_credentials(&app, &realm, (&headers, &form), &origin, now).await?
        }
        // Elsewhere it is none that is answered.
        Some(PASSWORD) if realm.settings().password_grant => {
            let client = known().await?;
            Box::pin(password::password(&app, &realm, &client, (&headers, &form), &origin, now)).await?
        }
        Some(TOKEN_EXCHANGE) => {
            Box::pin(exchange::exchange(&app, &realm, (&headers, &form), &origin, now)).await?
        }
        Some(_) => return Err(OAuthError::UnsupportedGrantType),
        None => return Err(OAuthError::InvalidRequest("`grant_type` is missing.")),
    };
    Ok(dpop::with_next_nonce(Json(answer), &app, &realm, &headers, now))
}
