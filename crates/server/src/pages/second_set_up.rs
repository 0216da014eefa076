//! `/sign-in/mfa`, for whoever has no second factor: where one is required it is set up before anything else; where it will be, or an
//! organization asks for it, now or later.

use askama::Template;
use axum::response::Response;
use gatepost_domain::{
    User,
    mfa::{Missing, Offer, PendingSignIn},
};

use super::{
    frame::{Frame, Person, View},
    html::{Html, address, moment, say},
    passkey::Ask,
    second_step::{Way, Wrong},
    sign_in::{login_of, over},
};
use crate::{
    App,
    browser::Flow,
    http::Problem,
    mfa::{self, Asking, BegunBy, SetUp},
    passkeys::Options,
    session,
};

#[derive(Template)]
#[template(path = "pages/second_new.html")]
struct SecondNewPage<'a> {
    v: View,
    lead: Html,
    problem: Option<&'static str>,
    person: Person,
    other: String,
    ask: Ask,
    by_app: String,
    flow: &'a str,
    /// Whether one may leave it for another day.
    later: bool,
}

#[derive(Template)]
#[template(path = "pages/second_set_up.html")]
struct SecondSetUpPage<'a> {
    v: View,
    lead: Html,
    problem: Option<&'static str>,
    flow: &'a str,
    totp: TotpApp,
    wrong: Option<&'static str>,
    /// The page where a passkey is made, where there are passkeys.
    by_passkey: Option<String>,
    later: bool,
}

/// An authenticator app that is being set up, as pages show it.
pub(super) struct TotpApp {
    pub(super) view_box: String,
    pub(super) path: String,
    /// The key in groups of four.
    pub(super) key: String,
    pub(super) account: Html,
    /// Whether one may go back to the account.
    pub(super) optional: bool,
}

impl TotpApp {
    pub(super) fn of(set_up: &SetUp, user: &User, optional: bool) -> Result<Self, Problem> {
        let (path, side) = mfa::modules(&set_up.uri)?;
        let groups: Vec<_> = set_up.secret.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
        Ok(Self {
            view_box: format!("-2 -2 {0} {0}", side + 4),
            path,
            key: groups.join(" "),
            account: address(login_of(user)),
            optional,
        })
    }
}

/// Who asks for it, and from when on.
async fn lead(app: &App, frame: &Frame, user: &User, missing: Missing) -> Result<Html, Problem> {
    let w = frame.words();
    let of_realm = || say(w.second_required).put("realm", frame.realm_name()).html();
    Ok(match missing {
        Missing::Offer(Offer::Until(due)) => {
            say(w.second_soon).put("realm", frame.realm_name()).put("time", moment(w, due)).html()
        }
        Missing::Offer(Offer::Organization) => {
            match mfa::organization_asking(app, &frame.realm, user).await? {
                Some(Asking { organization, due }) => {
                    let soon = frame.now < due;
                    let said = say(if soon { w.second_soon_organization } else { w.second_of_organization });
                    said.put("organization", organization.name.as_str()).put("time", moment(w, due)).html()
                }
                None => of_realm(),
            }
        }
        Missing::SetUp | Missing::Factor | Missing::Nothing => of_realm(),
    })
}

/// The page for a passkey, which is the easier one, or for an app where that is asked for or there are no passkeys.
pub(super) async fn page(
    app: &App,
    frame: Frame,
    (flow, sealed): (&Flow, &str),
    (pending, user, missing): (&PendingSignIn, &User, Missing),
    (way, wrong): (Way, Wrong),
) -> Result<Response, Problem> {
    let lead = lead(app, &frame, user, missing).await?;
    let options = match session::begin_passkey_set_up(app, &frame.realm, pending, frame.now).await {
        Ok(options) => Some(options),
        Err(Problem::PasskeysUnavailable) => None,
        Err(Problem::InvalidPendingSignIn) => return Ok(over(app, frame, flow)),
        Err(other) => return Err(other),
    };
    let asked = Asked { lead, later: missing.is_passed(), wrong };
    match options {
        Some(options) if way != Way::Code => Ok(passkey(frame, (flow, sealed), user, asked, options)),
        options => {
            let begun = BegunBy::SignIn(pending);
            match mfa::pending_totp(app, &frame.realm, user, begun, frame.now).await? {
                Some(set_up) => totp(frame, (flow, sealed), user, asked, (&set_up, options.is_some())),
                // Another sign-in of the account has begun one in its place.
                None => Ok(over(app, frame, flow)),
            }
        }
    }
}

/// What either page says.
struct Asked {
    lead: Html,
    later: bool,
    wrong: Wrong,
}

fn way(frame: &Frame, sealed: &str, method: &str) -> String {
    frame.path(&format!("/sign-in/mfa?flow={sealed}&method={method}"))
}

fn passkey(
    frame: Frame,
    (flow, sealed): (&Flow, &str),
    user: &User,
    asked: Asked,
    options: Options,
) -> Response {
    let Asked { lead, later, wrong } = asked;
    let frame = frame.of(Some((flow, sealed)));
    let w = frame.words();
    let mut view = frame.view(w.second_new_title);
    view.wrong = wrong != Wrong::Nothing;
    let page = SecondNewPage {
        v: view,
        lead,
        problem: match wrong {
            // Nothing is sent to whoever has no factor yet.
            Wrong::Nothing | Wrong::Sms(_) => None,
            Wrong::Stale => Some(w.stale),
            Wrong::Empty | Wrong::Refused => Some(w.passkey_not_made),
            Wrong::Known => Some(w.passkey_known),
            Wrong::TooOften => Some(w.second_often),
        },
        person: Person::of(user),
        other: frame.path(&format!("/sign-in?flow={sealed}&other=1")),
        ask: Ask::to_set_up(&frame, options, sealed),
        by_app: way(&frame, sealed, "totp"),
        flow: sealed,
        later,
    };
    frame.answer(wrong.status(), &page, Some(flow))
}

fn totp(
    frame: Frame,
    (flow, sealed): (&Flow, &str),
    user: &User,
    asked: Asked,
    (set_up, has_passkeys): (&SetUp, bool),
) -> Result<Response, Problem> {
    let Asked { lead, later, wrong } = asked;
    let frame = frame.of(Some((flow, sealed)));
    let w = frame.words();
    let mut view = frame.view(w.totp_title);
    view.wrong = wrong != Wrong::Nothing;
    let page = SecondSetUpPage {
        v: view,
        lead,
        problem: (wrong == Wrong::Stale).then_some(w.stale),
        flow: sealed,
        totp: TotpApp::of(set_up, user, false)?,
        wrong: wrong.words(&frame, true),
        by_passkey: has_passkeys.then(|| way(&frame, sealed, "passkey")),
        later,
    };
    Ok(frame.answer(wrong.status(), &page, Some(flow)))
}
