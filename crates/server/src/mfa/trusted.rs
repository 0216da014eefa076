//! The devices on which a person is not asked for a second factor.

use gatepost_domain::{Timestamp, TrustedDeviceId, UserId, audit::Event, mfa::TrustedDevice};
use gatepost_store::{audit, trusted_devices as stored};

use super::may_change;
use crate::{
    App,
    accounts::Who,
    http::{Problem, SignedIn, origin::Where},
    realm::Snapshot,
    session::{self, NewTrust, TrustCookie},
};

/// How many devices of an account are trusted.
pub async fn trusted_devices(
    app: &App,
    realm: &Snapshot,
    user: UserId,
    now: Timestamp,
) -> Result<u64, Problem> {
    let Some(since) = session::trusted_since(realm, now) else { return Ok(0) };
    let id = realm.id();
    let found = app.db().read("count trusted devices", move |tx| {
        Box::pin(async move { stored::count(tx, id, user, since, now).await })
    });
    Ok(found.await?)
}

/// The devices of an account that are trusted: as many as `limit`, the newest first, older than the given one.
pub async fn list_trusted_devices(
    app: &App,
    realm: &Snapshot,
    user: UserId,
    (before, limit): (Option<TrustedDeviceId>, u32),
    now: Timestamp,
) -> Result<Vec<TrustedDevice>, Problem> {
    let Some(since) = session::trusted_since(realm, now) else { return Ok(Vec::new()) };
    let id = realm.id();
    let found = app.db().read("list trusted devices", move |tx| {
        Box::pin(async move { stored::list(tx, (id, user), since, before, limit, now).await })
    });
    Ok(found.await?)
}

/// Trusts the device that a request comes from, for somebody who is signed in there: a moment ago, and with a second factor, as if they
/// had said so then. The cookie is what tells it from others.
pub async fn trust_device(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    origin: Where,
    now: Timestamp,
) -> Result<TrustCookie, Problem> {
    let (id, user) = (caller.user.realm, caller.user.id);
    let origin = origin.trusting(true);
    let new = NewTrust::of(app, realm, user, &origin, now).ok_or(Problem::TrustedDevicesOff)?;
    let cookie = session::trust(app, realm, (&caller.user, new.device()), &origin, now);
    let who = Who::themselves(caller, origin);
    let record = who.record(app, Event::DeviceTrusted, id, user, now).session(caller.session.id);
    let record = record.with("device", new.device().id.to_string());
    let caller = caller.clone();
    let written = app.db().write("trust a device", move |tx| {
        let (who, caller, record, new) = (who.clone(), caller.clone(), record.clone(), new.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            if may_change(tx, &caller, now).await?.is_empty() {
                return Err(Problem::NoSecondFactor);
            }
            new.write(tx).await?;
            Ok(audit::append(tx, &record).await?)
        })
    });
    written.await.map(|()| cookie)
}

/// Trusts one device of a person no more: there they are asked for a second factor again. `NotFound`: they trust no such device.
pub async fn forget_trusted_device(
    app: &App,
    caller: &SignedIn,
    device: TrustedDeviceId,
    origin: Where,
    now: Timestamp,
) -> Result<(), Problem> {
    if caller.grant.is_some() {
        return Err(Problem::NotForApplications);
    }
    let (id, user) = (caller.user.realm, caller.user.id);
    let who = Who::themselves(caller, origin);
    let record = who.record(app, Event::TrustedDevicesForgotten, id, user, now).session(caller.session.id);
    let record = record.with("device", device.to_string());
    app.db()
        .write("trust a device no more", move |tx| {
            let (who, record) = (who.clone(), record.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                if !stored::forget(tx, id, user, device).await? {
                    return Err(Problem::NotFound);
                }
                Ok(audit::append(tx, &record).await?)
            })
        })
        .await
}

/// Trusts no device of a person any more: on each they are asked for a second factor again.
pub async fn forget_trusted_devices(
    app: &App,
    caller: &SignedIn,
    origin: Where,
    now: Timestamp,
) -> Result<(), Problem> {
    if caller.grant.is_some() {
        return Err(Problem::NotForApplications);
    }
    let (id, user) = (caller.user.realm, caller.user.id);
    let who = Who::themselves(caller, origin);
    let record = who.record(app, Event::TrustedDevicesForgotten, id, user, now).session(caller.session.id);
    app.db()
        .write("trust no device", move |tx| {
            let (who, record) = (who.clone(), record.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                if stored::forget_all(tx, id, user).await? > 0 {
                    audit::append(tx, &record).await?;
                }
                Ok(())
            })
        })
        .await
}
