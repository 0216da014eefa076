//! Tokens that are bound to a key (RFC 9449), from the proof at the token endpoint to userinfo.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use data_encoding::BASE64;
use serde_json::json;

use crate::support::{Answer, TestApp};

use super::{
    proof_key::Key,
    relying_party::{
        self as rp, Asking, REALM, SECRET, VERIFIER, ada, asking, claims, error, returned, userinfo,
    },
};

const NATIVE: &str = "http://127.0.0.1:5000/cb";

/// Posts a form as the web application, or, with `client_id`, as who that says.
async fn post(app: &TestApp, path: &str, proofs: &[&str], form: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let mut request = Request::post(path)
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if !form.iter().any(|(name, value)| *name == "client_id" && *value == "native") {
        let pair = BASE64.encode(format!("web:{SECRET}").as_bytes());
        request = request.header(header::AUTHORIZATION, format!("Basic {pair}"));
    }
    for proof in proofs {
        request = request.header("DPoP", *proof);
    }
    app.send(request.body(Body::from(body)).unwrap()).await
}

async fn redeem(app: &TestApp, code: &str, proofs: &[&str]) -> Answer {
    let form = [("grant_type", "authorization_code"), ("code", code), ("code_verifier", VERIFIER)];
    post(app, "/oauth/token", proofs, &form).await
}

async fn refresh(app: &TestApp, client: &str, token: &str, proofs: &[&str]) -> Answer {
    let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
    if client == "native" {
        form.push(("client_id", client));
    }
    post(app, "/oauth/token", proofs, &form).await
}

async fn about(app: &TestApp, scheme: &str, token: &str, proofs: &[&str]) -> Answer {
    let mut request = Request::get("/oauth/userinfo")
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::AUTHORIZATION, format!("{scheme} {token}"));
    for proof in proofs {
        request = request.header("DPoP", *proof);
    }
    app.send(request.body(Body::empty()).unwrap()).await
}

async fn code(app: &TestApp, asking: &Asking) -> String {
    rp::code(&ada(app).await, asking).await
}

#[tokio::test]
async fn jwt_14_a_bound_token_is_good_with_a_proof_of_its_key_only() {
    let app = TestApp::with(REALM).await;
    let (key, other) = (Key::new(), Key::new());
    let tokens = redeem(&app, &code(&app, &asking()).await, &[&key.at_token(&app)]).await;
    assert_eq!(tokens.json()["token_type"], "DPoP", "{tokens:?}");
    let token = tokens.text("access_token");
    assert_eq!(claims(&token)["cnf"], json!({ "jkt": key.thumbprint() }));
    let proof = |key: &Key, method: &str, path: &str, with: Option<&str>| key.proof(&app, method, path, with);
    let good = proof(&key, "GET", "/oauth/userinfo", Some(&token));
    let told = about(&app, "DPoP", &token, &[&good]).await;
    assert_eq!(told.status, 200, "{told:?}");
    let challenge = |answer: &Answer| answer.header("www-authenticate").unwrap_or("-").to_owned();
    let old = proof(&key, "GET", "/oauth/userinfo", Some(&token));
    let two = [0, 1].map(|_| proof(&key, "GET", "/oauth/userinfo", Some(&token)));
    for (proofs, why) in [
        (vec![good], "replayed"),
        (vec![], "none"),
        (two.to_vec(), "two"),
        (vec![proof(&other, "GET", "/oauth/userinfo", Some(&token))], "another key"),
        (vec![proof(&key, "POST", "/oauth/userinfo", Some(&token))], "htm"),
        (vec![proof(&key, "GET", "/oauth/token", Some(&token))], "htu"),
        (vec![proof(&key, "GET", "/oauth/userinfo", None)], "no ath"),
        (vec![proof(&key, "GET", "/oauth/userinfo", Some("x"))], "another ath"),
        (vec!["x.y.z".to_owned()], "no JWT"),
    ] {
        let proofs: Vec<&str> = proofs.iter().map(String::as_str).collect();
        let answer = about(&app, "DPoP", &token, &proofs).await;
        assert_eq!(answer.status, 401, "{why}");
        assert!(challenge(&answer).starts_with("DPoP error=\"invalid_dpop_proof\""), "{why}: {answer:?}");
    }
    // Without the scheme it is not a bearer token, proof or not.
    assert_eq!(userinfo(&app, &token).await.status, 401);
    let fresh = proof(&key, "GET", "/oauth/userinfo", Some(&token));
    assert_eq!(about(&app, "Bearer", &token, &[&fresh]).await.status, 401);
    app.advance(Duration::from_secs(61));
    assert_eq!(about(&app, "DPoP", &token, &[&old]).await.status, 401, "too old");
    // Nor does it open our own API, and it is not exchanged by whoever holds it.
    let own = crate::support::request(Method::GET, "/api/v1/me", Some(&token), None);
    assert_eq!(app.send(own).await.status, 401);
}

