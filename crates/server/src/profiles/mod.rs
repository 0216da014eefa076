//! Front doors: the wire contracts of other systems, each in a folder. A realm's profile owns the paths that the server itself does not.

mod fastapi;
pub mod module04;
pub mod runbook;
pub mod zalt;

use axum::{
    Router,
    extract::{Request, State},
    response::Response,
};
use gatepost_domain::Profile;
use tower::Service as _;

use crate::{App, pages, realm::InRealm};

pub use fastapi::{Endpoint, table};

/// The endpoints of a profile, as its guide page lists them.
pub fn endpoints(profile: Profile) -> &'static [Endpoint] {
    match profile {
        Profile::Runbook => runbook::ENDPOINTS,
        Profile::Module04 => module04::ENDPOINTS,
        Profile::Native | Profile::Zalt => &[],
    }
}

/// Answers what no route of the server does, as the realm's profile does.
#[derive(Clone)]
pub struct Unowned {
    zalt: Router,
    runbook: Router,
    module04: Router,
}

impl Unowned {
    /// `around` puts around each profile's routes what every route of programs has around it.
    pub fn new(app: &App, around: impl Fn(Router<App>) -> Router<App>) -> Self {
        let door = |routes: Router<App>| around(routes).with_state(app.clone());
        Self {
            zalt: door(zalt::routes(app)),
            runbook: door(runbook::routes()),
            module04: door(module04::routes()),
        }
    }

    /// The answer of the realm's profile.
    pub async fn answer(self, app: App, mut request: Request) -> Response {
        let profile = request.extensions().get::<InRealm>().map(|realm| realm.settings().profile);
        let mut door = match profile {
            Some(Profile::Zalt) => {
                request = zalt::choose_realm(&app, request).await;
                self.zalt
            }
            Some(Profile::Runbook) => self.runbook,
            Some(Profile::Module04) => self.module04,
            Some(Profile::Native) | None => {
                return pages::not_found(State(app), request).await;
            }
        };
        let Ok(response) = door.call(request).await;
        response
    }
}
