//! `/sign-up`

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};
use gatepost_domain::{
    DisplayName, EmailAddress, PasswordHash, Registration,
    password::{Policy, TooWeak},
};

use super::{
    Form,
    error::{self, too_often},
    frame::{Frame, View},
    html::{Html, say},
    mail_sent::{For, Sent},
    query, second_step,
    sign_in::go_on,
    social::{Button, buttons},
};
use crate::{
    App, accounts,
    browser::{BrowserSession, Flow},
    http::{Problem, Where},
    limits::{self, Limited, Rule},
    session::{self, DeviceCookie, SignIn},
};

#[derive(Template)]
#[template(path = "pages/sign_up.html")]
struct SignUpPage<'a> {
    v: View,
    lead: Html,
    problem: Option<Html>,
    flow: Option<&'a str>,
    name: &'a str,
    name_error: Option<&'static str>,
    email: &'a str,
    email_error: Option<Html>,
    password_error: Option<Html>,
    min: u32,
    hint: Html,
    focus: &'static str,
    providers: Vec<Button>,
    have_account: Html,
}

/// What the page is shown with: what was typed, but the password, and what is wrong with it.
#[derive(Default)]
struct Shown<'a> {
    flow: Option<(&'a Flow, &'a str)>,
    name: &'a str,
    email: &'a str,
    wrong: Wrong,
}

#[derive(Default)]
struct Wrong {
    stale: bool,
    too_often: Option<Limited>,
    name: Option<&'static str>,
    email: Option<Html>,
    password: Option<Html>,
}

impl Wrong {
    fn is_none(&self) -> bool {
        !self.stale
            && self.too_often.is_none()
            && self.name.is_none()
            && self.email.is_none()
            && self.password.is_none()
    }
}

#[derive(Template)]
#[template(path = "pages/message.html")]
struct MessagePage {
    v: View,
    heading: Html,
    what: Html,
}

