//! `/sessions`

use axum::http::Method;
use serde_json::json;

use super::{ADA, brief, get, login, person, someone, world};

#[tokio::test]
async fn the_sessions_of_an_account_are_listed_and_ended() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    let eve = person(&app, "eve@example.com").await;
    let other = someone(&login(&app, ADA).await);
    let listed = get(&app, &ada, "/sessions").await.json();
    assert_eq!(listed["total"], json!(2));
    let sessions = listed["sessions"].as_array().unwrap();
    let current: Vec<_> = sessions.iter().filter(|session| session["is_current"] == json!(true)).collect();
    assert_eq!(current.len(), 1);
    let others: Vec<_> = sessions.iter().filter(|session| session["isCurrent"] == json!(false)).collect();
    let id = others[0]["id"].as_str().unwrap();
    assert!(others[0]["last_activity"].is_string() && others[0]["created_at"].is_string());

    let path = format!("/sessions/{id}");
    let shown = get(&app, &ada, &path).await.json();
    assert_eq!(shown["session"]["id"], json!(id));
    // TN-01: of somebody else it is as if there were none.
    for (who, path) in
        [(&eve, &*path), (&ada, "/sessions/ses_00000000000000000000000000"), (&ada, "/sessions/x")]
    {
        for method in [Method::GET, Method::DELETE] {
            let answer = app.ask(who, method, path, None).await;
            assert_eq!(brief(&answer), "404 SESSION_NOT_FOUND", "{path}");
        }
    }
    let ended = app.ask(&ada, Method::DELETE, &path, None).await.json();
    assert_eq!((&ended["session_id"], &ended["is_current_session"]), (&json!(id), &json!(false)));
    assert_eq!(brief(&get(&app, &other, "/me").await), "401 INVALID_TOKEN");

    let (one, two) = (someone(&login(&app, ADA).await), someone(&login(&app, ADA).await));
    let ended = app.ask(&ada, Method::DELETE, "/sessions", None).await.json();
    assert_eq!(ended["revoked_count"], json!(2), "{ended}");
    for gone in [one, two] {
        assert_eq!(brief(&get(&app, &gone, "/me").await), "401 INVALID_TOKEN");
    }
    assert_eq!(get(&app, &ada, "/me").await.status, 200);
    let own = format!("/sessions/{}", current[0]["id"].as_str().unwrap());
    let ended = app.ask(&ada, Method::DELETE, &own, None).await.json();
    assert_eq!(ended["is_current_session"], json!(true));
    assert_eq!(brief(&get(&app, &ada, "/sessions").await), "401 INVALID_TOKEN");
}
