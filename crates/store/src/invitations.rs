//! Invitations into organizations.

use gatepost_domain::{
    EmailAddress, Invitation, InvitationId, Organization, OrganizationId, RealmId, RoleName, TeamId,
    Timestamp, UserId,
};

use crate::organizations::organization_columns;
use crate::value::{FromRow, Joined, Row, like_letters};
use crate::{Error, Tx, roles};

impl FromRow for Invitation {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            id: row.take()?,
            organization: row.take()?,
            email: row.parse()?,
            roles: roles::names_from(&row.take::<String>()?)?,
            teams: teams_from(&row.take::<String>()?)?,
            digest: row.take()?,
            invited_by: row.take_optional()?,
            created_at: row.take()?,
            expires_at: row.take()?,
            accepted_at: row.take_optional()?,
            revoked_at: row.take_optional()?,
        })
    }
}

fn teams_from(list: &str) -> Result<Vec<TeamId>, Error> {
    let read = |id: &str| id.parse().map_err(|_| Error::broken("a list of teams that cannot be read"));
    list.split(' ').filter(|id| !id.is_empty()).map(read).collect()
}

fn teams_to(teams: &[TeamId]) -> String {
    teams.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

macro_rules! invitation_columns {
    () => {
        invitation_columns!("")
    };
    ($table:literal) => {
        concat!(
            $table,
            "realm_id, ",
            $table,
            "id, ",
            $table,
            "organization_id, ",
            $table,
            "email, ",
            $table,
            "roles, ",
            $table,
            "teams, ",
            $table,
            "secret_digest, ",
            $table,
            "invited_by, ",
            $table,
            "created_at, ",
            $table,
            "expires_at, ",
            $table,
            "accepted_at, ",
            $table,
            "revoked_at"
        )
    };
}

/// Keeps an invitation. `Conflict(OpenInvitation)`: the address has an open one into this organization; one that has
/// expired is closed first. `Parent`: no such organization.
pub async fn create(tx: &mut Tx, invitation: &Invitation) -> Result<(), Error> {
    const EXPIRED: &str = "UPDATE invitations SET revoked_at = expires_at
        WHERE realm_id = $1 AND organization_id = $2 AND email_key = $3 AND expires_at <= $4
        AND accepted_at IS NULL AND revoked_at IS NULL";
    const SQL: &str =
        "INSERT INTO invitations (realm_id, id, organization_id, email, email_key, roles, secret_digest,
            invited_by, created_at, expires_at, teams) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let expired = [
        (&invitation.realm).into(),
        (&invitation.organization).into(),
        invitation.email.key().into(),
        invitation.created_at.into(),
    ];
    tx.execute(EXPIRED, &expired).await?;
    let (roles, teams) = (roles::names_to(&invitation.roles), teams_to(&invitation.teams));
    let params = [
        (&invitation.realm).into(),
        (&invitation.id).into(),
        (&invitation.organization).into(),
        invitation.email.as_str().into(),
        invitation.email.key().into(),
        roles.as_str().into(),
        (&invitation.digest).into(),
        invitation.invited_by.as_ref().into(),
        invitation.created_at.into(),
        invitation.expires_at.into(),
        teams.as_str().into(),
    ];
    tx.execute(SQL, &params).await.map(|_| ())
}

/// The invitation of an id, whatever state it is in. One point read.
pub async fn find(tx: &mut Tx, realm: RealmId, id: InvitationId) -> Result<Option<Invitation>, Error> {
    const SQL: &str =
        concat!("SELECT ", invitation_columns!(), " FROM invitations WHERE realm_id = $1 AND id = $2");
    tx.optional(SQL, &[(&realm).into(), (&id).into()]).await
}

