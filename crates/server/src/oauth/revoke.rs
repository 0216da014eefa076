//! `POST /oauth/revoke` (RFC 7009).

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use gatepost_domain::{
    Client, ClientId, GrantId, OutboxId, Timestamp,
    api_key::PREFIX as KEY_PREFIX,
    audit::{Actor, Event},
    refresh::{PREFIX as REFRESH_PREFIX, RefreshToken},
};
use gatepost_store::{Error, audit, grants};

use super::{OAuthError, client, error::OAuthErrorDocument, form::Form};
use crate::{
    App,
    http::{Now, Problem, Where},
    realm::{InRealm, Snapshot},
};

/// What is to be revoked.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it describes the form, which is read by name")]
pub(super) struct RevocationRequest {
    /// A refresh token, or an access token of a grant.
    #[schema(example = "$REFRESH_TOKEN")]
    token: String,
    /// Read and not needed: a token says what it is.
    #[schema(nullable = false)]
    token_type_hint: Option<String>,
    /// The client, in place of HTTP Basic; all that a public client says of itself.
    #[schema(nullable = false)]
    client_id: Option<String>,
    /// In place of HTTP Basic.
    #[schema(nullable = false)]
    client_secret: Option<String>,
}

/// Revoke a token
///
/// What the client was authorized to do ends: the refresh token and every access token of the same grant, which verifiers are
/// told. A token that is unknown, over or another client's is left alone, and the answer is the same (RFC 7009 section 2.2).
#[utoipa::path(
    post, path = "/oauth/revoke", tag = "OAuth", operation_id = "revoke",
    request_body(content = RevocationRequest, content_type = "application/x-www-form-urlencoded"),
    security(("client" = []), ()),
    responses(
        (status = 200, description = "The token is not good, whatever it was"),
        (
            status = 400, body = OAuthErrorDocument,
            description = "`invalid_request`; `unsupported_token_type`: an API key, or a token that a client got on its own or by an exchange",
        ),
        (status = 401, description = "`invalid_client`", body = OAuthErrorDocument),
        (
            status = 429, body = OAuthErrorDocument,
            description = "`temporarily_unavailable`: too many proofs of this client were wrong of late",
        ),
    )
)]
pub(super) async fn revoke(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    headers: HeaderMap,
    form: Form,
) -> Result<StatusCode, OAuthError> {
    let client = client::known(&app, &realm, (&headers, &form), &origin, now).await?;
    let token = form.get("token").ok_or(OAuthError::InvalidRequest("`token` is missing."))?;
    if let Some(grant) = behind(&app, &realm, &client, token, now)? {
        end(&app, &realm, client.id.clone(), grant, &origin, now).await?;
    }
    Ok(StatusCode::OK)
}

/// The grant that a token is of. `None`: the token is forged, over, or says of itself that it is another client's.
fn behind(
    app: &App,
    realm: &Snapshot,
    client: &Client,
    token: &str,
    now: Timestamp,
) -> Result<Option<GrantId>, OAuthError> {
    if token.starts_with(KEY_PREFIX) {
        return Err(OAuthError::UnsupportedTokenType);
    }
    if token.starts_with(REFRESH_PREFIX) {
        return Ok(RefreshToken::decode(token, app.refresh_mac()).map(|token| token.grant));
    }
    let Ok((claims, _)) = realm.verify_bound(token, now) else { return Ok(None) };
    if claims.client_id() != Some(client.id.as_str()) {
        return Ok(None);
    }
    // A program's own token belongs to no grant, and one that was exchanged for to another's: there is nothing that could be ended.
    if claims.get("exchanged_from").is_some() {
        return Err(OAuthError::UnsupportedTokenType);
    }
    let grant = claims.get("grant_id").ok_or(OAuthError::UnsupportedTokenType)?;
    Ok(grant.as_str().and_then(|grant| grant.parse().ok()))
}

/// Ends the grant, if it is the client's.
async fn end(
    app: &App,
    realm: &Snapshot,
    client: ClientId,
    grant: GrantId,
    origin: &Where,
    now: Timestamp,
) -> Result<(), Problem> {
    let (id, message) = (realm.id(), OutboxId::new(now, app.entropy()));
    let record = origin.record(app, id, Event::GrantRevoked, Actor::Client(client.clone()), now);
    let ended = app.db().write("revoke a token", move |tx| {
        let (client, record) = (client.clone(), record.clone());
        Box::pin(async move {
            let found = grants::find(tx, id, grant).await?;
            if found.is_none_or(|(grant, ..)| grant.client != client) {
                return Ok(());
            }
            if let Some(grant) = grants::revoke(tx, id, grant, now, message).await? {
                let record = record.user(grant.user).session(grant.session).client(client);
                audit::append(tx, &record).await?;
            }
            Ok::<_, Error>(())
        })
    });
    Ok(ended.await?)
}
