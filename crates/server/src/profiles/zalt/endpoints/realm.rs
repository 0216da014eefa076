//! What programs do, and whoever administers the realm.

use axum::{
    middleware::from_fn,
    routing::{MethodRouter, delete, get, patch, post},
};

use super::{Area, everywhere, never, served};
use crate::{
    App, browser,
    profiles::zalt::{
        choose, impersonation, keys, machines, security_events, sessions, social, users, webhooks,
    },
};

const KEYS: &str = "keys::a_key_is_made_shown_once_listed_and_revoked";
const MACHINES: &str = "machines::an_administrator_makes_rotates_and_removes_machines";
const MACHINE_TOKEN: &str = "machines::a_machine_gets_a_token_by_form_or_json";
const USERS: &str = "users::an_administrator_sees_and_changes_the_accounts_of_the_realm";
const ENDS: &str = "users::an_administrator_takes_factors_and_sessions_away";
const ALIASES: &str = "users::the_accounts_of_this_realm_are_found_under_its_name_too";
const IN_PLACE: &str = "impersonation::an_administrator_acts_in_the_place_of_a_user";
const WEBHOOKS: &str = "webhooks::an_administrator_makes_looks_at_and_removes_webhooks";
const DELIVERIES: &str = "webhooks::a_receiver_gets_both_signatures_and_the_document_of_the_contract";
const REALMS: &str = "realms are declared in a file, and made by the command line";
const RENAME: &str = "keys::a_key_gets_another_name_and_nothing_else";
const ANY_KEY: &str = "keys::an_administrator_revokes_a_key_by_its_id_alone";
const REALM_SESSIONS: &str = "sessions::an_administrator_sees_and_ends_every_session_of_the_realm";
const TRAIL: &str = "security_events::an_administrator_reads_what_happened_in_pages";
const PASSWORDS: &str =
    "known passwords are [looked up](run.md#passwords-that-are-known-from-elsewhere) when they are chosen";
const SOCIAL: &str = "social::somebody_signs_in_by_a_provider_back_at_the_application";
const BY_FORM: &str = "social::a_provider_that_sends_people_back_by_a_form_is_answered";
const BUSINESS: &str = "business of the vendor's platform";

/// The same under the name of the realm, as long as that is the realm that the request is for.
fn here(route: MethodRouter<App>) -> MethodRouter<App> {
    route.layer(from_fn(choose::named_in_path))
}

/// For people in their browsers.
fn opened(route: MethodRouter<App>) -> MethodRouter<App> {
    route.layer(from_fn(browser::remember))
}

