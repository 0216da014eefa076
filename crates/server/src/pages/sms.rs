//! Codes as text messages: the second step by one, and what can go wrong with them. Opening a page sends nothing; its button does.

use std::time::Duration;

use askama::Template;
use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header::RETRY_AFTER},
    response::Response,
};
use gatepost_domain::{
    User,
    mfa::{PendingSignIn, PhoneNumber},
};

use super::{
    error::{too_often, try_again},
    frame::{Frame, Person, View},
    html::{Html, address, say},
    notice::Notice,
    second_step::{self, TrustBox, Way, Wrong},
    see,
    sign_in::over,
    words::Words,
};
use crate::{
    App,
    browser::Flow,
    http::{Problem, Where},
    limits::{Limited, Rule},
    mfa::Overview,
    session,
};

/// Why a code is not sent, or not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// None waits to be typed: it is too old, was used, or another took its place.
    Expired,
    /// It was tried too often.
    Spent,
    /// The sender did not take it.
    NotSent,
    /// Too many were sent.
    Often(Limited),
    /// Too many wrong codes were typed, for so many seconds.
    Guessed(u64),
    /// There is nobody who sends, or nowhere to send to.
    Off,
}

impl Trouble {
    /// What the problem is to a page about codes, if it is one of these.
    pub(super) fn of(problem: Problem) -> Result<Self, Problem> {
        Ok(match problem {
            Problem::SmsCodeExpired => Self::Expired,
            Problem::SmsCodeSpent => Self::Spent,
            Problem::SmsNotSent => Self::NotSent,
            Problem::Limited(limited) => Self::Often(limited),
            Problem::TooManyAttempts { retry_after } => Self::Guessed(retry_after.as_secs().max(1)),
            Problem::SmsOff | Problem::NoPhoneNumber => Self::Off,
            other => return Err(other),
        })
    }

    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Expired | Self::Spent | Self::Off => StatusCode::FORBIDDEN,
            Self::NotSent => StatusCode::SERVICE_UNAVAILABLE,
            Self::Often(_) | Self::Guessed(_) => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    pub(super) fn words(self, w: &Words) -> Html {
        match self {
            Self::Expired => say(w.mail_code_over).html(),
            Self::Spent => say(w.sms_spent).html(),
            Self::NotSent => say(w.sms_not_sent).html(),
            Self::Often(limited) if limited.rule == Rule::SmsPause => say(w.sms_pause).html(),
            Self::Often(limited) => too_often(w, limited),
            Self::Guessed(seconds) => try_again(w, Duration::from_secs(seconds)),
            Self::Off => say(w.sms_unavailable).html(),
        }
    }

    /// When to try again.
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        match self {
            Self::Often(limited) => limited.tell(headers),
            Self::Guessed(seconds) => drop(headers.insert(RETRY_AFTER, seconds.into())),
            Self::NotSent => drop(headers.insert(RETRY_AFTER, HeaderValue::from_static("30"))),
            Self::Expired | Self::Spent | Self::Off => {}
        }
    }
}

/// What is shown of a number, from the left whatever is around it.
pub(super) fn shown(number: &PhoneNumber) -> Html {
    address(&number.masked())
}

#[derive(Template)]
#[template(path = "pages/second_sms.html")]
struct SecondSmsPage<'a> {
    v: View,
    lead: Html,
    problem: Option<Html>,
    told: Option<&'static str>,
    person: Person,
    other: String,
    flow: &'a str,
    /// Whether a code waits to be typed.
    sent: bool,
    send: Html,
    wrong: Option<&'static str>,
    trust: Option<TrustBox>,
    by_passkey: Option<String>,
    by_app: Option<String>,
    by_recovery: String,
}

/// The second step, by a code that is sent; `trust` says whether the box by which the device is trusted was ticked.
pub(super) async fn second(
    app: &App,
    frame: Frame,
    (flow, sealed): (&Flow, &str),
    (pending, user, overview): (&PendingSignIn, &User, &Overview),
    (wrong, trust): (Wrong, bool),
) -> Result<Response, Problem> {
    let waits = session::sms_waits(app, &frame.realm, pending, frame.now).await?;
    let sent = waits && wrong != Wrong::Sms(Trouble::Spent);
    let frame = frame.of(Some((flow, sealed)));
    let w = frame.words();
    let phone = overview.phone_number.as_ref().map(shown).unwrap_or_default();
    let mut view = frame.view(if sent { w.second_title } else { w.sms_title });
    view.wrong = wrong != Wrong::Nothing;
    let to = |way: &str| frame.path(&format!("/sign-in/mfa?flow={sealed}&method={way}"));
    let page = SecondSmsPage {
        lead: say(if sent { w.sms_sent } else { w.sms_lead }).put_html("phone", &phone).html(),
        problem: match wrong {
            Wrong::Stale => Some(say(w.stale).html()),
            Wrong::Sms(trouble) => Some(trouble.words(w)),
            _ => None,
        },
        told: frame.told(),
        person: Person::of(user),
        other: frame.path(&format!("/sign-in?flow={sealed}&other=1")),
        flow: sealed,
        sent,
        send: say(w.sms_send).put_html("phone", &phone).html(),
        wrong: match wrong {
            Wrong::Empty => Some(w.code_empty),
            Wrong::Refused => Some(w.mail_code_wrong),
            _ => None,
        },
        trust: TrustBox::of(&frame, trust),
        by_passkey: overview.has_passkey().then(|| to("passkey")),
        by_app: overview.totp().map(|_| to("totp")),
        by_recovery: to("recovery_code"),
        v: view,
    };
    Ok(frame.answer(wrong.status(), &page, Some(flow)))
}

/// Has a code sent for the sign-in, in the language of the page, and leads back to it.
pub(super) async fn send(
    app: &App,
    frame: Frame,
    (flow, sealed): (&Flow, &str),
    (pending, again): (&PendingSignIn, bool),
    origin: Where,
) -> Result<Response, Problem> {
    let frame = frame.of(Some((flow, sealed)));
    let origin = origin.reading(frame.language());
    let trouble = match session::send_sms_at_sign_in(app, &frame.realm, pending, &origin, frame.now).await {
        Ok(_) => {
            if again {
                frame.tell(Notice::SmsSentAgain);
            }
            return Ok(see(&frame.browser, &format!("/sign-in/mfa?flow={sealed}&method=sms")));
        }
        Err(Problem::InvalidPendingSignIn) => return Ok(over(app, frame, flow)),
        Err(other) => Trouble::of(other)?,
    };
    second_step::page(app, frame, (flow, sealed), Way::Sms, (Wrong::Sms(trouble), false)).await
}
