//! Second factors are removed, recovery codes made anew.

use gatepost_domain::{
    OutboxId, RealmId, Timestamp, UserId,
    audit::Event,
    mfa::{Factor, FactorKind, recovery_code::RecoveryCode},
    outbox::Notice,
};
use gatepost_store::{
    Error, Tx, audit, passkeys, phone_numbers, recovery_codes, sms_codes, totp_seeds, trusted_devices, users,
};

use super::{called, factors, forget_begun, fresh_codes, is_required, may_change};
use crate::{
    App,
    accounts::Who,
    http::{Problem, SignedIn, origin::Where},
    mail,
    realm::Snapshot,
};

/// Removes a person's own authenticator app; with the last factor the recovery codes go too.
pub async fn remove_totp(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    origin: Where,
    now: Timestamp,
) -> Result<(), Problem> {
    remove(app, realm, caller, FactorKind::Totp, origin, now).await
}

/// Removes a person's own telephone number, in the same way.
pub async fn remove_sms(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    origin: Where,
    now: Timestamp,
) -> Result<(), Problem> {
    remove(app, realm, caller, FactorKind::Sms, origin, now).await
}

/// Removes a factor of which an account has one.
async fn remove(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    kind: FactorKind,
    origin: Where,
    now: Timestamp,
) -> Result<(), Problem> {
    let (id, user, policy) = (caller.user.realm, caller.user.id, realm.settings().mfa);
    let who = Who::themselves(caller, origin);
    let record = who.record(app, Event::SecondFactorRemoved, id, user, now).session(caller.session.id);
    let record = record.with("kind", kind.name());
    let (caller, worker) = (caller.clone(), app.clone());
    app.db()
        .write("remove a second factor", move |tx| {
            let (who, caller, record) = (who.clone(), caller.clone(), record.clone());
            let app = worker.clone();
            Box::pin(async move {
                who.still_may(tx, now).await?;
                let had = may_change(tx, &caller, now).await?;
                if !had.iter().any(|factor| factor.kind == kind) {
                    return Err(Problem::NotFound);
                }
                let last = had.len() == 1;
                if last && is_required(tx, (id, user), policy).await? {
                    return Err(Problem::LastSecondFactor);
                }
                match kind {
                    FactorKind::Totp => drop(totp_seeds::remove(tx, id, user).await?),
                    FactorKind::Sms => remove_phone(tx, id, user).await?,
                    // Each is removed by its id.
                    FactorKind::Passkey => return Err(Problem::NotFound),
                }
                trusted_devices::forget_all(tx, id, user).await?;
                if last {
                    recovery_codes::remove(tx, id, user).await?;
                }
                audit::append(tx, &record).await?;
                let told = Notice::FactorRemoved(called(kind));
                mail::notice(tx, &app, &caller.user, told, who.origin(), now).await?;
                Ok(())
            })
        })
        .await
        .inspect(|()| app.post_is_waiting())
}

/// Gives a person new recovery codes; the old ones are no good from then on. Only who has a second factor has any use for them.
pub async fn new_recovery_codes(
    app: &App,
    caller: &SignedIn,
    origin: Where,
    now: Timestamp,
) -> Result<Vec<RecoveryCode>, Problem> {
    let (id, user) = (caller.user.realm, caller.user.id);
    let (codes, digests) = fresh_codes(app, id, user);
    let who = Who::themselves(caller, origin);
    let record = who.record(app, Event::RecoveryCodesCreated, id, user, now).session(caller.session.id);
    let (caller, worker) = (caller.clone(), app.clone());
    app.db()
        .write("make recovery codes", move |tx| {
            let (who, caller, app) = (who.clone(), caller.clone(), worker.clone());
            let (digests, record) = (digests.clone(), record.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                if may_change(tx, &caller, now).await?.is_empty() {
                    return Err(Problem::NoSecondFactor);
                }
                recovery_codes::replace(tx, id, user, &digests, now).await?;
                // One of the old ones may have been read by somebody else, and shown.
                trusted_devices::forget_all(tx, id, user).await?;
                audit::append(tx, &record).await?;
                let told = Notice::RecoveryCodesMade;
                mail::notice(tx, &app, &caller.user, told, who.origin(), now).await?;
                Ok(())
            })
        })
        .await?;
    app.post_is_waiting();
    Ok(codes)
}

