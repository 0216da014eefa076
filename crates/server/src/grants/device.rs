//! A device that asks whether it is connected, and gets its tokens once it is (RFC 8628 section 3.4).

use std::sync::Arc;

use gatepost_domain::{
    Client, DeviceCodeId, GrantDetails, OutboxId, RealmId, Scopes, Session, SessionId, Timestamp, User,
    UserId,
    audit::{Actor, Event},
    authorization::device::{DeviceCode, EARLY, SLOW_DOWN, Standing},
    client::Entrusted,
    interceptor::Trigger,
};
use gatepost_store::{Error, Tx, audit, device_codes, grants, sessions};

use super::{
    GrantRefused, Issued, Wanted,
    begin::{Agreed, Begun, Writing},
    issue::Holding,
    kept_key, refused,
};
use crate::{
    App,
    clients::{self, ClientRefused, Presented, Proof},
    http::{Problem, origin::Where},
    interceptors::{About, Before},
    realm::{InRealm, Snapshot},
};

/// Why a device gets nothing (RFC 8628 section 3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceRefused {
    /// Nobody has decided; it is to ask again.
    Pending,
    /// The same, and it asks too often.
    SlowDown,
    /// A person said no.
    Denied,
    /// Nobody has decided in time.
    Expired,
    /// The code is not good here, or not any more.
    Grant(GrantRefused),
}

impl From<GrantRefused> for DeviceRefused {
    fn from(refused: GrantRefused) -> Self {
        Self::Grant(refused)
    }
}

/// Gives the client on a device its tokens if a person has connected it.
///
/// As with an authorization code, of any number of simultaneous uses one succeeds, and each later use ends what the first one began.
pub async fn connect(
    app: &App,
    realm: &InRealm,
    client: &Client,
    (code, wanted): (&str, Wanted),
    origin: &Where,
    now: Timestamp,
) -> Result<Result<Issued, DeviceRefused>, Problem> {
    let no = |why| Ok(Err(refused("a device code is", why).into()));
    // A forged or garbled code never reaches the database.
    let Some(id) = app.device_mac().decode(code) else { return no("forged") };
    let realm_id = realm.id();
    let found = app
        .db()
        .read("find a device", move |tx| Box::pin(async move { device_codes::find(tx, realm_id, id).await }));
    let Some(device) = found.await? else { return no("unknown") };
    if device.client != client.id {
        return no("given to another client");
    }
    let bound_to = kept_key(client, wanted.key.as_ref());
    let agreed = match device.standing(now) {
        Standing::Pending => return Ok(Err(poll(app, realm_id, id, now).await?)),
        Standing::Denied => return Ok(Err(DeviceRefused::Denied)),
        Standing::Expired => return Ok(Err(DeviceRefused::Expired)),
        Standing::Approved { session, at } => agreed(&device, session, at, bound_to),
        Standing::Redeemed => match (device.session, device.decision) {
            (Some(session), Some(decision)) => agreed(&device, session, decision.at, bound_to),
            _ => return no("used before"),
        },
    };
    let with_key;
    let snapshot: &Snapshot = if client.settings.needs_rs256(&device.details.scopes) {
        with_key = app.realms().with_id_token_key(app, realm).await?;
        &with_key
    } else {
        realm
    };
    let writing = Writing::new(app, realm, client, agreed, (origin, now));
    let message = OutboxId::new(now, app.entropy());
    let begun = app.db().write("connect a device", move |tx| {
        let writing = Arc::clone(&writing);
        Box::pin(async move { written(tx, (id, message), &writing).await })
    });
    let begun = match begun.await? {
        Begun::Now(begun) => begun,
        Begun::Spent => return no("used before"),
        Begun::Over => return no("expired, or its session has ended"),
    };
    let holding = Holding {
        client,
        grant: &begun.grant,
        session: &begun.session,
        user: &begun.user,
        member: None,
        known: &begun.known,
        external: &begun.external,
        browser_session: begun.grant.details.browser_session.unwrap_or(begun.session.id),
        nonce: None,
        code: None,
    };
    let key = snapshot.keys().signer_with(client.settings.id_token_signed_response_alg);
    let issued = holding.issue(app, snapshot, &wanted, key, now)?;
    Ok(issued.map_err(DeviceRefused::from))
}

