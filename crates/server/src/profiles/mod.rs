//! Front doors: the paths that a realm's profile owns, in the wire contract that it names.
//!
//! What every realm serves is in [`router`](crate::router()). Everything else is asked of the router of the realm's profile, which
//! answers every path and every refusal in its own words: one that belongs to another profile is not found there.

mod module04;
mod runbook;
mod zalt;

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    routing::future::RouteFuture,
};
use gatepost_domain::Profile;
use tower::Service;

use crate::{
    App,
    http::{body, cross_origin},
    pages,
    realm::InRealm,
    router::TellRoute,
};

/// Answers what no path of every realm's answers.
#[derive(Clone)]
pub struct Doors {
    native: Router,
    zalt: Router,
    runbook: Router,
    module04: Router,
}

impl Doors {
    pub fn new(app: &App) -> Self {
        let door = |routes: Router<App>| {
            let layers = (TellRoute, cross_origin::layer(), DefaultBodyLimit::max(body::LIMIT));
            routes.layer(layers).with_state(app.clone())
        };
        Self {
            native: Router::new().fallback(pages::not_found).with_state(app.clone()),
            zalt: door(zalt::routes()),
            runbook: door(runbook::routes()),
            module04: door(module04::routes()),
        }
    }

    fn of(&mut self, profile: Profile) -> &mut Router {
        match profile {
            Profile::Native => &mut self.native,
            Profile::Zalt => &mut self.zalt,
            Profile::Runbook => &mut self.runbook,
            Profile::Module04 => &mut self.module04,
        }
    }
}

impl Service<Request> for Doors {
    type Response = axum::response::Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> RouteFuture<Infallible> {
        let profile = request.extensions().get::<InRealm>().map(|realm| realm.settings().profile);
        self.of(profile.unwrap_or_default()).call(request)
    }
}
