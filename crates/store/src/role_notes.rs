//! What roles of a realm are called beside their name, and what they are for.

use gatepost_domain::{DisplayName, RealmId, RoleName, RoleNotes};

use crate::value::{FromRow, Row};
use crate::{Error, Tx};

struct Kept(RoleName, RoleNotes);

impl FromRow for Kept {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        let role = row.parse()?;
        Ok(Self(role, RoleNotes { display_name: row.parse_optional()?, description: row.take_optional()? }))
    }
}

/// What is kept with the roles of a realm that something is kept with.
pub async fn list(tx: &mut Tx, realm: RealmId) -> Result<Vec<(RoleName, RoleNotes)>, Error> {
    const SQL: &str = "SELECT role, display_name, description FROM role_notes WHERE realm_id = $1";
    let found: Vec<Kept> = tx.all(SQL, &[(&realm).into()]).await?;
    Ok(found.into_iter().map(|Kept(role, notes)| (role, notes)).collect())
}

/// Replaces what is kept with a role. `Conflict(Parent)`: no such realm.
pub async fn set(tx: &mut Tx, realm: RealmId, role: &RoleName, notes: &RoleNotes) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO role_notes (realm_id, role, display_name, description) VALUES ($1, $2, $3, $4)
        ON CONFLICT (realm_id, role) DO UPDATE SET display_name = excluded.display_name, description = excluded.description";
    let params = [
        (&realm).into(),
        role.as_str().into(),
        notes.display_name.as_ref().map(DisplayName::as_str).into(),
        notes.description.as_deref().into(),
    ];
    tx.execute(SQL, &params).await.map(|_| ())
}

/// Forgets what is kept with a role.
pub async fn remove(tx: &mut Tx, realm: RealmId, role: &RoleName) -> Result<(), Error> {
    const SQL: &str = "DELETE FROM role_notes WHERE realm_id = $1 AND role = $2";
    tx.execute(SQL, &[(&realm).into(), role.as_str().into()]).await.map(|_| ())
}
