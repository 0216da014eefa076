//! `/sign-in/with/{provider}`: to a provider, and back.
//!
//! One goes there by a link that only a page of ours has, in the browser it was shown in: no other site signs anybody in, nor connects
//! anything (SO-06).

use std::sync::Arc;

use axum::{
    extract::State,
    http::Uri,
    response::{IntoResponse as _, Redirect, Response},
};
use gatepost_domain::{Preset, Provider, ProviderId, SessionId, Timestamp, provider::NoAccount};
use serde::{Deserialize, Serialize};

use super::{
    Form, Frame,
    account::or_prove_anew,
    error,
    html::{Sentence, say},
    mail_sent::{For, Sent},
    notice::Notice,
    query, second_step, see,
    sign_in::{go_on, told},
};
use crate::{
    App,
    browser::{BrowserSession, Flow},
    http::{PathId, Problem, Where},
    limits::{self, Rule},
    mfa,
    session::{self, SignIn},
    social::{self, Answer, Entered, Finished, Going, Intent, Lost, NotFinished},
};

/// What a link to a provider is sealed for.
const PURPOSE: &str = "to a provider";
/// How long it is good.
const LIFE: std::time::Duration = std::time::Duration::from_hours(1);
/// Where accounts are connected.
pub(super) const ACCOUNT: &str = "/account/security";

/// What a link says that only a page of ours can.
#[derive(Serialize, Deserialize)]
struct Go {
    provider: ProviderId,
    /// In which session an account is to be connected.
    connect: Option<SessionId>,
    at: Timestamp,
}

/// A link to a provider.
pub(super) struct Button {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) label: String,
    pub(super) href: String,
    /// Which picture stands before it.
    pub(super) icon: &'static str,
}

/// The links to the providers of the realm. `flow` is what a sign-in is for; `connect` the session in which an account is to be
/// connected.
pub(super) fn buttons(frame: &Frame, flow: Option<&str>, connect: Option<SessionId>) -> Vec<Button> {
    let words = frame.words();
    let label = if connect.is_some() { words.connect_one } else { words.continue_with };
    let providers = frame.realm.providers();
    providers
        .map(|provider| Button {
            id: provider.id.to_string(),
            name: provider.settings.shown(&provider.id).to_owned(),
            label: say(label).put("provider", provider.settings.shown(&provider.id)).plain(),
            href: link(frame, provider, flow, connect),
            icon: icon(provider.settings.preset),
        })
        .collect()
}

fn link(frame: &Frame, provider: &Provider, flow: Option<&str>, connect: Option<SessionId>) -> String {
    let go = Go { provider: provider.id.clone(), connect, at: frame.now };
    let flow = flow.map(|flow| format!("&flow={flow}")).unwrap_or_default();
    frame.path(&format!("/sign-in/with/{}?go={}{flow}", provider.id, frame.seal_for(PURPOSE, &go)))
}

/// Where somebody signs in by a provider whom an application of the realm's sends there; `flow` is what the sign-in is for, sealed.
/// `None`: there is no such provider.
pub fn to_provider(frame: &Frame, provider: &ProviderId, flow: &str) -> Option<String> {
    Some(link(frame, frame.realm.provider(provider)?, Some(flow), None))
}

/// The picture of a provider.
pub(super) fn icon(preset: Option<Preset>) -> &'static str {
    preset.map_or("", Preset::name)
}

