//! `/admin/realms/{realm}/security-events`

use serde_json::json;

use super::{ADA, brief, get, person, users::world};

#[tokio::test]
async fn an_administrator_reads_what_happened_in_pages() {
    const EVENTS: &str = "/admin/realms/default/security-events";
    let (app, root) = world().await;
    let ada = person(&app, ADA).await;
    // What happened later is listed first.
    app.advance(std::time::Duration::from_secs(1));
    for _ in 0..2 {
        app.post("/login", json!({"email": ADA, "password": "not the password"})).await;
    }
    let all = get(&app, &root, EVENTS).await.json();
    let first = &all["events"][0];
    assert_eq!((&first["type"], &first["event"]), (&json!("login_failure"), &json!("sign-in-refused")));
    assert_eq!((&first["user_id"], &first["description"]), (&json!(ada.id), &json!("sign in refused")));
    assert!(first["timestamp"].is_string() && first["id"].is_string());
    assert!(all["events"].as_array().unwrap().iter().any(|event| event["type"] == "user-registered"));
    assert_eq!(all["data"]["events"], all["events"]);

    // One by one.
    let page = get(&app, &root, &format!("{EVENTS}?type=login_failure&limit=1")).await.json();
    assert_eq!((page["events"].as_array().unwrap().len(), &page["has_more"]), (1, &json!(true)));
    let next = page["next_cursor"].as_str().unwrap();
    let page = get(&app, &root, &format!("{EVENTS}?type=login_failure&limit=1&cursor={next}")).await.json();
    assert_eq!((&page["events"][0]["type"], &page["has_more"]), (&json!("login_failure"), &json!(false)));
    let hers = get(&app, &root, &format!("{EVENTS}?user_id={}&type=signed-in&severity=all", root.id)).await;
    assert_eq!(hers.json()["events"][0]["actor"], json!(format!("user:{}", root.id)), "{hers:?}");
    for query in ["type=credential_stuffing", "severity=high", "limit=0", "cursor=x", "user_id=x"] {
        let answer = get(&app, &root, &format!("{EVENTS}?{query}")).await;
        assert_eq!(brief(&answer), "400 INVALID_REQUEST", "{query}");
    }

    // Also what happened in one moment.
    for number in 0..10 {
        let person = person(&app, &format!("user-{number}@example.com")).await;
        let told = get(&app, &root, &format!("{EVENTS}?user_id={}", person.id)).await.json();
        let told: Vec<_> = told["events"].as_array().unwrap().iter().map(|event| &event["event"]).collect();
        assert_eq!(told, ["signed-in", "user-registered"]);
    }

    assert_eq!(brief(&get(&app, &ada, EVENTS).await), "403 FORBIDDEN");
    assert_eq!(brief(&app.get(EVENTS).await), "401 UNAUTHORIZED");
    let elsewhere = EVENTS.replace("default", "acme");
    assert_eq!(brief(&get(&app, &root, &elsewhere).await), "404 REALM_NOT_FOUND");
}
