//! Sessions and the tokens within them: sign in, refresh, sign out. Every front door comes through here.

mod again;
mod begin;
mod by_mail;
mod device;
mod end;
mod finish;
mod first;
mod handed_over;
mod in_browser;
mod in_place;
mod known_device;
mod list;
mod missing;
mod pending;
mod refresh;
mod second;
mod send_sms;
mod set_up;
mod sign_in;
mod touch;
mod trusted_device;

pub use again::{Proved, proved_last, show_code, show_passkey, show_password, show_sms_code};
pub use begin::{Held, Steps, Wants, begin};
pub use by_mail::{Mailed, Opened, ask_by_mail, is_by_mail, opened_to_sign_in, prove_by_mail};
pub(crate) use device::note_device;
pub use end::{Ended, end};
pub use finish::{Finished, finish};
pub use handed_over::{hand_over, take_over};
pub use in_browser::{renew_cookie, sign_in_application, sign_in_browser};
pub use in_place::{InPlace, begin_in_place, end_in_place, token_in_place};
pub use known_device::{DeviceCookie, known_device, known_device_at, remember_device, remember_device_of};
pub use list::{find_with_user, list, list_of_realm};
pub(crate) use missing::Asks;
pub use missing::what_is_missing;
pub use pending::{open as open_pending, seal as seal_pending};
pub use refresh::{Refreshed, refresh, refresh_with};
pub(crate) use second::{Asked, ask};
pub use second::{Shown, prove_second};
pub use send_sms::{send_sms_at_sign_in, sms_waits};
pub use set_up::{begin_passkey_set_up, begin_set_up};
pub use sign_in::{
    Begun, Identifier, Proven, SignIn, just_signed_up, prove, prove_or_tell, refused as note_refused, sign_in,
};
pub use touch::touch;
pub(crate) use trusted_device::{NewTrust, trusted_since};
pub use trusted_device::{TrustCookie, this_device, trust};

/// The client of people who sign in at the server's own API.
pub const FIRST_PARTY: &str = gatepost_domain::client::FIRST_PARTY;
/// What such a session may do: everything the account may. `account` is what lets it manage itself.
pub const FIRST_PARTY_SCOPES: &str = "account openid profile email offline_access";
