//! What is good once: ids of assertions and proofs that were used, until they would be refused as too old.

use gatepost_domain::{RealmId, SecretDigest, Timestamp};

use crate::{Error, Tx};

/// Uses an id: true for the first caller and nobody after. The digest is of everything that makes it the one it is (what for,
/// whose, its text). One statement.
pub async fn claim(
    tx: &mut Tx,
    realm: RealmId,
    digest: &SecretDigest,
    expires_at: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "INSERT INTO used_ids (realm_id, digest, expires_at) VALUES ($1, $2, $3)
        ON CONFLICT (realm_id, digest) DO NOTHING";
    Ok(tx.execute(SQL, &[(&realm).into(), digest.into(), expires_at.into()]).await? == 1)
}

/// Whether an id was used. One point read, and only what is known at that moment: who uses it is decided by [`claim`].
pub async fn is_used(tx: &mut Tx, realm: RealmId, digest: &SecretDigest) -> Result<bool, Error> {
    const SQL: &str = "SELECT CAST(1 AS BIGINT) FROM used_ids WHERE realm_id = $1 AND digest = $2";
    let found: Option<(i64,)> = tx.optional(SQL, &[(&realm).into(), digest.into()]).await?;
    Ok(found.is_some())
}

/// Forgets at most `limit` of those that expired before a moment. Returns how many.
pub async fn forget_expired(
    tx: &mut Tx,
    realm: RealmId,
    before: Timestamp,
    limit: u32,
) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM used_ids WHERE realm_id = $1 AND digest IN
        (SELECT digest FROM used_ids WHERE realm_id = $1 AND expires_at < $2 ORDER BY expires_at LIMIT $3)";
    tx.execute(SQL, &[(&realm).into(), before.into(), limit.into()]).await
}