/// Takes every second factor and recovery code of an account away, also what is only being set up. What there was.
pub(crate) async fn remove_all(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<Vec<Factor>, Error> {
    let had = factors(tx, realm, user).await?;
    totp_seeds::remove(tx, realm, user).await?;
    remove_phone(tx, realm, user).await?;
    passkeys::remove_all(tx, realm, user).await?;
    trusted_devices::forget_all(tx, realm, user).await?;
    recovery_codes::remove(tx, realm, user).await?;
    Ok(had)
}

/// The number, and what was sent to it or to one that is being set up.
async fn remove_phone(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<(), Error> {
    phone_numbers::remove(tx, realm, user).await?;
    sms_codes::forget_all(tx, realm, user).await
}

/// Takes those away that were not there before a moment, every passkey, for it is a way in by itself, and what is only being set up.
/// What there was.
pub(crate) async fn remove_since(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    since: Timestamp,
) -> Result<Vec<Factor>, Error> {
    let (removed, kept): (Vec<_>, Vec<_>) =
        factors(tx, realm, user).await?.into_iter().partition(|factor| match factor.kind {
            FactorKind::Totp | FactorKind::Sms => factor.added_at >= since,
            FactorKind::Passkey => true,
        });
    let removes = |kind| removed.iter().any(|factor: &Factor| factor.kind == kind);
    if removes(FactorKind::Totp) {
        totp_seeds::remove(tx, realm, user).await?;
    }
    if removes(FactorKind::Sms) {
        phone_numbers::remove(tx, realm, user).await?;
    }
    passkeys::remove_all(tx, realm, user).await?;
    trusted_devices::forget_all(tx, realm, user).await?;
    forget_begun(tx, realm, user).await?;
    let codes = recovery_codes::count(tx, realm, user).await?;
    if kept.is_empty() || codes.made_at.is_some_and(|made_at| made_at >= since) {
        recovery_codes::remove(tx, realm, user).await?;
    }
    Ok(removed)
}

/// Takes every second factor and recovery code of an account away, for somebody who has lost them, and ends its sessions. False: it
/// had none, and nothing was done.
pub async fn reset(
    app: &App,
    realm: RealmId,
    user: UserId,
    who: Who,
    now: Timestamp,
) -> Result<bool, Problem> {
    let record = who.record(app, Event::SecondFactorsReset, realm, user, now);
    let message = OutboxId::new(now, app.entropy());
    let worker = app.clone();
    let done = app
        .db()
        .write("reset second factors", move |tx| {
            let (who, record, app) = (who.clone(), record.clone(), worker.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                let owner = users::find(tx, realm, user).await?.ok_or(Problem::NotFound)?;
                let had = remove_all(tx, realm, user).await?;
                if had.is_empty() {
                    return Ok(false);
                }
                users::sign_out_everywhere(tx, realm, user, now, message).await?;
                let mut kinds: Vec<_> = had.iter().map(|factor| factor.kind.name()).collect();
                kinds.dedup();
                audit::append(tx, &record.with("kinds", kinds.join(" "))).await?;
                mail::notice(tx, &app, &owner, told_of_reset(&had), who.origin(), now).await?;
                Ok::<_, Problem>(true)
            })
        })
        .await?;
    app.sign_outs().notify_one();
    app.post_is_waiting();
    Ok(done)
}

/// One letter names all of them.
fn told_of_reset(had: &[Factor]) -> Notice {
    let of_kind = |kind| had.iter().filter(|factor| factor.kind == kind).count();
    Notice::SecondFactorsReset {
        authenticator_app: of_kind(FactorKind::Totp) > 0,
        passkeys: u32::try_from(of_kind(FactorKind::Passkey)).unwrap_or(u32::MAX),
        phone_number: of_kind(FactorKind::Sms) > 0,
    }
}
