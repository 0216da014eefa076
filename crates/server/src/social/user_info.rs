//! What a provider says of somebody now, asked with what it gave.

use gatepost_domain::{
    Asserted, Preset, Provider, Timestamp,
    provider::id_token::{self, IdTokenRefused},
};
use gatepost_jose::dangerous_decode_without_verifying;
use serde_json::Value;

use super::{
    Failed,
    discovery::About,
    github,
    held::{Held, NoToken, count, refused},
};
use crate::{App, http::origin::Where, outgoing::Reader, realm::Snapshot};

/// What a provider says of somebody.
pub struct UserInfo {
    /// As a sign-in would read it: whether an address is verified, too.
    pub asserted: Asserted,
    /// The address of their picture.
    pub picture: Option<String>,
    /// All that it says.
    pub data: Value,
}

/// Asks the provider, with what somebody holds. One at a time for each identity, and not for ever.
pub async fn user_info(
    app: &App,
    realm: &Snapshot,
    held: &Held,
    origin: &Where,
    now: Timestamp,
) -> Result<UserInfo, NoToken> {
    let provider = realm.provider(&held.identity.provider).ok_or(NoToken::OutOfUse)?;
    let _alone = app.providers().alone(held.identity.id, About::User).await.ok_or(NoToken::Busy)?;
    count(app, realm, held.identity.user, origin, now)?;
    let asked = ask(app, provider, held, now).await;
    let (asserted, data) = asked.map_err(|failed| refused(&held.identity, &failed))?;
    let picture = ["picture", "avatar_url"].into_iter().find_map(|name| data[name].as_str());
    let is_address = |text: &&str| text.starts_with("https://") || text.starts_with("http://");
    Ok(UserInfo { picture: picture.filter(is_address).map(str::to_owned), asserted, data })
}

async fn ask(
    app: &App,
    provider: &Provider,
    Held { identity, given }: &Held,
    now: Timestamp,
) -> Result<(Asserted, Value), Failed> {
    let endpoints = app.providers().endpoints(app, provider, now).await?;
    if provider.settings.preset == Some(Preset::Github) {
        let user = endpoints.user_info.as_ref().ok_or(Failed::Malformed("no address of the user"))?;
        let found = github::look_up(app, provider, user, given.access_token()).await?;
        return if found.0.subject == identity.subject {
            Ok(found)
        } else {
            Err(IdTokenRefused::WrongSubject.into())
        };
    }
    let body = if let Some(uri) = &endpoints.user_info {
        let reader = Reader::provider(provider.realm, &provider.id);
        app.outgoing().get_with_token(uri, &reader, given.access_token()).await?
    } else {
        // Apple says everything in its ID token, which was verified before it was kept.
        let token = given.id_token().ok_or(Failed::Malformed("neither user info nor an ID token"))?;
        dangerous_decode_without_verifying(token)?.payload().to_owned().into_bytes()
    };
    let mut asserted = Asserted {
        issuer: identity.issuer.clone(),
        subject: identity.subject.clone(),
        email: None,
        email_verified: false,
        name: None,
    };
    id_token::add_user_info(&mut asserted, &provider.settings, &body)?;
    let data = serde_json::from_slice(&body).map_err(|_| Failed::Malformed("the user info is no JSON"))?;
    Ok((asserted, data))
}
