//! API keys.

use gatepost_domain::api_key::{ApiKey, KeyOwner};
use gatepost_domain::{ApiKeyId, ClientId, DisplayName, OrganizationId, RealmId, Timestamp, UserId};

use crate::value::{FromRow, Param, Row};
use crate::{Error, Tx};

impl FromRow for ApiKey {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            id: row.take()?,
            owner: owner_from(row.take_optional()?, row.take_optional()?, row.parse_optional()?)?,
            name: row.parse()?,
            scopes: row.parse()?,
            digest: row.take()?,
            created_by: row.take_optional()?,
            created_at: row.take()?,
            expires_at: row.take_optional()?,
            last_used_at: row.take_optional()?,
            revoked_at: row.take_optional()?,
            successor: row.take_optional()?,
        })
    }
}

fn owner_from(
    user: Option<UserId>,
    organization: Option<OrganizationId>,
    client: Option<ClientId>,
) -> Result<KeyOwner, Error> {
    match (user, organization, client) {
        (Some(user), None, None) => Ok(KeyOwner::User(user)),
        (None, Some(organization), None) => Ok(KeyOwner::Organization(organization)),
        (None, None, Some(client)) => Ok(KeyOwner::Client(client)),
        _ => Err(Error::broken("an API key has one owner")),
    }
}

/// The owner as the three columns.
fn owner_to(owner: &KeyOwner) -> [Param<'_>; 3] {
    match owner {
        KeyOwner::User(user) => [user.into(), Param::Null, Param::Null],
        KeyOwner::Organization(organization) => [Param::Null, organization.into(), Param::Null],
        KeyOwner::Client(client) => [Param::Null, Param::Null, client.as_str().into()],
    }
}

macro_rules! key_columns {
    () => {
        "realm_id, id, user_id, organization_id, client_id, name, scopes, secret_digest, created_by, created_at,
            expires_at, last_used_at, revoked_at, successor"
    };
}

/// Keeps a key. `Conflict(Parent)`: its owner is gone.
pub async fn create(tx: &mut Tx, key: &ApiKey) -> Result<(), Error> {
    const SQL: &str = concat!(
        "INSERT INTO api_keys (",
        key_columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
    );
    let [user, organization, client] = owner_to(&key.owner);
    let scopes = key.scopes.to_string();
    let params = [
        (&key.realm).into(),
        (&key.id).into(),
        user,
        organization,
        client,
        key.name.as_str().into(),
        scopes.as_str().into(),
        (&key.digest).into(),
        key.created_by.as_ref().into(),
        key.created_at.into(),
        key.expires_at.into(),
        key.last_used_at.into(),
        key.revoked_at.into(),
        key.successor.as_ref().into(),
    ];
    tx.execute(SQL, &params).await.map(|_| ())
}

/// The key of an id, whatever state it is in. One point read.
pub async fn find(tx: &mut Tx, realm: RealmId, id: ApiKeyId) -> Result<Option<ApiKey>, Error> {
    const SQL: &str = concat!("SELECT ", key_columns!(), " FROM api_keys WHERE realm_id = $1 AND id = $2");
    tx.optional(SQL, &[(&realm).into(), (&id).into()]).await
}

