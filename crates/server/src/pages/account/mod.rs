//! `/account/…`: what a person sees and changes of their own account.

mod activity;
mod applications;
mod device;
mod email;
mod identities;
mod passkeys;
mod password;
mod profile;
mod recovery_codes;
mod security;
mod sessions;
mod sms;
mod totp;
mod trusted_devices;

use axum::{
    Router,
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use gatepost_domain::{Mfa, User};

use super::{Form, Frame, see};
use crate::{
    App,
    browser::{Browser, BrowserSession, Flow, Target},
    http::Problem,
    mfa,
};
pub use device::{browser_and_system, device_name};

pub(super) fn routes() -> Router<App> {
    let account = async |browser: Browser| Redirect::to(&browser.path("/account/profile"));
    // Whoever had to sign in first comes back without what they sent.
    let security = async |_: BrowserSession, browser: Browser| see(&browser, "/account/security");
    Router::new()
        .route("/account", get(account))
        .route("/account/profile", get(profile::show).post(profile::submit))
        .route("/account/email", get(email::show).post(email::submit))
        .route("/account/email/verify", post(email::verify))
        .route("/account/password", get(password::show).post(password::submit))
        .route("/account/security", get(security::show))
        .route("/account/passkeys/new", get(passkeys::new).post(passkeys::add))
        .route("/account/passkeys/{id}", get(passkeys::show).post(passkeys::submit))
        .route("/account/identities", get(security).post(identities::submit))
        .route("/account/totp", get(totp::show).post(totp::submit))
        .route("/account/sms", get(sms::show).post(sms::submit))
        .route("/account/recovery-codes", get(recovery_codes::show).post(recovery_codes::submit))
        .route("/account/recovery-codes/saved", get(recovery_codes::saved))
        .route("/account/trusted-devices", get(security).post(trusted_devices::forget))
        .route("/account/sessions", get(sessions::show).post(sessions::submit))
        .route("/account/activity", get(activity::show))
        .route("/account/applications", get(applications::show).post(applications::submit))
}

/// Who wants the account to have a second factor, by name: the realm, or an organization it belongs to. The last factor stays then.
async fn asking(app: &App, frame: &Frame, user: &User) -> Result<Option<String>, Problem> {
    if frame.realm.settings().mfa == Mfa::Required {
        return Ok(Some(frame.realm_name().to_owned()));
    }
    let asking = mfa::organization_asking(app, &frame.realm, user).await?;
    Ok(asking.map(|asking| asking.organization.name.as_str().to_owned()))
}

/// Whoever must prove anew who they are does so, and comes to a page.
fn prove_anew(frame: &Frame, page: &str) -> Response {
    let mut flow = Flow::to(Target::Page(page.to_owned()), frame.now);
    flow.fresh = true;
    let sealed = frame.seal(&flow);
    Redirect::to(&frame.path(&format!("/sign-in?flow={sealed}"))).into_response()
}

/// What is left to be told of a problem, once whoever must prove anew who they are was sent to do so.
#[expect(clippy::result_large_err, reason = "an answer that is given at once")]
pub(super) fn or_prove_anew<T>(
    frame: &Frame,
    page: &str,
    done: Result<T, Problem>,
) -> Result<Result<T, Problem>, Response> {
    match done {
        Err(Problem::ReauthenticationRequired) => Err(prove_anew(frame, page)),
        other => Ok(other),
    }
}
