//! What an API key costs once it was exchanged, and what one permission among many costs.

use std::future::Future;
use std::hint::black_box;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use gatepost_guard::{Guard, User};
use gatepost_jose::{Algorithm, JwkSet, SigningKey, jwt};
use serde_json::{Value, json};

use crate::report::{Bar, Better, Row, alone, compared};
use crate::rounds::{Side, cpu_in_turns};
use crate::{Outcome, Run, machine};

/// Its checksum is right; that it is good says the issuer below.
const API_KEY: &str = "gp_key_000g40r40m30e209185gr38e1w8124gk2gahc5rr34d1p70x3rfj08924deqwbcv";
const NOW: i64 = 1_800_000_000;
const PERMISSIONS: usize = 200;

pub fn rows(run: &Run) -> Outcome<Vec<Row>> {
    let key = SigningKey::generate(Algorithm::ES256)?.with_kid("bench");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (guard, url) = runtime.block_on(issuer(&key))?;
    let permissions: Vec<_> = (0..PERMISSIONS).map(|number| format!("things-{number}:write")).collect();
    let many = token(&key, &url, json!({ "permissions": permissions }))?;
    let user = runtime.block_on(guard.verify(&many))?;
    let token = token(&key, &url, json!({ "permissions": ["notes:read"] }))?;
    runtime.block_on(guard.verify(&token))?;
    runtime.block_on(guard.verify(API_KEY))?;

    let before = machine::pin(machine::SERVER)?;
    let sides: &mut [Side<'_>] = &mut [
        Box::new(|| drop(black_box(at_once(&guard, black_box(&token))))),
        Box::new(|| drop(black_box(at_once(&guard, black_box(API_KEY))))),
        Box::new(|| assert!(user.can(black_box("things-150:write")))),
        Box::new(|| assert!(!user.can(black_box("things-150:read")))),
    ];
    let figures = cpu_in_turns(sides, run.rounds(90), Duration::from_millis(4));
    machine::unpin(&before)?;
    let among = |number: usize, what: &str| {
        let name = format!("permission {what} among {PERMISSIONS}");
        alone("guard", &name, "ns", Better::Less, &figures[number], Some(Bar::AtMost(100.0)))
    };
    Ok(vec![
        compared(
            "guard",
            "API key, seen before",
            "ns",
            Better::Less,
            &figures[1],
            ("a token seen before", &figures[0]),
            Some(Bar::AtMost(1000.0)),
        ),
        among(2, "found"),
        among(3, "not found"),
    ])
}

/// What was seen before is answered without waiting.
fn at_once(guard: &Guard, credential: &str) -> User {
    let asked = std::pin::pin!(guard.verify(credential));
    match asked.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(user)) => user,
        _ => panic!("a credential of our own was not known"),
    }
}

/// An issuer that exchanges whatever it is given, and a guard whose clock stands still: nothing expires while it is measured.
async fn issuer(key: &SigningKey) -> Outcome<(Guard, String)> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let discovery =
        json!({ "issuer": url, "jwks_uri": format!("{url}/keys"), "token_endpoint": format!("{url}/token") });
    let keys = json!(JwkSet { keys: key.public_jwk().into_iter().collect() });
    let exchanged = token(key, &url, json!({ "api_key": "key_1", "permissions": ["notes:read"] }))?;
    let exchanged = json!({ "access_token": exchanged, "expires_in": 60 });
    let app = Router::new()
        .route("/.well-known/openid-configuration", get(async move || discovery.to_string()))
        .route("/keys", get(async move || keys.to_string()))
        .route("/token", post(async move || exchanged.to_string()));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let builder = Guard::builder().issuer(&url).audience("notes-api").api_keys().clock(|| NOW);
    Ok((builder.discover().await?, url))
}

fn token(key: &SigningKey, issuer: &str, more: Value) -> Outcome<String> {
    let mut claims = json!({
        "iss": issuer, "sub": "usr_01h455vb4pex5vsknk084sn02q", "aud": "notes-api", "client_id": "web", "iat": NOW,
        "exp": NOW + 60, "jti": "01h455vb4pex5vsknk084sn02q", "scope": "notes:read", "realm_id": "acme",
    });
    if let (Some(claims), Value::Object(more)) = (claims.as_object_mut(), more) {
        claims.extend(more);
    }
    Ok(jwt::sign("at+jwt", &claims, key)?)
}
