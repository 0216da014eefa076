//! `/dev/mail`: mail that `gatepost dev` would send. In English, for whoever develops.

use askama::Template;
use axum::{
    Router,
    extract::{RawPathParams, State},
    http::{HeaderValue, StatusCode, header::CONTENT_SECURITY_POLICY},
    response::{Html as HtmlBody, IntoResponse as _, Response},
    routing::get,
};

use super::{
    frame::{Frame, View},
    html::moment,
    words::Language,
};
use crate::{App, http::Problem, mail::KeptMail};

/// A letter is shown as a mail program would: it runs nothing and loads nothing, its links lead where they lead, and it is of no
/// origin, so that nothing is told of the page they were opened from.
const LETTER: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation",
);

/// The pages that need [`around`](super::around) them. Only where mail is kept: [`MailSettings::Kept`](crate::MailSettings::Kept).
pub fn routes() -> Router<App> {
    Router::new()
        .route("/dev/mail", get(list))
        .route("/dev/mail/{number}", get(show))
        .route("/dev/mail/{number}/html", get(html))
}

#[derive(Template)]
#[template(path = "mail/list.html")]
struct ListPage {
    v: View,
    letters: Vec<KeptMail>,
}

/// When a letter was written, in English like the rest of these pages.
fn written(letter: &KeptMail) -> String {
    let [english, ..] = Language::ALL;
    moment(english.words(), letter.at)
}

#[derive(Template)]
#[template(path = "mail/show.html")]
struct ShowPage {
    v: View,
    letter: KeptMail,
}

async fn list(State(app): State<App>, frame: Frame) -> Response {
    let mut letters = app.kept_mail();
    letters.reverse();
    frame.answer(StatusCode::OK, &ListPage { v: frame.view("Mail"), letters }, None)
}

fn letter(app: &App, params: &RawPathParams) -> Result<KeptMail, Problem> {
    let number = params.iter().find(|(name, _)| *name == "number").and_then(|(_, text)| text.parse().ok());
    let number: u64 = number.ok_or(Problem::NotFound)?;
    app.kept_mail().into_iter().find(|letter| letter.number == number).ok_or(Problem::NotFound)
}

async fn show(State(app): State<App>, params: RawPathParams, frame: Frame) -> Result<Response, Problem> {
    let letter = letter(&app, &params)?;
    let page = ShowPage { v: frame.view(letter.subject.clone()), letter };
    Ok(frame.answer(StatusCode::OK, &page, None))
}

async fn html(State(app): State<App>, params: RawPathParams) -> Result<Response, Problem> {
    let mut response = HtmlBody(letter(&app, &params)?.html).into_response();
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, LETTER);
    Ok(response)
}
