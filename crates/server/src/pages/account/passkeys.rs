//! `/account/passkeys/…`: a passkey is made, named and removed.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use gatepost_domain::{
    DisplayName, Mfa, PasskeyId, User,
    passkey::{MOST, Passkey},
};

use super::{Form, Frame, asking, or_prove_anew, see};
use crate::{
    App,
    browser::BrowserSession,
    http::{PathId, Problem, Where},
    mfa,
    pages::{
        frame::{Person, View},
        html::{Html, moment, say},
        notice::Notice,
        passkey::Ask,
        recovery_codes,
        words::Words,
    },
    passkeys::{self, RegistrationResponse},
};

const NEW: &str = "/account/passkeys/new";

/// The passkeys of an account, as the page of its security lists them.
pub(super) struct PasskeyRows {
    pub(super) rows: Vec<PasskeyRow>,
    /// Whether another may be made.
    pub(super) more: bool,
}

pub(super) struct PasskeyRow {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) about: String,
    pub(super) label: String,
}

impl PasskeyRows {
    pub(super) async fn of(app: &App, frame: &Frame, user: &User) -> Result<Self, Problem> {
        let (w, found) = (frame.words(), passkeys::list(app, user.realm, user.id).await?);
        let wanted = frame.realm.settings().mfa != Mfa::Off && passkeys::relying_party(&frame.realm).is_ok();
        let row = |passkey: &Passkey| PasskeyRow {
            id: passkey.id.to_string(),
            name: passkey.name.as_str().to_owned(),
            about: about(w, passkey),
            label: say(w.manage_passkey).put("passkey", passkey.name.as_str()).plain(),
        };
        Ok(Self { rows: found.iter().map(row).collect(), more: wanted && found.len() < MOST })
    }

    pub(super) fn are_shown(&self) -> bool {
        self.more || !self.rows.is_empty()
    }
}

/// Since when it is there, and when it was used.
fn about(w: &Words, passkey: &Passkey) -> String {
    let time = moment(w, passkey.created_at);
    match passkey.last_used_at {
        None => say(w.passkey_added).put("time", time).plain(),
        Some(used) => say(w.passkey_used).put("time", time).put("used", moment(w, used)).plain(),
    }
}

#[derive(Template)]
#[template(path = "pages/account/passkey_new.html")]
struct NewPage {
    v: View,
    tab: &'static str,
    person: Person,
    problem: Option<Html>,
    ask: Ask,
}

/// The page, unless whoever asks has to prove anew who they are.
async fn new_page(
    app: &App,
    frame: &Frame,
    signed_in: &BrowserSession,
    origin: Where,
    problem: Option<Html>,
) -> Result<Response, Problem> {
    let begun = passkeys::begin(app, &frame.realm, &signed_in.caller(), origin, frame.now).await;
    let options = match or_prove_anew(frame, NEW, begun) {
        Err(elsewhere) => return Ok(elsewhere),
        // Nobody was shown the button.
        Ok(Err(Problem::SecondFactorsOff | Problem::PasskeysUnavailable | Problem::TooMany { .. })) => {
            return Ok(see(&frame.browser, "/account/security"));
        }
        Ok(begun) => begun?,
    };
    let w = frame.words();
    let mut view = frame.view(w.add_passkey);
    view.wrong = problem.is_some();
    let status = if problem.is_some() { StatusCode::FORBIDDEN } else { StatusCode::OK };
    let (person, ask) = (Person::of(&signed_in.user), Ask::to_make(frame, options));
    Ok(frame.answer(status, &NewPage { v: view, tab: "security", person, problem, ask }, None))
}

pub(super) async fn new(
    State(app): State<App>,
    signed_in: BrowserSession,
    origin: Where,
    frame: Frame,
) -> Result<Response, Problem> {
    new_page(&app, &frame, &signed_in, origin, None).await
}

pub(super) async fn add(
    State(app): State<App>,
    signed_in: BrowserSession,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let (w, realm, caller) = (frame.words(), Arc::clone(&frame.realm), signed_in.caller());
    let again = |text| new_page(&app, &frame, &signed_in, origin.clone(), Some(say(text).html()));
    if frame.browser.check_csrf(&app, &realm, form.get("csrf")).is_err() {
        return again(w.stale).await;
    }
    let Ok(sent) = serde_json::from_str::<RegistrationResponse>(form.text("passkey")) else {
        return again(w.passkey_not_made).await;
    };
    let added = passkeys::finish(&app, &realm, &caller, (&sent, None), origin.clone(), frame.now).await;
    match or_prove_anew(&frame, NEW, added) {
        Err(elsewhere) => Ok(elsewhere),
        Ok(Err(Problem::InvalidPasskey(why))) => {
            again(if why.is_stale() { w.stale } else { w.passkey_not_made }).await
        }
        Ok(Err(Problem::PasskeyExists)) => again(w.passkey_known).await,
        Ok(Err(Problem::TooMany { .. })) => Ok(see(&frame.browser, "/account/security")),
        Ok(added) => {
            if let Some(codes) = added?.codes {
                return Ok(recovery_codes::page(frame, &signed_in.user, &codes, None));
            }
            frame.tell(Notice::PasskeyAdded);
            Ok(see(&frame.browser, "/account/security"))
        }
    }
}

