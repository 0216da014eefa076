//! Sessions.

mod in_place;
mod known;
mod list;
mod shown;

use std::time::Duration;

use gatepost_domain::outbox::{Message, Revocation};
use gatepost_domain::{
    ClientId, OrganizationId, OutboxId, PasswordHash, PersonalClaims, RealmId, Session, SessionId,
    SessionOrigin, TeamId, Timestamp, User, UserId,
};

use crate::users::user_columns;
use crate::value::{FromRow, Joined, Row};
use crate::{Error, Tx, outbox, personal_claims, trusted_devices};

pub use in_place::{end_begun_by, end_in_place_of};
use in_place::{may_act_for, may_impersonate};
pub use known::{Known, find_live_known, find_live_numbered, known};
pub use list::{list, list_of_realm, origins};
pub use shown::{note_password, password_shown_at};

impl FromRow for Session {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            id: row.take()?,
            user: row.take()?,
            impersonator: row.take_optional()?,
            begun_in: row.take_optional()?,
            created_at: row.take()?,
            authenticated_at: row.take()?,
            cookie: row.take()?,
            last_seen_at: row.take()?,
            idle_expires_at: row.take()?,
            expires_at: row.take()?,
            revoked_at: row.take_optional()?,
            amr: row.take::<String>()?.split(' ').filter(|m| !m.is_empty()).map(str::to_owned).collect(),
            origin: SessionOrigin { address: row.parse_optional()?, user_agent: row.take_optional()? },
            organization: row.take_optional()?,
            team: row.take_optional()?,
        })
    }
}

/// The columns of a session, in the order they are read.
macro_rules! session_columns {
    ($table:literal) => {
        concat!(
            $table,
            "realm_id, ",
            $table,
            "id, ",
            $table,
            "user_id, ",
            $table,
            "impersonator_id, ",
            $table,
            "impersonator_session_id, ",
            $table,
            "created_at, COALESCE(",
            $table,
            "authenticated_at, ",
            $table,
            "created_at), ",
            $table,
            "cookie, ",
            $table,
            "last_seen_at, ",
            $table,
            "idle_expires_at, ",
            $table,
            "expires_at, ",
            $table,
            "revoked_at, ",
            $table,
            "amr, ",
            $table,
            "address, ",
            $table,
            "user_agent, ",
            $table,
            "organization_id, ",
            $table,
            "team_id"
        )
    };
}
pub(crate) use session_columns;

