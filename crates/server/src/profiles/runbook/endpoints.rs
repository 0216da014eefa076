//! What the profile answers, each once.

use crate::profiles::fastapi::Endpoint;

/// Every endpoint of the contract.
pub const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        method: "POST",
        path: "/register",
        does: "JSON `username`, `email`, `password`, `full_name`; 201 and the user",
        test: "an_account_is_made_and_told_as_the_original_tells_it",
    },
    Endpoint {
        method: "POST",
        path: "/token",
        does: "a form with `username` and `password`; 200 and a pair of tokens",
        test: "a_password_becomes_a_pair_of_tokens_that_pyjwt_would_read",
    },
    Endpoint {
        method: "POST",
        path: "/token/refresh",
        does: "`refresh_token` in the query; 200 and the next pair",
        test: "a_refresh_token_is_good_once_and_its_reuse_ends_the_sign_in",
    },
    Endpoint {
        method: "GET",
        path: "/users/me",
        does: "a token; 200 and the user",
        test: "who_asks_is_known_by_their_token",
    },
    Endpoint {
        method: "PUT",
        path: "/users/me",
        does: "a token, and JSON `full_name`, `email`; 200 and the user",
        test: "one_changes_ones_own_name_and_address",
    },
    Endpoint {
        method: "GET",
        path: "/admin/users",
        does: "an admin's token, and `skip`, `limit` in the query; 200 and a list of users",
        test: "administrators_list_promote_and_delete_users",
    },
    Endpoint {
        method: "PUT",
        path: "/admin/users/{user_id}/role",
        does: "an admin's token, and `role` in the query; 200",
        test: "administrators_list_promote_and_delete_users",
    },
    Endpoint {
        method: "DELETE",
        path: "/admin/users/{user_id}",
        does: "an admin's token; 200",
        test: "administrators_list_promote_and_delete_users",
    },
    Endpoint {
        method: "GET",
        path: "/health",
        does: "200",
        test: "the_small_routes_answer_as_the_original_does",
    },
    Endpoint {
        method: "GET",
        path: "/api/data",
        does: "an API key in `X-API-Key`; 200",
        test: "a_service_shows_its_key",
    },
    Endpoint {
        method: "GET",
        path: "/login/google",
        does: "302 to the provider `google`",
        test: "a_provider_signs_in_and_the_tokens_come_as_json",
    },
    Endpoint {
        method: "GET",
        path: "/auth/google",
        does: "`code` and `state` in the query; 200 and a pair of tokens",
        test: "a_provider_signs_in_and_the_tokens_come_as_json",
    },
];
