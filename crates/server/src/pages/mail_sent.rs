//! "Check your e-mail": what is shown after a link was asked for, the same whether one was sent or not (LG-01).

use std::time::Duration;

use askama::Template;
use axum::{
    http::{StatusCode, Uri},
    response::Response,
};
use gatepost_domain::{EmailAddress, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Form,
    frame::{Frame, View},
    html::{Html, address},
    notice::Notice,
    query, see,
};
use crate::{App, http::Problem};

const PURPOSE: &str = "mail sent";
/// How long one may ask for another from the same page.
const LIFE: Duration = Duration::from_hours(1);

/// For what a link was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// To prove the address of a new account.
    Verify,
    /// To choose a new password.
    Recover,
}

impl For {
    /// Where the page is.
    const fn path(self) -> &'static str {
        match self {
            Self::Verify => "/verify-sent",
            Self::Recover => "/recover/sent",
        }
    }

    /// Where another address is typed.
    const fn start(self) -> &'static str {
        match self {
            Self::Verify => "/sign-up",
            Self::Recover => "/recover",
        }
    }
}

/// What the page knows, sealed in its address: whom the link is for, and what the sign-in was for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sent {
    email: EmailAddress,
    flow: Option<String>,
    at: Timestamp,
}

impl Sent {
    pub(super) fn new(email: EmailAddress, flow: Option<&str>, now: Timestamp) -> Self {
        Self { email, flow: flow.map(str::to_owned), at: now }
    }

    /// On to the page.
    pub(super) fn go(&self, app: &App, frame: &Frame, what: For) -> Response {
        let sealed = frame.browser.seal(app, &frame.realm, PURPOSE, self);
        see(&frame.browser, &format!("{}?sent={sealed}", what.path()))
    }

    fn open(app: &App, frame: &Frame, sealed: &str) -> Option<Self> {
        let sent: Self = frame.browser.open(app, &frame.realm, PURPOSE, sealed)?;
        (frame.now < sent.at.plus(LIFE)).then_some(sent)
    }
}

/// The page that an address leads to.
pub(super) fn show(app: &App, frame: &Frame, what: For, uri: &Uri) -> Response {
    let sealed = query(uri).remove("sent").unwrap_or_default();
    let sent = Sent::open(app, frame, &sealed);
    page(frame, what, sent.as_ref().map(|sent| (sent, sealed.as_str())), false)
}

/// Its button: asks once more, by `ask`, for what the address is to be sent.
pub(super) async fn again(
    app: &App,
    frame: &Frame,
    what: For,
    form: &Form,
    ask: impl AsyncFnOnce(EmailAddress) -> Result<(), Problem>,
) -> Result<Response, Problem> {
    let sealed = form.get("sent").unwrap_or_default();
    let Some(sent) = Sent::open(app, frame, sealed) else { return Ok(page(frame, what, None, false)) };
    if frame.browser.check_csrf(app, &frame.realm, form.get("csrf")).is_err() {
        return Ok(page(frame, what, Some((&sent, sealed)), true));
    }
    ask(sent.email.clone()).await?;
    frame.tell(Notice::SentAgain);
    Ok(sent.go(app, frame, what))
}

#[derive(Template)]
#[template(path = "pages/mail_sent.html")]
struct MailSentPage<'a> {
    v: View,
    what: Html,
    problem: Option<&'static str>,
    told: Option<&'static str>,
    action: String,
    sent: &'a str,
    other: String,
    sign_in: Option<Html>,
}

/// The page. `None` for what it knows: it was open for too long, and one begins anew.
fn page(frame: &Frame, what: For, known: Option<(&Sent, &str)>, stale: bool) -> Response {
    let Some((sent, sealed)) = known else { return see(&frame.browser, what.start()) };
    let w = frame.words();
    let mut view = frame.view(w.sent_title);
    view.wrong = stale;
    let query = sent.flow.as_deref().map(|flow| format!("?flow={flow}")).unwrap_or_default();
    let page = MailSentPage {
        what: super::html::say(w.sent_what).put_html("email", &address(sent.email.as_str())).html(),
        problem: stale.then_some(w.stale),
        told: frame.told(),
        action: frame.path(what.path()),
        sent: sealed,
        other: frame.path(&format!("{}{query}", what.start())),
        sign_in: (what == For::Verify).then(|| {
            let link = frame.path(&format!("/sign-in{query}"));
            super::html::say(w.confirmed_already).link(link).html()
        }),
        v: view,
    };
    frame.answer(if stale { StatusCode::FORBIDDEN } else { StatusCode::OK }, &page, None)
}
