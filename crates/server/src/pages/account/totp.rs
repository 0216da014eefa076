//! `/account/totp`: the authenticator app is set up, moved and turned off, by whoever signed in a moment ago.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use gatepost_domain::Mfa;

use super::{Form, Frame, asking, or_prove_anew, see};
use crate::{
    App,
    browser::BrowserSession,
    http::{Problem, Where},
    mfa,
    pages::{
        frame::{Person, View},
        html::{Html, moment, say},
        notice::Notice,
        recovery_codes,
        second_set_up::TotpApp,
    },
};

const HERE: &str = "/account/totp";

#[derive(Template)]
#[template(path = "pages/account/totp.html")]
struct TotpPage {
    v: View,
    tab: &'static str,
    person: Person,
    lead: Html,
    problem: Option<&'static str>,
    since: Option<String>,
    required: bool,
    stays: Html,
}

#[derive(Template)]
#[template(path = "pages/account/totp_set_up.html")]
struct SetUpPage {
    v: View,
    tab: &'static str,
    person: Person,
    problem: Option<&'static str>,
    totp: TotpApp,
    wrong: Option<&'static str>,
}

/// What is wrong with what was sent: of the page, and of the field.
#[derive(Clone, Copy, Default)]
struct Wrong {
    problem: Option<&'static str>,
    field: Option<&'static str>,
}

impl Wrong {
    fn status(self) -> StatusCode {
        match (self.problem, self.field) {
            (Some(_), _) => StatusCode::FORBIDDEN,
            (None, Some(_)) => StatusCode::UNPROCESSABLE_ENTITY,
            (None, None) => StatusCode::OK,
        }
    }
}

async fn page(
    app: &App,
    frame: &Frame,
    signed_in: &BrowserSession,
    wrong: Wrong,
) -> Result<Response, Problem> {
    let (w, user, realm) = (frame.words(), &signed_in.user, &frame.realm);
    let (status, policy) = (wrong.status(), realm.settings().mfa);
    let begun = mfa::BegunBy::Session(signed_in.session.id);
    if let Some(set_up) = mfa::pending_totp(app, realm, user, begun, frame.now).await? {
        let mut view = frame.view(w.totp_title);
        view.wrong = status != StatusCode::OK;
        let page = SetUpPage {
            v: view,
            tab: "security",
            person: Person::of(user),
            problem: wrong.problem,
            totp: TotpApp::of(&set_up, user, true)?,
            wrong: wrong.field,
        };
        return Ok(frame.answer(status, &page, None));
    }
    let overview = mfa::overview(app, user.realm, user.id).await?;
    let factor = overview.totp();
    if factor.is_none() && policy == Mfa::Off {
        return Ok(see(&frame.browser, "/account/security"));
    }
    let asking = asking(app, frame, user).await?;
    let mut view = frame.view(w.totp);
    view.wrong = status != StatusCode::OK;
    let page = TotpPage {
        v: view,
        tab: "security",
        person: Person::of(user),
        lead: say(if factor.is_some() { w.totp_manage_lead } else { w.totp_lead }).html(),
        problem: wrong.problem.or(wrong.field),
        since: factor.map(|factor| say(w.totp_since).put("time", moment(w, factor.added_at)).plain()),
        required: asking.is_some() && overview.factors.len() == 1,
        stays: say(w.turn_off_required).put("realm", asking.as_deref().unwrap_or_default()).html(),
    };
    Ok(frame.answer(status, &page, None))
}

pub(super) async fn show(
    State(app): State<App>,
    signed_in: BrowserSession,
    frame: Frame,
) -> Result<Response, Problem> {
    let fresh = mfa::check_may_change(&app, &signed_in.caller(), frame.now).await;
    match or_prove_anew(&frame, HERE, fresh) {
        Err(elsewhere) => return Ok(elsewhere),
        Ok(checked) => checked?,
    }
    page(&app, &frame, &signed_in, Wrong::default()).await
}

pub(super) async fn submit(
    State(app): State<App>,
    signed_in: BrowserSession,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let (w, realm, caller) = (frame.words(), Arc::clone(&frame.realm), signed_in.caller());
    let now = frame.now;
    let fresh = mfa::check_may_change(&app, &caller, now).await;
    match or_prove_anew(&frame, HERE, fresh) {
        Err(elsewhere) => return Ok(elsewhere),
        Ok(checked) => checked?,
    }
    let problem = |text| Wrong { problem: Some(text), field: None };
    if frame.browser.check_csrf(&app, &realm, form.get("csrf")).is_err() {
        return page(&app, &frame, &signed_in, problem(w.stale)).await;
    }
    match form.get("act") {
        Some("begin") => {
            mfa::begin_totp(&app, &realm, &caller, origin, now).await?;
            Ok(see(&frame.browser, HERE))
        }
        Some("remove") => match mfa::remove_totp(&app, &realm, &caller, origin, now).await {
            // Removed before, in another window, is removed.
            Ok(()) | Err(Problem::NotFound) => {
                frame.tell(Notice::TotpOff);
                Ok(see(&frame.browser, "/account/security"))
            }
            // Nobody was shown the button.
            Err(Problem::LastSecondFactor) => Ok(see(&frame.browser, HERE)),
            Err(other) => Err(other),
        },
        _ => {
            let field = |text| Wrong { problem: None, field: Some(text) };
            let code = form.text("code");
            if code.is_empty() {
                return page(&app, &frame, &signed_in, field(w.code_empty)).await;
            }
            match mfa::confirm_totp(&app, &realm, &caller, code, origin, now).await {
                Ok(Some(codes)) => Ok(recovery_codes::page(frame, &signed_in.user, &codes, None)),
                Ok(None) => {
                    frame.tell(Notice::TotpOn);
                    Ok(see(&frame.browser, "/account/security"))
                }
                Err(Problem::InvalidCode) => page(&app, &frame, &signed_in, field(w.code_wrong)).await,
                Err(Problem::NoSetUp) => page(&app, &frame, &signed_in, problem(w.totp_over)).await,
                Err(other) => Err(other),
            }
        }
    }
}
