//! `/account/recovery-codes`: made anew, by whoever signed in a moment ago.

use askama::Template;
use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse as _, Redirect, Response},
};

use super::{Form, Frame, or_prove_anew, see};
use crate::{
    App,
    browser::{BrowserSession, Flow},
    http::{Problem, Where},
    mfa,
    pages::{
        error,
        frame::{Person, View},
        html::{Html, say},
        notice::Notice,
        query, recovery_codes,
    },
};

const HERE: &str = "/account/recovery-codes";

#[derive(Template)]
#[template(path = "pages/account/recovery_codes.html")]
struct NewCodesPage {
    v: View,
    tab: &'static str,
    person: Person,
    lead: Html,
    problem: Option<&'static str>,
}

async fn page(
    app: &App,
    frame: &Frame,
    signed_in: &BrowserSession,
    stale: bool,
) -> Result<Response, Problem> {
    let (w, user) = (frame.words(), &signed_in.user);
    let overview = mfa::overview(app, user.realm, user.id).await?;
    if !overview.has_factor() {
        return Ok(see(&frame.browser, "/account/security"));
    }
    let mut view = frame.view(w.recovery_codes);
    view.wrong = stale;
    let codes = overview.codes;
    let page = NewCodesPage {
        v: view,
        tab: "security",
        person: Person::of(user),
        lead: say(w.codes_new_lead).put("left", codes.left).put("total", codes.total).html(),
        problem: stale.then_some(w.stale),
    };
    Ok(frame.answer(if stale { StatusCode::FORBIDDEN } else { StatusCode::OK }, &page, None))
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
    page(&app, &frame, &signed_in, false).await
}

pub(super) async fn submit(
    State(app): State<App>,
    signed_in: BrowserSession,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let (caller, now) = (signed_in.caller(), frame.now);
    if frame.browser.check_csrf(&app, &frame.realm, form.get("csrf")).is_err() {
        return page(&app, &frame, &signed_in, true).await;
    }
    let made = mfa::new_recovery_codes(&app, &caller, origin, now).await;
    match or_prove_anew(&frame, HERE, made) {
        Err(elsewhere) => Ok(elsewhere),
        Ok(Err(Problem::NoSecondFactor)) => Ok(see(&frame.browser, "/account/security")),
        Ok(made) => Ok(recovery_codes::page(frame, &signed_in.user, &made?, None)),
    }
}

/// Whoever has saved the codes goes on to what the sign-in was for in which they were made, or to where they came from.
pub(super) async fn saved(
    State(app): State<App>,
    signed_in: BrowserSession,
    uri: Uri,
    frame: Frame,
) -> Result<Response, Problem> {
    let query = query(&uri);
    let Some(sealed) = query.get("flow") else {
        let overview = mfa::overview(&app, signed_in.user.realm, signed_in.user.id).await?;
        frame.tell(match (overview.totp().is_some(), overview.sms().is_some()) {
            (true, _) => Notice::TotpOn,
            (false, true) => Notice::SmsOn,
            (false, false) => Notice::PasskeyAdded,
        });
        return Ok(see(&frame.browser, "/account/security"));
    };
    Ok(match Flow::open(&app, &frame.realm, &frame.browser, sealed, frame.now) {
        Some(flow) => Redirect::to(&flow.next(&frame.browser, sealed)).into_response(),
        None => error::flow_lost(&frame),
    })
}
