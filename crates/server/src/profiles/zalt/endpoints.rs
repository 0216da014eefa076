//! Every endpoint of the contract, once: what is served, by what, and by which test that is seen. The routes are made of it, and the
//! table in the guide.

use std::fmt::Write as _;

use axum::{
    Router,
    routing::{MethodRouter, delete, get, patch, post, put},
};

use super::{
    health, keys, login, mail, me, mfa, organizations, register, roles, sessions, tenants, tokens, users,
    webauthn,
};
use crate::App;

/// One endpoint of the contract.
pub struct Endpoint {
    method: &'static str,
    path: &'static str,
    kind: Kind,
}

enum Kind {
    /// By this front door, and seen by this test, in the folder of its tests.
    Served { test: &'static str, route: fn() -> MethodRouter<App> },
    /// In every realm, whatever its profile; in this part of the guide.
    Everywhere(&'static str),
    /// Not yet: answered as what is not there.
    NotYet,
    /// Never, and why not.
    Never(&'static str),
}

const fn served(
    method: &'static str,
    path: &'static str,
    test: &'static str,
    route: fn() -> MethodRouter<App>,
) -> Endpoint {
    Endpoint { method, path, kind: Kind::Served { test, route } }
}

const fn everywhere(method: &'static str, path: &'static str, guide: &'static str) -> Endpoint {
    Endpoint { method, path, kind: Kind::Everywhere(guide) }
}

const fn not_yet(method: &'static str, path: &'static str) -> Endpoint {
    Endpoint { method, path, kind: Kind::NotYet }
}

const fn never(method: &'static str, path: &'static str, why: &'static str) -> Endpoint {
    Endpoint { method, path, kind: Kind::Never(why) }
}

type Area = (&'static str, &'static [Endpoint]);

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
const KEYS: &str = "keys::a_key_is_made_shown_once_listed_and_revoked";
const ORGANIZATIONS: &str = "organizations::somebody_sees_their_organizations_and_switches";
const USERS: &str = "users::an_administrator_sees_and_changes_the_accounts_of_the_realm";
const ENDS: &str = "users::an_administrator_takes_factors_and_sessions_away";

const PASSKEY: &str = "webauthn::a_passkey_is_made_and_signs_in_under_each_of_the_names";
const PASSKEYS: &str = "webauthn::passkeys_are_listed_and_removed";

const TENANTS: &str = "tenants::an_administrator_deals_with_organizations";
const MEMBERS: &str = "tenants::an_administrator_deals_with_their_members";
const ROLES: &str = "tenants::an_administrator_deals_with_roles";

const SMS: &str = "codes by SMS and WhatsApp need a sender that is there for it";
const DEVICES: &str =
    "[trusted devices](second-factors.md#devices-that-are-trusted) are of a browser, and forgotten together";
const PASSWORDS: &str =
    "known passwords are [looked up](run.md#passwords-that-are-known-from-elsewhere) when they are chosen";
const BUSINESS: &str = "business of the vendor's platform";

/// What is served, by area, and what is not.
pub const AREAS: &[Area] = &[
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
            never("*", "/v1/auth/mfa/sms/*", SMS),
            never("*", "/v1/auth/mfa/whatsapp/*", SMS),
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
            never("GET", "/auth/devices", DEVICES),
            never("DELETE", "/auth/devices/{id}", DEVICES),
            never("POST", "/auth/devices/trust", DEVICES),
            not_yet("GET", "/session/tasks"),
            not_yet("POST", "/session/tasks/{id}/complete"),
            not_yet("POST", "/session/tasks/{id}/skip"),
            not_yet("POST", "/reverify/password"),
            not_yet("POST", "/reverify/mfa"),
            not_yet("POST", "/reverify/webauthn"),
            not_yet("POST", "/reverify/webauthn/challenge"),
            not_yet("GET", "/reverify/status"),
        ],
    ),
    (
        "Organizations",
        &[
            served("GET", "/v1/auth/organizations", ORGANIZATIONS, || get(organizations::list)),
            served("POST", "/v1/auth/switch-organization", ORGANIZATIONS, || post(organizations::switch)),
            served("GET", "/v1/auth/permissions", ORGANIZATIONS, || get(organizations::permissions)),
            served("GET", "/v1/admin/organizations", TENANTS, || get(tenants::list)),
            served("POST", "/v1/admin/organizations", TENANTS, || post(tenants::create)),
            served("GET", "/v1/admin/organizations/{id}", TENANTS, || get(tenants::show)),
            served("PATCH", "/v1/admin/organizations/{id}", TENANTS, || patch(tenants::change)),
            served("DELETE", "/v1/admin/organizations/{id}", TENANTS, || delete(tenants::delete)),
            served("GET", "/v1/admin/organizations/{id}/members", MEMBERS, || get(tenants::members)),
            served("POST", "/v1/admin/organizations/{id}/members", MEMBERS, || post(tenants::add_member)),
            served("GET", "/v1/admin/organizations/{id}/members/{member}", MEMBERS, || {
                get(tenants::show_member)
            }),
            served("PATCH", "/v1/admin/organizations/{id}/members/{member}", MEMBERS, || {
                patch(tenants::change_member)
            }),
            served("DELETE", "/v1/admin/organizations/{id}/members/{member}", MEMBERS, || {
                delete(tenants::remove_member)
            }),
            served("GET", "/v1/admin/roles", ROLES, || get(roles::list)),
            served("POST", "/v1/admin/roles", ROLES, || post(roles::create)),
            served("GET", "/v1/admin/roles/system", ROLES, || get(roles::system)),
            served("GET", "/v1/admin/roles/{id}", ROLES, || get(roles::show)),
            served("PATCH", "/v1/admin/roles/{id}", ROLES, || patch(roles::change)),
            served("DELETE", "/v1/admin/roles/{id}", ROLES, || delete(roles::remove)),
            served("GET", "/v1/admin/roles/{id}/permissions", ROLES, || get(roles::permissions)),
            not_yet("GET", "/tenants/{tenant}/invitations"),
            not_yet("POST", "/tenants/{tenant}/invitations"),
            not_yet("GET", "/tenants/{tenant}/invitations/{id}"),
            not_yet("DELETE", "/tenants/{tenant}/invitations/{id}"),
            not_yet("POST", "/tenants/{tenant}/invitations/{id}/resend"),
            not_yet("GET", "/invitations/{id}"),
            not_yet("DELETE", "/invitations/{id}"),
            not_yet("POST", "/invitations/{id}/resend"),
            not_yet("POST", "/invitations/accept"),
            not_yet("GET", "/invitations/validate"),
        ],
    ),
    (
        "Keys of users and of programs",
        &[
            served("GET", "/api-keys", KEYS, || get(keys::list)),
            served("POST", "/api-keys", KEYS, || post(keys::create)),
            served("GET", "/api-keys/{id}", KEYS, || get(keys::show)),
            never("PATCH", "/api-keys/{id}", "a key stays as it was made; make another, and revoke it"),
            served("DELETE", "/api-keys/{id}", KEYS, || delete(keys::revoke)),
            not_yet("GET", "/machines"),
            not_yet("POST", "/machines"),
            not_yet("POST", "/machines/token"),
            not_yet("GET", "/machines/{id}"),
            not_yet("DELETE", "/machines/{id}"),
            not_yet("POST", "/machines/{id}/rotate"),
        ],
    ),
    (
        "Administration",
        &[
            served("GET", "/v1/admin/users", USERS, || get(users::list)),
            served("GET", "/v1/admin/users/{id}", USERS, || get(users::show)),
            served("DELETE", "/v1/admin/users/{id}", USERS, || delete(users::delete)),
            served("POST", "/v1/admin/users/{id}/suspend", USERS, || post(users::suspend)),
            served("POST", "/v1/admin/users/{id}/activate", USERS, || post(users::activate)),
            never(
                "POST",
                "/v1/admin/users/{id}/unlock",
                "no account is locked: what is tried too often waits, and known devices get in",
            ),
            served("POST", "/v1/admin/users/{id}/reset-password", USERS, || post(users::reset_password)),
            served("POST", "/v1/admin/users/{id}/mfa/reset", ENDS, || post(users::reset_mfa)),
            never("POST", "/v1/admin/users/{id}/mark-password-compromised", PASSWORDS),
            served("GET", "/v1/admin/users/{id}/sessions", ENDS, || get(users::list_sessions)),
            served("DELETE", "/v1/admin/users/{id}/sessions", ENDS, || delete(users::end_sessions)),
            never("GET", "/v1/admin/sessions", "sessions are listed by user"),
            never("DELETE", "/v1/admin/sessions/{id}", "sessions end by user"),
            never("POST", "/v1/admin/realm/mark-all-passwords-compromised", PASSWORDS),
            not_yet("*", "/admin/realms/{realm}/*"),
            never("*", "/v1/admin/realms/*", "realms are declared in a file, and made by the command line"),
            not_yet("POST", "/admin/users/{id}/impersonate"),
            not_yet("POST", "/impersonation/end"),
            not_yet("GET", "/impersonation/status"),
        ],
    ),
    (
        "Other systems",
        &[
            everywhere("GET", "/.well-known/openid-configuration", "flows.md"),
            everywhere("GET", "/oauth/authorize", "authorization-code.md"),
            everywhere("POST", "/oauth/token", "flows.md"),
            everywhere("GET", "/oauth/userinfo", "authorization-code.md"),
            everywhere("POST", "/oauth/register", "registration.md"),
            never(
                "GET",
                "/v1/auth/social/{provider}/authorize",
                "people sign in by a provider on the pages: [social.md](social.md)",
            ),
            not_yet("*", "/webhooks/*"),
            never("*", "/sso/*", "SAML is not spoken; OpenID providers sign people in on the pages"),
            never("*", "/scim/v2/*", "SCIM is not spoken; users come by the import"),
            never("*", "/waitlist/*", BUSINESS),
            never("*", "/billing/*", BUSINESS),
            never("*", "/platform/*", BUSINESS),
            never("*", "/v1/tediyat/*", BUSINESS),
        ],
    ),
];

fn all() -> impl Iterator<Item = &'static Endpoint> {
    AREAS.iter().flat_map(|(_, endpoints)| endpoints.iter())
}