/// At most `limit` open invitations of an organization, in the order they were made, after the given one.
pub async fn list(
    tx: &mut Tx,
    realm: RealmId,
    organization: OrganizationId,
    now: Timestamp,
    after: Option<InvitationId>,
    limit: u32,
) -> Result<Vec<Invitation>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        invitation_columns!(),
        " FROM invitations WHERE realm_id = $1 AND organization_id = $2 AND id > $3 AND expires_at > $4
        AND accepted_at IS NULL AND revoked_at IS NULL ORDER BY id LIMIT $5"
    );
    let after = after.unwrap_or(InvitationId::MIN);
    let params = [(&realm).into(), (&organization).into(), (&after).into(), now.into(), limit.into()];
    tx.all(SQL, &params).await
}

/// The open invitation of an address into an organization, if there is one.
pub async fn find_open(
    tx: &mut Tx,
    realm: RealmId,
    organization: OrganizationId,
    email: &EmailAddress,
    now: Timestamp,
) -> Result<Option<Invitation>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        invitation_columns!(),
        " FROM invitations WHERE realm_id = $1 AND organization_id = $2 AND email_key = $3 AND expires_at > $4
        AND accepted_at IS NULL AND revoked_at IS NULL"
    );
    tx.optional(SQL, &[(&realm).into(), (&organization).into(), email.key().into(), now.into()]).await
}

/// At most `limit` open invitations of an address into any organization, each with the organization, in the order they were made, after
/// the given one.
pub async fn list_to(
    tx: &mut Tx,
    realm: RealmId,
    email: &EmailAddress,
    now: Timestamp,
    after: Option<InvitationId>,
    limit: u32,
) -> Result<Vec<(Invitation, Organization)>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        invitation_columns!("i."),
        ", ",
        organization_columns!(),
        " FROM invitations i JOIN organizations o ON o.realm_id = i.realm_id AND o.id = i.organization_id
        WHERE i.realm_id = $1 AND i.email_key = $2 AND i.expires_at > $3 AND i.id > $4
        AND i.accepted_at IS NULL AND i.revoked_at IS NULL ORDER BY i.id LIMIT $5"
    );
    let after = after.unwrap_or(InvitationId::MIN);
    let params = [(&realm).into(), email.key().into(), now.into(), (&after).into(), limit.into()];
    let found: Vec<Joined<_, _>> = tx.all(SQL, &params).await?;
    Ok(found.into_iter().map(|Joined(invitation, organization)| (invitation, organization)).collect())
}

/// How many open invitations an organization has.
pub async fn count(
    tx: &mut Tx,
    realm: RealmId,
    organization: OrganizationId,
    now: Timestamp,
) -> Result<u64, Error> {
    const SQL: &str =
        "SELECT COUNT(*) FROM invitations WHERE realm_id = $1 AND organization_id = $2 AND expires_at > $3
        AND accepted_at IS NULL AND revoked_at IS NULL";
    let params = [(&realm).into(), (&organization).into(), now.into()];
    Ok(tx.optional::<(u64,)>(SQL, &params).await?.map_or(0, |(count,)| count))
}

/// Spends an open invitation. Of any number who do so at once, one succeeds. False: it is not open (any more).
pub async fn accept(tx: &mut Tx, realm: RealmId, id: InvitationId, now: Timestamp) -> Result<bool, Error> {
    const SQL: &str = "UPDATE invitations SET accepted_at = $3
        WHERE realm_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $3";
    Ok(tx.execute(SQL, &[(&realm).into(), (&id).into(), now.into()]).await? == 1)
}

/// Gives an open invitation of the organization another secret, from another who answers for it, and until when it is good: the secret
/// before is refused from now on. `None`: it is not open (any more). One statement.
pub async fn renew(
    tx: &mut Tx,
    invitation: &Invitation,
    now: Timestamp,
) -> Result<Option<Invitation>, Error> {
    const SQL: &str = concat!(
        "UPDATE invitations SET secret_digest = $4, invited_by = $5, expires_at = $6
        WHERE realm_id = $1 AND organization_id = $2 AND id = $3
        AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $7 RETURNING ",
        invitation_columns!()
    );
    let params = [
        (&invitation.realm).into(),
        (&invitation.organization).into(),
        (&invitation.id).into(),
        (&invitation.digest).into(),
        invitation.invited_by.as_ref().into(),
        invitation.expires_at.into(),
        now.into(),
    ];
    tx.optional(SQL, &params).await
}

