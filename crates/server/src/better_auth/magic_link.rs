//! Signing in by a link that is mailed (`magic-link`).
//!
//! A person who opens the link is asked first, in the browser that asked for it: programs that check mail open every link, and whoever
//! is talked into opening one that somebody else asked for must not be signed in to their account (LG-10, LG-18). A script of the
//! application that asks with the link knows what it does.

use axum::http::StatusCode;
use gatepost_domain::{LinkPurpose, MailedLinkId};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::json;
use url::Url;

use super::{
    BASE,
    asked::{Answer, Asked},
    mailed::by_nobody,
    refusal::Refusal,
    targets::Targets,
    view::{SessionView, UserView},
};
use crate::{
    accounts,
    http::Problem,
    pages::{self, Frame},
    session::{self, Mailed, Opened},
};

/// Where a link leads, under the base.
pub(super) const VERIFY: &str = "/magic-link/verify";

/// Mails a link, and a code for whoever reads their mail elsewhere, to whoever has the address. The answer is the same where nobody has.
pub(super) async fn ask(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (email, _name) = (fields.email("email"), fields.optional_text("name"));
    let targets = Targets::of_body(&mut fields).or_root();
    fields.done()?;
    asked.check_first()?;
    let Some(email) = email else { return Err(Refusal::unauthorized()) };
    let id = MailedLinkId::new(asked.now, asked.app.entropy());
    let waiting = asked.begin_to_wait(id, LinkPurpose::SignIn, &email);
    let origin = asked.origin.clone().going_on_at(Some(targets.query()));
    let (app, realm) = (&asked.app, &asked.realm);
    let what = (LinkPurpose::SignIn, email);
    accounts::ask_for_code(app, realm, what, (id, waiting.asked()), &origin, asked.now).await?;
    asked.wait_for(&waiting)?;
    Ok(asked.json(&json!({"status": true})))
}

/// The path that the form of the page goes to.
fn action(targets: &Targets) -> String {
    format!("{BASE}{VERIFY}?{}", targets.query())
}

#[derive(Serialize)]
struct SignedIn {
    token: String,
    user: UserView,
    session: SessionView,
}

/// The link: a page that asks first, for people; for a script, what the page's button does.
pub(super) async fn open(frame: Frame, mut asked: Asked) -> Answer {
    let token = token_in(&asked)?;
    let targets = Targets::of_body(&mut asked.query());
    if asked.is_opened() {
        return page(&frame, asked, &token, &targets, false).await;
    }
    asked.check_first()?;
    let (token, user) = match use_up(&mut asked, &token, &targets).await? {
        Ok(begun) => begun,
        Err(elsewhere) => return Ok(asked.redirect(elsewhere.as_str())),
    };
    if !targets.leads_on()
        && let Some(session) = asked.begun.clone()
    {
        let session = SessionView::held(&session, token.clone());
        return Ok(asked.json(&SignedIn { token, user, session }));
    }
    let target = targets.good(&asked.realm, false)?;
    Ok(asked.redirect(target.as_str()))
}

/// The button of the page.
pub(super) async fn follow(frame: Frame, mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (token, csrf) = (fields.text("token"), fields.text("csrf"));
    fields.done()?;
    let targets = Targets::of_body(&mut asked.query());
    if frame.browser.check_csrf(&asked.app, &asked.realm, Some(&csrf)).is_err() {
        return page(&frame, asked, &token, &targets, true).await;
    }
    let target = match use_up(&mut asked, &token, &targets).await? {
        Ok(_) => targets.good(&asked.realm, false)?,
        Err(elsewhere) => elsewhere,
    };
    let mut response = asked.redirect(target.as_str());
    *response.status_mut() = StatusCode::SEE_OTHER;
    Ok(response)
}

fn token_in(asked: &Asked) -> Result<String, Refusal> {
    let mut query = asked.query();
    let token = query.text("token");
    query.done()?;
    Ok(token)
}

/// What somebody sees who opens a link. Looking uses nothing up.
async fn page(frame: &Frame, asked: Asked, token: &str, targets: &Targets, stale: bool) -> Answer {
    let by = asked.waits_for().map_or_else(by_nobody, |waiting| waiting.by());
    let opened = session::opened_to_sign_in(&asked.app, &asked.realm, token, &by, asked.now).await;
    let target = targets.good(&asked.realm, false)?;
    let shown = utf8_percent_encode(token, NON_ALPHANUMERIC);
    let frame = &frame.clone().seen_at(&format!("{BASE}{VERIFY}?token={shown}&{}", targets.query()));
    let page = match opened {
        Ok(Opened::Here(email, _)) => {
            pages::application_link(frame, (&email, token), (&action(targets), &target), stale)
        }
        Ok(Opened::Elsewhere) => pages::opened_elsewhere(frame, &target),
        Err(Problem::InvalidLink) => {
            let target = targets.bad(&asked.realm, "INVALID_TOKEN")?;
            return Ok(asked.redirect(target.as_str()));
        }
        Err(other) => return Err(other.into()),
    };
    Ok(asked.page(page))
}

/// Begins the session of whoever has the link, in the browser that asked for it; or says where they go instead.
async fn use_up(
    asked: &mut Asked,
    token: &str,
    targets: &Targets,
) -> Result<Result<(String, UserView), Url>, Refusal> {
    let no = |asked: &Asked, why| Ok(Err(targets.bad(&asked.realm, why)?));
    let Some(waiting) = asked.waits_for() else { return no(asked, "INVALID_TOKEN") };
    let (app, realm, origin) = (asked.app.clone(), asked.realm.clone(), asked.origin.clone());
    let (mailed, by) = (Mailed::Link(token), waiting.by());
    let proven = match session::prove_by_mail(&app, &realm, mailed, &by, &origin, asked.now).await {
        Ok((proven, _)) => proven,
        Err(Problem::InvalidLink) => return no(asked, "INVALID_TOKEN"),
        Err(other) => return Err(other.into()),
    };
    asked.stop_waiting();
    let device = session::remember_device_of(&app, &realm, &proven.user, &origin, asked.now).await?;
    match asked.begin(proven, true, true).await {
        Ok(Some(begun)) => {
            asked.set_ours(device.header());
            Ok(Ok(begun))
        }
        // What the application asks for then is at /two-factor/…, by the cookie that is set.
        Ok(None) => no(asked, "TWO_FACTOR_REQUIRED"),
        Err(Problem::MfaSetUpRequired) => no(asked, "TWO_FACTOR_SETUP_REQUIRED"),
        // Disabled in this moment.
        Err(Problem::InvalidCredentials) => no(asked, "INVALID_TOKEN"),
        Err(other) => Err(other.into()),
    }
}