#[tokio::test]
async fn jwt_14_a_token_that_is_bound_to_no_key_is_none_under_the_scheme() {
    let app = TestApp::with(REALM).await;
    let key = Key::new();
    let token = rp::redeem(&app, &code(&app, &asking()).await).await.text("access_token");
    let proof = key.proof(&app, "GET", "/oauth/userinfo", Some(&token));
    let answer = about(&app, "DPoP", &token, &[&proof]).await;
    assert_eq!(answer.status, 401);
    assert!(answer.header("www-authenticate").unwrap().contains("invalid_token"));
}

#[tokio::test]
async fn jwt_14_a_proof_that_is_not_good_gives_no_token_and_costs_no_code() {
    let app = TestApp::with(REALM).await;
    let key = Key::new();
    let code = code(&app, &asking()).await;
    let used = key.at_token(&app);
    let worker = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    assert_eq!(error(&post(&app, "/oauth/token", &[&used], &worker).await), "400 invalid_grant");
    let (first, second) = (key.at_token(&app), key.at_token(&app));
    let elsewhere = key.proof(&app, "POST", "/oauth/par", None);
    let get = key.proof(&app, "GET", "/oauth/token", None);
    for proofs in [vec![&*used], vec![&*first, &*second], vec![&*elsewhere], vec![&*get], vec!["x"]] {
        assert_eq!(error(&redeem(&app, &code, &proofs).await), "400 invalid_dpop_proof", "{proofs:?}");
    }
    assert_eq!(redeem(&app, &code, &[&first]).await.status, 200);
}

#[tokio::test]
async fn rt_06_refresh_tokens_of_a_public_client_are_bound_to_its_key() {
    let app = TestApp::with(REALM).await;
    let (key, other) = (Key::new(), Key::new());
    let asking = asking().with("client_id", "native").with("redirect_uri", NATIVE).with("scope", "openid");
    let code = code(&app, &asking).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("code_verifier", VERIFIER),
        ("client_id", "native"),
    ];
    let first = post(&app, "/oauth/token", &[&key.at_token(&app)], &form).await;
    assert_eq!(first.json()["token_type"], "DPoP", "{first:?}");
    let token = first.text("refresh_token");
    assert_eq!(error(&refresh(&app, "native", &token, &[]).await), "400 invalid_grant");
    let stolen = refresh(&app, "native", &token, &[&other.at_token(&app)]).await;
    assert_eq!(error(&stolen), "400 invalid_grant");
    // Nothing was ended by it.
    let next = refresh(&app, "native", &token, &[&key.at_token(&app)]).await;
    assert_eq!(next.json()["token_type"], "DPoP", "{next:?}");
    assert_eq!(claims(&next.text("access_token"))["cnf"]["jkt"], *key.thumbprint());
}

/// RFC 9449 section 5: a confidential client proves who it is anyway.
#[tokio::test]
async fn refresh_tokens_of_a_confidential_client_are_not_bound() {
    let app = TestApp::with(REALM).await;
    let (key, other) = (Key::new(), Key::new());
    let first = redeem(&app, &code(&app, &asking()).await, &[&key.at_token(&app)]).await;
    let second = refresh(&app, "web", &first.text("refresh_token"), &[&other.at_token(&app)]).await;
    assert_eq!(claims(&second.text("access_token"))["cnf"]["jkt"], *other.thumbprint());
    let third = refresh(&app, "web", &second.text("refresh_token"), &[]).await;
    assert_eq!(third.json()["token_type"], "Bearer", "{third:?}");
}

