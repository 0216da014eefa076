//! Answers of the introspection endpoint that are signed for who asks (RFC 9701).

use axum::{
    body::Body,
    http::{Request, header},
};
use data_encoding::BASE64;
use gatepost_jose::{Algorithm, KeySet, jws};
use serde_json::{Value, json};

use super::relying_party::{self as rp, ISSUER, REALM, SECRET, ada, asking, header_of, returned, userinfo};
use crate::support::{Answer, TestApp};

const SIGNED: &str = "application/token-introspection+jwt";

async fn ask(app: &TestApp, accept: &str, token: &str) -> Answer {
    let pair = BASE64.encode(format!("web:{SECRET}").as_bytes());
    let request = Request::post("/oauth/introspect")
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, accept)
        .header(header::AUTHORIZATION, format!("Basic {pair}"));
    app.send(request.body(Body::from(format!("token={token}"))).unwrap()).await
}

async fn said(app: &TestApp, answer: &Answer, algorithm: Algorithm) -> Value {
    let keys = KeySet::parse(&app.get("/.well-known/jwks.json").await.body).unwrap();
    let payload = jws::verify_typed(&answer.html(), "token-introspection+jwt", &keys, &[algorithm]).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

#[tokio::test]
async fn an_answer_is_signed_for_the_client_that_asks_for_it() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let tokens = rp::redeem(&app, &rp::code(&browser, &asking()).await).await;
    let token = tokens.text("access_token");
    let plain = ask(&app, "application/json", &token).await;
    assert_eq!(plain.header("content-type"), Some("application/json"));
    for accept in [SIGNED, "application/json;q=0.5, Application/Token-Introspection+JWT;q=0.9"] {
        let answer = ask(&app, accept, &token).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some(SIGNED)));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let expected =
            json!({ "iss": ISSUER, "aud": "web", "iat": 1_800_000_000, "token_introspection": plain.json() });
        assert_eq!(said(&app, &answer, Algorithm::RS256).await, expected);
    }
    // Of what is not good, no more is told.
    let nothing = ask(&app, SIGNED, "x").await;
    assert_eq!(
        said(&app, &nothing, Algorithm::RS256).await["token_introspection"],
        json!({ "active": false })
    );
    // JWT-13: it is no other kind of token.
    let jwt = ask(&app, SIGNED, &token).await.html();
    assert_eq!(header_of(&jwt)["typ"], "token-introspection+jwt");
    assert_eq!(userinfo(&app, &jwt).await.status, 401);
    assert_eq!(ask(&app, "*/*", &jwt).await.json(), json!({ "active": false }));
    let hinted = browser.get(&asking().with("id_token_hint", &jwt).path()).await;
    assert_eq!(returned(&hinted)["error"], "invalid_request");
}

#[tokio::test]
async fn it_is_signed_with_what_the_client_registered() {
    let with = |alg: &str| {
        REALM.replacen("name = \"Web app\"", &format!("introspection_signed_response_alg = \"{alg}\""), 1)
    };
    let app = TestApp::with(&with("ES256")).await;
    let answer = ask(&app, SIGNED, "x").await;
    assert_eq!(said(&app, &answer, Algorithm::ES256).await["aud"], "web");
    let metadata = app.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["introspection_signing_alg_values_supported"], json!(["RS256", "ES256"]));
    app.apply(&with("EdDSA")).await;
    assert_eq!(rp::error(&ask(&app, SIGNED, "x").await), "400 invalid_request");
    assert_eq!(ask(&app, "application/json", "x").await.status, 200);
}
