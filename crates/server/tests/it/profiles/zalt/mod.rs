//! The front door `zalt`, as its applications call it.

mod devices;
mod doors;
mod endpoints;
mod envelope;
mod impersonation;
mod invitations;
mod keys;
mod login;
mod machines;
mod mail;
mod me;
mod mfa;
mod organizations;
mod realms;
mod register;
mod reverify;
mod security_events;
mod sessions;
mod sms;
mod social;
mod tasks;
mod tenants;
mod tokens;
mod users;
mod webauthn;
mod webhooks;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Person, TestApp, request};

const ADA: &str = "ada@example.com";

/// The realm at the root, two beside it that speak the same, and one that does not.
const WORLD: &str = r#"
[[realm]]
name = "default"
profile = "zalt"
[[realm.role]]
name = "admin"
permissions = ["settings:read"]
[[realm]]
name = "acme"
profile = "zalt"
[[realm]]
name = "hosted"
profile = "zalt"
hosts = ["auth.hosted.test"]
[[realm]]
name = "plain"
"#;

async fn world() -> TestApp {
    TestApp::with(WORLD).await
}

/// Status and code, as in `401 INVALID_TOKEN`; only the status where it is no refusal. Of those that are flat, too.
fn brief(answer: &Answer) -> String {
    let json = answer.json();
    match json["error"]["code"].as_str().or(json["code"].as_str()) {
        Some(code) => format!("{} {code}", answer.status.as_u16()),
        None => answer.status.as_u16().to_string(),
    }
}

/// As the seed's application registers: with nulls where nothing was typed.
fn registration(email: &str) -> Value {
    json!({
        "realm_id": "default", "email": email, "password": PASSWORD,
        "profile": {"first_name": null, "last_name": null},
    })
}

async fn register(app: &TestApp, email: &str) -> Answer {
    let answer = app.post("/register", registration(email)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer
}

fn credentials(email: &str) -> Value {
    json!({"realm_id": "default", "email": email, "password": PASSWORD})
}

async fn login(app: &TestApp, email: &str) -> Answer {
    app.post("/login", credentials(email)).await
}

/// Somebody with a new account, signed in by it.
async fn person(app: &TestApp, email: &str) -> Person {
    someone(&register(app, email).await)
}

/// Who an answer says is signed in.
fn someone(answer: &Answer) -> Person {
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned();
    let json = answer.json();
    Person {
        id: text(&json["user"]["id"]),
        access_token: text(&json["tokens"]["access_token"]),
        refresh_token: text(&json["tokens"]["refresh_token"]),
    }
}

async fn get(app: &TestApp, who: &Person, path: &str) -> Answer {
    app.ask(who, Method::GET, path, None).await
}

async fn post(app: &TestApp, who: &Person, path: &str, body: Value) -> Answer {
    app.ask(who, Method::POST, path, Some(body)).await
}

/// With headers of its own.
async fn with(
    app: &TestApp,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Value>,
) -> Answer {
    let mut request: Request<Body> = request(method, path, None, body);
    for (name, value) in headers {
        let name: header::HeaderName = name.parse().unwrap();
        request.headers_mut().append(name, value.parse().unwrap());
    }
    app.send(request).await
}

/// What stands in the header and in the payload of a token.
fn parts(token: &str) -> (Value, Value) {
    let part = |at: usize| {
        let bytes = BASE64URL_NOPAD.decode(token.split('.').nth(at).unwrap().as_bytes()).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    (part(0), part(1))
}
