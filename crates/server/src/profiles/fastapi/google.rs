//! Signing in by Google, or whatever provider the realm calls `google`: on to it, and back with tokens instead of a page.
//!
//! State, nonce and PKCE are ours, and the browser is known by a cookie in between, whatever the application did: what somebody else
//! began signs nobody in (SO-03).

use axum::http::StatusCode;
use gatepost_domain::{ProviderId, Scopes, Timestamp, User};

use super::{query::Params, refusal::Refusal};
use crate::{
    App,
    browser::Browser,
    http::{Problem, Where},
    limits::{self, Rule},
    realm::Snapshot,
    session::{self, Held, SignIn, Steps, Wants},
    social::{self, Answer, Entered, Finished, Going, Intent, NotFinished},
};

/// What the realm calls it.
const GOOGLE: &str = "google";

/// Where a profile begins and ends it.
pub struct Door {
    /// The path that sends a browser there.
    pub begin: &'static str,
    /// The path that it comes back to, which is to be registered at the provider.
    pub back: &'static str,
    /// What else the address there says.
    pub more: &'static [(&'static str, &'static str)],
}

fn id() -> Result<ProviderId, Problem> {
    GOOGLE.parse().map_err(Problem::internal)
}

/// Where the browser goes.
pub async fn go(
    app: &App,
    realm: &Snapshot,
    browser: &Browser,
    door: &Door,
    origin: &Where,
    now: Timestamp,
) -> Result<String, Refusal> {
    let provider = realm.provider(&id()?).ok_or(Problem::NotFound)?;
    let going = Going {
        intent: Intent::SignIn,
        flow: None,
        hint: None,
        anew: false,
        back: Some(door.back),
        more: door.more,
    };
    match social::begin(app, realm, browser, provider, going, now).await {
        Ok(url) => Ok(url),
        Err(failed) => {
            social::refused(app, realm, provider, (failed.code(), Some(&failed)), origin, now).await?;
            Err(Refusal::new(StatusCode::BAD_GATEWAY, "The provider could not be reached"))
        }
    }
}

/// Whom the provider has named, signed in.
pub async fn back(
    app: &App,
    realm: &Snapshot,
    browser: &Browser,
    (door, params): (&Door, &Params),
    scopes: impl FnOnce(&User) -> Result<Scopes, Problem>,
    origin: &Where,
    now: Timestamp,
) -> Result<Held, Refusal> {
    let counted = limits::attempt(app, realm, (Rule::Provider, origin.neighbourhood()), origin, now)?;
    let provider = realm.provider(&id()?).ok_or(Problem::NotFound)?;
    let lost = || {
        let detail = format!("This sign-in was begun elsewhere, or is over: begin again at {}", door.begin);
        Refusal::new(StatusCode::BAD_REQUEST, detail)
    };
    // Which of two would count?
    if params.has_twice(&["state", "code", "error", "iss"]) {
        return Err(lost());
    }
    let text = |name: &str| params.get(name).map(str::to_owned);
    let answer = Answer {
        state: text("state").unwrap_or_default(),
        code: text("code"),
        error: text("error"),
        issuer: text("iss"),
        name: None,
        back: Some(door.back.to_owned()),
    };
    let named = match social::finish(app, realm, browser, provider, answer, now).await? {
        Ok(Finished { named, .. }) => named,
        Err(NotFinished::Lost(why)) => {
            tracing::info!(
                realm.name = realm.name(),
                provider.id = GOOGLE,
                reason = why.code(),
                cause = why.cause(),
                "a sign-in by a provider was lost"
            );
            return Err(lost());
        }
        Err(NotFinished::Failed(_, failed)) => {
            social::refused(app, realm, provider, (failed.code(), Some(&failed)), origin, now).await?;
            return Err(Refusal::unauthorized("Could not validate credentials"));
        }
    };
    counted.give_back();
    let code = match social::enter(app, realm, provider, named, origin, now).await? {
        Entered::Proven(proven, _) => {
            let wants = Wants { scopes: scopes(&proven.user)?, steps: Steps::One };
            match session::begin(app, realm, *proven, wants, origin, now).await {
                Ok(SignIn::Begun(held)) => return Ok(held),
                // It was written down.
                Ok(SignIn::Pending(..)) | Err(Problem::InvalidCredentials) => {
                    return Err(Refusal::unauthorized("Could not validate credentials"));
                }
                Err(other) => return Err(other.into()),
            }
        }
        Entered::Unverified(_) => "email_unverified",
        Entered::Disabled => "disabled",
        Entered::NotAdmitted => "not_admitted",
        Entered::No(why) => why.code(),
    };
    social::refused(app, realm, provider, (code, None), origin, now).await?;
    Err(Refusal::unauthorized("Could not validate credentials"))
}
