//! `/account/…`: what a person sees and changes of their own account.

mod applications;
mod device;
mod email;
mod password;
mod profile;
mod sessions;

use axum::{
    Router,
    response::Redirect,
    routing::{get, post},
};

use super::{Form, Frame, see};

use crate::{App, browser::Browser};
pub use device::device_name;

pub(super) fn routes() -> Router<App> {
    let account = async |browser: Browser| Redirect::to(&browser.path("/account/profile"));
    Router::new()
        .route("/account", get(account))
        .route("/account/profile", get(profile::show).post(profile::submit))
        .route("/account/email", get(email::show).post(email::submit))
        .route("/account/email/verify", post(email::verify))
        .route("/account/password", get(password::show).post(password::submit))
        .route("/account/sessions", get(sessions::show).post(sessions::submit))
        .route("/account/applications", get(applications::show).post(applications::submit))
}
