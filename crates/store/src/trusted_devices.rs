//! Devices on which a user is not asked for a second factor.

use gatepost_domain::{RealmId, Timestamp, TrustedDeviceId, UserId, mfa::TrustedDevice};

use crate::value::{FromRow, Row};
use crate::{Error, Tx};

impl FromRow for TrustedDevice {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            user: row.take()?,
            id: row.take()?,
            user_agent: row.take_optional()?,
            created_at: row.take()?,
            expires_at: row.take()?,
        })
    }
}

/// Trusts a device. `Conflict(Parent)`: no such user. One statement.
pub async fn create(tx: &mut Tx, device: &TrustedDevice) -> Result<(), Error> {
    const SQL: &str =
        "INSERT INTO trusted_devices (realm_id, user_id, id, user_agent, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    let params = [
        (&device.realm).into(),
        (&device.user).into(),
        (&device.id).into(),
        device.user_agent.as_deref().into(),
        device.created_at.into(),
        device.expires_at.into(),
    ];
    tx.execute(SQL, &params).await.map(|_| ())
}

/// Trusts no devices of a user any longer but as many as `most`, the newest. One statement.
pub async fn forget_oldest(tx: &mut Tx, realm: RealmId, user: UserId, most: u32) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM trusted_devices WHERE realm_id = $1 AND user_id = $2 AND id NOT IN
        (SELECT d.id FROM trusted_devices d WHERE d.realm_id = $1 AND d.user_id = $2 ORDER BY d.id DESC LIMIT $3)";
    tx.execute(SQL, &[(&realm).into(), (&user).into(), most.into()]).await
}

/// Whether a device is trusted for this user, and not from before `since`. One point read.
pub async fn is_trusted(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    id: TrustedDeviceId,
    since: Timestamp,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "SELECT created_at FROM trusted_devices
        WHERE realm_id = $1 AND user_id = $2 AND id = $3 AND created_at > $4 AND expires_at > $5";
    let params = [(&realm).into(), (&user).into(), (&id).into(), since.into(), now.into()];
    Ok(tx.optional::<(i64,)>(SQL, &params).await?.is_some())
}

/// How many devices a user trusts, and not from before `since`.
pub async fn count(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    since: Timestamp,
    now: Timestamp,
) -> Result<u64, Error> {
    const SQL: &str = "SELECT COUNT(*) FROM trusted_devices
        WHERE realm_id = $1 AND user_id = $2 AND created_at > $3 AND expires_at > $4";
    let params = [(&realm).into(), (&user).into(), since.into(), now.into()];
    let found: Option<(u64,)> = tx.optional(SQL, &params).await?;
    Ok(found.map_or(0, |(count,)| count))
}

/// At most `limit` devices that a user trusts, and not from before `since`, the newest first, older than the given one.
pub async fn list(
    tx: &mut Tx,
    (realm, user): (RealmId, UserId),
    since: Timestamp,
    before: Option<TrustedDeviceId>,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<TrustedDevice>, Error> {
    const SQL: &str = "SELECT realm_id, user_id, id, user_agent, created_at, expires_at FROM trusted_devices
        WHERE realm_id = $1 AND user_id = $2 AND id < $3 AND created_at > $4 AND expires_at > $5
        ORDER BY id DESC LIMIT $6";
    let before = before.unwrap_or(TrustedDeviceId::MAX);
    let params = [(&realm).into(), (&user).into(), (&before).into(), since.into(), now.into(), limit.into()];
    tx.all(SQL, &params).await
}

/// Trusts a device of a user no more. False: it was not. One statement.
pub async fn forget(tx: &mut Tx, realm: RealmId, user: UserId, id: TrustedDeviceId) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM trusted_devices WHERE realm_id = $1 AND user_id = $2 AND id = $3";
    Ok(tx.execute(SQL, &[(&realm).into(), (&user).into(), (&id).into()]).await? == 1)
}

/// Trusts no device of a user any more. Returns how many there were. One statement.
pub async fn forget_all(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM trusted_devices WHERE realm_id = $1 AND user_id = $2";
    tx.execute(SQL, &[(&realm).into(), (&user).into()]).await
}

/// Trusts no device of anybody in a realm any more. Returns how many there were. One statement.
pub async fn forget_in_realm(tx: &mut Tx, realm: RealmId) -> Result<u64, Error> {
    tx.execute("DELETE FROM trusted_devices WHERE realm_id = $1", &[(&realm).into()]).await
}

/// Deletes at most `limit` that were over before a moment. Returns how many; call it again until that is less than `limit`.
pub async fn delete_expired(
    tx: &mut Tx,
    realm: RealmId,
    before: Timestamp,
    limit: u32,
) -> Result<u64, Error> {
    const SQL: &str =
        "DELETE FROM trusted_devices WHERE realm_id = $1 AND id IN (SELECT d.id FROM trusted_devices d
        WHERE d.realm_id = $1 AND d.expires_at < $2 LIMIT $3)";
    tx.execute(SQL, &[(&realm).into(), before.into(), limit.into()]).await
}
