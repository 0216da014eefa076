//! Second factors are removed, recovery codes made anew.

use gatepost_domain::{
    Mfa, OutboxId, RealmId, Timestamp, UserId,
    audit::Event,
    mfa::{FactorKind, recovery_code::RecoveryCode},
};
use gatepost_store::{audit, passkeys, recovery_codes, totp_seeds, users};

use super::{factors, fresh_codes, may_change};
use crate::{
    App,
    accounts::Who,
    http::{Problem, SignedIn, origin::Where},
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
    let (id, user, policy) = (caller.user.realm, caller.user.id, realm.settings().mfa);
    let who = Who::themselves(caller, origin);
    let record = who.record(app, Event::SecondFactorRemoved, id, user, now).session(caller.session.id);
    let record = record.with("kind", FactorKind::Totp.name());
    let caller = caller.clone();
    app.db()
        .write("remove an authenticator app", move |tx| {
            let (who, caller, record) = (who.clone(), caller.clone(), record.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                let had = may_change(tx, &caller, now).await?;
                if !had.iter().any(|factor| factor.kind == FactorKind::Totp) {
                    return Err(Problem::NotFound);
                }
                let last = had.len() == 1;
                if last && policy == Mfa::Required {
                    return Err(Problem::LastSecondFactor);
                }
                totp_seeds::remove(tx, id, user).await?;
                if last {
                    recovery_codes::remove(tx, id, user).await?;
                }
                audit::append(tx, &record).await?;
                Ok(())
            })
        })
        .await
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
    let caller = caller.clone();
    app.db()
        .write("make recovery codes", move |tx| {
            let (who, caller) = (who.clone(), caller.clone());
            let (digests, record) = (digests.clone(), record.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                if may_change(tx, &caller, now).await?.is_empty() {
                    return Err(Problem::NotFound);
                }
                recovery_codes::replace(tx, id, user, &digests, now).await?;
                audit::append(tx, &record).await?;
                Ok(())
            })
        })
        .await?;
    Ok(codes)
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
    let done = app
        .db()
        .write("reset second factors", move |tx| {
            let (who, record) = (who.clone(), record.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                users::find(tx, realm, user).await?.ok_or(Problem::NotFound)?;
                let had = factors(tx, realm, user).await?;
                totp_seeds::remove(tx, realm, user).await?;
                passkeys::remove_all(tx, realm, user).await?;
                recovery_codes::remove(tx, realm, user).await?;
                if had.is_empty() {
                    return Ok(false);
                }
                users::sign_out_everywhere(tx, realm, user, now, message).await?;
                let mut kinds: Vec<_> = had.iter().map(|factor| factor.kind.name()).collect();
                kinds.dedup();
                audit::append(tx, &record.with("kinds", kinds.join(" "))).await?;
                Ok::<_, Problem>(true)
            })
        })
        .await?;
    app.sign_outs().notify_one();
    Ok(done)
}
