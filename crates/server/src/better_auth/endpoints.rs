//! Every endpoint of the contract, once: those that are served, each with the test that asks it, and those that are not.

use std::fmt::Write as _;

use axum::routing::{MethodRouter, get, post};

use super::{account, admin, api_key, passkey, recovery, session, sign_in, sign_up, token, two_factor};
use crate::App;

/// An endpoint that is served.
pub(super) struct Endpoint {
    method: &'static str,
    /// Under the base.
    pub(super) path: &'static str,
    /// What asks it, in `crates/server/tests/it/better_auth/`.
    test: &'static str,
    pub(super) route: fn() -> MethodRouter<App>,
}

macro_rules! served {
    ($($method:ident $path:literal $handler:path, $test:literal;)+) => {
        /// Every endpoint that is served.
        pub(super) const SERVED: &[Endpoint] = &[$(Endpoint {
            method: stringify!($method),
            path: $path,
            test: $test,
            route: || $method($handler),
        }),+];
    };
}

served! {
    get "/ok" token::ok, "what_is_no_endpoint_is_answered_with_nothing";
    post "/sign-up/email" sign_up::by_email, "an_account_is_made_and_signed_in";
    post "/sign-in/email" sign_in::by_email, "a_sign_in_gives_a_cookie_and_a_token_that_authenticate";
    post "/sign-in/username" sign_in::by_username, "a_user_name_signs_in";
    post "/is-username-available" sign_up::is_username_available, "a_user_name_is_free_or_taken";
    post "/two-factor/verify-totp" two_factor::by_totp, "an_account_with_a_second_factor_is_asked_for_it";
    post "/two-factor/verify-backup-code" two_factor::by_backup_code, "a_recovery_code_takes_the_place_of_the_app";
    post "/two-factor/enable" two_factor::enable, "an_app_is_set_up_with_the_codes_that_were_shown";
    post "/two-factor/disable" two_factor::disable, "an_app_is_removed_and_codes_are_made_anew";
    post "/two-factor/generate-backup-codes" two_factor::generate_backup_codes, "an_app_is_removed_and_codes_are_made_anew";
    get "/passkey/generate-register-options" passkey::to_register, "a_passkey_is_added_and_signs_in";
    post "/passkey/verify-registration" passkey::register, "a_passkey_is_added_and_signs_in";
    get "/passkey/generate-authenticate-options" passkey::to_authenticate, "a_passkey_is_added_and_signs_in";
    post "/passkey/verify-authentication" passkey::authenticate, "a_passkey_is_added_and_signs_in";
    get "/passkey/list-user-passkeys" passkey::list, "passkeys_are_listed_named_and_removed";
    post "/passkey/delete-passkey" passkey::remove, "passkeys_are_listed_named_and_removed";
    post "/passkey/update-passkey" passkey::rename, "passkeys_are_listed_named_and_removed";
    post "/api-key/create" api_key::create, "a_key_is_made_within_the_rights_of_its_owner";
    get "/api-key/list" api_key::list, "keys_are_listed_in_the_order_that_is_asked_for";
    get "/api-key/get" api_key::show, "a_key_is_shown_renamed_and_deleted";
    post "/api-key/update" api_key::update, "a_key_is_shown_renamed_and_deleted";
    post "/api-key/delete" api_key::delete, "a_key_is_shown_renamed_and_deleted";
    get "/admin/list-users" admin::list, "an_administrator_turns_the_pages_of_the_users";
    get "/admin/get-user" admin::show, "an_account_is_made_shown_and_removed";
    post "/admin/create-user" admin::create, "an_account_is_made_shown_and_removed";
    post "/admin/update-user" admin::update, "an_account_is_changed_member_by_member";
    post "/admin/remove-user" admin::remove, "an_account_is_made_shown_and_removed";
    post "/admin/set-role" admin::set_role, "the_role_of_administrators_is_given_and_taken";
    post "/admin/set-user-password" admin::set_password, "a_password_that_is_set_ends_every_session";
    post "/admin/ban-user" admin::ban, "somebody_who_is_banned_is_out_at_once";
    post "/admin/unban-user" admin::unban, "somebody_who_is_banned_is_out_at_once";
    post "/admin/list-user-sessions" admin::list_sessions, "sessions_of_others_are_listed_and_ended";
    post "/admin/revoke-user-session" admin::revoke_session, "sessions_of_others_are_listed_and_ended";
    post "/admin/revoke-user-sessions" admin::revoke_sessions, "sessions_of_others_are_listed_and_ended";
    post "/admin/has-permission" admin::has_permission, "what_somebody_may_do_is_told_to_them";
    get "/get-session" session::show, "nobody_has_no_session_and_that_is_no_error";
    post "/get-session" session::show_by_post, "a_session_is_asked_for_with_get";
    get "/list-sessions" session::list, "what_is_listed_revokes_and_does_not_authenticate";
    post "/revoke-session" session::revoke, "what_is_listed_revokes_and_does_not_authenticate";
    post "/revoke-sessions" session::revoke_all, "every_session_ends_and_this_one_too";
    post "/revoke-other-sessions" session::revoke_others, "every_other_session_ends";
    post "/sign-out" session::sign_out, "signing_out_ends_the_session_and_clears_its_cookies";
    post "/update-user" account::update, "a_name_a_picture_and_a_user_name_are_changed";
    post "/verify-password" account::verify_password, "a_password_is_verified_and_wrong_ones_are_counted";
    post "/change-password" account::change_password, "another_password_ends_every_other_session";
    post "/change-email" account::change_email, "another_address_counts_once_its_link_was_opened";
    get "/list-accounts" account::list_accounts, "the_ways_in_are_listed";
    post "/request-password-reset" recovery::request_reset, "a_lost_password_is_set_anew_on_the_page_of_the_application";
    get "/reset-password/{token}" recovery::open_reset, "a_lost_password_is_set_anew_on_the_page_of_the_application";
    post "/reset-password" recovery::reset, "a_lost_password_is_set_anew_on_the_page_of_the_application";
    post "/send-verification-email" recovery::send_verification, "an_address_is_verified_by_the_token_of_a_link";
    get "/verify-email" recovery::verify_email, "an_address_is_verified_by_the_token_of_a_link";
    get "/token" token::show, "a_token_says_what_the_contract_says_and_nothing_else";
    get "/jwks" token::keys, "a_token_says_what_the_contract_says_and_nothing_else";
    get "/.well-known/jwks.json" token::keys, "a_token_says_what_the_contract_says_and_nothing_else";
}

