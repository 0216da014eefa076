//! `/sign-in/email`: signing in by a link or a code that is mailed. The link is good in the browser that asked for it; the code is for
//! whoever reads their mail elsewhere.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};
use gatepost_domain::{AskedSignIn, EmailAddress, MailedLinkId, Timestamp, mailed_link::SIGN_IN_TTL};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    Form,
    error::{self, too_often},
    frame::{Frame, View},
    html::{Html, address, say},
    link::{self, Confirm},
    notice::Notice,
    query, second_step, see,
    sign_in::go_on,
};
use crate::{
    App,
    browser::{BrowserSession, Flow, Target},
    http::{Problem, Where},
    session::{self, DeviceCookie, Mailed, Opened, SignIn},
};

const HERE: &str = "/sign-in/email";
const SENT: &str = "/sign-in/email/sent";
const OPEN: &str = "/sign-in/email/open";

/// What the page after is sealed for.
const PURPOSE: &str = "sign-in by mail";

/// The link to here on the page of the password, where the realm has it.
pub(super) fn way(app: &App, frame: &Frame, query: &str) -> Option<Html> {
    let path = frame.path(&format!("{HERE}{query}"));
    session::is_by_mail(app, &frame.realm).then(|| say(frame.words().by_mail).link(path).html())
}

#[derive(Template)]
#[template(path = "pages/by_mail.html")]
struct ByMailPage<'a> {
    v: View,
    problem: Option<Html>,
    flow: Option<&'a str>,
    email: &'a str,
    error: Option<&'static str>,
    remember: bool,
    by_password: Html,
}

enum Why {
    Asked,
    Empty,
    Refused,
    Stale,
    TooOften(crate::limits::Limited),
}

fn page(frame: Frame, flow: Option<(&Flow, &str)>, (email, remember): (&str, bool), why: &Why) -> Response {
    let frame = frame.of(flow);
    let w = frame.words();
    let sealed = flow.map(|(_, sealed)| sealed);
    let mut view = frame.view(w.by_mail_title);
    view.wrong = !matches!(why, Why::Asked);
    let query = sealed.map(|sealed| format!("?flow={sealed}")).unwrap_or_default();
    let page = ByMailPage {
        problem: match why {
            Why::Stale => Some(say(w.stale).html()),
            Why::TooOften(limited) => Some(too_often(w, *limited)),
            Why::Asked | Why::Empty | Why::Refused => None,
        },
        flow: sealed,
        email,
        error: match why {
            Why::Empty => Some(w.type_email),
            Why::Refused => Some(w.email_incomplete),
            Why::Asked | Why::Stale | Why::TooOften(_) => None,
        },
        remember,
        by_password: say(w.by_password).link(frame.path(&format!("/sign-in{query}"))).html(),
        v: view,
    };
    let status = match why {
        Why::Asked => StatusCode::OK,
        Why::Stale => StatusCode::FORBIDDEN,
        Why::Empty | Why::Refused => StatusCode::UNPROCESSABLE_ENTITY,
        Why::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
    };
    let mut response = frame.answer(status, &page, flow.map(|(flow, _)| flow));
    if let Why::TooOften(limited) = why {
        limited.tell(response.headers_mut());
    }
    response
}

pub(super) async fn show(
    State(app): State<App>,
    signed_in: Option<BrowserSession>,
    uri: Uri,
    frame: Frame,
) -> Response {
    if !session::is_by_mail(&app, &frame.realm) {
        return see(&frame.browser, "/sign-in");
    }
    let query = query(&uri);
    let sealed = query.get("flow").map(String::as_str);
    let Ok(flow) = frame.flow(&app, sealed) else { return error::flow_lost(&frame) };
    let known = signed_in.as_ref().and_then(|signed_in| signed_in.user.email.as_ref());
    let hint = flow.as_ref().and_then(|flow| flow.login_hint.as_deref()).filter(|hint| hint.contains('@'));
    let email = known.map(EmailAddress::as_str).or(hint).unwrap_or_default();
    page(frame, flow.as_ref().zip(sealed), (email, false), &Why::Asked)
}

