//! A passkey is given another name, and removed.

use gatepost_domain::{
    DisplayName, PasskeyId, Timestamp,
    audit::Event,
    mfa::FactorKind,
    outbox::{Factor, Notice},
};
use gatepost_store::{audit, passkeys as stored, recovery_codes, trusted_devices};

use crate::{
    App,
    accounts::{Way, Who, is_last_way_in},
    http::{Problem, SignedIn, origin::Where},
    mail, mfa,
    realm::Snapshot,
};

/// Gives a person's own passkey another name.
pub async fn rename(
    app: &App,
    caller: &SignedIn,
    (id, name): (PasskeyId, DisplayName),
    origin: Where,
    now: Timestamp,
) -> Result<(), Problem> {
    if caller.grant.is_some() {
        return Err(Problem::NotForApplications);
    }
    let (realm, user) = (caller.user.realm, caller.user.id);
    let who = Who::themselves(caller, origin);
    let record = who.record(app, Event::PasskeyRenamed, realm, user, now).session(caller.session.id);
    let record = record.with("passkey", id.to_string());
    app.db()
        .write("rename a passkey", move |tx| {
            let (who, name, record) = (who.clone(), name.clone(), record.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                if !stored::rename(tx, realm, user, id, &name).await? {
                    return Err(Problem::NotFound);
                }
                audit::append(tx, &record).await?;
                Ok(())
            })
        })
        .await
}

/// Removes a person's own passkey; with the last factor the recovery codes go too. Not the last factor where the realm or an
/// organization requires one, and not the last way in.
pub async fn remove(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    id: PasskeyId,
    origin: Where,
    now: Timestamp,
) -> Result<(), Problem> {
    let (within, user, policy) = (caller.user.realm, caller.user.id, realm.settings().mfa);
    let who = Who::themselves(caller, origin);
    let record = who.record(app, Event::SecondFactorRemoved, within, user, now).session(caller.session.id);
    let record = record.with("kind", FactorKind::Passkey.name()).with("passkey", id.to_string());
    let (worker, asking, in_use) = (app.clone(), caller.clone(), realm.providers_in_use());
    app.db()
        .write("remove a passkey", move |tx| {
            let in_use = in_use.clone();
            let (who, caller, record, app) = (who.clone(), asking.clone(), record.clone(), worker.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                let had = mfa::may_change(tx, &caller, now).await?;
                if stored::find(tx, within, user, id).await?.is_none() {
                    return Err(Problem::NotFound);
                }
                let last_factor = had.len() == 1;
                if last_factor && mfa::is_required(tx, (within, user), policy).await? {
                    return Err(Problem::LastSecondFactor);
                }
                if is_last_way_in(tx, (within, user), &in_use, Way::Passkey(id)).await? {
                    return Err(Problem::LastWayIn);
                }
                stored::remove(tx, within, user, id).await?;
                // Some may be trusted because it was shown there.
                trusted_devices::forget_all(tx, within, user).await?;
                if last_factor {
                    recovery_codes::remove(tx, within, user).await?;
                }
                audit::append(tx, &record).await?;
                let notice = Notice::FactorRemoved(Factor::Passkey);
                mail::notice(tx, &app, &caller.user, notice, who.origin(), now).await?;
                Ok(())
            })
        })
        .await?;
    app.post_is_waiting();
    Ok(())
}
