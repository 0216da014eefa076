//! Tokens that are signed with a secret which applications know, and everything else that such a realm signs.

use std::time::Duration;

use axum::http::Method;
use gatepost_jose::{Algorithm, KeySet, SigningKey, jws, jwt};
use gatepost_server::testing::shared_secrets;
use serde_json::{Value, json};

use super::{ask, form, part, with};
use crate::support::{PASSWORD, TestApp};

const REALM: &str = r#"
[[realm]]
name = "default"
profile = "runbook"
[[realm.client]]
id = "worker"
secret = "a secret of the worker, long enough"
grants = ["client_credentials"]
scopes = ["reports"]
[[realm.user]]
username = "root"
email = "root@example.com"
password = "the engine weaves algebra"
roles = ["admin"]
[[realm.user]]
email = "chief@example.com"
password = "the engine weaves algebra"
roles = ["realm-admin"]
"#;

async fn secret(app: &TestApp) -> String {
    let mut all = shared_secrets(&app.app, "default").await;
    assert_eq!(all.len(), 1, "{:?}", all.iter().map(|(state, _)| state).collect::<Vec<_>>());
    let (state, secret) = all.remove(0);
    assert_eq!(state, "signing");
    secret
}

async fn access(app: &TestApp) -> String {
    form(app, "/token", &[("username", "root"), ("password", PASSWORD)], &[]).await.text("access_token")
}

/// The seed's `decode_token`, with what an operator was shown.
fn decoded(token: &str, secret: &str) -> Option<Value> {
    let key = SigningKey::from_secret(Algorithm::HS256, "", secret.as_bytes()).unwrap();
    let keys = KeySet::from(key.verifying_key());
    let payload = jws::verify_compact(token, &keys, &[Algorithm::HS256]).ok()?;
    Some(serde_json::from_slice(&payload).unwrap())
}

#[tokio::test]
async fn what_an_operator_is_shown_verifies_the_tokens_of_the_profile_and_stands_in_no_key_set() {
    let app = TestApp::with(REALM).await;
    let (token, secret) = (access(&app).await, secret(&app).await);
    assert!(secret.len() == 43 && secret.is_ascii(), "text that fits into a setting");
    assert_eq!(decoded(&token, &secret).unwrap()["sub"], "root");
    assert!(decoded(&token, "k".repeat(43).as_str()).is_none());
    for path in ["/.well-known/jwks.json", "/keys"] {
        let published = app.get(path).await.json();
        let algs: Vec<_> =
            published["keys"].as_array().unwrap().iter().map(|key| key["alg"].clone()).collect();
        // Those of RS256 alone are none here.
        let there = !algs.is_empty() || path == "/keys";
        assert!(there && !algs.contains(&json!("HS256")), "{published}");
        let text = published.to_string();
        assert!(!text.contains("oct") && !text.contains(&secret), "{published}");
    }
    // That it was shown is in the trail, and it is not.
    let chief = app.sign_in("chief@example.com").await;
    let trail = app.ask(&chief, Method::GET, "/api/v1/admin/audit?event=signing-key-revealed", None).await;
    let events = trail.json()["events"].as_array().unwrap().clone();
    assert_eq!((events.len(), &events[0]["actor"]), (1, &json!("operator")));
    assert!(!String::from_utf8_lossy(&trail.body).contains(&secret));
}

/// A token that was seen before is asked for its time, its session and its account each time.
#[tokio::test]
async fn a_token_that_was_taken_before_is_not_when_it_is_over() {
    let app = TestApp::with(REALM).await;
    let seen = async |token: &str| with(&app, Method::GET, "/users/me", token).await.status.as_u16();
    let first = access(&app).await;
    assert_eq!((seen(&first).await, seen(&first).await), (200, 200));
    app.clock.advance(Duration::from_mins(30));
    assert_eq!(seen(&first).await, 401);
    let second = access(&app).await;
    assert_eq!((seen(&second).await, seen(&second).await), (200, 200));
    let root = app.sign_in("root@example.com").await;
    assert!(
        app.ask(&root, Method::POST, "/api/v1/logout", Some(json!({"everywhere": true})))
            .await
            .status
            .is_success()
    );
    assert_eq!(seen(&second).await, 401);
}

