//! What single settings of a client do.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, header},
};
use data_encoding::BASE64;
use gatepost_jose::{Algorithm, KeySet, jws};
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

use super::relying_party::{
    self as rp, ISSUER, REALM, SECRET, ada, asking, claims, error, header_of, open, refresh, returned,
    userinfo,
};

/// The web application with these lines more.
async fn with(lines: &str) -> TestApp {
    TestApp::with(&REALM.replacen("name = \"Web app\"", lines, 1)).await
}

/// The tokens that ada's agreement brings the web application.
async fn tokens(app: &TestApp, asking: &rp::Asking) -> Answer {
    let answer = rp::redeem(app, &rp::code(&ada(app).await, asking).await).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

async fn introspected(app: &TestApp, token: &str) -> Value {
    let pair = BASE64.encode(format!("web:{SECRET}").as_bytes());
    let request = Request::post("/oauth/introspect")
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::AUTHORIZATION, format!("Basic {pair}"));
    app.send(request.body(Body::from(format!("token={token}"))).unwrap()).await.json()
}

/// OA-22, RFC 8707.
#[tokio::test]
async fn oa_22_a_client_with_apis_of_its_own_gets_tokens_for_those() {
    let app = with(r#"audience = ["https://a.test/", "b-api"]"#).await;
    let asking = asking().with("scope", "openid notes:read");
    let both = tokens(&app, &asking).await;
    assert_eq!(claims(&both.text("access_token"))["aud"], json!(["https://a.test/", "b-api"]));
    let one = tokens(&app, &asking.clone().with("resource", "b-api")).await;
    assert_eq!(claims(&one.text("access_token"))["aud"], "b-api");
    // They are good wherever the server itself looks at them.
    assert_eq!(userinfo(&app, &one.text("access_token")).await.status, 200);
    for token in ["access_token", "refresh_token"] {
        let said = introspected(&app, &one.text(token)).await;
        assert_eq!((&said["active"], &said["aud"]), (&json!(true), &json!("b-api")), "{token}");
    }
    let wider = refresh(&app, &one.text("refresh_token"), &[("resource", "https://a.test/")]).await;
    assert_eq!(error(&wider), "400 invalid_target");
    for other in ["notes-api", ISSUER, "b-api#"] {
        let answer = open(&ada(&app).await, &asking.clone().with("resource", other)).await;
        assert_eq!(returned(&answer)["error"], "invalid_target", "{other}");
    }
    // An API that was taken from the client is not the realm's either.
    app.apply(&REALM.replacen("name = \"Web app\"", "audience = [\"https://a.test/\"]", 1)).await;
    assert_eq!(introspected(&app, &one.text("access_token")).await, json!({ "active": false }));
}

#[tokio::test]
async fn a_refresh_token_without_rotation_stays_good_and_its_end_moves_on() {
    let app = with("refresh_token_rotation = false").await;
    let first = tokens(&app, &asking().with("scope", "openid offline_access")).await;
    let token = first.text("refresh_token");
    // The idle end of the grant would have come between.
    for _ in 0..4 {
        app.advance(Duration::from_hours(24 * 5));
        let next = refresh(&app, &token, &[]).await;
        assert_eq!(next.status, 200, "{next:?}");
        assert_eq!(next.text("refresh_token"), token);
        assert_ne!(next.text("access_token"), first.text("access_token"));
    }
    // Once the client's tokens are good once, so is this one.
    app.apply(REALM).await;
    assert_eq!(refresh(&app, &token, &[]).await.status, 200);
    app.advance(Duration::from_mins(5));
    assert_eq!(error(&refresh(&app, &token, &[]).await), "400 invalid_grant");
}

#[tokio::test]
async fn default_max_age_counts_where_the_request_says_nothing() {
    let app = with("default_max_age = 60").await;
    let browser = ada(&app).await;
    rp::code(&browser, &asking()).await;
    app.advance(Duration::from_secs(61));
    let asked_again = async |asking: &rp::Asking| {
        let answer = browser.get(&asking.path()).await;
        answer.location().starts_with("/sign-in")
    };
    assert!(asked_again(&asking()).await);
    assert!(!asked_again(&asking().with("max_age", "3600")).await);
    let silent = browser.get(&asking().with("prompt", "none").path()).await;
    assert_eq!(returned(&silent)["error"], "login_required");
}

/// OpenID Connect Core section 8.1.
#[tokio::test]
async fn a_pairwise_client_knows_a_person_by_a_name_of_its_own() {
    let app = with("subject_type = \"pairwise\"").await;
    let first = tokens(&app, &asking().with("scope", "openid notes:read")).await;
    let user = app.sign_in("ada@example.com").await;
    let user = claims(&user.access_token)["sub"].as_str().unwrap().to_owned();
    let sub = claims(&first.text("id_token"))["sub"].as_str().unwrap().to_owned();
    assert!(sub.len() == 43 && sub != user, "{sub}");
    let access_token = first.text("access_token");
    let said = claims(&access_token);
    assert_eq!(said["sub"], *sub);
    // Nor does anything else say who it is.
    assert!(!said.to_string().contains("ada") && !said.to_string().contains(&user), "{said}");
    assert_eq!(userinfo(&app, &access_token).await.json(), json!({ "sub": sub }));
    for token in ["access_token", "refresh_token"] {
        let said = introspected(&app, &first.text(token)).await;
        assert_eq!((&said["active"], &said["sub"]), (&json!(true), &json!(sub)), "{said}");
        assert!(!said.to_string().contains("ada") && !said.to_string().contains(&user), "{said}");
    }
    assert_eq!(introspected(&app, &access_token).await["permissions"], json!(["notes:read"]));
    let next = refresh(&app, &first.text("refresh_token"), &[]).await;
    assert_eq!(
        (&claims(&next.text("id_token"))["sub"], &claims(&next.text("access_token"))["sub"]),
        (&json!(sub), &json!(sub))
    );
    // The client finds the person again by it, and nobody else.
    let hinted = asking().with("id_token_hint", &first.text("id_token")).with("prompt", "none");
    let answer = open(&ada(&app).await, &hinted.with("scope", "openid notes:read")).await;
    assert!(returned(&answer).contains_key("code"));
    // With the scope, the address is told.
    let more = tokens(&app, &asking()).await;
    assert_eq!(claims(&more.text("access_token"))["email"], "ada@example.com");
    let metadata = app.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["subject_types_supported"], json!(["public", "pairwise"]));
}

