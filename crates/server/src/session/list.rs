//! Where an account is signed in.

use gatepost_domain::{RealmId, Session, SessionId, Timestamp, User, UserId};
use gatepost_store::sessions;

use crate::{App, http::Problem};

/// As many as `limit` live sessions of a user, the newest first, older than the given one.
pub async fn list(
    app: &App,
    (realm, user): (RealmId, UserId),
    before: Option<SessionId>,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<Session>, Problem> {
    let found = app.db().read("list sessions", move |tx| {
        Box::pin(async move { sessions::list(tx, realm, user, now, before, limit).await })
    });
    Ok(found.await?)
}

/// As many as `limit` live sessions of a realm, whoever they are of, the newest first, older than the given one.
pub async fn list_of_realm(
    app: &App,
    realm: RealmId,
    before: Option<SessionId>,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<Session>, Problem> {
    let found = app.db().read("list the sessions of a realm", move |tx| {
        Box::pin(async move { sessions::list_of_realm(tx, realm, now, before, limit).await })
    });
    Ok(found.await?)
}

/// A live session of the realm, and whose it is.
pub async fn find_with_user(
    app: &App,
    realm: RealmId,
    id: SessionId,
    now: Timestamp,
) -> Result<Option<(Session, User)>, Problem> {
    let found = app.db().read("find a session", move |tx| {
        Box::pin(async move { sessions::find_live(tx, realm, id, now).await })
    });
    Ok(found.await?)
}
