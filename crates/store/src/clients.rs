//! OAuth clients.

use gatepost_domain::{
    Client, ClientId, ClientOrigin, ClientSettings, DisplayName, OrganizationId, RealmId, Timestamp,
    TokenFormat,
    client::{PreviousSecret, RegisteredBy},
};

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
            origin: origin_from(row)?,
            created_at: row.take()?,
            updated_at: row.take()?,
            version: row.take()?,
        })
    }
}

fn origin_from(row: &mut Row<'_>) -> Result<ClientOrigin, Error> {
    let name: String = row.take()?;
    let (token, read_at, fresh_until) = (row.take_optional()?, row.take_optional()?, row.take_optional()?);
    let by = match name.as_str() {
        MANAGED => return Ok(ClientOrigin::Managed),
        DOCUMENT => {
            let times =
                read_at.zip(fresh_until).ok_or_else(|| Error::broken("a document that was never read"))?;
            return Ok(ClientOrigin::Document { read_at: times.0, fresh_until: times.1 });
        }
        OPEN => RegisteredBy::Anybody,
        INITIAL_ACCESS_TOKEN => RegisteredBy::InitialAccessToken,
        _ => return Err(Error::broken("a client of unknown origin")),
    };
    let token = token.ok_or_else(|| Error::broken("a registered client without its token"))?;
    Ok(ClientOrigin::Registered { by, token })
}

const MANAGED: &str = "managed";
const OPEN: &str = "open";
const INITIAL_ACCESS_TOKEN: &str = "initial_access_token";
const DOCUMENT: &str = "document";

macro_rules! client_columns {
    () => {
        "realm_id, id, secret_digest, previous_secret_digest, previous_secret_until, sealed_secret, settings, origin,
         registration_token, document_read_at, document_fresh_until, created_at, updated_at, version"
    };
}

