//! Administration of a realm. Every route here takes an [`Admin`](crate::http::Admin).

mod api_keys;
mod audit;
mod bulk;
mod clients;
mod initial_access_tokens;
mod keys;
mod mfa;
mod organizations;
mod realm;
mod roles;
mod sessions;
mod users;
mod webhook_deliveries;
mod webhooks;

pub use clients::ClientView;
pub use initial_access_tokens::InitialAccessTokenView;
pub use roles::RoleView;
pub use webhook_deliveries::DeliveryView;
pub use webhooks::{WebhookAndSecret, WebhookView};

use utoipa_axum::router::OpenApiRouter;

use crate::{App, described::routes};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(users::list, users::create))
        .routes(routes!(bulk::run))
        .routes(routes!(users::show, users::change, users::delete))
        .routes(routes!(mfa::show, mfa::reset))
        .routes(routes!(sessions::list_of_realm))
        .routes(routes!(sessions::list, sessions::end_all))
        .routes(routes!(sessions::end))
        .routes(routes!(api_keys::list, api_keys::revoke_all))
        .routes(routes!(api_keys::revoke))
        .routes(routes!(organizations::list))
        .routes(routes!(organizations::show, organizations::change, organizations::delete))
        .routes(routes!(organizations::members))
        .routes(routes!(organizations::put_member, organizations::remove_member))
        .routes(routes!(api_keys::list_of_organization))
        .routes(routes!(api_keys::revoke_of_organization))
        .routes(routes!(realm::show, realm::change))
        .routes(routes!(realm::replace_interceptor_secret))
        .routes(routes!(realm::replace_sms_secret))
        .routes(routes!(clients::list, clients::create))
        .routes(routes!(clients::show, clients::change, clients::remove))
        .routes(routes!(clients::rotate_secret))
        .routes(routes!(initial_access_tokens::list, initial_access_tokens::create))
        .routes(routes!(initial_access_tokens::revoke))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::show, webhooks::change, webhooks::remove))
        .routes(routes!(webhooks::rotate_secret))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhook_deliveries::list))
        .routes(routes!(webhook_deliveries::replay_dead))
        .routes(routes!(webhook_deliveries::show))
        .routes(routes!(webhook_deliveries::replay))
        .routes(routes!(keys::list))
        .routes(routes!(roles::list, roles::create))
        .routes(routes!(roles::show, roles::put, roles::remove))
        .routes(routes!(audit::list))
}
