//! Signing keys, sealed.

use gatepost_domain::outbox::{Message, Revocation};
use gatepost_domain::signing_key::StoredKey;
use gatepost_domain::{OutboxId, RealmId, Timestamp};

use crate::value::{FromRow, Row};
use crate::{Error, Tx, outbox, realms};

impl FromRow for StoredKey {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            kid: row.take()?,
            alg: row.parse()?,
            sequence: row.take()?,
            public_jwk: row.take_optional()?,
            sealed: row.take()?,
            created_at: row.take()?,
            signs_from: row.take()?,
            withdrawn_at: row.take_optional()?,
        })
    }
}

/// Adds a key at its place in the row. False: another was made for that place at the same time, and stays; this one
/// is to be forgotten. `Conflict(Parent)`: no such realm.
pub async fn insert_if_planned(tx: &mut Tx, key: &StoredKey) -> Result<bool, Error> {
    const SQL: &str = "INSERT INTO signing_keys (realm_id, kid, alg, sequence, public_jwk, sealed, created_at, signs_from, withdrawn_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (realm_id, alg, sequence) DO NOTHING";
    let params = [
        (&key.realm).into(),
        key.kid.as_str().into(),
        key.alg.as_str().into(),
        key.sequence.into(),
        key.public_jwk.as_deref().into(),
        key.sealed.as_slice().into(),
        key.created_at.into(),
        key.signs_from.into(),
        key.withdrawn_at.into(),
    ];
    let added = tx.execute(SQL, &params).await? == 1;
    if added {
        realms::bump_version(tx, key.realm).await?;
    }
    Ok(added)
}

/// Every key of the realm, of all algorithms, the oldest of each first.
pub async fn list(tx: &mut Tx, realm: RealmId) -> Result<Vec<StoredKey>, Error> {
    const SQL: &str =
        "SELECT realm_id, kid, alg, sequence, public_jwk, sealed, created_at, signs_from, withdrawn_at
        FROM signing_keys WHERE realm_id = $1 ORDER BY alg, sequence";
    tx.all(SQL, &[(&realm).into()]).await
}

/// Makes a key that waits for its time sign from now on. False: no such key, or it signs already, or was withdrawn. One
/// statement.
pub async fn advance(tx: &mut Tx, realm: RealmId, kid: &str, now: Timestamp) -> Result<bool, Error> {
    const SQL: &str = "UPDATE signing_keys SET signs_from = $3
        WHERE realm_id = $1 AND kid = $2 AND signs_from > $3 AND withdrawn_at IS NULL";
    let advanced = tx.execute(SQL, &[(&realm).into(), kid.into(), now.into()]).await? == 1;
    if advanced {
        realms::bump_version(tx, realm).await?;
    }
    Ok(advanced)
}

/// Withdraws a key at once: no longer published, its tokens refused, verifiers told. False: no such key, or
/// withdrawn before.
pub async fn withdraw(
    tx: &mut Tx,
    realm: RealmId,
    kid: &str,
    now: Timestamp,
    message: OutboxId,
) -> Result<bool, Error> {
    const SQL: &str =
        "UPDATE signing_keys SET withdrawn_at = $3 WHERE realm_id = $1 AND kid = $2 AND withdrawn_at IS NULL";
    if tx.execute(SQL, &[(&realm).into(), kid.into(), now.into()]).await? == 0 {
        return Ok(false);
    }
    realms::bump_version(tx, realm).await?;
    let revocation = Revocation::Key { kid: kid.to_owned() };
    outbox::queue(tx, message, realm, &Message::Revocation(revocation), now).await?;
    Ok(true)
}

/// Seals a key anew: the master key was replaced. False: no such key.
pub async fn reseal(tx: &mut Tx, realm: RealmId, kid: &str, sealed: &[u8]) -> Result<bool, Error> {
    const SQL: &str = "UPDATE signing_keys SET sealed = $3 WHERE realm_id = $1 AND kid = $2";
    let done = tx.execute(SQL, &[(&realm).into(), kid.into(), sealed.into()]).await? == 1;
    if done {
        realms::bump_version(tx, realm).await?;
    }
    Ok(done)
}

/// Deletes a key whose last token has expired. False: no such key.
pub async fn delete(tx: &mut Tx, realm: RealmId, kid: &str) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM signing_keys WHERE realm_id = $1 AND kid = $2";
    let gone = tx.execute(SQL, &[(&realm).into(), kid.into()]).await? == 1;
    if gone {
        realms::bump_version(tx, realm).await?;
    }
    Ok(gone)
}