#[tokio::test]
async fn a_pairwise_token_ends_with_its_grant() {
    let app = with("subject_type = \"pairwise\"").await;
    let first = tokens(&app, &asking().with("scope", "openid")).await;
    let access_token = first.text("access_token");
    let pair = BASE64.encode(format!("web:{SECRET}").as_bytes());
    let revoke = Request::post("/oauth/revoke")
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::AUTHORIZATION, format!("Basic {pair}"));
    app.send(revoke.body(Body::from(format!("token={access_token}"))).unwrap()).await;
    assert_eq!(introspected(&app, &access_token).await, json!({ "active": false }));
    assert_eq!(userinfo(&app, &access_token).await.status, 401);
}

/// OpenID Connect Core section 5.3.2.
#[tokio::test]
async fn userinfo_is_signed_for_a_client_that_wants_it() {
    let app = with("userinfo_signed_response_alg = \"RS256\"").await;
    let browser = ada(&app).await;
    let tokens = tokens(&app, &asking()).await;
    let answer = userinfo(&app, &tokens.text("access_token")).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("application/jwt")));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let jwt = answer.html();
    let keys = KeySet::parse(&app.get("/.well-known/jwks.json").await.body).unwrap();
    let payload = jws::verify_compact(&jwt, &keys, &[Algorithm::RS256]).unwrap();
    let said: Value = serde_json::from_slice(&payload).unwrap();
    let sub = claims(&tokens.text("id_token"))["sub"].clone();
    let expected =
        json!({"iss": ISSUER, "aud": "web", "sub": sub, "email": "ada@example.com", "email_verified": true});
    assert_eq!(said, expected);
    // JWT-13: it is no other kind of token.
    assert!(header_of(&jwt).get("typ").is_none());
    let hinted = browser.get(&asking().with("id_token_hint", &jwt).path()).await;
    assert_eq!(returned(&hinted)["error"], "invalid_request");
    assert_eq!(userinfo(&app, &jwt).await.status, 401);
}

#[tokio::test]
async fn a_client_whose_algorithm_the_realm_has_no_key_for_is_told() {
    let app = with("userinfo_signed_response_alg = \"EdDSA\"").await;
    let answer = ada(&app).await.get(&asking().path()).await;
    assert_eq!(returned(&answer)["error"], "unauthorized_client");
}
