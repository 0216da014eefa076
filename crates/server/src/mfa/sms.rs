//! A telephone number as second factor: set up by a code that was sent to it, and asked for by codes after that.

use std::sync::Arc;

use gatepost_domain::{
    Timestamp,
    audit::{Actor, Event},
    mfa::{FactorKind, Method, PhoneNumber, is_multi_factor, recovery_code::RecoveryCode, sms::SentFor},
    outbox::Notice,
};
use gatepost_store::{audit, phone_numbers, recovery_codes, sessions, sms_codes, trusted_devices};

use super::{
    ShownCode, Taken, called,
    code::{may_be_sent, refused},
    fresh_codes, may_change,
    set_up::{is_wanted_or_replaced, with_methods},
};
use crate::{
    App,
    accounts::Who,
    http::{Problem, SignedIn, origin::Where},
    mail,
    realm::Snapshot,
    sms::{Prepared, SmsSent, sender},
};

/// Sends a code to a number that is to be the account's second factor, or to take the place of the one that is, which stays until the
/// code was [confirmed](confirm_sms). Of several the last can be confirmed, in the session that began it.
pub async fn begin_sms(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    number: &PhoneNumber,
    origin: Where,
    now: Timestamp,
) -> Result<SmsSent, Problem> {
    sender(realm)?;
    is_wanted_or_replaced(app, realm, &caller.user).await?;
    // Before anything is counted.
    super::check_may_change(app, caller, now).await?;
    let (id, user) = (caller.user.realm, caller.user.id);
    let left = app
        .db()
        .read("count wrong codes", move |tx| Box::pin(async move { may_be_sent(tx, (id, user), now).await }));
    left.await?;
    let sent_for = SentFor::SetUp(caller.session.id);
    let prepared = Prepared::new(app, realm, user, (number, sent_for), &origin, now)?;
    let (who, caller, kept) = (Who::themselves(caller, origin), caller.clone(), prepared.kept.clone());
    app.db()
        .write("begin to set up a telephone number", move |tx| {
            let (who, caller, kept) = (who.clone(), caller.clone(), kept.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                may_change(tx, &caller, now).await?;
                sms_codes::keep(tx, id, user, &kept).await?;
                Ok::<_, Problem>(())
            })
        })
        .await?;
    prepared.deliver().await
}

/// The number that is being set up in this session, as long as the code is good that was sent to it.
pub async fn pending_sms(
    app: &App,
    caller: &SignedIn,
    now: Timestamp,
) -> Result<Option<PhoneNumber>, Problem> {
    let (id, user) = (caller.user.realm, caller.user.id);
    let key = SentFor::SetUp(caller.session.id).key();
    let found = app.db().read("find a number that is set up", move |tx| {
        Box::pin(async move { sms_codes::find(tx, id, user, &key, now).await })
    });
    Ok(found.await?.map(|code| code.number))
}

