//! Every route, and the layers around them.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    http::HeaderName,
    middleware::from_fn_with_state,
    response::Response,
};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::{
    App, api, better_auth,
    described::description,
    docs,
    front::Front,
    health,
    http::{Problem, body, cross_origin, observe::Route, precondition::MarkUntagged},
    oauth, pages,
    profiles::Unowned,
    scalekit,
};

/// The router that serves `app`. Mount it in an axum application; `gatepost serve` runs the same service without axum's
/// outermost router.
pub fn router(app: App) -> Router {
    Router::new().fallback_service(front(app))
}

/// The service that answers every request.
pub(crate) fn front(app: App) -> Front {
    let (api, _) = api::routes().merge(oauth::routes()).split_for_parts();
    // Together, for axum boxes a route once for each call of `layer`.
    let called = api.method_not_allowed_fallback(|| async { Problem::MethodNotAllowed }).layer((
        TellRoute,
        cross_origin::layer(),
        MarkUntagged::all_but(&description()),
        DefaultBodyLimit::max(body::LIMIT),
    ));
    let opened = pages::routes().merge(oauth::pages());
    let opened = if app.mailer().kept().is_some() { opened.merge(pages::dev_mail()) } else { opened };
    let doors = Unowned::new(&app, |routes| {
        let more = ["x-requested-with", "x-api-key", "x-organization-id", "x-realm-id", "x-org-id"];
        let more = more.map(HeaderName::from_static);
        routes.layer((TellRoute, cross_origin::layer_with(&more), DefaultBodyLimit::max(body::LIMIT)))
    });
    let realm = oauth::documents()
        .merge(docs::routes())
        .merge(opened.layer(from_fn_with_state(app.clone(), pages::around)))
        .merge(pages::assets())
        .layer((TellRoute, DefaultBodyLimit::max(body::LIMIT)))
        .merge(called)
        .merge(better_auth::routes(&app))
        .merge(scalekit::routes())
        .fallback(move |State(app): State<App>, request: Request| async move {
            match scalekit::unserved(&request) {
                Some(refused) => refused,
                None => doors.answer(app, request).await,
            }
        })
        .method_not_allowed_fallback(|| async { Problem::MethodNotAllowed })
        .with_state(app.clone());
    let health = health::routes()
        .fallback(|| async { Problem::NotFound })
        .method_not_allowed_fallback(|| async { Problem::MethodNotAllowed })
        .with_state(app.clone());
    Front::new(app, health, realm)
}

/// The front counts by route; only here is it known.
#[derive(Clone)]
pub(crate) struct TellRoute;

impl<S> Layer<S> for TellRoute {
    type Service = TellingRoute<S>;

    fn layer(&self, inner: S) -> TellingRoute<S> {
        TellingRoute(inner)
    }
}

#[derive(Clone)]
pub(crate) struct TellingRoute<S>(S);

impl<S: Service<Request, Response = Response>> Service<Request> for TellingRoute<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = Telling<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Telling<S::Future> {
        let route = request.extensions().get::<MatchedPath>().cloned();
        Telling { answer: self.0.call(request), route }
    }
}

pin_project! {
    pub(crate) struct Telling<F> {
        #[pin]
        answer: F,
        route: Option<MatchedPath>,
    }
}

impl<F: Future<Output = Result<Response, E>>, E> Future for Telling<F> {
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut answered = std::task::ready!(this.answer.poll(context));
        if let (Ok(response), Some(route)) = (&mut answered, this.route.take()) {
            response.extensions_mut().insert(Route(route));
        }
        Poll::Ready(answered)
    }
}
