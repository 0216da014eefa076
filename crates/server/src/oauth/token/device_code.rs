//! The grant of devices that cannot show a page (RFC 8628 section 3.4).

use gatepost_domain::{Client, GrantType, Timestamp};

use super::{Form, OAuthError, TokenAnswer};
use crate::{App, grants, http::origin::Where, realm::InRealm};

pub(super) async fn device_code(
    app: &App,
    realm: &InRealm,
    client: &Client,
    form: &Form,
    origin: &Where,
    now: Timestamp,
) -> Result<TokenAnswer, OAuthError> {
    if !client.settings.allows(GrantType::DeviceCode) {
        return Err(OAuthError::UnauthorizedClient);
    }
    let code = form.get("device_code").ok_or(OAuthError::InvalidRequest("`device_code` is missing."))?;
    let audience = form.targets().into_iter().map(str::to_owned).collect();
    Ok(grants::connect(app, realm, client, (code, audience), origin, now).await??.into())
}
