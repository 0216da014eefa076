//! A session that is used does not end by being idle.

use gatepost_domain::{Session, Timestamp};
use gatepost_store::sessions;

use crate::{App, realm::Snapshot};

/// Notes that the session is in use, at most once an hour. Nobody is refused because that could not be written.
pub async fn touch(app: &App, realm: &Snapshot, session: &Session, now: Timestamp) {
    if !session.is_due_for_touch(realm.settings(), now) {
        return;
    }
    let (realm, id, idle) = (realm.id(), session.id, realm.settings().session_idle_ttl);
    let noted = app.db().write_one("note that a session is in use", move |tx| {
        Box::pin(async move { sessions::touch(tx, realm, id, idle, now).await })
    });
    // Boxed: it is seldom due, and the future of every request that may do so is moved.
    if let Err(error) = Box::pin(noted).await {
        tracing::warn!(session.id = %id, %error, "the use of a session could not be noted");
    }
}
