//! `oidcc-dynamic-certification-test-plan`: every module registers a client of its own. What concerns request objects stands with
//! those.

use std::time::Duration;

use gatepost_jose::{Algorithm, KeySet, SigningKey, jws};
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

use super::super::{
    published::Published,
    registered::{Client, OPEN, brief, metadata, register},
    relying_party::{self as rp, ISSUER, ada, claims, header_of, userinfo},
};

async fn keys(app: &TestApp) -> KeySet {
    KeySet::parse(&app.get("/.well-known/jwks.json").await.body).unwrap()
}

/// Whether the key set that is published now has what it is signed with, by RS256.
async fn is_signed(app: &TestApp, token: &str) -> bool {
    jws::verify_compact(token, &keys(app).await, &[Algorithm::RS256]).is_ok()
}

fn own_keys(keys: &[&SigningKey]) -> Value {
    let keys: Vec<Value> =
        keys.iter().map(|key| serde_json::to_value(key.public_jwk().unwrap()).unwrap()).collect();
    json!({ "keys": keys })
}

fn key(kid: &str) -> SigningKey {
    SigningKey::generate(Algorithm::RS256).unwrap().with_kid(kid)
}

/// The error that the person is shown, who is sent nowhere.
fn shown(answer: &Answer) -> String {
    assert!(answer.header("location").is_none(), "{answer:?}");
    answer.between("id=\"error-code\">", "<").unwrap_or_else(|| panic!("no error: {}", answer.html()))
}

#[tokio::test]
async fn oidcc_discovery_endpoint_verification() {
    let app = TestApp::with(OPEN).await;
    let metadata = app.get("/.well-known/openid-configuration").await.json();
    let endpoint = metadata["registration_endpoint"].as_str().unwrap();
    assert_eq!(endpoint, format!("{ISSUER}/oauth/register"));
    let lists = |name: &str, value: &str| {
        let listed = metadata[name].as_array().unwrap_or_else(|| panic!("{name} is missing"));
        assert!(listed.iter().any(|known| known == value), "{name} without {value}");
    };
    for scope in ["openid", "profile", "email", "offline_access"] {
        lists("scopes_supported", scope);
    }
    lists("subject_types_supported", "pairwise");
    lists("userinfo_signing_alg_values_supported", "RS256");
    lists("token_endpoint_auth_methods_supported", "private_key_jwt");
    lists("token_endpoint_auth_signing_alg_values_supported", "RS256");
}

#[tokio::test]
async fn oidcc_server() {
    let app = TestApp::with(OPEN).await;
    let client = Client::new(&app, &json!({})).await;
    let tokens = client.tokens(&ada(&app).await, &client.asking()).await;
    let id = claims(&tokens.text("id_token"));
    assert_eq!((&id["iss"], &id["aud"], &id["nonce"]), (&json!(ISSUER), &json!(client.id()), &json!("n-1")));
    let told = userinfo(&app, &tokens.text("access_token")).await.json();
    assert_eq!((&told["sub"], &told["email"]), (&id["sub"], &json!("ada@example.com")));
}

#[tokio::test]
async fn oidcc_idtoken_rs256() {
    let app = TestApp::with(OPEN).await;
    let client = Client::new(&app, &json!({ "id_token_signed_response_alg": "RS256" })).await;
    assert_eq!(client.text("id_token_signed_response_alg"), "RS256");
    let token = client.tokens(&ada(&app).await, &client.asking()).await.text("id_token");
    assert_eq!(header_of(&token)["alg"], "RS256");
    assert!(is_signed(&app, &token).await);
}

/// It is not offered, and so it is refused.
#[tokio::test]
async fn oidcc_idtoken_unsigned() {
    let app = TestApp::with(OPEN).await;
    let told = app.get("/.well-known/openid-configuration").await.json();
    let offered = told["id_token_signing_alg_values_supported"].as_array().unwrap().clone();
    assert!(offered.iter().all(|alg| alg != "none"));
    let unsigned = metadata(&json!({ "id_token_signed_response_alg": "none" }));
    assert_eq!(brief(&register(&app, None, unsigned).await), "400 invalid_client_metadata");
}

