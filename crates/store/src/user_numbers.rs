//! What a profile calls users that knows numbers and no ids.

use gatepost_domain::{RealmId, User, UserId};

use crate::users::user_columns;
use crate::value::{FromRow, Row};
use crate::{Error, Tx};

/// The number of a user, if one was given.
pub async fn find(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<Option<u64>, Error> {
    const SQL: &str = "SELECT number FROM user_numbers WHERE realm_id = $1 AND user_id = $2";
    let found: Option<(u64,)> = tx.optional(SQL, &[(&realm).into(), (&user).into()]).await?;
    Ok(found.map(|(number,)| number))
}

/// Gives a user the next number, unless they have one, and returns theirs. The next is one more than any that was ever given in the
/// realm. Whether there is such a user is for the caller to know.
pub async fn give(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<u64, Error> {
    const SQL: &str = "INSERT INTO user_numbers (realm_id, number, user_id)
        SELECT $1, COALESCE(MAX(number), 0) + 1, $2 FROM user_numbers WHERE realm_id = $1
        ON CONFLICT DO NOTHING";
    if let Some(known) = find(tx, realm, user).await? {
        return Ok(known);
    }
    tx.execute(SQL, &[(&realm).into(), (&user).into()]).await?;
    find(tx, realm, user).await?.ok_or_else(|| Error::broken("a number that was given just now"))
}

/// The user of a number. `None` also where the user is gone.
pub async fn find_user(tx: &mut Tx, realm: RealmId, number: u64) -> Result<Option<User>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        user_columns!("u."),
        " FROM user_numbers n JOIN users u ON u.realm_id = n.realm_id AND u.id = n.user_id
        WHERE n.realm_id = $1 AND n.number = $2"
    );
    tx.optional(SQL, &[(&realm).into(), number.into()]).await
}

struct Numbered(User, Option<u64>);

impl FromRow for Numbered {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self(User::from_row(row)?, row.take_optional()?))
    }
}

/// At most `limit` users in the order of their making, behind the first `skip`, with their numbers as far as they have one. It walks
/// over those that are skipped.
pub async fn list(
    tx: &mut Tx,
    realm: RealmId,
    skip: u64,
    limit: u32,
) -> Result<Vec<(User, Option<u64>)>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        user_columns!("u."),
        ", n.number FROM users u LEFT JOIN user_numbers n ON n.realm_id = u.realm_id AND n.user_id = u.id
        WHERE u.realm_id = $1 ORDER BY u.id LIMIT $2 OFFSET $3"
    );
    let found: Vec<Numbered> = tx.all(SQL, &[(&realm).into(), limit.into(), skip.into()]).await?;
    Ok(found.into_iter().map(|Numbered(user, number)| (user, number)).collect())
}
