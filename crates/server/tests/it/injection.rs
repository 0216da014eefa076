//! What is data stays data: in SQL, in paths, in headers. IJ-01, IJ-02, IJ-03.

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::json;

use crate::{
    oauth::relying_party::{self as rp, REALM, ada, asking},
    pages::browser::Browser,
    support::{PASSWORD, TestApp},
};

const SQL: [&str; 9] = [
    "' OR 1=1 --",
    "'; DROP TABLE users; --",
    "\\'; SELECT 1; --",
    "\" OR \"\"=\"",
    "$1",
    "%",
    "_",
    "\0",
    "\u{1f980}",
];

/// IJ-01, from the route table: every parameter of every listing is bound; what cannot be one is refused.
#[tokio::test]
async fn ij_01_no_parameter_of_a_listing_is_sql() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let organization = json!({"name": "Acme", "slug": "acme"});
    let made = app.ask(&admin, Method::POST, "/api/v1/organizations", Some(organization)).await.text("id");
    let api = app.get("/openapi.json").await.json();
    let mut asked = 0;
    for (path, item) in api["paths"].as_object().unwrap() {
        let id = if path.contains("/organizations/{id}") { &made } else { &admin.id };
        let path = path.replace("{id}", id);
        for parameter in item["get"]["parameters"].as_array().into_iter().flatten() {
            if parameter["in"] != "query" {
                continue;
            }
            for value in SQL {
                let name = parameter["name"].as_str().unwrap();
                let query =
                    url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
                let answer = app.ask(&admin, Method::GET, &format!("{path}?{query}"), None).await;
                assert!(
                    answer.status == 200 || answer.status.is_client_error(),
                    "{path}?{query}: {answer:?}"
                );
                asked += 1;
            }
        }
    }
    assert!(asked > 100, "{asked}");
    assert_eq!(app.login("admin@example.com").await.status, 200, "the users are there");
}

/// IJ-01: what a pattern would mean in LIKE is a letter.
#[tokio::test]
async fn ij_01_wildcards_are_letters() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    app.register("ada_b@example.com").await;
    app.register("adaxb@example.com").await;
    for (query, found) in [
        ("search=%25", 0),
        ("search=_", 1),
        ("search=a_b", 1),
        ("search=ada", 2),
        ("email=ada_", 1),
        ("email=%25", 0),
        ("username=_", 0),
        ("search=%5C", 0),
    ] {
        let answer = app.ask(&admin, Method::GET, &format!("/api/v1/admin/users?{query}"), None).await.json();
        assert_eq!(answer["users"].as_array().unwrap().len(), found, "{query}: {answer}");
    }
}

/// IJ-01: what people write is kept as they wrote it, or refused.
#[tokio::test]
async fn ij_01_what_people_write_is_kept_as_it_is() {
    let app = TestApp::new().await;
    for (number, text) in SQL.into_iter().enumerate() {
        let email = format!("u{number}@example.com");
        let body = json!({"email": email, "password": PASSWORD, "name": text});
        let made = app.post("/api/v1/register", body).await;
        if text == "\0" {
            assert_eq!(made.brief(), "422 invalid_field");
            continue;
        }
        assert_eq!(made.status, 201, "{text}: {made:?}");
        let person = app.sign_in(&email).await;
        assert_eq!(app.ask(&person, Method::GET, "/api/v1/me", None).await.text("name"), text);
        // Nor is anybody found by what is no name.
        let body = json!({"email": text, "password": PASSWORD});
        let answer = app.post("/api/v1/login", body).await;
        assert!(answer.status.is_client_error(), "{text}: {answer:?}");
    }
}

/// IJ-02: a name is looked up, and never a file.
#[tokio::test]
async fn ij_02_no_path_leads_out() {
    let app = TestApp::with("[[realm]]\nname = \"acme\"\n").await;
    for path in [
        "/r/../sign-in",
        "/r/..%2f..%2f..%2fetc%2fpasswd",
        "/r/..%2facme/sign-in",
        "/r/acme%2f../sign-in",
        "/r/acme/../../etc/passwd",
        "/r/%2e%2e/sign-in",
        "/r/acme%00/sign-in",
        "/assets/../Cargo.toml",
        "/assets/..%2fCargo.toml",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/assets//etc/passwd",
        "/docs/../openapi.json",
        "/.well-known/../openapi.json",
    ] {
        let answer = app.get(path).await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
    for language in ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%00", "en/../de"] {
        let answer = app.get(&format!("/sign-in?ui_locales={language}")).await;
        assert_eq!(answer.status, 200, "{language}");
        assert!(answer.html().contains("lang=\"en\""), "{language}");
    }
}

/// IJ-03: a line break in what goes into a header ends no header.
#[tokio::test]
async fn ij_03_no_value_begins_another_header() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let state = "x\r\nset-cookie: stolen=1\r\n\r\n<b>";
    let page = rp::open(&browser, &asking().with("state", state)).await;
    let answer = rp::approve(&browser, &page).await;
    assert_eq!(answer.status, 303);
    assert!(answer.location().contains("state=x%0D%0Aset-cookie%3A"), "{}", answer.location());
    assert_eq!(rp::returned(&answer)["state"], state);
    for (_, value) in &answer.headers {
        assert!(!value.to_str().unwrap().starts_with("stolen"), "{answer:?}");
    }
    // Nor where people are sent after signing in or out, nor what they are remembered by.
    let signing_in = Browser::new(&app);
    for path in [
        "/sign-in?return_to=%2Faccount%2Fprofile%0d%0aset-cookie:%20stolen=1",
        "/sign-in?ui_locales=de%0d%0aset-cookie:%20stolen=1",
        "/sign-out?post_logout_redirect_uri=https://app.test/bye%0d%0aset-cookie:%20stolen=1&client_id=web",
    ] {
        let answer = signing_in.get(path).await;
        assert!(answer.status.as_u16() < 500, "{path}: {answer:?}");
        assert!(answer.headers.keys().all(|name| name != "stolen"), "{path}");
        let mut set = answer.headers.get_all(header::SET_COOKIE).iter();
        assert!(set.all(|set| !set.to_str().unwrap().starts_with("stolen")), "{path}");
    }
    let agent = Request::post("/api/v1/login")
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::CONTENT_TYPE, "application/json")
        .header("user-agent", "a\tb \u{202e}<script>".as_bytes());
    let body = json!({"email": "ada@example.com", "password": PASSWORD}).to_string();
    assert_eq!(app.send(agent.body(Body::from(body)).unwrap()).await.status, 200);
}
