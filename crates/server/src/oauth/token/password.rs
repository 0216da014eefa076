//! The grant of one's own applications that take the password themselves (RFC 6749 section 4.3), where the realm allows it.

use axum::http::HeaderMap;
use gatepost_domain::{Client, GrantType, Timestamp, password::Password};

use super::{Form, OAuthError, TokenAnswer};
use crate::{
    App,
    grants::{self, Login},
    http::{Problem, origin::Where},
    oauth::{authorize as asking, dpop},
    realm::InRealm,
    session::Identifier,
};

pub(super) async fn password(
    app: &App,
    realm: &InRealm,
    client: &Client,
    (headers, form): (&HeaderMap, &Form),
    origin: &Where,
    now: Timestamp,
) -> Result<TokenAnswer, OAuthError> {
    let own = client.settings.allows(GrantType::Password) && client.settings.skip_consent;
    if !own || !asking::signs_for(realm, client) {
        return Err(OAuthError::UnauthorizedClient);
    }
    let username = form.get("username").ok_or(OAuthError::InvalidRequest("`username` is missing."))?;
    let password = form.get("password").ok_or(OAuthError::InvalidRequest("`password` is missing."))?;
    let scopes = asking::scopes(client, form.get("scope")).map_err(|_| OAuthError::InvalidScope)?;
    let audience = asking::audience(realm, client, &scopes, form).map_err(|_| OAuthError::InvalidTarget)?;
    let login = Login {
        // A user name has no `@`, and an address has one.
        identifier: if username.contains('@') {
            Identifier::Email(username)
        } else {
            Identifier::Username(username)
        },
        // One that is too long to be checked belongs to nobody; everything else about it is as with any other.
        password: Password::to_verify(password)
            .or_else(|_| Password::to_verify("\0"))
            .map_err(Problem::internal)?,
        scopes,
        audience,
        key: dpop::key(app, realm, client, headers, now).await?,
    };
    Ok(grants::sign_in(app, realm, client, login, origin, now).await??.into())
}
