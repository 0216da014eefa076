//! The modules on request objects and assertions, of `oidcc-basic-certification-test-plan` and
//! `oidcc-dynamic-certification-test-plan`.

use axum::{Router, routing::get};
use data_encoding::BASE64URL_NOPAD;
use gatepost_jose::Algorithm;
use serde_json::json;

use super::super::{
    relying_party::{self as rp, Asking, CALLBACK, REALM, SECRET, VERIFIER, ada, asking, returned, userinfo},
    signer::{BEARER, Signer},
};
use crate::support::TestApp;

/// The web application with a key, and with these lines more.
async fn world(lines: &str) -> (TestApp, Signer) {
    let signer = Signer::new("web", Algorithm::RS256);
    let file = REALM.replacen("name = \"Web app\"", &format!("{}\n{lines}", signer.jwks()), 1);
    (TestApp::with(&file).await, signer)
}

fn unsigned(asking: &Asking) -> String {
    let members: serde_json::Map<_, _> =
        asking.0.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let parts = [json!({ "alg": "none" }).to_string(), json!(members).to_string()];
    format!("{}.", parts.map(|part| BASE64URL_NOPAD.encode(part.as_bytes())).join("."))
}

/// Address of a document that a client keeps.
async fn kept(document: impl Fn() -> String + Clone + Send + Sync + 'static) -> String {
    let routes = Router::new().route("/request", get(move || std::future::ready(document())));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/request", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

#[tokio::test]
async fn oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported() {
    let (app, _) = world("").await;
    let answer = ada(&app).await.get(&asking().with("request", &unsigned(&asking())).path()).await;
    assert_eq!(returned(&answer)["error"], "request_not_supported");
}

#[tokio::test]
async fn oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported() {
    let (app, _) = world("").await;
    let answer =
        ada(&app).await.get(&asking().with("request_uri", "https://app.test/request.jwt").path()).await;
    assert_eq!(returned(&answer)["error"], "request_uri_not_supported");
}

/// The suite skips it where `none` is not offered.
#[tokio::test]
async fn oidcc_request_uri_unsigned() {
    let object = unsigned(&asking());
    let uri = kept(move || object.clone()).await;
    let (app, _) = world(&format!("request_uris = [\"{uri}\"]")).await;
    let offered = app.get("/.well-known/openid-configuration").await.json();
    let algs = offered["request_object_signing_alg_values_supported"].as_array().unwrap().clone();
    assert!(!algs.contains(&json!("none")));
    let answer = ada(&app).await.get(&asking().with("request_uri", &uri).path()).await;
    assert_eq!(returned(&answer)["error"], "request_uri_not_supported");
}

#[tokio::test]
async fn oidcc_request_uri_signed_rs256() {
    let object = std::sync::Arc::new(std::sync::OnceLock::<String>::new());
    let shown = std::sync::Arc::clone(&object);
    let uri = kept(move || shown.get().unwrap().clone()).await;
    // The suite registers a fragment, without knowing the contents.
    let uri = format!("{uri}#GkurKxf5T0Y-mnPFCHqWOMiZi4VS138cQO_V7PZHAdM");
    let (app, signer) =
        world(&format!("request_uris = [\"{uri}\"]\nrequest_object_signing_alg = \"RS256\"")).await;
    let offered = app.get("/.well-known/openid-configuration").await.json();
    let algs = offered["request_object_signing_alg_values_supported"].as_array().unwrap().clone();
    assert!(algs.contains(&json!("RS256")));
    let unlimited = json!({ "exp": null, "nbf": null });
    object.set(signer.sign("", &signer.said(&app, &asking(), &unlimited))).unwrap();
    // What must stand outside for OAuth 2.0, and the reference.
    let asked = asking().without("state").without("nonce").with("request_uri", &uri);
    let tokens = rp::redeem(&app, &rp::code(&ada(&app).await, &asked).await).await;
    assert_eq!(rp::claims(&tokens.text("id_token"))["nonce"], "n-1");
    assert_eq!(userinfo(&app, &tokens.text("access_token")).await.status, 200);
}

#[tokio::test]
async fn oidcc_ensure_request_object_with_redirect_uri() {
    let (app, signer) = world("").await;
    let object = signer.object(&app, &asking(), &json!({}));
    // Another registered one outside, or none.
    let other = asking().with("redirect_uri", "https://app.test/other?x=1").with("request", &object);
    let browser = ada(&app).await;
    for asked in [other.clone(), other.without("redirect_uri")] {
        let answer = rp::open(&browser, &asked).await;
        let answer = if answer.status == 200 { rp::approve(&browser, &answer).await } else { answer };
        assert!(answer.location().starts_with(CALLBACK), "{}", answer.location());
        assert_eq!(rp::redeem(&app, &returned(&answer)["code"]).await.status, 200);
    }
}

#[tokio::test]
async fn oidcc_ensure_client_assertion_with_iss_aud_succeeds() {
    let signer = Signer::new("web", Algorithm::RS256);
    let keyed = REALM.replacen(
        &format!("secret = \"{SECRET}\""),
        "token_endpoint_auth_method = \"private_key_jwt\"",
        1,
    );
    let app = TestApp::with(&keyed.replacen("name = \"Web app\"", &signer.jwks(), 1)).await;
    let code = rp::code(&ada(&app).await, &asking()).await;
    let assertion = signer.assertion(&app, &json!({}));
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("client_assertion_type", BEARER),
        ("client_assertion", &*assertion),
    ];
    assert_eq!(rp::token(&app, None, &form).await.status, 200);
}
