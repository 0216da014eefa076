//! Front doors: the wire contracts of other systems, each in a folder. A realm's profile owns the paths that the server itself does not.

pub mod zalt;

use axum::{
    Router,
    extract::{Request, State},
    response::Response,
};
use gatepost_domain::Profile;
use tower::Service as _;

use crate::{App, pages, realm::InRealm};

/// Answers what no route of the server does, as the realm's profile does.
#[derive(Clone)]
pub struct Unowned {
    zalt: Router,
}

impl Unowned {
    /// `around` puts around each profile's routes what every route of programs has around it.
    pub fn new(app: &App, around: impl Fn(Router<App>) -> Router<App>) -> Self {
        let door = |routes: Router<App>| around(routes).with_state(app.clone());
        Self { zalt: door(zalt::routes(app)) }
    }

    /// The answer of the realm's profile.
    pub async fn answer(self, app: App, request: Request) -> Response {
        let profile = request.extensions().get::<InRealm>().map(|realm| realm.settings().profile);
        let mut door = match profile {
            Some(Profile::Zalt) => self.zalt,
            Some(Profile::Native | Profile::Runbook | Profile::Module04) | None => {
                return pages::not_found(State(app), request).await;
            }
        };
        let Ok(response) = door.call(request).await;
        response
    }
}
