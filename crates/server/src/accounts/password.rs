//! A person who is signed in shows that they know their password, or changes it.

use gatepost_domain::{
    LinkPurpose, OutboxId, PasswordHash, Timestamp, User,
    audit::{Actor, Event},
    mfa::Level,
    outbox::Notice,
    password::{Password, Policy},
};
use gatepost_store::{audit, passwords, sessions, users};

use super::{Who, links, words};
use crate::{
    App,
    api_keys::revoke_because,
    http::{Problem, SignedIn, origin::Where},
    limits::{self, Rule},
    mail, mfa,
    passwords::Checked,
    realm::Snapshot,
};

/// A new password of an account, once it meets the realm's policy.
pub fn accept_password(realm: &Snapshot, text: &str, user: &User) -> Result<Password, Problem> {
    let policy = Policy::of(realm.settings().password);
    policy.accept(text, &words(user)).map_err(Problem::WeakPassword)
}

/// The hash of the password of somebody who is signed in, if they know it and were not wrong too often in this session. Where they do
/// not, `refused` is written down.
pub async fn check_password(
    app: &App,
    in_realm: &Snapshot,
    (caller, current): (&SignedIn, &Password),
    refused: Event,
    origin: &Where,
    now: Timestamp,
) -> Result<PasswordHash, Problem> {
    let (realm, user, session) = (caller.user.realm, caller.user.id, caller.session.id);
    let attempt =
        limits::attempt_of(app, in_realm, (Rule::Reauthentication, session), Some(user), origin, now)?;
    let stored = app
        .db()
        .read("find a password", move |tx| Box::pin(async move { passwords::find(tx, realm, user).await }))
        .await?;
    let checked = match app.hasher().check(current, stored.as_ref().map(PasswordHash::as_str)).await {
        Err(busy) => {
            attempt.give_back();
            return Err(busy.into());
        }
        Ok(checked) => checked,
    };
    if checked == Checked::Wrong {
        let record = origin.record(app, realm, refused, Actor::User(user), now).user(user).session(session);
        app.db()
            .write("record a refused password", move |tx| {
                let record = record.clone();
                Box::pin(async move { audit::append(tx, &record).await })
            })
            .await?;
        return Err(Problem::WrongPassword);
    }
    attempt.give_back();
    stored.ok_or(Problem::WrongPassword)
}

/// Replaces the password if `current` is right and was not wrong too often in this session, and ends every other session of the
/// account; with `with_keys`, its API keys too. Whoever has a second factor has shown one in the session.
pub async fn change_password(
    app: &App,
    in_realm: &Snapshot,
    caller: &SignedIn,
    (current, new): (&Password, &Password),
    with_keys: bool,
    origin: Where,
    now: Timestamp,
) -> Result<(), Problem> {
    let (realm, user, session) = (caller.user.realm, caller.user.id, caller.session.id);
    let message = OutboxId::new(now, app.entropy());
    let refused = Event::PasswordChangeRefused;
    let old = check_password(app, in_realm, (caller, current), refused, &origin, now).await?;
    let new = PasswordHash::new(app.hash_chosen(in_realm, new, &origin, now).await?);
    let who = Who::themselves(caller, origin);
    let record = who.record(app, Event::PasswordChanged, realm, user, now).session(session);
    let (worker, level) = (app.clone(), Level::of(&caller.session.amr));
    app.db()
        .write("change a password", move |tx| {
            let (old, new, record) = (old.clone(), new.clone(), record.clone());
            let (who, app) = (who.clone(), worker.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                // The password alone, in a session that had no more, is not to put the owner out of all others.
                if !mfa::factors(tx, realm, user).await?.is_empty() && level == Level::One {
                    return Err(Problem::ReauthenticationRequired);
                }
                if !passwords::replace_if_unchanged(tx, realm, user, &old, &new, now).await? {
                    return Err(Problem::Changed);
                }
                sessions::revoke_all(tx, realm, user, Some(session), now, message).await?;
                audit::append(tx, &record).await?;
                links::forget(tx, (realm, user), &[LinkPurpose::Recover]).await?;
                mfa::forget_begun(tx, realm, user).await?;
                let owner = users::find(tx, realm, user).await?.ok_or(Problem::NotFound)?;
                mail::notice(tx, &app, &owner, Notice::PasswordChanged, who.origin(), now).await?;
                if with_keys {
                    revoke_because(tx, &app, (realm, user), Some(Event::PasswordChanged.name()), &who, now)
                        .await?;
                }
                Ok(())
            })
        })
        .await?;
    app.post_is_waiting();
    Ok(())
}
