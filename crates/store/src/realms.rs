//! Realms.

use gatepost_domain::{Realm, RealmId, RealmName, RealmSettings};

use crate::value::{FromRow, Param, Row, to_json};
use crate::{Error, Tx};

impl FromRow for Realm {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            id: row.take()?,
            name: row.parse()?,
            is_default: row.take()?,
            settings: RealmSettings::from_stored(&row.take::<String>()?)
                .map_err(|_| Error::broken("realms.settings"))?,
            mfa_required_since: row.take_optional()?,
            created_at: row.take()?,
            version: row.take()?,
        })
    }
}

macro_rules! select_realm {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.name, r.is_default, r.settings, r.mfa_required_since, r.created_at, r.version FROM realms r ",
            $rest
        )
    };
}

/// Makes a realm. `Conflict` names what another realm has: the name, a host, being the default.
pub async fn create(tx: &mut Tx, realm: &Realm) -> Result<(), Error> {
    const SQL: &str =
        "INSERT INTO realms (id, name, is_default, settings, mfa_required_since, created_at, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let settings = to_json(&realm.settings)?;
    let params = [
        (&realm.id).into(),
        realm.name.as_str().into(),
        realm.is_default.into(),
        settings.as_str().into(),
        realm.mfa_required_since.into(),
        realm.created_at.into(),
        realm.version.into(),
    ];
    tx.execute(SQL, &params).await?;
    put_hosts(tx, realm.id, &realm.settings).await
}

async fn put_hosts(tx: &mut Tx, realm: RealmId, settings: &RealmSettings) -> Result<(), Error> {
    const CLEAR: &str = "DELETE FROM realm_hosts WHERE realm_id = $1";
    const ADD: &str = "INSERT INTO realm_hosts (host, realm_id) VALUES ($1, $2)";
    tx.execute(CLEAR, &[(&realm).into()]).await?;
    for host in &settings.hosts {
        tx.execute(ADD, &[host.as_str().into(), (&realm).into()]).await?;
    }
    Ok(())
}

/// The realm of an id.
pub async fn find(tx: &mut Tx, id: RealmId) -> Result<Option<Realm>, Error> {
    const SQL: &str = select_realm!("WHERE r.id = $1");
    tx.optional(SQL, &[(&id).into()]).await
}

/// The realm of a name, as in `/r/{name}`.
pub async fn find_by_name(tx: &mut Tx, name: &RealmName) -> Result<Option<Realm>, Error> {
    const SQL: &str = select_realm!("WHERE r.name = $1");
    tx.optional(SQL, &[name.as_str().into()]).await
}

/// The realm of a host name, in lower case, without port.
pub async fn find_by_host(tx: &mut Tx, host: &str) -> Result<Option<Realm>, Error> {
    const SQL: &str = select_realm!("JOIN realm_hosts h ON h.realm_id = r.id WHERE h.host = $1");
    tx.optional(SQL, &[host.into()]).await
}

/// The realm that answers at the root: the one marked so, else the one named `default`.
pub async fn find_default(tx: &mut Tx) -> Result<Option<Realm>, Error> {
    // Two lookups by index: one condition with OR would read every realm.
    const MARKED: &str = select_realm!("WHERE r.is_default");
    const NAMED: &str = select_realm!("WHERE r.name = 'default'");
    match tx.optional(MARKED, &[]).await? {
        Some(realm) => Ok(Some(realm)),
        None => tx.optional(NAMED, &[]).await,
    }
}

/// At most `limit` realms in the order of their making, after the given one.
pub async fn list(tx: &mut Tx, after: Option<RealmId>, limit: u32) -> Result<Vec<Realm>, Error> {
    const SQL: &str = select_realm!("WHERE r.id > $1 ORDER BY r.id LIMIT $2");
    tx.all(SQL, &[(&after.unwrap_or(RealmId::MIN)).into(), limit.into()]).await
}

/// Replaces the settings by those of [`Realm::with_settings`], and the hosts that lead to the realm. With `if_version`, only if the
/// realm is still of that version. `None`: no such realm, or it has moved on.
pub async fn update_settings(
    tx: &mut Tx,
    realm: &Realm,
    if_version: Option<u64>,
) -> Result<Option<Realm>, Error> {
    const SQL: &str = "UPDATE realms SET settings = $2, mfa_required_since = $3, version = version + 1
        WHERE id = $1 AND (CAST($4 AS BIGINT) IS NULL OR version = $4)
        RETURNING id, name, is_default, settings, mfa_required_since, created_at, version";
    let json = to_json(&realm.settings)?;
    let params =
        [(&realm.id).into(), json.as_str().into(), realm.mfa_required_since.into(), if_version.into()];
    let updated = tx.optional(SQL, &params).await?;
    if updated.is_some() {
        put_hosts(tx, realm.id, &realm.settings).await?;
    }
    Ok(updated)
}

/// Makes the realm the one that answers at the root, in place of another. False: no such realm.
pub async fn make_default(tx: &mut Tx, id: RealmId) -> Result<bool, Error> {
    const OTHERS: &str =
        "UPDATE realms SET is_default = FALSE, version = version + 1 WHERE is_default AND id <> $1";
    const THIS: &str = "UPDATE realms SET is_default = TRUE, version = version + 1 WHERE id = $1";
    tx.execute(OTHERS, &[(&id).into()]).await?;
    Ok(tx.execute(THIS, &[(&id).into()]).await? == 1)
}

/// The version of a realm: grows with every change of its settings, roles, clients or keys. `None`: no such realm.
pub async fn version(tx: &mut Tx, id: RealmId) -> Result<Option<u64>, Error> {
    const SQL: &str = "SELECT version FROM realms WHERE id = $1";
    Ok(tx.optional::<(u64,)>(SQL, &[(&id).into()]).await?.map(|(version,)| version))
}

/// Notes that something the realm's snapshot holds has changed.
pub(crate) async fn bump_version(tx: &mut Tx, id: RealmId) -> Result<(), Error> {
    const SQL: &str = "UPDATE realms SET version = version + 1 WHERE id = $1";
    tx.execute(SQL, &[(&id).into()]).await.map(|_| ())
}

/// Deletes a realm with everything in it but its audit trail. False: no such realm.
///
/// One statement for what is in it, however large the realm is; other writes wait for it.
pub async fn delete(tx: &mut Tx, id: RealmId) -> Result<bool, Error> {
    const OUTBOX: &str = "DELETE FROM outbox WHERE realm_id = $1";
    const DELIVERIES: &str = "DELETE FROM webhook_deliveries WHERE realm_id = $1";
    const SQL: &str = "DELETE FROM realms WHERE id = $1";
    let id: Param<'_> = (&id).into();
    tx.execute(OUTBOX, &[id]).await?;
    tx.execute(DELIVERIES, &[id]).await?;
    Ok(tx.execute(SQL, &[id]).await? == 1)
}
