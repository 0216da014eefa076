//! What applications that were written for Scalekit ask for, each once, and what comes of it: the table of the guide is made of this.
//!
//! People sign in at the endpoints of OAuth and OpenID Connect, which every realm has: what applications need of those otherwise is a
//! client's [`token_format`](gatepost_domain::TokenFormat). What they administer they do by [`grpc`].

mod clients;
mod grpc;
mod memberships;
mod messages;
mod organizations;
mod permissions;
mod roles;
mod sessions;
mod users;
mod view;

use std::fmt::Write as _;

pub use grpc::{routes, unserved};

enum Kind {
    /// Served, as this test sees.
    Served(&'static str),
    /// Not served, and what to do.
    Missing(&'static str),
}

use Kind::{Missing, Served};

/// What is asked, what it takes, and what comes of it.
const ALL: [(&str, &str, Kind); 24] = [
    (
        "`GET /oauth/authorize`",
        "a confidential client with `require_pkce = false` sends neither `state` nor a challenge",
        Served("sessions::a_confidential_client_needs_neither_state_nor_challenge"),
    ),
    (
        "`GET /oauth/authorize`, another `redirect_uri`",
        "is compared to the byte; the person is told, and sent nowhere",
        Served("sessions::another_redirect_uri_is_told_the_person_and_nobody_else"),
    ),
    (
        "`GET /oauth/authorize`, `organization_id`",
        "tokens speak of the organization (`oid`), with the roles there; `access_denied` for whoever does not belong to it",
        Served("organizations::a_member_gets_tokens_that_speak_of_the_organization_and_keeps_them"),
    ),
    (
        "`GET /oauth/authorize`, `provider` and `connection_id`",
        "the id of one of the realm's [providers](social.md): people are sent there at once",
        Served("providers::whoever_is_to_sign_in_by_a_provider_is_sent_there_and_comes_back_with_a_code"),
    ),
    (
        "`GET /oauth/authorize`, `login_hint`, `domain_hint`, `domain`",
        "the first fills in the field on the page; the others are left out",
        Served("organizations::whatever_else_is_hinted_at_is_left_out"),
    ),
    (
        "`POST /oauth/token`, `authorization_code`",
        "`access_token`, `id_token`, `refresh_token`, `expires_in`, `token_type`, `scope`",
        Served("claims::an_access_token_has_what_the_libraries_look_for"),
    ),
    (
        "`POST /oauth/token`, ID token",
        "`aud` as a list, `azp`, `sid`, `at_hash`, `c_hash`",
        Served("claims::an_id_token_names_the_client_and_the_session"),
    ),
    (
        "the session cookie of `scalekit.frameworks`",
        "holds the tokens of a person with a few roles in its 3,800 letters; many roles, permissions or long names do not fit",
        Served("claims::all_of_it_fits_into_the_cookie_of_the_library"),
    ),
    (
        "`POST /oauth/token`, `refresh_token`",
        "the next refresh token each time; `invalid_grant` once the session has ended",
        Served("claims::a_refresh_brings_the_next_refresh_token_and_the_same_shape"),
    ),
    (
        "`POST /oauth/token`, `client_credentials`",
        "with scopes of the client's that stand for no person, or with none",
        Served("claims::a_program_gets_a_token_with_its_scopes_or_with_none"),
    ),
    (
        "`POST /oauth/token`, a bearer token beside id and secret",
        "is left alone",
        Served("claims::a_bearer_token_beside_the_secret_is_left_alone"),
    ),
    (
        "`POST /oauth/token`, errors",
        "`error` and `error_description` (RFC 6749 section 5.2), 400 and 401",
        Served("claims::its_errors_are_those_of_oauth"),
    ),
    (
        "`GET /keys`",
        "the RS256 keys of the realm, each with its `kid`",
        Served("claims::keys_are_those_of_rs256_and_are_there_before_the_first_token"),
    ),
    (
        "`GET /oidc/logout`, `id_token_hint`",
        "ends the session and sends people back to a registered address, with `state`",
        Served("logout::with_the_id_token_of_the_session_the_person_is_not_asked"),
    ),
    (
        "`GET /oidc/logout` without a hint",
        "the person is asked first",
        Served("logout::without_one_the_person_is_asked_and_then_sent_back"),
    ),
    (
        "sessions: revoked, or signed out of",
        "the next refresh is 400 `invalid_grant`",
        Served("sessions::lo_04_a_session_that_was_revoked_refreshes_nothing"),
    ),
    (
        "`GET`, `POST /api/v1/…` of Scalekit",
        "",
        Missing("the paths under `/api/v1` are [Gatepost's own](../reference/openapi.json)"),
    ),
    (
        "webhooks",
        "[in its documents](#webhooks), signed as `verify_webhook_payload` verifies, where the webhook is made with `--form scalekit`",
        Served("told::a_receiver_that_was_written_for_it_is_told_by_its_names"),
    ),
    (
        "interceptors: `PRE_SIGNUP`, `PRE_SESSION_CREATION`, `PRE_USER_INVITATION`, `PRE_M2M_TOKEN_CREATION`",
        "[asked in its documents](#interceptors), signed as `verify_interceptor_payload` verifies",
        Served("told::an_interceptor_that_was_written_for_it_is_asked_and_answers"),
    ),
    (
        "interceptors: `response` in an answer (`claims`, `create_organization_membership`)",
        "",
        Missing("the decision and its message are read, and nothing else"),
    ),
    (
        "sign-ins that an organization's own provider starts (`get_idp_initiated_login_claims`)",
        "",
        Missing("no such token is made"),
    ),
    (
        "`xoid`, `xuid` in access tokens",
        "what the application calls the organization and the person (`external_id`), where it said so",
        Served("organizations::tokens_say_what_the_application_calls_whom_they_speak_of"),
    ),
    (
        "claims of one's own in tokens, by expression",
        "",
        Missing("tokens have the claims of the table above"),
    ),
    ("`prompt=create`", "", Missing("`invalid_request`; send people to `/sign-up`")),
];

/// What is served, and the test that sees it.
pub fn served() -> Vec<(&'static str, &'static str)> {
    let test = |(what, _, kind): &(&'static str, &'static str, Kind)| match kind {
        Served(test) => Some((*what, *test)),
        Missing(_) => None,
    };
    ALL.iter().filter_map(test).chain(grpc::served().map(|(path, _, test)| (path, test))).collect()
}

/// Path of every gRPC method that is served, and what its caller administers.
pub fn methods() -> Vec<(&'static str, &'static str)> {
    grpc::served().map(|(path, needs, _)| (path, needs)).collect()
}

/// The table of the guide.
pub fn table() -> String {
    let mut text = "\n| what | | seen by the test |\n| --- | --- | --- |\n".to_owned();
    for (what, does, kind) in &ALL {
        // A string takes whatever is written to it.
        let _ = match kind {
            Served(test) => writeln!(text, "| {what} | {does} | `{test}` |"),
            Missing(instead) => writeln!(text, "| {what} | **no**: {instead} | |"),
        };
    }
    text.push_str("\nBy gRPC, in the package `scalekit.v1`:\n\n| method | `administers` | seen by the test |\n| --- | --- | --- |\n");
    for (path, needs, test) in grpc::served() {
        let method = path.trim_start_matches("/scalekit.v1.");
        let needs = needs.replace(' ', "`, `");
        let _ = writeln!(text, "| `{method}` | `{needs}` | `{test}` |");
    }
    text.push_str(
        "\nAnswered `UNIMPLEMENTED`, with what does the same:\n\n| service | meanwhile |\n| --- | --- |\n",
    );
    for (what, instead) in grpc::missing() {
        let _ = writeln!(text, "| {what} | {instead} |");
    }
    text
}
