//! How often something was tried of late.

use gatepost_domain::{RealmId, SecretDigest, Timestamp};

use crate::{Error, Tx};

/// Counts one more attempt, if fewer than `most` were counted in the time that runs. The first one begins that time, which then
/// ends at `until`. False: `most` were counted; this one is not. However many try at once, no more get through. One statement.
pub async fn count(
    tx: &mut Tx,
    realm: RealmId,
    digest: &SecretDigest,
    most: u32,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "INSERT INTO attempts (realm_id, digest, made, ends_at) VALUES ($1, $2, 1, $4)
        ON CONFLICT (realm_id, digest) DO UPDATE SET
        made = CASE WHEN attempts.ends_at <= $5 THEN 1 ELSE attempts.made + 1 END,
        ends_at = CASE WHEN attempts.ends_at <= $5 THEN excluded.ends_at ELSE attempts.ends_at END
        WHERE attempts.ends_at <= $5 OR attempts.made < $3";
    let params = [(&realm).into(), digest.into(), most.into(), until.into(), now.into()];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// Whether fewer than `most` were counted in the time that runs. One point read.
pub async fn are_left(
    tx: &mut Tx,
    realm: RealmId,
    digest: &SecretDigest,
    most: u32,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str =
        "SELECT made FROM attempts WHERE realm_id = $1 AND digest = $2 AND ends_at > $3 AND made >= $4";
    let spent: Option<(u64,)> =
        tx.optional(SQL, &[(&realm).into(), digest.into(), now.into(), most.into()]).await?;
    Ok(spent.is_none())
}

/// Takes one attempt back that turned out to be right: only what is wrong is counted in the end. One statement.
pub async fn give_back(
    tx: &mut Tx,
    realm: RealmId,
    digest: &SecretDigest,
    now: Timestamp,
) -> Result<(), Error> {
    const SQL: &str = "UPDATE attempts SET made = made - 1
        WHERE realm_id = $1 AND digest = $2 AND ends_at > $3 AND made > 0";
    tx.execute(SQL, &[(&realm).into(), digest.into(), now.into()]).await.map(|_| ())
}

/// Forgets at most `limit` counts whose time ended before a moment. Returns how many.
pub async fn forget_ended(tx: &mut Tx, realm: RealmId, before: Timestamp, limit: u32) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM attempts WHERE realm_id = $1 AND digest IN
        (SELECT a.digest FROM attempts a WHERE a.realm_id = $1 AND a.ends_at < $2 ORDER BY a.ends_at LIMIT $3)";
    tx.execute(SQL, &[(&realm).into(), before.into(), limit.into()]).await
}
