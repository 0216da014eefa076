//! Who belongs to which organization, and as what.

mod choose;

use std::time::Duration;

use gatepost_domain::mfa::{self, Demand, Level, Missing};
use gatepost_domain::{
    Membership, OrganizationId, OutboxId, RealmId, RoleName, Session, Timestamp, User, UserId,
};

use crate::users::{has_second_factor, user_columns};
use crate::value::{FromRow, Joined, Row};
use crate::{Error, Tx, roles, users};

pub use choose::{Choice, Chosen, Order, Slice, choose};

impl FromRow for Membership {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            organization: row.take()?,
            user: row.take()?,
            roles: roles::names_from(&row.take::<String>()?)?,
            created_at: row.take()?,
            updated_at: row.take()?,
            version: row.take()?,
        })
    }
}

macro_rules! membership_columns {
    ($table:literal) => {
        concat!(
            $table,
            "realm_id, ",
            $table,
            "organization_id, ",
            $table,
            "user_id, ",
            $table,
            "roles, ",
            $table,
            "created_at, ",
            $table,
            "updated_at, ",
            $table,
            "version"
        )
    };
}
pub(crate) use membership_columns;

/// Adds a member. `Conflict(Member)`: the user is one already; `Parent`: no such organization or user.
pub async fn create(tx: &mut Tx, membership: &Membership) -> Result<(), Error> {
    const SQL: &str =
        "INSERT INTO memberships (realm_id, organization_id, user_id, roles, created_at, updated_at,
            version) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let roles = roles::names_to(&membership.roles);
    let params = [
        (&membership.realm).into(),
        (&membership.organization).into(),
        (&membership.user).into(),
        roles.as_str().into(),
        membership.created_at.into(),
        membership.updated_at.into(),
        membership.version.into(),
    ];
    tx.execute(SQL, &params).await.map(|_| ())
}

/// What the user is in the organization. `None`: nothing. One point read.
pub async fn find(
    tx: &mut Tx,
    realm: RealmId,
    organization: OrganizationId,
    user: UserId,
) -> Result<Option<Membership>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        membership_columns!("m."),
        " FROM memberships m WHERE m.realm_id = $1 AND m.organization_id = $2 AND m.user_id = $3"
    );
    tx.optional(SQL, &[(&realm).into(), (&organization).into(), (&user).into()]).await
}

/// Somebody who wants to act in an organization: what they are there, and what of it their session lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acting {
    /// What they are there.
    pub member: Membership,
    /// What the organization asks for beside.
    pub missing: Missing,
}

impl Acting {
    /// What they are there, if they may act.
    pub fn allowed(self) -> Option<Membership> {
        self.missing.is_passed().then_some(self.member)
    }
}

/// With what somebody wants to act in an organization: how far their session has got, and the grace of the realm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bearing {
    /// By how many factors they proved to be who they are.
    pub level: Level,
    /// How long after an organization began to ask for a second factor it is not missed.
    pub grace: Duration,
}

impl Bearing {
    /// Of a session. Without one nothing says how somebody proved to be who they are.
    pub fn of(session: Option<&Session>, grace: Duration) -> Self {
        Self { level: session.map_or(Level::One, |session| Level::of(&session.amr)), grace }
    }
}

/// What the user is in the organization, and whether they may act in it by a session that got that far. `None`: nothing. Whatever
/// acts for a person in an organization asks this, and not [`find`]. One point read, and another where a second factor is asked for
/// and was not shown.
pub async fn find_acting(
    tx: &mut Tx,
    realm: RealmId,
    organization: OrganizationId,
    user: UserId,
    bearing: Bearing,
    now: Timestamp,
) -> Result<Option<Acting>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        membership_columns!("m."),
        ", o.mfa_required_since FROM memberships m
        JOIN organizations o ON o.realm_id = m.realm_id AND o.id = m.organization_id
        WHERE m.realm_id = $1 AND m.organization_id = $2 AND m.user_id = $3"
    );
    let found: Option<Joined<Membership, Since>> =
        tx.optional(SQL, &[(&realm).into(), (&organization).into(), (&user).into()]).await?;
    let Some(Joined(member, Since(since))) = found else { return Ok(None) };
    let missing = match (since, bearing.level) {
        (None, _) | (_, Level::Two) => Missing::Nothing,
        (Some(since), Level::One) => {
            let demand = Demand { since, grace: bearing.grace };
            match without_factor(tx, realm, user).await? {
                None => Missing::Factor,
                Some(created_at) => mfa::missing(Some(demand), false, created_at, now),
            }
        }
    };
    Ok(Some(Acting { member, missing }))
}

/// Since when an organization asks for a second factor.
struct Since(Option<Timestamp>);

impl FromRow for Since {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self(row.take_optional()?))
    }
}

/// When the account was made, if it has no second factor.
async fn without_factor(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<Option<Timestamp>, Error> {
    const SQL: &str = concat!(
        "SELECT u.created_at FROM users u WHERE u.realm_id = $1 AND u.id = $2 AND NOT ",
        has_second_factor!("$1", "$2")
    );
    let found: Option<(Timestamp,)> = tx.optional(SQL, &[(&realm).into(), (&user).into()]).await?;
    Ok(found.map(|(created_at,)| created_at))
}

/// At most `limit` members with their accounts, in the order the accounts were made, after the given one; with `has_factor` those who
/// have a second factor, or those who have none.
pub async fn list(
    tx: &mut Tx,
    realm: RealmId,
    organization: OrganizationId,
    has_factor: Option<bool>,
    after: Option<UserId>,
    limit: u32,
) -> Result<Vec<(Membership, User)>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        membership_columns!("m."),
        ", ",
        user_columns!("u."),
        " FROM memberships m JOIN users u ON u.realm_id = m.realm_id AND u.id = m.user_id
        WHERE m.realm_id = $1 AND m.organization_id = $2 AND m.user_id > $3
        AND (CAST($5 AS BOOLEAN) IS NULL OR ",
        has_second_factor!("m.realm_id", "m.user_id"),
        " = $5)
        ORDER BY m.user_id LIMIT $4"
    );
    let after = after.unwrap_or(UserId::MIN);
    let params = [(&realm).into(), (&organization).into(), (&after).into(), limit.into(), has_factor.into()];
    let found: Vec<Joined<_, _>> = tx.all(SQL, &params).await?;
    Ok(found.into_iter().map(|Joined(membership, user)| (membership, user)).collect())
}

