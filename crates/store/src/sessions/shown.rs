//! What whoever is signed in has shown since, on the way to a fresh sign-in.

use gatepost_domain::{RealmId, SessionId, Timestamp};

use crate::{Error, Tx};

/// The user of a live session has shown their password in it once more. That alone makes no sign-in fresh where they have a second
/// factor. False: it has ended. One statement.
pub async fn note_password(
    tx: &mut Tx,
    realm: RealmId,
    id: SessionId,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "UPDATE sessions SET password_shown_at = $3
        WHERE realm_id = $1 AND id = $2 AND revoked_at IS NULL AND expires_at > $3 AND idle_expires_at > $3";
    Ok(tx.execute(SQL, &[(&realm).into(), (&id).into(), now.into()]).await? == 1)
}

/// When they did so last, if they ever did. One point read.
pub async fn password_shown_at(
    tx: &mut Tx,
    realm: RealmId,
    id: SessionId,
) -> Result<Option<Timestamp>, Error> {
    const SQL: &str = "SELECT password_shown_at FROM sessions
        WHERE realm_id = $1 AND id = $2 AND password_shown_at IS NOT NULL";
    let found: Option<(Timestamp,)> = tx.optional(SQL, &[(&realm).into(), (&id).into()]).await?;
    Ok(found.map(|(at,)| at))
}
