//! `grant_type=authorization_code`

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use crate::support::TestApp;

use super::relying_party::{
    self as rp, CALLBACK, ISSUER, REALM, VERIFIER, ada, asking, claims, code, error, header_of, redeem,
    redeem_with, token, userinfo,
};

#[tokio::test]
async fn a_code_becomes_tokens_that_say_who_signed_in_when_and_for_whom() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let code = code(&browser, &asking().with("scope", "openid email notes:read notes:write")).await;
    let answer = redeem(&app, &code).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(
        (answer.text("token_type").as_str(), answer.json()["expires_in"].as_u64()),
        ("Bearer", Some(900))
    );
    assert_eq!(answer.text("scope"), "openid email notes:read", "ada may not write notes");
    let (access, id) = (claims(&answer.text("access_token")), claims(&answer.text("id_token")));
    assert_eq!(header_of(&answer.text("access_token"))["typ"], "at+jwt");
    assert_eq!(access["aud"], json!(["notes-api", "files-api"]), "not the realm itself");
    assert_eq!((&access["client_id"], &access["permissions"]), (&json!("web"), &json!(["notes:read"])));
    let header = header_of(&answer.text("id_token"));
    assert_eq!((&header["alg"], &header["typ"]), (&json!("RS256"), &json!("JWT")));
    assert_eq!((&id["iss"], &id["aud"], &id["nonce"]), (&json!(ISSUER), &json!("web"), &json!("n-1")));
    assert_eq!((&id["sub"], &id["auth_time"]), (&access["sub"], &json!(1_800_000_000)));
    assert_eq!((&id["acr"], &id["amr"]), (&json!("1"), &json!(["pwd"])));
    assert_eq!((&id["email"], &id["email_verified"]), (&json!("ada@example.com"), &json!(true)));
    assert!(id["at_hash"].is_string() && id["c_hash"].is_string() && id["sid"] == access["sid"]);
    assert_eq!(id["exp"], 1_800_000_900);
    let kid = header["kid"].as_str().unwrap();
    let keys = app.get("/.well-known/jwks.json").await.json();
    assert!(keys["keys"].as_array().unwrap().iter().any(|key| key["kid"] == kid && key["alg"] == "RS256"));
}

#[tokio::test]
async fn oa_05_a_code_is_redeemed_with_the_verifier_of_its_challenge_only() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let code = code(&browser, &asking()).await;
    let long = "x".repeat(129);
    for verifier in [None, Some("wrong"), Some(&rp::challenge()[..]), Some(&VERIFIER[..42]), Some(&long)] {
        let form: Vec<_> = verifier.map(|verifier| ("code_verifier", verifier)).into_iter().collect();
        assert_eq!(error(&redeem_with(&app, &code, &form).await), "400 invalid_grant", "{verifier:?}");
    }
    assert_eq!(redeem(&app, &code).await.status, 200, "guessing does not use it up");
    // Without a challenge there is nothing to prove.
    let asking = asking().with("client_id", "house").with("redirect_uri", "https://house.test/cb");
    let plain = asking.without("code_challenge").without("code_challenge_method");
    let code = rp::code(&browser, &plain).await;
    let house = Some(("house", "a-secret-of-the-house-app-0123456789"));
    let with = |verifier: &'static str| {
        vec![
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", "https://house.test/cb"),
            ("code_verifier", verifier),
        ]
    };
    assert_eq!(error(&token(&app, house, &with(VERIFIER)).await), "400 invalid_grant");
    assert_eq!(
        error(&token(&app, house, &with("")[..2]).await),
        "400 invalid_grant",
        "no redirect URI either"
    );
    assert_eq!(token(&app, house, &with("")).await.status, 200);
}

#[tokio::test]
async fn oa_06_a_code_is_good_once_and_a_second_use_ends_what_came_of_it() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let code = code(&browser, &asking()).await;
    let first = redeem(&app, &code).await;
    assert_eq!(userinfo(&app, &first.text("access_token")).await.status, 200);
    assert_eq!(error(&redeem(&app, &code).await), "400 invalid_grant");
    assert_eq!(userinfo(&app, &first.text("access_token")).await.status, 401);
    let refreshed = rp::refresh(&app, &first.text("refresh_token"), &[]).await;
    assert_eq!(error(&refreshed), "400 invalid_grant");
    let admin = app.admin().await;
    let events = app.ask(&admin, Method::GET, "/api/v1/admin/audit?event=code-reused", None).await.json();
    assert_eq!(events["events"].as_array().unwrap().len(), 1, "{events}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn oa_06_of_fifty_at_once_one_succeeds() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let code = code(&browser, &asking()).await;
    let all = (0..50).map(|_| redeem(&app, &code));
    let answers = futures_util::future::join_all(all).await;
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(won.len(), 1);
    assert!(answers.iter().all(|answer| answer.status == 200 || error(answer) == "400 invalid_grant"));
    assert_eq!(userinfo(&app, &won[0].text("access_token")).await.status, 401, "everything is revoked");
}

#[tokio::test]
async fn oa_07_a_code_is_the_clients_it_was_given_to() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let code = code(&browser, &asking()).await;
    let form = [("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", VERIFIER)];
    let house = Some(("house", "a-secret-of-the-house-app-0123456789"));
    assert_eq!(error(&token(&app, house, &form).await), "400 invalid_grant");
    assert_eq!(
        error(&token(&app, Some(("web", "wrong-secret-wrong-secret-wrong-secret")), &form).await),
        "401 invalid_client"
    );
    assert_eq!(error(&token(&app, None, &form).await), "401 invalid_client");
    let native = [form.as_slice(), &[("client_id", "native")]].concat();
    assert_eq!(error(&token(&app, None, &native).await), "400 invalid_grant");
    for changed in [format!("{code}A"), code.replace("gp_ac_", "gp_rt_"), "x".to_owned(), String::new()] {
        let answer = redeem(&app, &changed).await;
        assert!(answer.status == 400, "{changed}");
    }
    assert_eq!(redeem(&app, &code).await.status, 200, "nobody used it up");
}

