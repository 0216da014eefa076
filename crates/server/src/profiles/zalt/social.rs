//! `/auth/social/{provider}`: signing in by a provider of the realm's, and back to the application.
//!
//! No token stands in an address. An application asks for the address to send the browser to, and is given a `state` with it, which it
//! keeps; the browser brings it a code, and the two together are exchanged for tokens. State, nonce and PKCE at the provider are ours, and
//! the browser is known by a cookie in between: what somebody else began signs nobody in (SO-03).

use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse as _, Redirect, Response},
};
use data_encoding::BASE64URL_NOPAD;
use gatepost_domain::{Provider, ProviderId, authorization::pkce, provider::NoAccount};
use serde::Deserialize;
use serde_json::json;
use url::{Url, form_urlencoded};

use super::{
    Refusal,
    envelope::Said,
    login::after_first,
    sent::{Body, Id, In},
};
use crate::{
    App,
    api::known_device,
    better_auth,
    browser::Browser,
    http::{Now, PathId, Problem, Query, Where},
    limits::{self, Rule},
    pages::{self, Form},
    realm::{InRealm, Snapshot},
    session,
    social::{self, Answer, Entered, Failed, Finished, Going, Intent, NotFinished},
};

/// The path that a provider sends people back to, which is to be registered there.
fn path_back(provider: &ProviderId) -> String {
    format!("/v1/auth/social/{provider}/callback")
}

fn named(realm: &Snapshot, id: Option<ProviderId>) -> Result<&Provider, Refusal> {
    let found = id.and_then(|id| realm.provider(&id));
    let message = "The realm has no such provider in use.";
    found.ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "OAUTH_NOT_CONFIGURED", message))
}

/// Where a browser is sent in the end, and of what secret the code is good that it brings.
struct Flow {
    target: Url,
    challenge: String,
}

impl Flow {
    fn query(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .append_pair("redirect_url", self.target.as_str())
            .append_pair("code_challenge", &self.challenge)
            .append_pair("code_challenge_method", "S256")
            .finish()
    }

    /// As it was kept. Whether people may be sent there is asked again: the realm may have changed meanwhile.
    fn read(realm: &Snapshot, query: &str) -> Option<Self> {
        let value = |wanted: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
        };
        Some(Self {
            target: better_auth::page_of_named_origin(realm, &value("redirect_url")?)?,
            challenge: value("code_challenge")?,
        })
    }

    /// On to the application, with one parameter more.
    fn lead(mut self, name: &str, value: &str) -> Response {
        let is_other = |(known, _): &(String, String)| known != "code" && known != "error";
        let kept: Vec<_> = self.target.query_pairs().into_owned().filter(is_other).collect();
        self.target.query_pairs_mut().clear().extend_pairs(kept).append_pair(name, value);
        Redirect::to(self.target.as_str()).into_response()
    }

    fn no(self, why: &str) -> Response {
        self.lead("error", why)
    }
}

/// What an application asks for.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(alias = "redirect_uri")]
    redirect_url: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
}

impl Asked {
    fn target(&self, realm: &Snapshot) -> Result<Url, Refusal> {
        let target = self.redirect_url.as_deref().ok_or_else(|| {
            Refusal::invalid(
                "`redirect_url` is missing: the page of the application that people come back to.",
            )
        })?;
        better_auth::page_of_named_origin(realm, target).ok_or_else(|| {
            let message = "`redirect_url` is of an origin that the realm does not name (allowed_origins).";
            Refusal::new(StatusCode::BAD_REQUEST, "INVALID_REDIRECT_URL", message)
        })
    }

    fn challenge(self) -> Result<String, Refusal> {
        let fits = |challenge: &String| {
            self.code_challenge_method.as_deref() == Some("S256") && pkce::is_challenge(challenge)
        };
        self.code_challenge.filter(fits).ok_or_else(|| {
            Refusal::invalid(
                "`code_challenge` is missing, or its method is not S256. Ask /auth/social/{provider}/authorize \
                 for the address: it has one, and its `state` is what the code is good with.",
            )
        })
    }
}

/// `GET /auth/social/{provider}/authorize`: where to send the browser, and the secret that the application keeps until it is back.
pub async fn ask(
    In(realm): In<InRealm>,
    Id(id): Id<ProviderId>,
    State(app): State<App>,
    In(Query(asked)): In<Query<Asked>>,
) -> Result<Said, Refusal> {
    let provider = named(&realm, id)?;
    let mut secret = [0; 32];
    app.entropy().fill(&mut secret);
    let state = BASE64URL_NOPAD.encode(&secret);
    let flow = Flow { target: asked.target(&realm)?, challenge: pkce::challenge_of(&state) };
    let url = realm.url(&format!("/v1/auth/social/{}/authorize?{}", provider.id, flow.query()));
    Ok(Said::ok(json!({"url": url, "auth_url": url, "authUrl": url, "state": state})))
}