/// Makes the client, or changes it where there is one of that id: its secrets and settings become the given ones.
/// Returns what is stored now; `Conflict(Parent)`: no such realm.
pub async fn upsert(tx: &mut Tx, client: &Client) -> Result<Client, Error> {
    const SQL: &str = concat!(
        "INSERT INTO clients (",
        client_columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1)
        ON CONFLICT (realm_id, id) DO UPDATE SET secret_digest = excluded.secret_digest,
            previous_secret_digest = excluded.previous_secret_digest,
            previous_secret_until = excluded.previous_secret_until, sealed_secret = excluded.sealed_secret,
            settings = excluded.settings, origin = excluded.origin, registration_token = excluded.registration_token,
            document_read_at = excluded.document_read_at, document_fresh_until = excluded.document_fresh_until, updated_at = excluded.updated_at, version = clients.version + 1
        RETURNING ",
        client_columns!()
    );
    let settings = to_json(&client.settings)?;
    let (token, read_at, fresh_until) = match &client.origin {
        ClientOrigin::Managed => (None, None, None),
        ClientOrigin::Registered { token, .. } => (Some(token), None, None),
        ClientOrigin::Document { read_at, fresh_until } => (None, Some(*read_at), Some(*fresh_until)),
    };
    let params = [
        (&client.realm).into(),
        client.id.as_str().into(),
        client.secret.as_ref().into(),
        client.previous_secret.as_ref().map(|previous| &previous.digest).into(),
        client.previous_secret.as_ref().map(|previous| previous.until).into(),
        client.sealed_secret.as_deref().into(),
        settings.as_str().into(),
        client.origin.as_str().into(),
        token.into(),
        read_at.into(),
        fresh_until.into(),
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

/// Of the clients that the realm made those whose tokens are in this format, at most `limit`, in the order of their ids, after the given
/// one.
pub async fn list_in_format(
    tx: &mut Tx,
    realm: RealmId,
    format: TokenFormat,
    after: Option<&ClientId>,
    limit: u32,
) -> Result<Vec<Client>, Error> {
    // As serde writes the setting. A key set may hold such a member, too.
    const SQL: &str = concat!(
        "SELECT ",
        client_columns!(),
        " FROM clients WHERE realm_id = $1 AND origin = 'managed' AND settings LIKE $2 AND id > $3 ORDER BY id LIMIT $4"
    );
    let wanted = format!("%\"token_format\":\"{}\"%", format.name());
    let after = after.map_or("", ClientId::as_str);
    let params = [(&realm).into(), wanted.as_str().into(), after.into(), limit.into()];
    let mut found: Vec<Client> = tx.all(SQL, &params).await?;
    found.retain(|client| client.settings.token_format == format);
    Ok(found)
}

/// The clients of an organization, in the order of their ids.
pub async fn list_of_organization(
    tx: &mut Tx,
    realm: RealmId,
    organization: OrganizationId,
) -> Result<Vec<Client>, Error> {
    // As serde writes the setting. A key set may hold such a member, too.
    const SQL: &str = concat!(
        "SELECT ",
        client_columns!(),
        " FROM clients WHERE realm_id = $1 AND settings LIKE $2 ORDER BY id"
    );
    let pattern = format!("%\"organization\":\"{organization}\"%");
    let mut found: Vec<Client> = tx.all(SQL, &[(&realm).into(), pattern.as_str().into()]).await?;
    found.retain(|client| client.settings.organization == Some(organization));
    Ok(found)
}

/// The document of a client was read again and says what it said: when, and until when that will do. False: no such client, or none
/// that a document describes.
pub async fn read_again(
    tx: &mut Tx,
    realm: RealmId,
    id: &ClientId,
    read_at: Timestamp,
    fresh_until: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "UPDATE clients SET document_read_at = $3, document_fresh_until = $4
        WHERE realm_id = $1 AND id = $2 AND document_read_at IS NOT NULL";
    let params = [(&realm).into(), id.as_str().into(), read_at.into(), fresh_until.into()];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// The names of the clients that the realm made: what nobody else may be called.
pub async fn names_of_managed(tx: &mut Tx, realm: RealmId) -> Result<Vec<DisplayName>, Error> {
    const SQL: &str = "SELECT settings FROM clients WHERE realm_id = $1 AND origin = 'managed'";
    let found: Vec<(String,)> = tx.all(SQL, &[(&realm).into()]).await?;
    let names = found.iter().map(|(settings,)| from_json::<ClientSettings>(settings).map(|read| read.name));
    Ok(names.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// How many clients there are that nobody vouches for.
pub async fn count_unvouched(tx: &mut Tx, realm: RealmId) -> Result<u64, Error> {
    const SQL: &str = "SELECT COUNT(*) FROM clients WHERE realm_id = $1 AND origin IN ('open', 'document')";
    Ok(tx.optional::<(u64,)>(SQL, &[(&realm).into()]).await?.map_or(0, |(count,)| count))
}

/// Deletes at most `limit` clients that nobody vouches for, were made before a moment, and have nobody's agreement. Returns how
/// many.
pub async fn delete_unused(tx: &mut Tx, realm: RealmId, before: Timestamp, limit: u32) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM clients WHERE realm_id = $1 AND id IN
        (SELECT c.id FROM clients c WHERE c.realm_id = $1 AND c.origin IN ('open', 'document') AND c.created_at < $2
        AND NOT EXISTS (SELECT 1 FROM consents a WHERE a.realm_id = c.realm_id AND a.client_id = c.id)
        AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.realm_id = c.realm_id AND g.client_id = c.id)
        AND c.settings NOT LIKE '%\"skip_consent\":true%'
        ORDER BY c.created_at LIMIT $3)";
    let deleted = tx.execute(SQL, &[(&realm).into(), before.into(), limit.into()]).await?;
    if deleted > 0 {
        realms::bump_version(tx, realm).await?;
    }
    Ok(deleted)
}

/// Deletes a client with what it holds: a later client of the same id is another. False: no such client.
pub async fn delete(tx: &mut Tx, realm: RealmId, id: &ClientId) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM clients WHERE realm_id = $1 AND id = $2";
    let gone = tx.execute(SQL, &[(&realm).into(), id.as_str().into()]).await? == 1;
    if gone {
        const GRANTS: &str = "DELETE FROM grants WHERE realm_id = $1 AND client_id = $2";
        tx.execute(GRANTS, &[(&realm).into(), id.as_str().into()]).await?;
        realms::bump_version(tx, realm).await?;
    }
    Ok(gone)
}