fn page(frame: Frame, shown: Shown<'_>) -> Response {
    let flow = shown.flow.map(|(flow, _)| flow);
    let frame = frame.of(shown.flow);
    let w = frame.words();
    let sealed = shown.flow.map(|(_, sealed)| sealed);
    let query = sealed.map(|sealed| format!("?flow={sealed}")).unwrap_or_default();
    let sign_in = frame.path(&format!("/sign-in{query}"));
    let settings = frame.realm.settings();
    if settings.registration != Registration::Open {
        let title = say(w.closed_title).put("realm", frame.realm_name());
        let page = MessagePage {
            v: frame.view(title.plain()),
            heading: title.html(),
            what: say(w.closed_what).link(sign_in).html(),
        };
        return frame.answer(StatusCode::FORBIDDEN, &page, None);
    }
    let (min, wrong) = (Policy::of(settings.password).min_length(), shown.wrong);
    let status = match &wrong {
        Wrong { stale: true, .. } => StatusCode::FORBIDDEN,
        Wrong { too_often: Some(_), .. } => StatusCode::TOO_MANY_REQUESTS,
        wrong if wrong.is_none() => StatusCode::OK,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let limited = wrong.too_often;
    let mut view = frame.view(w.sign_up_title);
    view.wrong = !wrong.is_none();
    let page = SignUpPage {
        lead: say(w.sign_up_lead).put("realm", frame.realm_name()).html(),
        problem: wrong
            .stale
            .then(|| say(w.stale).html())
            .or_else(|| limited.map(|limited| too_often(w, limited))),
        flow: sealed,
        name: shown.name,
        focus: match &wrong {
            wrong if wrong.name.is_some() || shown.name.is_empty() => "name",
            wrong if wrong.email.is_some() || shown.email.is_empty() => "username",
            _ => "password",
        },
        name_error: wrong.name,
        email: shown.email,
        email_error: wrong.email,
        password_error: wrong.password,
        min,
        hint: say(w.password_hint).put("min", min).html(),
        providers: buttons(&frame, sealed, None),
        have_account: say(w.have_account).link(sign_in).html(),
        v: view,
    };
    let mut response = frame.answer(status, &page, flow);
    if let Some(limited) = limited {
        limited.tell(response.headers_mut());
    }
    response
}

/// What is wrong with a new password, and what would be right.
pub(super) fn weakness(frame: &Frame, weak: TooWeak) -> Html {
    let w = frame.words();
    match weak {
        TooWeak::TooShort { min } => say(w.password_short).put("min", min).html(),
        TooWeak::TooLong => say(w.password_long).html(),
        TooWeak::Common => say(w.password_common).html(),
        TooWeak::Repetitive => say(w.password_repetitive).html(),
        TooWeak::Personal => say(w.password_personal).html(),
        TooWeak::Breached { .. } => say(w.password_breached).html(),
    }
}

pub(super) async fn show(State(app): State<App>, uri: Uri, frame: Frame) -> Response {
    let query = query(&uri);
    let sealed = query.get("flow").map(String::as_str);
    let Ok(flow) = frame.flow(&app, sealed) else { return error::flow_lost(&frame) };
    page(frame, Shown { flow: flow.as_ref().zip(sealed), ..Shown::default() })
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
    let flow = flow.as_ref().zip(sealed);
    let (name, email, password) =
        (form.text("name"), form.text("username"), form.get("password").unwrap_or_default());
    let shown = |wrong| Shown { flow, name, email, wrong };
    if browser.check_csrf(&app, &realm, form.get("csrf")).is_err() {
        return Ok(page(frame, shown(Wrong { stale: true, ..Wrong::default() })));
    }
    if realm.settings().registration != Registration::Open {
        return Ok(page(frame, shown(Wrong::default())));
    }
    let w = frame.words();
    let accepted = Policy::of(realm.settings().password).accept(password, &[name, email]);
    let mut wrong = Wrong {
        name: match name.parse::<DisplayName>() {
            _ if name.is_empty() => Some(w.type_name),
            parsed => parsed.is_err().then_some(w.name_refused),
        },
        email: match email.parse::<EmailAddress>() {
            _ if email.is_empty() => Some(say(w.type_email).html()),
            parsed => parsed.is_err().then(|| say(w.email_incomplete).html()),
        },
        ..Wrong::default()
    };
    let password = match accepted {
        Ok(password) if wrong.is_none() => password,
        Ok(_) => return Ok(page(frame, shown(wrong))),
        Err(weak) => {
            wrong.password = Some(weakness(&frame, weak));
            return Ok(page(frame, shown(wrong)));
        }
    };
    match limits::attempt(&app, &realm, (Rule::Register, origin.neighbourhood()), &origin, now) {
        Err(Problem::Limited(limited)) => {
            wrong.too_often = Some(limited);
            return Ok(page(frame, shown(wrong)));
        }
        other => other?,
    };
    let profile = accounts::Profile::parse(Some(email), None, Some(name))?;
    let hash = match app.hash_chosen(&realm, &password, &origin, now).await {
        Err(Problem::WeakPassword(weak)) => {
            wrong.password = Some(weakness(&frame, weak));
            return Ok(page(frame, shown(wrong)));
        }
        Err(Problem::Limited(limited)) => {
            wrong.too_often = Some(limited);
            return Ok(page(frame, shown(wrong)));
        }
        other => other?,
    };
    let made = accounts::register(
        &app,
        &realm,
        profile,
        hash.clone(),
        origin.clone().reading(frame.language()),
        now,
    )
    .await;
    let user = match made {
        Err(Problem::EmailTaken) => {
            let query = sealed.map(|sealed| format!("?flow={sealed}")).unwrap_or_default();
            let link = frame.path(&format!("/sign-in{query}"));
            wrong.email = Some(say(w.email_taken).link(link).html());
            return Ok(page(frame, shown(wrong)));
        }
        other => other?,
    };
    if realm.settings().require_verified_email {
        if let Some(email) = user.email.filter(|_| frame.sends_mail()) {
            return Ok(Sent::new(email, sealed, now).go(&app, &frame, For::Verify));
        }
        let page = MessagePage {
            v: frame.view(w.signed_up_title),
            heading: say(w.signed_up_title).html(),
            what: say(w.signed_up_what).html(),
        };
        return Ok(frame.answer(StatusCode::OK, &page, None));
    }
    let hash = PasswordHash::new(hash);
    let device = session::remember_device(&app, &realm, (&user, &hash), &origin, now);
    let proven = session::just_signed_up(&app, user, hash, now);
    let held = signed_in.as_ref().map(|signed_in| &signed_in.session);
    let flow = flow.map(|(flow, _)| flow);
    let begun = session::sign_in_browser(&app, &realm, proven, held, false, &origin, now).await?;
    let session = match begun {
        SignIn::Begun(session) => session,
        SignIn::Pending(pending, missing) => {
            return second_step::begin(&app, &frame, flow, (pending, missing)).await;
        }
    };
    browser.jar().set(&device.name, &device.value, DeviceCookie::KEEP);
    browser.keep(&app, &realm, &session, false, now);
    Ok(go_on(&app, &realm, &browser, flow, session.id))
}
