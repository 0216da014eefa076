//! A browser comes back from a provider.

use gatepost_domain::{
    Asserted, Preset, Provider, Timestamp,
    provider::id_token::{self, Expected, shown_name},
};
use gatepost_store::used_ids;

use super::{
    Failed, Lost, Named, State,
    discovery::Endpoints,
    github,
    kept::Given,
    open,
    tokens::{self, Tokens},
    told,
};
use crate::{App, browser::Browser, http::Problem, realm::Snapshot};

/// What a browser brings back.
#[derive(Debug, Default)]
pub struct Answer {
    /// What was sent there.
    pub state: String,
    /// What is to be redeemed.
    pub code: Option<String>,
    /// Why there is nothing.
    pub error: Option<String>,
    /// Who answers (RFC 9207).
    pub issuer: Option<String>,
    /// What the person is called, which Apple says here and once. Nothing is decided by it.
    pub name: Option<String>,
    /// The path that it came back to, where it is not that of the pages.
    pub back: Option<String>,
}

/// Somebody whom a provider has named.
pub struct Finished {
    /// What was begun.
    pub state: State,
    /// What the provider says of them, and gave.
    pub named: Named,
}

/// Why nobody was named.
pub enum NotFinished {
    /// Nothing was begun here that this could be the end of: another browser, another provider, too late, or twice (SO-03).
    Lost(Lost),
    /// The provider did not name anybody.
    Failed(Box<State>, Failed),
}

/// Looks at what a browser brings back. It counts once, whatever it is.
pub async fn finish(
    app: &App,
    realm: &Snapshot,
    browser: &Browser,
    provider: &Provider,
    answer: Answer,
    now: Timestamp,
) -> Result<Result<Finished, NotFinished>, Problem> {
    let state = match open(app, realm, browser, &answer.state, now) {
        Ok(state) => state,
        Err(lost) => return Ok(Err(NotFinished::Lost(lost))),
    };
    if state.back != answer.back {
        return Ok(Err(NotFinished::Lost(Lost::OtherDoor)));
    }
    if state.provider != provider.id || state.issuer != provider.settings.issuer() {
        return Ok(Err(NotFinished::Lost(Lost::OtherProvider)));
    }
    let (id, spent, until) = (realm.id(), state.spent(), state.expires_at());
    let claimed = app.db().write("use what was begun at a provider", move |tx| {
        Box::pin(async move { used_ids::claim(tx, id, &spent, until).await })
    });
    if !claimed.await? {
        return Ok(Err(NotFinished::Lost(Lost::Twice)));
    }
    match named(app, realm, provider, &state, &answer, now).await {
        Ok(named) => Ok(Ok(Finished { state, named })),
        Err(failed) => Ok(Err(NotFinished::Failed(Box::new(state), failed))),
    }
}

async fn named(
    app: &App,
    realm: &Snapshot,
    provider: &Provider,
    state: &State,
    answer: &Answer,
    now: Timestamp,
) -> Result<Named, Failed> {
    let settings = &provider.settings;
    let endpoints = app.providers().endpoints(app, provider, now).await?;
    // Also an error is believed only if it is this provider's (RFC 9207 section 2.4). One of many tenants names that of the person.
    match answer.issuer.as_deref() {
        Some(issuer) if issuer != settings.issuer() && settings.preset != Some(Preset::Microsoft) => {
            return Err(Failed::WrongIssuer);
        }
        None if endpoints.names_itself => return Err(Failed::WrongIssuer),
        _ => {}
    }
    if let Some(error) = &answer.error {
        return Err(Failed::Denied(told(error)));
    }
    let code = answer.code.as_deref().ok_or(Failed::Malformed("neither a code nor an error"))?;
    let found = tokens::redeem(app, realm, (provider, &endpoints), state, code, now).await?;
    let token = found.access_token.as_ref().map(|token| token.as_str());
    if settings.preset == Some(Preset::Github) {
        let token = token.ok_or(Failed::Malformed("no access token"))?;
        let user = endpoints.user_info.as_ref().ok_or(Failed::Malformed("no address of the user"))?;
        let (asserted, _) = github::look_up(app, provider, user, token).await?;
        return Ok(keeping(provider, asserted, found, now));
    }
    let id_token = found.id_token.as_ref().ok_or(Failed::Malformed("no ID token"))?;
    let payload = tokens::verified(app, (provider, &endpoints), id_token, now).await?;
    let expected = Expected { provider: settings, nonce: Some(&state.nonce), anew: state.anew };
    let mut asserted = id_token::check(&payload, &expected, now)?;
    complete(app, provider, &endpoints, token, &mut asserted).await?;
    if asserted.name.is_none() {
        asserted.name = answer.name.as_deref().and_then(shown_name);
    }
    Ok(keeping(provider, asserted, found, now))
}

/// With what the provider gave, where that is to be kept.
fn keeping(provider: &Provider, asserted: Asserted, found: Tokens, now: Timestamp) -> Named {
    let settings = &provider.settings;
    let given = if settings.keep_tokens { Given::at_sign_in(settings, found, now) } else { None };
    Named { asserted, given }
}

/// Many providers say an address only to whoever asks for it.
async fn complete(
    app: &App,
    provider: &Provider,
    endpoints: &Endpoints,
    token: Option<&str>,
    asserted: &mut Asserted,
) -> Result<(), Failed> {
    let (Some(uri), Some(token), None) = (&endpoints.user_info, token, &asserted.email) else {
        return Ok(());
    };
    let reader = crate::outgoing::Reader::provider(provider.realm, &provider.id);
    let body = app.outgoing().get_with_token(uri, &reader, token).await?;
    Ok(id_token::add_user_info(asserted, &provider.settings, &body)?)
}
