//! The way in: which realm a request is for, its id, its metrics, and a panic that does not end the connection.
//!
//! One service and one allocated future a request. The same as a stack of axum layers cost half of a request's CPU: each
//! layer boxes a clone of all that is below it and moves the request once more.

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
};
use tower::Service;

use crate::{
    App,
    http::{Problem, observe::Seen},
    oauth,
    realm::{enter, host},
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
        let realm = app.realms().at_hand(app, host(request))?;
        Some((route, document(&realm).answer(request.headers())))
    }
}

impl Rooms {
    async fn answer(&self, mut request: Request) -> Response {
        if request.uri().path().starts_with("/health/") {
            let Ok(response) = self.health.clone().call(request).await;
            return response;
        }
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
        if let Some((route, response)) = self.at_hand(&request) {
            return Answering(State::Answered(Some(seen.answered(response, Some(route)))));
        }
        request.extensions_mut().insert(seen.id.clone());
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let rooms = Arc::clone(&self.rooms);
        let running = Box::pin(async move { rooms.answer(request).await });
        Answering(State::Running(running, Some(seen)))
    }
}

/// The answer on its way.
pub struct Answering(State);

enum State {
    Answered(Option<Response>),
    Running(Pin<Box<dyn Future<Output = Response> + Send>>, Option<Seen>),
}

impl Future for Answering {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answered = match &mut self.0 {
            State::Answered(response) => response.take(),
            State::Running(running, seen) => {
                let response = match catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(context))) {
                    Ok(Poll::Pending) => return Poll::Pending,
                    Ok(Poll::Ready(response)) => response,
                    // The panic itself was written to the log by the panic hook.
                    Err(_) => Problem::internal("a handler panicked").into_response(),
                };
                seen.take().map(|seen| seen.answered(response, None))
            }
        };
        match answered {
            Some(response) => Poll::Ready(Ok(response)),
            // It was answered before: there is nothing more to come.
            None => Poll::Pending,
        }
    }
}