/// The areas.
pub(super) const AREAS: &[Area] = &[
    (
        "Keys of users and of programs",
        &[
            served("GET", "/api-keys", KEYS, || get(keys::list)),
            served("POST", "/api-keys", KEYS, || post(keys::create)),
            served("GET", "/api-keys/{id}", KEYS, || get(keys::show)),
            served("PATCH", "/api-keys/{id}", RENAME, || patch(keys::rename)),
            served("DELETE", "/api-keys/{id}", KEYS, || delete(keys::revoke)),
            served("GET", "/machines", MACHINES, || get(machines::list)),
            served("POST", "/machines", MACHINES, || post(machines::create)),
            served("POST", "/machines/token", MACHINE_TOKEN, || post(machines::token)),
            served("GET", "/machines/{id}", MACHINES, || get(machines::show)),
            served("DELETE", "/machines/{id}", MACHINES, || delete(machines::delete)),
            served("POST", "/machines/{id}/rotate", MACHINES, || post(machines::rotate)),
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
            served("GET", "/v1/admin/sessions", REALM_SESSIONS, || get(sessions::list_of_realm)),
            served("DELETE", "/v1/admin/sessions/{id}", REALM_SESSIONS, || delete(sessions::end_any)),
            never("POST", "/v1/admin/realm/mark-all-passwords-compromised", PASSWORDS),
            served("GET", "/admin/realms/{realm}/users", ALIASES, || here(get(users::list))),
            served("GET", "/admin/realms/{realm}/users/{id}", ALIASES, || here(get(users::show))),
            served("DELETE", "/admin/realms/{realm}/users/{id}", ALIASES, || here(delete(users::delete))),
            served("POST", "/admin/realms/{realm}/users/{id}/suspend", ALIASES, || {
                here(post(users::suspend))
            }),
            served("POST", "/admin/realms/{realm}/users/{id}/activate", ALIASES, || {
                here(post(users::activate))
            }),
            served("GET", "/admin/realms/{realm}/users/{id}/mfa", ALIASES, || here(get(users::show_mfa))),
            served("POST", "/admin/realms/{realm}/users/{id}/mfa/reset", ALIASES, || {
                here(post(users::reset_mfa))
            }),
            served("GET", "/admin/realms/{realm}/users/{id}/sessions", ALIASES, || {
                here(get(users::list_sessions))
            }),
            served("DELETE", "/admin/realms/{realm}/users/{id}/sessions", ALIASES, || {
                here(delete(users::end_sessions))
            }),
            served("GET", "/admin/realms/{realm}/users/{id}/api-keys", ALIASES, || {
                here(get(users::list_keys))
            }),
            served("DELETE", "/admin/realms/{realm}/api-keys/{id}", ANY_KEY, || {
                here(delete(keys::revoke_any))
            }),
            served("DELETE", "/admin/realms/{realm}/sessions/{id}", REALM_SESSIONS, || {
                here(delete(sessions::end_any))
            }),
            never("GET", "/admin/realms/{realm}/analytics", "figures are at [/metrics](run.md)"),
            served("GET", "/admin/realms/{realm}/security-events", TRAIL, || {
                here(get(security_events::list))
            }),
            never("*", "/admin/realms", REALMS),
            never("*", "/v1/admin/realms/*", REALMS),
            served("POST", "/admin/users/{id}/impersonate", IN_PLACE, || post(impersonation::begin)),
            served("POST", "/impersonation/end", IN_PLACE, || post(impersonation::end)),
            served("GET", "/impersonation/status", IN_PLACE, || get(impersonation::status)),
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
            served("GET", "/auth/social/{provider}/authorize", SOCIAL, || get(social::ask)),
            served("POST", "/auth/social/{provider}/callback", SOCIAL, || post(social::exchange)),
            served("GET", "/v1/auth/social/{provider}/authorize", SOCIAL, || opened(get(social::go))),
            served("GET", "/v1/auth/social/{provider}/callback", SOCIAL, || opened(get(social::come_back))),
            served("POST", "/v1/auth/social/{provider}/callback", BY_FORM, || {
                opened(post(social::come_back_by_form))
            }),
            served("GET", "/webhooks", WEBHOOKS, || get(webhooks::list)),
            served("POST", "/webhooks", WEBHOOKS, || post(webhooks::create)),
            served("GET", "/webhooks/{id}", WEBHOOKS, || get(webhooks::show)),
            served("DELETE", "/webhooks/{id}", WEBHOOKS, || delete(webhooks::delete)),
            served("POST", "/webhooks/{id}/test", DELIVERIES, || post(webhooks::test)),
            served("GET", "/webhooks/{id}/deliveries", DELIVERIES, || get(webhooks::deliveries)),
            served("POST", "/webhooks/{id}/rotate-secret", DELIVERIES, || post(webhooks::rotate_secret)),
            never("*", "/sso/*", "SAML is not spoken; OpenID providers sign people in on the pages"),
            never("*", "/scim/v2/*", "SCIM is not spoken; users come by the import"),
            never("*", "/waitlist/*", BUSINESS),
            never("*", "/billing/*", BUSINESS),
            never("*", "/platform/*", BUSINESS),
            never("*", "/v1/tediyat/*", BUSINESS),
        ],
    ),
];
