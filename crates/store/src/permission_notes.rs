//! What permissions of a realm are for. A permission that no role has yet can be written down so.

use gatepost_domain::{Permission, PermissionNotes, RealmId};

use crate::value::{FromRow, Row};
use crate::{Error, Tx};

impl FromRow for PermissionNotes {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            permission: row.parse()?,
            description: row.take()?,
            created_at: row.take()?,
            updated_at: row.take()?,
        })
    }
}

/// The permissions that were written down.
pub async fn list(tx: &mut Tx, realm: RealmId) -> Result<Vec<PermissionNotes>, Error> {
    const SQL: &str =
        "SELECT permission, description, created_at, updated_at FROM permission_notes WHERE realm_id = $1";
    tx.all(SQL, &[(&realm).into()]).await
}

/// Writes a permission down, or what it is for anew: since when it is written down stays. `Conflict(Parent)`: no such realm.
pub async fn set(tx: &mut Tx, realm: RealmId, notes: &PermissionNotes) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO permission_notes (realm_id, permission, description, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (realm_id, permission) DO UPDATE SET description = excluded.description, updated_at = excluded.updated_at";
    let params = [
        (&realm).into(),
        notes.permission.as_str().into(),
        notes.description.as_str().into(),
        notes.created_at.into(),
        notes.updated_at.into(),
    ];
    tx.execute(SQL, &params).await.map(|_| ())
}

/// Strikes a permission out. False: it was not written down.
pub async fn remove(tx: &mut Tx, realm: RealmId, permission: &Permission) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM permission_notes WHERE realm_id = $1 AND permission = $2";
    Ok(tx.execute(SQL, &[(&realm).into(), permission.as_str().into()]).await? == 1)
}