#[tokio::test]
async fn oidcc_userinfo_rs256() {
    let app = TestApp::with(OPEN).await;
    let client = Client::new(&app, &json!({ "userinfo_signed_response_alg": "RS256" })).await;
    let tokens = client.tokens(&ada(&app).await, &client.asking()).await;
    let answer = userinfo(&app, &tokens.text("access_token")).await;
    assert_eq!(answer.header("content-type"), Some("application/jwt"));
    let token = String::from_utf8(answer.body).unwrap();
    assert!(is_signed(&app, token.trim()).await);
    let told = claims(token.trim());
    assert_eq!((&told["iss"], &told["aud"]), (&json!(ISSUER), &json!(client.id())));
    assert_eq!(told["sub"], claims(&tokens.text("id_token"))["sub"]);
}

#[tokio::test]
async fn oidcc_ensure_redirect_uri_in_authorization_request() {
    let app = TestApp::with(OPEN).await;
    let client = Client::new(&app, &json!({})).await;
    let page = rp::open(&ada(&app).await, &client.asking().without("redirect_uri")).await;
    assert_eq!(shown(&page), "invalid_request");
}

const WITH_QUERY: &str = "https://app.test/cb?foo=bar";

#[tokio::test]
async fn oidcc_redirect_uri_query_ok() {
    let app = TestApp::with(OPEN).await;
    let client = Client::new(&app, &json!({ "redirect_uris": [WITH_QUERY] })).await;
    let (browser, asking) = (ada(&app).await, client.asking().with("redirect_uri", WITH_QUERY));
    let page = rp::open(&browser, &asking).await;
    let answer = rp::approve(&browser, &page).await;
    assert!(answer.location().starts_with(WITH_QUERY), "{}", answer.location());
    let returned = rp::returned(&answer);
    assert_eq!(returned["foo"], "bar");
    client.tokens(&browser, &asking).await;
}

#[tokio::test]
async fn oidcc_redirect_uri_query_mismatch() {
    let app = TestApp::with(OPEN).await;
    let client = Client::new(&app, &json!({ "redirect_uris": [WITH_QUERY] })).await;
    let browser = ada(&app).await;
    for other in ["https://app.test/cb?foo=baz", "https://app.test/cb", "https://app.test/cb?bar=foo"] {
        let page = rp::open(&browser, &client.asking().with("redirect_uri", other)).await;
        assert_eq!(shown(&page), "invalid_request", "{other}");
    }
}

#[tokio::test]
async fn oidcc_redirect_uri_query_added() {
    let app = TestApp::with(OPEN).await;
    let client = Client::new(&app, &json!({ "redirect_uris": [WITH_QUERY, rp::CALLBACK] })).await;
    let browser = ada(&app).await;
    for added in [&format!("{WITH_QUERY}&x=1"), &format!("{}?x=1", rp::CALLBACK)] {
        let page = rp::open(&browser, &client.asking().with("redirect_uri", added)).await;
        assert_eq!(shown(&page), "invalid_request", "{added}");
    }
}

#[tokio::test]
async fn oidcc_redirect_uri_regfrag() {
    let app = TestApp::with(OPEN).await;
    for fragment in ["https://app.test/cb#foo=bar", "https://app.test/cb#"] {
        let answer = register(&app, None, metadata(&json!({ "redirect_uris": [fragment] }))).await;
        assert_eq!(brief(&answer), "400 invalid_redirect_uri");
    }
}

/// Where a client says who it is and what it does with data: kept, and people can be shown it.
async fn kept(member: &str) {
    let app = TestApp::with(OPEN).await;
    let client = Client::new(&app, &json!({ member: "https://app.test/about" })).await;
    assert_eq!(client.text(member), "https://app.test/about");
    let page = rp::open(&ada(&app).await, &client.asking()).await;
    assert!(page.html().contains("consent-approve"));
}

#[tokio::test]
async fn oidcc_registration_logo_uri() {
    kept("logo_uri").await;
}

#[tokio::test]
async fn oidcc_registration_policy_uri() {
    kept("policy_uri").await;
}

#[tokio::test]
async fn oidcc_registration_tos_uri() {
    kept("tos_uri").await;
}

#[tokio::test]
async fn oidcc_registration_jwks_uri() {
    let (app, published, key) = (TestApp::with(OPEN).await, Published::new().await, key("one"));
    let uri = published.put("keys", &own_keys(&[&key]));
    let changes = json!({
        "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "RS256", "jwks_uri": uri,
    });
    let mut client = Client::new(&app, &changes).await;
    assert!(!client.information.contains_key("client_secret"));
    client.key = Some(key);
    client.tokens(&ada(&app).await, &client.asking()).await;
    assert_eq!(published.read("keys"), 1);
}

