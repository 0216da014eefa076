//! `/device`: a person connects a device (RFC 8628 section 3.3).
//!
//! Whoever sends somebody a code of their own device hopes that it is connected unread (section 5.4). So the code is never taken
//! from the address alone, the page names the application and the account before anything is connected, and it is asked each time,
//! also for what was agreed to before. Only whoever is signed in can try codes, and not many of them (section 5.1).

use std::sync::Arc;

use axum::{
    extract::State,
    http::Uri,
    response::{IntoResponse as _, Redirect, Response},
};
use gatepost_domain::{
    Client, RealmId, Scope, SecretDigest, SessionId, Timestamp,
    audit::{Actor, Event, Record},
    authorization::device::{
        DeviceCode, GUESS_WINDOW, GUESSES, GUESSES_OF_ALL, GUESSES_OF_ONE, UserCode, guesses_of,
    },
    mfa::is_multi_factor,
};
use gatepost_store::{attempts, audit, device_codes};

use crate::{
    App,
    browser::{BrowserSession, Flow, Target},
    clients,
    http::{Problem, Where},
    mfa,
    oauth::authorize,
    pages::{self, AskedAgain, DeviceRequest, Form, Frame},
};

/// The form, filled in by an address that has the code in it (RFC 8628 section 3.3.1) and sent by the person alone.
pub(super) async fn show(_: BrowserSession, frame: Frame, uri: Uri) -> Response {
    let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let given = query.into_iter().find(|(name, _)| name == "user_code");
    // What is no code is not worth showing.
    let code = given.and_then(|(_, text)| text.parse::<UserCode>().ok());
    pages::device_code(&frame, &code.map(|code| code.to_string()).unwrap_or_default(), None)
}

/// What was typed: shown with what it asks for, if a device waits with it.
pub(super) async fn typed(
    State(app): State<App>,
    origin: Where,
    frame: Frame,
    signed_in: BrowserSession,
    form: Form,
) -> Result<Response, Problem> {
    let (realm, browser, now) = (Arc::clone(&frame.realm), frame.browser.clone(), frame.now);
    let text = form.text("user_code");
    if browser.check_csrf(&app, &realm, form.get("csrf")).is_err() {
        return Ok(pages::device_code(&frame, text, Some(AskedAgain::Stale)));
    }
    let asks = Asks {
        realm: realm.id(),
        session: signed_in.session.id,
        code: text.parse().ok(),
        of_one: SecretDigest::of(guesses_of(signed_in.user.id).as_bytes()),
        of_all: SecretDigest::of(GUESSES.as_bytes()),
        now,
    };
    let found = app.db().write("look for a device", move |tx| {
        let asks = asks.clone();
        Box::pin(async move { asks.find(tx).await })
    });
    let found = found.await?;
    if !matches!(found, Found::Device(_)) {
        note_refused(&app, record(&app, &signed_in, &origin, Event::UserCodeRefused, now)).await?;
    }
    let device = match found {
        Found::Device(device) => device,
        Found::Nothing => return Ok(pages::device_code(&frame, text, Some(AskedAgain::Unknown))),
        Found::TooMany => return Err(Problem::TooManyAttempts { retry_after: GUESS_WINDOW }),
    };
    // Deleted just now, its devices wait no more.
    let client = clients::current(&app, &realm, device.client.clone()).await?;
    let Some((client, user_code)) = client.zip(device.user_code) else {
        return Ok(pages::device_code(&frame, text, Some(AskedAgain::Unknown)));
    };
    if has_to_prove_anew(&app, &client, &device, &signed_in, now).await? {
        return Ok(signs_in_anew(&app, &frame, &client, user_code));
    }
    let scopes: Vec<Scope> = device.details.scopes.iter().cloned().collect();
    let request = DeviceRequest {
        client: clients::shown_name(&client),
        user_code: &user_code.to_string(),
        scopes: &scopes,
        user: &signed_in.user,
    };
    Ok(pages::device_confirm(&frame, &request))
}

