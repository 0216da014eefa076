//! Initial access tokens: with which clients register themselves.

use gatepost_domain::{InitialAccessToken, InitialAccessTokenId, RealmId, SecretDigest, Timestamp};

use crate::value::{FromRow, Row};
use crate::{Error, Tx};

impl FromRow for InitialAccessToken {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            id: row.take()?,
            name: row.parse_optional()?,
            digest: row.take()?,
            uses: row.take()?,
            used: row.take()?,
            created_at: row.take()?,
            expires_at: row.take()?,
        })
    }
}

macro_rules! token_columns {
    () => {
        "realm_id, id, name, digest, uses, used, created_at, expires_at"
    };
}

/// Keeps a token. `Conflict(Parent)`: no such realm.
pub async fn create(tx: &mut Tx, token: &InitialAccessToken) -> Result<(), Error> {
    const SQL: &str = concat!(
        "INSERT INTO initial_access_tokens (",
        token_columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    );
    let params = [
        (&token.realm).into(),
        (&token.id).into(),
        token.name.as_ref().map(gatepost_domain::DisplayName::as_str).into(),
        (&token.digest).into(),
        token.uses.into(),
        token.used.into(),
        token.created_at.into(),
        token.expires_at.into(),
    ];
    tx.execute(SQL, &params).await.map(|_| ())
}

/// The token of an id, whatever state it is in. One point read.
pub async fn find(
    tx: &mut Tx,
    realm: RealmId,
    id: InitialAccessTokenId,
) -> Result<Option<InitialAccessToken>, Error> {
    const SQL: &str =
        concat!("SELECT ", token_columns!(), " FROM initial_access_tokens WHERE realm_id = $1 AND id = $2");
    tx.optional(SQL, &[(&realm).into(), (&id).into()]).await
}

/// At most `limit` tokens, in the order they were made, after the given one.
pub async fn list(
    tx: &mut Tx,
    realm: RealmId,
    after: Option<InitialAccessTokenId>,
    limit: u32,
) -> Result<Vec<InitialAccessToken>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        token_columns!(),
        " FROM initial_access_tokens WHERE realm_id = $1 AND id > $2 ORDER BY id LIMIT $3"
    );
    let after = after.unwrap_or(InitialAccessTokenId::MIN);
    tx.all(SQL, &[(&realm).into(), (&after).into(), limit.into()]).await
}

/// Uses a token once more. However many do so at once, no more succeed than it has uses. False: another secret, used up, expired or
/// taken back. One statement.
pub async fn spend(
    tx: &mut Tx,
    realm: RealmId,
    id: InitialAccessTokenId,
    digest: &SecretDigest,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "UPDATE initial_access_tokens SET used = used + 1
        WHERE realm_id = $1 AND id = $2 AND digest = $3 AND used < uses AND expires_at > $4";
    Ok(tx.execute(SQL, &[(&realm).into(), (&id).into(), digest.into(), now.into()]).await? == 1)
}

/// Takes a token back. False: no such token.
pub async fn delete(tx: &mut Tx, realm: RealmId, id: InitialAccessTokenId) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM initial_access_tokens WHERE realm_id = $1 AND id = $2";
    Ok(tx.execute(SQL, &[(&realm).into(), (&id).into()]).await? == 1)
}

/// Deletes at most `limit` tokens that expired before a moment. Returns how many.
pub async fn delete_expired(
    tx: &mut Tx,
    realm: RealmId,
    before: Timestamp,
    limit: u32,
) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM initial_access_tokens WHERE realm_id = $1 AND id IN
        (SELECT t.id FROM initial_access_tokens t WHERE t.realm_id = $1 AND t.expires_at < $2
        ORDER BY t.expires_at LIMIT $3)";
    tx.execute(SQL, &[(&realm).into(), before.into(), limit.into()]).await
}