#[tokio::test]
async fn a_client_whose_tokens_are_always_bound_must_prove_a_key() {
    let lines = "dpop_bound_access_tokens = true\ngrants = [\"authorization_code\", \"refresh_token\", \"client_credentials\"]";
    let app = TestApp::with(&REALM.replacen("name = \"Web app\"", lines, 1)).await;
    let key = Key::new();
    let code = code(&app, &asking()).await;
    assert_eq!(error(&redeem(&app, &code, &[]).await), "400 invalid_request");
    let first = redeem(&app, &code, &[&key.at_token(&app)]).await;
    assert_eq!(first.status, 200, "{first:?}");
    let refreshed = refresh(&app, "web", &first.text("refresh_token"), &[]).await;
    assert_eq!(error(&refreshed), "400 invalid_request");
    let own = [("grant_type", "client_credentials")];
    assert_eq!(error(&post(&app, "/oauth/token", &[], &own).await), "400 invalid_request");
    let own = post(&app, "/oauth/token", &[&key.at_token(&app)], &own).await;
    assert_eq!(own.json()["token_type"], "DPoP");
    let token = own.text("access_token");
    // An API that asks learns of the key.
    let said = post(&app, "/oauth/introspect", &[], &[("token", &token)]).await.json();
    assert_eq!((&said["active"], &said["token_type"]), (&json!(true), &json!("DPoP")));
    assert_eq!(said["cnf"]["jkt"], *key.thumbprint());
    // And it is taken back like any other.
    let token = first.text("access_token");
    assert_eq!(post(&app, "/oauth/revoke", &[], &[("token", &token)]).await.status, 200);
    let said = post(&app, "/oauth/introspect", &[], &[("token", &token)]).await.json();
    assert_eq!(said, json!({ "active": false }));
}

/// RFC 9449 section 10.
#[tokio::test]
async fn a_code_that_is_bound_to_a_key_is_redeemed_with_it() {
    let app = TestApp::with(REALM).await;
    let (key, other) = (Key::new(), Key::new());
    let bound = asking().with("dpop_jkt", &key.thumbprint());
    let given = code(&app, &bound).await;
    assert_eq!(error(&redeem(&app, &given, &[]).await), "400 invalid_grant");
    assert_eq!(error(&redeem(&app, &given, &[&other.at_token(&app)]).await), "400 invalid_grant");
    assert_eq!(redeem(&app, &given, &[&key.at_token(&app)]).await.status, 200);
    let bad = ada(&app).await.get(&asking().with("dpop_jkt", "x").path()).await;
    assert_eq!(returned(&bad)["error"], "invalid_request");

    // A proof where the request is sent ahead says the same.
    let pairs: Vec<_> = bound.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let without: Vec<_> = pairs.iter().copied().filter(|(name, _)| *name != "dpop_jkt").collect();
    let proof = |key: &Key| key.proof(&app, "POST", "/oauth/par", None);
    let mismatched = post(&app, "/oauth/par", &[&proof(&other)], &pairs).await;
    assert_eq!(error(&mismatched), "400 invalid_dpop_proof");
    assert_eq!(post(&app, "/oauth/par", &[&proof(&key)], &pairs).await.status, 201);
    let pushed = post(&app, "/oauth/par", &[&proof(&key)], &without).await;
    assert_eq!(pushed.status, 201, "{pushed:?}");
    let named = [("client_id", "web".to_owned()), ("request_uri", pushed.text("request_uri"))];
    let named = Asking(named.map(|(name, value)| (name.to_owned(), value)).to_vec());
    let given = code(&app, &named).await;
    assert_eq!(error(&redeem(&app, &given, &[&other.at_token(&app)]).await), "400 invalid_grant");
    assert_eq!(redeem(&app, &given, &[&key.at_token(&app)]).await.status, 200);
}

#[tokio::test]
async fn metadata_says_what_proofs_are_signed_with() {
    let app = TestApp::with(REALM).await;
    let metadata = app.get("/.well-known/openid-configuration").await.json();
    let algorithms = metadata["dpop_signing_alg_values_supported"].as_array().unwrap();
    assert!(algorithms.contains(&json!("ES256")) && !algorithms.contains(&json!("HS256")));
}
