//! `/account/trusted-devices`: the second step is asked for on every device again.

use axum::{extract::State, response::Response};

use super::{Form, Frame, see};
use crate::{
    App,
    browser::BrowserSession,
    http::{Problem, Where},
    mfa,
    pages::notice::Notice,
};

pub(super) async fn forget(
    State(app): State<App>,
    signed_in: BrowserSession,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    if frame.browser.check_csrf(&app, &frame.realm, form.get("csrf")).is_ok() {
        mfa::forget_trusted_devices(&app, &signed_in.caller(), origin, frame.now).await?;
        frame.tell(Notice::TrustEnded);
    }
    Ok(see(&frame.browser, "/account/security"))
}
