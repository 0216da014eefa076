//! Every endpoint of the contract, once: those that are served, each with the test that asks it, and those that are not.

use std::fmt::Write as _;

use axum::routing::{MethodRouter, get, post};

use super::{
    account, admin, api_key, deletion, device, email_otp, magic_link, multi_session, organization, passkey,
    provider_tokens, recovery, session, sign_in, sign_up, social, token, two_factor,
};
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

macro_rules! endpoints {
    ($(#[$about:meta])+ $name:ident: $($method:ident $path:literal $handler:path, $test:literal;)+) => {
        $(#[$about])+
        pub(super) const $name: &[Endpoint] = &[$(Endpoint {
            method: stringify!($method),
            path: $path,
            test: $test,
            route: || $method($handler),
        }),+];
    };
}

endpoints! {
    /// Those that a browser is known at, as by our pages.
    OPENED:
    get "/magic-link/verify" magic_link::open, "a_link_signs_in_where_it_was_asked_for_and_by_its_button";
    post "/magic-link/verify" magic_link::follow, "a_link_signs_in_where_it_was_asked_for_and_by_its_button";
    get "/delete-user/callback" deletion::open, "an_account_without_a_password_is_deleted_by_a_link_and_its_button";
    post "/delete-user/callback" deletion::follow, "an_account_without_a_password_is_deleted_by_a_link_and_its_button";
    post "/sign-in/social" social::sign_in, "somebody_signs_in_by_a_provider";
    post "/link-social" social::link, "an_account_elsewhere_is_connected_and_disconnected";
    get "/callback/{provider}" social::come_back, "somebody_signs_in_by_a_provider";
    post "/callback/{provider}" social::come_back_by_form, "a_provider_that_sends_people_back_by_a_form_is_answered";
    get "/error" social::error, "what_went_wrong_is_told_on_a_page";
}

endpoints! {
    /// Every other endpoint that is served.
    SERVED:
    get "/ok" token::ok, "what_is_no_endpoint_is_answered_with_nothing";
    post "/sign-up/email" sign_up::by_email, "an_account_is_made_and_signed_in";
    post "/sign-in/email" sign_in::by_email, "a_sign_in_gives_a_cookie_and_a_token_that_authenticate";
    post "/sign-in/username" sign_in::by_username, "a_user_name_signs_in";
    post "/sign-in/magic-link" magic_link::ask, "a_link_signs_in_where_it_was_asked_for_and_by_its_button";
    post "/email-otp/send-verification-otp" email_otp::send, "a_code_signs_in_where_it_was_asked_for";
    post "/sign-in/email-otp" email_otp::sign_in, "a_code_signs_in_where_it_was_asked_for";
    post "/email-otp/check-verification-otp" email_otp::check, "a_code_is_checked_and_stays_good";
    post "/email-otp/verify-email" email_otp::verify_email, "a_code_proves_an_address";
    post "/email-otp/request-password-reset" email_otp::request_reset, "a_code_sets_another_password";
    post "/email-otp/reset-password" email_otp::reset, "a_code_sets_another_password";
    post "/email-otp/request-email-change" email_otp::request_change, "a_code_changes_the_address";
    post "/email-otp/change-email" email_otp::change, "a_code_changes_the_address";
    post "/is-username-available" sign_up::is_username_available, "a_user_name_is_free_or_taken";
    post "/two-factor/verify-totp" two_factor::by_totp, "an_account_with_a_second_factor_is_asked_for_it";
    post "/two-factor/verify-backup-code" two_factor::by_backup_code, "a_recovery_code_takes_the_place_of_the_app";
    post "/two-factor/send-otp" two_factor::send_otp, "a_code_that_is_sent_ends_a_sign_in";
    post "/two-factor/verify-otp" two_factor::by_otp, "a_code_that_is_sent_ends_a_sign_in";
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
    post "/admin/impersonate-user" admin::impersonate, "an_administrator_acts_in_the_place_of_a_user_and_stops";
    post "/admin/stop-impersonating" admin::stop_impersonating, "an_administrator_acts_in_the_place_of_a_user_and_stops";
    post "/admin/has-permission" admin::has_permission, "what_somebody_may_do_is_told_to_them";
    get "/get-session" session::show, "nobody_has_no_session_and_that_is_no_error";
    post "/get-session" session::show_by_post, "a_session_is_asked_for_with_get";
    get "/list-sessions" session::list, "what_is_listed_revokes_and_does_not_authenticate";
    post "/revoke-session" session::revoke, "what_is_listed_revokes_and_does_not_authenticate";
    post "/revoke-sessions" session::revoke_all, "every_session_ends_and_this_one_too";
    post "/revoke-other-sessions" session::revoke_others, "every_other_session_ends";
    post "/sign-out" session::sign_out, "signing_out_ends_the_session_and_clears_its_cookies";
    get "/multi-session/list-device-sessions" multi_session::list, "one_browser_keeps_several_accounts";
    post "/multi-session/set-active" multi_session::set_active, "one_browser_keeps_several_accounts";
    post "/multi-session/revoke" multi_session::revoke, "another_account_takes_the_place_of_one_that_is_ended";
    post "/device/code" device::code, "a_device_is_connected_by_whoever_typed_its_code";
    post "/device/token" device::token, "a_device_is_connected_by_whoever_typed_its_code";
    get "/device" device::show, "a_device_is_connected_by_whoever_typed_its_code";
    post "/device/approve" device::approve, "a_device_is_connected_by_whoever_typed_its_code";
    post "/device/deny" device::deny, "a_device_that_is_refused_gets_nothing";
    post "/unlink-account" social::unlink, "an_account_elsewhere_is_connected_and_disconnected";
    post "/get-access-token" provider_tokens::get, "what_a_provider_gave_is_used_by_the_application";
    post "/refresh-token" provider_tokens::refresh, "another_token_is_asked_of_the_provider";
    get "/account-info" provider_tokens::info, "a_provider_says_who_somebody_is";
    post "/update-session" session::update, "a_session_has_no_fields_to_update";
    post "/two-factor/get-totp-uri" two_factor::get_totp_uri, "the_key_of_an_app_is_shown_until_it_counts";
    post "/delete-user" account::delete, "an_account_is_deleted_by_its_owner";
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
    post "/organization/create" organization::create, "an_organization_is_made_and_is_active";
    get "/organization/list" organization::list, "organizations_are_listed_to_those_who_belong_to_them";
    post "/organization/check-slug" organization::check_slug, "a_slug_is_free_or_taken";
    post "/organization/set-active" organization::set_active, "an_organization_is_active_in_one_session_until_another_is";
    get "/organization/get-organization" organization::get, "an_organization_is_shown_whole_to_its_members";
    get "/organization/get-full-organization" organization::get_full, "an_organization_is_shown_whole_to_its_members";
    post "/organization/update" organization::update, "an_organization_is_changed_and_deleted_by_its_owners";
    post "/organization/delete" organization::delete, "an_organization_is_changed_and_deleted_by_its_owners";
    post "/organization/invite-member" organization::invite, "somebody_is_invited_and_accepts";
    post "/organization/accept-invitation" organization::accept, "somebody_is_invited_and_accepts";
    post "/organization/reject-invitation" organization::reject, "an_invitation_is_declined";
    post "/organization/cancel-invitation" organization::cancel, "an_invitation_is_taken_back";
    get "/organization/get-invitation" organization::get_invitation, "somebody_is_invited_and_accepts";
    get "/organization/list-invitations" organization::list_invitations, "an_invitation_is_taken_back";
    get "/organization/list-user-invitations" organization::list_user_invitations, "somebody_is_invited_and_accepts";
    get "/organization/list-members" organization::list_members, "members_are_listed_by_pages_in_an_order_and_by_a_filter";
    get "/organization/get-active-member" organization::active_member, "a_member_sees_their_own_roles_and_those_of_others";
    get "/organization/get-active-member-role" organization::active_member_role, "a_member_sees_their_own_roles_and_those_of_others";
    post "/organization/has-permission" organization::has_permission, "a_member_may_what_the_native_api_lets_them";
    post "/organization/remove-member" organization::remove_member, "a_member_is_removed_by_id_or_address";
    post "/organization/update-member-role" organization::update_member_role, "a_member_is_given_other_roles";
    post "/organization/leave" organization::leave, "everybody_leaves_but_the_last_owner";
    post "/organization/create-team" organization::create_team, "an_organization_has_teams_from_its_beginning";
    post "/organization/update-team" organization::update_team, "a_team_is_given_another_name_and_deleted";
    post "/organization/remove-team" organization::remove_team, "a_team_is_given_another_name_and_deleted";
    get "/organization/list-teams" organization::list_teams, "an_organization_has_teams_from_its_beginning";
    post "/organization/set-active-team" organization::set_active_team, "a_team_is_active_in_one_session_until_another_is";
    get "/organization/list-user-teams" organization::list_user_teams, "the_teams_of_a_user_are_listed";
    post "/organization/add-team-member" organization::add_team_member, "members_are_put_into_teams_and_taken_out";
    post "/organization/remove-team-member" organization::remove_team_member, "members_are_put_into_teams_and_taken_out";
    get "/organization/list-team-members" organization::list_team_members, "members_are_put_into_teams_and_taken_out";
    get "/token" token::show, "a_token_says_what_the_contract_says_and_nothing_else";
    get "/jwks" token::keys, "a_token_says_what_the_contract_says_and_nothing_else";
    get "/.well-known/jwks.json" token::keys, "a_token_says_what_the_contract_says_and_nothing_else";
}

/// What is not served yet: the plugin it belongs to, the endpoints, and what does the same meanwhile.
const NOT_YET: &[(&str, &str, &str)] = &[
    (
        "organization",
        "roles of an organization's own (`/organization/create-role` and the others), which are off there, too, unless switched on",
        "roles are the realm's: [what its organizations give](rights.md#organizations)",
    ),
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
    for Endpoint { method, path, test, .. } in SERVED.iter().chain(OPENED) {
        let _ = writeln!(table, "| {} `{path}` | `{test}` |", method.to_uppercase());
    }
    table.push_str("\nNot yet:\n\n| plugin | endpoints | meanwhile |\n| --- | --- | --- |\n");
    for (plugin, endpoints, meanwhile) in NOT_YET {
        let _ = writeln!(table, "| {plugin} | {endpoints} | {meanwhile} |");
    }
    table
}
