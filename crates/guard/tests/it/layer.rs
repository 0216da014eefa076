//! The layer form, several guards in one application, and what a second extractor costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::extract::FromRef;
use axum::routing::{any, get as on_get};
use axum::{Extension, Router};
use gatepost_guard::{CurrentUser, Guard, KeySet, Require, SignedIn, role};
use http::Request;
use serde_json::json;

use crate::support::*;

role!(Admin = "admin");

#[tokio::test]
async fn a_layer_guards_every_route_of_its_router_and_hands_on_the_user() {
    let (guard, key) = offline();
    let admin = Router::new()
        .route("/who", on_get(|Extension(user): Extension<CurrentUser>| async move { user.id.clone() }))
        .route("/again", on_get(|user: CurrentUser| async move { user.id.clone() }))
        .route_layer(guard.require::<Admin>());
    let app = Router::new().route("/open", on_get(|| async {})).nest("/admin", admin).with_state(guard);
    let admin = bearer(&token(&key, &claims(ISSUER, json!({ "roles": ["admin"] }))));
    let member = bearer(&token(&key, &claims(ISSUER, json!({ "roles": ["member"] }))));
    for path in ["/admin/who", "/admin/again"] {
        assert_eq!(get(&app, path, &[]).await.challenge(), Some("Bearer"));
        assert_eq!(get(&app, path, &[&member]).await.code(), "missing_role");
        assert_eq!(get(&app, path, &[&admin]).await.body, "usr_ada");
    }
    assert_eq!(get(&app, "/open", &[]).await.status, 200);
    assert_eq!(
        get(&app, "/admin/nowhere", &[]).await.status,
        404,
        "a route layer does not answer for routes that are not"
    );
}

/// Attack AZ-03: methods and spellings of a path must not pass a guard.
#[tokio::test]
async fn az_03_no_method_and_no_spelling_of_the_path_passes_the_layer() {
    let (guard, _) = offline();
    let admin = Router::new().route("/who", any(|| async { "in" })).route_layer(guard.require::<SignedIn>());
    let app = Router::new().nest("/admin", admin).with_state(guard);
    for method in
        ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PURGE", "get"]
    {
        let request =
            Request::builder().method(method).uri("/admin/who").header("x-http-method-override", "OPTIONS");
        assert_eq!(send(&app, request.body(Body::empty()).unwrap()).await.status, 401, "{method}");
    }
    for path in [
        "/admin/who?x",
        "/admin//who",
        "//admin/who",
        "/admin/who/",
        "/admin/who;x",
        "/admin/./who",
        "/admin/../admin/who",
        "/admin/%2e/who",
        "/admin%2fwho",
        "/ADMIN/who",
        "/admin/who%20",
        "/admin/who%00",
        "/./admin/who",
        "/admin/%77ho",
    ] {
        let answer = get(&app, path, &[]).await;
        assert!([401, 404].contains(&answer.status.as_u16()) && answer.body != "in", "{path}: {answer:?}");
    }
}

#[derive(Clone)]
struct Staff;

#[derive(Clone, FromRef)]
struct TwoGuards {
    guard: Guard,
    staff: Guard<Staff>,
}

gatepost_guard::check_state!(TwoGuards);
gatepost_guard::check_state!(TwoGuards, Staff);

#[tokio::test]
async fn two_guards_of_one_application_do_not_take_each_others_tokens() {
    let (guard, key) = offline();
    let staff_key = crate::support::key("s1");
    let keys = KeySet::new([staff_key.verifying_key()]).unwrap();
    let staff = TestClock::new()
        .builder()
        .issuer_with_keys("https://staff.example.com", keys)
        .discover_later()
        .unwrap();
    let app = Router::new()
        .route("/users", on_get(|user: CurrentUser| async move { user.issuer.clone() }))
        .route("/staff", on_get(|user: CurrentUser<Staff>| async move { user.issuer.clone() }))
        .route("/admin", on_get(|user: Require<Admin, Staff>| async move { user.issuer.clone() }))
        .with_state(TwoGuards { guard, staff: staff.tagged() });
    let users = bearer(&token(&key, &claims(ISSUER, json!({ "roles": ["admin"] }))));
    let staff =
        bearer(&token(&staff_key, &claims("https://staff.example.com", json!({ "roles": ["admin"] }))));
    assert_eq!(get(&app, "/users", &[&users]).await.body, ISSUER);
    assert_eq!(get(&app, "/staff", &[&staff]).await.body, "https://staff.example.com");
    assert_eq!(get(&app, "/admin", &[&staff]).await.body, "https://staff.example.com");
    for (path, token) in [("/users", &staff), ("/staff", &users), ("/admin", &users)] {
        assert_eq!(get(&app, path, &[token]).await.code(), "invalid_token", "{path}");
    }
}

/// Guards are told apart by what they are and not by their type: a router inside another keeps its own.
#[tokio::test]
async fn a_guard_of_the_same_type_further_in_does_not_accept_the_outer_ones_user() {
    let (outer, key) = offline();
    let inner_key = crate::support::key("i1");
    let keys = KeySet::new([inner_key.verifying_key()]).unwrap();
    let inner = TestClock::new()
        .builder()
        .issuer_with_keys("https://inner.example.com", keys)
        .discover_later()
        .unwrap();
    let mounted = Router::new()
        .route("/me", on_get(|user: CurrentUser| async move { user.id.clone() }))
        .with_state(inner);
    let app = Router::new().nest("/inner", mounted).layer(outer.require::<SignedIn>());
    let outers = bearer(&token(&key, &claims(ISSUER, json!({}))));
    assert_eq!(get(&app, "/inner/me", &[&outers]).await.code(), "invalid_token");
}

#[tokio::test]
async fn a_second_extractor_on_the_same_request_looks_the_user_up_instead_of_verifying_again() {
    let looks = Arc::new(AtomicUsize::new(0));
    let key = crate::support::key("k1");
    let keys = KeySet::new([key.verifying_key()]).unwrap();
    let counted = looks.clone();
    let clock = move || {
        counted.fetch_add(1, Ordering::SeqCst);
        NOW
    };
    let guard = Guard::builder()
        .audience(AUDIENCE)
        .issuer_with_keys(ISSUER, keys)
        .clock(clock)
        .discover_later()
        .unwrap();
    let three = |one: CurrentUser, two: Require<Admin>, three: Option<CurrentUser>| async move {
        assert_eq!((&one.id, &two.id), (&three.unwrap().id, &one.id));
    };
    let inner = Router::new().route("/", on_get(three)).route_layer(guard.require::<SignedIn>());
    let app = inner.with_state(guard);
    let admin = bearer(&token(&key, &claims(ISSUER, json!({ "roles": ["admin"] }))));
    assert_eq!(get(&app, "/", &[&admin]).await.status, 200);
    assert_eq!(looks.load(Ordering::SeqCst), 1, "one request, one look at the clock");
}