/// From now on codes are sent to the number that was set up in this session, if this is the code. Whoever has no recovery codes left is
/// given some.
///
/// The session in which that happens has two factors from then on, as after [`confirm_totp`](super::confirm_totp).
pub async fn confirm_sms(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    code: &str,
    origin: Where,
    now: Timestamp,
) -> Result<Option<Vec<RecoveryCode>>, Problem> {
    sender(realm)?;
    is_wanted_or_replaced(app, realm, &caller.user).await?;
    super::check_may_change(app, caller, now).await?;
    let (id, user) = (caller.user.realm, caller.user.id);
    let sent_for = SentFor::SetUp(caller.session.id);
    let number = pending_sms(app, caller, now).await?.ok_or(Problem::SmsCodeExpired)?;
    let shown = Arc::new(ShownCode::of_sms(app, (id, user), (Some(&number), sent_for), code));
    let (codes, digests) = fresh_codes(app, id, user);
    let who = Who::themselves(caller, origin.clone());
    let record = |event| who.record(app, event, id, user, now).session(caller.session.id);
    let added = record(Event::SecondFactorAdded).with("kind", FactorKind::Sms.name());
    let made = record(Event::RecoveryCodesCreated);
    let wrong = origin.record(app, id, Event::SecondFactorRefused, Actor::User(user), now).user(user);
    let wrong = wrong.session(caller.session.id).with("method", Method::Sms.name());
    let (who, caller, worker, noted) = (who.clone(), caller.clone(), app.clone(), wrong.clone());
    let taken = app.db().write("set up a telephone number", move |tx| {
        let (shown, digests, app) = (Arc::clone(&shown), digests.clone(), worker.clone());
        let (added, made, who, caller) = (added.clone(), made.clone(), who.clone(), caller.clone());
        let (number, wrong) = (number.clone(), noted.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            may_change(tx, &caller, now).await?;
            let taken = shown.take(tx, (id, user), now).await?;
            if taken != Taken::Right {
                if matches!(taken, Taken::Wrong | Taken::LastWrong) {
                    audit::append(tx, &wrong.with("reason", "wrong")).await?;
                }
                return Ok((taken, false));
            }
            phone_numbers::set(tx, id, user, &number, now).await?;
            // What was sent to the number before is nothing to this one, and what was trusted was so by the one before.
            sms_codes::forget_all(tx, id, user).await?;
            trusted_devices::forget_all(tx, id, user).await?;
            audit::append(tx, &added).await?;
            let told = Notice::FactorAdded(called(FactorKind::Sms));
            mail::notice(tx, &app, &caller.user, told, who.origin(), now).await?;
            let amr = &caller.session.amr;
            if !is_multi_factor(amr) {
                sessions::add_factor(tx, id, caller.session.id, &with_methods(amr, &["sms", "mfa"])).await?;
            }
            let lacks = recovery_codes::count(tx, id, user).await?.left == 0;
            if lacks {
                recovery_codes::replace(tx, id, user, &digests, now).await?;
                audit::append(tx, &made).await?;
            }
            Ok::<_, Problem>((taken, lacks))
        })
    });
    let (taken, lacked) = taken.await?;
    app.post_is_waiting();
    refused(app, taken, wrong).await?;
    Ok(lacked.then_some(codes))
}

/// Sends a code to the number of somebody who is signed in, to prove once more who they are: for [`check_sms_code`](super::check_sms_code)
/// and [`show_sms_code`](crate::session::show_sms_code), in this session.
pub async fn send_sms(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    origin: Where,
    now: Timestamp,
) -> Result<SmsSent, Problem> {
    sender(realm)?;
    if caller.grant.is_some() || caller.session.impersonator.is_some() {
        return Err(Problem::NotForApplications);
    }
    let (id, user) = (caller.user.realm, caller.user.id);
    let found = app.db().read("look at a telephone number", move |tx| {
        Box::pin(async move {
            may_be_sent(tx, (id, user), now).await?;
            Ok::<_, Problem>(phone_numbers::find(tx, id, user).await?)
        })
    });
    let number = found.await?.ok_or(Problem::NoPhoneNumber)?.number;
    let sent_for = SentFor::Session(caller.session.id);
    let prepared = Prepared::new(app, realm, user, (&number, sent_for), &origin, now)?;
    let (who, kept) = (Who::themselves(caller, origin), prepared.kept.clone());
    app.db()
        .write("send a code to whoever is signed in", move |tx| {
            let (who, kept) = (who.clone(), kept.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                let phone = phone_numbers::find(tx, id, user).await?;
                if phone.is_none_or(|phone| phone.number != kept.number) {
                    return Err(Problem::Changed);
                }
                sms_codes::keep(tx, id, user, &kept).await?;
                Ok::<_, Problem>(())
            })
        })
        .await?;
    prepared.deliver().await
}

/// The number of whoever is signed in.
pub(super) async fn phone_number(app: &App, caller: &SignedIn) -> Result<Option<PhoneNumber>, Problem> {
    let (id, user) = (caller.user.realm, caller.user.id);
    let found = app.db().read("find a telephone number", move |tx| {
        Box::pin(async move { phone_numbers::find(tx, id, user).await })
    });
    Ok(found.await?.map(|phone| phone.number))
}
