use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Person, TestApp};

const AUDIT: &str = "/api/v1/admin/audit";

async fn events(app: &TestApp, admin: &Person, query: &str) -> Vec<Value> {
    let answer = app.ask(admin, Method::GET, &format!("{AUDIT}{query}"), None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["events"].as_array().unwrap().clone()
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_administrator_reads_who_did_what_to_whom() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    // Events of one millisecond have no order.
    let tick = || app.advance(Duration::from_secs(1));
    app.register("ada@example.com").await;
    tick();
    let ada = app.sign_in("ada@example.com").await;
    tick();
    let wrong = json!({"email": "ada@example.com", "password": "not the right sentence"});
    assert_eq!(app.post("/api/v1/login", wrong).await.brief(), "401 invalid_credentials");
    tick();
    let path = format!("/api/v1/admin/users/{}", ada.id);
    app.ask(&admin, Method::PATCH, &path, Some(json!({"disabled": true}))).await;
    let of_ada = events(&app, &admin, &format!("?user={}", ada.id)).await;
    assert_eq!(names(&of_ada), ["user-disabled", "sign-in-refused", "signed-in", "user-registered"]);
    assert_eq!(of_ada[0]["actor"], format!("user:{}", admin.id));
    assert_eq!(of_ada[2]["actor"], format!("user:{}", ada.id));
    assert!(of_ada[0]["id"].as_str().unwrap().starts_with("evt_") && of_ada[0]["request_id"].is_string());
    assert_eq!(names(&events(&app, &admin, "?event=sign-in-refused").await), ["sign-in-refused"]);
    let all = events(&app, &admin, "").await;
    let text = serde_json::to_string(&all).unwrap();
    assert!(
        !text.contains("ada@example.com") && !text.contains(PASSWORD),
        "ids, not addresses or secrets: {text}"
    );
}

#[tokio::test]
async fn the_trail_is_read_by_pages_and_moments() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let begin = app.clock.now();
    for _ in 0..5 {
        app.advance(Duration::from_mins(1));
        app.sign_in("admin@example.com").await;
    }
    let query = format!("?event=signed-in&since={begin}");
    let whole = events(&app, &admin, &query).await;
    let first = app.ask(&admin, Method::GET, &format!("{AUDIT}{query}&limit=2"), None).await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = events(&app, &admin, &format!("{query}&cursor={cursor}")).await;
    assert_eq!([first["events"].as_array().unwrap().clone(), rest].concat(), whole);
    let until = whole[1]["at"].as_str().unwrap();
    assert_eq!(events(&app, &admin, &format!("{query}&until={until}")).await, whole[2..]);
}

/// AD-03: limits are capped, and only what is on the list is a filter.
#[tokio::test]
async fn ad_03_a_listing_is_capped_and_takes_only_known_filters() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for _ in 0..105 {
        app.login("admin@example.com").await;
    }
    assert_eq!(events(&app, &admin, "?limit=100").await.len(), 100);
    for bad in [
        "?limit=-1",
        "?limit=0",
        "?limit=101",
        "?result=maybe",
        "?actor=nobody",
        "?limit=x",
        "?sort=password_hash",
        "?event=invented",
        "?user=1",
        "?since=yesterday",
        "?cursor=a",
        "?realm=acme",
    ] {
        let answer = app.ask(&admin, Method::GET, &format!("{AUDIT}{bad}"), None).await;
        assert_eq!(answer.brief(), "400 invalid_query", "{bad}");
    }
}

/// TN-05: the trail of another realm shows nothing of this one.
#[tokio::test]
async fn tn_05_a_trail_shows_its_own_realm_only() {
    let file = format!(
        "[[realm]]\nname = \"acme\"\n[[realm.user]]\nemail = \"boss@acme.test\"\npassword = \"{PASSWORD}\"\nroles = [\"realm-admin\"]\n"
    );
    let app = TestApp::with(&file).await;
    let admin = app.admin().await;
    let body = json!({"email": "boss@acme.test", "password": PASSWORD});
    let boss = crate::support::person(&app.post("/r/acme/api/v1/login", body).await);
    let acme = app.ask(&boss, Method::GET, &format!("/r/acme{AUDIT}?event=signed-in"), None).await.json();
    assert_eq!(acme["events"].as_array().unwrap().len(), 1);
    assert_eq!(acme["events"][0]["user"], boss.id.as_str());
    let of_admin =
        app.ask(&boss, Method::GET, &format!("/r/acme{AUDIT}?user={}", admin.id), None).await.json();
    assert_eq!(of_admin["events"], json!([]));
}

#[tokio::test]
async fn the_trail_is_read_by_who_did_it_and_how_it_ended() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let ada = app.person("ada@example.com").await;
    let wrong = json!({"email": "ada@example.com", "password": "not the right sentence"});
    app.post("/api/v1/login", wrong).await;
    app.ask(&admin, Method::PATCH, &format!("/api/v1/admin/users/{}", ada.id), Some(json!({"name": "Ada"})))
        .await;
    let by_ada = events(&app, &admin, &format!("?actor=user:{}", ada.id)).await;
    let mut by_ada = names(&by_ada);
    by_ada.sort_unstable();
    assert_eq!(by_ada, ["signed-in", "user-registered"]);
    assert_eq!(names(&events(&app, &admin, "?actor=anonymous").await), ["sign-in-refused"]);
    assert_eq!(names(&events(&app, &admin, "?result=refused").await), ["sign-in-refused"]);
    let query = format!("?result=done&user={}&actor=user:{}", ada.id, admin.id);
    assert_eq!(names(&events(&app, &admin, &query).await), ["user-updated"]);
    let answer = app.ask(&admin, Method::GET, &format!("{AUDIT}?acter=anonymous"), None).await;
    assert_eq!(answer.text("detail"), "unknown parameter `acter`; did you mean `actor`?");
}

#[tokio::test]
async fn roles_that_a_file_gives_are_told_as_others_are() {
    let file = |roles: &str| {
        format!(
            "[[realm]]\nname = \"default\"\n[[realm.role]]\nname = \"editor\"\n[[realm.user]]\nemail = \"ada@example.com\"\nroles = [{roles}]\n"
        )
    };
    let app = TestApp::with(&file("")).await;
    app.apply(&file("\"editor\"")).await;
    let admin = app.admin().await;
    let changed = events(&app, &admin, "?event=user-roles-changed").await;
    assert_eq!((changed.len(), &changed[0]["actor"]), (1, &json!("operator")));
    assert_eq!(changed[0]["detail"], json!({"before": "", "after": "editor"}));
}
