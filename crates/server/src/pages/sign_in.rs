//! `/sign-in`

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};
use gatepost_domain::{EmailAddress, Registration, SessionId, User, Username, password::Password};

use super::{
    Form, by_mail,
    error::{self, too_often},
    frame::{Frame, Person, View},
    html::{Html, say},
    passkey::Ask,
    query, second_step, see,
    social::{Button, buttons},
};
use crate::{
    App,
    browser::{Browser, BrowserSession, Flow, Target},
    http::{Problem, Where},
    limits::Limited,
    session::{self, DeviceCookie, Identifier, SignIn},
};

#[derive(Template)]
#[template(path = "pages/sign_in.html")]
struct SignInPage<'a> {
    v: View,
    lead: Option<Html>,
    problem: Option<Html>,
    flow: Option<&'a str>,
    username: &'a str,
    username_error: Option<&'static str>,
    password_error: Option<&'static str>,
    /// The password is what is left to type.
    to_password: bool,
    remember: bool,
    providers: Vec<Button>,
    new_here: Option<Html>,
    forgot: Option<Html>,
    passkey: Option<Ask>,
    by_mail: Option<Html>,
}

/// What the page is shown with.
#[derive(Default)]
struct Shown<'a> {
    flow: Option<(&'a Flow, &'a str)>,
    username: &'a str,
    remember: bool,
    why: Why,
    /// Why it did not come to a sign-in elsewhere.
    told: Option<Html>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Why {
    #[default]
    Asked,
    Empty {
        username: bool,
        password: bool,
    },
    Refused,
    Stale,
    TooOften(Limited),
    /// The second step did not come in time, or too often.
    Over,
    /// A passkey that is not good here.
    Passkey,
}

fn page(app: &App, frame: Frame, shown: &Shown<'_>) -> Response {
    let frame = frame.of(shown.flow);
    let w = frame.words();
    let flow = shown.flow.map(|(flow, _)| flow);
    let fresh = flow.is_some_and(|flow| flow.fresh);
    let mut view = frame.view(if fresh { w.again_title } else { w.sign_in });
    view.wrong = shown.why != Why::Asked || shown.told.is_some();
    let client = flow.and_then(|flow| flow.client_name.as_deref());
    let open = frame.realm.settings().registration == Registration::Open && !fresh;
    let sealed = shown.flow.map(|(_, sealed)| sealed);
    let page = SignInPage {
        lead: match client {
            _ if fresh => Some(say(w.again_lead).html()),
            Some(client) => Some(say(w.to_continue).put("client", client).html()),
            None => None,
        },
        problem: match shown.why {
            Why::Refused => Some(say(w.sign_in_refused).html()),
            Why::Stale => Some(say(w.stale).html()),
            Why::TooOften(limited) => Some(too_often(w, limited)),
            Why::Over => Some(say(w.second_over).html()),
            Why::Passkey => Some(say(w.passkey_refused).html()),
            Why::Asked | Why::Empty { .. } => shown.told.clone(),
        },
        providers: buttons(&frame, sealed, None),
        flow: sealed,
        username: shown.username,
        username_error: matches!(shown.why, Why::Empty { username: true, .. }).then_some(w.type_username),
        password_error: match shown.why {
            Why::Refused | Why::Stale | Why::Over | Why::TooOften(_) => Some(w.type_password_again),
            Why::Empty { password: true, .. } => Some(w.type_password),
            _ => None,
        },
        to_password: !shown.username.is_empty(),
        remember: shown.remember,
        forgot: frame.sends_mail().then(|| {
            let query = sealed.map(|sealed| format!("?flow={sealed}")).unwrap_or_default();
            say(w.forgot).link(frame.path(&format!("/recover{query}"))).html()
        }),
        by_mail: by_mail::way(
            frame.app(),
            &frame,
            &sealed.map(|sealed| format!("?flow={sealed}")).unwrap_or_default(),
        ),
        new_here: open.then(|| {
            let query = sealed.map(|sealed| format!("?flow={sealed}")).unwrap_or_default();
            let path = frame.path(&format!("/sign-up{query}"));
            say(w.new_here).put("realm", frame.realm_name()).link(path).html()
        }),
        passkey: Ask::to_sign_in(app, &frame, sealed),
        v: view,
    };
    let status = match shown.why {
        Why::Asked if shown.told.is_some() => StatusCode::FORBIDDEN,
        Why::Asked => StatusCode::OK,
        Why::Empty { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Why::Refused | Why::Stale | Why::Over | Why::Passkey => StatusCode::FORBIDDEN,
        Why::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
    };
    let mut response = frame.answer(status, &page, flow);
    if let Why::TooOften(limited) = shown.why {
        limited.tell(response.headers_mut());
    }
    response
}

/// The page, where somebody comes back from elsewhere and is not signed in.
pub(super) fn told(app: &App, frame: Frame, flow: Option<(&Flow, &str)>, problem: Html) -> Response {
    page(app, frame.seen_at("/sign-in"), &Shown { flow, told: Some(problem), ..Shown::default() })
}

/// A sign-in whose second step is over begins anew.
pub(super) fn over(app: &App, frame: Frame, flow: &Flow) -> Response {
    let flow = Flow { pending: None, ..flow.clone() };
    let sealed = frame.seal(&flow);
    page(app, frame, &Shown { flow: Some((&flow, &sealed)), why: Why::Over, ..Shown::default() })
}

/// The page once more, after a passkey that did not sign in; `stale` if it was for a page that was open too long.
pub(super) fn after_passkey(
    app: &App,
    frame: Frame,
    flow: Option<(&Flow, &str)>,
    (remember, stale): (bool, bool),
) -> Response {
    let why = if stale { Why::Stale } else { Why::Passkey };
    page(app, frame, &Shown { flow, username: "", remember, why, told: None })
}

#[derive(Template)]
#[template(path = "pages/choose.html")]
struct ChoosePage<'a> {
    v: View,
    lead: Option<Html>,
    problem: Option<Html>,
    flow: &'a str,
    person: Person,
    other: String,
}

