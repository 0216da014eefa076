//! Clients are told behind the scenes (OpenID Connect Back-Channel Logout 1.0). The modules of
//! `oidcc-backchannel-rp-initiated-logout-certification-test-plan` have their own names.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, http::StatusCode, routing::post};
use gatepost_jose::{Algorithm, KeySet, jws};
use serde_json::Value;

use crate::support::TestApp;

use super::relying_party::{self as rp, ISSUER, REALM, ada, asking, returned};

/// A client that listens, and says what it is told to say.
struct Listening {
    uri: String,
    got: Arc<Mutex<Vec<String>>>,
    says: Arc<Mutex<StatusCode>>,
}

async fn listening() -> Listening {
    let (got, says) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(StatusCode::OK)));
    let (keep, say) = (Arc::clone(&got), Arc::clone(&says));
    let client = Router::new().route(
        "/logout",
        post(move |body: Bytes| {
            keep.lock().unwrap().push(String::from_utf8(body.to_vec()).unwrap());
            let status = *say.lock().unwrap();
            async move { (status, [("location", "http://127.0.0.1:1/")]) }
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/logout", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, client).await });
    Listening { uri, got, says }
}

impl Listening {
    fn tokens(&self) -> Vec<String> {
        let got = self.got.lock().unwrap();
        got.iter().map(|form| form.strip_prefix("logout_token=").unwrap().to_owned()).collect()
    }

    async fn app(&self) -> TestApp {
        let uri = format!("name = \"Web app\"\nbackchannel_logout_uri = \"{}\"", self.uri);
        TestApp::with(&REALM.replace("name = \"Web app\"", &uri)).await
    }
}

/// The claims of a logout token that the realm signed.
async fn checked(app: &TestApp, token: &str) -> Value {
    assert_eq!(rp::header_of(token)["typ"], "logout+jwt");
    let keys = KeySet::parse(&app.get("/.well-known/jwks.json").await.body).unwrap();
    serde_json::from_slice(&jws::verify_compact(token, &keys, &[Algorithm::RS256]).unwrap()).unwrap()
}

#[tokio::test]
async fn oidcc_backchannel_rp_initiated_logout_discovery_endpoint_verification() {
    let metadata = TestApp::new().await.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["backchannel_logout_supported"], true);
    assert_eq!(metadata["backchannel_logout_session_supported"], true);
    assert_eq!(metadata["end_session_endpoint"], format!("{ISSUER}/oidc/logout"));
}

#[tokio::test]
async fn oidcc_backchannel_rp_initiated_logout() {
    let client = listening().await;
    let app = client.app().await;
    let browser = ada(&app).await;
    let hint = rp::redeem(&app, &rp::code(&browser, &asking()).await).await.text("id_token");
    let query = format!("id_token_hint={hint}&post_logout_redirect_uri=https%3A%2F%2Fapp.test%2Fbye&state=s");
    let answer = browser.get(&format!("/oidc/logout?{query}")).await;
    assert_eq!(answer.location(), "https://app.test/bye?state=s");
    app.app.tell_clients_of_sign_outs().await.unwrap();
    let told = checked(&app, &client.tokens()[0]).await;
    let id = rp::claims(&hint);
    assert_eq!(
        (&told["iss"], &told["aud"], &told["sub"], &told["sid"]),
        (&id["iss"], &id["aud"], &id["sub"], &id["sid"])
    );
    assert!(told["events"]["http://schemas.openid.net/event/backchannel-logout"].is_object());
    assert!(told["jti"].is_string() && told.get("nonce").is_none());
    assert!(told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap() <= 120);
    let silent = browser.get(&asking().with("prompt", "none").path()).await;
    assert_eq!(returned(&silent)["error"], "login_required");
    app.app.tell_clients_of_sign_outs().await.unwrap();
    assert_eq!(client.tokens().len(), 1, "once");
}

#[tokio::test]
async fn every_way_of_signing_out_is_told() {
    let client = listening().await;
    let app = client.app().await;
    let admin = app.admin().await;
    for way in ["page", "everywhere", "disabled"] {
        let browser = ada(&app).await;
        let tokens = rp::redeem(&app, &rp::code(&browser, &asking()).await).await;
        let id = rp::claims(&tokens.text("id_token"));
        match way {
            "page" => drop(browser.submit("/sign-out", &[]).await),
            "everywhere" => drop(browser.submit("/sign-out", &[("everywhere", "1")]).await),
            _ => {
                let path = format!("/api/v1/admin/users/{}", id["sub"].as_str().unwrap());
                let disabled = Some(serde_json::json!({"disabled": true}));
                app.ask(&admin, axum::http::Method::PATCH, &path, disabled).await;
            }
        }
        app.app.tell_clients_of_sign_outs().await.unwrap();
        let tokens = client.tokens();
        assert_eq!(checked(&app, tokens.last().unwrap()).await["sid"], id["sid"], "{way}");
        app.advance(Duration::from_secs(1));
    }
    assert_eq!(client.tokens().len(), 3);
}

/// The device lives by the session of the browser that connected it, and by the account.
#[tokio::test]
async fn the_client_on_a_device_is_told_too() {
    let client = listening().await;
    let tv = format!(
        "[[realm.client]]\nid = \"tv\"\npublic = true\ngrants = [\"urn:ietf:params:oauth:grant-type:device_code\"]\n\
         scopes = [\"openid\"]\nbackchannel_logout_uri = \"{}\"\n[[realm.user]]",
        client.uri
    );
    let app = TestApp::with(&REALM.replacen("[[realm.user]]", &tv, 1)).await;
    for way in ["/sign-out", "everywhere"] {
        let browser = ada(&app).await;
        let device = rp::device(&app, &browser, "tv").await;
        let more: &[(&str, &str)] = if way == "everywhere" { &[("everywhere", "1")] } else { &[] };
        assert_eq!(browser.submit("/sign-out", more).await.status, 303, "{way}");
        app.app.tell_clients_of_sign_outs().await.unwrap();
        let told = checked(&app, client.tokens().last().unwrap()).await;
        let id = rp::claims(&device.text("id_token"));
        assert_eq!((&told["aud"], &told["sid"], &told["sub"]), (&id["aud"], &id["sid"], &id["sub"]), "{way}");
        app.advance(Duration::from_secs(1));
    }
    assert_eq!(client.tokens().len(), 2);
}

#[tokio::test]
async fn the_deletion_of_an_account_is_told() {
    let client = listening().await;
    let app = client.app().await;
    let admin = app.admin().await;
    let id =
        rp::claims(&rp::redeem(&app, &rp::code(&ada(&app).await, &asking()).await).await.text("id_token"));
    let path = format!("/api/v1/admin/users/{}", id["sub"].as_str().unwrap());
    assert_eq!(app.ask(&admin, axum::http::Method::DELETE, &path, None).await.status, 204);
    app.app.tell_clients_of_sign_outs().await.unwrap();
    let tokens = client.tokens();
    assert_eq!(tokens.len(), 1);
    let told = checked(&app, &tokens[0]).await;
    assert_eq!((&told["sub"], &told["sid"]), (&id["sub"], &id["sid"]));
}

/// LO-03: one that takes nothing is tried with one message and not with each, so that it delays nobody.
#[tokio::test]
async fn lo_03_a_client_that_takes_nothing_is_left_alone_for_a_while() {
    let client = listening().await;
    let app = client.app().await;
    for _ in 0..5 {
        let browser = ada(&app).await;
        rp::redeem(&app, &rp::code(&browser, &asking()).await).await;
        *client.says.lock().unwrap() = StatusCode::SERVICE_UNAVAILABLE;
        browser.submit("/sign-out", &[]).await;
    }
    let tell = async || app.app.tell_clients_of_sign_outs().await.unwrap();
    tell().await;
    assert_eq!(client.tokens().len(), 1, "of five messages");
    app.advance(Duration::from_secs(3));
    tell().await;
    assert_eq!(client.tokens().len(), 2);
    *client.says.lock().unwrap() = StatusCode::OK;
    app.advance(Duration::from_mins(10));
    tell().await;
    assert_eq!(client.tokens().len(), 2 + 5, "then each is told");
}

#[tokio::test]
async fn lo_03_a_client_that_does_not_take_it_is_told_again_later_and_not_for_ever() {
    let client = listening().await;
    let app = client.app().await;
    let browser = ada(&app).await;
    rp::redeem(&app, &rp::code(&browser, &asking()).await).await;
    *client.says.lock().unwrap() = StatusCode::FOUND;
    browser.submit("/sign-out", &[]).await;
    let tell = async || app.app.tell_clients_of_sign_outs().await.unwrap();
    tell().await;
    tell().await;
    assert_eq!(client.tokens().len(), 1, "no redirect is followed, and not at once again");
    app.advance(Duration::from_secs(3));
    tell().await;
    assert_eq!(client.tokens().len(), 2);
    for _ in 0..20 {
        app.advance(Duration::from_hours(2));
        tell().await;
    }
    assert_eq!(client.tokens().len(), 14, "bounded");
    let mut tokens = client.tokens();
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 14, "each is a token of its own");
}