/// What is not served yet: the plugin it belongs to, the endpoints, and what does the same meanwhile.
const NOT_YET: &[(&str, &str, &str)] = &[
    (
        "core",
        "POST `/sign-in/social`, `/link-social`, `/unlink-account`, GET `/callback/{provider}`, POST `/get-access-token`, `/refresh-token`, GET `/account-info`",
        "the sign-in page has the realm's providers; connected accounts are at `/account/security`",
    ),
    (
        "core",
        "POST `/delete-user`, GET `/delete-user/callback`",
        "an administrator deletes accounts (`DELETE /api/v1/admin/users/{id}`)",
    ),
    ("core", "POST `/update-session`, GET `/error`", "sessions have no fields of an application's own"),
    (
        "two-factor",
        "POST `/two-factor/get-totp-uri`, `/send-otp`, `/verify-otp`",
        "the key of an app is shown once, by `/enable`; codes are not sent",
    ),
    ("organization", "`/organization/…`", "`/api/v1/organizations/…`"),
    ("admin", "POST `/admin/impersonate-user`, `/admin/stop-impersonating`", "none"),
    (
        "magic-link, email-otp",
        "`/sign-in/magic-link`, `/magic-link/verify`, `/email-otp/…`, `/sign-in/email-otp`",
        "`email_sign_in`: the sign-in page, or `/api/v1/login/email`",
    ),
    ("multi-session", "`/multi-session/…`", "none"),
    ("device-authorization", "`/device/…`", "`/oauth/device` (RFC 8628)"),
    ("OAuth provider", "`/oauth2/…`", "`/oauth/…` and `/.well-known/openid-configuration`"),
    (
        "anonymous, phone-number, one-time-token, generic-oauth, one-tap, siwe, oauth-proxy, captcha",
        "all",
        "none",
    ),
];

/// The table of the guide.
pub fn guide() -> String {
    let mut table = "| endpoint | test |\n| --- | --- |\n".to_owned();
    for Endpoint { method, path, test, .. } in SERVED {
        let _ = writeln!(table, "| {} `{path}` | `{test}` |", method.to_uppercase());
    }
    table.push_str("\nNot yet:\n\n| plugin | endpoints | meanwhile |\n| --- | --- | --- |\n");
    for (plugin, endpoints, meanwhile) in NOT_YET {
        let _ = writeln!(table, "| {plugin} | {endpoints} | {meanwhile} |");
    }
    table
}