/// What was decided. A code that this session was not shown connects nothing.
pub(super) async fn decided(
    State(app): State<App>,
    origin: Where,
    frame: Frame,
    signed_in: BrowserSession,
    form: Form,
) -> Result<Response, Problem> {
    let (realm, browser, now) = (Arc::clone(&frame.realm), frame.browser.clone(), frame.now);
    let text = form.text("user_code");
    // It may have been shown to whoever was signed in before: it is asked for afresh.
    if browser.check_csrf(&app, &realm, form.get("csrf")).is_err() {
        return Ok(pages::device_code(&frame, text, Some(AskedAgain::Stale)));
    }
    let approved = match form.get("decision") {
        Some("approve") => true,
        Some("deny") => false,
        _ => return Ok(pages::device_code(&frame, text, None)),
    };
    let unknown = || pages::device_code(&frame, text, Some(AskedAgain::Unknown));
    let Ok(code) = text.parse::<UserCode>() else { return Ok(unknown()) };
    let (id, session) = (realm.id(), signed_in.session.id);
    let shown = app.db().read("find the device that was shown", move |tx| {
        Box::pin(async move { device_codes::shown(tx, id, code, session, now).await })
    });
    let Some(device) = shown.await? else { return Ok(unknown()) };
    let Some(client) = clients::current(&app, &realm, device.client.clone()).await? else {
        return Ok(unknown());
    };
    // The page may have been open for long.
    if approved && has_to_prove_anew(&app, &client, &device, &signed_in, now).await? {
        return Ok(signs_in_anew(&app, &frame, &client, code));
    }
    let event = if approved { Event::DeviceConnected } else { Event::DeviceRefused };
    let realm = id;
    let record = record(&app, &signed_in, &origin, event, now);
    let decided = app.db().write("decide on a device", move |tx| {
        let record = record.clone();
        Box::pin(async move {
            let decided = device_codes::decide(tx, realm, code, session, approved, now).await?;
            if let Some(device) = &decided {
                let record = record.client(device.client.clone()).with("grant", device.grant.to_string());
                audit::append(tx, &record.with("scopes", device.details.scopes.to_string())).await?;
            }
            Ok::<_, Problem>(decided.is_some())
        })
    });
    Ok(if decided.await? { pages::device_outcome(&frame, approved) } else { unknown() })
}

/// Whether the person signed in longer ago than the client takes, and not since the device asked (`default_max_age`), or, of a client
/// that says how long, with less than they have: on a device that is trusted.
async fn has_to_prove_anew(
    app: &App,
    client: &Client,
    device: &DeviceCode,
    signed_in: &BrowserSession,
    now: Timestamp,
) -> Result<bool, Problem> {
    let (session, max_age) = (&signed_in.session, client.settings.default_max_age.map(u64::from));
    if authorize::is_too_old(session, max_age, device.created_at, now) {
        return Ok(true);
    }
    Ok(max_age.is_some() && !is_multi_factor(&session.amr) && mfa::has_factor(app, &signed_in.user).await?)
}

/// The person proves anew who they are, and comes back to the form with the code in it.
fn signs_in_anew(app: &App, frame: &Frame, client: &Client, code: UserCode) -> Response {
    let page = Target::Page(format!("/device?user_code={code}"));
    let name = clients::shown_name(client).to_owned();
    let flow = Flow { fresh: true, client_name: Some(name), ..Flow::to(page, frame.now) };
    let sealed = flow.seal(app, &frame.realm, &frame.browser);
    Redirect::to(&frame.browser.path(&format!("/sign-in?flow={sealed}"))).into_response()
}

fn record(app: &App, signed_in: &BrowserSession, origin: &Where, event: Event, now: Timestamp) -> Record {
    let user = signed_in.user.id;
    let record = origin.record(app, signed_in.user.realm, event, Actor::User(user), now);
    record.user(user).session(signed_in.session.id)
}

/// Kept in the audit trail, once a minute for an account: whoever guesses must not fill the disk.
async fn note_refused(app: &App, record: Record) -> Result<(), Problem> {
    if !app.refusals().admits(&record) {
        return Ok(());
    }
    let noted = app.db().write("record a refused user code", move |tx| {
        let record = record.clone();
        Box::pin(async move { audit::append(tx, &record).await })
    });
    Ok(noted.await?)
}

/// What is looked for; made beforehand, for a closure of the store may run twice.
#[derive(Clone)]
struct Asks {
    realm: RealmId,
    session: SessionId,
    /// `None`: what was typed can be nobody's code.
    code: Option<UserCode>,
    /// What the codes are counted under that this account types.
    of_one: SecretDigest,
    /// And those of the realm that were wrong.
    of_all: SecretDigest,
    now: Timestamp,
}

enum Found {
    Device(Box<DeviceCode>),
    Nothing,
    TooMany,
}

impl Asks {
    /// Every code counts, right or wrong, before it is looked for: no number of requests at once gets more than its share of
    /// answers. When the realm has seen too many wrong ones nobody is answered, for an account costs little.
    async fn find(&self, tx: &mut gatepost_store::Tx) -> Result<Found, Problem> {
        let Some(code) = self.code else { return Ok(Found::Nothing) };
        let (realm, now, until) = (self.realm, self.now, self.now.plus(GUESS_WINDOW));
        let may = attempts::count(tx, realm, &self.of_one, GUESSES_OF_ONE, until, now).await?
            && attempts::are_left(tx, realm, &self.of_all, GUESSES_OF_ALL, now).await?;
        let found = if may { device_codes::show(tx, realm, code, self.session, now).await? } else { None };
        if let Some(device) = found {
            return Ok(Found::Device(Box::new(device)));
        }
        if may {
            attempts::count(tx, realm, &self.of_all, GUESSES_OF_ALL, until, now).await?;
        }
        Ok(if may { Found::Nothing } else { Found::TooMany })
    }
}
