//! Password hashes.

use gatepost_domain::{PasswordHash, RealmId, Timestamp, UserId};

use crate::value::Param;
use crate::{Error, Tx};

const SET: &str = "INSERT INTO passwords (realm_id, user_id, hash, changed_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (realm_id, user_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at";

/// Sets the user's password, over another if there is one. `Conflict(Parent)`: no such user.
pub async fn set(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    hash: &PasswordHash,
    now: Timestamp,
) -> Result<(), Error> {
    let params = [(&realm).into(), (&user).into(), hash.as_str().into(), now.into()];
    tx.execute(SET, &params).await.map(|_| ())
}

/// Sets the passwords of many users, each over another if there is one. `Conflict(Parent)`: one of them is no user.
pub async fn set_each(
    tx: &mut Tx,
    realm: RealmId,
    hashes: &[(UserId, &PasswordHash)],
    now: Timestamp,
) -> Result<(), Error> {
    let rows: Vec<[Param<'_>; 4]> = hashes
        .iter()
        .map(|(user, hash)| [(&realm).into(), user.into(), hash.as_str().into(), now.into()])
        .collect();
    tx.execute_each(SET, &rows).await.map(|_| ())
}

/// The hash of the user's password, if there is one.
pub async fn find(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<Option<PasswordHash>, Error> {
    const SQL: &str = "SELECT hash FROM passwords WHERE realm_id = $1 AND user_id = $2";
    let found: Option<(String,)> = tx.optional(SQL, &[(&realm).into(), (&user).into()]).await?;
    Ok(found.map(|(hash,)| PasswordHash::new(hash)))
}

/// Replaces the hash that was verified by another of the same password (an upgrade at sign-in), or of a new one
/// (a change that proved the old). False: the password has changed since; nothing was written. One statement.
pub async fn replace_if_unchanged(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    verified: &PasswordHash,
    new: &PasswordHash,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str =
        "UPDATE passwords SET hash = $4, changed_at = $5 WHERE realm_id = $1 AND user_id = $2 AND hash = $3";
    let params = [(&realm).into(), (&user).into(), verified.as_str().into(), new.as_str().into(), now.into()];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// Takes the user's password away. False: there was none.
pub async fn remove(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM passwords WHERE realm_id = $1 AND user_id = $2";
    Ok(tx.execute(SQL, &[(&realm).into(), (&user).into()]).await? == 1)
}
