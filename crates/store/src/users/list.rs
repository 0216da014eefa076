//! Users are looked for.

use gatepost_domain::{RealmId, RoleName, User, UserId};

use super::{has_second_factor, user_columns};
use crate::value::{like_beginning, like_containing};
use crate::{Error, Tx, roles};

/// Which users to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Those whose address or username contains the text.
    pub search: Option<String>,
    /// Those whose address begins so.
    pub email: Option<String>,
    /// Those whose username begins so.
    pub username: Option<String>,
    /// Those who were given the role.
    pub role: Option<RoleName>,
    /// Only the disabled, or only the others.
    pub disabled: Option<bool>,
    /// Only those with a second factor, or only the others.
    pub has_factor: Option<bool>,
}

/// Accounts that are looked at for one page where it is asked who has a second factor: where nearly everybody has one, or nobody, all
/// of a realm would be for a few.
pub const LOOKED_AT: u32 = 10_000;

/// Users that were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// In the order of their making.
    pub users: Vec<User>,
    /// The last account that was looked at, where not all were: what is behind it is another page, whatever this one holds.
    pub until: Option<UserId>,
}

/// The last of as many accounts as are looked at, after the given one. `None`: there are fewer left.
async fn looked_until(tx: &mut Tx, realm: RealmId, after: UserId) -> Result<Option<UserId>, Error> {
    const SQL: &str = "SELECT id FROM users WHERE realm_id = $1 AND id > $2 ORDER BY id LIMIT 1 OFFSET $3";
    let found: Option<(UserId,)> =
        tx.optional(SQL, &[(&realm).into(), (&after).into(), (LOOKED_AT - 1).into()]).await?;
    Ok(found.map(|(id,)| id))
}

/// At most `limit` users in the order of their making, after the given one. Where it is asked who has a second factor
/// [`LOOKED_AT`] accounts are looked at, and there may be fewer, and more behind [`until`](Listed::until).
pub async fn list(
    tx: &mut Tx,
    realm: RealmId,
    filter: &UserFilter,
    after: Option<UserId>,
    limit: u32,
) -> Result<Listed, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        user_columns!("u."),
        " FROM users u
        WHERE u.realm_id = $1 AND u.id > $2 AND u.id <= $10
        AND (CAST($3 AS TEXT) IS NULL OR u.email_key LIKE $3 ESCAPE '!' OR u.username_key LIKE $3 ESCAPE '!')
        AND (CAST($4 AS BOOLEAN) IS NULL OR (u.disabled_at IS NOT NULL) = $4)
        AND (CAST($6 AS TEXT) IS NULL OR u.email_key LIKE $6 ESCAPE '!')
        AND (CAST($7 AS TEXT) IS NULL OR u.username_key LIKE $7 ESCAPE '!')
        AND (CAST($8 AS TEXT) IS NULL OR (u.roles <> '' AND ' ' || u.roles || ' ' LIKE $8 ESCAPE '!'))
        AND (CAST($9 AS BOOLEAN) IS NULL OR ",
        has_second_factor!("u.realm_id", "u.id"),
        " = $9)
        ORDER BY u.id LIMIT $5"
    );
    let after = after.unwrap_or(UserId::MIN);
    let pattern = filter.search.as_deref().map(like_containing);
    let email = filter.email.as_deref().map(like_beginning);
    let username = filter.username.as_deref().map(like_beginning);
    let role = filter.role.as_ref().map(roles::like_name);
    let until = match filter.has_factor {
        Some(_) => looked_until(tx, realm, after).await?,
        None => None,
    };
    let last = until.unwrap_or(UserId::MAX);
    let params = [
        (&realm).into(),
        (&after).into(),
        pattern.as_deref().into(),
        filter.disabled.into(),
        limit.into(),
        email.as_deref().into(),
        username.as_deref().into(),
        role.as_deref().into(),
        filter.has_factor.into(),
        (&last).into(),
    ];
    Ok(Listed { users: tx.all(SQL, &params).await?, until })
}
