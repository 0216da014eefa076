//! `/account/sessions`

use askama::Template;
use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};
use gatepost_domain::{Session, SessionId};

use super::{
    Form, Frame,
    device::{self, Device, DeviceKind},
    see,
};
use crate::{
    App,
    accounts::Who,
    browser::BrowserSession,
    http::{Now, Problem, Where},
    pages::{
        frame::{Person, View},
        html::{Html, moment, say},
        notice::Notice,
        query,
    },
    session::{self, Ended},
};

/// How many are shown at once.
const MOST: usize = 50;

#[derive(Template)]
#[template(path = "pages/account/sessions.html")]
struct SessionsPage {
    v: View,
    tab: &'static str,
    person: Person,
    lead: Html,
    problem: Option<&'static str>,
    told: Option<&'static str>,
    rows: Vec<Row>,
    /// There is another to sign out.
    others: bool,
    older: Option<String>,
}

struct Row {
    id: String,
    current: bool,
    kind: DeviceKind,
    name: Html,
    address: Option<String>,
    seen_at: String,
    seen: String,
    since_at: String,
    since: String,
    end: String,
}

fn row(frame: &Frame, session: &Session, current: SessionId) -> Row {
    let w = frame.words();
    let device = Device::of(session.origin.user_agent.as_deref().unwrap_or_default());
    let name = match session.impersonator {
        Some(_) => say(w.act_in_place),
        None => device::sentence(w, &device),
    };
    Row {
        id: session.id.to_string(),
        current: session.id == current,
        kind: device.kind,
        end: say(w.sign_out_device).put("device", name.plain()).plain(),
        name: name.html(),
        address: session.origin.address.map(|address| address.to_string()),
        seen_at: session.last_seen_at.to_string(),
        seen: say(w.last_seen_at).put("time", moment(w, session.last_seen_at)).plain(),
        since_at: session.authenticated_at.to_string(),
        since: say(w.signed_in_at).put("time", moment(w, session.authenticated_at)).plain(),
    }
}

async fn page(
    app: &App,
    frame: &Frame,
    signed_in: &BrowserSession,
    before: Option<SessionId>,
    stale: bool,
) -> Result<Response, Problem> {
    let w = frame.words();
    let whose = (signed_in.user.realm, signed_in.user.id);
    let limit = u32::try_from(MOST + 1).unwrap_or(u32::MAX);
    let mut found = session::list(app, whose, before, limit, frame.now).await?;
    let more = found.len() > MOST;
    found.truncate(MOST);
    let current = signed_in.session.id;
    // The one that is looking stands first.
    found.sort_by_key(|session| session.id != current);
    let mut view = frame.view(w.sessions);
    view.wrong = stale;
    let page = SessionsPage {
        v: view,
        tab: "sessions",
        person: Person::of(&signed_in.user),
        lead: say(w.sessions_lead).put("realm", frame.realm_name()).html(),
        problem: stale.then_some(w.stale),
        told: frame.told(),
        rows: found.iter().map(|session| row(frame, session, current)).collect(),
        others: found.iter().any(|session| session.id != current),
        older: found
            .iter()
            .map(|session| session.id)
            .min()
            .filter(|_| more)
            .map(|oldest| frame.path(&format!("/account/sessions?before={oldest}"))),
    };
    Ok(frame.answer(if stale { StatusCode::FORBIDDEN } else { StatusCode::OK }, &page, None))
}

pub(super) async fn show(
    State(app): State<App>,
    signed_in: BrowserSession,
    uri: Uri,
    frame: Frame,
) -> Result<Response, Problem> {
    let before = query(&uri).get("before").and_then(|id| id.parse().ok());
    page(&app, &frame, &signed_in, before, false).await
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
        return page(&app, &frame, &signed_in, None, true).await;
    }
    let which = if form.ticked("all") {
        Ended::AllBut(signed_in.session.id)
    } else {
        Ended::One(form.text("id").parse().map_err(|_| Problem::NotFound)?)
    };
    let who = Who::themselves(&signed_in.caller(), origin);
    // Ended before is ended.
    session::end(&app, (signed_in.user.realm, signed_in.user.id), which, who, now).await?;
    frame.tell(if matches!(which, Ended::One(_)) { Notice::SessionEnded } else { Notice::OthersEnded });
    Ok(see(&frame.browser, "/account/sessions"))
}
