//! Teams of organizations.

use gatepost_domain::{DisplayName, OrganizationId, RealmId, Team, TeamId, Timestamp, UserId};

use crate::value::{FromRow, Row};
use crate::{Error, Tx, invitations};

impl FromRow for Team {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            organization: row.take()?,
            id: row.take()?,
            name: row.parse()?,
            created_at: row.take()?,
            updated_at: row.take()?,
            version: row.take()?,
        })
    }
}

macro_rules! team_columns {
    () => {
        "t.realm_id, t.organization_id, t.id, t.name, t.created_at, t.updated_at, t.version"
    };
}

/// Makes a team, which nobody is in yet. `Parent`: no such organization.
pub async fn create(tx: &mut Tx, team: &Team) -> Result<(), Error> {
    const SQL: &str =
        "INSERT INTO teams (realm_id, organization_id, id, name, created_at, updated_at, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let params = [
        (&team.realm).into(),
        (&team.organization).into(),
        (&team.id).into(),
        team.name.as_str().into(),
        team.created_at.into(),
        team.updated_at.into(),
        team.version.into(),
    ];
    tx.execute(SQL, &params).await.map(|_| ())
}

/// The team of an id, whatever its organization. One point read.
pub async fn find(tx: &mut Tx, realm: RealmId, id: TeamId) -> Result<Option<Team>, Error> {
    const SQL: &str =
        concat!("SELECT ", team_columns!(), " FROM teams t WHERE t.realm_id = $1 AND t.id = $2");
    tx.optional(SQL, &[(&realm).into(), (&id).into()]).await
}

/// At most `limit` teams of an organization, in the order they were made, after the given one.
pub async fn list(
    tx: &mut Tx,
    realm: RealmId,
    organization: OrganizationId,
    after: Option<TeamId>,
    limit: u32,
) -> Result<Vec<Team>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        team_columns!(),
        " FROM teams t WHERE t.realm_id = $1 AND t.organization_id = $2 AND t.id > $3 ORDER BY t.id LIMIT $4"
    );
    let after = after.unwrap_or(TeamId::MIN);
    tx.all(SQL, &[(&realm).into(), (&organization).into(), (&after).into(), limit.into()]).await
}

/// At most `limit` teams that a user is in, of one organization or of all, in the order they were made, after the given one.
pub async fn list_of(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    organization: Option<OrganizationId>,
    after: Option<TeamId>,
    limit: u32,
) -> Result<Vec<Team>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        team_columns!(),
        " FROM team_members m
        JOIN teams t ON t.realm_id = m.realm_id AND t.organization_id = m.organization_id AND t.id = m.team_id
        WHERE m.realm_id = $1 AND m.user_id = $2 AND m.team_id > $3
        AND (CAST($4 AS BYTEA) IS NULL OR m.organization_id = $4) ORDER BY m.team_id LIMIT $5"
    );
    let after = after.unwrap_or(TeamId::MIN);
    let params =
        [(&realm).into(), (&user).into(), (&after).into(), organization.as_ref().into(), limit.into()];
    tx.all(SQL, &params).await
}

/// How many teams an organization has.
pub async fn count(tx: &mut Tx, realm: RealmId, organization: OrganizationId) -> Result<u64, Error> {
    const SQL: &str = "SELECT COUNT(*) FROM teams WHERE realm_id = $1 AND organization_id = $2";
    let found: Option<(u64,)> = tx.optional(SQL, &[(&realm).into(), (&organization).into()]).await?;
    Ok(found.map_or(0, |(count,)| count))
}

/// Gives a team another name. `None`: the organization has no such team.
pub async fn rename(
    tx: &mut Tx,
    realm: RealmId,
    (organization, id): (OrganizationId, TeamId),
    name: &DisplayName,
    now: Timestamp,
) -> Result<Option<Team>, Error> {
    const SQL: &str = "UPDATE teams SET name = $4, updated_at = $5, version = version + 1
        WHERE realm_id = $1 AND organization_id = $2 AND id = $3
        RETURNING realm_id, organization_id, id, name, created_at, updated_at, version";
    let params = [(&realm).into(), (&organization).into(), (&id).into(), name.as_str().into(), now.into()];
    tx.optional(SQL, &params).await
}

/// Deletes a team; its members stay in the organization, and whoever is invited into it is invited without. False: the organization has
/// no such team.
pub async fn delete(
    tx: &mut Tx,
    realm: RealmId,
    (organization, id): (OrganizationId, TeamId),
) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM teams WHERE realm_id = $1 AND organization_id = $2 AND id = $3";
    // First, as for whoever accepts one: two that wait for what the other holds would both stand still.
    invitations::forget_team(tx, realm, organization, id).await?;
    Ok(tx.execute(SQL, &[(&realm).into(), (&organization).into(), (&id).into()]).await? == 1)
}
