//! What browser applications of other origins may call: the API and the endpoints of clients, for the origins that the realm
//! names (`allowed_origins`), and never with cookies. Pages are for nobody but their own origin.

use std::time::Duration;

use axum::http::{
    HeaderName, HeaderValue, Method,
    header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, RETRY_AFTER, WWW_AUTHENTICATE},
    request::Parts,
};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::observe::REQUEST_ID;
use crate::{
    limits::{RATE_LIMIT, RATE_LIMIT_POLICY},
    realm::InRealm,
};

/// How long a browser remembers the answer to its preflight. Whether it may read an answer is said with each answer.
const REMEMBERED: Duration = Duration::from_mins(10);

/// The layer around the routes that programs call.
pub fn layer() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_allowed))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, IF_MATCH, HeaderName::from_static("dpop")])
        .expose_headers([
            ETAG,
            RETRY_AFTER,
            WWW_AUTHENTICATE,
            REQUEST_ID,
            RATE_LIMIT,
            RATE_LIMIT_POLICY,
            HeaderName::from_static("dpop-nonce"),
        ])
        .max_age(REMEMBERED)
}

/// Compared whole and to the byte: a suffix or a pattern would let in `https://app.example.com.evil.test`.
fn is_allowed(origin: &HeaderValue, request: &Parts) -> bool {
    let Some(realm) = request.extensions.get::<InRealm>() else { return false };
    realm.settings().allowed_origins.iter().any(|allowed| allowed.as_str().as_bytes() == origin.as_bytes())
}