/// At most `limit` keys of an owner that were not revoked, in the order they were made, after the given one.
pub async fn list(
    tx: &mut Tx,
    realm: RealmId,
    owner: &KeyOwner,
    after: Option<ApiKeyId>,
    limit: u32,
) -> Result<Vec<ApiKey>, Error> {
    const OF_USER: &str = concat!(
        "SELECT ",
        key_columns!(),
        " FROM api_keys WHERE realm_id = $1 AND user_id = $2 AND id > $3 AND revoked_at IS NULL ORDER BY id LIMIT $4"
    );
    const OF_ORGANIZATION: &str = concat!(
        "SELECT ",
        key_columns!(),
        " FROM api_keys
        WHERE realm_id = $1 AND organization_id = $2 AND id > $3 AND revoked_at IS NULL ORDER BY id LIMIT $4"
    );
    const OF_CLIENT: &str = concat!(
        "SELECT ",
        key_columns!(),
        " FROM api_keys WHERE realm_id = $1 AND client_id = $2 AND id > $3 AND revoked_at IS NULL ORDER BY id LIMIT $4"
    );
    let (sql, owner) = match owner {
        KeyOwner::User(user) => (OF_USER, user.into()),
        KeyOwner::Organization(organization) => (OF_ORGANIZATION, organization.into()),
        KeyOwner::Client(client) => (OF_CLIENT, client.as_str().into()),
    };
    let after = after.unwrap_or(ApiKeyId::MIN);
    tx.all(sql, &[(&realm).into(), owner, (&after).into(), limit.into()]).await
}

/// The newest key of an owner and a name that is good at `now` and was not rotated.
pub async fn find_by_name(
    tx: &mut Tx,
    realm: RealmId,
    owner: &KeyOwner,
    name: &DisplayName,
    now: Timestamp,
) -> Result<Option<ApiKey>, Error> {
    const OF_USER: &str = concat!(
        "SELECT ",
        key_columns!(),
        " FROM api_keys WHERE realm_id = $1 AND user_id = $2 AND name = $3 AND revoked_at IS NULL AND successor IS NULL
        AND (expires_at IS NULL OR expires_at > $4) ORDER BY id DESC LIMIT 1"
    );
    const OF_ORGANIZATION: &str = concat!(
        "SELECT ",
        key_columns!(),
        " FROM api_keys
        WHERE realm_id = $1 AND organization_id = $2 AND name = $3 AND revoked_at IS NULL AND successor IS NULL
        AND (expires_at IS NULL OR expires_at > $4) ORDER BY id DESC LIMIT 1"
    );
    const OF_CLIENT: &str = concat!(
        "SELECT ",
        key_columns!(),
        " FROM api_keys WHERE realm_id = $1 AND client_id = $2 AND name = $3 AND revoked_at IS NULL AND successor IS NULL
        AND (expires_at IS NULL OR expires_at > $4) ORDER BY id DESC LIMIT 1"
    );
    let (sql, owner) = match owner {
        KeyOwner::User(user) => (OF_USER, user.into()),
        KeyOwner::Organization(organization) => (OF_ORGANIZATION, organization.into()),
        KeyOwner::Client(client) => (OF_CLIENT, client.as_str().into()),
    };
    tx.optional(sql, &[(&realm).into(), owner, name.as_str().into(), now.into()]).await
}

/// How many keys an owner has that are good at `now`: not revoked, and not over.
pub async fn count(tx: &mut Tx, realm: RealmId, owner: &KeyOwner, now: Timestamp) -> Result<u64, Error> {
    const OF_USER: &str =
        "SELECT COUNT(*) FROM api_keys WHERE realm_id = $1 AND user_id = $2 AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > $3)";
    const OF_ORGANIZATION: &str =
        "SELECT COUNT(*) FROM api_keys WHERE realm_id = $1 AND organization_id = $2 AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > $3)";
    const OF_CLIENT: &str =
        "SELECT COUNT(*) FROM api_keys WHERE realm_id = $1 AND client_id = $2 AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > $3)";
    let (sql, owner) = match owner {
        KeyOwner::User(user) => (OF_USER, user.into()),
        KeyOwner::Organization(organization) => (OF_ORGANIZATION, organization.into()),
        KeyOwner::Client(client) => (OF_CLIENT, client.as_str().into()),
    };
    Ok(tx.optional::<(u64,)>(sql, &[(&realm).into(), owner, now.into()]).await?.map_or(0, |(count,)| count))
}

