//! A browser is sent to a provider.

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use gatepost_domain::{Preset, Provider, Timestamp, provider::Anew};

use super::{Failed, Going, State, random, seal};
use crate::{App, browser::Browser, realm::Snapshot};

/// No address is longer that a provider is asked to take: many servers refuse more than 8 KiB of headers.
const LONGEST: usize = 7 * 1024;

/// Where the browser goes.
pub async fn begin(
    app: &App,
    realm: &Snapshot,
    browser: &Browser,
    provider: &Provider,
    going: Going<'_>,
    now: Timestamp,
) -> Result<String, Failed> {
    let Going { intent, flow, hint, anew, back, more } = going;
    let known = app.providers().endpoints(app, provider, now).await?;
    let settings = &provider.settings;
    let state = State {
        id: random(app),
        provider: provider.id.clone(),
        issuer: settings.issuer().to_owned(),
        nonce: random(app),
        verifier: random(app),
        intent,
        flow: flow.map(str::to_owned),
        anew: anew && settings.anew() == Anew::Told,
        back: back.map(str::to_owned),
        at: now,
    };
    let challenge =
        BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, state.verifier.as_bytes()).as_ref());
    let mut url: url::Url = known
        .authorization
        .as_str()
        .parse()
        .map_err(|_| Failed::Discovery("authorization_endpoint is no address".to_owned()))?;
    let scope = settings.scope();
    {
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &settings.client_id)
            .append_pair("redirect_uri", &state.redirect_uri(realm))
            .append_pair("scope", &scope)
            .append_pair("state", &seal(app, realm, browser, &state))
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if settings.preset != Some(Preset::Github) {
            query.append_pair("nonce", &state.nonce);
        }
        // Apple says a name and an address in no other way; the browser comes back by a form.
        if settings.preset == Some(Preset::Apple) {
            query.append_pair("response_mode", "form_post");
        }
        if let Some(hint) = hint.filter(|hint| hint.contains('@')) {
            query.append_pair("login_hint", hint);
        }
        // Google gives a refresh token to whoever asks so, and when somebody consents.
        let offline = ("access_type", "offline");
        if settings.keep_tokens && settings.preset == Some(Preset::Google) && !more.contains(&offline) {
            query.append_pair(offline.0, offline.1);
        }
        for (name, value) in more {
            query.append_pair(name, value);
        }
        match (anew, settings.anew()) {
            (true, Anew::Told) => {
                query.append_pair("prompt", "login").append_pair("max_age", "0");
            }
            (true, Anew::Asked) => {
                query.append_pair("prompt", "login");
            }
            (true, Anew::Chosen) => {
                query.append_pair("prompt", "select_account");
            }
            _ => {}
        }
    }
    let url = String::from(url);
    if url.len() > LONGEST {
        return Err(Failed::Malformed("the application's request is too long to be taken there and back"));
    }
    Ok(url)
}
