//! `private_key_jwt` and `client_secret_jwt`: clients that sign instead of showing a secret (RFC 7523).

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, http::Request, routing::get};
use gatepost_jose::{Algorithm, SigningKey, jwt};
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

const ISSUER: &str = "http://127.0.0.1:8400";
const BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const SECRET: &str = "a secret of thirty-two characters: 1";

fn key(algorithm: Algorithm, kid: &str) -> SigningKey {
    SigningKey::generate(algorithm).unwrap().with_kid(kid)
}

fn key_set(keys: &[&SigningKey]) -> Value {
    let keys: Vec<Value> =
        keys.iter().map(|key| serde_json::to_value(key.public_jwk().unwrap()).unwrap()).collect();
    json!({ "keys": keys })
}

/// A server with clients that have the grant `client_credentials` and these settings.
async fn world(clients: &[(&str, Value)]) -> TestApp {
    let file = "[[realm]]\nname = \"default\"\naudience = [\"notes-api\"]\nrate_limits = \"off\"\n";
    let app = TestApp::with(file).await;
    let admin = app.admin().await;
    for (id, settings) in clients {
        let mut all = json!({ "grants": ["client_credentials"], "scopes": ["notes:read"] });
        for (name, value) in settings.as_object().unwrap() {
            all[name] = value.clone();
        }
        let body = json!({ "id": id, "settings": all });
        let made = app.ask(&admin, axum::http::Method::POST, "/api/v1/admin/clients", Some(body)).await;
        assert_eq!(made.status, 201, "{made:?}");
    }
    app
}

#[expect(clippy::needless_pass_by_value, reason = "for literals")]
fn by_key(keys: Value) -> Value {
    json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": keys })
}

