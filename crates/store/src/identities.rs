//! Accounts elsewhere that sign in to accounts here.

use gatepost_domain::{EmailAddress, Identity, IdentityId, ProviderId, RealmId, Timestamp, UserId};

use crate::value::{FromRow, Row};
use crate::{Error, Tx};

macro_rules! columns {
    () => {
        "realm_id, id, user_id, provider, issuer, subject, email, created_at, last_used_at"
    };
}

impl FromRow for Identity {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            id: row.take()?,
            user: row.take()?,
            provider: row.parse()?,
            issuer: row.take()?,
            subject: row.take()?,
            email: row.parse_optional()?,
            created_at: row.take()?,
            last_used_at: row.take_optional()?,
        })
    }
}

/// Connects an account elsewhere to one here. False: it is connected to one already; nothing was written. `Conflict(Parent)`: no such
/// user. One statement.
pub async fn create(tx: &mut Tx, identity: &Identity) -> Result<bool, Error> {
    const SQL: &str = "INSERT INTO identities
            (realm_id, id, user_id, provider, issuer, subject, email, created_at, last_used_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (realm_id, provider, issuer, subject) DO NOTHING";
    let params = [
        (&identity.realm).into(),
        (&identity.id).into(),
        (&identity.user).into(),
        identity.provider.as_str().into(),
        identity.issuer.as_str().into(),
        identity.subject.as_str().into(),
        identity.email.as_ref().map(EmailAddress::as_str).into(),
        identity.created_at.into(),
        identity.last_used_at.into(),
    ];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// The one that a provider's issuer calls so. One point read.
pub async fn find_by_subject(
    tx: &mut Tx,
    realm: RealmId,
    provider: &ProviderId,
    issuer: &str,
    subject: &str,
) -> Result<Option<Identity>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM identities WHERE realm_id = $1 AND provider = $2 AND issuer = $3 AND subject = $4"
    );
    let params = [(&realm).into(), provider.as_str().into(), issuer.into(), subject.into()];
    tx.optional(SQL, &params).await
}

/// One of a user. One point read.
pub async fn find(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    id: IdentityId,
) -> Result<Option<Identity>, Error> {
    const SQL: &str =
        concat!("SELECT ", columns!(), " FROM identities WHERE realm_id = $1 AND id = $2 AND user_id = $3");
    tx.optional(SQL, &[(&realm).into(), (&id).into(), (&user).into()]).await
}

/// All of a user, the oldest first.
pub async fn list(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<Vec<Identity>, Error> {
    const SQL: &str =
        concat!("SELECT ", columns!(), " FROM identities WHERE realm_id = $1 AND user_id = $2 ORDER BY id");
    tx.all(SQL, &[(&realm).into(), (&user).into()]).await
}

/// Notes that somebody signs in with it. False: it is not the user's any more; nothing was written. One statement.
pub async fn note_use(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    id: IdentityId,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str =
        "UPDATE identities SET last_used_at = $4 WHERE realm_id = $1 AND id = $2 AND user_id = $3";
    Ok(tx.execute(SQL, &[(&realm).into(), (&id).into(), (&user).into(), now.into()]).await? == 1)
}

/// Disconnects one of a user. False: the user has no such.
pub async fn remove(tx: &mut Tx, realm: RealmId, user: UserId, id: IdentityId) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM identities WHERE realm_id = $1 AND id = $2 AND user_id = $3";
    Ok(tx.execute(SQL, &[(&realm).into(), (&id).into(), (&user).into()]).await? == 1)
}

/// Disconnects all of a user but one. Returns how many there were.
pub async fn remove_all(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    but: Option<IdentityId>,
) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM identities
        WHERE realm_id = $1 AND user_id = $2 AND (CAST($3 AS BYTEA) IS NULL OR id <> $3)";
    tx.execute(SQL, &[(&realm).into(), (&user).into(), but.as_ref().into()]).await
}
