//! The profile `runbook`, endpoint by endpoint. The words and bodies are those of the original with FastAPI 0.165 and pydantic 2.14;
//! `originals.rs` compares the two as they run.

mod others;
mod people;

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use super::{ask, form, part, with};
use crate::support::{Answer, PASSWORD, Person, TestApp};

const REALM: &str = r#"
[[realm]]
name = "default"
profile = "runbook"
api_key_scopes = ["ci"]
[[realm.user]]
username = "root"
email = "root@example.com"
name = "Root"
password = "the engine weaves algebra"
roles = ["admin"]
[[realm.user]]
username = "chief"
email = "chief@example.com"
password = "the engine weaves algebra"
roles = ["realm-admin"]
"#;

/// What the document of the contract registers.
const SEED: &str = "testpass123";

async fn world() -> TestApp {
    TestApp::with(REALM).await
}

async fn register(app: &TestApp, username: &str) -> Answer {
    let email = format!("{username}@example.com");
    app.post("/register", json!({"username": username, "email": email, "password": SEED})).await
}

async fn token(app: &TestApp, username: &str, password: &str) -> Answer {
    form(app, "/token", &[("username", username), ("password", password)], &[]).await
}

async fn sign_in(app: &TestApp, username: &str, password: &str) -> (String, String) {
    let answer = token(app, username, password).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    (answer.text("access_token"), answer.text("refresh_token"))
}

async fn refresh(app: &TestApp, token: &str) -> Answer {
    ask(app, Method::POST, &format!("/token/refresh?refresh_token={token}"), &[]).await
}

const NOT_RIGHT: &str = r#"401 {"detail":"Could not validate credentials"} Bearer"#;

async fn token_wrong(app: &TestApp, username: &str) -> String {
    token(app, username, "not the password").await.with_challenge()
}

async fn chief(app: &TestApp) -> Person {
    app.sign_in("chief@example.com").await
}

