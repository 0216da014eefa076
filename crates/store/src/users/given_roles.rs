//! The roles that users were given.

use gatepost_domain::outbox::{Message, Revocation};
use gatepost_domain::{OutboxId, RealmId, RoleName, Timestamp, User, UserId, role::ADMINISTRATOR};

use super::user_columns;
use crate::{Error, Tx, outbox, roles, sessions};

/// Gives the user other roles, and tells verifiers that tokens state the old ones. Who is no administrator by them acts in nobody's place any
/// more, and in the place of one who is nobody acts. `None`: no such user, or the user has changed since `if_version`.
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
        if roles.iter().any(|role| role.as_str() == ADMINISTRATOR) {
            sessions::end_in_place_of(tx, realm, id, now, message).await?;
        } else {
            sessions::end_begun_by(tx, realm, (id, None), now, message).await?;
        }
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
