//! Who is in which team.

use gatepost_domain::{OrganizationId, RealmId, TeamId, TeamMember, User, UserId};

use crate::users::user_columns;
use crate::value::{FromRow, Joined, Row};
use crate::{Error, Tx};

impl FromRow for TeamMember {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            organization: row.take()?,
            team: row.take()?,
            user: row.take()?,
            created_at: row.take()?,
        })
    }
}

macro_rules! team_member_columns {
    () => {
        "m.realm_id, m.organization_id, m.team_id, m.user_id, m.created_at"
    };
}

/// Puts a member of the organization into a team. False: they are in it already. `Parent`: no such team, or they are no member.
pub async fn add(tx: &mut Tx, member: &TeamMember) -> Result<bool, Error> {
    const SQL: &str = "INSERT INTO team_members (realm_id, organization_id, team_id, user_id, created_at)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (realm_id, organization_id, team_id, user_id) DO NOTHING";
    let params = [
        (&member.realm).into(),
        (&member.organization).into(),
        (&member.team).into(),
        (&member.user).into(),
        member.created_at.into(),
    ];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// That a user is in a team of the organization. One point read.
pub async fn find(
    tx: &mut Tx,
    realm: RealmId,
    (organization, team): (OrganizationId, TeamId),
    user: UserId,
) -> Result<Option<TeamMember>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        team_member_columns!(),
        " FROM team_members m WHERE m.realm_id = $1 AND m.organization_id = $2 AND m.team_id = $3 AND m.user_id = $4"
    );
    tx.optional(SQL, &[(&realm).into(), (&organization).into(), (&team).into(), (&user).into()]).await
}

/// At most `limit` who are in a team with their accounts, in the order the accounts were made, after the given one.
pub async fn list(
    tx: &mut Tx,
    realm: RealmId,
    (organization, team): (OrganizationId, TeamId),
    after: Option<UserId>,
    limit: u32,
) -> Result<Vec<(TeamMember, User)>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        team_member_columns!(),
        ", ",
        user_columns!("u."),
        " FROM team_members m JOIN users u ON u.realm_id = m.realm_id AND u.id = m.user_id
        WHERE m.realm_id = $1 AND m.organization_id = $2 AND m.team_id = $3 AND m.user_id > $4
        ORDER BY m.user_id LIMIT $5"
    );
    let after = after.unwrap_or(UserId::MIN);
    let params = [(&realm).into(), (&organization).into(), (&team).into(), (&after).into(), limit.into()];
    let found: Vec<Joined<_, _>> = tx.all(SQL, &params).await?;
    Ok(found.into_iter().map(|Joined(member, user)| (member, user)).collect())
}

/// How many are in a team.
pub async fn count(
    tx: &mut Tx,
    realm: RealmId,
    (organization, team): (OrganizationId, TeamId),
) -> Result<u64, Error> {
    const SQL: &str =
        "SELECT COUNT(*) FROM team_members WHERE realm_id = $1 AND organization_id = $2 AND team_id = $3";
    let params = [(&realm).into(), (&organization).into(), (&team).into()];
    Ok(tx.optional::<(u64,)>(SQL, &params).await?.map_or(0, |(count,)| count))
}

/// Takes a user out of a team; they stay in the organization. False: they are not in it.
pub async fn remove(
    tx: &mut Tx,
    realm: RealmId,
    (organization, team): (OrganizationId, TeamId),
    user: UserId,
) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM team_members
        WHERE realm_id = $1 AND organization_id = $2 AND team_id = $3 AND user_id = $4";
    let params = [(&realm).into(), (&organization).into(), (&team).into(), (&user).into()];
    Ok(tx.execute(SQL, &params).await? == 1)
}
