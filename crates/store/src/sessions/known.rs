//! A live session with more of its user, for front doors that show it each time: in one look and not in several.

use gatepost_domain::{PersonalClaims, RealmId, Session, SessionId, Timestamp, User, UserId};

use super::{
    in_place::{may_act_for, may_impersonate},
    live_session, session_columns,
};
use crate::users::user_columns;
use crate::value::{FromRow, Joined, Row};
use crate::{Error, Tx, personal_claims};

/// What is known of a user beside the row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub struct Known {
    /// What it says of the person.
    pub claims: PersonalClaims,
    /// Whether there is an authenticator app that is asked for at sign-in.
    pub has_app: bool,
    /// Whether there is a passkey.
    pub has_passkey: bool,
    /// Whether there is a telephone number that codes are sent to.
    pub has_phone: bool,
    /// Whether there is an organization that the user belongs to.
    pub is_member: bool,
}

impl Known {
    /// Whether there is a second factor.
    pub fn has_factor(&self) -> bool {
        self.has_app || self.has_passkey || self.has_phone
    }
}

impl FromRow for Known {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            claims: personal_claims::read(&row.take::<String>()?)?,
            has_app: row.take()?,
            has_passkey: row.take()?,
            has_phone: row.take()?,
            is_member: row.take()?,
        })
    }
}

macro_rules! known_columns {
    () => {
        "u.claims,
        EXISTS (SELECT 1 FROM totp_seeds t WHERE t.realm_id = u.realm_id AND t.user_id = u.id AND t.confirmed = TRUE),
        EXISTS (SELECT 1 FROM passkeys p WHERE p.realm_id = u.realm_id AND p.user_id = u.id),
        EXISTS (SELECT 1 FROM phone_numbers n WHERE n.realm_id = u.realm_id AND n.user_id = u.id),
        EXISTS (SELECT 1 FROM memberships m WHERE m.realm_id = u.realm_id AND m.user_id = u.id)"
    };
}

/// What is known of a user; nothing where there is no such user. One statement.
pub async fn known(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<Known, Error> {
    const SQL: &str =
        concat!("SELECT ", known_columns!(), " FROM users u WHERE u.realm_id = $1 AND u.id = $2");
    Ok(tx.optional(SQL, &[(&realm).into(), (&user).into()]).await?.unwrap_or_default())
}

/// A session with its user, as [`find_live`](super::find_live) finds it, and what is known of the user. One statement.
pub async fn find_live_known(
    tx: &mut Tx,
    realm: RealmId,
    id: SessionId,
    now: Timestamp,
) -> Result<Option<(Session, User, Known)>, Error> {
    const SQL: &str = live_session!(concat!(", ", known_columns!()));
    let found: Option<Joined<Joined<Session, User>, Known>> =
        tx.optional(SQL, &[(&realm).into(), (&id).into(), now.into()]).await?;
    Ok(found.map(|Joined(Joined(session, user), known)| (session, user, known)))
}

struct Number(Option<u64>);

impl FromRow for Number {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self(row.take_optional()?))
    }
}

/// A session with its user, as [`find_live`](super::find_live) finds it, and the [number](crate::user_numbers) of the user, if one was
/// given. One statement.
pub async fn find_live_numbered(
    tx: &mut Tx,
    realm: RealmId,
    id: SessionId,
    now: Timestamp,
) -> Result<Option<(Session, User, Option<u64>)>, Error> {
    const SQL: &str = live_session!(
        ", (SELECT n.number FROM user_numbers n WHERE n.realm_id = u.realm_id AND n.user_id = u.id)"
    );
    let found: Option<Joined<Joined<Session, User>, Number>> =
        tx.optional(SQL, &[(&realm).into(), (&id).into(), now.into()]).await?;
    Ok(found.map(|Joined(Joined(session, user), Number(number))| (session, user, number)))
}
