//! Signing in with a passkey, at `/sign-in/passkey` in place of a password and at `/sign-in/mfa` after one.
//!
//! The script of these pages asks the browser for a passkey, with the options that the page carries, and sends what it answers as a form
//! (`templates/pages/passkeys.js`). Without script the pages offer the other ways.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse as _, Redirect, Response},
};
use gatepost_domain::{User, mfa::PendingSignIn};

use super::{
    Form, assets, error,
    frame::{Frame, Person, View},
    html::Html,
    query,
    second_step::TrustBox,
    sign_in,
};
use crate::{
    App,
    browser::{BrowserSession, Flow},
    http::{Problem, Where},
    mfa::Overview,
    passkeys::{self, AuthenticationResponse, Options},
    session::{self, SignIn},
};

/// What a page hands to the script, and the form with which that answers.
pub(super) struct Ask {
    pub(super) script: String,
    /// `get` or `create`.
    pub(super) kind: &'static str,
    pub(super) options: String,
    pub(super) action: String,
    pub(super) flow: Option<String>,
    pub(super) label: &'static str,
    /// What is said where nothing came of it.
    pub(super) nothing: &'static str,
    /// What is said where the device has one already.
    pub(super) known: &'static str,
    pub(super) primary: bool,
    /// The browser offers passkeys in the field of the user name.
    pub(super) autofill: bool,
    /// The box by which the device is trusted, at a second step.
    pub(super) trust: Option<TrustBox>,
}

impl Ask {
    fn of(frame: &Frame, (kind, options): (&'static str, Options), path: &str) -> Self {
        let w = frame.words();
        Self {
            script: frame.path(&assets::path("passkeys.js")),
            kind,
            options: options.options.to_string(),
            action: frame.path(path),
            flow: None,
            label: w.use_passkey,
            nothing: w.passkey_none,
            known: w.passkey_known,
            primary: true,
            autofill: false,
            trust: None,
        }
    }

    /// On the page where people sign in. `None`: there are no passkeys at this address.
    pub(super) fn to_sign_in(app: &App, frame: &Frame, flow: Option<&str>) -> Option<Self> {
        let options = passkeys::to_sign_in(app, &frame.realm, frame.now).ok()?;
        let ask = Self::of(frame, ("get", options), "/sign-in/passkey");
        let label = frame.words().passkey_sign_in;
        Some(Self { flow: flow.map(str::to_owned), label, primary: false, autofill: true, ..ask })
    }

    /// At sign-in, where a second factor is to be set up.
    pub(super) fn to_set_up(frame: &Frame, options: Options, flow: &str) -> Self {
        let w = frame.words();
        let ask = Self::of(frame, ("create", options), "/sign-in/mfa");
        Self { flow: Some(flow.to_owned()), label: w.passkey_create, nothing: w.passkey_not_made, ..ask }
    }

    /// On the page where one is made.
    pub(super) fn to_make(frame: &Frame, options: Options) -> Self {
        let w = frame.words();
        let ask = Self::of(frame, ("create", options), "/account/passkeys/new");
        Self { label: w.passkey_create, nothing: w.passkey_not_made, ..ask }
    }
}

/// Whoever opens the address comes to the page that has the button.
pub(super) async fn show(uri: Uri, frame: Frame) -> Response {
    let query = query(&uri);
    let flow = query.get("flow").map(|sealed| format!("?flow={sealed}")).unwrap_or_default();
    Redirect::to(&frame.path(&format!("/sign-in{flow}"))).into_response()
}

pub(super) async fn submit(
    State(app): State<App>,
    signed_in: Option<BrowserSession>,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let (realm, browser, now) = (Arc::clone(&frame.realm), frame.browser.clone(), frame.now);
    let sealed = form.get("flow");
    let Ok(flow) = frame.flow(&app, sealed) else { return Ok(error::flow_lost(&frame)) };
    let flowing = flow.as_ref().zip(sealed);
    let remember = form.ticked("remember");
    let again = |frame, stale| sign_in::after_passkey(&app, frame, flowing, (remember, stale));
    if browser.check_csrf(&app, &realm, form.get("csrf")).is_err() {
        return Ok(again(frame, true));
    }
    let Ok(sent) = serde_json::from_str::<AuthenticationResponse>(form.text("passkey")) else {
        return Ok(again(frame, false));
    };
    let held = signed_in.as_ref().map(|signed_in| &signed_in.session);
    let begun = match passkeys::prove(&app, &realm, &sent, &origin, now).await {
        Ok(proven) => session::sign_in_browser(&app, &realm, proven, held, remember, &origin, now).await,
        Err(refused) => Err(refused),
    };
    let session = match begun {
        Ok(SignIn::Begun(session)) => session,
        Err(Problem::InvalidPasskey(why)) => return Ok(again(frame, why.is_stale())),
        Ok(SignIn::Pending(..)) | Err(Problem::EmailUnverified | Problem::PasskeysUnavailable) => {
            return Ok(again(frame, false));
        }
        Err(other) => return Err(other),
    };
    browser.keep(&app, &realm, &session, remember, now);
    Ok(sign_in::go_on(&app, &realm, &browser, flow.as_ref(), session.id))
}

#[derive(Template)]
#[template(path = "pages/second_passkey.html")]
struct SecondPasskeyPage {
    v: View,
    problem: Option<Html>,
    person: Person,
    other: String,
    ask: Option<Ask>,
    /// The page for the code of the app, where there is one.
    by_code: Option<String>,
    /// The page for a code that is sent, where there is a number.
    by_sms: Option<String>,
    by_recovery: String,
}

/// The second step, by a passkey. `trust` says whether the box by which the device is trusted was ticked.
pub(super) async fn second(
    app: &App,
    frame: Frame,
    (flow, sealed): (&Flow, &str),
    (pending, user, overview): (&PendingSignIn, &User, &Overview),
    trust: bool,
    wrong: Option<(StatusCode, Html)>,
) -> Result<Response, Problem> {
    let frame = frame.of(Some((flow, sealed)));
    let w = frame.words();
    let ask = match passkeys::to_sign_in_second(app, &frame.realm, pending, frame.now).await {
        Ok(options) => {
            let ask = Ask::of(&frame, ("get", options), "/sign-in/mfa");
            Some(Ask { flow: Some(sealed.to_owned()), trust: TrustBox::of(&frame, trust), ..ask })
        }
        Err(Problem::PasskeysUnavailable) => None,
        Err(other) => return Err(other),
    };
    let mut view = frame.view(w.passkey_title);
    view.wrong = wrong.is_some();
    let (status, problem) = wrong.unzip();
    let way = |method: &str| frame.path(&format!("/sign-in/mfa?flow={sealed}&method={method}"));
    let page = SecondPasskeyPage {
        v: view,
        problem,
        person: Person::of(user),
        other: frame.path(&format!("/sign-in?flow={sealed}&other=1")),
        ask,
        by_code: overview.totp().map(|_| way("totp")),
        by_sms: overview.sends_sms(&frame.realm).then(|| way("sms")),
        by_recovery: way("recovery_code"),
    };
    Ok(frame.answer(status.unwrap_or(StatusCode::OK), &page, Some(flow)))
}
