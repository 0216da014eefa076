use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use serde_json::json;

use crate::support::{PASSWORD, TestApp, person, request};

const TWO: &str = "[[realm]]\nname = \"acme\"\nhosts = [\"auth.acme.test\"]\n[[realm]]\nname = \"other\"\n";

async fn issuer(app: &TestApp, path: &str, host: &str) -> String {
    let request = Request::builder().uri(path).header("host", host).body(Body::empty()).unwrap();
    app.send(request).await.json()["issuer"].as_str().unwrap_or("none").to_owned()
}

#[tokio::test]
async fn a_realm_is_named_by_prefix_by_host_or_not_at_all() {
    let app = TestApp::with(TWO).await;
    let path = "/.well-known/openid-configuration";
    assert_eq!(issuer(&app, path, "127.0.0.1:8400").await, "http://127.0.0.1:8400");
    assert_eq!(
        issuer(&app, &format!("/r/other{path}"), "127.0.0.1:8400").await,
        "http://127.0.0.1:8400/r/other"
    );
    assert_eq!(issuer(&app, path, "auth.acme.test").await, "http://auth.acme.test");
    assert_eq!(issuer(&app, path, "AUTH.acme.test:8400").await, "http://auth.acme.test");
    assert_eq!(issuer(&app, &format!("/r/acme{path}"), "127.0.0.1:8400").await, "http://auth.acme.test");
    assert_eq!(
        issuer(&app, &format!("/r/other{path}"), "auth.acme.test").await,
        "http://127.0.0.1:8400/r/other"
    );
    assert_eq!(issuer(&app, path, "elsewhere.test").await, "http://127.0.0.1:8400");
    for host in ["auth.acme.test.", "auth.acme.test.:8400"] {
        assert_eq!(issuer(&app, path, host).await, "http://auth.acme.test", "{host}");
    }
}

#[tokio::test]
async fn a_realm_that_does_not_exist_is_not_found() {
    let app = TestApp::with(TWO).await;
    for path in
        ["/r/nope/api/v1/me", "/r/acm/api/v1/me", "/r//api/v1/me", "/r/ACME/api/v1/me", "/r/%61cme/api/v1/me"]
    {
        assert_eq!(app.get(path).await.brief(), "404 not_found", "{path}");
    }
    assert_eq!(app.get("/r/acme/api/v1/me").await.brief(), "401 unauthenticated");
}

/// TN-04, JWT-21: accounts, sessions and tokens of one realm mean nothing in another.
#[tokio::test]
async fn tn_04_realms_are_isolated() {
    let app = TestApp::with(TWO).await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    assert_eq!(app.post("/r/acme/api/v1/register", body.clone()).await.status, StatusCode::CREATED);
    assert_eq!(app.post("/r/other/api/v1/login", body.clone()).await.brief(), "401 invalid_credentials");
    assert_eq!(app.post("/api/v1/login", body.clone()).await.brief(), "401 invalid_credentials");
    assert_eq!(app.post("/r/other/api/v1/register", body.clone()).await.status, StatusCode::CREATED);
    let ada = person(&app.post("/r/acme/api/v1/login", body).await);
    assert_eq!(app.ask(&ada, Method::GET, "/r/acme/api/v1/me", None).await.status, StatusCode::OK);
    assert_eq!(app.ask(&ada, Method::GET, "/r/other/api/v1/me", None).await.brief(), "401 invalid_token");
    assert_eq!(app.ask(&ada, Method::GET, "/api/v1/me", None).await.brief(), "401 invalid_token");
}

#[tokio::test]
async fn changed_settings_count_from_the_next_second_in_every_process() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\naccess_token_ttl = \"10m\"\n").await;
    let (_other, replica) = app.replica().await;
    let body = || json!({"email": "ada@example.com", "password": PASSWORD});
    app.register("ada@example.com").await;
    let login = || request(Method::POST, "/api/v1/login", None, Some(body()));
    assert_eq!(crate::support::send(&replica, login()).await.json()["expires_in"], 600);
    app.apply("[[realm]]\nname = \"default\"\naccess_token_ttl = \"5m\"\n").await;
    assert_eq!(app.login("ada@example.com").await.json()["expires_in"], 300, "at once where it was changed");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(3);
    while crate::support::send(&replica, login()).await.json()["expires_in"] != 300 {
        assert!(std::time::Instant::now() < deadline, "the other process never noticed");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_a_file_does_not_name_stays_as_it_is() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\nregistration = \"closed\"\n").await;
    let admin = app.admin().await;
    assert_eq!(app.register("ada@example.com").await.brief(), "403 registration_closed");
    let file =
        "[[realm]]\nname = \"default\"\n[[realm.user]]\nemail = \"admin@example.com\"\nname = \"Root\"\n";
    assert_eq!(app.apply(file).await, ["changed user admin@example.com in default: name none -> Root"]);
    let me = app.ask(&admin, Method::GET, "/api/v1/me", None).await.json();
    assert_eq!((me["name"].as_str(), &me["roles"]), (Some("Root"), &json!(["realm-admin"])));
    assert_eq!(app.register("ada@example.com").await.brief(), "403 registration_closed");
}

#[tokio::test]
async fn applying_twice_changes_nothing() {
    let file = format!(
        "[[realm]]\nname = \"acme\"\n[[realm.role]]\nname = \"editor\"\n[[realm.client]]\nid = \"web\"\n[[realm.client]]\nid = \"spa\"\npublic = true\n[[realm.user]]\nemail = \"ada@example.com\"\npassword = \"{PASSWORD}\"\nroles = [\"editor\"]\n"
    );
    let app = TestApp::new().await;
    let first = app.apply(&file).await;
    assert_eq!(first.len(), 5, "{first:?}");
    assert!(first[2].starts_with("created client web in acme with secret gp_cs_"), "{first:?}");
    assert_eq!(app.apply(&file).await, Vec::<String>::new());
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    assert_eq!(app.post("/r/acme/api/v1/login", body).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_secret_that_comes_with_a_setting_is_told_once_and_for_what_it_is() {
    let app = TestApp::new().await;
    let file = "[[realm]]\nname = \"default\"\nsms_url = \"https://sms.example.com/\"\n";
    let lines = app.apply(file).await;
    let made = lines.iter().find(|line| line.contains("whsec_")).unwrap_or_else(|| panic!("{lines:?}"));
    assert!(
        made.starts_with("created the secret that signs requests to sms_url of default: whsec_")
            && made.ends_with(" (shown this once)"),
        "{made}"
    );
    assert_eq!(app.apply(file).await, Vec::<String>::new());
}
