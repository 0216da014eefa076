//! The roles of a realm.

use gatepost_domain::{RealmId, Role, RoleName};

use crate::value::{FromRow, Row, from_json, to_json};
use crate::{Error, Tx, realms};

impl FromRow for Role {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            name: row.parse()?,
            permissions: from_json(&row.take::<String>()?)?,
            inherits: from_json(&row.take::<String>()?)?,
        })
    }
}

/// Makes the given roles the roles of the realm, in place of all others. That they make a graph is for the caller
/// to know ([`RoleGraph`](gatepost_domain::role::RoleGraph)). `Conflict(Parent)`: no such realm.
pub async fn replace(tx: &mut Tx, realm: RealmId, roles: &[Role]) -> Result<(), Error> {
    const CLEAR: &str = "DELETE FROM roles WHERE realm_id = $1";
    const ADD: &str = "INSERT INTO roles (realm_id, name, permissions, inherits) VALUES ($1, $2, $3, $4)";
    tx.execute(CLEAR, &[(&realm).into()]).await?;
    for role in roles {
        let (permissions, inherits) = (to_json(&role.permissions)?, to_json(&role.inherits)?);
        let params = [
            (&realm).into(),
            role.name.as_str().into(),
            permissions.as_str().into(),
            inherits.as_str().into(),
        ];
        tx.execute(ADD, &params).await?;
    }
    realms::bump_version(tx, realm).await
}

/// The roles of the realm, by name.
pub async fn list(tx: &mut Tx, realm: RealmId) -> Result<Vec<Role>, Error> {
    const SQL: &str = "SELECT name, permissions, inherits FROM roles WHERE realm_id = $1 ORDER BY name";
    let mut roles: Vec<Role> = tx.all(SQL, &[(&realm).into()]).await?;
    // The databases do not agree on the order of text.
    roles.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(roles)
}

/// Roles somebody has are a column: names, which have no spaces, with a space between.
pub(crate) fn names_from(text: &str) -> Result<Vec<RoleName>, Error> {
    text.split(' ')
        .filter(|name| !name.is_empty())
        .map(|name| name.parse().map_err(|_| Error::broken("a list of roles")))
        .collect()
}

pub(crate) fn names_to(roles: &[RoleName]) -> String {
    roles.iter().map(RoleName::as_str).collect::<Vec<_>>().join(" ")
}

/// For `' ' || roles || ' ' LIKE … ESCAPE '!'`. A name may hold an underscore, which LIKE takes for any letter.
pub(crate) fn like_name(role: &RoleName) -> String {
    format!("% {} %", role.as_str().replace('_', "!_"))
}
