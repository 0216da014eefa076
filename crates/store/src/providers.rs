//! Providers that people may sign in by.

use gatepost_domain::{Provider, ProviderSettings, RealmId};

use crate::value::{FromRow, Row, to_json};
use crate::{Error, Tx, realms};

impl FromRow for Provider {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            id: row.parse()?,
            position: row.take()?,
            settings: ProviderSettings::from_stored(&row.take::<String>()?)
                .map_err(|_| Error::broken("providers.settings"))?,
            sealed_secret: row.take_optional()?,
            created_at: row.take()?,
            updated_at: row.take()?,
        })
    }
}

/// Makes the provider, or changes it where there is one of that id. `Conflict(Parent)`: no such realm.
pub async fn upsert(tx: &mut Tx, provider: &Provider) -> Result<(), Error> {
    const SQL: &str =
        "INSERT INTO providers (realm_id, id, position, settings, sealed_secret, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (realm_id, id) DO UPDATE SET position = excluded.position, settings = excluded.settings,
            sealed_secret = excluded.sealed_secret, updated_at = excluded.updated_at";
    let settings = to_json(&provider.settings)?;
    let params = [
        (&provider.realm).into(),
        provider.id.as_str().into(),
        provider.position.into(),
        settings.as_str().into(),
        provider.sealed_secret.as_deref().into(),
        provider.created_at.into(),
        provider.updated_at.into(),
    ];
    tx.execute(SQL, &params).await?;
    realms::bump_version(tx, provider.realm).await
}

/// The providers of the realm, in their order.
pub async fn list(tx: &mut Tx, realm: RealmId) -> Result<Vec<Provider>, Error> {
    const SQL: &str = "SELECT realm_id, id, position, settings, sealed_secret, created_at, updated_at
        FROM providers WHERE realm_id = $1";
    let mut providers: Vec<Provider> = tx.all(SQL, &[(&realm).into()]).await?;
    // The databases do not agree on the order of text.
    providers.sort_by(|a, b| (a.position, a.id.as_str()).cmp(&(b.position, b.id.as_str())));
    Ok(providers)
}
