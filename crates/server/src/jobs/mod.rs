//! What the server does by itself, while it serves.

mod clean_up;
pub(crate) mod logout;

use std::time::Duration;

use crate::App;

pub use clean_up::clean_up;
pub use logout::tell_clients;

/// How long after one clean-up the next begins.
const EVERY: Duration = Duration::from_hours(24);

/// How long a sign-out by another process, or a client that is to be told once more, waits at most.
const LOOK: Duration = Duration::from_secs(5);

/// Does all of it until it is aborted. What fails is logged and tried again.
pub async fn run(app: App) {
    tokio::join!(daily(&app), at_once(&app));
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