pub(super) async fn submit(
    State(app): State<App>,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let sealed = form.get("flow");
    let Ok(flow) = frame.flow(&app, sealed) else { return Ok(error::flow_lost(&frame)) };
    let flow = flow.as_ref().zip(sealed);
    let (typed, remember) = (form.text("username"), form.ticked("remember"));
    if frame.browser.check_csrf(&app, &frame.realm, form.get("csrf")).is_err() {
        return Ok(page(frame, flow, (typed, remember), &Why::Stale));
    }
    let Ok(email) = typed.parse::<EmailAddress>() else {
        let why = if typed.is_empty() { Why::Empty } else { Why::Refused };
        return Ok(page(frame, flow, (typed, remember), &why));
    };
    let frame = frame.of(flow);
    match Waiting::ask(&app, &frame, email, flow.map(|(_, sealed)| sealed.to_owned()), remember, origin).await
    {
        Ok(waiting) => Ok(waiting.go(&app, &frame)),
        Err(Problem::Limited(limited)) => Ok(page(frame, flow, (typed, remember), &Why::TooOften(limited))),
        Err(other) => Err(other),
    }
}

/// What the page knows that waits for the code, sealed in its address.
#[derive(Serialize, Deserialize)]
struct Waiting {
    link: MailedLinkId,
    email: EmailAddress,
    flow: Option<String>,
    remembered: bool,
    at: Timestamp,
}

impl Waiting {
    /// Has a letter sent.
    async fn ask(
        app: &App,
        frame: &Frame,
        email: EmailAddress,
        flow: Option<String>,
        remembered: bool,
        origin: Where,
    ) -> Result<Self, Problem> {
        // Whoever comes from nowhere goes to their account.
        let to_account = || frame.seal(&Flow::to(Target::Page("/account/profile".to_owned()), frame.now));
        let leads_to = Some(flow.clone().unwrap_or_else(to_account));
        let asked = AskedSignIn { by: frame.browser.digest(), flow: leads_to, remembered };
        let origin = origin.reading(frame.language());
        let link = session::ask_by_mail(app, &frame.realm, email.clone(), asked, &origin, frame.now).await?;
        Ok(Self { link, email, flow, remembered, at: frame.now })
    }

    fn go(&self, app: &App, frame: &Frame) -> Response {
        let sealed = frame.browser.seal(app, &frame.realm, PURPOSE, self);
        see(&frame.browser, &format!("{SENT}?sent={sealed}"))
    }

    fn open(app: &App, frame: &Frame, sealed: &str) -> Option<Self> {
        let waiting: Self = frame.browser.open(app, &frame.realm, PURPOSE, sealed)?;
        // A little longer than the code is good: whoever is late is told so.
        (frame.now < waiting.at.plus(SIGN_IN_TTL * 3)).then_some(waiting)
    }
}

#[derive(Template)]
#[template(path = "pages/by_mail_sent.html")]
struct SentPage<'a> {
    v: View,
    what: Html,
    problem: Option<Html>,
    told: Option<&'static str>,
    sent: &'a str,
    error: Option<&'static str>,
    other: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Code {
    Asked,
    Stale,
    Empty,
    Wrong,
    Over,
    TooOften(crate::limits::Limited),
}