fn agreed(
    device: &DeviceCode,
    session: gatepost_domain::SessionId,
    at: Timestamp,
    key: Option<String>,
) -> Agreed {
    Agreed {
        realm: device.realm,
        client: device.client.clone(),
        session,
        user: None,
        grant: device.grant,
        scopes: device.details.scopes.clone(),
        audience: device.details.audience.clone(),
        organization: None,
        details: GrantDetails { dpop_jkt: key, ..GrantDetails::default() },
        at,
    }
}

/// The scope that stands for the whole account.
pub const ACCOUNT: &str = "account";

/// Whether what a person agreed to is all that they are: a session is, and no scope narrows it. So the client is one's own.
pub fn is_whole(client: &Client, agreed: &Scopes) -> bool {
    agreed.contains(ACCOUNT) && client.settings.entrusted(agreed, agreed) == Entrusted::ALL
}

/// Begins a session of its own for an application on a device that keeps the session itself, if a person has connected it and agreed to
/// no less than that: to the whole account. Returns it with the scopes that were agreed to.
///
/// It has whatever the person had shown, but is no sign-in of a moment ago: what takes one takes it of the person themselves.
pub async fn connect_application(
    app: &App,
    realm: &InRealm,
    (client, code): (&str, &str),
    origin: &Where,
    now: Timestamp,
) -> Result<Result<(Session, Scopes), DeviceRefused>, Problem> {
    let no = |why| Ok(Err(refused("a device code is", why).into()));
    let Some(id) = app.device_mac().decode(code) else { return no("forged") };
    let realm_id = realm.id();
    let found = app
        .db()
        .read("find a device", move |tx| Box::pin(async move { device_codes::find(tx, realm_id, id).await }));
    let Some(device) = found.await? else { return no("unknown") };
    if device.client.as_str() != client {
        return no("given to another client");
    }
    let presented = Presented { id: client.to_owned(), proof: Proof::Nothing };
    let Err(ClientRefused::Public(client)) =
        clients::authenticate(app, realm, &presented, origin, now).await?
    else {
        return no("of a client that is to prove who it is");
    };
    if !is_whole(&client, &device.details.scopes) {
        return no("for less than everything");
    }
    let own = session_of(&device);
    let (session, at) = match device.standing(now) {
        Standing::Pending => return Ok(Err(poll(app, realm_id, id, now).await?)),
        Standing::Denied => return Ok(Err(DeviceRefused::Denied)),
        Standing::Expired => return Ok(Err(DeviceRefused::Expired)),
        Standing::Approved { session, at } => (session, at),
        Standing::Redeemed => {
            reused(app, device, origin, now).await?;
            return no("used before");
        }
    };
    let scopes = device.details.scopes.clone();
    let record = origin.record(app, realm_id, Event::SignedIn, Actor::Client(device.client.clone()), now);
    let record = record.client(device.client.clone()).session(own).with("method", "device");
    let (settings, whence) = (Arc::clone(&realm.0), origin.session_origin());
    let before = Before { app, realm, origin, now, trigger: Trigger::PreSessionCreation };
    let about = |begun: Option<(Session, User)>| {
        let (session, user) = begun?;
        Some(About::Session { user: Box::new(user), amr: session.amr })
    };
    let begun = before.ask(Option::is_some, about).write("begin a session on a device", move |tx| {
        let (settings, whence, record) = (Arc::clone(&settings), whence.clone(), record.clone());
        Box::pin(async move {
            if !device_codes::redeem(tx, realm_id, id, now).await? {
                return Ok(None);
            }
            let agreed = sessions::find_agreed(tx, realm_id, session, at, now).await?;
            let Some((session, user, _)) = agreed else { return Ok(None) };
            let own = Session::begin(own, realm_id, user.id, session.amr, whence, settings.settings(), now);
            let own = Session { authenticated_at: Timestamp::from_unix_seconds(0), ..own };
            if !sessions::create(tx, &own, None).await? {
                return Ok(None);
            }
            audit::append(tx, &record.user(user.id)).await?;
            Ok(Some((own, user)))
        })
    });
    match begun.await? {
        Some((session, _)) => Ok(Ok((session, scopes))),
        None => no("used before, expired, or its session has ended"),
    }
}