/// Begins a session, if its user may sign in at that moment: not disabled, not logged out everywhere since, and,
/// where `verified` is given, still with the password hash that was verified. One in the place of the user begins only if, beside that,
/// the administrator's session is live, they are one, and the user is none. False: not so; nothing was written.
/// One statement, so that neither a disabling nor a change of password slips in between.
pub async fn create(tx: &mut Tx, session: &Session, verified: Option<&PasswordHash>) -> Result<bool, Error> {
    const SQL: &str = concat!("INSERT INTO sessions (realm_id, id, user_id, created_at, last_seen_at, idle_expires_at,
            expires_at, amr, address, user_agent, authenticated_at, impersonator_id, impersonator_session_id)
        SELECT u.realm_id, $1, u.id, $2, $3, $4, $5, $6, $7, $8, $12, $13, $14 FROM users u
        WHERE u.realm_id = $9 AND u.id = $10 AND u.disabled_at IS NULL AND (u.not_before IS NULL OR u.not_before <= $2)
        AND (CAST($11 AS TEXT) IS NULL OR EXISTS (
            SELECT 1 FROM passwords p WHERE p.realm_id = $9 AND p.user_id = $10 AND p.hash = $11))
        AND (CAST($13 AS BYTEA) IS NULL OR ", may_act_for!("$9", "$13", "$14", "$10", "$2"), ")");
    let amr = session.amr.join(" ");
    let address = session.origin.address.map(|address| address.to_string());
    let params = [
        (&session.id).into(),
        session.created_at.into(),
        session.last_seen_at.into(),
        session.idle_expires_at.into(),
        session.expires_at.into(),
        amr.as_str().into(),
        address.as_deref().into(),
        session.origin.user_agent.as_deref().into(),
        (&session.realm).into(),
        (&session.user).into(),
        verified.map(PasswordHash::as_str).into(),
        // Nearly always the same, and then not kept twice.
        (session.authenticated_at != session.created_at).then_some(session.authenticated_at).into(),
        session.impersonator.as_ref().into(),
        session.begun_in.as_ref().into(),
    ];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// Reads a live session with its user and `$more`, if the user may still use it: realm, session and the present are the parameters.
macro_rules! live_session {
    ($more:expr) => {
        concat!(
            "SELECT ",
            session_columns!("s."),
            ", ",
            user_columns!("u."),
            $more,
            " FROM sessions s
        JOIN users u ON u.realm_id = s.realm_id AND u.id = s.user_id
        WHERE s.realm_id = $1 AND s.id = $2 AND s.revoked_at IS NULL AND s.expires_at > $3 AND s.idle_expires_at > $3
        AND u.disabled_at IS NULL AND (u.not_before IS NULL OR u.not_before <= s.created_at) AND ",
            may_impersonate!()
        )
    };
}
use live_session;

/// A session with its user, if it is live and the user may still use it. One point read.
pub async fn find_live(
    tx: &mut Tx,
    realm: RealmId,
    id: SessionId,
    now: Timestamp,
) -> Result<Option<(Session, User)>, Error> {
    const SQL: &str = live_session!("");
    let found: Option<Joined<Session, User>> =
        tx.optional(SQL, &[(&realm).into(), (&id).into(), now.into()]).await?;
    Ok(found.map(|Joined(session, user)| (session, user)))
}

/// The same with what else is known of the user, for what was agreed to in it at a moment: `None` also where the password has been
/// changed since. One point read.
pub async fn find_agreed(
    tx: &mut Tx,
    realm: RealmId,
    id: SessionId,
    agreed_at: Timestamp,
    now: Timestamp,
) -> Result<Option<(Session, User, PersonalClaims)>, Error> {
    const SQL: &str = concat!(
        "SELECT ", session_columns!("s."), ", ", user_columns!("u."), ", u.claims FROM sessions s
        JOIN users u ON u.realm_id = s.realm_id AND u.id = s.user_id
        WHERE s.realm_id = $1 AND s.id = $2 AND s.revoked_at IS NULL AND s.expires_at > $3 AND s.idle_expires_at > $3
        AND u.disabled_at IS NULL AND (u.not_before IS NULL OR u.not_before <= s.created_at)
        AND NOT EXISTS (SELECT 1 FROM passwords p WHERE p.realm_id = $1 AND p.user_id = u.id AND p.changed_at > $4)"
    );
    let params = [(&realm).into(), (&id).into(), now.into(), agreed_at.into()];
    let found: Option<Agreed> = tx.optional(SQL, &params).await?;
    Ok(found.map(|Agreed(session, user, known)| (session, user, known)))
}

struct Agreed(Session, User, PersonalClaims);

impl FromRow for Agreed {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        let Joined(session, user) = Joined::from_row(row)?;
        Ok(Self(session, user, personal_claims::read(&row.take::<String>()?)?))
    }
}

/// A live session of a user who may sign in, if the client still holds a grant in it: what was taken from one client leaves the session to others. One point
/// read.
pub async fn find_live_with(
    tx: &mut Tx,
    realm: RealmId,
    id: SessionId,
    client: &ClientId,
    now: Timestamp,
) -> Result<Option<(Session, User)>, Error> {
    const SQL: &str = concat!(
        "SELECT ", session_columns!("s."), ", ", user_columns!("u."), " FROM sessions s
        JOIN users u ON u.realm_id = s.realm_id AND u.id = s.user_id
        WHERE s.realm_id = $1 AND s.id = $2 AND s.revoked_at IS NULL AND s.expires_at > $3 AND s.idle_expires_at > $3
        AND u.disabled_at IS NULL AND (u.not_before IS NULL OR u.not_before <= s.created_at)
        AND EXISTS (SELECT 1 FROM grants g
            WHERE g.realm_id = $1 AND g.session_id = $2 AND g.client_id = $4 AND g.revoked_at IS NULL)
        AND ", may_impersonate!()
    );
    let params = [(&realm).into(), (&id).into(), now.into(), client.as_str().into()];
    let found: Option<Joined<Session, User>> = tx.optional(SQL, &params).await?;
    Ok(found.map(|Joined(session, user)| (session, user)))
}

