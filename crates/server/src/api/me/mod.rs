//! The signed-in person's own account.

mod activity;
mod api_keys;
mod email;
mod identities;
mod mfa;
mod organization;
mod passkeys;
mod password;
mod profile;
mod sessions;
mod teams;
mod trusted_devices;

pub use sessions::{SessionListing, SessionPage, SessionView};

use utoipa_axum::router::OpenApiRouter;

use crate::{App, described::routes};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(profile::show, profile::change, profile::delete))
        .routes(routes!(password::change))
        .routes(routes!(email::change))
        .routes(routes!(mfa::show))
        .routes(routes!(identities::list))
        .routes(routes!(identities::disconnect))
        .routes(routes!(identities::token))
        .routes(routes!(mfa::begin_totp, mfa::remove_totp))
        .routes(routes!(mfa::confirm_totp))
        .routes(routes!(mfa::begin_sms, mfa::remove_sms))
        .routes(routes!(mfa::confirm_sms))
        .routes(routes!(trusted_devices::list, trusted_devices::trust, trusted_devices::forget_all))
        .routes(routes!(trusted_devices::forget))
        .routes(routes!(mfa::count_recovery_codes, mfa::make_recovery_codes))
        .routes(routes!(passkeys::list, passkeys::add))
        .routes(routes!(passkeys::begin))
        .routes(routes!(passkeys::rename, passkeys::remove))
        .routes(routes!(activity::list))
        .routes(routes!(sessions::list, sessions::end_others))
        .routes(routes!(sessions::end))
        .routes(routes!(organization::switch))
        .routes(routes!(teams::list))
        .routes(routes!(api_keys::list, api_keys::create))
        .routes(routes!(api_keys::rotate))
        .routes(routes!(api_keys::revoke))
}
