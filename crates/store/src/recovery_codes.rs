//! Codes for the day that a second factor is lost.

use gatepost_domain::{RealmId, SecretDigest, Timestamp, UserId};

use crate::value::{FromRow, Row};
use crate::{Error, Tx};

/// What is known of the codes of a user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecoveryCodes {
    /// How many there were.
    pub total: u64,
    /// How many are not used.
    pub left: u64,
    /// When they were made; `None` where there are none.
    pub made_at: Option<Timestamp>,
}

impl FromRow for RecoveryCodes {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        let (total, used): (u64, u64) = (row.take()?, row.take()?);
        Ok(Self { total, left: total.saturating_sub(used), made_at: row.take_optional()? })
    }
}

/// Gives a user these codes, in place of all they had. `Conflict(Parent)`: no such user.
pub async fn replace(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    digests: &[SecretDigest],
    now: Timestamp,
) -> Result<(), Error> {
    const SQL: &str =
        "INSERT INTO recovery_codes (realm_id, user_id, digest, created_at) VALUES ($1, $2, $3, $4)";
    remove(tx, realm, user).await?;
    for digest in digests {
        tx.execute(SQL, &[(&realm).into(), (&user).into(), digest.into(), now.into()]).await?;
    }
    Ok(())
}

/// Uses a code: true for one caller and nobody after. One statement.
pub async fn spend(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    digest: &SecretDigest,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "UPDATE recovery_codes SET used_at = $4
        WHERE realm_id = $1 AND user_id = $2 AND digest = $3 AND used_at IS NULL";
    Ok(tx.execute(SQL, &[(&realm).into(), (&user).into(), digest.into(), now.into()]).await? == 1)
}

/// How many codes the user has, and has left. One point read.
pub async fn count(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<RecoveryCodes, Error> {
    const SQL: &str = "SELECT COUNT(*), COUNT(used_at), MIN(created_at) FROM recovery_codes
        WHERE realm_id = $1 AND user_id = $2";
    let found: Option<RecoveryCodes> = tx.optional(SQL, &[(&realm).into(), (&user).into()]).await?;
    Ok(found.unwrap_or_default())
}

/// Takes all codes of a user away.
pub async fn remove(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<(), Error> {
    const SQL: &str = "DELETE FROM recovery_codes WHERE realm_id = $1 AND user_id = $2";
    tx.execute(SQL, &[(&realm).into(), (&user).into()]).await.map(|_| ())
}
