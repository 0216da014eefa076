//! What a caller sees: the rows of RFC 6750 section 3, status, challenge, code and body.

use axum::Router;
use axum::routing::get as on_get;
use gatepost_guard::{CurrentUser, Fresh, Guard, Refusal, Require, permission, realm, role, rule, scope};
use gatepost_jose::SigningKey;
use http::Request;
use serde_json::{Value, json};

use crate::support::*;

permission!(WriteNotes = "notes:write");
role!(Admin = "admin");
scope!(Notes = "notes read");
realm!(Acme = "acme");
rule!(Paying = |user| user.claims["plan"] == "pro");

fn app(guard: Guard) -> Router {
    Router::new()
        .route("/me", on_get(|user: CurrentUser| async move { user.id.clone() }))
        .route("/feed", on_get(|user: Option<CurrentUser>| async move { user.map_or("-".to_owned(), |user| user.id.clone()) }))
        .route("/role", on_get(|_: Require<Admin>| async {}))
        .route("/permission", on_get(|_: Require<WriteNotes>| async {}))
        .route("/scope", on_get(|_: Require<Notes>| async {}))
        .route("/realm", on_get(|_: Require<Acme>| async {}))
        .route("/rule", on_get(|_: Require<Paying>| async {}))
        .route("/fresh", on_get(|_: Require<Fresh<600>>| async {}))
        .with_state(guard)
}

fn setup() -> (Router, SigningKey) {
    let (guard, key) = offline();
    (app(guard), key)
}

fn good(key: &SigningKey, more: Value) -> String {
    bearer(&token(key, &claims(ISSUER, more)))
}

const EXPIRED: &str = r#"Bearer error="invalid_token", error_description="The access token expired""#;
const INVALID: &str = r#"Bearer error="invalid_token", error_description="The access token is not valid""#;

#[tokio::test]
async fn a_good_token_opens_the_route_and_says_who_is_calling() {
    let (app, key) = setup();
    let answer = get(&app, "/me", &[&good(&key, json!({}))]).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "usr_ada"));
}

/// RFC 6750 section 3.1: no error code when the request has no authentication information.
#[tokio::test]
async fn without_a_credential_the_challenge_has_no_error() {
    let (app, _) = setup();
    for authorization in [&[][..], &["Basic YWRhOnB3"], &["DPoP a.b.c"]] {
        let answer = get(&app, "/me", authorization).await;
        assert_eq!((answer.status.as_u16(), answer.challenge()), (401, Some("Bearer")), "{authorization:?}");
        assert_eq!(answer.code(), "unauthenticated");
    }
}

#[tokio::test]
async fn an_expired_token_is_told_apart_from_a_bad_one_so_that_clients_refresh() {
    let (app, key) = setup();
    let answer = get(&app, "/me", &[&good(&key, json!({ "exp": NOW - 31 }))]).await;
    assert_eq!((answer.status.as_u16(), answer.challenge()), (401, Some(EXPIRED)));
    assert_eq!(answer.code(), "invalid_token");
    assert_eq!(
        get(&app, "/me", &[&good(&key, json!({ "exp": NOW - 29 }))]).await.status,
        200,
        "the leeway is 30 s"
    );
}

#[tokio::test]
async fn every_other_bad_credential_gets_the_same_answer() {
    let (app, key) = setup();
    let fine = good(&key, json!({}));
    let forged = good(&crate::support::key("k1"), json!({}));
    let unknown_key = good(&crate::support::key("k2"), json!({}));
    let wrong_audience = good(&key, json!({ "aud": "mail-api" }));
    let wrong_issuer = good(&key, json!({ "iss": "https://evil.example.com" }));
    let no_subject = good(&key, json!({ "sub": null }));
    let id_token = bearer(&gatepost_jose::jwt::sign("JWT", &claims(ISSUER, json!({})), &key).unwrap());
    let twice_in_one = format!("{fine}, {fine}");
    let bodies: Vec<_> = [
        &[forged.as_str()][..],
        &[&unknown_key],
        &[&wrong_audience],
        &[&wrong_issuer],
        &[&no_subject],
        &[&id_token],
        &["Bearer"],
        &["Bearer garbage"],
        &["Bearer ..."],
        &["Bearer a b"],
        &[&twice_in_one],
        &[&fine, &fine],
        &[&fine, "Basic YWRhOnB3"],
        &["Basic YWRhOnB3", &fine],
    ]
    .into_iter()
    .map(str_slices)
    .collect();
    let mut seen = Vec::new();
    for authorization in &bodies {
        let values: Vec<&str> = authorization.iter().map(String::as_str).collect();
        let answer = get(&app, "/me", &values).await;
        assert_eq!((answer.status.as_u16(), answer.challenge()), (401, Some(INVALID)), "{authorization:?}");
        seen.push(answer.body);
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "an attacker must not tell them apart: {seen:?}");
}

fn str_slices(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

#[tokio::test]
async fn the_scheme_is_compared_without_regard_to_case() {
    let (app, key) = setup();
    let token = token(&key, &claims(ISSUER, json!({})));
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(get(&app, "/me", &[&format!("{scheme} {token}")]).await.status, 200);
    }
}

