//! What providers gave with a sign-in, sealed: for each identity what was given last.

use gatepost_domain::{IdentityId, ProviderId, RealmId, Timestamp};

use crate::value::{FromRow, Row};
use crate::{Error, Tx};

struct Sealed(Vec<u8>);

impl FromRow for Sealed {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self(row.take()?))
    }
}

/// What is kept of an identity, if anything is. One point read.
pub async fn find(tx: &mut Tx, realm: RealmId, identity: IdentityId) -> Result<Option<Vec<u8>>, Error> {
    const SQL: &str = "SELECT sealed FROM identity_tokens WHERE realm_id = $1 AND identity_id = $2";
    let found: Option<Sealed> = tx.optional(SQL, &[(&realm).into(), (&identity).into()]).await?;
    Ok(found.map(|Sealed(sealed)| sealed))
}

/// Keeps it, in place of what was kept before. `Conflict(Parent)`: no such identity. One statement.
pub async fn keep(
    tx: &mut Tx,
    realm: RealmId,
    identity: IdentityId,
    sealed: &[u8],
    now: Timestamp,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO identity_tokens (realm_id, identity_id, sealed, kept_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (realm_id, identity_id) DO UPDATE SET sealed = excluded.sealed, kept_at = excluded.kept_at";
    tx.execute(SQL, &[(&realm).into(), (&identity).into(), sealed.into(), now.into()]).await.map(|_| ())
}

/// Keeps another in place of this very one. False: it is not what is kept any more, so that of two who renew it at once one
/// writes; nothing was written. One statement.
pub async fn replace(
    tx: &mut Tx,
    realm: RealmId,
    identity: IdentityId,
    (before, after): (&[u8], &[u8]),
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "UPDATE identity_tokens SET sealed = $4, kept_at = $5
        WHERE realm_id = $1 AND identity_id = $2 AND sealed = $3";
    let params = [(&realm).into(), (&identity).into(), before.into(), after.into(), now.into()];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// Keeps nothing of an identity any longer. False: nothing was kept.
pub async fn forget(tx: &mut Tx, realm: RealmId, identity: IdentityId) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM identity_tokens WHERE realm_id = $1 AND identity_id = $2";
    Ok(tx.execute(SQL, &[(&realm).into(), (&identity).into()]).await? == 1)
}

/// Keeps nothing of what a provider gave any longer. Returns of how many identities something was kept.
pub async fn forget_all(tx: &mut Tx, realm: RealmId, provider: &ProviderId) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM identity_tokens
        WHERE realm_id = $1 AND identity_id IN (SELECT id FROM identities WHERE realm_id = $1 AND provider = $2)";
    tx.execute(SQL, &[(&realm).into(), provider.as_str().into()]).await
}
