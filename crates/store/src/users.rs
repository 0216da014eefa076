//! Users.

mod columns;
mod given_roles;
mod list;
mod table;

use gatepost_domain::outbox::{Message, Revocation};
use gatepost_domain::{
    DisplayName, EmailAddress, OutboxId, PasswordHash, RealmId, Timestamp, User, UserId, Username,
};

use crate::value::{FromRow, Param, Row};
use crate::{Error, Tx, outbox, roles, sessions};

pub(crate) use columns::{has_second_factor, user_columns};
pub(crate) use given_roles::rights_changed;
pub use given_roles::{anyone_has_role, only_unverified_have_role, others_have_role, set_roles};
pub use list::{LOOKED_AT, Listed, UserFilter, list};
pub use table::{Spelled, TableFilter, TableOrder, count_in_table, table};

impl FromRow for User {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            id: row.take()?,
            email: row.parse_optional()?,
            email_verified: row.take()?,
            username: row.parse_optional()?,
            name: row.parse_optional()?,
            roles: roles::names_from(&row.take::<String>()?)?,
            disabled_at: row.take_optional()?,
            not_before: row.take_optional()?,
            created_at: row.take()?,
            updated_at: row.take()?,
            version: row.take()?,
        })
    }
}

/// The statement that makes a user, with what to do where another has the address or the username.
macro_rules! insert_user {
    ($otherwise:literal) => {
        concat!(
            "INSERT INTO users (realm_id, id, email, email_key, email_verified, username, username_key, name,
                roles, disabled_at, not_before, created_at, updated_at, version)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            $otherwise
        )
    };
}

/// Makes a user. `Conflict` says whether another has the address or the username; `Parent`: no such realm.
pub async fn create(tx: &mut Tx, user: &User) -> Result<(), Error> {
    let roles = roles::names_to(&user.roles);
    tx.execute(insert_user!(""), &columns_of(user, &roles)).await.map(|_| ())
}

/// Makes those of many users whose address and username nobody has, in their order, and says of each whether it was made: one that
/// cannot be made does not undo the others.
///
/// The fastest is the order of their ids and their addresses both: then every page that is touched is touched once.
pub async fn create_those_free(tx: &mut Tx, users: &[&User]) -> Result<Vec<bool>, Error> {
    const SQL: &str = insert_user!(" ON CONFLICT DO NOTHING");
    let roles: Vec<String> = users.iter().map(|user| roles::names_to(&user.roles)).collect();
    let rows: Vec<_> = users.iter().zip(&roles).map(|(user, roles)| columns_of(user, roles)).collect();
    let made = tx.execute_each(SQL, &rows).await?;
    Ok(made.into_iter().map(|rows| rows == 1).collect())
}

fn columns_of<'a>(user: &'a User, roles: &'a str) -> [Param<'a>; 14] {
    [
        (&user.realm).into(),
        (&user.id).into(),
        user.email.as_ref().map(EmailAddress::as_str).into(),
        user.email.as_ref().map(EmailAddress::key).into(),
        user.email_verified.into(),
        user.username.as_ref().map(Username::as_str).into(),
        user.username.as_ref().map(Username::key).into(),
        user.name.as_ref().map(DisplayName::as_str).into(),
        roles.into(),
        user.disabled_at.into(),
        user.not_before.into(),
        user.created_at.into(),
        user.updated_at.into(),
        user.version.into(),
    ]
}

/// The user of an id.
pub async fn find(tx: &mut Tx, realm: RealmId, id: UserId) -> Result<Option<User>, Error> {
    const SQL: &str =
        concat!("SELECT ", user_columns!("u."), " FROM users u WHERE u.realm_id = $1 AND u.id = $2");
    tx.optional(SQL, &[(&realm).into(), (&id).into()]).await
}

/// The user of an address, however it is spelled.
pub async fn find_by_email(tx: &mut Tx, realm: RealmId, email: &EmailAddress) -> Result<Option<User>, Error> {
    const SQL: &str =
        concat!("SELECT ", user_columns!("u."), " FROM users u WHERE u.realm_id = $1 AND u.email_key = $2");
    tx.optional(SQL, &[(&realm).into(), email.key().into()]).await
}

