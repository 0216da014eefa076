//! Which sessions there are, of a user or of a realm.

use gatepost_domain::{RealmId, Session, SessionId, SessionOrigin, Timestamp, UserId};

use super::{
    in_place::{may_act_for, may_impersonate},
    session_columns,
};
use crate::value::{FromRow, Row};
use crate::{Error, Tx};

/// At most `limit` live sessions of a user, the newest first, older than the given one.
pub async fn list(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    now: Timestamp,
    before: Option<SessionId>,
    limit: u32,
) -> Result<Vec<Session>, Error> {
    const SQL: &str = concat!(
        "SELECT ", session_columns!("s."), " FROM sessions s
        WHERE s.realm_id = $1 AND s.user_id = $2 AND s.revoked_at IS NULL AND s.expires_at > $3 AND s.idle_expires_at > $3
        AND s.id < $4 AND ", may_impersonate!(), " ORDER BY s.id DESC LIMIT $5"
    );
    let before = before.unwrap_or(SessionId::MAX);
    tx.all(SQL, &[(&realm).into(), (&user).into(), now.into(), (&before).into(), limit.into()]).await
}

/// At most `limit` live sessions of a realm, whoever they are of, the newest first, older than the given one. Read in the order of the
/// primary key.
pub async fn list_of_realm(
    tx: &mut Tx,
    realm: RealmId,
    now: Timestamp,
    before: Option<SessionId>,
    limit: u32,
) -> Result<Vec<Session>, Error> {
    const SQL: &str = concat!(
        "SELECT ", session_columns!("s."), " FROM sessions s
        WHERE s.realm_id = $1 AND s.id < $2 AND s.revoked_at IS NULL AND s.expires_at > $3 AND s.idle_expires_at > $3
        AND ", may_impersonate!(), " ORDER BY s.id DESC LIMIT $4"
    );
    let before = before.unwrap_or(SessionId::MAX);
    tx.all(SQL, &[(&realm).into(), (&before).into(), now.into(), limit.into()]).await
}

struct Origin(SessionOrigin);

impl FromRow for Origin {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self(SessionOrigin { address: row.parse_optional()?, user_agent: row.take_optional()? }))
    }
}

/// From where the user signed in before: the `limit` newest sessions but for `except`, live or over.
pub async fn origins(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    except: SessionId,
    limit: u32,
) -> Result<Vec<SessionOrigin>, Error> {
    const SQL: &str = "SELECT address, user_agent FROM sessions
        WHERE realm_id = $1 AND user_id = $2 AND id <> $3 AND impersonator_id IS NULL ORDER BY id DESC LIMIT $4";
    let params = [(&realm).into(), (&user).into(), (&except).into(), limit.into()];
    let found: Vec<Origin> = tx.all(SQL, &params).await?;
    Ok(found.into_iter().map(|Origin(origin)| origin).collect())
}
