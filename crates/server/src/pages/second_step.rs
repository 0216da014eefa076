//! `/sign-in/mfa`: the second step of a sign-in. Whose first step was right is in the flow, sealed, and opens this page alone.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse as _, Redirect, Response},
};
use gatepost_domain::{
    User,
    mfa::{Missing, PendingSignIn},
};

use super::{
    Form, error,
    frame::{Frame, Person, View},
    html::{Html, say},
    passkey, query, recovery_codes, second_set_up,
    sign_in::{go_on, over},
    sms::{self, Trouble},
};
use crate::{
    App,
    browser::{BrowserSession, Flow, Target},
    http::{Problem, Where},
    mfa::{self, Overview},
    passkeys::{AuthenticationResponse, RegistrationResponse},
    realm::Snapshot,
    session::{self, DeviceCookie, Shown, SignIn},
};

#[derive(Template)]
#[template(path = "pages/second_step.html")]
struct SecondStepPage<'a> {
    v: View,
    lead: Html,
    problem: Option<Html>,
    person: Person,
    other: String,
    flow: &'a str,
    by_code: bool,
    ways: Ways,
    wrong: Option<&'static str>,
    /// That one need not be asked again here, where the realm has that.
    trust: Option<TrustBox>,
}

/// The pages of the other ways, of those that there are.
struct Ways {
    passkey: Option<String>,
    app: Option<String>,
    sms: Option<String>,
    recovery: Option<String>,
}

impl Ways {
    fn are_there(&self) -> bool {
        [&self.passkey, &self.app, &self.sms, &self.recovery].into_iter().any(Option::is_some)
    }
}

/// The box by which a device is trusted.
pub(super) struct TrustBox {
    pub(super) label: Html,
    pub(super) ticked: bool,
}

impl TrustBox {
    /// As the realm has it. Less than a day is a day to a person.
    pub(super) fn of(frame: &Frame, ticked: bool) -> Option<Self> {
        let lifetime = frame.realm.settings().trusted_device_ttl;
        let days = lifetime.as_secs().div_ceil(24 * 60 * 60);
        (days > 0).then(|| Self { label: say(frame.words().trust_device).put("days", days).html(), ticked })
    }
}

/// What the page asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Whatever is easiest.
    Any,
    Code,
    Sms,
    RecoveryCode,
    Passkey,
}

impl Way {
    /// The same, or what there is in its place: a code of the app where there is one, and else a passkey, and only then one that is sent.
    fn among(self, overview: &Overview, realm: &Snapshot) -> Self {
        let (has_app, has_passkey) = (overview.totp().is_some(), overview.has_passkey());
        let sends_sms = overview.sends_sms(realm);
        match self {
            Self::RecoveryCode => Self::RecoveryCode,
            Self::Sms if sends_sms => Self::Sms,
            Self::Passkey if has_passkey => Self::Passkey,
            _ if has_app => Self::Code,
            _ if has_passkey => Self::Passkey,
            _ if sends_sms => Self::Sms,
            _ => Self::RecoveryCode,
        }
    }
}

/// What is wrong with what was sent.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Wrong {
    #[default]
    Nothing,
    Stale,
    Empty,
    Refused,
    TooOften,
    /// The device has made a passkey for the account before.
    Known,
    /// A code is not sent, or is none any more.
    Sms(Trouble),
}

impl Wrong {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Nothing => StatusCode::OK,
            Self::Stale => StatusCode::FORBIDDEN,
            Self::Empty | Self::Refused | Self::Known => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooOften => StatusCode::TOO_MANY_REQUESTS,
            Self::Sms(trouble) => trouble.status(),
        }
    }

    /// Of a passkey.
    fn with_passkey(self, frame: &Frame) -> Option<(StatusCode, Html)> {
        let w = frame.words();
        let text = match self {
            Self::Nothing => return None,
            Self::Stale => w.stale,
            Self::Empty | Self::Known => w.passkey_none,
            Self::Refused => w.passkey_refused,
            Self::TooOften => w.second_often,
            // What a page is about that sends none.
            Self::Sms(_) => w.sms_unavailable,
        };
        Some((self.status(), say(text).html()))
    }

    /// Under the field.
    pub(super) fn words(self, frame: &Frame, by_code: bool) -> Option<&'static str> {
        let w = frame.words();
        match (self, by_code) {
            (Self::Nothing | Self::Stale | Self::Known | Self::Sms(_), _) => None,
            (Self::Empty, true) => Some(w.code_empty),
            (Self::Empty, false) => Some(w.recovery_empty),
            (Self::Refused, true) => Some(w.code_wrong),
            (Self::Refused, false) => Some(w.recovery_wrong),
            (Self::TooOften, _) => Some(w.second_often),
        }
    }
}

