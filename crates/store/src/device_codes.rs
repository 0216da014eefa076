//! Devices that wait to be connected (RFC 8628).

use std::time::Duration;

use gatepost_domain::{
    ClientId, DeviceCodeId, RealmId, SessionId, Timestamp, UserId,
    authorization::device::{Decision, DeviceCode, UserCode},
};

use crate::authorization_codes::SignedInTo;
use crate::value::{FromRow, Row, from_json, to_json};
use crate::{Error, Tx};

macro_rules! columns {
    () => {
        "realm_id, id, client_id, user_code, details, grant_id, created_at, expires_at, session_id, approved, decided_at,
        redeemed_at"
    };
}

impl FromRow for DeviceCode {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            id: row.take()?,
            client: row.parse()?,
            user_code: row.parse_optional()?,
            details: from_json(&row.take::<String>()?)?,
            grant: row.take()?,
            created_at: row.take()?,
            expires_at: row.take()?,
            session: row.take_optional()?,
            decision: {
                let (approved, at) = (row.take_optional()?, row.take_optional()?);
                Option::zip(approved, at).map(|(approved, at)| Decision { approved, at })
            },
            redeemed_at: row.take_optional()?,
        })
    }
}

/// Keeps a device that has just asked, and may ask again at once and then every `interval`. False: another device of the realm has
/// this user code; nothing was written. `Conflict(Parent)`: no such client. One statement.
pub async fn create(tx: &mut Tx, code: &DeviceCode, interval: Duration) -> Result<bool, Error> {
    const SQL: &str =
        "INSERT INTO device_codes (realm_id, id, client_id, user_code, details, grant_id, created_at,
            expires_at, poll_interval, next_poll_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $7) ON CONFLICT (realm_id, user_code) DO NOTHING";
    let details = to_json(&code.details)?;
    let params = [
        (&code.realm).into(),
        (&code.id).into(),
        code.client.as_str().into(),
        code.user_code.as_ref().map(UserCode::letters).into(),
        details.as_str().into(),
        (&code.grant).into(),
        code.created_at.into(),
        code.expires_at.into(),
        micros(interval).into(),
    ];
    Ok(tx.execute(SQL, &params).await? == 1)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The device of an id, whatever has become of it. One point read.
pub async fn find(tx: &mut Tx, realm: RealmId, id: DeviceCodeId) -> Result<Option<DeviceCode>, Error> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM device_codes WHERE realm_id = $1 AND id = $2");
    tx.optional(SQL, &[(&realm).into(), (&id).into()]).await
}

/// Notes that a device asks whether it is connected. False: sooner than it may, by more than `early`. One statement.
pub async fn poll(
    tx: &mut Tx,
    realm: RealmId,
    id: DeviceCodeId,
    early: Duration,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "UPDATE device_codes SET next_poll_at = $3 + poll_interval
        WHERE realm_id = $1 AND id = $2 AND next_poll_at <= $4";
    let params = [(&realm).into(), (&id).into(), now.into(), now.plus(early).into()];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// Makes a device that asks too soon wait longer, this time and each time after it. One statement.
pub async fn slow_down(
    tx: &mut Tx,
    realm: RealmId,
    id: DeviceCodeId,
    by: Duration,
    now: Timestamp,
) -> Result<(), Error> {
    const SQL: &str = "UPDATE device_codes SET poll_interval = poll_interval + $4,
        next_poll_at = $3 + poll_interval + $4 WHERE realm_id = $1 AND id = $2";
    tx.execute(SQL, &[(&realm).into(), (&id).into(), now.into(), micros(by).into()]).await.map(|_| ())
}

/// The device that waits with this user code, to be shown in a browser's session: from then on that session alone can decide.
/// `None`: no device of the realm waits with it (any more). One statement.
pub async fn show(
    tx: &mut Tx,
    realm: RealmId,
    user_code: UserCode,
    session: SessionId,
    now: Timestamp,
) -> Result<Option<DeviceCode>, Error> {
    const SQL: &str = concat!(
        "UPDATE device_codes SET session_id = $3
        WHERE realm_id = $1 AND user_code = $2 AND decided_at IS NULL AND expires_at > $4 RETURNING ",
        columns!()
    );
    let params = [(&realm).into(), user_code.letters().into(), (&session).into(), now.into()];
    tx.optional(SQL, &params).await
}

/// The device that waits with this user code and was shown in this session last. `None`: there is none (any more). One point read.
pub async fn shown(
    tx: &mut Tx,
    realm: RealmId,
    user_code: UserCode,
    session: SessionId,
    now: Timestamp,
) -> Result<Option<DeviceCode>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM device_codes WHERE realm_id = $1 AND user_code = $2 AND session_id = $3 AND decided_at IS NULL
        AND expires_at > $4"
    );
    let params = [(&realm).into(), user_code.letters().into(), (&session).into(), now.into()];
    tx.optional(SQL, &params).await
}

