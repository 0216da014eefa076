//! `/account/applications`

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};

use super::{Form, Frame, see};
use crate::{
    App,
    accounts::Who,
    applications::{self, Application},
    browser::BrowserSession,
    http::{Now, Problem, Where},
    pages::{
        consent::briefly,
        frame::{Person, View},
        html::{Html, initials, moment, say, text},
        notice::Notice,
    },
};

#[derive(Template)]
#[template(path = "pages/account/applications.html")]
struct ApplicationsPage {
    v: View,
    tab: &'static str,
    person: Person,
    lead: Html,
    problem: Option<&'static str>,
    told: Option<&'static str>,
    rows: Vec<Row>,
}

struct Row {
    id: String,
    initial: String,
    name: Html,
    scopes: Vec<Html>,
    since_at: String,
    since: String,
    remove: String,
}

fn row(frame: &Frame, application: &Application) -> Row {
    let w = frame.words();
    Row {
        id: application.client.to_string(),
        initial: initials(&application.name).chars().take(1).collect(),
        name: text(&application.name),
        scopes: briefly(frame, application.scopes.iter()),
        since_at: application.since.to_string(),
        since: say(w.allowed_at).put("time", moment(w, application.since)).plain(),
        remove: say(w.remove_client).put("client", &application.name).plain(),
    }
}

async fn page(
    app: &App,
    frame: &Frame,
    signed_in: &BrowserSession,
    stale: bool,
) -> Result<Response, Problem> {
    let w = frame.words();
    let found = applications::list(app, (signed_in.user.realm, signed_in.user.id), frame.now).await?;
    let mut view = frame.view(w.applications);
    view.wrong = stale;
    let page = ApplicationsPage {
        v: view,
        tab: "applications",
        person: Person::of(&signed_in.user),
        lead: say(w.applications_lead).put("realm", frame.realm_name()).html(),
        problem: stale.then_some(w.stale),
        told: frame.told(),
        rows: found.iter().map(|application| row(frame, application)).collect(),
    };
    Ok(frame.answer(if stale { StatusCode::FORBIDDEN } else { StatusCode::OK }, &page, None))
}

pub(super) async fn show(
    State(app): State<App>,
    signed_in: BrowserSession,
    frame: Frame,
) -> Result<Response, Problem> {
    page(&app, &frame, &signed_in, false).await
}

pub(super) async fn submit(
    State(app): State<App>,
    Now(now): Now,
    signed_in: BrowserSession,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    if frame.browser.check_csrf(&app, &frame.realm, form.get("csrf")).is_err() {
        return page(&app, &frame, &signed_in, true).await;
    }
    let client = form.text("client").parse().map_err(|_| Problem::NotFound)?;
    let who = Who::themselves(&signed_in.caller(), origin);
    applications::remove(&app, (signed_in.user.realm, signed_in.user.id), client, who, now).await?;
    // Removed before is removed.
    frame.tell(Notice::ClientRemoved);
    Ok(see(&frame.browser, "/account/applications"))
}
