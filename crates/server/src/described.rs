//! Routes with their description.
//!
//! What makes the description is 2 MB of code. A debug build makes it, and the tests hold `docs/reference/openapi.json` against it; a
//! release has that file in it, and of the routes their paths and methods.

use serde_json::Value;

use crate::{api, docs, oauth};

#[cfg(debug_assertions)]
const WRITTEN: &str = "";
#[cfg(not(debug_assertions))]
const WRITTEN: &str = include_str!("../../../docs/reference/openapi.json");

/// The routes of these handlers, as `utoipa_axum::routes!` has them.
macro_rules! routes {
    ($($($part:ident)::+),+ $(,)?) => {
        if cfg!(debug_assertions) {
            utoipa_axum::routes!($($($part)::+),+)
        } else {
            use utoipa_axum::PathItemExt as _;
            let mut paths = utoipa::openapi::path::Paths::new();
            let mut methods = axum::routing::MethodRouter::new();
            $(
                let path = utoipa_axum::routes!(@path [path()] of $($part)::+);
                paths.paths.entry(path).or_default();
                for method in utoipa_axum::routes!(@path [methods()] of $($part)::+) {
                    methods = methods.on(method.to_method_filter(), $($part)::+);
                }
            )+
            (Vec::new(), paths, methods)
        }
    };
}

pub(crate) use routes;

/// The description of the routes that programs call.
pub fn description() -> Value {
    let described = if cfg!(debug_assertions) {
        serde_json::to_value(docs::describe(api::routes().merge(oauth::routes()).into_openapi()))
    } else {
        serde_json::from_str(WRITTEN)
    };
    described.unwrap_or_default()
}

/// The same as it is written.
pub fn written() -> String {
    if cfg!(debug_assertions) {
        docs::describe(api::routes().merge(oauth::routes()).into_openapi())
            .to_pretty_json()
            .unwrap_or_default()
    } else {
        WRITTEN.trim_end().to_owned()
    }
}