/// On to the provider.
pub(super) async fn show(
    State(app): State<App>,
    PathId(id): PathId<ProviderId>,
    signed_in: Option<BrowserSession>,
    origin: Where,
    uri: Uri,
    frame: Frame,
) -> Result<Response, Problem> {
    let (realm, browser, now) = (Arc::clone(&frame.realm), frame.browser.clone(), frame.now);
    let Some(provider) = realm.provider(&id) else { return Err(Problem::NotFound) };
    let query = query(&uri);
    let sealed = query.get("flow").map(String::as_str);
    let Ok(flow) = frame.flow(&app, sealed) else {
        return Ok(lost(&frame, &id, if browser.is_new() { Lost::NoCookie } else { Lost::FlowOver }));
    };
    let go = query.get("go").and_then(|text| browser.open::<Go>(&app, &realm, PURPOSE, text));
    let Some(go) = go.filter(|go| go.provider == id && now < go.at.plus(LIFE)) else {
        // The page that has the link, where a person can choose it.
        let flow = sealed.map(|sealed| format!("?flow={sealed}")).unwrap_or_default();
        return Ok(see(&browser, &format!("/sign-in{flow}")));
    };
    let intent = match go.connect {
        None => Intent::SignIn,
        Some(session) => {
            let Some(signed_in) = signed_in.filter(|signed_in| signed_in.session.id == session) else {
                return Ok(see(&browser, ACCOUNT));
            };
            let fresh = mfa::check_may_change(&app, &signed_in.caller(), now).await;
            match or_prove_anew(&frame, ACCOUNT, fresh) {
                Err(elsewhere) => return Ok(elsewhere),
                Ok(checked) => checked?,
            }
            Intent::Connect(session)
        }
    };
    let hint = flow.as_ref().and_then(|flow| flow.login_hint.as_deref());
    let anew = flow.as_ref().is_some_and(|flow| flow.fresh);
    let going = Going { intent, flow: sealed, hint, anew, back: None, more: &[] };
    let begun = social::begin(&app, &realm, &browser, provider, going, now).await;
    match begun {
        Ok(url) => Ok(Redirect::to(&url).into_response()),
        Err(failed) => {
            social::refused(&app, &realm, provider, (failed.code(), Some(&failed)), &origin, now).await?;
            let words = frame.words();
            if intent != Intent::SignIn {
                return Ok(not_connected(&frame, provider, words.connect_refused));
            }
            Ok(no(&app, frame, flow.as_ref().zip(sealed), provider, words.provider_refused))
        }
    }
}

/// Back by a form, which is how Apple sends people: another site's form brings no cookies, so the browser comes once more, by itself.
pub async fn come_back_by_form(PathId(_): PathId<ProviderId>, form: Form) -> Response {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for name in ["state", "code", "error", "iss"] {
        if let Some(value) = form.get(name) {
            query.append_pair(name, value);
        }
    }
    if let Some(name) = form.get("user").and_then(name_in) {
        query.append_pair("name", &name);
    }
    Redirect::to(&format!("?{}", query.finish())).into_response()
}

/// What Apple says somebody is called: once, beside the code.
fn name_in(user: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct User {
        name: Name,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Name {
        first_name: Option<String>,
        last_name: Option<String>,
    }
    let User { name } = serde_json::from_str(user).ok()?;
    let parts: Vec<_> = [name.first_name, name.last_name].into_iter().flatten().collect();
    let whole = parts.join(" ");
    (!whole.trim().is_empty()).then(|| whole.chars().take(100).collect())
}

/// What the address brings back: each parameter once, for which of two would count?
pub fn answer(uri: &Uri) -> Option<Answer> {
    let mut answer = Answer::default();
    let mut seen: Vec<String> = Vec::new();
    for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).take(32) {
        if seen.iter().any(|one| *one == name) {
            return None;
        }
        seen.push(name.clone().into_owned());
        let value = value.into_owned();
        match name.as_ref() {
            "state" => answer.state = value,
            "code" => answer.code = Some(value),
            "error" => answer.error = Some(value),
            "iss" => answer.issuer = Some(value),
            "name" => answer.name = Some(value),
            _ => {}
        }
    }
    Some(answer)
}

