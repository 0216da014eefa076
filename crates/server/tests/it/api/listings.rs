//! AD-03, from the route table: every listing has a limit, refuses others and what it does not know.

use axum::http::Method;

use crate::support::TestApp;

#[tokio::test]
async fn ad_03_every_listing_refuses_limits_out_of_bounds_and_unknown_parameters() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\nteams = true\n").await;
    let admin = app.admin().await;
    let organization = serde_json::json!({"name": "Acme", "slug": "acme"});
    let made = app.ask(&admin, Method::POST, "/api/v1/organizations", Some(organization)).await.text("id");
    let hook = serde_json::json!({"url": "https://app.test/hook", "events": ["*"]});
    let webhook = app.ask(&admin, Method::POST, "/api/v1/admin/webhooks", Some(hook)).await.text("id");
    let teams = format!("/api/v1/organizations/{made}/teams");
    let team = app.ask(&admin, Method::GET, &teams, None).await.json();
    let team = team["teams"][0]["id"].as_str().unwrap();
    let api = app.get("/openapi.json").await.json();
    let mut seen = 0;
    for (path, item) in api["paths"].as_object().unwrap() {
        let parameters = item["get"]["parameters"].as_array().cloned().unwrap_or_default();
        let names: Vec<&str> = parameters
            .iter()
            .filter(|one| one["in"] == "query")
            .filter_map(|one| one["name"].as_str())
            .collect();
        if names.is_empty() {
            continue;
        }
        assert!(names.contains(&"limit") && names.contains(&"cursor"), "{path}: {names:?}");
        let id = match path {
            path if path.contains("/organizations/{id}") => &made,
            path if path.contains("/webhooks/{id}") => &webhook,
            _ => &admin.id,
        };
        let path = path.replace("{id}", id).replace("{team_id}", team);
        for (query, expected) in [
            ("limit=0", "400 invalid_query"),
            ("limit=101", "400 invalid_query"),
            ("limit=1&limit=2", "400 invalid_query"),
            ("limti=1", "400 invalid_query"),
            ("limit=1", "200"),
            ("limit=100", "200"),
        ] {
            let answer = app.ask(&admin, Method::GET, &format!("{path}?{query}"), None).await;
            assert_eq!(answer.brief(), expected, "{path}?{query}");
            if query == "limti=1" {
                assert_eq!(answer.text("detail"), "unknown parameter `limti`; did you mean `limit`?");
            }
        }
        seen += 1;
    }
    assert!(seen >= 9, "only {seen} listings were found");
}