fn sent_page(frame: Frame, flow: Option<&Flow>, (waiting, sealed): (&Waiting, &str), why: Code) -> Response {
    let frame = frame.of(flow.zip(waiting.flow.as_deref()));
    let w = frame.words();
    let mut view = frame.view(w.sent_title);
    view.wrong = why != Code::Asked;
    let query = waiting.flow.as_deref().map(|flow| format!("?flow={flow}")).unwrap_or_default();
    let page = SentPage {
        what: say(w.by_mail_sent).put_html("email", &address(waiting.email.as_str())).html(),
        problem: match why {
            Code::Stale => Some(say(w.stale).html()),
            Code::Over => Some(say(w.mail_code_over).html()),
            Code::TooOften(limited) => Some(too_often(w, limited)),
            Code::Asked | Code::Empty | Code::Wrong => None,
        },
        told: frame.told(),
        sent: sealed,
        error: match why {
            Code::Empty => Some(w.mail_code_empty),
            Code::Wrong => Some(w.mail_code_wrong),
            Code::Asked | Code::Stale | Code::Over | Code::TooOften(_) => None,
        },
        other: frame.path(&format!("{HERE}{query}")),
        v: view,
    };
    let status = match why {
        Code::Asked => StatusCode::OK,
        Code::Stale | Code::Over => StatusCode::FORBIDDEN,
        Code::Empty | Code::Wrong => StatusCode::UNPROCESSABLE_ENTITY,
        Code::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
    };
    let mut response = frame.answer(status, &page, flow);
    if let Code::TooOften(limited) = why {
        limited.tell(response.headers_mut());
    }
    response
}

/// What the sign-in was for, if it can still be gone on with.
fn flow_of(app: &App, frame: &Frame, sealed: Option<&str>) -> Option<Flow> {
    Flow::open(app, &frame.realm, &frame.browser, sealed?, frame.now)
}

/// `/sign-in/email/sent`
pub(super) async fn sent(State(app): State<App>, uri: Uri, frame: Frame) -> Response {
    let sealed = query(&uri).remove("sent").unwrap_or_default();
    let Some(waiting) = Waiting::open(&app, &frame, &sealed) else { return see(&frame.browser, HERE) };
    let flow = flow_of(&app, &frame, waiting.flow.as_deref());
    sent_page(frame, flow.as_ref(), (&waiting, &sealed), Code::Asked)
}

pub(super) async fn code(
    State(app): State<App>,
    signed_in: Option<BrowserSession>,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let sealed = form.get("sent").unwrap_or_default();
    let Some(waiting) = Waiting::open(&app, &frame, sealed) else { return Ok(see(&frame.browser, HERE)) };
    let flow = flow_of(&app, &frame, waiting.flow.as_deref());
    let again = |why| Ok(sent_page(frame.clone(), flow.as_ref(), (&waiting, sealed), why));
    if frame.browser.check_csrf(&app, &frame.realm, form.get("csrf")).is_err() {
        return again(Code::Stale);
    }
    if form.ticked("again") {
        let (email, flow) = (waiting.email.clone(), waiting.flow.clone());
        return match Waiting::ask(&app, &frame, email, flow, waiting.remembered, origin).await {
            Ok(newer) => {
                frame.tell(Notice::SentAgain);
                Ok(newer.go(&app, &frame))
            }
            Err(Problem::Limited(limited)) => again(Code::TooOften(limited)),
            Err(other) => Err(other),
        };
    }
    let typed = form.text("code");
    if typed.is_empty() {
        return again(Code::Empty);
    }
    let (mailed, by) = (Mailed::Code(waiting.link, typed), frame.browser.digest());
    match session::prove_by_mail(&app, &frame.realm, mailed, &by, &origin, frame.now).await {
        Ok((proven, asked)) => finish(&app, &frame, signed_in, (proven, &asked), &origin).await,
        Err(Problem::InvalidCode) => again(Code::Wrong),
        Err(Problem::InvalidLink) => again(Code::Over),
        Err(Problem::Limited(limited)) => again(Code::TooOften(limited)),
        Err(other) => Err(other),
    }
}

/// Whoever has proved to read the mail goes on as after a password.
async fn finish(
    app: &App,
    frame: &Frame,
    signed_in: Option<BrowserSession>,
    (proven, asked): (session::Proven, &AskedSignIn),
    origin: &Where,
) -> Result<Response, Problem> {
    let (realm, browser, now) = (Arc::clone(&frame.realm), &frame.browser, frame.now);
    let device = session::remember_device_of(app, &realm, &proven.user, origin, now).await?;
    let flow = flow_of(app, frame, asked.flow.as_deref());
    let held = signed_in.as_ref().map(|signed_in| &signed_in.session);
    let origin = &origin.clone().on_trusted_device(Flow::takes_trust(flow.as_ref()));
    match session::sign_in_browser(app, &realm, proven, held, asked.remembered, origin, now).await {
        Ok(SignIn::Begun(session)) => {
            browser.jar().set(&device.name, &device.value, DeviceCookie::KEEP);
            browser.keep(app, &realm, &session, asked.remembered, now);
            Ok(go_on(app, &realm, browser, flow.as_ref(), session.id))
        }
        Ok(SignIn::Pending(pending, missing)) => {
            second_step::begin(app, frame, flow.as_ref(), (pending, missing)).await
        }
        // Disabled in this moment.
        Err(Problem::InvalidCredentials) => link::refused(frame, Problem::InvalidLink, HERE),
        Err(other) => Err(other),
    }
}