/// The user of a username, however it is spelled.
pub async fn find_by_username(
    tx: &mut Tx,
    realm: RealmId,
    username: &Username,
) -> Result<Option<User>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        user_columns!("u."),
        " FROM users u WHERE u.realm_id = $1 AND u.username_key = $2"
    );
    tx.optional(SQL, &[(&realm).into(), username.key().into()]).await
}

/// What somebody signs in as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// An e-mail address.
    Email(EmailAddress),
    /// A username.
    Username(Username),
}

struct WithPassword(User, Option<PasswordHash>);

impl FromRow for WithPassword {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self(User::from_row(row)?, row.take_optional::<String>()?.map(PasswordHash::new)))
    }
}

/// The user somebody signs in as, with the hash of the password if there is one. One point read.
pub async fn find_for_sign_in(
    tx: &mut Tx,
    realm: RealmId,
    login: &Login,
) -> Result<Option<(User, Option<PasswordHash>)>, Error> {
    macro_rules! sql {
        ($key:literal) => {
            concat!(
                "SELECT ",
                user_columns!("u."),
                ", p.hash FROM users u
                LEFT JOIN passwords p ON p.realm_id = u.realm_id AND p.user_id = u.id
                WHERE u.realm_id = $1 AND u.",
                $key,
                " = $2"
            )
        };
    }
    const BY_EMAIL: &str = sql!("email_key");
    const BY_USERNAME: &str = sql!("username_key");
    let (sql, key) = match login {
        Login::Email(email) => (BY_EMAIL, email.key()),
        Login::Username(username) => (BY_USERNAME, username.key()),
    };
    let found: Option<WithPassword> = tx.optional(sql, &[(&realm).into(), key.into()]).await?;
    Ok(found.map(|WithPassword(user, hash)| (user, hash)))
}

/// Which columns of a profile change. What is `None` stays as it is; `Some(None)` empties.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileChanges {
    /// The address. A new one is not verified unless said so.
    pub email: Option<Option<EmailAddress>>,
    /// Whether the address is verified.
    pub email_verified: Option<bool>,
    /// The username.
    pub username: Option<Option<Username>>,
    /// The name.
    pub name: Option<Option<DisplayName>>,
}

/// Changes the given columns and no others. With `if_version`, only if the user is still of that version.
/// `None`: no such user, or the user has changed since. `Conflict`: another user has the address or username.
pub async fn update_profile(
    tx: &mut Tx,
    realm: RealmId,
    id: UserId,
    changes: &ProfileChanges,
    if_version: Option<u64>,
    now: Timestamp,
) -> Result<Option<User>, Error> {
    const SQL: &str = concat!(
        "UPDATE users SET
            email = CASE WHEN $3 THEN $4 ELSE email END,
            email_key = CASE WHEN $3 THEN $5 ELSE email_key END,
            email_verified = CASE WHEN CAST($6 AS BOOLEAN) IS NOT NULL THEN $6
                WHEN $3 AND (email_key IS NULL OR $5 IS NULL OR email_key <> $5) THEN FALSE ELSE email_verified END,
            username = CASE WHEN $7 THEN $8 ELSE username END,
            username_key = CASE WHEN $7 THEN $9 ELSE username_key END,
            name = CASE WHEN $10 THEN $11 ELSE name END,
            updated_at = $12, version = version + 1
        WHERE realm_id = $1 AND id = $2 AND (CAST($13 AS BIGINT) IS NULL OR version = $13)
        RETURNING ", user_columns!("")
    );
    let email = changes.email.as_ref().and_then(Option::as_ref);
    let username = changes.username.as_ref().and_then(Option::as_ref);
    let name = changes.name.as_ref().and_then(Option::as_ref);
    let params = [
        (&realm).into(),
        (&id).into(),
        changes.email.is_some().into(),
        email.map(EmailAddress::as_str).into(),
        email.map(EmailAddress::key).into(),
        changes.email_verified.into(),
        changes.username.is_some().into(),
        username.map(Username::as_str).into(),
        username.map(Username::key).into(),
        changes.name.is_some().into(),
        name.map(DisplayName::as_str).into(),
        now.into(),
        if_version.into(),
    ];
    tx.optional(SQL, &params).await
}

