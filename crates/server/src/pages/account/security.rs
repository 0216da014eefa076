//! `/account/security`

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use gatepost_domain::{Mfa, User};

use super::{Frame, identities::Connected, passkeys::PasskeyRows, sms::SmsRow};
use crate::{
    App, accounts,
    browser::BrowserSession,
    http::Problem,
    mfa::{self, Asking},
    pages::{
        frame::{Person, View},
        html::{Html, moment, say},
    },
};

/// With as many recovery codes left or fewer, one is told.
const FEW: u64 = 3;

#[derive(Template)]
#[template(path = "pages/account/security.html")]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of the page that is there or not")]
struct SecurityPage {
    v: View,
    tab: &'static str,
    person: Person,
    lead: Html,
    problem: Option<&'static str>,
    told: Option<&'static str>,
    few: Option<Html>,
    /// Who asks for a second factor, where there is none.
    asked: Option<Html>,
    /// Since when there is an authenticator app.
    since: Option<String>,
    since_at: String,
    /// Codes by text message, where there are any or could be.
    sms: Option<SmsRow>,
    left: String,
    has_factor: bool,
    /// Whether one may be set up.
    wanted: bool,
    passkeys: PasskeyRows,
    connected: Connected,
    has_password: bool,
    /// Whether one can be set by a link that is mailed.
    can_be_mailed: bool,
    /// How many devices are trusted, if any are.
    trusted: Option<String>,
}

pub(super) async fn show(
    State(app): State<App>,
    signed_in: BrowserSession,
    frame: Frame,
) -> Result<Response, Problem> {
    page(&app, &frame, &signed_in, None).await
}

/// What is said to somebody without a second factor: until when, or where, they can do without.
async fn asked(app: &App, frame: &Frame, user: &User) -> Result<Option<Html>, Problem> {
    let w = frame.words();
    if let Some(due) = mfa::due(&frame.realm, user, frame.now) {
        let said = say(w.second_due).put("realm", frame.realm_name()).put("time", moment(w, due));
        return Ok(Some(said.html()));
    }
    let asking = mfa::organization_asking(app, &frame.realm, user).await?;
    Ok(asking.map(|Asking { organization, due }| {
        let soon = frame.now < due;
        let said = say(if soon { w.second_due_organization } else { w.second_due_organization_now });
        said.put("organization", organization.name.as_str()).put("time", moment(w, due)).html()
    }))
}

/// The page, with what is wrong with what was sent.
pub(super) async fn page(
    app: &App,
    frame: &Frame,
    signed_in: &BrowserSession,
    problem: Option<&'static str>,
) -> Result<Response, Problem> {
    let (w, user) = (frame.words(), &signed_in.user);
    let overview = mfa::overview(app, user.realm, user.id).await?;
    let (factor, codes) = (overview.totp(), overview.codes);
    let trusted = mfa::trusted_devices(app, &frame.realm, user.id, frame.now).await?;
    let few = (overview.has_factor() && codes.left <= FEW)
        .then(|| say(w.few_codes).put("left", codes.left).link(frame.path("/account/recovery-codes")).html());
    let asked = if overview.has_factor() { None } else { asked(app, frame, user).await? };
    let mut view = frame.view(w.security);
    view.wrong = problem.is_some();
    let page = SecurityPage {
        v: view,
        tab: "security",
        person: Person::of(user),
        lead: say(w.security_lead).put("realm", frame.realm_name()).html(),
        problem,
        told: frame.told(),
        few,
        asked,
        since: factor.map(|factor| say(w.totp_since).put("time", moment(w, factor.added_at)).plain()),
        since_at: factor.map(|factor| factor.added_at.to_string()).unwrap_or_default(),
        sms: SmsRow::of(&frame.realm, w, &overview),
        left: say(w.codes_left).put("left", codes.left).put("total", codes.total).plain(),
        has_factor: overview.has_factor(),
        passkeys: PasskeyRows::of(app, frame, user).await?,
        trusted: (trusted > 0).then(|| say(w.trusted_count).put("count", trusted).plain()),
        wanted: frame.realm.settings().mfa != Mfa::Off,
        connected: Connected::of(app, frame, signed_in).await?,
        has_password: accounts::has_password(app, user.realm, user.id).await?,
        can_be_mailed: frame.sends_mail() && user.email.is_some(),
    };
    let status = if problem.is_some() { StatusCode::FORBIDDEN } else { StatusCode::OK };
    Ok(frame.answer(status, &page, None))
}