/// Another name for a key. False: no such key, or revoked.
pub async fn rename(tx: &mut Tx, realm: RealmId, id: ApiKeyId, name: &DisplayName) -> Result<bool, Error> {
    const SQL: &str = "UPDATE api_keys SET name = $3 WHERE realm_id = $1 AND id = $2 AND revoked_at IS NULL";
    Ok(tx.execute(SQL, &[(&realm).into(), (&id).into(), name.as_str().into()]).await? == 1)
}

/// Notes which key takes the place of this one, which ends at `end`, or sooner if it would have. Once: of any number who do
/// so, one succeeds. False: no such key, or it was rotated or revoked before.
pub async fn retire(
    tx: &mut Tx,
    realm: RealmId,
    id: ApiKeyId,
    successor: ApiKeyId,
    end: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "UPDATE api_keys SET successor = $3,
            expires_at = CASE WHEN expires_at IS NULL OR expires_at > $4 THEN $4 ELSE expires_at END
        WHERE realm_id = $1 AND id = $2 AND revoked_at IS NULL AND successor IS NULL";
    Ok(tx.execute(SQL, &[(&realm).into(), (&id).into(), (&successor).into(), end.into()]).await? == 1)
}

/// Ends a key for good. False: no such key, or ended before.
pub async fn revoke(tx: &mut Tx, realm: RealmId, id: ApiKeyId, now: Timestamp) -> Result<bool, Error> {
    const SQL: &str =
        "UPDATE api_keys SET revoked_at = $3 WHERE realm_id = $1 AND id = $2 AND revoked_at IS NULL";
    Ok(tx.execute(SQL, &[(&realm).into(), (&id).into(), now.into()]).await? == 1)
}

/// Notes that a key was used; never back in time.
pub async fn touch(tx: &mut Tx, realm: RealmId, id: ApiKeyId, now: Timestamp) -> Result<(), Error> {
    const SQL: &str = "UPDATE api_keys SET last_used_at = $3
        WHERE realm_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < $3)";
    tx.execute(SQL, &[(&realm).into(), (&id).into(), now.into()]).await.map(|_| ())
}

/// Ends every key of organizations that a user made and that is good at `now`, for good: the user knows them. Returns which.
pub async fn revoke_made_by(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<ApiKeyId>, Error> {
    const SQL: &str = "UPDATE api_keys SET revoked_at = $3 WHERE realm_id = $1 AND created_by = $2 AND organization_id IS NOT NULL
        AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3) RETURNING id";
    ids(tx, SQL, &[(&realm).into(), (&user).into(), now.into()]).await
}

/// The ids that a statement returns, in their order.
async fn ids(tx: &mut Tx, sql: &'static str, params: &[Param<'_>]) -> Result<Vec<ApiKeyId>, Error> {
    let mut ids: Vec<ApiKeyId> = tx.all(sql, params).await?.into_iter().map(|(id,)| id).collect();
    ids.sort_unstable();
    Ok(ids)
}

/// Ends every key of an owner that is good at `now`, for good. Returns which.
pub async fn revoke_all(
    tx: &mut Tx,
    realm: RealmId,
    owner: &KeyOwner,
    now: Timestamp,
) -> Result<Vec<ApiKeyId>, Error> {
    const OF_USER: &str =
        "UPDATE api_keys SET revoked_at = $3 WHERE realm_id = $1 AND user_id = $2 AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > $3) RETURNING id";
    const OF_ORGANIZATION: &str =
        "UPDATE api_keys SET revoked_at = $3 WHERE realm_id = $1 AND organization_id = $2 AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > $3) RETURNING id";
    const OF_CLIENT: &str =
        "UPDATE api_keys SET revoked_at = $3 WHERE realm_id = $1 AND client_id = $2 AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > $3) RETURNING id";
    let (sql, owner) = match owner {
        KeyOwner::User(user) => (OF_USER, user.into()),
        KeyOwner::Organization(organization) => (OF_ORGANIZATION, organization.into()),
        KeyOwner::Client(client) => (OF_CLIENT, client.as_str().into()),
    };
    ids(tx, sql, &[(&realm).into(), owner, now.into()]).await
}
