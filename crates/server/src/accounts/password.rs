//! A person changes their own password.

use gatepost_domain::{
    OutboxId, PasswordHash, Timestamp,
    audit::{Actor, Event},
    password::Password,
};
use gatepost_store::{audit, passwords, sessions};

use super::Proof;
use crate::{
    App,
    http::{Problem, SignedIn, origin::Where},
    passwords::Checked,
};

/// Replaces the password if `current` is right, and ends every other session of the account.
pub async fn change_password(
    app: &App,
    caller: &SignedIn,
    current: &Password,
    new: &Password,
    origin: Where,
    now: Timestamp,
) -> Result<(), Problem> {
    let (realm, user, session) = (caller.user.realm, caller.user.id, caller.session.id);
    let (message, proof) = (OutboxId::new(now, app.entropy()), Proof::of(caller));
    let actor = || Actor::User(user);
    let stored = app
        .db()
        .read("find a password", move |tx| Box::pin(async move { passwords::find(tx, realm, user).await }))
        .await?;
    if app.hasher().check(current, stored.as_ref().map(PasswordHash::as_str)).await? == Checked::Wrong {
        let record =
            origin.record(app, realm, Event::PasswordChangeRefused, actor(), now).user(user).session(session);
        app.db()
            .write("record a refused password change", move |tx| {
                let record = record.clone();
                Box::pin(async move { audit::append(tx, &record).await })
            })
            .await?;
        return Err(Problem::WrongPassword);
    }
    let Some(old) = stored else {
        return Err(Problem::WrongPassword);
    };
    let new = PasswordHash::new(app.hasher().hash(new).await?);
    let record = origin.record(app, realm, Event::PasswordChanged, actor(), now).user(user).session(session);
    app.db()
        .write("change a password", move |tx| {
            let (old, new, record) = (old.clone(), new.clone(), record.clone());
            Box::pin(async move {
                proof.check(tx, now).await?;
                if !passwords::replace_if_unchanged(tx, realm, user, &old, &new, now).await? {
                    return Err(Problem::Changed);
                }
                sessions::revoke_all(tx, realm, user, Some(session), now, message).await?;
                audit::append(tx, &record).await?;
                Ok(())
            })
        })
        .await
}