#[tokio::test]
async fn a_token_in_the_query_or_in_a_cookie_is_no_credential() {
    let (app, key) = setup();
    let token = token(&key, &claims(ISSUER, json!({})));
    let answer = get(&app, &format!("/me?access_token={token}"), &[]).await;
    assert_eq!((answer.status.as_u16(), answer.challenge()), (401, Some("Bearer")));
    let cookie = Request::builder().uri("/me").header("cookie", format!("access_token={token}"));
    assert_eq!(send(&app, cookie.body(axum::body::Body::empty()).unwrap()).await.status, 401);
}

#[tokio::test]
async fn an_optional_user_is_absent_without_a_credential_and_refused_with_a_bad_one() {
    let (app, key) = setup();
    assert_eq!(get(&app, "/feed", &[]).await.body, "-");
    assert_eq!(get(&app, "/feed", &[&good(&key, json!({}))]).await.body, "usr_ada");
    for bad in ["Bearer", "Bearer garbage", &good(&key, json!({ "exp": NOW - 60 }))] {
        assert_eq!(get(&app, "/feed", &[bad]).await.status, 401, "{bad}");
    }
}

#[tokio::test]
async fn a_good_token_that_is_not_enough_is_403_and_names_only_a_scope() {
    let (app, key) = setup();
    let poor = good(
        &key,
        json!({ "scope": "notes", "roles": ["adm"], "permissions": ["notes:read"], "realm_id": "globex" }),
    );
    for (path, code, challenge) in [
        ("/role", "missing_role", None),
        ("/permission", "missing_permission", None),
        ("/scope", "insufficient_scope", Some(r#"Bearer error="insufficient_scope", scope="notes read""#)),
        ("/realm", "wrong_realm", None),
        ("/rule", "forbidden", None),
    ] {
        let answer = get(&app, path, &[&poor]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.challenge(), answer.code().as_str()),
            (403, challenge, code)
        );
        assert!(!answer.body.contains("admin") && !answer.body.contains("notes:write"), "{}", answer.body);
        assert_eq!(get(&app, path, &[]).await.status, 401, "{path}");
    }
    let rich = good(
        &key,
        json!({ "scope": "read notes", "roles": ["admin"], "permissions": ["notes:*"], "realm_id": "acme", "plan": "pro" }),
    );
    for path in ["/role", "/permission", "/scope", "/realm", "/rule"] {
        assert_eq!(get(&app, path, &[&rich]).await.status, 200, "{path}");
    }
}

/// RFC 9470 section 3.
#[tokio::test]
async fn an_old_sign_in_is_asked_to_sign_in_again() {
    let (app, key) = setup();
    for (auth_time, status) in
        [(json!(NOW - 600), 200), (json!(NOW - 601), 401), (json!(null), 401), (json!(NOW + 1_000_000), 401)]
    {
        let answer = get(&app, "/fresh", &[&good(&key, json!({ "auth_time": auth_time }))]).await;
        assert_eq!(answer.status.as_u16(), status, "{auth_time}");
        if status == 401 {
            let challenge = r#"Bearer error="insufficient_user_authentication", max_age=600"#;
            assert_eq!(
                (answer.challenge(), answer.code().as_str()),
                (Some(challenge), "reauthentication_required")
            );
        }
    }
}

/// RFC 9457 section 3.
#[tokio::test]
async fn the_body_is_a_problem_document() {
    let (app, _) = setup();
    let answer = get(&app, "/me", &[]).await;
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    let problem: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((&problem["status"], &problem["title"]), (&json!(401), &json!("Unauthorized")));
    assert!(
        problem["detail"].as_str().is_some_and(|detail| detail.contains("Authorization: Bearer")),
        "{problem}"
    );
}

#[test]
fn the_guard_and_the_verifier_say_the_same_sentences() {
    let challenge = |refusal: Refusal| refusal.www_authenticate().unwrap().to_str().unwrap().to_owned();
    let expired = gatepost_jose::Refused::Expired.public_message();
    assert_eq!(
        challenge(Refusal::Expired),
        format!(r#"Bearer error="invalid_token", error_description="{expired}""#)
    );
    let invalid = gatepost_jose::Refused::BadSignature.public_message();
    assert_eq!(
        challenge(Refusal::Invalid),
        format!(r#"Bearer error="invalid_token", error_description="{invalid}""#)
    );
}

/// Attack JWT-20.
#[tokio::test]
async fn jwt_20_oversize_credentials_are_refused() {
    let (app, key) = setup();
    let fine = good(&key, json!({}));
    let thousand = vec![fine.as_str(); 1000];
    assert_eq!(get(&app, "/me", &thousand).await.status, 401);
    for huge in [
        good(&key, json!({ "x": "a".repeat(16 * 1024) })),
        format!("Bearer {}", "a".repeat(1 << 20)),
        format!("Bearer {}", ".".repeat(100_000)),
    ] {
        let answer = get(&app, "/me", &[&huge]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.challenge()),
            (401, Some(INVALID)),
            "{} bytes",
            huge.len()
        );
    }
}