/// Sends somebody on whose first step was right: to show a second factor, or to set one up.
pub(super) async fn begin(
    app: &App,
    frame: &Frame,
    flow: Option<&Flow>,
    (pending, missing): (PendingSignIn, Missing),
) -> Result<Response, Problem> {
    if missing.is_set_up() {
        session::begin_set_up(app, &frame.realm, &pending, frame.now).await?;
    }
    let to = || Flow::to(Target::Page("/account/profile".to_owned()), frame.now);
    let flow = Flow { pending: Some(pending), ..flow.cloned().unwrap_or_else(to) };
    let sealed = frame.seal(&flow);
    Ok(Redirect::to(&frame.path(&format!("/sign-in/mfa?flow={sealed}"))).into_response())
}

/// The page for what is missing now, or the beginning where the sign-in is over. `trust` says whether the box was ticked.
pub(super) async fn page(
    app: &App,
    frame: Frame,
    (flow, sealed): (&Flow, &str),
    way: Way,
    (wrong, trust): (Wrong, bool),
) -> Result<Response, Problem> {
    let Some(pending) = &flow.pending else { return Ok(over(app, frame, flow)) };
    let (realm, now) = (Arc::clone(&frame.realm), frame.now);
    match session::what_is_missing(app, &realm, pending, now).await? {
        Some((user, Missing::Factor)) => {
            let overview = mfa::overview(app, realm.id(), user.id).await?;
            let whose = (pending, &user, &overview);
            let mut response = match way.among(&overview, &realm) {
                Way::Passkey => {
                    let wrong = wrong.with_passkey(&frame);
                    passkey::second(app, frame, (flow, sealed), whose, trust, wrong).await?
                }
                Way::Sms => sms::second(app, frame, (flow, sealed), whose, (wrong, trust)).await?,
                way => asked(frame, (flow, sealed), (&user, &overview), way == Way::Code, (wrong, trust)),
            };
            if let Wrong::Sms(trouble) = wrong {
                trouble.tell(response.headers_mut());
            }
            Ok(response)
        }
        Some((user, missing @ (Missing::SetUp | Missing::Offer(_)))) => {
            second_set_up::page(app, frame, (flow, sealed), (pending, &user, missing), (way, wrong)).await
        }
        Some((_, Missing::Nothing)) | None => Ok(over(app, frame, flow)),
    }
}

fn asked(
    frame: Frame,
    (flow, sealed): (&Flow, &str),
    (user, overview): (&User, &Overview),
    by_code: bool,
    (wrong, trust): (Wrong, bool),
) -> Response {
    let frame = frame.of(Some((flow, sealed)));
    let w = frame.words();
    let mut view = frame.view(if by_code { w.second_title } else { w.recovery_title });
    view.wrong = wrong != Wrong::Nothing;
    let to = |way: &str| frame.path(&format!("/sign-in/mfa?flow={sealed}&method={way}"));
    let page = SecondStepPage {
        lead: if by_code {
            say(w.second_lead).put("realm", frame.realm_name()).html()
        } else {
            say(w.recovery_lead).html()
        },
        problem: match wrong {
            Wrong::Stale => Some(say(w.stale).html()),
            Wrong::Sms(_) => Some(say(w.sms_unavailable).html()),
            _ => None,
        },
        person: Person::of(user),
        other: frame.path(&format!("/sign-in?flow={sealed}&other=1")),
        flow: sealed,
        by_code,
        ways: Ways {
            passkey: overview.has_passkey().then(|| to("passkey")),
            app: overview.totp().filter(|_| !by_code).map(|_| to("totp")),
            sms: overview.sends_sms(&frame.realm).then(|| to("sms")),
            recovery: by_code.then(|| to("recovery_code")),
        },
        wrong: wrong.words(&frame, by_code),
        trust: TrustBox::of(&frame, trust),
        v: view,
    };
    frame.answer(wrong.status(), &page, Some(flow))
}

pub(super) async fn show(State(app): State<App>, uri: Uri, frame: Frame) -> Result<Response, Problem> {
    let query = query(&uri);
    let Some(sealed) = query.get("flow") else {
        return Ok(Redirect::to(&frame.path("/sign-in")).into_response());
    };
    let Some(flow) = Flow::open(&app, &frame.realm, &frame.browser, sealed, frame.now) else {
        return Ok(error::flow_lost(&frame));
    };
    let way = match query.get("method").map(String::as_str) {
        Some("recovery_code") => Way::RecoveryCode,
        Some("totp") => Way::Code,
        Some("passkey") => Way::Passkey,
        Some("sms") => Way::Sms,
        _ => Way::Any,
    };
    page(&app, frame, (&flow, sealed), way, (Wrong::Nothing, false)).await
}

