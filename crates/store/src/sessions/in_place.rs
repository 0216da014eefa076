//! Sessions of administrators in the place of users: what they live by, and what ends them.
//!
//! What an administrator does in the place of a user lives by their session in which it began. Whatever ends that, or their right to it,
//! ends it in the same transaction, so that nothing brings it back; and it is looked at wherever a session is, so that nothing that
//! was begun at the same moment lives either.

use gatepost_domain::{OutboxId, RealmId, SessionId, Timestamp, UserId};

use super::tell;
use crate::value::{FromRow, Row};
use crate::{Error, Tx};

/// Somebody may act in the place of a user by a session: it is live, the account is that of an administrator who can sign in, and was not
/// signed out everywhere since; and the user is no administrator. Of columns or parameters: the realm, the administrator, their
/// session, the user, and the time.
macro_rules! may_act_for {
    ($realm:literal, $by:literal, $session:literal, $user:literal, $now:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM sessions b JOIN users a ON a.realm_id = b.realm_id AND a.id = b.user_id
                WHERE b.realm_id = ",
            $realm,
            " AND b.id = ",
            $session,
            " AND b.user_id = ",
            $by,
            "
                AND b.revoked_at IS NULL AND b.expires_at > ",
            $now,
            " AND b.idle_expires_at > ",
            $now,
            "
                AND a.disabled_at IS NULL AND (a.not_before IS NULL OR a.not_before <= b.created_at)
                AND ' ' || a.roles || ' ' LIKE '% realm-admin %')
            AND NOT EXISTS (SELECT 1 FROM users o WHERE o.realm_id = ",
            $realm,
            " AND o.id = ",
            $user,
            "
                AND ' ' || o.roles || ' ' LIKE '% realm-admin %')"
        )
    };
}
pub(super) use may_act_for;

/// Whoever acts in the place of the user of the session `s` may do so still, at the time `$3`. Of nearly every session that is nobody.
macro_rules! may_impersonate {
    () => {
        concat!(
            "(s.impersonator_id IS NULL OR ",
            may_act_for!("s.realm_id", "s.impersonator_id", "s.impersonator_session_id", "s.user_id", "$3"),
            ")"
        )
    };
}
pub(super) use may_impersonate;

struct Ended(SessionId, UserId);

impl FromRow for Ended {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self(row.take()?, row.take()?))
    }
}

/// Ends what somebody does in the place of others, in one session of theirs or in all, with its grants, and tells verifiers after the message.
pub async fn end_begun_by(
    tx: &mut Tx,
    realm: RealmId,
    (by, session): (UserId, Option<SessionId>),
    now: Timestamp,
    message: OutboxId,
) -> Result<(), Error> {
    const SQL: &str = "UPDATE sessions SET revoked_at = $4
        WHERE realm_id = $1 AND impersonator_id = $2 AND revoked_at IS NULL
        AND (CAST($3 AS BYTEA) IS NULL OR impersonator_session_id = $3) RETURNING id, user_id";
    let params = [(&realm).into(), (&by).into(), session.as_ref().into(), now.into()];
    let ended = tx.all(SQL, &params).await?;
    go_with(tx, realm, ended, now, message).await
}

/// Ends what others do in the place of a user, with its grants, and tells verifiers after the message.
pub async fn end_in_place_of(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    now: Timestamp,
    message: OutboxId,
) -> Result<(), Error> {
    const SQL: &str = "UPDATE sessions SET revoked_at = $3
        WHERE realm_id = $1 AND user_id = $2 AND impersonator_id IS NOT NULL AND revoked_at IS NULL
        RETURNING id, user_id";
    let ended = tx.all(SQL, &[(&realm).into(), (&user).into(), now.into()]).await?;
    go_with(tx, realm, ended, now, message).await
}

/// Their grants go with them, and verifiers are told: each of its own user, in the messages after the one of the cause.
async fn go_with(
    tx: &mut Tx,
    realm: RealmId,
    ended: Vec<Ended>,
    now: Timestamp,
    mut message: OutboxId,
) -> Result<(), Error> {
    const GRANTS: &str =
        "UPDATE grants SET revoked_at = $3 WHERE realm_id = $1 AND session_id = $2 AND revoked_at IS NULL";
    for Ended(session, user) in ended {
        message = message.next();
        tx.execute(GRANTS, &[(&realm).into(), (&session).into(), now.into()]).await?;
        tell(tx, realm, user, vec![session], now, message).await?;
    }
    Ok(())
}