/// The routes.
pub fn routes() -> Router<App> {
    all().fold(Router::new(), |router, endpoint| match endpoint.kind {
        Kind::Served { route, .. } => router.route(endpoint.path, route()),
        Kind::Everywhere(_) | Kind::NotYet | Kind::Never(_) => router,
    })
}

/// Method, path and test of what this front door serves.
pub fn tested() -> Vec<(&'static str, &'static str, &'static str)> {
    let tested = |endpoint: &Endpoint| match endpoint.kind {
        Kind::Served { test, .. } => Some((endpoint.method, endpoint.path, test)),
        Kind::Everywhere(_) | Kind::NotYet | Kind::Never(_) => None,
    };
    all().filter_map(tested).collect()
}

/// Method and path of what it does not.
pub fn untold() -> Vec<(&'static str, &'static str)> {
    let missing = all().filter(|endpoint| matches!(endpoint.kind, Kind::NotYet | Kind::Never(_)));
    missing.map(|endpoint| (endpoint.method, endpoint.path)).collect()
}

/// The table of the guide.
pub fn table() -> String {
    let mut text = String::new();
    for (area, endpoints) in AREAS {
        // A string takes whatever is written to it.
        let _ = writeln!(text, "\n### {area}\n\n| endpoint | |\n| --- | --- |");
        for Endpoint { method, path, kind } in *endpoints {
            let method = if *method == "*" { String::new() } else { format!("{method} ") };
            let _ = match kind {
                Kind::Served { test, .. } => writeln!(text, "| `{method}{path}` | works; test `{test}` |"),
                Kind::Everywhere(guide) => {
                    writeln!(text, "| `{method}{path}` | works, as in every realm: [{guide}]({guide}) |")
                }
                Kind::NotYet => writeln!(text, "| `{method}{path}` | **not yet**: 404 |"),
                Kind::Never(why) => writeln!(text, "| `{method}{path}` | no: {why} |"),
            };
        }
    }
    text
}
