//! Every route, and the layers around them.

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request},
    middleware::{self, Next},
    response::Response,
};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    App, api, docs, health,
    http::{
        Problem, body,
        observe::{Route, observe},
    },
    oauth,
    realm::by_realm,
};

/// The router that serves `app`. Mount it in an axum application, or let `gatepost serve` run it.
pub fn router(app: App) -> Router {
    let (api, description) = api::routes().split_for_parts();
    let inside = api
        .merge(oauth::routes())
        .merge(docs::routes(description))
        .fallback(|| async { Problem::NotFound })
        .method_not_allowed_fallback(|| async { Problem::MethodNotAllowed })
        .layer(middleware::from_fn(tell_route))
        .layer(DefaultBodyLimit::max(body::LIMIT))
        .with_state(app.clone());
    Router::new()
        .merge(health::routes())
        .with_state(app.clone())
        .fallback_service(by_realm(app, inside))
        .layer(CatchPanicLayer::custom(|_| {
            // The panic itself was written to the log by the panic hook.
            axum::response::IntoResponse::into_response(Problem::internal("a handler panicked"))
        }))
        .layer(middleware::from_fn(observe))
}

/// The outer layer counts by route; only here is it known.
async fn tell_route(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(Route(route));
    }
    response
}