fn ask(frame: &Frame, flow: Option<&Flow>, (email, token): (&EmailAddress, &str), stale: bool) -> Response {
    let w = frame.words();
    let lead = say(w.by_mail_open_lead).put_html("email", &address(email.as_str()));
    let heading = say(w.by_mail_open_title).put("realm", frame.realm_name());
    let confirm = Confirm { heading, lead, action: OPEN, token, button: w.sign_in, stale };
    link::confirm_to(frame, &confirm, flow)
}

/// The page of a link, or why it does nothing here.
async fn opened(app: &App, frame: Frame, token: &str, stale: bool) -> Result<Response, Problem> {
    let by = frame.browser.digest();
    match session::opened_to_sign_in(app, &frame.realm, token, &by, frame.now).await {
        Ok(Opened::Here(email, asked)) => {
            let flow = flow_of(app, &frame, asked.flow.as_deref());
            let frame = frame.of(flow.as_ref().zip(asked.flow.as_deref()));
            Ok(ask(&frame, flow.as_ref(), (&email, token), stale))
        }
        Ok(Opened::Elsewhere) => {
            let w = frame.words();
            let what = say(w.elsewhere_what).link(frame.path(HERE));
            Ok(frame.message(StatusCode::FORBIDDEN, &say(w.elsewhere_title), &what))
        }
        Err(problem) => link::refused(&frame, problem, HERE),
    }
}

/// `/sign-in/email/open`: the link.
pub(super) async fn open(State(app): State<App>, uri: Uri, frame: Frame) -> Result<Response, Problem> {
    let token = query(&uri).remove("token").unwrap_or_default();
    opened(&app, frame, &token, false).await
}

pub(super) async fn follow(
    State(app): State<App>,
    signed_in: Option<BrowserSession>,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let token = form.get("token").unwrap_or_default();
    if frame.browser.check_csrf(&app, &frame.realm, form.get("csrf")).is_err() {
        return opened(&app, frame, token, true).await;
    }
    let by = frame.browser.digest();
    match session::prove_by_mail(&app, &frame.realm, Mailed::Link(token), &by, &origin, frame.now).await {
        Ok((proven, asked)) => finish(&app, &frame, signed_in, (proven, &asked), &origin).await,
        Err(Problem::InvalidLink) => opened(&app, frame, token, false).await,
        Err(other) => Err(other),
    }
}

/// The page of a link that an application had sent to the browser it is opened in: its button posts the token to `action`, a path of the
/// realm, and what follows leads to `target`.
pub fn application_link(
    frame: &Frame,
    (email, token): (&EmailAddress, &str),
    (action, target): (&str, &Url),
    stale: bool,
) -> Response {
    let w = frame.words();
    let lead = say(w.by_mail_open_lead).put_html("email", &address(email.as_str()));
    let heading = say(w.by_mail_open_title).put("realm", frame.realm_name());
    let confirm = Confirm { heading, lead, action, token, button: w.sign_in, stale };
    link::confirm_at(frame, &confirm, target)
}

/// Why such a link does nothing in another browser; `again` is where the application is.
pub fn opened_elsewhere(frame: &Frame, again: &Url) -> Response {
    let w = frame.words();
    let what = say(w.elsewhere_what).link(again.to_string());
    frame.message(StatusCode::FORBIDDEN, &say(w.elsewhere_title), &what)
}