/// `GET /v1/auth/social/{provider}/authorize`: a browser goes on to the provider.
pub async fn go(
    In(realm): In<InRealm>,
    In(browser): In<Browser>,
    Id(id): Id<ProviderId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    In(Query(asked)): In<Query<Asked>>,
) -> Result<Response, Refusal> {
    let provider = named(&realm, id)?;
    let flow = Flow { target: asked.target(&realm)?, challenge: asked.challenge()? };
    let (kept, back) = (flow.query(), path_back(&provider.id));
    let going = Going {
        intent: Intent::SignIn,
        flow: Some(&kept),
        hint: None,
        anew: false,
        back: Some(&back),
        more: &[],
    };
    match social::begin(&app, &realm, &browser, provider, going, now).await {
        Ok(url) => Ok(Redirect::to(&url).into_response()),
        Err(failed) => {
            social::refused(&app, &realm, provider, (failed.code(), Some(&failed)), &origin, now).await?;
            Ok(flow.no("provider_unreachable"))
        }
    }
}

/// Back by a form, which is how Apple sends people: another site's form brings no cookies, so the browser comes once more, by itself.
pub async fn come_back_by_form(
    Id(id): Id<ProviderId>,
    In(realm): In<InRealm>,
    form: Result<Form, Problem>,
) -> Result<Response, Refusal> {
    let id = named(&realm, id)?.id.clone();
    Ok(pages::come_back_by_form(PathId(id), form?).await)
}

/// `GET /v1/auth/social/{provider}/callback`: a browser comes back, and goes on to the application.
pub async fn come_back(
    In(realm): In<InRealm>,
    In(browser): In<Browser>,
    Id(id): Id<ProviderId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    uri: Uri,
) -> Result<Response, Refusal> {
    let counted = limits::attempt(&app, &realm, (Rule::Provider, origin.neighbourhood()), &origin, now)?;
    // One that is out of use signs nobody in who was on the way (SO-07).
    let provider = named(&realm, id)?;
    let lost = || {
        let message = "This sign-in was begun elsewhere, or is over. Begin it again in the application.";
        Refusal::new(StatusCode::BAD_REQUEST, "OAUTH_ERROR", message)
    };
    let answer = pages::provider_answer(&uri).ok_or_else(lost)?;
    let answer = Answer { back: Some(path_back(&provider.id)), ..answer };
    let Finished { state, named } = match social::finish(&app, &realm, &browser, provider, answer, now)
        .await?
    {
        Ok(finished) => finished,
        Err(NotFinished::Lost(why)) => {
            tracing::info!(
                realm.name = realm.name(), provider.id = %provider.id, reason = why.code(), cause = why.cause(),
                "a sign-in by a provider was lost"
            );
            return Err(lost());
        }
        Err(NotFinished::Failed(state, failed)) => {
            social::refused(&app, &realm, provider, (failed.code(), Some(&failed)), &origin, now).await?;
            let flow = Flow::read(&realm, state.flow.as_deref().unwrap_or_default()).ok_or_else(lost)?;
            return Ok(match failed {
                Failed::Denied(error) => flow.no(&error),
                _ => flow.no("provider_error"),
            });
        }
    };
    counted.give_back();
    let flow = Flow::read(&realm, state.flow.as_deref().unwrap_or_default()).ok_or_else(lost)?;
    let (reason, told) = match social::enter(&app, &realm, provider, named, &origin, now).await? {
        Entered::Proven(proven, is_new) => {
            let whom = (&*proven, is_new);
            let code = session::hand_over(&app, &realm, whom, &provider.id, &flow.challenge, now);
            return Ok(flow.lead("code", &code));
        }
        Entered::Unverified(_) => ("email_unverified", "email_not_verified"),
        Entered::Disabled => ("disabled", "access_denied"),
        Entered::NotAdmitted => ("not_admitted", "access_denied"),
        Entered::No(why @ NoAccount::NoAddress) => (why.code(), "email_not_found"),
        Entered::No(why @ NoAccount::Taken) => (why.code(), "account_not_linked"),
        Entered::No(why @ NoAccount::Closed) => (why.code(), "signup_disabled"),
    };
    social::refused(&app, &realm, provider, (reason, None), &origin, now).await?;
    Ok(flow.no(told))
}

/// What the browser brought, and what the application kept.
#[derive(Deserialize)]
pub struct Brought {
    code: String,
    #[serde(alias = "code_verifier")]
    state: String,
}

/// `POST /auth/social/{provider}/callback`: signs in whom the provider has named, or says what is missing.
pub async fn exchange(
    In(realm): In<InRealm>,
    Id(id): Id<ProviderId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<Brought>,
) -> Result<Response, Refusal> {
    let provider = &named(&realm, id)?.id;
    let found = session::take_over(&app, &realm, provider, (&body.code, &body.state), now).await?;
    let (proven, is_new) = found.ok_or_else(|| {
        let message = "The code is over, or not of this `state`. It is good once, for a minute. Begin again.";
        Refusal::new(StatusCode::BAD_REQUEST, "INVALID_CODE", message)
    })?;
    let origin = origin.on_trusted_device(true);
    let (device, mut answer) = after_first(&app, &realm, proven, &origin, now).await?;
    answer["is_new_user"] = json!(is_new);
    answer["isNewUser"] = json!(is_new);
    Ok((known_device(device.as_ref())?, Said::ok(answer)).into_response())
}
