use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use gatepost_jose::{KeySet, Verifier};

use crate::support::TestApp;

#[tokio::test]
async fn keys_and_metadata_are_public_and_cacheable() {
    let app = TestApp::new().await;
    for path in [
        "/.well-known/jwks.json",
        "/keys",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
    ] {
        let answer = app.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        let etag = answer.header("etag").unwrap().to_owned();
        let again = Request::builder().uri(path).header("if-none-match", etag).body(Body::empty()).unwrap();
        let again = app.send(again).await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    }
    let keys: serde_json::Value = app.get("/.well-known/jwks.json").await.json();
    for key in keys["keys"].as_array().unwrap() {
        assert!(key.get("d").is_none() && key["alg"] == "ES256" && key["use"] == "sig", "{key}");
    }
}

#[tokio::test]
async fn a_realm_signs_with_what_it_chose() {
    let app = TestApp::with(
        "[[realm]]\nname = \"edd\"\nsigning_alg = \"EdDSA\"\n[[realm]]\nname = \"rsa\"\nsigning_alg = \"RS256\"\n",
    )
    .await;
    for (realm, alg) in [("edd", "EdDSA"), ("rsa", "RS256")] {
        let keys = app.get(&format!("/r/{realm}/.well-known/jwks.json")).await.json();
        assert_eq!(keys["keys"][0]["alg"], alg);
    }
}

/// JWT-19: the next key is published a day before it signs, and the old one until its last token has expired.
#[tokio::test]
async fn jwt_19_rotation_refuses_no_good_token() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\nkey_rotation = \"30d\"\n").await;
    let day = Duration::from_hours(24);
    app.register("ada@example.com").await;
    let key_ids = |answer: crate::support::Answer| -> Vec<String> {
        let keys = answer.json()["keys"].as_array().unwrap().clone();
        keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    let signer = |token: &str| {
        let token = gatepost_jose::dangerous_decode_without_verifying(token).unwrap();
        let header: serde_json::Value = serde_json::from_str(token.header()).unwrap();
        header["kid"].as_str().unwrap().to_owned()
    };
    let first = key_ids(app.get("/.well-known/jwks.json").await);
    assert_eq!(first.len(), 1);

    // A verifier that fetched the keys 29 days in, when the second is published and the first still signs.
    app.advance(day * 29 + Duration::from_mins(1));
    let both = app.get("/.well-known/jwks.json").await;
    let (cached, ids) = (KeySet::parse(&both.body).unwrap(), key_ids(both));
    assert_eq!(ids.len(), 2);
    let verifier = Verifier::new("http://127.0.0.1:8400", "http://127.0.0.1:8400", cached);
    let before = app.sign_in("ada@example.com").await;
    assert_eq!(signer(&before.access_token), first[0]);

    // It takes over a day later; the verifier has not fetched since, and knows it.
    app.advance(day);
    let after = app.sign_in("ada@example.com").await;
    assert_ne!(signer(&after.access_token), first[0]);
    let now = app.clock.now().unix_seconds();
    verifier.verify(&after.access_token, now).unwrap();
    assert_eq!(key_ids(app.get("/.well-known/jwks.json").await).len(), 2, "the old key is still published");
    assert_eq!(app.ask(&after, Method::GET, "/api/v1/me", None).await.status, StatusCode::OK);

    // When the last token it signed is long gone, so is the key.
    app.advance(Duration::from_hours(2));
    app.get("/.well-known/jwks.json").await;
    let left = key_ids(app.get("/.well-known/jwks.json").await);
    assert_eq!(left, [signer(&after.access_token)]);
}

#[tokio::test]
async fn health_says_whether_the_process_lives_and_can_serve() {
    let app = TestApp::new().await;
    assert_eq!(app.get("/health/live").await.status, StatusCode::OK);
    assert_eq!(app.get("/health/ready").await.status, StatusCode::OK);
    assert_eq!(app.get("/metrics").await.brief(), "404 not_found", "metrics are on another listener");
}