/// Back from the provider.
pub(super) async fn come_back(
    State(app): State<App>,
    PathId(id): PathId<ProviderId>,
    signed_in: Option<BrowserSession>,
    origin: Where,
    uri: Uri,
    frame: Frame,
) -> Result<Response, Problem> {
    let (realm, browser, now) = (Arc::clone(&frame.realm), frame.browser.clone(), frame.now);
    let key = (Rule::Provider, origin.neighbourhood());
    let counted = limits::attempt(&app, &realm, key, &origin, now)?;
    // One that is out of use signs nobody in who was on the way (SO-07).
    let Some(provider) = realm.provider(&id) else { return Ok(lost(&frame, &id, Lost::OutOfUse)) };
    let Some(answer) = answer(&uri) else { return Ok(lost(&frame, &id, Lost::Malformed)) };
    let Finished { state, named } =
        match social::finish(&app, &realm, &browser, provider, answer, now).await? {
            Ok(finished) => finished,
            Err(NotFinished::Lost(why)) => return Ok(lost(&frame, &id, why)),
            Err(NotFinished::Failed(state, failed)) => {
                social::refused(&app, &realm, provider, (failed.code(), Some(&failed)), &origin, now).await?;
                if state.intent != Intent::SignIn {
                    let words = frame.words();
                    return Ok(not_connected(&frame, provider, words.connect_refused));
                }
                let flow = state.flow.as_deref().map(|text| Flow::open(&app, &realm, &browser, text, now));
                let Some(flow) = opened(flow) else { return Ok(lost(&frame, &id, Lost::FlowOver)) };
                let refused = frame.words().provider_refused;
                return Ok(no(&app, frame, flow.as_ref().zip(state.flow.as_deref()), provider, refused));
            }
        };
    counted.give_back();
    if let Intent::Connect(session) = state.intent {
        // Whoever is signed in now, and not whoever was (SO-06).
        let Some(signed_in) = signed_in.filter(|signed_in| signed_in.session.id == session) else {
            return Ok(lost(&frame, &id, Lost::OtherSession));
        };
        let connected =
            social::connect(&app, provider, &signed_in.caller(), named, origin.clone(), now).await;
        return connect(&app, &frame, provider, connected, &origin).await;
    }
    let flow = state.flow.as_deref().map(|text| Flow::open(&app, &realm, &browser, text, now));
    let Some(flow) = opened(flow) else { return Ok(lost(&frame, &id, Lost::FlowOver)) };
    let flowing = flow.as_ref().zip(state.flow.as_deref());
    let read = origin.clone().reading(frame.language());
    let entered = social::enter(&app, &realm, provider, named, &read, now).await?;
    let words = frame.words();
    let (code, sentence) = match entered {
        Entered::Proven(proven, _) => {
            let held = signed_in.as_ref().map(|signed_in| &signed_in.session);
            let origin = origin.on_trusted_device(Flow::takes_trust(flow.as_ref()));
            let begun = session::sign_in_browser(&app, &realm, *proven, held, false, &origin, now).await;
            match begun {
                Ok(SignIn::Begun(session)) => {
                    browser.keep(&app, &realm, &session, false, now);
                    return Ok(go_on(&app, &realm, &browser, flow.as_ref(), session.id));
                }
                Ok(SignIn::Pending(pending, missing)) => {
                    return second_step::begin(&app, &frame, flow.as_ref(), (pending, missing)).await;
                }
                // Disabled, or disconnected, in the same moment. It was written down.
                Err(Problem::InvalidCredentials) => {
                    return Ok(no(&app, frame, flowing, provider, words.provider_refused));
                }
                Err(other) => return Err(other),
            }
        }
        Entered::Unverified(email) if frame.sends_mail() => {
            return Ok(Sent::new(email, state.flow.as_deref(), now).go(&app, &frame, For::Verify));
        }
        Entered::Unverified(_) => ("email_unverified", words.provider_refused),
        Entered::Disabled => ("disabled", words.provider_refused),
        Entered::NotAdmitted => ("not_admitted", words.provider_elsewhere),
        Entered::No(why @ NoAccount::NoAddress) => (why.code(), words.provider_no_email),
        Entered::No(why @ NoAccount::Taken) => (why.code(), words.provider_taken),
        Entered::No(why @ NoAccount::Closed) => (why.code(), words.provider_closed),
    };
    social::refused(&app, &realm, provider, (code, None), &origin, now).await?;
    Ok(no(&app, frame, flowing, provider, sentence))
}

