//! `/account/profile`

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use gatepost_domain::{DisplayName, EmailAddress, User, Username};

use super::{Form, Frame, see};
use crate::{
    App,
    accounts::{self, Change, Who},
    browser::BrowserSession,
    http::{Now, Problem, Where},
    pages::{
        frame::{Person, View},
        html::{Html, address, moment, say},
        notice::Notice,
    },
};

#[derive(Template)]
#[template(path = "pages/account/profile.html")]
struct ProfilePage<'a> {
    v: View,
    tab: &'static str,
    person: Person,
    lead: Html,
    problem: Option<&'static str>,
    told: Option<&'static str>,
    name: &'a str,
    name_error: Option<&'static str>,
    email: Option<Html>,
    verified: bool,
    /// Mail can be sent: an address can be proven and changed.
    mail: bool,
    awaited: Option<Html>,
    username: Option<Html>,
    since_at: String,
    since: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    Asked,
    Empty,
    Refused,
    Stale,
}

fn page(
    frame: &Frame,
    (user, awaited): (&User, Option<&EmailAddress>),
    name: &str,
    (mail, why): (bool, Why),
) -> Response {
    let w = frame.words();
    let mut view = frame.view(w.profile);
    view.wrong = why != Why::Asked;
    let page = ProfilePage {
        v: view,
        tab: "profile",
        person: Person::of(user),
        lead: say(w.profile_lead).put("realm", frame.realm_name()).html(),
        problem: (why == Why::Stale).then_some(w.stale),
        told: frame.told(),
        name,
        name_error: match why {
            Why::Empty => Some(w.type_name),
            Why::Refused => Some(w.name_refused),
            Why::Asked | Why::Stale => None,
        },
        email: user.email.as_ref().map(EmailAddress::as_str).map(address),
        verified: user.email_verified,
        mail,
        awaited: awaited.map(|email| say(w.email_awaited).put_html("email", &address(email.as_str())).html()),
        username: user.username.as_ref().map(Username::as_str).map(address),
        since_at: user.created_at.to_string(),
        since: moment(w, user.created_at),
    };
    let status = match why {
        Why::Asked => StatusCode::OK,
        Why::Stale => StatusCode::FORBIDDEN,
        Why::Empty | Why::Refused => StatusCode::UNPROCESSABLE_ENTITY,
    };
    frame.answer(status, &page, None)
}

pub(super) async fn show(
    State(app): State<App>,
    signed_in: BrowserSession,
    frame: Frame,
) -> Result<Response, Problem> {
    let user = &signed_in.user;
    let name = user.name.as_ref().map_or("", DisplayName::as_str);
    let awaited = accounts::awaited_email(&app, user, frame.now).await?;
    Ok(page(&frame, (user, awaited.as_ref()), name, (app.mailer().is_on(), Why::Asked)))
}

pub(super) async fn submit(
    State(app): State<App>,
    Now(now): Now,
    signed_in: BrowserSession,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let (user, name) = (&signed_in.user, form.text("name"));
    let awaited = accounts::awaited_email(&app, user, now).await?;
    let again = |why| page(&frame, (user, awaited.as_ref()), name, (app.mailer().is_on(), why));
    if frame.browser.check_csrf(&app, &frame.realm, form.get("csrf")).is_err() {
        return Ok(again(Why::Stale));
    }
    if name.is_empty() {
        return Ok(again(Why::Empty));
    }
    let Ok(change) = Change::new().name(Some(Some(name.to_owned()))) else {
        return Ok(again(Why::Refused));
    };
    let who = Who::themselves(&signed_in.caller(), origin);
    accounts::change(&app, user.realm, user.id, change, who, now).await?;
    frame.tell(Notice::NameSaved);
    Ok(see(&frame.browser, "/account/profile"))
}
