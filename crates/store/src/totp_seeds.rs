//! What users share with their authenticator apps.

use gatepost_domain::{
    RealmId, Timestamp, UserId,
    mfa::{Factor, FactorKind},
};

use crate::value::{FromRow, Row};
use crate::{Error, Tx};

/// A seed as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotpSeed {
    /// The seed, under the master key. What opens one that is being set up is not what opens one that counts.
    pub sealed: Vec<u8>,
    /// When it was made, or began to count.
    pub created_at: Timestamp,
    /// The step of the last code that was accepted.
    pub last_step: u64,
    /// When somebody last signed in with it.
    pub last_used_at: Option<Timestamp>,
}

impl TotpSeed {
    /// As a second factor.
    pub fn factor(&self) -> Factor {
        Factor { kind: FactorKind::Totp, added_at: self.created_at, last_used_at: self.last_used_at }
    }
}

impl FromRow for TotpSeed {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            sealed: row.take()?,
            created_at: row.take()?,
            last_step: row.take()?,
            last_used_at: row.take_optional()?,
        })
    }
}

/// Begins to set one up, in place of another that was never confirmed. `Conflict(Parent)`: no such user. One statement.
pub async fn begin(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    sealed: &[u8],
    now: Timestamp,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO totp_seeds (realm_id, user_id, confirmed, sealed, created_at, last_step)
        VALUES ($1, $2, FALSE, $3, $4, 0)
        ON CONFLICT (realm_id, user_id, confirmed) DO UPDATE SET
        sealed = excluded.sealed, created_at = excluded.created_at";
    tx.execute(SQL, &[(&realm).into(), (&user).into(), sealed.into(), now.into()]).await.map(|_| ())
}

/// The one that counts, or the one that is being set up. One point read.
pub async fn find(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    confirmed: bool,
) -> Result<Option<TotpSeed>, Error> {
    const SQL: &str = "SELECT sealed, created_at, last_step, last_used_at FROM totp_seeds
        WHERE realm_id = $1 AND user_id = $2 AND confirmed = $3";
    tx.optional(SQL, &[(&realm).into(), (&user).into(), confirmed.into()]).await
}

/// The one that is being set up, kept as `begun`, counts from now on, in place of the one before: it is kept as `counts`, and the code
/// of `step` with it is spent. False: it is not the one being set up any more; nothing was written.
pub async fn confirm(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    (begun, counts): (&[u8], &[u8]),
    step: u64,
    now: Timestamp,
) -> Result<bool, Error> {
    const BEFORE: &str = "DELETE FROM totp_seeds WHERE realm_id = $1 AND user_id = $2 AND confirmed = TRUE
        AND EXISTS (SELECT 1 FROM totp_seeds s
            WHERE s.realm_id = $1 AND s.user_id = $2 AND s.confirmed = FALSE AND s.sealed = $3)";
    const SQL: &str = "UPDATE totp_seeds SET confirmed = TRUE, sealed = $4, last_step = $5, created_at = $6
        WHERE realm_id = $1 AND user_id = $2 AND confirmed = FALSE AND sealed = $3";
    tx.execute(BEFORE, &[(&realm).into(), (&user).into(), begun.into()]).await?;
    let params = [(&realm).into(), (&user).into(), begun.into(), counts.into(), step.into(), now.into()];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// Accepts the code of a step, if none of it or of a later one was accepted before, and if the seed is still the one that the code
/// was checked with. Of any number of callers, in any number of processes, one gets true (RFC 6238 section 5.2). One statement.
pub async fn accept(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    sealed: &[u8],
    step: u64,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "UPDATE totp_seeds SET last_step = $4, last_used_at = $5
        WHERE realm_id = $1 AND user_id = $2 AND confirmed = TRUE AND sealed = $3 AND last_step < $4";
    let params = [(&realm).into(), (&user).into(), sealed.into(), step.into(), now.into()];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// Removes the one that counts and the one that is being set up. False: there was none that counts.
pub async fn remove(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM totp_seeds WHERE realm_id = $1 AND user_id = $2 AND confirmed = TRUE";
    let removed = tx.execute(SQL, &[(&realm).into(), (&user).into()]).await? == 1;
    forget_begun(tx, realm, user).await?;
    Ok(removed)
}

/// Removes the one that is being set up: whoever began it may not be who goes on. One statement.
pub async fn forget_begun(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<(), Error> {
    const SQL: &str = "DELETE FROM totp_seeds WHERE realm_id = $1 AND user_id = $2 AND confirmed = FALSE";
    tx.execute(SQL, &[(&realm).into(), (&user).into()]).await.map(|_| ())
}
