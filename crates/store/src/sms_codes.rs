//! Codes that were sent as text messages.

use gatepost_domain::{RealmId, SecretDigest, Timestamp, UserId, mfa::PhoneNumber};

use crate::value::{FromRow, Row};
use crate::{Error, Tx};

/// A code that was sent, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentCode {
    /// What it was sent for.
    pub sent_for: SecretDigest,
    /// What is kept of the code itself.
    pub digest: SecretDigest,
    /// Where it was sent.
    pub number: PhoneNumber,
    /// From when on it is no good.
    pub expires_at: Timestamp,
}

impl FromRow for SentCode {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self { sent_for: row.take()?, digest: row.take()?, number: row.parse()?, expires_at: row.take()? })
    }
}

/// Keeps a code, in place of the one that was sent for the same before. `Conflict(Parent)`: no such user. One statement.
pub async fn keep(tx: &mut Tx, realm: RealmId, user: UserId, code: &SentCode) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO sms_codes (realm_id, user_id, sent_for, digest, number, tries, expires_at)
        VALUES ($1, $2, $3, $4, $5, 0, $6)
        ON CONFLICT (realm_id, user_id, sent_for) DO UPDATE SET
        digest = excluded.digest, number = excluded.number, tries = 0, expires_at = excluded.expires_at";
    let params = [
        (&realm).into(),
        (&user).into(),
        (&code.sent_for).into(),
        (&code.digest).into(),
        code.number.as_str().into(),
        code.expires_at.into(),
    ];
    tx.execute(SQL, &params).await.map(|_| ())
}

/// The code that was sent for this, if it is not too old, however often it was tried. One point read.
pub async fn find(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    sent_for: &SecretDigest,
    now: Timestamp,
) -> Result<Option<SentCode>, Error> {
    const SQL: &str = "SELECT sent_for, digest, number, expires_at FROM sms_codes
        WHERE realm_id = $1 AND user_id = $2 AND sent_for = $3 AND expires_at > $4";
    tx.optional(SQL, &[(&realm).into(), (&user).into(), sent_for.into(), now.into()]).await
}

/// Counts one more try of the code that was sent for this, and says which it is, from 1 on. `None`: there is none, or it was tried `most` times.
/// One statement.
pub async fn count_try(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    sent_for: &SecretDigest,
    most: u32,
    now: Timestamp,
) -> Result<Option<u32>, Error> {
    const SQL: &str = "UPDATE sms_codes SET tries = tries + 1
        WHERE realm_id = $1 AND user_id = $2 AND sent_for = $3 AND expires_at > $4 AND tries < $5 RETURNING tries";
    let params = [(&realm).into(), (&user).into(), sent_for.into(), now.into(), most.into()];
    let tried: Option<(u32,)> = tx.optional(SQL, &params).await?;
    Ok(tried.map(|(tries,)| tries))
}

/// Uses a code up: true for one caller, in any number of processes, and nobody after. One statement.
pub async fn spend(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    (sent_for, digest): (&SecretDigest, &SecretDigest),
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM sms_codes
        WHERE realm_id = $1 AND user_id = $2 AND sent_for = $3 AND digest = $4 AND expires_at > $5";
    let params = [(&realm).into(), (&user).into(), sent_for.into(), digest.into(), now.into()];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// Takes a code back that was not sent. One that has taken its place stays. One statement.
pub async fn withdraw(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    (sent_for, digest): (&SecretDigest, &SecretDigest),
) -> Result<(), Error> {
    const SQL: &str =
        "DELETE FROM sms_codes WHERE realm_id = $1 AND user_id = $2 AND sent_for = $3 AND digest = $4";
    tx.execute(SQL, &[(&realm).into(), (&user).into(), sent_for.into(), digest.into()]).await.map(|_| ())
}

/// Forgets every code of a user. One statement.
pub async fn forget_all(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<(), Error> {
    const SQL: &str = "DELETE FROM sms_codes WHERE realm_id = $1 AND user_id = $2";
    tx.execute(SQL, &[(&realm).into(), (&user).into()]).await.map(|_| ())
}

/// Deletes at most `limit` codes that were too old at a moment. Returns how many.
pub async fn delete_expired(
    tx: &mut Tx,
    realm: RealmId,
    before: Timestamp,
    limit: u32,
) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM sms_codes WHERE realm_id = $1 AND (user_id, sent_for) IN
        (SELECT c.user_id, c.sent_for FROM sms_codes c WHERE c.realm_id = $1 AND c.expires_at < $2
            ORDER BY c.expires_at LIMIT $3)";
    tx.execute(SQL, &[(&realm).into(), before.into(), limit.into()]).await
}
