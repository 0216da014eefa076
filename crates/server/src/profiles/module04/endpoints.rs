//! What the profile answers, each once.

use crate::profiles::fastapi::Endpoint;

/// Every endpoint of the contract.
pub const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        method: "POST",
        path: "/auth/token",
        does: "a form with `username` (the address), `password`, `scope`; 200 and a pair of tokens",
        test: "a_token_has_the_scopes_that_the_user_may_have",
    },
    Endpoint {
        method: "POST",
        path: "/auth/token/refresh",
        does: "`refresh_token` in the query; 200 and the next pair",
        test: "reuse_of_a_refresh_token_ends_every_session_of_the_user",
    },
    Endpoint {
        method: "POST",
        path: "/auth/login",
        does: "a form as above; 200 and the cookie `access_token`",
        test: "a_cookie_is_set_for_the_configured_domain",
    },
    Endpoint {
        method: "GET",
        path: "/users/me",
        does: "a token; 200 and the user",
        test: "who_asks_is_told_as_the_original_tells_it",
    },
    Endpoint {
        method: "GET",
        path: "/users/authenticated",
        does: "a token or `X-API-Key`; 200 and the user, with the organization of `X-Organization-ID`",
        test: "a_token_or_a_key_says_who_asks",
    },
    Endpoint {
        method: "GET",
        path: "/admin/users",
        does: "a token with the scope `admin`; 200 and a list of users",
        test: "administration_takes_the_scope_and_the_role",
    },
    Endpoint {
        method: "DELETE",
        path: "/admin/users/{user_id}",
        does: "a token of somebody with the role `admin`; 200",
        test: "administration_takes_the_scope_and_the_role",
    },
    Endpoint {
        method: "POST",
        path: "/api-keys/rotate/{key_id}",
        does: "a token of the key's owner; 200 and the next key",
        test: "a_key_is_rotated_by_its_owner",
    },
    Endpoint {
        method: "GET",
        path: "/auth/google/login",
        does: "307 to the provider `google`",
        test: "a_provider_signs_in_with_307_and_back",
    },
    Endpoint {
        method: "GET",
        path: "/auth/google/callback",
        does: "`code` and `state` in the query; 200 and a pair of tokens",
        test: "a_provider_signs_in_with_307_and_back",
    },
];
