//! Whether a device may be connected: found by the code that somebody typed, and decided on in the session it was shown in, whichever
//! page they do that on.
//!
//! Only whoever is signed in can try codes, and not many of them (RFC 8628 section 5.1).

use std::sync::Arc;

use gatepost_domain::{
    Client, RealmId, SecretDigest, SessionId, Timestamp,
    audit::{Actor, Event, Record},
    authorization::device::{
        DeviceCode, GUESS_WINDOW, GUESSES, GUESSES_OF_ALL, GUESSES_OF_ONE, UserCode, guesses_of,
    },
    mfa::is_multi_factor,
};
use gatepost_store::{attempts, audit, device_codes};

use crate::{
    App, clients,
    http::{Problem, SignedIn, Where},
    mfa,
    oauth::authorize,
    realm::Snapshot,
};

/// A device that waits, and the client on it.
pub(crate) struct Waits {
    pub(crate) device: DeviceCode,
    pub(crate) client: Arc<Client>,
    pub(crate) user_code: UserCode,
}

/// The device that waits with what somebody typed; from then on their session alone can decide. `None`: no device does.
/// [`Problem::TooManyAttempts`]: too many codes were tried.
pub(crate) async fn find(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    text: &str,
    origin: &Where,
    now: Timestamp,
) -> Result<Option<Waits>, Problem> {
    let asks = Asks {
        realm: realm.id(),
        session: caller.session.id,
        code: text.parse().ok(),
        of_one: SecretDigest::of(guesses_of(caller.user.id).as_bytes()),
        of_all: SecretDigest::of(GUESSES.as_bytes()),
        now,
    };
    let found = app.db().write("look for a device", move |tx| {
        let asks = asks.clone();
        Box::pin(async move { asks.find(tx).await })
    });
    let found = found.await?;
    if !matches!(found, Found::Device(_)) {
        note_refused(app, record(app, caller, origin, Event::UserCodeRefused, now)).await?;
    }
    let device = match found {
        Found::Device(device) => *device,
        Found::Nothing => return Ok(None),
        Found::TooMany => return Err(Problem::TooManyAttempts { retry_after: GUESS_WINDOW }),
    };
    with_client(app, realm, device).await
}

/// The device that was shown in the caller's session with this code, and waits still.
pub(crate) async fn shown(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    text: &str,
    now: Timestamp,
) -> Result<Option<Waits>, Problem> {
    let Ok(code) = text.parse::<UserCode>() else { return Ok(None) };
    let (id, session) = (realm.id(), caller.session.id);
    let shown = app.db().read("find the device that was shown", move |tx| {
        Box::pin(async move { device_codes::shown(tx, id, code, session, now).await })
    });
    match shown.await? {
        Some(device) => with_client(app, realm, device).await,
        None => Ok(None),
    }
}

/// A client that was deleted just now waits no more.
async fn with_client(app: &App, realm: &Snapshot, device: DeviceCode) -> Result<Option<Waits>, Problem> {
    let client = clients::current(app, realm, device.client.clone()).await?;
    let found = client.zip(device.user_code);
    Ok(found.map(|(client, user_code)| Waits { device, client, user_code }))
}

/// Connects the device or refuses it, if it still waits and was shown in the caller's session. False: it does not, or was not.
pub(crate) async fn decide(
    app: &App,
    caller: &SignedIn,
    code: UserCode,
    approved: bool,
    origin: &Where,
    now: Timestamp,
) -> Result<bool, Problem> {
    let event = if approved { Event::DeviceConnected } else { Event::DeviceRefused };
    let (realm, session) = (caller.user.realm, caller.session.id);
    let record = record(app, caller, origin, event, now);
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
    decided.await
}

/// Whether the person signed in longer ago than the client takes, and not since the device asked (`default_max_age`), or, of a client
/// that says how long, with less than they have: on a device that is trusted.
pub(crate) async fn has_to_prove_anew(
    app: &App,
    waits: &Waits,
    caller: &SignedIn,
    now: Timestamp,
) -> Result<bool, Problem> {
    let session = &caller.session;
    let max_age = waits.client.settings.default_max_age.map(u64::from);
    if authorize::is_too_old(session, max_age, waits.device.created_at, now) {
        return Ok(true);
    }
    Ok(max_age.is_some() && !is_multi_factor(&session.amr) && mfa::has_factor(app, &caller.user).await?)
}

fn record(app: &App, caller: &SignedIn, origin: &Where, event: Event, now: Timestamp) -> Record {
    let user = caller.user.id;
    let record = origin.record(app, caller.user.realm, event, Actor::User(user), now);
    record.user(user).session(caller.session.id)
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
