//! The grant of devices that cannot show a page (RFC 8628 section 3.4).

use axum::http::HeaderMap;
use gatepost_domain::{Client, GrantType, Timestamp};

use super::{Form, OAuthError, TokenAnswer};
use crate::{
    App,
    grants::{self, Wanted},
    http::origin::Where,
    oauth::dpop,
    realm::InRealm,
};

pub(super) async fn device_code(
    app: &App,
    realm: &InRealm,
    client: &Client,
    (headers, form): (&HeaderMap, &Form),
    origin: &Where,
    now: Timestamp,
) -> Result<TokenAnswer, OAuthError> {
    if !client.settings.allows(GrantType::DeviceCode) {
        return Err(OAuthError::UnauthorizedClient);
    }
    let code = form.get("device_code").ok_or(OAuthError::InvalidRequest("`device_code` is missing."))?;
    let wanted = Wanted {
        scopes: None,
        audience: form.targets().into_iter().map(str::to_owned).collect(),
        key: dpop::key(app, realm, client, headers, now).await?,
    };
    Ok(grants::connect(app, realm, client, (code, wanted), origin, now).await??.into())
}