/// JWT-13, JWT-21: whoever knows the secret can make tokens of the profile, and of nothing else.
#[tokio::test]
async fn jwt_13_the_secret_of_applications_opens_the_profile_and_nothing_else() {
    let app = TestApp::with(REALM).await;
    let (token, secret) = (access(&app).await, secret(&app).await);
    for path in ["/api/v1/me", "/api/v1/admin/users", "/oauth/userinfo"] {
        assert_eq!(with(&app, Method::GET, path, &token).await.status, 401, "{path}");
    }
    // Nor one that claims to be ours in all else.
    let native = app.sign_in("chief@example.com").await.access_token;
    assert_eq!(part(&native, 0)["alg"], "ES256", "our own sign-in is signed with what is published");
    let key = SigningKey::from_secret(Algorithm::HS256, "", secret.as_bytes()).unwrap();
    for kid in ["", part(&native, 0)["kid"].as_str().unwrap()] {
        let forged = jwt::sign("at+jwt", &part(&native, 1), &key.clone().with_kid(kid)).unwrap();
        assert_eq!(with(&app, Method::GET, "/api/v1/me", &forged).await.status, 401);
        assert_eq!(with(&app, Method::GET, "/users/me", &forged).await.status, 401);
    }
    // And what is ours opens nothing of the profile.
    assert_eq!(with(&app, Method::GET, "/users/me", &native).await.status, 401);
    // A refresh token cannot be made with it: what is in the shell is ours to make.
    let mut claims = part(&token, 1);
    claims["type"] = json!("refresh");
    for jti in [
        json!("gp_rt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        claims["jti"].clone(),
    ] {
        claims["jti"] = jti;
        let made = jwt::sign("JWT", &claims, &key).unwrap();
        let answer = ask(&app, Method::POST, &format!("/token/refresh?refresh_token={made}"), &[]).await;
        assert_eq!(answer.status, 401, "{answer:?}");
    }
    // JWT-02: nor is what is published a secret.
    let published = app.get("/.well-known/jwks.json").await.json()["keys"][0].to_string();
    let confused = SigningKey::from_secret(Algorithm::HS256, "", published.as_bytes()).unwrap();
    let confused = jwt::sign("JWT", &part(&token, 1), &confused).unwrap();
    assert_eq!(with(&app, Method::GET, "/users/me", &confused).await.status, 401);
    // JWT-10: a claim that is there twice is no claim.
    let twice = format!(r#"{{"sub":"nobody",{}"#, &part(&token, 1).to_string()[1..]);
    let twice = jws::sign_compact("JWT", twice.as_bytes(), &key);
    assert_eq!(with(&app, Method::GET, "/users/me", &twice).await.status, 401);
}

/// JWT-21: what its holder makes is taken by applications, and by none of our own routes, whatever session it names.
#[tokio::test]
async fn jwt_21_whoever_has_the_secret_makes_no_token_that_counts_here() {
    let app = TestApp::with(REALM).await;
    let (token, secret) = (access(&app).await, secret(&app).await);
    let key = SigningKey::from_secret(Algorithm::HS256, "", secret.as_bytes()).unwrap();
    let claims = part(&token, 1);
    let status = async |claims: &Value| {
        let made = jwt::sign("JWT", claims, &key).unwrap();
        assert_eq!(decoded(&made, &secret).as_ref(), Some(claims));
        with(&app, Method::GET, "/users/me", &made).await.status.as_u16()
    };
    assert_eq!(status(&claims).await, 200, "the same once more");
    let native = part(&app.sign_in("root@example.com").await.access_token, 1);
    let other = part(&access(&app).await, 1);
    for (name, value) in [
        ("sub", json!("chief@example.com")),
        ("sid", native["sid"].clone()),
        ("sid", other["sid"].clone()),
        ("exp", json!(claims["exp"].as_i64().unwrap() + 60)),
        ("iat", json!(claims["iat"].as_i64().unwrap() - 1)),
        ("scopes", json!(["admin"])),
        ("jti", other["jti"].clone()),
        ("jti", json!("")),
        ("jti", json!("x".repeat(43))),
    ] {
        let mut forged = claims.clone();
        forged[name] = value.clone();
        assert_eq!(status(&forged).await, 401, "{name} {value}");
    }
    // Nor in another realm with the same secret's owner: the mark is of its realm, and so is the key.
    let mut seeds = json!({"sub": "root", "type": "access", "exp": claims["exp"], "sid": native["sid"]});
    seeds["iat"] = claims["iat"].clone();
    seeds["jti"] = json!("of the application's own");
    assert_eq!(status(&seeds).await, 401);
}

#[tokio::test]
async fn tokens_of_clients_are_signed_with_what_is_published() {
    let app = TestApp::with(REALM).await;
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", "worker"),
        ("client_secret", "a secret of the worker, long enough"),
    ];
    let answer = form(&app, "/oauth/token", &fields, &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let token = answer.text("access_token");
    let keys = KeySet::parse(&app.get("/.well-known/jwks.json").await.body).unwrap();
    assert!(jws::verify_compact(&token, &keys, &[Algorithm::ES256]).is_ok());
    assert!(decoded(&token, &secret(&app).await).is_none());
    let metadata = app.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["id_token_signing_alg_values_supported"], json!(["RS256", "ES256"]));
}

#[tokio::test]
async fn the_secret_does_not_change_by_itself_and_an_earlier_one_is_good_for_its_tokens() {
    let app = TestApp::with(REALM).await;
    let before = secret(&app).await;
    app.advance(Duration::from_hours(24 * 400));
    let token = access(&app).await;
    assert_eq!(secret(&app).await, before, "applications would have to be told first");
    assert_eq!(decoded(&token, &before).unwrap()["sub"], "root");
    // Another profile has no such secret, and none is left to sign with.
    assert!(shared_secrets(&TestApp::new().await.app, "default").await.is_empty());
    for (file, said) in [
        (
            "profile = \"runbook\"\nsigning_alg = \"ES256\"",
            "the profile's applications know HS256 and nothing else; leave it out",
        ),
        ("signing_alg = \"HS256\"", "HS256 is for the profiles that define it; choose ES256, EdDSA or RS256"),
        (
            "profile = \"runbook\"\ncookie_domain = \"example.com\"",
            "only the profile module04 sets such a cookie; leave it out",
        ),
        (
            "profile = \"module04\"\ncookie_domain = \"com\"",
            "write a domain in lower case, as in example.com",
        ),
    ] {
        let refused = app.refused(&format!("[[realm]]\nname = \"other\"\n{file}\n")).await;
        assert!(refused.contains(said), "{refused}");
    }
}