/// Ends a session of the user with its grants and with what they do in it in the place of others, and tells verifiers. False: the user has
/// no such session, or it has ended before.
pub async fn revoke(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    id: SessionId,
    now: Timestamp,
    message: OutboxId,
) -> Result<bool, Error> {
    const SESSION: &str = "UPDATE sessions SET revoked_at = $4
        WHERE realm_id = $1 AND id = $2 AND user_id = $3 AND revoked_at IS NULL";
    const GRANTS: &str =
        "UPDATE grants SET revoked_at = $3 WHERE realm_id = $1 AND session_id = $2 AND revoked_at IS NULL";
    if tx.execute(SESSION, &[(&realm).into(), (&id).into(), (&user).into(), now.into()]).await? == 0 {
        return Ok(false);
    }
    tx.execute(GRANTS, &[(&realm).into(), (&id).into(), now.into()]).await?;
    tell(tx, realm, user, vec![id], now, message).await?;
    end_begun_by(tx, realm, (user, Some(id)), now, message).await?;
    Ok(true)
}

/// Ends every session of the user, but for `except`, with their grants, and all that the user does in the place of others, also what began in
/// `except`; and tells verifiers. Returns the sessions of the user that were ended. (To log out everywhere, tokens included that name no session, use
/// [`users::sign_out_everywhere`](crate::users::sign_out_everywhere).)
pub async fn revoke_all(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    except: Option<SessionId>,
    now: Timestamp,
    message: OutboxId,
) -> Result<Vec<SessionId>, Error> {
    let ended = end_all_of(tx, realm, user, except, now).await?;
    if !ended.is_empty() {
        tell(tx, realm, user, ended.clone(), now, message).await?;
    }
    end_begun_by(tx, realm, (user, None), now, message).await?;
    Ok(ended)
}

async fn tell(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    sessions: Vec<SessionId>,
    now: Timestamp,
    message: OutboxId,
) -> Result<(), Error> {
    let revocation = Revocation::Sessions { sessions, user };
    outbox::queue(tx, message, realm, &Message::Revocation(revocation), now).await
}

/// Ends the sessions of a user, but for one, and all their grants, and tells nobody: the caller does. And trusts none of their devices
/// any more: whoever is signed out for safety must not come in again with less. Returns the sessions.
pub async fn end_all_of(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    except: Option<SessionId>,
    now: Timestamp,
) -> Result<Vec<SessionId>, Error> {
    const SESSIONS: &str = "UPDATE sessions SET revoked_at = $4
        WHERE realm_id = $1 AND user_id = $2 AND (CAST($3 AS BYTEA) IS NULL OR id <> $3) AND revoked_at IS NULL
        RETURNING id";
    // Also grants of sessions that ended before, so that whatever happened then, none survives.
    const GRANTS: &str = "UPDATE grants SET revoked_at = $4
        WHERE realm_id = $1 AND revoked_at IS NULL AND session_id IN (SELECT s.id FROM sessions s
            WHERE s.realm_id = $1 AND s.user_id = $2 AND (CAST($3 AS BYTEA) IS NULL OR s.id <> $3))";
    let params = [(&realm).into(), (&user).into(), except.as_ref().into(), now.into()];
    let ended: Vec<(SessionId,)> = tx.all(SESSIONS, &params).await?;
    tx.execute(GRANTS, &params).await?;
    trusted_devices::forget_all(tx, realm, user).await?;
    Ok(ended.into_iter().map(|(id,)| id).collect())
}