/// What a good assertion of `web` says, with changes; `null` takes a claim away.
#[expect(clippy::needless_pass_by_value, reason = "for literals")]
fn claims(app: &TestApp, id: &str, changes: Value) -> Value {
    let now = app.clock.now().unix_seconds();
    let mut claims =
        json!({ "iss": "web", "sub": "web", "aud": ISSUER, "exp": now + 60, "iat": now, "jti": id });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

async fn send(app: &TestApp, path: &str, more: &str, assertion: &str) -> Answer {
    let body =
        format!("client_assertion_type={}&client_assertion={assertion}{more}", BEARER.replace(':', "%3A"));
    let request = Request::post(path)
        .header("host", "127.0.0.1:8400")
        .header("content-type", "application/x-www-form-urlencoded");
    app.send(request.body(Body::from(body)).unwrap()).await
}

/// `200`, or `401 invalid_client`.
async fn token(app: &TestApp, assertion: &str) -> String {
    brief(&send(app, "/oauth/token", "&grant_type=client_credentials", assertion).await)
}

fn brief(answer: &Answer) -> String {
    match answer.json()["error"].as_str() {
        Some(error) => format!("{} {error}", answer.status.as_u16()),
        None => answer.status.as_u16().to_string(),
    }
}

#[tokio::test]
async fn a_client_signs_instead_of_showing_a_secret() {
    for algorithm in [Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256, Algorithm::PS256] {
        let key = key(algorithm, "one");
        let app = world(&[("web", by_key(key_set(&[&key])))]).await;
        let sign = |id: &str| jwt::sign("JWT", &claims(&app, id, json!({})), &key).unwrap();
        assert_eq!(token(&app, &sign("1")).await, "200", "{algorithm}");
        // Wherever a client proves who it is.
        let introspected = send(&app, "/oauth/introspect", "&token=x", &sign("2")).await;
        assert_eq!(introspected.json(), json!({ "active": false }), "{algorithm}");
        let named =
            send(&app, "/oauth/token", "&grant_type=client_credentials&client_id=web", &sign("3")).await;
        assert_eq!(named.status, 200, "the id may be said, too");
    }
}

#[tokio::test]
async fn ca_02_whatever_is_not_this_assertion_is_refused() {
    let (own, others) = (key(Algorithm::ES256, "one"), key(Algorithm::ES256, "one"));
    let app = world(&[
        ("web", by_key(key_set(&[&own]))),
        ("other", by_key(key_set(&[&others]))),
        ("strict", {
            let mut settings = by_key(key_set(&[&own]));
            settings["require_pushed_authorization_requests"] = json!(true);
            settings
        }),
    ])
    .await;
    let now = app.clock.now().unix_seconds();
    let mut id = 0;
    let mut fresh = || {
        id += 1;
        id.to_string()
    };
    let no = "401 invalid_client";
    for (changes, expected) in [
        (json!({}), "200"),
        (json!({ "aud": format!("{ISSUER}/oauth/token") }), "200"),
        (json!({ "nbf": now + 8 }), "200"),
        (json!({ "aud": [ISSUER] }), no),
        (json!({ "aud": [ISSUER, "https://evil.test"] }), no),
        (json!({ "aud": "https://evil.test/oauth/token" }), no),
        (json!({ "aud": format!("{ISSUER}/r/other") }), no),
        (json!({ "aud": null }), no),
        (json!({ "sub": null }), no),
        (json!({ "sub": "other" }), no),
        (json!({ "iss": "other" }), no),
        (json!({ "iss": "other", "sub": "other" }), no),
        (json!({ "iss": "nobody", "sub": "nobody" }), no),
        (json!({ "jti": null }), no),
        (json!({ "exp": null }), no),
        (json!({ "exp": now - 60 }), no),
        (json!({ "exp": now + 31_536_000 }), no),
        (json!({ "nbf": now + 61 }), no),
        (json!({ "iat": now + 61 }), no),
    ] {
        let assertion = jwt::sign("JWT", &claims(&app, &fresh(), changes.clone()), &own).unwrap();
        assert_eq!(token(&app, &assertion).await, expected, "{changes}");
    }
    // FAPI 2.0: only the issuer, of a client that is held to it.
    let strict = json!({ "iss": "strict", "sub": "strict", "aud": format!("{ISSUER}/oauth/token") });
    let assertion = jwt::sign("JWT", &claims(&app, &fresh(), strict), &own).unwrap();
    assert_eq!(token(&app, &assertion).await, no);
    let strict = json!({ "iss": "strict", "sub": "strict" });
    let assertion = jwt::sign("JWT", &claims(&app, &fresh(), strict), &own).unwrap();
    assert_eq!(token(&app, &assertion).await, "200");

    // Another key of the same name, another kind of token, a symmetric algorithm, no signature.
    let good = claims(&app, &fresh(), json!({}));
    assert_eq!(token(&app, &jwt::sign("JWT", &good, &others).unwrap()).await, no);
    for typ in ["at+jwt", "dpop+jwt", "oauth-authz-req+jwt"] {
        assert_eq!(token(&app, &jwt::sign(typ, &good, &own).unwrap()).await, no, "{typ}");
    }
    let public = serde_json::to_vec(&own.public_jwk().unwrap()).unwrap();
    let symmetric = SigningKey::from_secret(Algorithm::HS256, "one", &public).unwrap();
    assert_eq!(token(&app, &jwt::sign("JWT", &good, &symmetric).unwrap()).await, no);
    let signed = jwt::sign("JWT", &good, &own).unwrap();
    let (head, _) = signed.rsplit_once('.').unwrap();
    assert_eq!(token(&app, &format!("{head}.")).await, no);
    let payload = head.split_once('.').unwrap().1;
    assert_eq!(token(&app, &format!("eyJhbGciOiJub25lIn0.{payload}.")).await, no);
    // None of this used the id up.
    assert_eq!(token(&app, &signed).await, "200");
    // CA-02: once.
    assert_eq!(token(&app, &signed).await, no);
    let again = claims(&app, good["jti"].as_str().unwrap(), json!({ "exp": now + 90 }));
    assert_eq!(token(&app, &jwt::sign("JWT", &again, &own).unwrap()).await, no, "whatever else it says");
    assert_eq!(
        token(&app, &jwt::sign("JWT", &claims(&app, &fresh(), json!({})), &own).unwrap()).await,
        "200"
    );
}

#[tokio::test]
async fn ca_02_of_fifty_uses_at_once_one_succeeds() {
    let own = key(Algorithm::ES256, "one");
    let app = Arc::new(world(&[("web", by_key(key_set(&[&own])))]).await);
    let assertion = jwt::sign("JWT", &claims(&app, "1", json!({})), &own).unwrap();
    let uses = (0..50).map(|_| {
        let (app, assertion) = (Arc::clone(&app), assertion.clone());
        tokio::spawn(async move { token(&app, &assertion).await })
    });
    let mut answers = Vec::new();
    for used in uses.collect::<Vec<_>>() {
        answers.push(used.await.unwrap());
    }
    assert_eq!(answers.iter().filter(|answer| *answer == "200").count(), 1, "{answers:?}");
    // What was used is forgotten when it would be refused anyway.
    app.advance(Duration::from_hours(2));
    app.clean_up().await;
    assert_eq!(token(&app, &assertion).await, "401 invalid_client");
}

#[tokio::test]
async fn ca_01_a_client_proves_itself_in_the_one_way_it_is_registered_with() {
    let own = key(Algorithm::ES256, "one");
    let app = world(&[("web", by_key(key_set(&[&own])))]).await;
    let file = format!(
        "[[realm]]\nname = \"default\"\n\
         [[realm.client]]\nid = \"basic\"\nsecret = \"{SECRET}\"\ntoken_endpoint_auth_method = \"client_secret_basic\"\n\
         grants = [\"client_credentials\"]\nscopes = [\"notes:read\"]\n\
         [[realm.client]]\nid = \"post\"\nsecret = \"{SECRET}\"\ntoken_endpoint_auth_method = \"client_secret_post\"\n\
         grants = [\"client_credentials\"]\nscopes = [\"notes:read\"]\n\
         [[realm.client]]\nid = \"jwt\"\nsecret = \"{SECRET}\"\ntoken_endpoint_auth_method = \"client_secret_jwt\"\n\
         grants = [\"client_credentials\"]\nscopes = [\"notes:read\"]\n"
    );
    assert_eq!(app.apply(&file).await.len(), 3);
    assert!(app.apply(&file).await.is_empty(), "nothing changes the second time");
    let symmetric = SigningKey::from_secret(Algorithm::HS256, "", SECRET.as_bytes()).unwrap();
    let ask = async |id: &str, way: &str, jti: &str| {
        let form = "grant_type=client_credentials";
        let request = Request::post("/oauth/token")
            .header("host", "127.0.0.1:8400")
            .header("content-type", "application/x-www-form-urlencoded");
        let encoded = SECRET.replace(' ', "%20").replace(':', "%3A");
        let answer = match way {
            "basic" => {
                let pair = data_encoding::BASE64.encode(format!("{id}:{encoded}").as_bytes());
                let request = request.header("authorization", format!("Basic {pair}"));
                app.send(request.body(Body::from(form)).unwrap()).await
            }
            "post" => {
                let body = format!("{form}&client_id={id}&client_secret={encoded}");
                app.send(request.body(Body::from(body)).unwrap()).await
            }
            "none" => app.send(request.body(Body::from(format!("{form}&client_id={id}"))).unwrap()).await,
            _ => {
                let key = if way == "key" { &own } else { &symmetric };
                let claims = claims(&app, jti, json!({ "iss": id, "sub": id }));
                let assertion = jwt::sign("JWT", &claims, key).unwrap();
                send(&app, "/oauth/token", "&grant_type=client_credentials", &assertion).await
            }
        };
        answer.status.as_u16()
    };
    let mut jti = 0;
    for (id, own_way) in [("basic", "basic"), ("post", "post"), ("jwt", "secret"), ("web", "key")] {
        for way in ["basic", "post", "secret", "key", "none"] {
            jti += 1;
            let expected = if way == own_way { 200 } else { 401 };
            assert_eq!(ask(id, way, &jti.to_string()).await, expected, "{id} by {way}");
        }
    }
    // Two ways at once are none.
    let assertion = jwt::sign("JWT", &claims(&app, "x", json!({})), &own).unwrap();
    let both = send(&app, "/oauth/token", "&grant_type=client_credentials&client_secret=x", &assertion).await;
    assert_eq!(brief(&both), "400 invalid_request");
    let other =
        send(&app, "/oauth/token", "&grant_type=client_credentials&client_id=basic", &assertion).await;
    assert_eq!(brief(&other), "401 invalid_client");
}

#[tokio::test]
async fn keys_at_an_address_are_read_again_when_one_is_missing_and_not_too_often() {
    let (first, second) = (key(Algorithm::ES256, "one"), key(Algorithm::ES256, "two"));
    let published = Arc::new(std::sync::Mutex::new(key_set(&[&first])));
    let read = Arc::new(AtomicUsize::new(0));
    let (shown, counted) = (Arc::clone(&published), Arc::clone(&read));
    let keys = Router::new().route(
        "/keys",
        get(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            let document = shown.lock().unwrap().to_string();
            async move { document }
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/keys", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, keys).await });

    let settings = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": uri });
    let app = world(&[("web", settings)]).await;
    let sign = |id: &str, key: &SigningKey| jwt::sign("JWT", &claims(&app, id, json!({})), key).unwrap();
    let reads = || read.load(Ordering::SeqCst);
    assert_eq!((token(&app, &sign("1", &first)).await.as_str(), reads()), ("200", 1));
    assert_eq!((token(&app, &sign("2", &first)).await.as_str(), reads()), ("200", 1));
    // A key that nobody published makes us read once, and not again at once.
    app.advance(Duration::from_secs(31));
    for id in ["3", "4", "5"] {
        assert_eq!((token(&app, &sign(id, &second)).await.as_str(), reads()), ("401 invalid_client", 2));
    }
    *published.lock().unwrap() = key_set(&[&first, &second]);
    app.advance(Duration::from_secs(31));
    assert_eq!((token(&app, &sign("6", &second)).await.as_str(), reads()), ("200", 3));
    // A document that is none leaves the keys there were.
    *published.lock().unwrap() = json!("gone");
    app.advance(Duration::from_secs(400));
    assert_eq!((token(&app, &sign("7", &second)).await.as_str(), reads()), ("200", 4));
}
