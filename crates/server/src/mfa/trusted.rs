//! The devices on which a person is not asked for a second factor.

use gatepost_domain::{Timestamp, UserId, audit::Event};
use gatepost_store::{audit, trusted_devices as stored};

use crate::{
    App,
    accounts::Who,
    http::{Problem, SignedIn, origin::Where},
    realm::Snapshot,
    session,
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
