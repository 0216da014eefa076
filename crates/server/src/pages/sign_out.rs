//! `/sign-out`

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use gatepost_domain::User;

use super::{
    Form,
    frame::{Frame, Person, View},
    html::{Html, say},
    see,
};
use crate::{
    App,
    accounts::Who,
    browser::{BrowserSession, Flow, Target},
    http::{Problem, Where},
    session::{self, Ended},
};

/// The question whether to sign out, asked here or for an application.
pub struct SignOut<'a> {
    /// Whose account it is.
    pub user: &'a User,
    /// Where the form goes: a path of the realm, `/sign-out` or the endpoint that asks.
    pub action: &'a str,
    /// What else the form carries.
    pub fields: &'a [(&'a str, &'a str)],
    /// Where the browser is sent afterwards by an application.
    pub leads_to: Option<(&'a Flow, &'a str)>,
    /// The form was of a page that was open for too long: say so.
    pub stale: bool,
}

#[derive(Template)]
#[template(path = "pages/sign_out.html")]
struct SignOutPage<'a> {
    v: View,
    heading: Html,
    problem: Option<&'static str>,
    person: Person,
    action: String,
    fields: &'a [(&'a str, &'a str)],
    stay: String,
}

/// The page. Its form carries `csrf`, what was given, and `everywhere` where the box is ticked.
pub fn sign_out(frame: Frame, sign_out: &SignOut<'_>) -> Response {
    let frame = frame.of(sign_out.leads_to);
    let words = frame.words();
    let heading = say(words.sign_out_title).put("realm", frame.realm_name());
    let mut view = frame.view(heading.plain());
    view.wrong = sign_out.stale;
    let page = SignOutPage {
        v: view,
        heading: heading.html(),
        problem: sign_out.stale.then_some(words.stale),
        person: Person::of(sign_out.user),
        action: frame.path(sign_out.action),
        fields: sign_out.fields,
        stay: frame.path("/account/profile"),
    };
    let status = if sign_out.stale { StatusCode::FORBIDDEN } else { StatusCode::OK };
    frame.answer(status, &page, sign_out.leads_to.map(|(flow, _)| flow))
}

#[derive(Template)]
#[template(path = "pages/message.html")]
struct SignedOutPage {
    v: View,
    heading: Html,
    what: Html,
}

/// Nobody is signed in.
pub fn signed_out(frame: &Frame) -> Response {
    let words = frame.words();
    let page = SignedOutPage {
        v: frame.view(words.signed_out_title),
        heading: say(words.signed_out_title).html(),
        what: say(words.signed_out_what).link(frame.path("/sign-in")).html(),
    };
    frame.answer(StatusCode::OK, &page, None)
}

/// Asks somebody whether to sign out. `back` is where an application gets its people back afterwards: its own address, as the caller
/// has made sure.
pub fn ask(frame: Frame, user: &User, back: Option<String>) -> Response {
    let flow = back.map(|back| {
        let mut flow = Flow::to(Target::Page(SIGN_OUT.to_owned()), frame.now);
        flow.returns_to = Some(back);
        flow
    });
    let sealed = flow.map(|flow| (frame.seal(&flow), flow));
    question(frame, user, sealed.as_ref().map(|(sealed, flow)| (flow, sealed.as_str())), false)
}

fn question(frame: Frame, user: &User, leads_to: Option<(&Flow, &str)>, stale: bool) -> Response {
    let fields: Vec<_> = leads_to.iter().map(|(_, sealed)| ("flow", *sealed)).collect();
    sign_out(frame, &SignOut { user, action: SIGN_OUT, fields: &fields, leads_to, stale })
}

const SIGN_OUT: &str = "/sign-out";

pub(super) async fn show(signed_in: Option<BrowserSession>, frame: Frame) -> Response {
    match signed_in {
        Some(signed_in) => ask(frame, &signed_in.user, None),
        None => signed_out(&frame),
    }
}

pub(super) async fn submit(
    State(app): State<App>,
    signed_in: Option<BrowserSession>,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let (realm, browser, now) = (Arc::clone(&frame.realm), frame.browser.clone(), frame.now);
    let sealed = form.get("flow");
    // One that is too old leads nowhere; the person still signs out.
    let flow = frame.flow(&app, sealed).ok().flatten();
    let leads_to =
        flow.as_ref().zip(sealed).filter(|(flow, _)| flow.target == Target::Page(SIGN_OUT.to_owned()));
    let back = || match leads_to.and_then(|(flow, _)| flow.returns_to.as_deref()) {
        Some(back) => Redirect::to(back).into_response(),
        None => see(&browser, SIGN_OUT),
    };
    let Some(signed_in) = signed_in else { return Ok(back()) };
    if browser.check_csrf(&app, &realm, form.get("csrf")).is_err() {
        return Ok(question(frame, &signed_in.user, leads_to, true));
    }
    let which = if form.ticked("everywhere") {
        Ended::All { with_keys: false }
    } else {
        Ended::One(signed_in.session.id)
    };
    let who = Who::themselves(&signed_in.caller(), origin);
    session::end(&app, (realm.id(), signed_in.user.id), which, who, now).await?;
    browser.forget(&realm);
    Ok(back())
}
