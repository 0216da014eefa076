//! The way in: which realm a request is for, its id, its metrics, and a panic that does not end the connection.
//!
//! One service, and no future of its own where the realm is in memory. The same as a stack of axum layers cost half of a
//! request's CPU: each layer boxes a clone of all that is below it and moves the request once more.

use std::{
    convert::Infallible,
    future::Future,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Router,
    extract::{ConnectInfo, Request},
    http::Method,
    response::{IntoResponse as _, Response},
    routing::future::RouteFuture,
};
use pin_project_lite::pin_project;
use tower::Service;

use crate::{
    App,
    http::{Problem, observe::Seen},
    oauth,
    realm::{enter, enter_at_hand, host, names_a_host},
};

/// Answers every request.
#[derive(Clone)]
pub struct Front {
    rooms: Arc<Rooms>,
    /// Who is at the other end, where `serve` knows it. In a router it is axum's to tell.
    peer: Option<SocketAddr>,
}

struct Rooms {
    app: App,
    /// What is asked of the process and not of a realm.
    health: Router,
    /// What is asked of a realm.
    realm: Router,
}

impl Front {
    pub(crate) fn new(app: App, health: Router, realm: Router) -> Self {
        Self { rooms: Arc::new(Rooms { app, health, realm }), peer: None }
    }

    /// The same for the requests of one connection.
    pub fn of(&self, peer: SocketAddr) -> Self {
        Self { rooms: Arc::clone(&self.rooms), peer: Some(peer) }
    }

    /// A public document that is in memory needs no more than looking it up.
    fn at_hand(&self, request: &Request) -> Option<(&'static str, Response)> {
        if request.method() != Method::GET {
            return None;
        }
        let (route, document) = oauth::document(request.uri().path())?;
        let app = &self.rooms.app;
        let realm = app.realms().host_at_hand(app, host(request))?;
        // Its key is made first.
        if realm.lacks_id_token_key() {
            return None;
        }
        Some((route, document(&realm).answer(request.headers())))
    }
}

impl Rooms {
    /// Where the request is answered, if that is known without waiting.
    fn at_hand(&self, request: &mut Request) -> Result<Option<Router>, Problem> {
        if request.uri().path().starts_with("/health/") {
            return Ok(Some(self.health.clone()));
        }
        Ok(enter_at_hand(&self.app, request)?.then(|| self.realm.clone()))
    }

    /// The realm is looked up, or looked at again.
    async fn answer(&self, mut request: Request) -> Response {
        match enter(&self.app, &mut request).await {
            Ok(()) => {
                let Ok(response) = self.realm.clone().call(request).await;
                response
            }
            Err(problem) => problem.into_response(),
        }
    }
}

impl Service<Request> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Answering {
        let seen = Seen::now(request.method());
        if !names_a_host(&request, self.peer.is_some()) {
            let response = Some(Problem::InvalidHost.into_response());
            return Answering { state: State::Answered { response }, seen: Some(seen) };
        }
        if let Some((route, response)) = self.at_hand(&request) {
            let response = Some(seen.answered(response, Some(route)));
            return Answering { state: State::Answered { response }, seen: None };
        }
        request.extensions_mut().insert(seen.id);
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let state = match self.rooms.at_hand(&mut request) {
            Ok(Some(mut router)) => State::Routed { answer: router.call(request) },
            Ok(None) => {
                let rooms = Arc::clone(&self.rooms);
                State::Entering { answer: Box::pin(async move { rooms.answer(request).await }) }
            }
            Err(problem) => State::Answered { response: Some(problem.into_response()) },
        };
        Answering { state, seen: Some(seen) }
    }
}

pin_project! {
    /// The answer on its way.
    pub struct Answering {
        #[pin]
        state: State,
        // What still has to be seen of the request.
        seen: Option<Seen>,
    }
}

pin_project! {
    #[project = At]
    enum State {
        Answered { response: Option<Response> },
        Routed { #[pin] answer: RouteFuture<Infallible> },
        Entering { answer: Pin<Box<dyn Future<Output = Response> + Send>> },
    }
}

impl Future for Answering {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = catch_unwind(AssertUnwindSafe(|| match this.state.project() {
            // Taken once: there is nothing more to come.
            At::Answered { response } => response.take().map_or(Poll::Pending, Poll::Ready),
            At::Routed { answer } => answer.poll(context).map(|Ok(response)| response),
            At::Entering { answer } => answer.as_mut().poll(context),
        }));
        let response = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(response)) => response,
            // The panic itself was written to the log by the panic hook.
            Err(_) => Problem::internal("a handler panicked").into_response(),
        };
        Poll::Ready(Ok(match this.seen.take() {
            Some(seen) => seen.answered(response, None),
            None => response,
        }))
    }
}
