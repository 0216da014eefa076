//! What people do with their own account.

use axum::routing::{delete, get, patch, post, put};

use super::{Area, everywhere, never, served};
use crate::profiles::zalt::{
    devices, health, login, mail, me, mfa, register, reverify, sessions, sms, tasks, tokens, webauthn,
};

const REGISTER: &str = "register::an_account_is_made_and_signed_in";
const LOGIN: &str = "login::a_sign_in_answers_in_both_spellings";
const MFA_LOGIN: &str = "mfa::a_sign_in_with_a_second_factor_takes_two_steps";
const REFRESH: &str = "tokens::the_token_before_is_answered_with_the_present_pair_within_the_grace";
const LOGOUT: &str = "tokens::signing_out_ends_this_session_or_all";
const ME: &str = "me::the_account_is_shown_under_each_of_its_paths";
const PROFILE: &str = "me::the_profile_is_changed_in_either_spelling";
const PASSWORD: &str = "me::another_password_ends_every_other_session";
const RESET: &str = "mail::a_lost_password_is_set_anew_by_what_was_mailed";
const VERIFY: &str = "mail::an_address_is_confirmed_by_what_was_mailed";
const HEALTH: &str = "envelope::the_server_says_that_it_is_healthy";
const MFA_SET_UP: &str = "mfa::an_app_is_set_up_and_confirmed";
const MFA_DISABLE: &str = "mfa::an_app_is_disabled_by_a_code_or_by_the_password";
const MFA_CODES: &str = "mfa::backup_codes_are_counted_and_made_anew";
const SESSIONS: &str = "sessions::the_sessions_of_an_account_are_listed_and_ended";
const PASSKEY: &str = "webauthn::a_passkey_is_made_and_signs_in_under_each_of_the_names";
const PASSKEYS: &str = "webauthn::passkeys_are_listed_and_removed";
const SMS: &str = "sms::a_number_is_set_up_and_ends_a_sign_in";
const SMS_SEND: &str = "sms::a_code_is_sent_again_for_what_it_was_asked_for";
const SMS_REMOVE: &str = "sms::a_number_is_removed_by_a_fresh_sign_in";
const SMS_RISK: &str = "sms::the_risk_is_said_and_who_refuses_it_sets_nothing_up";
const WHATSAPP: &str = "codes are sent as text messages, by a [sender](second-factors.md#codes-by-text-message) of yours that may send them as it likes";
const DEVICES: &str = "devices::trusted_devices_are_listed_and_forgotten_one_by_one";
const TRUST: &str = "devices::the_device_of_a_fresh_sign_in_is_trusted_afterwards";
const TASKS: &str = "tasks::a_second_factor_that_is_to_be_set_up_is_a_task";
const REVERIFY: &str = "reverify::a_password_makes_the_session_fresh_of_whoever_has_nothing_else";
const REVERIFY_MFA: &str = "reverify::whoever_has_a_second_factor_shows_both";
const REVERIFY_PASSKEY: &str = "reverify::a_passkey_is_both_at_once";