#[tokio::test]
async fn oa_08_a_code_is_over_after_a_minute_a_sign_out_or_a_new_password() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let late = code(&browser, &asking()).await;
    app.advance(Duration::from_secs(60));
    assert_eq!(error(&redeem(&app, &late).await), "400 invalid_grant");
    let before = code(&browser, &asking()).await;
    browser.submit("/sign-out", &[]).await;
    assert_eq!(error(&redeem(&app, &before).await), "400 invalid_grant");
    let browser = ada(&app).await;
    let before = code(&browser, &asking()).await;
    let person = app.sign_in("ada@example.com").await;
    app.advance(Duration::from_secs(1));
    let body =
        json!({"current_password": crate::support::PASSWORD, "new_password": "another engine weaves more"});
    let changed = app.ask(&person, Method::POST, "/api/v1/me/password", Some(body)).await;
    assert!(changed.status.is_success(), "{changed:?}");
    assert_eq!(error(&redeem(&app, &before).await), "400 invalid_grant");
}

/// Clients read the keys at their start, before anybody signs in.
#[tokio::test]
async fn the_key_of_id_tokens_is_published_before_it_signs() {
    let app = TestApp::with(REALM).await;
    let before = app.get("/.well-known/jwks.json").await.json();
    let browser = ada(&app).await;
    let answer = redeem(&app, &code(&browser, &asking()).await).await;
    let kid = header_of(&answer.text("id_token"))["kid"].clone();
    assert!(before["keys"].as_array().unwrap().iter().any(|key| key["kid"] == kid), "{before}");
    let without = TestApp::new().await.get("/.well-known/jwks.json").await.json();
    assert_eq!(without["keys"].as_array().unwrap().len(), 1, "nobody needs one there");
}

#[tokio::test]
async fn rt_09_the_token_endpoint_takes_forms_in_the_body_only() {
    let app = TestApp::with(REALM).await;
    assert_eq!(app.get("/oauth/token?grant_type=authorization_code&code=x").await.status, 405);
    assert_eq!(
        error(&app.post("/oauth/token", json!({"grant_type": "authorization_code"})).await),
        "400 invalid_request"
    );
    assert_eq!(
        error(&token(&app, Some(("web", rp::SECRET)), &[("grant_type", "authorization_code")]).await),
        "400 invalid_request"
    );
}

#[tokio::test]
async fn a_public_client_redeems_with_its_proof_alone() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let asking = asking().with("client_id", "native").with("redirect_uri", "http://127.0.0.1:52413/cb");
    let asking = asking.with("scope", "openid notes:read");
    let code = code(&browser, &asking).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("code_verifier", VERIFIER),
        ("redirect_uri", "http://127.0.0.1:52413/cb"),
        ("client_id", "native"),
    ];
    let answer = token(&app, None, &form).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.text("scope"), "openid notes:read");
}

#[tokio::test]
async fn resource_says_whom_the_tokens_are_for() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let code_ = code(&browser, &asking().with("resource", "notes-api")).await;
    let both = [("code_verifier", VERIFIER), ("redirect_uri", CALLBACK), ("resource", "files-api")];
    assert_eq!(error(&redeem_with(&app, &code_, &both).await), "400 invalid_target");
    let code_ = code(&browser, &asking().with("resource", "notes-api")).await;
    assert_eq!(claims(&redeem(&app, &code_).await.text("access_token"))["aud"], "notes-api");
    let code_ = code(&browser, &asking()).await;
    assert_eq!(claims(&redeem_with(&app, &code_, &both).await.text("access_token"))["aud"], "files-api");
}

/// DESIGN: an application's token can never change a password.
#[tokio::test]
async fn an_applications_token_opens_the_account_only_with_the_scope_account() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let me = async |token: &str| {
        app.send(crate::support::request(Method::GET, "/api/v1/me", Some(token), None)).await.status
    };
    let token_of_web = redeem(&app, &code(&browser, &asking()).await).await.text("access_token");
    assert_eq!(me(&token_of_web).await, 401);
    let asking = asking().with("client_id", "house").with("redirect_uri", "https://house.test/cb");
    for (scope, status) in [("openid", 401), ("openid account", 200)] {
        let code = code(&browser, &asking.clone().with("scope", scope)).await;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("code_verifier", VERIFIER),
            ("redirect_uri", "https://house.test/cb"),
        ];
        let answer = token(&app, Some(("house", "a-secret-of-the-house-app-0123456789")), &form).await;
        assert_eq!(me(&answer.text("access_token")).await, status, "{scope}");
    }
    // Also where the realm has no other audience than itself.
    let alone = TestApp::with(&REALM.replace("audience = [\"notes-api\", \"files-api\"]", "")).await;
    let browser = ada(&alone).await;
    let token =
        redeem(&alone, &code(&browser, &super::relying_party::asking()).await).await.text("access_token");
    assert_eq!(claims(&token)["aud"], ISSUER);
    let answer = alone.send(crate::support::request(Method::GET, "/api/v1/me", Some(&token), None)).await;
    assert_eq!(answer.status, 401);
}
