//! Providers that answer badly, or not at all, or would have us ask elsewhere.

use std::time::Duration;

use serde_json::json;

use super::{Canned, Provider, TRUSTED, ada, choose, realm, sign_in, who, world};
use crate::{pages::browser::Browser, support::TestApp};

const DISCOVERY: &str = ".well-known/openid-configuration";

/// What somebody sees who chooses the provider.
async fn chosen(app: &TestApp) -> crate::support::Answer {
    let browser = Browser::new(app);
    let link = browser.get("/sign-in").await.link("with-acme");
    browser.get(&link).await
}

#[tokio::test]
async fn so_08_metadata_that_are_none_or_somebody_elses_send_nobody_anywhere() {
    let (app, provider) = world("", TRUSTED).await;
    let other = Provider::new().await;
    let metadata = |changes: serde_json::Value| {
        let mut all = provider.metadata();
        for (name, value) in changes.as_object().unwrap() {
            all[name] = value.clone();
        }
        Canned::json(&all)
    };
    for (why, canned) in [
        ("HTML", Canned::html()),
        ("an error", Canned { status: 500, ..Canned::html() }),
        ("a redirect", Canned::redirect(&format!("{}/{DISCOVERY}", other.address))),
        ("too much", metadata(json!({ "x": "a".repeat(70_000) }))),
        ("another issuer", metadata(json!({ "issuer": other.address }))),
        ("an issuer that ends otherwise", metadata(json!({ "issuer": format!("{}/", provider.address) }))),
        ("no endpoints", Canned::json(&json!({ "issuer": provider.address }))),
        ("script", metadata(json!({ "authorization_endpoint": "javascript:alert(1)" }))),
        ("no https", metadata(json!({ "authorization_endpoint": "http://idp.example.com/authorize" }))),
        ("the machine's secrets", metadata(json!({ "token_endpoint": "https://169.254.169.254/latest" }))),
        ("keys inside", metadata(json!({ "jwks_uri": "https://[fe80::1]/keys" }))),
        ("users inside", metadata(json!({ "userinfo_endpoint": "http://169.254.169.254/" }))),
    ] {
        provider.put(DISCOVERY, canned);
        let answer = chosen(&app).await;
        assert!(answer.status == 403 && answer.problem().contains("sign you in"), "{why}: {}", answer.html());
        assert!(answer.header("location").is_none(), "{why}");
        app.advance(Duration::from_secs(31));
    }
    assert_eq!(other.read(DISCOVERY), 0, "no redirect is followed");
    provider.forget(DISCOVERY);
    assert_eq!(chosen(&app).await.status, 303);
}

#[tokio::test]
async fn so_08_a_provider_that_failed_is_left_alone_for_a_while_and_one_that_is_known_is_not_asked() {
    let (app, provider) = world("", TRUSTED).await;
    provider.put(DISCOVERY, Canned::html());
    for _ in 0..3 {
        assert_eq!(chosen(&app).await.status, 403);
    }
    assert_eq!(provider.read(DISCOVERY), 1);
    provider.forget(DISCOVERY);
    app.advance(Duration::from_secs(31));
    for _ in 0..3 {
        assert_eq!(chosen(&app).await.status, 303);
    }
    assert_eq!(provider.read(DISCOVERY), 2);
    // What was known serves on while it cannot be read again, for a day.
    provider.put(DISCOVERY, Canned::html());
    app.advance(Duration::from_hours(2));
    assert_eq!((chosen(&app).await.status.as_u16(), provider.read(DISCOVERY)), (303, 3));
    app.advance(Duration::from_hours(23));
    assert_eq!(chosen(&app).await.status, 403);
}

#[tokio::test]
async fn so_08_a_provider_that_never_answers_holds_nobody_up_for_long() {
    let (app, provider) = world("", TRUSTED).await;
    provider.put(DISCOVERY, Canned::hangs());
    let answer = tokio::time::timeout(Duration::from_secs(20), chosen(&app)).await.expect("an end");
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn so_08_a_token_endpoint_and_keys_that_answer_badly_sign_nobody_in() {
    let (app, provider) = world("rate_limits = \"off\"", TRUSTED).await;
    let large = Canned::json(&json!({ "id_token": "a".repeat(70_000) }));
    for (path, canned) in [
        ("token", Canned::html()),
        ("token", Canned { status: 500, ..Canned::html() }),
        ("token", Canned::redirect("http://127.0.0.1:1/")),
        ("token", large.clone()),
        ("token", Canned::json(&json!({ "access_token": "x" }))),
        ("token", Canned::json(&json!({ "error": "server_error" }))),
        ("keys", Canned::html()),
        ("keys", Canned::redirect("http://127.0.0.1:1/")),
        ("keys", large),
        ("keys", Canned::json(&json!({ "keys": [] }))),
    ] {
        let (app, path) = (&app, path.to_owned());
        provider.put(&path, canned);
        let browser = Browser::new(app);
        let answer = sign_in(&browser, &provider, &ada(&json!({}))).await;
        assert_eq!((answer.status.as_u16(), who(&browser).await), (403, None), "{path}");
        provider.forget(&path);
        app.advance(Duration::from_secs(31));
    }
    assert_eq!(sign_in(&Browser::new(&app), &provider, &ada(&json!({}))).await.status, 303);
}

#[tokio::test]
async fn so_08_nothing_inside_is_asked_unless_the_operator_says_so() {
    let provider = Provider::new().await;
    let settings = [("GATEPOST_OUTGOING__PRIVATE_ADDRESSES", "false")];
    let app = TestApp::with_settings(&realm(&provider, "", TRUSTED), &settings).await;
    let answer = chosen(&app).await;
    assert!(answer.status == 403 && provider.read(DISCOVERY) == 0, "{}", answer.html());
}

#[tokio::test]
async fn a_secret_is_sent_as_the_provider_takes_it() {
    let (app, provider) = world("", TRUSTED).await;
    let mut metadata = provider.metadata();
    metadata["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
    provider.put(DISCOVERY, Canned::json(&metadata));
    assert_eq!(sign_in(&Browser::new(&app), &provider, &ada(&json!({}))).await.status, 303);
    let (authorization, form) = provider.redeemed();
    assert_eq!((authorization, form["client_secret"].as_str()), (None, "a secret of ours"));
    // One that has no secret sends none.
    let declared = realm(&provider, "", TRUSTED).replace("client_secret = \"a secret of ours\"\n", "");
    let other = TestApp::with(&declared).await;
    let browser = Browser::new(&other);
    let url = choose(&browser, "/sign-in", "with-acme").await;
    let back = provider.sends_back(&url, &ada(&json!({})), other.clock.now().unix_seconds());
    assert_eq!(browser.get(&back).await.status, 303);
    let (authorization, form) = provider.redeemed();
    assert_eq!((authorization, form.get("client_secret"), form["client_id"].as_str()), (None, None, "ours"));
}