/// Gives a member other roles, and tells verifiers that tokens state the old ones. `None`: no such member.
pub async fn set_roles(
    tx: &mut Tx,
    realm: RealmId,
    organization: OrganizationId,
    user: UserId,
    roles: &[RoleName],
    now: Timestamp,
    message: OutboxId,
) -> Result<Option<Membership>, Error> {
    const SQL: &str = concat!(
        "UPDATE memberships SET roles = $4, updated_at = $5, version = version + 1
        WHERE realm_id = $1 AND organization_id = $2 AND user_id = $3 RETURNING ",
        membership_columns!("")
    );
    let list = roles::names_to(roles);
    let params = [(&realm).into(), (&organization).into(), (&user).into(), list.as_str().into(), now.into()];
    let changed: Option<Membership> = tx.optional(SQL, &params).await?;
    if changed.is_some() {
        users::rights_changed(tx, realm, user, now, message).await?;
    }
    Ok(changed)
}

/// Removes a member, and tells verifiers. False: no such member.
pub async fn remove(
    tx: &mut Tx,
    realm: RealmId,
    organization: OrganizationId,
    user: UserId,
    now: Timestamp,
    message: OutboxId,
) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM memberships WHERE realm_id = $1 AND organization_id = $2 AND user_id = $3";
    let gone = tx.execute(SQL, &[(&realm).into(), (&organization).into(), (&user).into()]).await? == 1;
    if gone {
        users::rights_changed(tx, realm, user, now, message).await?;
    }
    Ok(gone)
}

/// Whether anybody else belongs to the organization.
pub async fn others_belong(
    tx: &mut Tx,
    realm: RealmId,
    organization: OrganizationId,
    except: UserId,
) -> Result<bool, Error> {
    const SQL: &str = "SELECT CAST(1 AS BIGINT) FROM memberships
        WHERE realm_id = $1 AND organization_id = $2 AND user_id <> $3 LIMIT 1";
    let found: Option<(i64,)> =
        tx.optional(SQL, &[(&realm).into(), (&organization).into(), (&except).into()]).await?;
    Ok(found.is_some())
}

/// Whether anybody else who can sign in owns the organization. Asked in the transaction that takes ownership away: it runs
/// as if it were alone, so of two who do so at once one finds nobody else.
pub async fn others_own(
    tx: &mut Tx,
    realm: RealmId,
    organization: OrganizationId,
    except: UserId,
) -> Result<bool, Error> {
    const SQL: &str = "SELECT CAST(1 AS BIGINT) FROM memberships m
        JOIN users u ON u.realm_id = m.realm_id AND u.id = m.user_id
        WHERE m.realm_id = $1 AND m.organization_id = $2 AND m.user_id <> $3 AND u.disabled_at IS NULL
        AND ' ' || m.roles || ' ' LIKE $4 ESCAPE '!' LIMIT 1";
    let owner = roles::like_name(&RoleName::owner());
    let params = [(&realm).into(), (&organization).into(), (&except).into(), owner.as_str().into()];
    let found: Option<(i64,)> = tx.optional(SQL, &params).await?;
    Ok(found.is_some())
}

/// Which organizations a user owns, alone or with others.
pub async fn owned_by(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<Vec<OrganizationId>, Error> {
    const SQL: &str = "SELECT organization_id FROM memberships WHERE realm_id = $1 AND user_id = $2
        AND ' ' || roles || ' ' LIKE $3 ESCAPE '!' ORDER BY organization_id";
    let owner = roles::like_name(&RoleName::owner());
    let found: Vec<(OrganizationId,)> =
        tx.all(SQL, &[(&realm).into(), (&user).into(), owner.as_str().into()]).await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// Whether any member of any organization has the role. Looks through the members who have roles.
pub async fn anyone_has_role(tx: &mut Tx, realm: RealmId, role: &RoleName) -> Result<bool, Error> {
    const SQL: &str = "SELECT CAST(1 AS BIGINT) FROM memberships WHERE realm_id = $1
        AND roles <> '' AND ' ' || roles || ' ' LIKE $2 ESCAPE '!' LIMIT 1";
    let pattern = roles::like_name(role);
    let found: Option<(i64,)> = tx.optional(SQL, &[(&realm).into(), pattern.as_str().into()]).await?;
    Ok(found.is_some())
}

/// How many members have the role, of one organization or of all. Looks through the members who have roles.
pub async fn count_with_role(
    tx: &mut Tx,
    realm: RealmId,
    organization: Option<OrganizationId>,
    role: &RoleName,
) -> Result<u64, Error> {
    const SQL: &str = "SELECT COUNT(*) FROM memberships WHERE realm_id = $1
        AND (CAST($3 AS BYTEA) IS NULL OR organization_id = $3)
        AND roles <> '' AND ' ' || roles || ' ' LIKE $2 ESCAPE '!'";
    let pattern = roles::like_name(role);
    let params = [(&realm).into(), pattern.as_str().into(), organization.as_ref().into()];
    Ok(tx.optional::<(u64,)>(SQL, &params).await?.map_or(0, |(count,)| count))
}