#[tokio::test]
async fn an_account_is_made_and_told_as_the_original_tells_it() {
    let app = world().await;
    let made = register(&app, "testuser").await;
    assert_eq!(
        made.whole(),
        r#"201 {"id":1,"username":"testuser","email":"testuser@example.com","full_name":null,"role":"user","is_active":true}"#
    );
    assert_eq!(made.header("content-type"), Some("application/json"));
    let body =
        |username: &str, email: &str| json!({"username": username, "email": email, "password": SEED, "x": 1});
    let taken =
        async |username: &str, email: &str| app.post("/register", body(username, email)).await.whole();
    assert_eq!(
        taken("testuser", "testuser@example.com").await,
        r#"400 {"detail":"Username already registered"}"#
    );
    assert_eq!(taken("other", "TestUser@EXAMPLE.com").await, r#"400 {"detail":"Email already registered"}"#);
    let named = json!({"username": "grace", "email": "Grace@EXAMPLE.com", "password": SEED, "full_name": "Grace Hopper"});
    assert_eq!(
        app.post("/register", named).await.whole(),
        r#"201 {"id":2,"username":"grace","email":"Grace@example.com","full_name":"Grace Hopper","role":"user","is_active":true}"#
    );
    // What is missing is told with what was sent, and what is wrong with what it was.
    assert_eq!(
        app.post("/register", json!({"password": 1})).await.whole(),
        concat!(
            r#"422 {"detail":[{"type":"missing","loc":["body","username"],"msg":"Field required","input":{"password":"**********"}},"#,
            r#"{"type":"missing","loc":["body","email"],"msg":"Field required","input":{"password":"**********"}},"#,
            r#"{"type":"string_type","loc":["body","password"],"msg":"Input should be a valid string","input":"**********"}]}"#
        )
    );
    assert_eq!(
        app.post("/register", json!({"username": "x", "email": "x", "password": SEED})).await.whole(),
        r#"422 {"detail":[{"type":"value_error","loc":["body","email"],"msg":"value is not a valid email address: An email address must have an @-sign.","input":"x","ctx":{"reason":"An email address must have an @-sign."}}]}"#
    );
    // Rules of ours are told in the same form, and a password is never repeated.
    for (member, body) in [
        ("username", json!({"username": "a b", "email": "a@example.com", "password": SEED})),
        ("password", json!({"username": "abc", "email": "a@example.com", "password": "password"})),
        ("password", json!({"username": "abc", "email": "a@example.com", "password": "short"})),
    ] {
        let refused = app.post("/register", body).await;
        let entry = &refused.json()["detail"][0];
        assert_eq!((refused.status.as_u16(), &entry["loc"]), (422, &json!(["body", member])), "{refused:?}");
        assert_eq!((&entry["type"], &entry["input"]), (&json!("value_error"), &Value::Null));
    }
    let body = json!({"username": "a b", "email": "a@example.com", "password": "short", "full_name": "a\nb"});
    let refused = app.post("/register", body).await.json();
    let places = refused["detail"].as_array().unwrap().iter().map(|entry| &entry["loc"][1]);
    assert_eq!(places.collect::<Vec<_>>(), ["username", "full_name", "password"], "all at once");
    app.apply(&REALM.replace("profile =", "registration = \"closed\"\nprofile =")).await;
    assert_eq!(register(&app, "late").await.whole(), r#"403 {"detail":"Registration is closed"}"#);
}

#[tokio::test]
async fn a_password_becomes_a_pair_of_tokens_that_pyjwt_would_read() {
    let app = world().await;
    register(&app, "testuser").await;
    let answer = token(&app, "testuser", SEED).await;
    assert_eq!((answer.status.as_u16(), answer.text("token_type")), (200, "bearer".into()));
    let (access, refresh) = (answer.text("access_token"), answer.text("refresh_token"));
    let now = app.clock.now().unix_seconds();
    for (token, kind, life) in [(&access, "access", 1_800), (&refresh, "refresh", 2_592_000)] {
        assert_eq!(part(token, 0), json!({"alg": "HS256", "typ": "JWT"}));
        let claims = part(token, 1);
        assert_eq!((&claims["sub"], &claims["type"]), (&json!("testuser"), &json!(kind)));
        assert_eq!((&claims["exp"], &claims["iat"]), (&json!(now + life), &json!(now)));
        assert!(claims["jti"].is_string());
        // PyJWT refuses an audience that nobody asked for.
        assert_eq!((&claims["aud"], &claims["iss"]), (&Value::Null, &Value::Null));
    }
    let wrong = r#"401 {"detail":"Incorrect username or password"} Bearer"#;
    assert_eq!(token_wrong(&app, "testuser").await, wrong);
    assert_eq!(token_wrong(&app, "nobody").await, wrong);
    // The documentation pages of FastAPI send an empty client, and whatever the form has more.
    let fields = [
        ("username", "testuser"),
        ("password", SEED),
        ("grant_type", "password"),
        ("scope", "a b"),
        ("client_id", "x"),
    ];
    assert_eq!(form(&app, "/token", &fields, &[("authorization", "Basic Og==")]).await.status, 200);
    let in_json = app.post("/token", json!({"username": "testuser", "password": SEED})).await;
    assert_eq!(
        in_json.whole(),
        concat!(
            r#"422 {"detail":[{"type":"missing","loc":["body","username"],"msg":"Field required","input":null},"#,
            r#"{"type":"missing","loc":["body","password"],"msg":"Field required","input":null}]}"#
        )
    );
    // Whoever has no user name signs in with an address, which has an `@`.
    let made = app.post("/api/v1/register", json!({"email": "ada@example.com", "password": PASSWORD})).await;
    assert_eq!(made.status, 201);
    let (access, _) = sign_in(&app, "ada@example.com", PASSWORD).await;
    assert_eq!(part(&access, 1)["sub"], "ada@example.com");
    let shown = with(&app, Method::GET, "/users/me", &access).await.json();
    assert_eq!((&shown["username"], &shown["role"]), (&json!("ada@example.com"), &json!("user")));
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_reuse_ends_the_sign_in() {
    let app = world().await;
    register(&app, "testuser").await;
    let (access, first) = sign_in(&app, "testuser", SEED).await;
    let missing = r#"422 {"detail":[{"type":"missing","loc":["query","refresh_token"],"msg":"Field required","input":null}]}"#;
    assert_eq!(app.post("/token/refresh", json!({"refresh_token": first})).await.whole(), missing);
    assert_eq!(refresh(&app, "x").await.with_challenge(), NOT_RIGHT);
    assert_eq!(refresh(&app, &access).await.with_challenge(), r#"401 {"detail":"Invalid token type"} -"#);
    assert_eq!(with(&app, Method::GET, "/users/me", &first).await.with_challenge(), NOT_RIGHT);
    app.advance(Duration::from_secs(5));
    let next = refresh(&app, &first).await;
    assert_eq!((next.status.as_u16(), next.text("token_type")), (200, "bearer".into()));
    let second = next.text("refresh_token");
    assert_ne!(first, second);
    // RT-11: whoever lost the answer is given the same again, for ten seconds.
    assert_eq!(refresh(&app, &first).await.text("refresh_token"), second);
    // RT-01: later it is somebody else's use of it.
    app.advance(Duration::from_secs(11));
    assert_eq!(refresh(&app, &first).await.with_challenge(), NOT_RIGHT);
    assert_eq!(refresh(&app, &second).await.with_challenge(), NOT_RIGHT);
    assert_eq!(
        with(&app, Method::GET, "/users/me", &next.text("access_token")).await.with_challenge(),
        NOT_RIGHT
    );
    // After its time it is none.
    let (_, late) = sign_in(&app, "testuser", SEED).await;
    app.advance(Duration::from_hours(24 * 30));
    assert_eq!(refresh(&app, &late).await.with_challenge(), NOT_RIGHT);
}
