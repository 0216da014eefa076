//! Users are looked for.

use gatepost_domain::{RealmId, RoleName, User, UserId};

use super::user_columns;
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
}

/// At most `limit` users in the order of their making, after the given one.
pub async fn list(
    tx: &mut Tx,
    realm: RealmId,
    filter: &UserFilter,
    after: Option<UserId>,
    limit: u32,
) -> Result<Vec<User>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        user_columns!("u."),
        " FROM users u
        WHERE u.realm_id = $1 AND u.id > $2
        AND (CAST($3 AS TEXT) IS NULL OR u.email_key LIKE $3 ESCAPE '!' OR u.username_key LIKE $3 ESCAPE '!')
        AND (CAST($4 AS BOOLEAN) IS NULL OR (u.disabled_at IS NOT NULL) = $4)
        AND (CAST($6 AS TEXT) IS NULL OR u.email_key LIKE $6 ESCAPE '!')
        AND (CAST($7 AS TEXT) IS NULL OR u.username_key LIKE $7 ESCAPE '!')
        AND (CAST($8 AS TEXT) IS NULL OR (u.roles <> '' AND ' ' || u.roles || ' ' LIKE $8 ESCAPE '!'))
        ORDER BY u.id LIMIT $5"
    );
    let after = after.unwrap_or(UserId::MIN);
    let pattern = filter.search.as_deref().map(like_containing);
    let email = filter.email.as_deref().map(like_beginning);
    let username = filter.username.as_deref().map(like_beginning);
    let role = filter.role.as_ref().map(roles::like_name);
    let params = [
        (&realm).into(),
        (&after).into(),
        pattern.as_deref().into(),
        filter.disabled.into(),
        limit.into(),
        email.as_deref().into(),
        username.as_deref().into(),
        role.as_deref().into(),
    ];
    tx.all(SQL, &params).await
}