/// The areas.
pub(super) const AREAS: &[Area] = &[
    (
        "Registration, sign-in, tokens",
        &[
            served("POST", "/register", REGISTER, || post(register::register)),
            served("POST", "/login", LOGIN, || post(login::login)),
            served("POST", "/refresh", REFRESH, || post(tokens::refresh)),
            served("POST", "/logout", LOGOUT, || post(tokens::logout)),
            served("GET", "/health", HEALTH, || get(health::show)),
            everywhere("GET", "/health/live", "run.md"),
            everywhere("GET", "/health/ready", "run.md"),
            everywhere("GET", "/.well-known/jwks.json", "tokens.md"),
        ],
    ),
    (
        "The account",
        &[
            served("GET", "/me", ME, || get(me::show)),
            served("GET", "/auth/me", ME, || get(me::show)),
            served("GET", "/users/me", ME, || get(me::show)),
            served("PATCH", "/me/profile", PROFILE, || patch(me::change_profile)),
            served("PATCH", "/auth/me/profile", PROFILE, || patch(me::change_profile)),
            served("POST", "/me/password", PASSWORD, || post(me::change_password)),
            served("PUT", "/me/password", PASSWORD, || put(me::change_password)),
            served("POST", "/auth/me/password", PASSWORD, || post(me::change_password)),
            served("POST", "/password/reset", RESET, || post(mail::ask_to_reset)),
            served("POST", "/v1/auth/password-reset/request", RESET, || post(mail::ask_to_reset)),
            served("POST", "/password/reset/confirm", RESET, || post(mail::reset)),
            served("POST", "/v1/auth/password-reset/confirm", RESET, || post(mail::reset)),
            served("POST", "/v1/auth/verify-email/send", VERIFY, || post(mail::ask_to_verify)),
            served("POST", "/v1/auth/verify-email/confirm", VERIFY, || post(mail::verify)),
        ],
    ),
    (
        "Second factors",
        &[
            served("POST", "/mfa/verify", MFA_LOGIN, || post(login::second)),
            served("POST", "/v1/auth/mfa/login/verify", MFA_LOGIN, || post(login::second)),
            served("POST", "/v1/auth/mfa/setup", MFA_SET_UP, || post(mfa::set_up)),
            served("POST", "/v1/auth/mfa/verify", MFA_SET_UP, || post(mfa::confirm)),
            served("GET", "/v1/auth/mfa/status", MFA_SET_UP, || get(mfa::status)),
            served("POST", "/v1/auth/mfa/disable", MFA_DISABLE, || post(mfa::disable)),
            served("DELETE", "/v1/auth/mfa/disable", MFA_DISABLE, || delete(mfa::disable)),
            served("POST", "/v1/auth/mfa/backup-codes/regenerate", MFA_CODES, || post(mfa::new_backup_codes)),
            served("GET", "/v1/auth/mfa/backup-codes/status", MFA_CODES, || get(mfa::count_backup_codes)),
            served("GET", "/v1/auth/mfa/sms/risk-warning", SMS_RISK, || get(sms::risk_warning)),
            served("POST", "/v1/auth/mfa/sms/setup", SMS, || post(sms::set_up)),
            served("POST", "/v1/auth/mfa/sms/verify", SMS, || post(sms::confirm)),
            served("POST", "/v1/auth/mfa/sms/send", SMS_SEND, || post(sms::send)),
            served("POST", "/v1/auth/mfa/sms/login/verify", SMS, || post(sms::second)),
            served("POST", "/v1/auth/mfa/sms/disable", SMS_REMOVE, || post(sms::disable)),
            served("DELETE", "/v1/auth/mfa/sms", SMS_REMOVE, || delete(sms::disable)),
            never("*", "/v1/auth/mfa/whatsapp/*", WHATSAPP),
        ],
    ),
    (
        "Passkeys",
        &[
            served("POST", "/v1/auth/webauthn/register/options", PASSKEY, || post(webauthn::to_register)),
            served("POST", "/v1/auth/webauthn/register", PASSKEY, || post(webauthn::register)),
            served("POST", "/v1/auth/webauthn/register/verify", PASSKEY, || post(webauthn::register)),
            served("POST", "/v1/auth/webauthn/register/complete", PASSKEY, || post(webauthn::register)),
            served("POST", "/v1/auth/webauthn/authenticate/options", PASSKEY, || {
                post(webauthn::to_authenticate)
            }),
            served("POST", "/v1/auth/webauthn/authenticate", PASSKEY, || post(webauthn::authenticate)),
            served("POST", "/v1/auth/webauthn/authenticate/verify", PASSKEY, || post(webauthn::authenticate)),
            served("POST", "/v1/auth/webauthn/authenticate/complete", PASSKEY, || {
                post(webauthn::authenticate)
            }),
            served("GET", "/v1/auth/webauthn/credentials", PASSKEYS, || get(webauthn::list)),
            served("DELETE", "/v1/auth/webauthn/credentials/{id}", PASSKEYS, || delete(webauthn::remove)),
        ],
    ),
    (
        "Sessions and devices",
        &[
            served("GET", "/sessions", SESSIONS, || get(sessions::list)),
            served("DELETE", "/sessions", SESSIONS, || delete(sessions::end_others)),
            served("GET", "/sessions/{id}", SESSIONS, || get(sessions::show)),
            served("DELETE", "/sessions/{id}", SESSIONS, || delete(sessions::end)),
            served("GET", "/auth/devices", DEVICES, || get(devices::list)),
            served("DELETE", "/auth/devices/{id}", DEVICES, || delete(devices::forget)),
            served("POST", "/auth/devices/trust", TRUST, || post(devices::trust)),
            served("GET", "/session/tasks", TASKS, || get(tasks::list)),
            served("POST", "/session/tasks/{id}/complete", TASKS, || post(tasks::complete)),
            never("POST", "/session/tasks/{id}/skip", "the one task there is stays until its day comes"),
            served("POST", "/reverify/password", REVERIFY, || post(reverify::password)),
            served("POST", "/reverify/mfa", REVERIFY_MFA, || post(reverify::code)),
            served("POST", "/reverify/webauthn", REVERIFY_PASSKEY, || post(reverify::passkey)),
            served("POST", "/reverify/webauthn/challenge", REVERIFY_PASSKEY, || post(reverify::challenge)),
            served("GET", "/reverify/status", REVERIFY, || get(reverify::status)),
        ],
    ),
];
