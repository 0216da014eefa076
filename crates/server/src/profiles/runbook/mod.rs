//! The wire contract of the FastAPI runbook.

use axum::Router;

use crate::App;

pub fn routes() -> Router<App> {
    Router::new()
}
