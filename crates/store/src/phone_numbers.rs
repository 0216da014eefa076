//! The telephone numbers of users that codes are sent to.

use gatepost_domain::{
    RealmId, Timestamp, UserId,
    mfa::{Factor, FactorKind, PhoneNumber},
};

use crate::value::{FromRow, Row};
use crate::{Error, Tx};

/// A number as it is kept: one for each user, confirmed by a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    /// The number.
    pub number: PhoneNumber,
    /// Since when it counts.
    pub added_at: Timestamp,
    /// When somebody last showed a code that was sent to it.
    pub last_used_at: Option<Timestamp>,
}

impl Phone {
    /// As a second factor.
    pub fn factor(&self) -> Factor {
        Factor { kind: FactorKind::Sms, added_at: self.added_at, last_used_at: self.last_used_at }
    }
}

impl FromRow for Phone {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self { number: row.parse()?, added_at: row.take()?, last_used_at: row.take_optional()? })
    }
}

/// The number of a user, if there is one. One point read.
pub async fn find(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<Option<Phone>, Error> {
    const SQL: &str =
        "SELECT number, added_at, last_used_at FROM phone_numbers WHERE realm_id = $1 AND user_id = $2";
    tx.optional(SQL, &[(&realm).into(), (&user).into()]).await
}

/// Gives a user a number, in place of the one before. `Conflict(Parent)`: no such user. One statement.
pub async fn set(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    number: &PhoneNumber,
    now: Timestamp,
) -> Result<(), Error> {
    const SQL: &str =
        "INSERT INTO phone_numbers (realm_id, user_id, number, added_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (realm_id, user_id) DO UPDATE SET
        number = excluded.number, added_at = excluded.added_at, last_used_at = NULL";
    let params = [(&realm).into(), (&user).into(), number.as_str().into(), now.into()];
    tx.execute(SQL, &params).await.map(|_| ())
}

/// Notes that a code was shown that was sent to the number. One statement.
pub async fn note_use(tx: &mut Tx, realm: RealmId, user: UserId, now: Timestamp) -> Result<(), Error> {
    const SQL: &str = "UPDATE phone_numbers SET last_used_at = $3 WHERE realm_id = $1 AND user_id = $2";
    tx.execute(SQL, &[(&realm).into(), (&user).into(), now.into()]).await.map(|_| ())
}

/// Takes the number of a user away. False: there was none. One statement.
pub async fn remove(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM phone_numbers WHERE realm_id = $1 AND user_id = $2";
    Ok(tx.execute(SQL, &[(&realm).into(), (&user).into()]).await? == 1)
}