/// The session that a device gets, by the id of the grant that it would have: a code that is used twice ends what it began.
fn session_of(device: &DeviceCode) -> SessionId {
    SessionId::from_bytes(*device.grant.as_bytes())
}

/// Ends the session that a device got. Returns whose it was; `None`: there is none.
async fn end_session(
    tx: &mut Tx,
    device: &DeviceCode,
    message: OutboxId,
    now: Timestamp,
) -> Result<Option<UserId>, Error> {
    let Some((session, user)) = sessions::find_live(tx, device.realm, session_of(device), now).await? else {
        return Ok(None);
    };
    let ended = sessions::revoke(tx, device.realm, user.id, session.id, now, message).await?;
    Ok(ended.then_some(user.id))
}

/// Ends what a code began that is used once more, be it a session or a grant: one of the two was not the device.
async fn reused(app: &App, device: DeviceCode, origin: &Where, now: Timestamp) -> Result<(), Problem> {
    let messages = [OutboxId::new(now, app.entropy()), OutboxId::new(now, app.entropy())];
    let client = device.client.clone();
    let record = origin.record(app, device.realm, Event::CodeReused, Actor::Client(client.clone()), now);
    let record = record.client(client).with("grant", device.grant.to_string());
    let ended = app.db().write("end what a device code began", move |tx| {
        let (device, record) = (device.clone(), record.clone());
        Box::pin(async move {
            let session = end_session(tx, &device, messages[0], now).await?;
            let grant = grants::revoke(tx, device.realm, device.grant, now, messages[1]).await?;
            if let Some(user) = session.or(grant.map(|grant| grant.user)) {
                audit::append(tx, &record.user(user)).await?;
            }
            Ok::<_, Problem>(())
        })
    });
    ended.await?;
    app.sign_outs().notify_one();
    Ok(())
}

/// Nobody has decided. Whoever asks too soon waits longer from then on.
async fn poll(app: &App, realm: RealmId, id: DeviceCodeId, now: Timestamp) -> Result<DeviceRefused, Problem> {
    let in_time = app.db().write("note that a device asks", move |tx| {
        Box::pin(async move {
            let in_time = device_codes::poll(tx, realm, id, EARLY, now).await?;
            if !in_time {
                device_codes::slow_down(tx, realm, id, SLOW_DOWN, now).await?;
            }
            Ok::<_, Problem>(in_time)
        })
    });
    Ok(if in_time.await? { DeviceRefused::Pending } else { DeviceRefused::SlowDown })
}

async fn written(
    tx: &mut Tx,
    (id, message): (DeviceCodeId, OutboxId),
    writing: &Writing,
) -> Result<Begun, Problem> {
    let (realm, now) = (writing.agreed.realm, writing.now);
    if device_codes::redeem(tx, realm, id, now).await? {
        return writing.begin(tx).await;
    }
    // Not redeemed: used before, expired or taken back.
    match device_codes::find(tx, realm, id).await? {
        Some(device) if device.redeemed_at.is_some() => {
            end_session(tx, &device, message, now).await?;
            writing.end(tx).await
        }
        _ => Ok(Begun::Over),
    }
}
