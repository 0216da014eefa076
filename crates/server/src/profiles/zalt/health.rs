//! `GET /health`

use axum::extract::State;
use serde_json::json;

use super::{Refusal, envelope::Said};
use crate::{App, health, http::Now};

/// Whether the server can serve.
pub async fn show(Now(now): Now, State(app): State<App>) -> Result<Said, Refusal> {
    health::is_ready(&app).await?;
    Ok(Said::ok(json!({"status": "healthy", "version": env!("CARGO_PKG_VERSION"), "timestamp": now})))
}
