//! The wire contract of module 04.

use axum::Router;

use crate::App;

pub fn routes() -> Router<App> {
    Router::new()
}