/// Takes back an open invitation of the organization. False: there is none.
pub async fn revoke(
    tx: &mut Tx,
    realm: RealmId,
    organization: OrganizationId,
    id: InvitationId,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str =
        "UPDATE invitations SET revoked_at = $4 WHERE realm_id = $1 AND organization_id = $2 AND id = $3
        AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $4";
    let params = [(&realm).into(), (&organization).into(), (&id).into(), now.into()];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// Takes back what one user invited into an organization and is still open. Returns how many.
pub async fn revoke_from(
    tx: &mut Tx,
    realm: RealmId,
    organization: OrganizationId,
    inviter: UserId,
    now: Timestamp,
) -> Result<u64, Error> {
    const SQL: &str = "UPDATE invitations SET revoked_at = $4
        WHERE realm_id = $1 AND organization_id = $2 AND invited_by = $3 AND accepted_at IS NULL AND revoked_at IS NULL";
    tx.execute(SQL, &[(&realm).into(), (&organization).into(), (&inviter).into(), now.into()]).await
}

/// Takes back what invites an address into an organization and is still open: whoever has it became a member, or was one,
/// by another decision. Returns how many.
pub async fn revoke_to(
    tx: &mut Tx,
    realm: RealmId,
    organization: OrganizationId,
    email: &EmailAddress,
    now: Timestamp,
) -> Result<u64, Error> {
    const SQL: &str = "UPDATE invitations SET revoked_at = $4
        WHERE realm_id = $1 AND organization_id = $2 AND email_key = $3 AND accepted_at IS NULL AND revoked_at IS NULL";
    tx.execute(SQL, &[(&realm).into(), (&organization).into(), email.key().into(), now.into()]).await
}

/// Takes a team that is deleted out of the open invitations of its organization.
pub(crate) async fn forget_team(
    tx: &mut Tx,
    realm: RealmId,
    organization: OrganizationId,
    team: TeamId,
) -> Result<(), Error> {
    const SQL: &str = "UPDATE invitations SET teams = TRIM(REPLACE(' ' || teams || ' ', ' ' || CAST($3 AS TEXT) || ' ', ' '))
        WHERE realm_id = $1 AND organization_id = $2 AND accepted_at IS NULL AND revoked_at IS NULL
        AND teams LIKE $4 ESCAPE '!'";
    let team = team.to_string();
    let pattern = format!("%{}%", like_letters(&team));
    let params = [(&realm).into(), (&organization).into(), team.as_str().into(), pattern.as_str().into()];
    tx.execute(SQL, &params).await.map(|_| ())
}

/// Whether an open invitation gives the role. Looks through the open invitations of the realm.
pub async fn any_gives_role(
    tx: &mut Tx,
    realm: RealmId,
    role: &RoleName,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "SELECT CAST(1 AS BIGINT) FROM invitations WHERE realm_id = $1 AND expires_at > $3
        AND accepted_at IS NULL AND revoked_at IS NULL AND ' ' || roles || ' ' LIKE $2 ESCAPE '!' LIMIT 1";
    let pattern = roles::like_name(role);
    let found: Option<(i64,)> =
        tx.optional(SQL, &[(&realm).into(), pattern.as_str().into(), now.into()]).await?;
    Ok(found.is_some())
}

/// Deletes at most `limit` invitations that were accepted, taken back or over before `before`. Returns how many; call it again
/// until that is less than `limit`. One statement.
pub async fn delete_closed(tx: &mut Tx, realm: RealmId, before: Timestamp, limit: u32) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM invitations WHERE realm_id = $1 AND id IN (SELECT i.id FROM invitations i
        WHERE i.realm_id = $1 AND (i.accepted_at < $2 OR i.revoked_at < $2 OR i.expires_at < $2) LIMIT $3)";
    tx.execute(SQL, &[(&realm).into(), before.into(), limit.into()]).await
}
