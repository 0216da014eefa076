//! Passkeys, and what authenticators call their owners.

use gatepost_domain::{
    DisplayName, PasskeyId, RealmId, Timestamp, UserId,
    passkey::{CredentialId, Passkey, Transport, UserHandle, Verified},
};

use crate::value::{FromRow, Row};
use crate::{Error, Tx};

macro_rules! columns {
    () => {
        "SELECT p.realm_id, p.id, p.user_id, o.handle, p.credential_id, p.public_key, p.sign_count, p.backup_eligible,
            p.backed_up, p.aaguid, p.transports, p.name, p.created_at, p.last_used_at
        FROM passkeys p JOIN passkey_owners o ON o.realm_id = p.realm_id AND o.user_id = p.user_id "
    };
}

impl FromRow for Passkey {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            id: row.take()?,
            user: row.take()?,
            handle: row.take()?,
            credential: CredentialId::new(&row.take::<Vec<u8>>()?)
                .ok_or_else(|| Error::broken("the id of a passkey is too long"))?,
            public_key: row.take()?,
            sign_count: row.take()?,
            backup_eligible: row.take()?,
            backed_up: row.take()?,
            aaguid: row
                .take::<Vec<u8>>()?
                .try_into()
                .map_err(|_| Error::broken("the kind of an authenticator has another length"))?,
            transports: Transport::among(row.take::<String>()?.split(' ')),
            name: row.parse()?,
            created_at: row.take()?,
            last_used_at: row.take_optional()?,
        })
    }
}

/// What authenticators call a user: what was chosen for them before, or else `fresh`. `Conflict(Parent)`: no such user.
pub async fn handle(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    fresh: UserHandle,
) -> Result<UserHandle, Error> {
    const INSERT: &str = "INSERT INTO passkey_owners (realm_id, user_id, handle) VALUES ($1, $2, $3)
        ON CONFLICT (realm_id, user_id) DO NOTHING";
    const SELECT: &str = "SELECT handle FROM passkey_owners WHERE realm_id = $1 AND user_id = $2";
    tx.execute(INSERT, &[(&realm).into(), (&user).into(), (&fresh).into()]).await?;
    let found: Option<(UserHandle,)> = tx.optional(SELECT, &[(&realm).into(), (&user).into()]).await?;
    Ok(found.map_or(fresh, |(handle,)| handle))
}

/// Keeps a passkey of a user whose [`handle`] is known. False: the realm has one that its authenticator calls the same, whosever it is;
/// nothing was written. `Conflict(Parent)`: nobody has a handle.
pub async fn create(tx: &mut Tx, passkey: &Passkey) -> Result<bool, Error> {
    const SQL: &str = "INSERT INTO passkeys (realm_id, id, user_id, credential_id, public_key, sign_count,
            backup_eligible, backed_up, aaguid, transports, name, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (realm_id, credential_id) DO NOTHING";
    let transports: Vec<_> = passkey.transports.iter().map(|transport| transport.name()).collect();
    let transports = transports.join(" ");
    let params = [
        (&passkey.realm).into(),
        (&passkey.id).into(),
        (&passkey.user).into(),
        passkey.credential.as_bytes().into(),
        passkey.public_key.as_slice().into(),
        passkey.sign_count.into(),
        passkey.backup_eligible.into(),
        passkey.backed_up.into(),
        passkey.aaguid.as_slice().into(),
        transports.as_str().into(),
        passkey.name.as_str().into(),
        passkey.created_at.into(),
    ];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// The passkey that its authenticator calls so, whosever it is. One point read.
pub async fn find_by_credential(
    tx: &mut Tx,
    realm: RealmId,
    credential: &CredentialId,
) -> Result<Option<Passkey>, Error> {
    const SQL: &str = concat!(columns!(), "WHERE p.realm_id = $1 AND p.credential_id = $2");
    tx.optional(SQL, &[(&realm).into(), credential.as_bytes().into()]).await
}

/// A passkey of a user. One point read.
pub async fn find(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    id: PasskeyId,
) -> Result<Option<Passkey>, Error> {
    const SQL: &str = concat!(columns!(), "WHERE p.realm_id = $1 AND p.id = $2 AND p.user_id = $3");
    tx.optional(SQL, &[(&realm).into(), (&id).into(), (&user).into()]).await
}

/// All passkeys of a user, the oldest first. They are few.
pub async fn list(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<Vec<Passkey>, Error> {
    const SQL: &str = concat!(columns!(), "WHERE p.realm_id = $1 AND p.user_id = $2 ORDER BY p.id");
    tx.all(SQL, &[(&realm).into(), (&user).into()]).await
}

/// Notes that a passkey was shown, if its count has gone up, or if it does not count. False: it has not, or the passkey is gone; nothing
/// was written. Of two that show the same count one gets true (WebAuthn section 7.2 step 22). One statement.
pub async fn note_used(
    tx: &mut Tx,
    realm: RealmId,
    id: PasskeyId,
    shown: &Verified,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "UPDATE passkeys SET sign_count = $3, backed_up = $4, last_used_at = $5
        WHERE realm_id = $1 AND id = $2 AND (sign_count < $3 OR (sign_count = 0 AND sign_count = $3))";
    let params = [(&realm).into(), (&id).into(), shown.sign_count.into(), shown.backed_up.into(), now.into()];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// Gives a passkey of a user another name. False: the user has no such passkey.
pub async fn rename(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    id: PasskeyId,
    name: &DisplayName,
) -> Result<bool, Error> {
    const SQL: &str = "UPDATE passkeys SET name = $4 WHERE realm_id = $1 AND id = $2 AND user_id = $3";
    let params = [(&realm).into(), (&id).into(), (&user).into(), name.as_str().into()];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// Removes a passkey of a user. False: the user has no such passkey.
pub async fn remove(tx: &mut Tx, realm: RealmId, user: UserId, id: PasskeyId) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM passkeys WHERE realm_id = $1 AND id = $2 AND user_id = $3";
    Ok(tx.execute(SQL, &[(&realm).into(), (&id).into(), (&user).into()]).await? == 1)
}

/// Removes every passkey of a user. Returns how many there were.
pub async fn remove_all(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM passkeys WHERE realm_id = $1 AND user_id = $2";
    tx.execute(SQL, &[(&realm).into(), (&user).into()]).await
}
