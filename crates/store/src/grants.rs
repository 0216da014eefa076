//! Grants: made, found, ended. How their refresh tokens are exchanged is in `exchange`.

use gatepost_domain::outbox::{Message, Revocation};
use gatepost_domain::{
    ClientId, Grant, GrantDetails, GrantId, OrganizationId, OutboxId, RealmId, Session, SessionId, Timestamp,
    User, UserId,
};

use crate::sessions::session_columns;
use crate::users::user_columns;
use crate::value::{FromRow, Joined, Row, from_json, to_json};
use crate::{Error, Tx, outbox};

mod exchange;

pub use exchange::{
    Assessed, Ends, Exchanged, OnReuse, Presented, RefreshRefused, assess, end_reused, exchange, rotate,
};

impl FromRow for Grant {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            id: row.take()?,
            session: row.take()?,
            user: row.take()?,
            client: row.parse()?,
            scopes: row.parse()?,
            audience: audience_from(&row.take::<String>()?)?,
            organization: row.take_optional()?,
            details: details_from(&row.take::<String>()?)?,
            generation: row.take()?,
            created_at: row.take()?,
            rotated_at: row.take_optional()?,
            idle_expires_at: row.take()?,
            expires_at: row.take()?,
            revoked_at: row.take_optional()?,
        })
    }
}

/// Nearly always empty; then nothing is parsed.
fn audience_from(text: &str) -> Result<Vec<String>, Error> {
    if text.is_empty() { Ok(Vec::new()) } else { from_json(text) }
}

fn details_from(text: &str) -> Result<GrantDetails, Error> {
    if text.is_empty() { Ok(GrantDetails::default()) } else { from_json(text) }
}

macro_rules! grant_columns {
    ($table:literal) => {
        concat!(
            $table,
            "realm_id, ",
            $table,
            "id, ",
            $table,
            "session_id, ",
            $table,
            "user_id, ",
            $table,
            "client_id, ",
            $table,
            "scopes, ",
            $table,
            "audience, ",
            $table,
            "organization_id, ",
            $table,
            "details, ",
            $table,
            "generation, ",
            $table,
            "created_at, ",
            $table,
            "rotated_at, ",
            $table,
            "idle_expires_at, ",
            $table,
            "expires_at, ",
            $table,
            "revoked_at"
        )
    };
}

/// Adds a grant to a live session of a user who may sign in. False: not so (any more); nothing was written. One
/// statement.
pub async fn create(tx: &mut Tx, grant: &Grant) -> Result<bool, Error> {
    const SQL: &str = "INSERT INTO grants (realm_id, id, session_id, user_id, client_id, scopes, audience, generation,
            created_at, idle_expires_at, expires_at, details, organization_id)
        SELECT s.realm_id, $1, s.id, s.user_id, $2, $3, $4, $5, $6, $7, $8, $12, $13 FROM sessions s
        JOIN users u ON u.realm_id = s.realm_id AND u.id = s.user_id
        WHERE s.realm_id = $9 AND s.id = $10 AND s.user_id = $11 AND s.revoked_at IS NULL AND s.expires_at > $6
        AND u.disabled_at IS NULL AND (u.not_before IS NULL OR u.not_before <= s.created_at)";
    let scopes = grant.scopes.to_string();
    let audience = if grant.audience.is_empty() { String::new() } else { to_json(&grant.audience)? };
    let details = if grant.details.is_empty() { String::new() } else { to_json(&grant.details)? };
    let params = [
        (&grant.id).into(),
        grant.client.as_str().into(),
        scopes.as_str().into(),
        audience.as_str().into(),
        grant.generation.into(),
        grant.created_at.into(),
        grant.idle_expires_at.into(),
        grant.expires_at.into(),
        (&grant.realm).into(),
        (&grant.session).into(),
        (&grant.user).into(),
        details.as_str().into(),
        grant.organization.as_ref().into(),
    ];
    Ok(tx.execute(SQL, &params).await? == 1)
}

struct Whole(Grant, Session, User);

impl FromRow for Whole {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        let Joined(grant, Joined(session, user)) = Joined::from_row(row)?;
        Ok(Self(grant, session, user))
    }
}

/// A grant with its session and its user, whatever state they are in. One point read.
pub async fn find(tx: &mut Tx, realm: RealmId, id: GrantId) -> Result<Option<(Grant, Session, User)>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        grant_columns!("g."),
        ", ",
        session_columns!("s."),
        ", ",
        user_columns!("u."),
        " FROM grants g
        JOIN sessions s ON s.realm_id = g.realm_id AND s.id = g.session_id
        JOIN users u ON u.realm_id = g.realm_id AND u.id = g.user_id
        WHERE g.realm_id = $1 AND g.id = $2"
    );
    let found: Option<Whole> = tx.optional(SQL, &[(&realm).into(), (&id).into()]).await?;
    Ok(found.map(|Whole(grant, session, user)| (grant, session, user)))
}

/// At most 1,000 grants of a user that are good, in all sessions of theirs, the newest first.
pub async fn list_live(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<Grant>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        grant_columns!("g."),
        " FROM sessions s JOIN grants g ON g.realm_id = s.realm_id AND g.session_id = s.id
        WHERE s.realm_id = $1 AND s.user_id = $2 AND s.revoked_at IS NULL AND s.expires_at > $3 AND s.idle_expires_at > $3
        AND g.revoked_at IS NULL AND g.expires_at > $3 AND g.idle_expires_at > $3 ORDER BY g.id DESC LIMIT 1000"
    );
    tx.all(SQL, &[(&realm).into(), (&user).into(), now.into()]).await
}

async fn tell(tx: &mut Tx, grant: &Grant, now: Timestamp, message: OutboxId) -> Result<(), Error> {
    let revocation = Revocation::Grant { grant: grant.id, session: grant.session, user: grant.user };
    outbox::queue(tx, message, grant.realm, &Message::Revocation(revocation), now).await
}

async fn end(tx: &mut Tx, realm: RealmId, id: GrantId, now: Timestamp) -> Result<Option<Grant>, Error> {
    const SQL: &str = concat!(
        "UPDATE grants SET revoked_at = $3 WHERE realm_id = $1 AND id = $2 AND revoked_at IS NULL RETURNING ",
        grant_columns!("")
    );
    tx.optional(SQL, &[(&realm).into(), (&id).into(), now.into()]).await
}

/// Ends a grant, and tells verifiers. Returns it; `None`: no such grant, or ended before.
pub async fn revoke(
    tx: &mut Tx,
    realm: RealmId,
    id: GrantId,
    now: Timestamp,
    message: OutboxId,
) -> Result<Option<Grant>, Error> {
    let ended = end(tx, realm, id, now).await?;
    if let Some(grant) = &ended {
        tell(tx, grant, now, message).await?;
    }
    Ok(ended)
}

/// Makes an organization, or none, the active one of what a client holds in a session. Returns the grant; `None`: there
/// is no such grant that was not ended. That the user belongs there is for the caller to know.
pub async fn activate(
    tx: &mut Tx,
    realm: RealmId,
    session: SessionId,
    client: &ClientId,
    organization: Option<OrganizationId>,
) -> Result<Option<Grant>, Error> {
    const SQL: &str = concat!(
        "UPDATE grants SET organization_id = $4
        WHERE realm_id = $1 AND session_id = $2 AND client_id = $3 AND revoked_at IS NULL RETURNING ",
        grant_columns!("")
    );
    let params = [(&realm).into(), (&session).into(), client.as_str().into(), organization.as_ref().into()];
    tx.optional(SQL, &params).await
}
