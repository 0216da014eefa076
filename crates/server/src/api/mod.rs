//! The native JSON API, `/api/v1`.

mod admin;
mod key_view;
mod login;
mod login_email;
mod login_mfa;
mod login_passkey;
mod logout;
mod me;
mod mfa_view;
mod organizations;
mod passkey_view;
mod password;
mod recover;
mod refresh;
mod register;
mod verify_email;
mod view;

use utoipa_axum::router::OpenApiRouter;

use crate::{App, described::routes};

pub use admin::{ClientView, DeliveryView, InitialAccessTokenView, RoleView, WebhookAndSecret, WebhookView};
pub use key_view::KeyView;
pub(crate) use login::{CookieHeader, cookie, known as known_device};
pub use me::SessionView;
pub use mfa_view::{Enrolment, MfaView};
pub use organizations::{MemberView, OrganizationView};
pub use password::Password;
pub use view::{TokenAnswer, UserView};

/// Every route of the native API, with its description.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(register::register))
        .routes(routes!(login::login))
        .routes(routes!(login_email::ask))
        .routes(routes!(login_email::confirm))
        .routes(routes!(login_mfa::second))
        .routes(routes!(login_mfa::set_up))
        .routes(routes!(login_mfa::send_sms))
        .routes(routes!(login_mfa::passkey))
        .routes(routes!(login_mfa::new_passkey))
        .routes(routes!(login_passkey::options))
        .routes(routes!(login_passkey::login))
        .routes(routes!(refresh::refresh))
        .routes(routes!(logout::logout))
        .routes(routes!(recover::recover))
        .routes(routes!(recover::confirm))
        .routes(routes!(verify_email::verify))
        .routes(routes!(verify_email::resend))
        .routes(routes!(verify_email::undo))
        .merge(me::routes())
        .merge(organizations::routes())
        .merge(admin::routes())
}