/// Who is signed in is asked whether that is the account to use.
fn choose(frame: Frame, (flow, sealed): (&Flow, &str), user: &User, stale: bool) -> Response {
    let frame = frame.of(Some((flow, sealed)));
    let w = frame.words();
    let mut view = frame.view(w.choose_title);
    view.wrong = stale;
    let page = ChoosePage {
        v: view,
        lead: flow.client_name.as_deref().map(|client| say(w.to_continue).put("client", client).html()),
        problem: stale.then(|| say(w.stale).html()),
        flow: sealed,
        person: Person::of(user),
        other: frame.path(&format!("/sign-in?flow={sealed}&other=1")),
    };
    frame.answer(if stale { StatusCode::FORBIDDEN } else { StatusCode::OK }, &page, Some(flow))
}

/// What the account signs in with.
pub(super) fn login_of(user: &User) -> &str {
    let email = user.email.as_ref().map(EmailAddress::as_str);
    email.or(user.username.as_ref().map(Username::as_str)).unwrap_or_default()
}

pub(super) async fn show(
    State(app): State<App>,
    signed_in: Option<BrowserSession>,
    uri: Uri,
    frame: Frame,
) -> Response {
    let browser = frame.browser.clone();
    let query = query(&uri);
    let sealed = query.get("flow").map(String::as_str);
    let Ok(flow) = frame.flow(&app, sealed) else { return error::flow_lost(&frame) };
    let flow = flow.as_ref().zip(sealed);
    let other = query.contains_key("other");
    match (&signed_in, flow) {
        (Some(_), None) if !other => return see(&browser, "/account/profile"),
        // Somebody has signed in meanwhile, in another window.
        (Some(_), Some((Flow { target: Target::Page(page), fresh: false, .. }, _))) if !other => {
            return see(&browser, page);
        }
        (Some(signed_in), Some((flow, sealed))) if !other && !flow.fresh => {
            return choose(frame, (flow, sealed), &signed_in.user, false);
        }
        _ => {}
    }
    let hint = flow.and_then(|(flow, _)| flow.login_hint.as_deref());
    let known = signed_in.as_ref().filter(|_| !other).map(|signed_in| login_of(&signed_in.user));
    let username = known.or(hint.filter(|_| !other)).unwrap_or_default();
    page(&app, frame, &Shown { flow, username, ..Shown::default() })
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
    let forged = browser.check_csrf(&app, &realm, form.get("csrf"));
    if let (Some(_), Some((flow, sealed)), Some(signed_in)) = (form.get("choose"), flow, &signed_in) {
        if forged.is_err() {
            return Ok(choose(frame, (flow, sealed), &signed_in.user, true));
        }
        return Ok(go_on(&app, &realm, &browser, Some(flow), signed_in.session.id));
    }
    let (username, password) = (form.text("username"), form.get("password").unwrap_or_default());
    let shown = |why| Shown { flow, username, remember: form.ticked("remember"), why, told: None };
    if forged.is_err() {
        return Ok(page(&app, frame, &shown(Why::Stale)));
    }
    if username.is_empty() || password.is_empty() {
        let why = Why::Empty { username: username.is_empty(), password: password.is_empty() };
        return Ok(page(&app, frame, &shown(why)));
    }
    // A user name has no `@`, and an address has one.
    let identifier =
        if username.contains('@') { Identifier::Email(username) } else { Identifier::Username(username) };
    // One that is too long to be checked belongs to nobody; everything else about it is as with any other.
    let password =
        Password::to_verify(password).or_else(|_| Password::to_verify("\0")).map_err(Problem::internal)?;
    let proven = match session::prove(&app, &realm, identifier, password, &origin, now).await {
        Err(Problem::InvalidCredentials | Problem::EmailUnverified) => {
            return Ok(page(&app, frame, &shown(Why::Refused)));
        }
        Err(Problem::Limited(limited)) => return Ok(page(&app, frame, &shown(Why::TooOften(limited)))),
        other => other?,
    };
    let device = proven
        .first
        .password()
        .map(|hash| session::remember_device(&app, &realm, (&proven.user, hash), &origin, now));
    let held = signed_in.as_ref().map(|signed_in| &signed_in.session);
    let remember = form.ticked("remember");
    let origin = origin.on_trusted_device(Flow::takes_trust(flow.map(|(flow, _)| flow)));
    let begun = session::sign_in_browser(&app, &realm, proven, held, remember, &origin, now).await;
    let session = match begun {
        Ok(SignIn::Begun(session)) => session,
        Ok(SignIn::Pending(pending, missing)) => {
            return second_step::begin(&app, &frame, flow.map(|(flow, _)| flow), (pending, missing)).await;
        }
        Err(Problem::InvalidCredentials) => return Ok(page(&app, frame, &shown(Why::Refused))),
        Err(other) => return Err(other),
    };
    if let Some(device) = device {
        browser.jar().set(&device.name, &device.value, DeviceCookie::KEEP);
    }
    browser.keep(&app, &realm, &session, remember, now);
    Ok(go_on(&app, &realm, &browser, flow.map(|(flow, _)| flow), session.id))
}

/// On to what the sign-in was for. Whoever has just signed in, or said so, has chosen the account.
pub(super) fn go_on(
    app: &App,
    realm: &crate::realm::Snapshot,
    browser: &Browser,
    flow: Option<&Flow>,
    session: SessionId,
) -> Response {
    let Some(flow) = flow else { return see(browser, "/account/profile") };
    let flow = Flow { account_chosen: Some(session), pending: None, ..flow.clone() };
    let sealed = flow.seal(app, realm, browser);
    axum::response::IntoResponse::into_response(axum::response::Redirect::to(&flow.next(browser, &sealed)))
}
