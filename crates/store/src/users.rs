//! Users.

mod columns;

use gatepost_domain::outbox::{Message, Revocation};
use gatepost_domain::{
    DisplayName, EmailAddress, OutboxId, PasswordHash, RealmId, RoleName, Timestamp, User, UserId, Username,
};

use crate::value::{FromRow, Param, Row, like_beginning, like_containing};
use crate::{Error, Tx, outbox, roles, sessions};

pub(crate) use columns::user_columns;

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

/// Makes a user. `Conflict` says whether another has the address or the username; `Parent`: no such realm.
pub async fn create(tx: &mut Tx, user: &User) -> Result<(), Error> {
    const SQL: &str =
        "INSERT INTO users (realm_id, id, email, email_key, email_verified, username, username_key, name,
            roles, disabled_at, not_before, created_at, updated_at, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    let roles = roles::names_to(&user.roles);
    let params = [
        (&user.realm).into(),
        (&user.id).into(),
        user.email.as_ref().map(EmailAddress::as_str).into(),
        user.email.as_ref().map(EmailAddress::key).into(),
        user.email_verified.into(),
        user.username.as_ref().map(Username::as_str).into(),
        user.username.as_ref().map(Username::key).into(),
        user.name.as_ref().map(DisplayName::as_str).into(),
        roles.as_str().into(),
        user.disabled_at.into(),
        user.not_before.into(),
        user.created_at.into(),
        user.updated_at.into(),
        user.version.into(),
    ];
    tx.execute(SQL, &params).await.map(|_| ())
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

/// Gives the user other roles, and tells verifiers that tokens state the old ones. `None`: no such user, or the
/// user has changed since `if_version`.
pub async fn set_roles(
    tx: &mut Tx,
    realm: RealmId,
    id: UserId,
    roles: &[RoleName],
    if_version: Option<u64>,
    now: Timestamp,
    message: OutboxId,
) -> Result<Option<User>, Error> {
    const SQL: &str = concat!(
        "UPDATE users SET roles = $3, updated_at = $4, version = version + 1
        WHERE realm_id = $1 AND id = $2 AND (CAST($5 AS BIGINT) IS NULL OR version = $5) RETURNING ",
        user_columns!("")
    );
    let list = roles::names_to(roles);
    let params = [(&realm).into(), (&id).into(), list.as_str().into(), now.into(), if_version.into()];
    let updated: Option<User> = tx.optional(SQL, &params).await?;
    if updated.is_some() {
        let revocation = Revocation::Roles { user: id, not_before: now };
        outbox::queue(tx, message, realm, &Message::Revocation(revocation), now).await?;
    }
    Ok(updated)
}

/// Notes that the user's rights in an organization changed, and tells verifiers that tokens state the old ones. The new
/// version stops a refresh that is under way and has read them.
pub(crate) async fn rights_changed(
    tx: &mut Tx,
    realm: RealmId,
    id: UserId,
    now: Timestamp,
    message: OutboxId,
) -> Result<(), Error> {
    const SQL: &str = "UPDATE users SET version = version + 1 WHERE realm_id = $1 AND id = $2";
    tx.execute(SQL, &[(&realm).into(), (&id).into()]).await?;
    let revocation = Revocation::Roles { user: id, not_before: now };
    outbox::queue(tx, message, realm, &Message::Revocation(revocation), now).await
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
    }
    Ok(gone)
}

/// Whether somebody of the realm who is not disabled was given the role, and none of them has a verified address. Looks
/// through the users who have roles.
pub async fn only_unverified_have_role(tx: &mut Tx, realm: RealmId, role: &RoleName) -> Result<bool, Error> {
    const SQL: &str = "SELECT email_verified FROM users WHERE realm_id = $1 AND disabled_at IS NULL
        AND roles <> '' AND ' ' || roles || ' ' LIKE $2 ESCAPE '!' ORDER BY email_verified DESC LIMIT 1";
    let pattern = roles::like_name(role);
    let best: Option<(bool,)> = tx.optional(SQL, &[(&realm).into(), pattern.as_str().into()]).await?;
    Ok(best == Some((false,)))
}

/// Whether another user of the realm who can sign in was given the role. Looks through the users who have roles.
pub async fn others_have_role(
    tx: &mut Tx,
    realm: RealmId,
    except: UserId,
    role: &RoleName,
) -> Result<bool, Error> {
    const SQL: &str =
        "SELECT CAST(1 AS BIGINT) FROM users WHERE realm_id = $1 AND id <> $2 AND disabled_at IS NULL
        AND roles <> '' AND ' ' || roles || ' ' LIKE $3 ESCAPE '!' LIMIT 1";
    let pattern = roles::like_name(role);
    let params = [(&realm).into(), (&except).into(), pattern.as_str().into()];
    let found: Option<(i64,)> = tx.optional(SQL, &params).await?;
    Ok(found.is_some())
}

/// Whether any user of the realm, disabled ones too, was given the role. Looks through the users who have roles.
pub async fn anyone_has_role(tx: &mut Tx, realm: RealmId, role: &RoleName) -> Result<bool, Error> {
    const SQL: &str = "SELECT CAST(1 AS BIGINT) FROM users WHERE realm_id = $1
        AND roles <> '' AND ' ' || roles || ' ' LIKE $2 ESCAPE '!' LIMIT 1";
    let pattern = roles::like_name(role);
    let found: Option<(i64,)> = tx.optional(SQL, &[(&realm).into(), pattern.as_str().into()]).await?;
    Ok(found.is_some())
}