/// Notes that the user proved to read mail at the address. `None`: the account has another by now, or cannot be signed in to; nothing
/// was written. One statement.
pub async fn verify_email(
    tx: &mut Tx,
    realm: RealmId,
    id: UserId,
    email: &EmailAddress,
    now: Timestamp,
) -> Result<Option<User>, Error> {
    const SQL: &str = concat!(
        "UPDATE users SET email_verified = TRUE, updated_at = $4, version = version + 1
        WHERE realm_id = $1 AND id = $2 AND email_key = $3 AND disabled_at IS NULL RETURNING ",
        user_columns!("")
    );
    tx.optional(SQL, &[(&realm).into(), (&id).into(), email.key().into(), now.into()]).await
}

/// Stops the user signing in, ends every session and grant, and tells verifiers. Disabling twice keeps the first
/// moment. `None`: no such user. Writes one column of the user's state and no other, so that nothing written at
/// the same time undoes it.
pub async fn disable(
    tx: &mut Tx,
    realm: RealmId,
    id: UserId,
    now: Timestamp,
    message: OutboxId,
) -> Result<Option<User>, Error> {
    const SQL: &str = concat!(
        "UPDATE users SET disabled_at = COALESCE(disabled_at, $3), not_before = $3, updated_at = $3, version = version + 1
        WHERE realm_id = $1 AND id = $2 RETURNING ",
        user_columns!("")
    );
    let user = tx.optional(SQL, &[(&realm).into(), (&id).into(), now.into()]).await?;
    end_everything(tx, realm, user, now, message).await
}

/// Lets the user sign in again. `None`: no such user.
pub async fn enable(tx: &mut Tx, realm: RealmId, id: UserId, now: Timestamp) -> Result<Option<User>, Error> {
    const SQL: &str = concat!(
        "UPDATE users SET disabled_at = NULL, updated_at = $3, version = version + 1
        WHERE realm_id = $1 AND id = $2 RETURNING ",
        user_columns!("")
    );
    tx.optional(SQL, &[(&realm).into(), (&id).into(), now.into()]).await
}

/// Logs the user out everywhere: nothing issued before `now` is good, every session and grant ends, verifiers are
/// told. `None`: no such user.
pub async fn sign_out_everywhere(
    tx: &mut Tx,
    realm: RealmId,
    id: UserId,
    now: Timestamp,
    message: OutboxId,
) -> Result<Option<User>, Error> {
    const SQL: &str = concat!(
        "UPDATE users SET not_before = $3, updated_at = $3, version = version + 1 WHERE realm_id = $1 AND id = $2 RETURNING ",
        user_columns!("")
    );
    let user = tx.optional(SQL, &[(&realm).into(), (&id).into(), now.into()]).await?;
    end_everything(tx, realm, user, now, message).await
}

async fn end_everything(
    tx: &mut Tx,
    realm: RealmId,
    user: Option<User>,
    now: Timestamp,
    message: OutboxId,
) -> Result<Option<User>, Error> {
    if let Some(user) = &user {
        sessions::end_all_of(tx, realm, user.id, None, now).await?;
        let revocation = Revocation::User { user: user.id, not_before: now };
        outbox::queue(tx, message, realm, &Message::Revocation(revocation), now).await?;
        sessions::end_begun_by(tx, realm, (user.id, None), now, message).await?;
    }
    Ok(user)
}

/// Deletes the user with passwords, sessions and grants, and tells verifiers. False: no such user. The audit trail
/// stays.
pub async fn delete(
    tx: &mut Tx,
    realm: RealmId,
    id: UserId,
    now: Timestamp,
    message: OutboxId,
) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM users WHERE realm_id = $1 AND id = $2";
    let params: [Param<'_>; 2] = [(&realm).into(), (&id).into()];
    let gone = tx.execute(SQL, &params).await? == 1;
    if gone {
        let revocation = Revocation::User { user: id, not_before: now };
        outbox::queue(tx, message, realm, &Message::Revocation(revocation), now).await?;
        sessions::end_begun_by(tx, realm, (id, None), now, message).await?;
    }
    Ok(gone)
}
