//! What the server does by itself, while it serves.

mod clean_up;
pub(crate) mod logout;
mod mail;
mod silence;
mod webhooks;

use std::time::Duration;

use gatepost_domain::{Timestamp, outbox::Queued};
use gatepost_store::{Error, outbox};

use crate::App;

pub use clean_up::clean_up;
pub use logout::tell_clients;
pub use mail::send_mail;
pub(crate) use silence::Silent;
pub use webhooks::send_messages;

/// How long after one clean-up the next begins.
const EVERY: Duration = Duration::from_hours(24);

/// How long what another process has queued, or what is to be tried once more, waits at most.
const LOOK: Duration = Duration::from_secs(5);

/// Does all of it until it is aborted. What fails is logged and tried again.
pub async fn run(app: App) {
    tokio::join!(daily(&app), at_once(&app), post(&app), webhooks::messages(&app));
}

/// Takes messages of a kind that are due, as many as `batch` and for as long as `lease`.
async fn claim(
    app: &App,
    kind: &'static str,
    batch: u32,
    lease: Duration,
    now: Timestamp,
) -> Result<Vec<Queued>, Error> {
    // Nearly always there is nothing, and then nothing is written.
    let waiting = app
        .db()
        .read("look for messages", move |tx| Box::pin(async move { outbox::is_due(tx, kind, now).await }));
    if !waiting.await? {
        return Ok(Vec::new());
    }
    app.db()
        .write_one("take messages", move |tx| {
            Box::pin(async move { outbox::claim_due(tx, kind, batch, lease, now).await })
        })
        .await
}

/// Sends letters as soon as there is one.
async fn post(app: &App) {
    loop {
        if let Err(error) = send_mail(app).await {
            tracing::warn!(%error, "letters could not be sent; it is tried again");
        }
        let _ = tokio::time::timeout(LOOK, app.post().notified()).await;
    }
}

/// Tells clients of sign-outs as soon as there is one.
async fn at_once(app: &App) {
    loop {
        if let Err(error) = tell_clients(app).await {
            tracing::warn!(%error, "clients could not be told of sign-outs; it is tried again");
        }
        // Either comes first.
        let _ = tokio::time::timeout(LOOK, app.sign_outs().notified()).await;
    }
}

/// Cleans up now and once a day.
async fn daily(app: &App) {
    loop {
        if let Err(error) = clean_up(app).await {
            tracing::warn!(%error, "what is over could not be cleaned up; it is tried again in a day");
        }
        tokio::time::sleep(EVERY).await;
    }
}
