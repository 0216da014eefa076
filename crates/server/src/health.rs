//! Whether the process lives, and whether it can serve.

use axum::{Router, extract::State, http::StatusCode, routing::get};

use gatepost_store::meta;

use crate::{App, http::Problem};

/// `/health/live` and `/health/ready`.
pub fn routes() -> Router<App> {
    Router::new().route("/health/live", get(live)).route("/health/ready", get(ready))
}

/// 200 as long as the process answers at all.
async fn live() -> StatusCode {
    StatusCode::OK
}

/// 200 when the database answers, 503 otherwise.
async fn ready(State(app): State<App>) -> Result<StatusCode, Problem> {
    is_ready(&app).await.map(|()| StatusCode::OK)
}

/// Asks the database.
pub async fn is_ready(app: &App) -> Result<(), Problem> {
    app.db()
        .read("answer a health check", |tx| Box::pin(async move { meta::find(tx, "ready").await }))
        .await?;
    Ok(())
}