#[derive(Template)]
#[template(path = "pages/account/passkey.html")]
struct PasskeyPage<'a> {
    v: View,
    tab: &'static str,
    person: Person,
    problem: Option<&'static str>,
    heading: &'a str,
    about: String,
    action: String,
    name: &'a str,
    name_error: Option<&'static str>,
    /// Why it cannot be removed.
    stays: Option<Html>,
}

/// What is wrong with what was sent: of the page, and of the field with what was typed there.
#[derive(Clone, Copy, Default)]
struct Wrong<'a> {
    problem: Option<&'static str>,
    field: Option<(&'static str, &'a str)>,
}

async fn page(
    app: &App,
    frame: &Frame,
    signed_in: &BrowserSession,
    id: PasskeyId,
    wrong: Wrong<'_>,
) -> Result<Response, Problem> {
    let (w, user) = (frame.words(), &signed_in.user);
    let found = passkeys::list(app, user.realm, user.id).await?;
    let passkey = found.iter().find(|passkey| passkey.id == id).ok_or(Problem::NotFound)?;
    let factors = mfa::overview(app, user.realm, user.id).await?.factors.len();
    let asking = asking(app, frame, user).await?.filter(|_| factors == 1);
    let status = match (wrong.problem, wrong.field) {
        (Some(_), _) => StatusCode::FORBIDDEN,
        (None, Some(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, None) => StatusCode::OK,
    };
    let mut view = frame.view(passkey.name.as_str());
    view.wrong = status != StatusCode::OK;
    let page = PasskeyPage {
        v: view,
        tab: "security",
        person: Person::of(user),
        problem: wrong.problem,
        heading: passkey.name.as_str(),
        about: about(w, passkey),
        action: frame.path(&format!("/account/passkeys/{id}")),
        name: wrong.field.map_or(passkey.name.as_str(), |(_, typed)| typed),
        name_error: wrong.field.map(|(text, _)| text),
        stays: asking.map(|asking| say(w.passkey_stays).put("realm", asking).html()),
    };
    Ok(frame.answer(status, &page, None))
}

pub(super) async fn show(
    State(app): State<App>,
    signed_in: BrowserSession,
    PathId(id): PathId<PasskeyId>,
    frame: Frame,
) -> Result<Response, Problem> {
    page(&app, &frame, &signed_in, id, Wrong::default()).await
}

pub(super) async fn submit(
    State(app): State<App>,
    signed_in: BrowserSession,
    PathId(id): PathId<PasskeyId>,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let (w, realm, caller, now) = (frame.words(), Arc::clone(&frame.realm), signed_in.caller(), frame.now);
    let again = |wrong| page(&app, &frame, &signed_in, id, wrong);
    let problem = |text| Wrong { problem: Some(text), field: None };
    if frame.browser.check_csrf(&app, &realm, form.get("csrf")).is_err() {
        return again(problem(w.stale)).await;
    }
    if form.get("act") == Some("remove") {
        let removed = passkeys::remove(&app, &realm, &caller, id, origin, now).await;
        return match or_prove_anew(&frame, &format!("/account/passkeys/{id}"), removed) {
            Err(elsewhere) => Ok(elsewhere),
            // Removed before, in another window, is removed.
            Ok(Ok(()) | Err(Problem::NotFound)) => {
                frame.tell(Notice::PasskeyRemoved);
                Ok(see(&frame.browser, "/account/security"))
            }
            Ok(Err(Problem::LastWayIn)) => again(problem(w.last_way_in)).await,
            // Nobody was shown the button.
            Ok(Err(Problem::LastSecondFactor)) => again(Wrong::default()).await,
            Ok(Err(other)) => Err(other),
        };
    }
    let text = form.text("name");
    let field = |words| Wrong { problem: None, field: Some((words, text)) };
    if text.is_empty() {
        return again(field(w.type_name)).await;
    }
    let Ok(name) = text.parse::<DisplayName>() else {
        return again(field(w.name_refused)).await;
    };
    passkeys::rename(&app, &caller, (id, name), origin, now).await?;
    frame.tell(Notice::PasskeyRenamed);
    Ok(see(&frame.browser, "/account/security"))
}
