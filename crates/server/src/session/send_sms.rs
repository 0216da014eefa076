//! A code is sent for the second step of a sign-in, to the number of the account.

use gatepost_domain::{
    Timestamp,
    mfa::{Missing, PendingSignIn, sms::SentFor},
};
use gatepost_store::{phone_numbers, sms_codes, used_ids};

use super::what_is_missing;
use crate::{
    App,
    http::{Problem, origin::Where},
    mfa::may_be_sent,
    realm::Snapshot,
    sms::{Prepared, SmsSent, sender},
};

/// Sends a code that is good for this sign-in and no other: as [`Shown::SmsCode`](super::Shown::SmsCode). `NoPhoneNumber`: the account has
/// another factor.
pub async fn send_sms_at_sign_in(
    app: &App,
    realm: &Snapshot,
    pending: &PendingSignIn,
    origin: &Where,
    now: Timestamp,
) -> Result<SmsSent, Problem> {
    sender(realm)?;
    let Some((user, Missing::Factor)) = what_is_missing(app, realm, pending, now).await? else {
        return Err(Problem::InvalidPendingSignIn);
    };
    let (id, user) = (realm.id(), user.id);
    let found = app.db().read("find a telephone number", move |tx| {
        Box::pin(async move {
            may_be_sent(tx, (id, user), now).await?;
            Ok::<_, Problem>(phone_numbers::find(tx, id, user).await?)
        })
    });
    let number = found.await?.ok_or(Problem::NoPhoneNumber)?.number;
    let prepared = Prepared::new(app, realm, user, (&number, SentFor::SignIn(pending)), origin, now)?;
    let (kept, spent) = (prepared.kept.clone(), pending.spent());
    app.db()
        .write("send a code for a sign-in", move |tx| {
            let kept = kept.clone();
            Box::pin(async move {
                let phone = phone_numbers::find(tx, id, user).await?;
                let is_same = phone.is_some_and(|phone| phone.number == kept.number);
                if !is_same || used_ids::is_used(tx, id, &spent).await? {
                    return Err(Problem::InvalidPendingSignIn);
                }
                sms_codes::keep(tx, id, user, &kept).await?;
                Ok::<_, Problem>(())
            })
        })
        .await?;
    prepared.deliver().await
}

/// Whether a code that was sent for this sign-in waits to be shown.
pub async fn sms_waits(
    app: &App,
    realm: &Snapshot,
    pending: &PendingSignIn,
    now: Timestamp,
) -> Result<bool, Problem> {
    let (id, user, key) = (realm.id(), pending.user, SentFor::SignIn(pending).key());
    let found = app.db().read("find a code that was sent", move |tx| {
        Box::pin(async move { sms_codes::find(tx, id, user, &key, now).await })
    });
    Ok(found.await?.is_some())
}
