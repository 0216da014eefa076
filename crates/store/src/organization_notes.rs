//! What applications keep with organizations.

use gatepost_domain::{Notes, OrganizationId, RealmId};

use crate::value::{FromRow, Row, from_json, to_json};
use crate::{Error, Tx};

struct Kept(Notes);

impl FromRow for Kept {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        let external_id = row.take_optional()?;
        Ok(Self(Notes { external_id, metadata: from_json(&row.take::<String>()?)? }))
    }
}

/// What is kept with an organization; nothing where there is none. One point read.
pub async fn find(tx: &mut Tx, realm: RealmId, organization: OrganizationId) -> Result<Notes, Error> {
    const SQL: &str =
        "SELECT external_id, metadata FROM organization_notes WHERE realm_id = $1 AND organization_id = $2";
    let found: Option<Kept> = tx.optional(SQL, &[(&realm).into(), (&organization).into()]).await?;
    Ok(found.map(|Kept(notes)| notes).unwrap_or_default())
}

/// The organization that is called so elsewhere. One point read.
pub async fn find_by_external_id(
    tx: &mut Tx,
    realm: RealmId,
    external_id: &str,
) -> Result<Option<OrganizationId>, Error> {
    const SQL: &str =
        "SELECT organization_id FROM organization_notes WHERE realm_id = $1 AND external_id = $2";
    let found: Option<(OrganizationId,)> = tx.optional(SQL, &[(&realm).into(), external_id.into()]).await?;
    Ok(found.map(|(id,)| id))
}

/// Replaces what is kept with an organization. `Conflict(ExternalId)`: another is called so; `Parent`: there is no such organization.
pub async fn set(
    tx: &mut Tx,
    realm: RealmId,
    organization: OrganizationId,
    notes: &Notes,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO organization_notes (realm_id, organization_id, external_id, metadata) VALUES ($1, $2, $3, $4)
        ON CONFLICT (realm_id, organization_id) DO UPDATE SET external_id = excluded.external_id, metadata = excluded.metadata";
    let metadata = to_json(&notes.metadata)?;
    let params = [
        (&realm).into(),
        (&organization).into(),
        notes.external_id.as_deref().into(),
        metadata.as_str().into(),
    ];
    tx.execute(SQL, &params).await.map(|_| ())
}
