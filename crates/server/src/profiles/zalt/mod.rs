//! The wire contract of Zalt.

use axum::Router;

use crate::App;

pub fn routes() -> Router<App> {
    Router::new()
}