#[tokio::test]
async fn oidcc_registration_sector_uri() {
    let (app, published) = (TestApp::with(OPEN).await, Published::new().await);
    let both = ["https://app.test/cb", "https://other.test/cb"];
    let sector = published.put("sector", &json!(both));
    let pairwise = json!({ "subject_type": "pairwise", "sector_identifier_uri": sector });
    let (one, two) = (
        Client::new(
            &app,
            &json!({ "redirect_uris": both, "subject_type": "pairwise", "sector_identifier_uri": sector }),
        )
        .await,
        Client::new(&app, &pairwise).await,
    );
    let public = Client::new(&app, &json!({})).await;
    let browser = ada(&app).await;
    let mut subjects = Vec::new();
    for client in [&one, &two, &public] {
        let tokens = client.tokens(&browser, &client.asking()).await;
        let subject = claims(&tokens.text("id_token"))["sub"].clone();
        assert_eq!(userinfo(&app, &tokens.text("access_token")).await.json()["sub"], subject);
        subjects.push(subject);
    }
    assert!(subjects[0] == subjects[1] && subjects[0] != subjects[2], "{subjects:?}");
}

#[tokio::test]
async fn oidcc_registration_sector_bad() {
    let (app, published) = (TestApp::with(OPEN).await, Published::new().await);
    let sector = published.put("sector", &json!(["https://other.test/cb"]));
    let bad = metadata(&json!({ "subject_type": "pairwise", "sector_identifier_uri": sector }));
    assert_eq!(brief(&register(&app, None, bad).await), "400 invalid_client_metadata");
}

#[tokio::test]
async fn oidcc_server_rotate_keys() {
    let app = TestApp::with(&OPEN.replace("audience", "key_rotation = \"30d\"\naudience")).await;
    let client = Client::new(&app, &json!({})).await;
    let id_token = async || client.tokens(&ada(&app).await, &client.asking()).await.text("id_token");
    let (first, day) = (id_token().await, Duration::from_hours(24));
    assert!(is_signed(&app, &first).await);
    // The next key is published a day before it signs.
    app.advance(day * 29 + Duration::from_mins(1));
    app.get("/.well-known/jwks.json").await;
    let before = keys(&app).await;
    app.advance(day);
    let second = id_token().await;
    assert_ne!(header_of(&first)["kid"], header_of(&second)["kid"]);
    assert!(jws::verify_compact(&second, &before, &[Algorithm::RS256]).is_ok(), "known before it signed");
    assert!(is_signed(&app, &first).await && is_signed(&app, &second).await, "the old one is still there");
}

#[tokio::test]
async fn oidcc_refresh_token_rp_key_rotation() {
    let (app, published) = (TestApp::with(OPEN).await, Published::new().await);
    let (first, second) = (key("one"), key("two"));
    let uri = published.put("keys", &own_keys(&[&first]));
    let changes = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": uri });
    let mut client = Client::new(&app, &changes).await;
    client.key = Some(first);
    let tokens = client.tokens(&ada(&app).await, &client.asking()).await;
    published.put("keys", &own_keys(&[&second]));
    client.key = Some(second);
    app.advance(Duration::from_mins(1));
    assert_eq!(client.refresh(&tokens.text("refresh_token")).await.status, 200);
}

#[tokio::test]
async fn oidcc_refresh_token() {
    let app = TestApp::with(OPEN).await;
    let (client, other) = (Client::new(&app, &json!({})).await, Client::new(&app, &json!({})).await);
    let asking = client.asking().with("scope", "openid offline_access").with("prompt", "consent");
    let tokens = client.tokens(&ada(&app).await, &asking).await;
    assert_eq!(rp::error(&other.refresh(&tokens.text("refresh_token")).await), "400 invalid_grant");
    let fresh = client.refresh(&tokens.text("refresh_token")).await;
    assert_eq!(fresh.status, 200);
    let (before, after) = (claims(&tokens.text("id_token")), claims(&fresh.text("id_token")));
    assert_eq!(
        (&before["sub"], &before["aud"], &before["iss"]),
        (&after["sub"], &after["aud"], &after["iss"])
    );
}

#[tokio::test]
async fn oidcc_ensure_client_assertion_with_iss_aud_succeeds() {
    let (app, key) = (TestApp::with(OPEN).await, key("one"));
    let changes = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": own_keys(&[&key]) });
    let mut client = Client::new(&app, &changes).await;
    client.key = Some(key);
    client.tokens(&ada(&app).await, &client.asking()).await;
}