/// Decides, in the session that was shown the device last, whether it is connected. The user code is free again. `None`: no device
/// of the realm waits with it, another session was shown it, or the session is over; nothing was decided. Of any number who
/// decide at once, one does. One statement.
pub async fn decide(
    tx: &mut Tx,
    realm: RealmId,
    user_code: UserCode,
    session: SessionId,
    approved: bool,
    now: Timestamp,
) -> Result<Option<DeviceCode>, Error> {
    const SQL: &str = concat!(
        "UPDATE device_codes SET approved = $4, decided_at = $5, user_code = NULL
        WHERE realm_id = $1 AND user_code = $2 AND session_id = $3 AND decided_at IS NULL AND expires_at > $5
        AND EXISTS (SELECT 1 FROM sessions s JOIN users u ON u.realm_id = s.realm_id AND u.id = s.user_id
            WHERE s.realm_id = $1 AND s.id = $3 AND s.revoked_at IS NULL AND s.expires_at > $5
            AND s.idle_expires_at > $5 AND u.disabled_at IS NULL
            AND (u.not_before IS NULL OR u.not_before <= s.created_at))
        RETURNING ",
        columns!()
    );
    let params =
        [(&realm).into(), user_code.letters().into(), (&session).into(), approved.into(), now.into()];
    tx.optional(SQL, &params).await
}

/// Spends the code of a device that was connected. Of any number who do so at once, one succeeds. False: it was spent before, has
/// expired, or was not connected. One statement.
pub async fn redeem(tx: &mut Tx, realm: RealmId, id: DeviceCodeId, now: Timestamp) -> Result<bool, Error> {
    const SQL: &str = "UPDATE device_codes SET redeemed_at = $3
        WHERE realm_id = $1 AND id = $2 AND redeemed_at IS NULL AND expires_at > $3 AND decided_at IS NOT NULL AND approved";
    Ok(tx.execute(SQL, &[(&realm).into(), (&id).into(), now.into()]).await? == 1)
}

/// Deletes the devices that a user connected for a client and that have not come for their tokens: what was taken back from the
/// client must not come by them after all. Returns how many. One statement.
pub async fn withdraw(tx: &mut Tx, realm: RealmId, user: UserId, client: &ClientId) -> Result<u64, Error> {
    const SQL: &str =
        "DELETE FROM device_codes WHERE realm_id = $1 AND client_id = $3 AND redeemed_at IS NULL
        AND decided_at IS NOT NULL
        AND session_id IN (SELECT s.id FROM sessions s WHERE s.realm_id = $1 AND s.user_id = $2)";
    tx.execute(SQL, &[(&realm).into(), (&user).into(), client.as_str().into()]).await
}

/// The clients on devices that were connected in a browser's session and came for their tokens, in the order of their ids.
pub async fn clients(tx: &mut Tx, realm: RealmId, session: SessionId) -> Result<Vec<ClientId>, Error> {
    const SQL: &str = "SELECT DISTINCT session_id, client_id FROM device_codes
        WHERE realm_id = $1 AND session_id = $2 AND redeemed_at IS NOT NULL ORDER BY client_id";
    let found: Vec<SignedInTo> = tx.all(SQL, &[(&realm).into(), (&session).into()]).await?;
    Ok(found.into_iter().map(|SignedInTo(_, client)| client).collect())
}

/// The clients on devices that were connected in those sessions of a user that ended at or after a moment, by session.
pub async fn clients_of_ended(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    since: Timestamp,
) -> Result<Vec<(SessionId, ClientId)>, Error> {
    const SQL: &str = "SELECT DISTINCT d.session_id, d.client_id FROM sessions s
        JOIN device_codes d ON d.realm_id = s.realm_id AND d.session_id = s.id
        WHERE s.realm_id = $1 AND s.user_id = $2 AND s.revoked_at >= $3 AND d.redeemed_at IS NOT NULL
        ORDER BY d.session_id, d.client_id";
    let found: Vec<SignedInTo> = tx.all(SQL, &[(&realm).into(), (&user).into(), since.into()]).await?;
    Ok(found.into_iter().map(|SignedInTo(session, client)| (session, client)).collect())
}

/// Deletes at most `limit` of those that expired before a moment and whose tokens nobody came for; the others go with their session.
/// Returns how many; call it again until that is less than `limit`.
pub async fn delete_expired(
    tx: &mut Tx,
    realm: RealmId,
    before: Timestamp,
    limit: u32,
) -> Result<u64, Error> {
    const SQL: &str =
        "DELETE FROM device_codes WHERE realm_id = $1 AND id IN (SELECT d.id FROM device_codes d
        WHERE d.realm_id = $1 AND d.expires_at < $2 AND d.redeemed_at IS NULL ORDER BY d.expires_at LIMIT $3)";
    tx.execute(SQL, &[(&realm).into(), before.into(), limit.into()]).await
}
