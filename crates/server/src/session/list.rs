//! Where an account is signed in.

use gatepost_domain::{RealmId, Session, Timestamp, UserId};
use gatepost_store::sessions;

use crate::{App, http::Problem};

/// The live sessions of a user, the newest first.
pub async fn list(app: &App, realm: RealmId, user: UserId, now: Timestamp) -> Result<Vec<Session>, Problem> {
    let found = app
        .db()
        .read("list sessions", move |tx| Box::pin(async move { sessions::list(tx, realm, user, now).await }));
    Ok(found.await?)
}
