//! One suite for both databases: every case runs on each, with a fresh database.
//!
//! SQLite needs nothing. PostgreSQL is the server named by `GATEPOST_TEST_POSTGRES`
//! (`scripts/postgres run -- cargo nextest run -p gatepost-store`); without it its cases say SKIPPED and pass.

#![expect(clippy::unwrap_used, reason = "a case that cannot go on fails")]
#![expect(clippy::print_stderr, reason = "a case that was skipped says so")]

#[macro_use]
mod support;

mod api_keys;
mod attempts;
mod audit;
mod authorization_codes;
mod clients;
mod consents;
mod coverage;
mod device_codes;
mod grants;
mod grants_races;
mod identities;
mod identity_tokens;
mod initial_access_tokens;
mod interceptor_secrets;
mod invitations;
#[path = "../shared/lent_database.rs"]
mod lent_database;
mod mailed_links;
mod memberships;
mod meta;
mod opening;
mod organization_notes;
mod organizations;
mod outages;
mod outbox;
mod passkeys;
mod passwords;
mod permission_notes;
mod personal_claims;
mod phone_numbers;
mod providers;
mod pushed_requests;
mod races;
mod realms;
mod recovery_codes;
mod role_notes;
mod roles;
mod sessions;
mod sessions_in_place;
mod signing_keys;
mod sms_codes;
mod sms_secrets;
mod team_members;
mod teams;
mod totp_seeds;
mod transactions;
mod trusted_devices;
mod used_ids;
mod user_notes;
mod user_numbers;
mod users;
mod webhooks;
