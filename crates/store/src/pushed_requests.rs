//! Authorization requests that were sent ahead.

use gatepost_domain::{ClientId, RealmId, SecretDigest, Timestamp, authorization::pushed::PushedRequest};

use crate::value::{FromRow, Row, from_json, to_json};
use crate::{Error, Tx};

impl FromRow for PushedRequest {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            digest: row.take()?,
            client: row.parse()?,
            parameters: from_json(&row.take::<String>()?)?,
            created_at: row.take()?,
            expires_at: row.take()?,
        })
    }
}

/// Keeps a request. `Conflict(Parent)`: no such client.
pub async fn create(tx: &mut Tx, request: &PushedRequest) -> Result<(), Error> {
    const SQL: &str =
        "INSERT INTO pushed_requests (realm_id, digest, client_id, parameters, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    let parameters = to_json(&request.parameters)?;
    let params = [
        (&request.realm).into(),
        (&request.digest).into(),
        request.client.as_str().into(),
        parameters.as_str().into(),
        request.created_at.into(),
        request.expires_at.into(),
    ];
    tx.execute(SQL, &params).await.map(|_| ())
}

/// The request of this client that is still good to look at. It may be looked at again: a page is reloaded, a sign-in comes
/// between. `None`: there is none, it is another client's, has expired, or a code was given for it.
pub async fn find(
    tx: &mut Tx,
    realm: RealmId,
    digest: &SecretDigest,
    client: &ClientId,
    now: Timestamp,
) -> Result<Option<PushedRequest>, Error> {
    const SQL: &str =
        "SELECT realm_id, digest, client_id, parameters, created_at, expires_at FROM pushed_requests
        WHERE realm_id = $1 AND digest = $2 AND client_id = $3 AND used_at IS NULL AND expires_at > $4";
    tx.optional(SQL, &[(&realm).into(), digest.into(), client.as_str().into(), now.into()]).await
}

/// Uses a request up: to be written with the code that is given for it. Who began to sign in while it was good may finish, however
/// long that takes. False: a code was given for it before, or there is no such request. One statement.
pub async fn use_up(
    tx: &mut Tx,
    realm: RealmId,
    digest: &SecretDigest,
    client: &ClientId,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "UPDATE pushed_requests SET used_at = $4
        WHERE realm_id = $1 AND digest = $2 AND client_id = $3 AND used_at IS NULL";
    let params = [(&realm).into(), digest.into(), client.as_str().into(), now.into()];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// Deletes at most `limit` of those that expired before a moment. Returns how many.
pub async fn delete_expired(
    tx: &mut Tx,
    realm: RealmId,
    before: Timestamp,
    limit: u32,
) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM pushed_requests WHERE realm_id = $1 AND digest IN (SELECT p.digest FROM pushed_requests p
        WHERE p.realm_id = $1 AND p.expires_at < $2 ORDER BY p.expires_at LIMIT $3)";
    tx.execute(SQL, &[(&realm).into(), before.into(), limit.into()]).await
}
