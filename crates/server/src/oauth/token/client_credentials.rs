//! The grant of clients that act on their own (RFC 6749 section 4.4).

use axum::http::HeaderMap;
use gatepost_domain::{GrantType, Scopes, Timestamp, interceptor::Trigger};

use super::{Form, OAuthError, TokenAnswer};
use crate::{
    App, clients,
    http::{Problem, origin::Where},
    interceptors::{About, Before},
    oauth::{client, dpop},
    realm::{InRealm, Snapshot},
};

pub(super) async fn client_credentials(
    app: &App,
    realm: &InRealm,
    (headers, form): (&HeaderMap, &Form),
    origin: &Where,
    now: Timestamp,
) -> Result<TokenAnswer, OAuthError> {
    let client = client::authenticated(app, realm, (headers, form), origin, now).await?;
    if !client.settings.allows(GrantType::ClientCredentials) {
        return Err(OAuthError::UnauthorizedClient);
    }
    let key = dpop::key(app, realm, &client, headers, now).await?;
    let wanted = form.get("scope").map(str::parse::<Scopes>).transpose();
    let wanted = wanted.map_err(|_| OAuthError::InvalidScope)?;
    let audience = realm.audience_for(&client).among(&form.targets()).ok_or(OAuthError::InvalidTarget)?;
    let with_key;
    let snapshot: &Snapshot = if client.settings.token_format.needs_rs256() {
        with_key = app.realms().with_id_token_key(app, realm).await.map_err(Problem::from)?;
        &with_key
    } else {
        realm
    };
    let issued = clients::issue(app, snapshot, &client, wanted.as_ref(), (audience, key.as_deref()), now)?;
    let issued = issued.ok_or(OAuthError::InvalidScope)?;
    let before = Before { app, realm, origin, now, trigger: Trigger::PreM2mTokenCreation };
    let about = || About::Token {
        client: client.id.clone(),
        organization: client.settings.organization,
        scopes: issued.scopes.clone(),
    };
    before.allowed(about).await?;
    let answer = TokenAnswer::of(issued.access_token, issued.expires_in, issued.scopes.to_string());
    Ok(answer.bound(key.is_some()))
}
