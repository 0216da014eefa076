//! OAuth clients.

use gatepost_domain::{Client, ClientId, RealmId, client::PreviousSecret};

use crate::value::{FromRow, Row, from_json, to_json};
use crate::{Error, Tx, realms};

impl FromRow for Client {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            id: row.parse()?,
            secret: row.take_optional()?,
            previous_secret: match (row.take_optional()?, row.take_optional()?) {
                (Some(digest), Some(until)) => Some(PreviousSecret { digest, until }),
                _ => None,
            },
            sealed_secret: row.take_optional()?,
            settings: from_json(&row.take::<String>()?)?,
            created_at: row.take()?,
            updated_at: row.take()?,
            version: row.take()?,
        })
    }
}

macro_rules! client_columns {
    () => {
        "realm_id, id, secret_digest, previous_secret_digest, previous_secret_until, sealed_secret, settings, created_at,
         updated_at, version"
    };
}

/// Makes the client, or changes it where there is one of that id: its secrets and settings become the given ones.
/// Returns what is stored now; `Conflict(Parent)`: no such realm.
pub async fn upsert(tx: &mut Tx, client: &Client) -> Result<Client, Error> {
    const SQL: &str = concat!(
        "INSERT INTO clients (",
        client_columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)
        ON CONFLICT (realm_id, id) DO UPDATE SET secret_digest = excluded.secret_digest,
            previous_secret_digest = excluded.previous_secret_digest,
            previous_secret_until = excluded.previous_secret_until, sealed_secret = excluded.sealed_secret,
            settings = excluded.settings, updated_at = excluded.updated_at, version = clients.version + 1
        RETURNING ",
        client_columns!()
    );
    let settings = to_json(&client.settings)?;
    let params = [
        (&client.realm).into(),
        client.id.as_str().into(),
        client.secret.as_ref().into(),
        client.previous_secret.as_ref().map(|previous| &previous.digest).into(),
        client.previous_secret.as_ref().map(|previous| previous.until).into(),
        client.sealed_secret.as_deref().into(),
        settings.as_str().into(),
        client.created_at.into(),
        client.updated_at.into(),
    ];
    let stored =
        tx.optional(SQL, &params).await?.ok_or_else(|| Error::broken("a client that was just written"))?;
    realms::bump_version(tx, client.realm).await?;
    Ok(stored)
}

/// The client of an id.
pub async fn find(tx: &mut Tx, realm: RealmId, id: &ClientId) -> Result<Option<Client>, Error> {
    const SQL: &str = concat!("SELECT ", client_columns!(), " FROM clients WHERE realm_id = $1 AND id = $2");
    tx.optional(SQL, &[(&realm).into(), id.as_str().into()]).await
}

/// At most `limit` clients in the order of their ids, after the given one.
pub async fn list(
    tx: &mut Tx,
    realm: RealmId,
    after: Option<&ClientId>,
    limit: u32,
) -> Result<Vec<Client>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        client_columns!(),
        " FROM clients WHERE realm_id = $1 AND id > $2 ORDER BY id LIMIT $3"
    );
    tx.all(SQL, &[(&realm).into(), after.map_or("", ClientId::as_str).into(), limit.into()]).await
}

/// Whether a client of the realm signs people in with OpenID Connect: has the scope `openid`.
pub async fn any_signs_people_in(tx: &mut Tx, realm: RealmId) -> Result<bool, Error> {
    // A scope in the JSON of the settings; no other member could hold the word alone.
    const SQL: &str =
        "SELECT CAST(1 AS BIGINT) FROM clients WHERE realm_id = $1 AND settings LIKE '%\"openid\"%' LIMIT 1";
    Ok(tx.optional::<(i64,)>(SQL, &[(&realm).into()]).await?.is_some())
}

/// Deletes a client. Its grants end by themselves: a refresh needs the client. False: no such client.
pub async fn delete(tx: &mut Tx, realm: RealmId, id: &ClientId) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM clients WHERE realm_id = $1 AND id = $2";
    let gone = tx.execute(SQL, &[(&realm).into(), id.as_str().into()]).await? == 1;
    if gone {
        realms::bump_version(tx, realm).await?;
    }
    Ok(gone)
}
