//! `/me`

use axum::http::Method;
use serde_json::json;

use super::{ADA, brief, get, login, person, post, someone, world};
use crate::support::PASSWORD;

#[tokio::test]
async fn the_account_is_shown_under_each_of_its_paths() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    for path in ["/me", "/auth/me", "/users/me"] {
        let user = get(&app, &ada, path).await.json()["user"].clone();
        assert_eq!((&user["id"], &user["email"]), (&json!(ada.id), &json!(ADA)), "{path}");
        assert_eq!(user["last_login"], json!(app.clock.now()));
        let data = get(&app, &ada, path).await.json()["data"].clone();
        assert_eq!((&data["user"], &data["id"], &data["profile"]), (&user, &user["id"], &user["profile"]));
    }
}

#[tokio::test]
async fn the_profile_is_changed_in_either_spelling() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    let change = async |path: &str, body| app.ask(&ada, Method::PATCH, path, Some(body)).await;
    let answer =
        change("/me/profile", json!({"first_name": "Ada", "phone_number": "+44 20 7946 0958"})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let profile = answer.json()["user"]["profile"].clone();
    assert_eq!((&profile["firstName"], &profile["lastName"]), (&json!("Ada"), &json!(null)));
    assert_eq!(profile["phoneNumber"], json!("+44 20 7946 0958"));
    let answer =
        change("/auth/me/profile", json!({"lastName": "King", "avatarUrl": "https://example.com/a.png"}))
            .await;
    let profile = answer.json()["user"]["profile"].clone();
    assert_eq!((&profile["first_name"], &profile["last_name"]), (&json!("Ada"), &json!("King")));
    assert_eq!(profile["avatar_url"], json!("https://example.com/a.png"));
    assert_eq!(app.ask(&ada, Method::GET, "/api/v1/me", None).await.text("name"), "Ada King");
    // What is null goes, and what is left out stays.
    let answer = change("/me/profile", json!({"phone_number": null})).await;
    let profile = answer.json()["user"]["profile"].clone();
    assert_eq!((&profile["phone_number"], &profile["last_name"]), (&json!(null), &json!("King")));
    assert_eq!(
        brief(&change("/me/profile", json!({"metadata": {"plan": "gold"}})).await),
        "400 INVALID_REQUEST"
    );
    assert_eq!(brief(&change("/me/profile", json!({"first_name": "a\u{0}b"})).await), "400 INVALID_REQUEST");
    assert_eq!(brief(&app.ask(&ada, Method::PATCH, "/me/profile", None).await), "400 INVALID_REQUEST");
}

#[tokio::test]
async fn another_password_ends_every_other_session() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    let other = someone(&login(&app, ADA).await);
    let new = "the loom weaves flowers and leaves";
    let wrong = json!({"current_password": "not the password", "new_password": new});
    assert_eq!(brief(&post(&app, &ada, "/me/password", wrong).await), "401 INVALID_PASSWORD");
    let weak = json!({"current_password": PASSWORD, "new_password": "short"});
    assert_eq!(brief(&post(&app, &ada, "/me/password", weak).await), "400 WEAK_PASSWORD");
    let half = json!({"current_password": PASSWORD});
    assert_eq!(brief(&post(&app, &ada, "/me/password", half).await), "400 INVALID_REQUEST");
    let good = json!({"current_password": PASSWORD, "new_password": new});
    assert_eq!(post(&app, &ada, "/me/password", good).await.status, 200);
    assert_eq!(brief(&get(&app, &other, "/me").await), "401 INVALID_TOKEN");
    assert_eq!(get(&app, &ada, "/me").await.status, 200);
    // Back again, in the other spelling and by the other method.
    let camel = json!({"currentPassword": new, "newPassword": PASSWORD});
    assert_eq!(app.ask(&ada, Method::PUT, "/me/password", Some(camel.clone())).await.status, 200);
    assert_eq!(brief(&post(&app, &ada, "/auth/me/password", camel).await), "401 INVALID_PASSWORD");
    assert_eq!(login(&app, ADA).await.status, 200);
}

/// LG-03: a password is tried no more often in a session than the native door lets it.
#[tokio::test]
async fn lg_03_the_present_password_is_not_guessed_in_a_session() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    let wrong = json!({"current_password": "not the password", "new_password": "the loom weaves flowers"});
    for _ in 0..5 {
        assert_eq!(brief(&post(&app, &ada, "/me/password", wrong.clone()).await), "401 INVALID_PASSWORD");
    }
    assert_eq!(brief(&post(&app, &ada, "/me/password", wrong).await), "429 RATE_LIMITED");
}
