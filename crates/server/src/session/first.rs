//! What somebody proved first at a sign-in: whether it still holds when their session begins, and when it goes on.

use gatepost_domain::{
    EmailAddress, ProviderId, RealmId, Session, Timestamp, User, UserId,
    mfa::{First, PendingFirst, PendingSignIn},
};
use gatepost_store::{Error, Tx, identities, passwords, sessions, users};

use super::{
    missing::Asks,
    second::{Asked, Refused, Second, ask},
    trusted_device::{self, Trusted},
};
use crate::{http::Problem, passkeys};

/// Whether what somebody proved is enough, asked in the transaction that begins their session. A passkey alone is: after it nothing is
/// missing. Whoever has proved anything else, and comes from a device that is trusted for them, is not asked for a second factor.
pub(super) async fn enough(
    tx: &mut Tx,
    (realm, user): (RealmId, UserId),
    asks: Asks,
    (first, second): (&First, Option<&Second>),
    trusted: Option<&Trusted>,
    now: Timestamp,
) -> Result<Asked, Problem> {
    match first {
        First::Password(_) | First::Email(_) | First::Identity(_) => {
            let asked = ask(tx, (realm, user), asks, second, now).await?;
            Ok(trusted_device::excuse(tx, asked, (realm, user), trusted, now).await?)
        }
        First::Passkey(shown) => Ok(match passkeys::take(tx, realm, shown, now).await? {
            Ok(()) => Asked::Enough,
            Err(why) => Asked::Refused(Refused::Passkey(why)),
        }),
    }
}

/// Begins the session, if what was proved still holds and the account is still enabled. False: not so; nothing was written.
pub(super) async fn begin(
    tx: &mut Tx,
    session: &Session,
    first: &First,
    now: Timestamp,
) -> Result<bool, Error> {
    match first {
        // One statement asks and writes.
        First::Password(hash) => sessions::create(tx, session, Some(hash)).await,
        First::Identity(id) => Ok(identities::note_use(tx, session.realm, session.user, *id, now).await?
            && sessions::create(tx, session, None).await?),
        First::Passkey(_) => sessions::create(tx, session, None).await,
        First::Email(_) => Ok(holds(tx, (session.realm, session.user), first, now).await?
            && sessions::create(tx, session, None).await?),
    }
}

/// Whether it still holds, for a session that is there already.
pub(super) async fn holds(
    tx: &mut Tx,
    (realm, user): (RealmId, UserId),
    first: &First,
    now: Timestamp,
) -> Result<bool, Error> {
    match first {
        First::Password(hash) => Ok(passwords::find(tx, realm, user).await?.is_some_and(|now| now == *hash)),
        First::Identity(id) => identities::note_use(tx, realm, user, *id, now).await,
        // Taken in this transaction.
        First::Passkey(_) => Ok(true),
        First::Email(email) => {
            Ok(users::find(tx, realm, user).await?.is_some_and(|user| is_theirs(&user, email)))
        }
    }
}

/// What a sign-in that waits began with, if that still holds. `in_use` are the providers that sign anybody in (SO-07).
pub(super) async fn of_pending(
    tx: &mut Tx,
    realm: RealmId,
    pending: &PendingSignIn,
    in_use: &[ProviderId],
) -> Result<Option<First>, Error> {
    let first = match &pending.first {
        PendingFirst::Password(_) => passwords::find(tx, realm, pending.user).await?.map(First::Password),
        PendingFirst::Identity(id) => {
            let user = users::find(tx, realm, pending.user).await?;
            // There is no change of password that would end it: logging out everywhere does.
            let user = user.filter(|user| !user.has_withdrawn(pending.proven_at));
            let found = identities::find(tx, realm, pending.user, *id).await?;
            let found = found.filter(|found| in_use.contains(&found.provider));
            user.and(found).map(|found| First::Identity(found.id))
        }
        PendingFirst::Passkey => None,
        PendingFirst::Email(email) => {
            let user = users::find(tx, realm, pending.user).await?;
            // There is no change of password that would end it: logging out everywhere does.
            let user = user.filter(|user| is_theirs(user, email) && !user.has_withdrawn(pending.proven_at));
            user.map(|_| First::Email(email.clone()))
        }
    };
    Ok(first.filter(|first| pending.first.is(first)))
}

fn is_theirs(user: &User, email: &EmailAddress) -> bool {
    user.email_verified && user.email.as_ref() == Some(email)
}
