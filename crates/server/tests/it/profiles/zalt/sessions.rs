//! `/sessions`

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use super::{ADA, brief, get, login, person, registration, someone, users, world};

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

/// What began later is listed first.
const STEP: Duration = Duration::from_secs(1);

#[tokio::test]
async fn an_administrator_sees_and_ends_every_session_of_the_realm() {
    const ALL: &str = "/v1/admin/sessions";
    let (app, root) = users::world().await;
    app.advance(STEP);
    let ada = person(&app, ADA).await;
    app.advance(STEP);
    let eve = person(&app, "eve@example.com").await;
    let mut body = registration(ADA);
    body["realm_id"] = json!("acme");
    let other = someone(&app.post("/r/acme/register", body).await);
    // The newest first, in pages.
    let page = get(&app, &root, &format!("{ALL}?limit=2")).await.json();
    let whose = |page: &serde_json::Value| -> Vec<String> {
        let sessions = page["sessions"].as_array().unwrap().iter();
        sessions.map(|session| session["user_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((whose(&page), &page["has_more"]), (vec![eve.id.clone(), ada.id.clone()], &json!(true)));
    let next = page["next_cursor"].as_str().unwrap();
    let last = get(&app, &root, &format!("{ALL}?limit=2&cursor={next}")).await.json();
    assert_eq!((whose(&last), &last["has_more"]), (vec![root.id.clone()], &json!(false)));
    assert_eq!(last["sessions"][0]["is_current"], json!(true));
    assert_eq!(brief(&get(&app, &root, &format!("{ALL}?limit=0")).await), "400 INVALID_REQUEST");

    let id = |at: usize| page["sessions"][at]["id"].as_str().unwrap();
    let (of_eve, of_ada) =
        (format!("/v1/admin/sessions/{}", id(0)), format!("/admin/realms/default/sessions/{}", id(1)));
    for who in [&ada, &other] {
        let path = if who.id == other.id { "/r/acme/v1/admin/sessions" } else { ALL };
        assert_eq!(brief(&get(&app, who, path).await), "403 FORBIDDEN");
    }
    assert_eq!(brief(&app.ask(&ada, Method::DELETE, &of_eve, None).await), "403 FORBIDDEN");
    assert_eq!(brief(&app.get(ALL).await), "401 UNAUTHORIZED");
    for (path, who) in [(of_eve, &eve), (of_ada.clone(), &ada)] {
        let ended = app.ask(&root, Method::DELETE, &path, None).await.json();
        assert_eq!(ended["is_current_session"], json!(false), "{ended}");
        assert_eq!(brief(&get(&app, who, "/me").await), "401 INVALID_TOKEN");
        assert_eq!(brief(&app.ask(&root, Method::DELETE, &path, None).await), "404 SESSION_NOT_FOUND");
    }
    // TN-01: in another realm there is no such session.
    let there = get(&app, &other, "/r/acme/sessions").await.json();
    let there = there["sessions"][0]["id"].as_str().unwrap();
    for path in [format!("{ALL}/{there}"), format!("{ALL}/x"), "/admin/realms/default/sessions/x".to_owned()]
    {
        assert_eq!(
            brief(&app.ask(&root, Method::DELETE, &path, None).await),
            "404 SESSION_NOT_FOUND",
            "{path}"
        );
    }
    let elsewhere = of_ada.replace("default", "acme");
    assert_eq!(brief(&app.ask(&root, Method::DELETE, &elsewhere, None).await), "404 REALM_NOT_FOUND");
    assert_eq!(get(&app, &other, "/r/acme/me").await.status, 200);
    assert_eq!(whose(&get(&app, &root, ALL).await.json()), [root.id.as_str()]);
}
