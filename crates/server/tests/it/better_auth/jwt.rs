use std::time::Duration;

use axum::http::Method;
use data_encoding::BASE64URL_NOPAD;
use gatepost_jose::{KeySet, Verifier};
use serde_json::{Value, json};

use super::{ADA, OURS, ada};
use crate::support::{TestApp, request};

fn part(token: &str, n: usize) -> Value {
    let text = token.split('.').nth(n).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()).unwrap()
}

#[tokio::test]
async fn a_token_says_what_the_contract_says_and_nothing_else() {
    let app = TestApp::with("[[realm]]\nname = \"acme\"\n").await;
    let client = ada(&app).await;
    let token = client.get("/token").await.text("token");
    let (header, claims) = (part(&token, 0), part(&token, 1));
    assert_eq!(header["alg"], "EdDSA");
    assert_eq!(header.as_object().unwrap().keys().collect::<Vec<_>>(), ["alg", "kid"]);
    let user = client.get("/get-session").await.json()["user"].clone();
    let mut expected = user.as_object().unwrap().clone();
    let now = app.clock.now().unix_seconds();
    expected.insert("sub".into(), user["id"].clone());
    expected.insert("iat".into(), json!(now));
    expected.insert("exp".into(), json!(now + 900));
    expected.insert("iss".into(), json!(OURS));
    expected.insert("aud".into(), json!(OURS));
    assert_eq!(claims, Value::Object(expected));

    let keys = client.get("/jwks").await;
    assert_eq!(keys.body, client.get("/.well-known/jwks.json").await.body);
    let listed = &keys.json()["keys"];
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["kid"], header["kid"]);
    let members: Vec<_> = listed[0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "x"]);
    let set = KeySet::parse(&keys.body).unwrap();
    let verifier = Verifier::new(OURS, OURS, set).typ_may_be_absent();
    assert_eq!(verifier.verify(&token, now).unwrap().email(), Some(ADA));

    // A realm under a prefix is another, and its tokens name it.
    let there = super::Client::under(&app, "/r/acme");
    there.sign_up(ADA).await;
    let other = there.get("/get-session").await;
    let other = other.header("set-auth-jwt").unwrap();
    assert_eq!(part(other, 1)["iss"], format!("{OURS}/r/acme"));
    assert_ne!(part(other, 0)["kid"], header["kid"]);
}

/// Pages ask for the session all the time, and a signature is the dearest thing in the answer.
#[tokio::test]
async fn what_is_the_same_is_said_by_the_same_token_for_a_minute() {
    let app = TestApp::new().await;
    let client = ada(&app).await;
    let ask = async || client.get("/get-session").await.header("set-auth-jwt").unwrap().to_owned();
    let first = ask().await;
    app.clock.advance(Duration::from_secs(59));
    assert_eq!(ask().await, first);
    assert_eq!(client.get("/token").await.text("token"), first);
    app.clock.advance(Duration::from_secs(1));
    let second = ask().await;
    assert_eq!(part(&second, 1)["iat"], json!(app.clock.now().unix_seconds()));

    // What is said of somebody else, or is otherwise now, is another token at once.
    client.post("/update-user", json!({"name": "Countess"})).await;
    let third = ask().await;
    assert_eq!(
        (&part(&third, 1)["name"], &part(&third, 1)["iat"]),
        (&json!("Countess"), &part(&second, 1)["iat"])
    );
    let other = super::Client::new(&app);
    other.sign_up("grace@example.com").await;
    let hers = other.get("/token").await.text("token");
    assert_eq!(part(&hers, 1)["email"], "grace@example.com");
    // And of a session that is over nothing is said.
    client.post("/sign-out", json!({})).await;
    assert_eq!(client.get("/get-session").await.header("set-auth-jwt"), None);
}

/// Such a token is none of ours, wherever it is shown.
#[tokio::test]
async fn a_token_for_applications_is_no_access_token() {
    for settings in ["", "signing_alg = \"EdDSA\"\n"] {
        let app = TestApp::with(&format!("[[realm]]\nname = \"default\"\n{settings}")).await;
        let client = ada(&app).await;
        let answer = client.get("/get-session").await;
        assert!(answer.header("access-control-expose-headers").unwrap().contains("set-auth-jwt"));
        let token = answer.header("set-auth-jwt").unwrap();
        let me = app.send(request(Method::GET, "/api/v1/me", Some(token), None)).await;
        assert_eq!(me.brief(), "401 invalid_token", "{settings}");
        assert_eq!(super::bearer(&app, token).await, None);
        // The native door signs as before.
        let native = app.sign_in(ADA).await;
        assert_eq!(app.ask(&native, Method::GET, "/api/v1/me", None).await.status, 200);
    }
}

/// The keys follow one another as those for access tokens do, and none is made before it is needed.
#[tokio::test]
async fn the_key_is_made_when_it_is_first_needed_and_followed_by_others() {
    let app = TestApp::new().await;
    let algs = async || -> Vec<String> {
        let keys = app.get("/.well-known/jwks.json").await.json();
        keys["keys"].as_array().unwrap().iter().map(|key| key["alg"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(algs().await, ["ES256"]);
    let client = super::Client::new(&app);
    let first = client.get("/jwks").await.json();
    assert_eq!(algs().await.len(), 2);
    app.advance(std::time::Duration::from_hours(24 * 89 + 1));
    let published = client.get("/jwks").await.json();
    let listed = published["keys"].as_array().unwrap();
    assert_eq!(listed.len(), 2, "{published}");
    assert!(listed.contains(&first["keys"][0]), "{published}");
}
