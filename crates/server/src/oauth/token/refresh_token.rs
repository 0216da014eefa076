//! The grant of clients that go on (RFC 6749 section 6).

use axum::http::HeaderMap;
use gatepost_domain::{Client, GrantType, Timestamp};

use super::{Form, OAuthError, TokenAnswer};
use crate::{
    App,
    grants::{self, Wanted},
    oauth::dpop,
    realm::InRealm,
};

pub(super) async fn refresh_token(
    app: &App,
    realm: &InRealm,
    client: &Client,
    (headers, form): (&HeaderMap, &Form),
    now: Timestamp,
) -> Result<TokenAnswer, OAuthError> {
    if !client.settings.allows(GrantType::RefreshToken) {
        return Err(OAuthError::UnauthorizedClient);
    }
    let token = form.get("refresh_token").ok_or(OAuthError::InvalidRequest("`refresh_token` is missing."))?;
    let scopes = form.get("scope").map(str::parse).transpose();
    let wanted = Wanted {
        scopes: scopes.map_err(|_| OAuthError::InvalidScope)?,
        key: dpop::key(app, realm, client, headers, now).await?,
        audience: form.targets().into_iter().map(str::to_owned).collect(),
    };
    Ok(grants::refresh(app, realm, client, token, &wanted, now).await??.into())
}
