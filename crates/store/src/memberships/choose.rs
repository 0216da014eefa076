//! Members of an organization, chosen, put in order and counted.

use gatepost_domain::{
    Membership, OrganizationId, PersonalClaims, RealmId, RoleName, Timestamp, User, UserId,
};

use super::membership_columns;
use crate::users::user_columns;
use crate::value::{FromRow, Joined, Row};
use crate::{Error, Tx, personal_claims, roles};

/// Which members; what is `None` leaves nobody out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// Those whose roles are one of these lists, or with `false` those whose roles are none of them.
    pub roles: Option<(Vec<Vec<RoleName>>, bool)>,
    /// This user, or with `false` everybody else.
    pub user: Option<(UserId, bool)>,
    /// Members since then or later.
    pub since: Option<Timestamp>,
    /// Members since before.
    pub before: Option<Timestamp>,
}

/// What members are put in order by; who is alike there, in the order their accounts were made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// The account: in the order they were made.
    #[default]
    Account,
    /// Since when they are members.
    Since,
    /// The text of their roles.
    Roles,
}

/// Which part of those who were chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// In which order.
    pub order: Order,
    /// The other way round.
    pub descending: bool,
    /// How many are left out first.
    pub offset: u32,
    /// How many at the most.
    pub limit: u32,
}

impl Slice {
    fn name(self) -> &'static str {
        match (self.order, self.descending) {
            (Order::Account, false) => "account",
            (Order::Account, true) => "-account",
            (Order::Since, false) => "since",
            (Order::Since, true) => "-since",
            (Order::Roles, false) => "roles",
            (Order::Roles, true) => "-roles",
        }
    }
}

/// A member, the account, and what else is known of who has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// What they are there.
    pub member: Membership,
    /// The account.
    pub user: User,
    /// Its picture among others.
    pub claims: PersonalClaims,
}

impl FromRow for Chosen {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        let Joined(member, user) = Joined::from_row(row)?;
        Ok(Self { member, user, claims: personal_claims::read(&row.take::<String>()?)? })
    }
}

// No role has a bar in its name: what is between two of them is found whole, and as it is spelled.
macro_rules! chosen {
    () => {
        " FROM memberships m JOIN users u ON u.realm_id = m.realm_id AND u.id = m.user_id
        WHERE m.realm_id = $1 AND m.organization_id = $2
        AND (CAST($3 AS TEXT) IS NULL OR (REPLACE($3, '|' || m.roles || '|', '') <> $3) = $4)
        AND (CAST($5 AS BYTEA) IS NULL OR (m.user_id = $5) = $6)
        AND (CAST($7 AS BIGINT) IS NULL OR m.created_at >= $7) AND (CAST($8 AS BIGINT) IS NULL OR m.created_at < $8)"
    };
}

/// The part `slice` of the members who are chosen, and how many there are in all. Looks through the members of the organization.
pub async fn choose(
    tx: &mut Tx,
    realm: RealmId,
    organization: OrganizationId,
    choice: &Choice,
    slice: Slice,
) -> Result<(Vec<Chosen>, u64), Error> {
    const ALL: &str = concat!("SELECT COUNT(*)", chosen!());
    const PART: &str = concat!(
        "SELECT ",
        membership_columns!("m."),
        ", ",
        user_columns!("u."),
        ", u.claims",
        chosen!(),
        " ORDER BY CASE WHEN CAST($9 AS TEXT) = 'since' THEN m.created_at END,
            CASE WHEN $9 = '-since' THEN m.created_at END DESC, CASE WHEN $9 = 'roles' THEN m.roles END,
            CASE WHEN $9 = '-roles' THEN m.roles END DESC, CASE WHEN $9 = '-account' THEN m.user_id END DESC,
            m.user_id LIMIT $10 OFFSET $11"
    );
    let barred = |lists: &[Vec<RoleName>]| {
        lists.iter().fold("|".to_owned(), |text, list| text + &roles::names_to(list) + "|")
    };
    let (lists, within) = choice.roles.as_ref().map(|(lists, within)| (barred(lists), *within)).unzip();
    let (user, is) = choice.user.unzip();
    let params = [
        (&realm).into(),
        (&organization).into(),
        lists.as_deref().into(),
        within.unwrap_or(true).into(),
        user.as_ref().into(),
        is.unwrap_or(true).into(),
        choice.since.into(),
        choice.before.into(),
        slice.name().into(),
        slice.limit.into(),
        slice.offset.into(),
    ];
    let all = tx.optional::<(u64,)>(ALL, &params[..8]).await?.map_or(0, |(count,)| count);
    Ok((tx.all(PART, &params).await?, all))
}