/// The user of a live session proved once more to be the user, in the browser that holds the cookie `cookie`: from now on that
/// cookie is refused, and the next one good. False: the session has ended, or the cookie was not the newest. One statement.
pub async fn reauthenticate(
    tx: &mut Tx,
    realm: RealmId,
    id: SessionId,
    cookie: u32,
    amr: &[String],
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "UPDATE sessions SET authenticated_at = $4, amr = $5, cookie = cookie + 1
        WHERE realm_id = $1 AND id = $2 AND cookie = $3 AND revoked_at IS NULL AND expires_at > $4 AND idle_expires_at > $4";
    let amr = amr.join(" ");
    let params = [(&realm).into(), (&id).into(), cookie.into(), now.into(), amr.as_str().into()];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// The cookie `cookie` of a live session is refused from now on, and the next one good. When its user signed in, and how, stays as it
/// is. False: the session has ended, or the cookie was not the newest. One statement.
pub async fn renew_cookie(
    tx: &mut Tx,
    realm: RealmId,
    id: SessionId,
    cookie: u32,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "UPDATE sessions SET cookie = cookie + 1
        WHERE realm_id = $1 AND id = $2 AND cookie = $3 AND revoked_at IS NULL AND expires_at > $4 AND idle_expires_at > $4";
    let params = [(&realm).into(), (&id).into(), cookie.into(), now.into()];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// The user of a live session has shown another factor in it: from now on this is how they signed in. When they did stays as it is.
/// False: it has ended. One statement.
pub async fn add_factor(tx: &mut Tx, realm: RealmId, id: SessionId, amr: &[String]) -> Result<bool, Error> {
    const SQL: &str = "UPDATE sessions SET amr = $3 WHERE realm_id = $1 AND id = $2 AND revoked_at IS NULL";
    let amr = amr.join(" ");
    Ok(tx.execute(SQL, &[(&realm).into(), (&id).into(), amr.as_str().into()]).await? == 1)
}

/// Makes an organization, or none, the active one of a session. The team of another stays, and counts once that one is active again.
/// False: it has ended. That the user belongs there is for the caller to know. One statement.
pub async fn activate(
    tx: &mut Tx,
    realm: RealmId,
    id: SessionId,
    organization: Option<OrganizationId>,
) -> Result<bool, Error> {
    const SQL: &str =
        "UPDATE sessions SET organization_id = $3 WHERE realm_id = $1 AND id = $2 AND revoked_at IS NULL";
    Ok(tx.execute(SQL, &[(&realm).into(), (&id).into(), organization.as_ref().into()]).await? == 1)
}

/// Makes a team with its organization the active one of a session; or no team, which leaves the organization. False: it has ended. That
/// the user is in the team is for the caller to know. One statement.
pub async fn activate_team(
    tx: &mut Tx,
    realm: RealmId,
    id: SessionId,
    team: Option<(OrganizationId, TeamId)>,
) -> Result<bool, Error> {
    const SQL: &str = "UPDATE sessions SET team_id = $4,
            organization_id = CASE WHEN CAST($3 AS BYTEA) IS NULL THEN organization_id ELSE $3 END
        WHERE realm_id = $1 AND id = $2 AND revoked_at IS NULL";
    let (organization, team) = team.unzip();
    let params = [(&realm).into(), (&id).into(), organization.as_ref().into(), team.as_ref().into()];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// Notes that the session was seen, and moves its idle end by `idle`; never past its absolute end, never back.
/// Call it when [`Session::is_due_for_touch`]. False: it has ended. One statement.
pub async fn touch(
    tx: &mut Tx,
    realm: RealmId,
    id: SessionId,
    idle: Duration,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "UPDATE sessions SET last_seen_at = $3,
            idle_expires_at = CASE WHEN $4 < expires_at THEN $4 ELSE expires_at END
        WHERE realm_id = $1 AND id = $2 AND revoked_at IS NULL AND expires_at > $3 AND last_seen_at <= $3";
    let params = [(&realm).into(), (&id).into(), now.into(), now.plus(idle).into()];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// Deletes at most `limit` sessions, with their grants, that ended before `before`. Returns how many; call it again
/// until that is less than `limit`. One statement.
pub async fn delete_ended(tx: &mut Tx, realm: RealmId, before: Timestamp, limit: u32) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM sessions WHERE realm_id = $1 AND id IN (SELECT s.id FROM sessions s
        WHERE s.realm_id = $1 AND (s.expires_at < $2 OR s.revoked_at < $2) LIMIT $3)";
    tx.execute(SQL, &[(&realm).into(), before.into(), limit.into()]).await
}
