//! Requests that are sent ahead (RFC 9126), from the client's call to its code.

use std::time::Duration;

use axum::{body::Body, http::Request};
use data_encoding::BASE64;

use super::relying_party::{
    self as rp, Asking, CALLBACK, ISSUER, REALM, SECRET, ada, approve, asking, follow, open, returned,
};
use crate::{
    pages::browser::Browser,
    support::{Answer, TestApp},
};

/// Sends a request ahead as the web application.
async fn push(app: &TestApp, asking: &Asking) -> Answer {
    let pair = BASE64.encode(format!("web:{SECRET}").as_bytes());
    let request = Request::post("/oauth/par")
        .header("host", "127.0.0.1:8400")
        .header("authorization", format!("Basic {pair}"))
        .header("content-type", "application/x-www-form-urlencoded");
    app.send(request.body(Body::from(asking.query())).unwrap()).await
}

async fn pushed(app: &TestApp, asking: &Asking) -> Asking {
    let answer = push(app, asking).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    named(&answer.text("request_uri"))
}

/// What the browser brings.
fn named(uri: &str) -> Asking {
    let both = [("client_id", "web"), ("request_uri", uri)];
    Asking(both.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
}

async fn refused(browser: &Browser<'_>, asking: &Asking) {
    let answer = browser.get(&asking.path()).await;
    assert_eq!(answer.status, 400, "{:?}", answer.header("location"));
    assert!(answer.html().contains("invalid_request_uri"), "{}", answer.html());
}

#[tokio::test]
async fn oa_19_a_pushed_request_is_good_for_one_code() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let asked = pushed(&app, &asking()).await;
    let page = open(&browser, &asked).await;
    // Until it is answered it may be opened again: a page is loaded anew.
    let again = open(&browser, &asked).await;
    let answer = returned(&approve(&browser, &page).await);
    assert_eq!((answer["state"].as_str(), answer["iss"].as_str()), ("s 1&2", ISSUER));
    let tokens = rp::redeem(&app, &answer["code"]).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    assert_eq!(rp::claims(&tokens.text("id_token"))["nonce"], "n-1");
    refused(&browser, &asked).await;
    // Nor does the other window get one.
    let late = follow(&browser, browser.fill(&again, &[("decision", "approve")]).await).await;
    assert_eq!(late.status, 400, "{:?}", late.header("location"));
    assert!(late.html().contains("invalid_request_uri"));
}

#[tokio::test]
async fn oa_19_a_name_that_is_forged_foreign_or_old_is_refused() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let asked = pushed(&app, &asking()).await;
    let uri = asked.0[1].1.clone();
    refused(&browser, &asked.clone().with("client_id", "native")).await;
    refused(&browser, &asked.clone().with("client_id", "house")).await;
    let forged = if uri.ends_with('A') { "B" } else { "A" };
    refused(&browser, &named(&format!("{}{forged}", &uri[..uri.len() - 1]))).await;
    refused(&browser, &named("urn:ietf:params:oauth:request_uri:")).await;
    refused(&browser, &named(&format!("{uri}A"))).await;
    // What lies with another server is never fetched.
    for elsewhere in ["https://169.254.169.254/", "http://127.0.0.1:8400/oauth/par"] {
        let answer = browser.get(&named(elsewhere).with("redirect_uri", CALLBACK).path()).await;
        assert_eq!(returned(&answer)["error"], "request_uri_not_supported", "{elsewhere}");
    }
    app.advance(Duration::from_secs(90));
    refused(&browser, &asked).await;
}

#[tokio::test]
async fn oa_19_a_pushed_request_is_of_its_realm() {
    let app = TestApp::with(&format!("{REALM}\n[[realm]]\nname = \"other\"\n[[realm.client]]\nid = \"web\"\nsecret = \"{SECRET}\"\nredirect_uris = [\"{CALLBACK}\"]\nscopes = [\"openid\", \"email\"]\n")).await;
    let asked = pushed(&app, &asking()).await;
    let other = Browser::of_realm(&app, "/r/other");
    let answer = other.get(&format!("/r/other/oauth/authorize?{}", asked.query())).await;
    assert_eq!(answer.status, 400, "{:?}", answer.header("location"));
    assert!(answer.html().contains("invalid_request_uri"));
}

#[tokio::test]
async fn oa_19_what_stands_beside_the_name_does_not_count() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let asked = pushed(&app, &asking().with("scope", "openid")).await;
    let more = asked
        .with("scope", "openid email offline_access")
        .with("redirect_uri", "https://app.test/other?x=1")
        .with("state", "another")
        .with("code_challenge", "x")
        .with("request", "x.y.z")
        .with("prompt", "none");
    let answer = returned(&approve(&browser, &open(&browser, &more).await).await);
    assert_eq!(answer["state"], "s 1&2");
    let tokens = rp::redeem(&app, &answer["code"]).await.json();
    assert_eq!(tokens["scope"], "openid");
}

/// Who began in time finishes, however long the sign-in takes.
#[tokio::test]
async fn a_sign_in_that_began_in_time_is_finished_later() {
    let app = TestApp::with(REALM).await;
    let browser = Browser::new(&app);
    let page = open(&browser, &pushed(&app, &asking()).await).await;
    app.advance(Duration::from_mins(10));
    app.clean_up().await;
    let fields = [("username", "ada@example.com"), ("password", "the engine weaves algebra")];
    let page = follow(&browser, browser.fill(&page, &fields).await).await;
    assert!(returned(&approve(&browser, &page).await).contains_key("code"));
}

#[tokio::test]
async fn oa_19_a_client_that_must_send_its_requests_ahead_is_held_to_it() {
    let file = REALM.replacen("name = \"Web app\"", "require_pushed_authorization_requests = true", 1);
    let app = TestApp::with(&file).await;
    let browser = ada(&app).await;
    let answer = browser.get(&asking().path()).await;
    assert_eq!(returned(&answer)["error"], "invalid_request");
    assert!(rp::code(&browser, &pushed(&app, &asking()).await).await.starts_with("gp_ac_"));
}

#[tokio::test]
async fn metadata_says_where_requests_are_sent_ahead() {
    let app = TestApp::with(REALM).await;
    let metadata = app.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["pushed_authorization_request_endpoint"], format!("{ISSUER}/oauth/par"));
    assert_eq!(metadata["require_pushed_authorization_requests"], false);
}