/// What comes back is the end of nothing. The page has the id of the request, by which the line in the log is found.
fn lost(frame: &Frame, provider: &ProviderId, why: Lost) -> Response {
    tracing::info!(
        request.id = %frame.request(), realm.name = frame.realm.name(), provider.id = %provider,
        reason = why.code(), cause = why.cause(), "a sign-in by a provider was lost"
    );
    error::flow_lost(frame)
}

/// A flow that was there and does not open any more is lost; one that never was is none.
fn opened(flow: Option<Option<Flow>>) -> Option<Option<Flow>> {
    match flow {
        Some(None) => None,
        Some(Some(flow)) => Some(Some(flow)),
        None => Some(None),
    }
}

/// The page to sign in on, with why it did not come to that.
fn no(
    app: &App,
    frame: Frame,
    flow: Option<(&Flow, &str)>,
    provider: &Provider,
    sentence: &'static str,
) -> Response {
    let problem = filled(&frame, provider, sentence).html();
    told(app, frame, flow, problem)
}

fn filled(frame: &Frame, provider: &Provider, sentence: &'static str) -> Sentence {
    say(sentence)
        .put("provider", provider.settings.shown(&provider.id))
        .put("realm", frame.realm_name())
        .link(frame.path(ACCOUNT))
}

fn not_connected(frame: &Frame, provider: &Provider, sentence: &'static str) -> Response {
    let title = say(frame.words().connect_refused_title);
    let frame = frame.clone().seen_at(ACCOUNT);
    frame.message(axum::http::StatusCode::FORBIDDEN, &title, &filled(&frame, provider, sentence))
}

async fn connect(
    app: &App,
    frame: &Frame,
    provider: &Provider,
    connected: Result<(), Problem>,
    origin: &Where,
) -> Result<Response, Problem> {
    let words = frame.words();
    let connected = match or_prove_anew(frame, ACCOUNT, connected) {
        Err(elsewhere) => return Ok(elsewhere),
        Ok(connected) => connected,
    };
    let (code, sentence) = match connected {
        Ok(()) => {
            frame.tell(Notice::Connected);
            return Ok(see(&frame.browser, ACCOUNT));
        }
        Err(Problem::IdentityTaken) => ("connected_elsewhere", words.connect_taken),
        Err(Problem::IdentityRefused) => ("not_admitted", words.connect_elsewhere),
        Err(other) => return Err(other),
    };
    social::refused(app, &frame.realm, provider, (code, None), origin, frame.now).await?;
    Ok(not_connected(frame, provider, sentence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apple_says_a_name_in_its_own_way_and_nothing_else_of_it_is_read() {
        let name = |text: &str| name_in(text);
        let both = r#"{"name":{"firstName":"Ada","lastName":"Lovelace"},"email":"eve@example.com"}"#;
        assert_eq!(name(both).as_deref(), Some("Ada Lovelace"));
        assert_eq!(name(r#"{"name":{"firstName":"Ada"}}"#).as_deref(), Some("Ada"));
        for none in ["", "{}", r#"{"name":{}}"#, r#"{"name":"Ada"}"#, r#"{"name":{"firstName":" "}}"#] {
            assert_eq!(name(none), None, "{none}");
        }
    }

    #[test]
    fn so_03_what_comes_back_twice_is_nothing() {
        let read = |query: &str| answer(&format!("/x?{query}").parse().unwrap());
        let once = read("code=a&state=b&iss=https%3A%2F%2Fid.test&other=1").unwrap();
        assert_eq!((once.code.as_deref(), once.state.as_str()), (Some("a"), "b"));
        assert_eq!(once.issuer.as_deref(), Some("https://id.test"));
        for twice in ["code=a&code=b&state=c", "state=a&state=a", "iss=a&code=b&iss=a"] {
            assert!(read(twice).is_none(), "{twice}");
        }
    }
}
