//! What the server does by itself, while it serves.

mod clean_up;

use std::time::Duration;

use crate::App;

pub use clean_up::clean_up;

/// How long after one clean-up the next begins.
const EVERY: Duration = Duration::from_hours(24);

/// Cleans up now and once a day, until it is aborted. What fails is logged and tried again the next day.
pub async fn run(app: App) {
    loop {
        if let Err(error) = clean_up(&app).await {
            tracing::warn!(%error, "what is over could not be cleaned up; it is tried again in a day");
        }
        tokio::time::sleep(EVERY).await;
    }
}
