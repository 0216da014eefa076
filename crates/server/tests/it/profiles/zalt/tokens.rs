//! `POST /refresh` and `POST /logout`

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use super::{ADA, brief, get, login, person, post, someone, with, world};

#[tokio::test]
async fn the_token_before_is_answered_with_the_present_pair_within_the_grace() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    let exchange = async |token: &str| app.post("/refresh", json!({"refresh_token": token})).await;
    let first = exchange(&ada.refresh_token).await;
    assert_eq!(first.status, 200, "{first:?}");
    let json = first.json();
    assert!(json["message"].is_string() && json["grace_period_used"].is_null());
    let next = json["tokens"]["refresh_token"].as_str().unwrap();
    assert_ne!(next, ada.refresh_token);
    assert_eq!(json["tokens"]["accessToken"], json["tokens"]["access_token"]);

    app.advance(Duration::from_secs(29));
    let again = exchange(&ada.refresh_token).await.json();
    assert_eq!(
        (&again["grace_period_used"], &again["tokens"]["refresh_token"]),
        (&json!(true), &json!(next))
    );

    // Later it is somebody who should not have it: the session ends, with the token that is good.
    app.advance(Duration::from_secs(2));
    assert_eq!(brief(&exchange(&ada.refresh_token).await), "401 INVALID_TOKEN");
    assert_eq!(brief(&exchange(next).await), "401 INVALID_TOKEN");
    assert_eq!(brief(&get(&app, &ada, "/me").await), "401 INVALID_TOKEN");
}

#[tokio::test]
async fn signing_out_ends_this_session_or_all() {
    let app = world().await;
    let one = person(&app, ADA).await;
    let (two, three) = (someone(&login(&app, ADA).await), someone(&login(&app, ADA).await));
    // Without a body, as some clients do it.
    let answer = app.ask(&one, Method::POST, "/logout", None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.json()["message"].is_string() && answer.json()["sessions_terminated"].is_null());
    assert_eq!(brief(&get(&app, &one, "/me").await), "401 INVALID_TOKEN");
    let refreshed = app.post("/refresh", json!({"refresh_token": one.refresh_token})).await;
    assert_eq!(brief(&refreshed), "401 INVALID_TOKEN");
    assert_eq!(get(&app, &two, "/me").await.status, 200);

    let answer = post(&app, &two, "/logout", json!({"logout_all": true})).await;
    assert_eq!(answer.json()["sessions_terminated"], json!(2), "{answer:?}");
    assert_eq!(brief(&get(&app, &three, "/me").await), "401 INVALID_TOKEN");
    assert_eq!(brief(&post(&app, &three, "/logout", json!({})).await), "401 INVALID_TOKEN");
    let (four, five) = (someone(&login(&app, ADA).await), someone(&login(&app, ADA).await));
    let answer = post(&app, &four, "/logout", json!({"all_devices": true})).await;
    assert_eq!(answer.json()["sessions_terminated"], json!(2), "as TypeScript calls it: {answer:?}");
    assert_eq!(brief(&get(&app, &five, "/me").await), "401 INVALID_TOKEN");
}

/// The publishable key is sent with every call, and is no credential that would stand beside the token.
#[tokio::test]
async fn a_publishable_key_beside_a_token_is_none_of_two_credentials() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    let id = gatepost_server::testing::realm_id(&app.app, "default").await.unwrap();
    let (key, bearer) = (gatepost_domain::publishable_key::of(id), format!("Bearer {}", ada.access_token));
    let both = [("x-api-key", &*key), ("authorization", &*bearer)];
    assert_eq!(with(&app, Method::GET, "/me", &both, None).await.status, 200);
    // A secret in its place is one.
    let both = [("x-api-key", "gp_key_something"), ("authorization", &*bearer)];
    assert_eq!(brief(&with(&app, Method::GET, "/me", &both, None).await), "401 INVALID_TOKEN");
    // And alone it opens nothing.
    assert_eq!(
        brief(&with(&app, Method::GET, "/me", &[("x-api-key", &key)], None).await),
        "401 UNAUTHORIZED"
    );
}