pub(super) async fn submit(
    State(app): State<App>,
    signed_in: Option<BrowserSession>,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let (realm, browser, now) = (Arc::clone(&frame.realm), frame.browser.clone(), frame.now);
    let sealed = form.get("flow").unwrap_or_default();
    let Some(flow) = Flow::open(&app, &realm, &browser, sealed, now) else {
        return Ok(error::flow_lost(&frame));
    };
    let act = form.get("act");
    let (later, send) = (act == Some("later"), matches!(act, Some("send" | "again")));
    let (way, text) = match (form.get("recovery_code"), form.get("passkey"), form.get("sms_code")) {
        _ if later => (Way::Any, ""),
        _ if send => (Way::Sms, ""),
        (Some(text), ..) => (Way::RecoveryCode, text.trim()),
        (None, Some(text), _) => (Way::Passkey, text),
        (None, None, Some(text)) => (Way::Sms, text.trim()),
        (None, None, None) => (Way::Code, form.text("code")),
    };
    let (flowing, trust) = ((&flow, sealed), form.ticked("trust"));
    if browser.check_csrf(&app, &realm, form.get("csrf")).is_err() {
        return page(&app, frame, flowing, way, (Wrong::Stale, trust)).await;
    }
    if text.is_empty() && !later && !send {
        return page(&app, frame, flowing, way, (Wrong::Empty, trust)).await;
    }
    let Some(pending) = flow.pending.clone().filter(|pending| now < pending.expires_at) else {
        return Ok(over(&app, frame, &flow));
    };
    if send {
        return sms::send(&app, frame, flowing, (&pending, act == Some("again")), origin).await;
    }
    let remembered = pending.remembered;
    // For another day is not for this device.
    let origin = origin.trusting(trust && !later);
    let (sent, made);
    let shown = match way {
        _ if later => Shown::Later,
        Way::RecoveryCode => Shown::RecoveryCode(text),
        // One that is shown and one that is made have no more in common than their names.
        Way::Passkey => {
            sent = serde_json::from_str::<AuthenticationResponse>(text).ok();
            made = serde_json::from_str::<RegistrationResponse>(text).ok();
            match (&sent, &made) {
                (Some(sent), _) => Shown::Passkey(sent),
                (None, Some(made)) => Shown::NewPasskey(made),
                (None, None) => return page(&app, frame, flowing, way, (Wrong::Refused, trust)).await,
            }
        }
        Way::Sms => Shown::SmsCode(text),
        Way::Code | Way::Any => Shown::Code(text),
    };
    let proven = match session::prove_second(&app, &realm, pending, shown, &origin, now).await {
        Err(Problem::InvalidPendingSignIn | Problem::PasskeysUnavailable) => {
            return Ok(over(&app, frame, &flow));
        }
        other => other?,
    };
    let (second, user) = (proven.second.clone(), proven.user.clone());
    let held = signed_in.as_ref().map(|signed_in| &signed_in.session);
    let device = proven
        .first
        .password()
        .map(|hash| session::remember_device(&app, &realm, (&proven.user, hash), &origin, now));
    let begun = session::sign_in_browser(&app, &realm, proven, held, remembered, &origin, now).await;
    let session = match begun {
        Ok(SignIn::Begun(session)) => session,
        Err(Problem::InvalidPasskey(why)) => {
            let wrong = if why.is_stale() { Wrong::Stale } else { Wrong::Refused };
            return page(&app, frame, flowing, way, (wrong, trust)).await;
        }
        Err(Problem::PasskeyExists) => return page(&app, frame, flowing, way, (Wrong::Known, trust)).await,
        Err(Problem::InvalidCode) => return page(&app, frame, flowing, way, (Wrong::Refused, trust)).await,
        Err(Problem::TooManyAttempts { .. }) if way != Way::Sms => {
            return page(&app, frame, flowing, way, (Wrong::TooOften, trust)).await;
        }
        Err(
            refused @ (Problem::SmsCodeExpired | Problem::SmsCodeSpent | Problem::TooManyAttempts { .. }),
        ) => {
            let wrong = Wrong::Sms(Trouble::of(refused)?);
            return page(&app, frame, flowing, Way::Sms, (wrong, trust)).await;
        }
        // Disabled since the password was right, or the password is another.
        Ok(SignIn::Pending(..)) | Err(Problem::InvalidPendingSignIn | Problem::InvalidCredentials) => {
            return Ok(over(&app, frame, &flow));
        }
        Err(other) => return Err(other),
    };
    if let Some(device) = device {
        browser.jar().set(&device.name, &device.value, DeviceCookie::KEEP);
    }
    browser.keep(&app, &realm, &session, remembered, now);
    if let Some(device) = second.as_ref().and_then(|second| second.trusts()) {
        let cookie = session::trust(&app, &realm, (&user, device), &origin, now);
        browser.jar().set(&cookie.name, &cookie.value, cookie.keep);
    }
    match second.as_ref().map(|second| second.codes()).filter(|codes| !codes.is_empty()) {
        Some(codes) => {
            let flow = Flow { account_chosen: Some(session.id), pending: None, ..flow };
            let sealed = frame.seal(&flow);
            Ok(recovery_codes::page(frame, &user, codes, Some((&flow, &sealed))))
        }
        None => Ok(go_on(&app, &realm, &browser, Some(&flow), session.id)),
    }
}
