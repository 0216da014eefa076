//! The grant of clients that people have authorized (RFC 6749 section 4.1.3).

use axum::http::HeaderMap;
use gatepost_domain::{Client, GrantType, Timestamp};

use super::{Form, OAuthError, TokenAnswer};
use crate::{
    App,
    grants::{self, Redemption},
    http::origin::Where,
    oauth::dpop,
    realm::InRealm,
};

pub(super) async fn authorization_code(
    app: &App,
    realm: &InRealm,
    client: &Client,
    (headers, form): (&HeaderMap, &Form),
    origin: &Where,
    now: Timestamp,
) -> Result<TokenAnswer, OAuthError> {
    if !client.settings.allows(GrantType::AuthorizationCode) {
        return Err(OAuthError::UnauthorizedClient);
    }
    let redemption = Redemption {
        code: form.get("code").ok_or(OAuthError::InvalidRequest("`code` is missing."))?,
        redirect_uri: form.get("redirect_uri"),
        code_verifier: form.get("code_verifier"),
        key: dpop::key(app, realm, client, headers, now).await?,
        audience: form.targets().into_iter().map(str::to_owned).collect(),
    };
    Ok(grants::redeem(app, realm, client, redemption, origin, now).await??.into())
}
