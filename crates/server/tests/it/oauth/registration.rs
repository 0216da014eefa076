//! `/oauth/register`: RFC 7591 and RFC 7592.

mod policy;

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Person, TestApp, request};

use super::{
    published::Published,
    registered::{Client, OPEN, brief, metadata, realm_with, register},
    relying_party::{self as rp, CALLBACK, ada},
};

async fn initial_access_token(app: &TestApp, admin: &Person, body: Value) -> Value {
    let answer = app.ask(admin, Method::POST, "/api/v1/admin/initial-access-tokens", Some(body)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

async fn trail(app: &TestApp, admin: &Person, event: &str) -> Vec<Value> {
    let events =
        app.ask(admin, Method::GET, &format!("/api/v1/admin/audit?event={event}"), None).await.json();
    events["events"].as_array().unwrap_or_else(|| panic!("{events}")).clone()
}

#[tokio::test]
async fn a_client_registers_itself_signs_people_in_and_manages_itself() {
    let app = TestApp::with(OPEN).await;
    let client = Client::new(&app, &json!({ "scope": "openid notes:read", "unknown": 1 })).await;
    for (name, value) in [
        ("client_name", json!("Reader")),
        ("redirect_uris", json!([CALLBACK])),
        ("grant_types", json!(["authorization_code", "refresh_token"])),
        ("response_types", json!(["code"])),
        ("scope", json!("openid notes:read")),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("client_secret_expires_at", json!(0)),
        ("client_id_issued_at", json!(app.clock.now().unix_seconds())),
    ] {
        assert_eq!(client.information[name], value, "{name}");
    }
    assert!(!client.information.contains_key("unknown") && !client.information.contains_key("skip_consent"));
    let (token, secret) = (client.text("registration_access_token"), client.text("client_secret"));
    assert!(token.starts_with("gp_rat_") && secret.starts_with("gp_cs_"));

    let browser = ada(&app).await;
    let tokens =
        client.tokens(&browser, &rp::asking().with("client_id", client.id()).with("scope", "openid")).await;
    assert_eq!(rp::claims(&tokens.text("id_token"))["aud"], client.id());
    assert_eq!(client.refresh(&tokens.text("refresh_token")).await.status, 200);

    let read = client.manage(Method::GET, token, None).await;
    let mut expected = client.information.clone();
    expected.remove("client_secret");
    expected.remove("client_secret_expires_at");
    assert_eq!((read.status.as_u16(), read.json()), (200, Value::Object(expected)));

    let mut changed =
        metadata(&json!({ "client_name": "Reader 2", "client_id": client.id(), "client_secret": secret }));
    changed["token_endpoint_auth_method"] = json!("client_secret_post");
    let answer = client.manage(Method::PUT, token, Some(changed)).await;
    assert_eq!((answer.status.as_u16(), answer.text("client_name").as_str()), (200, "Reader 2"));
    assert!(answer.json().get("client_secret").is_none(), "the one there is stays");
    assert_eq!(answer.text("scope"), "openid profile email offline_access notes:read", "as if never said");
    let refreshed = client.refresh(&tokens.text("refresh_token")).await;
    assert_eq!(rp::error(&refreshed), "401 invalid_client", "the secret is taken in the form from now on");

    assert_eq!(client.manage(Method::DELETE, token, None).await.status, 204);
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let body = (method == Method::PUT).then(|| json!({}));
        let gone = client.manage(method, token, body).await;
        assert_eq!(brief(&gone), "401 invalid_token");
        assert_eq!(gone.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
    }
    assert_eq!(rp::error(&client.refresh(&tokens.text("refresh_token")).await), "401 invalid_client");
}

#[tokio::test]
async fn the_metadata_names_the_endpoint_where_clients_may_register() {
    for (setting, endpoint) in [
        ("closed", Value::Null),
        ("initial_access_token", json!("http://127.0.0.1:8400/oauth/register")),
        ("open", json!("http://127.0.0.1:8400/oauth/register")),
    ] {
        let app = TestApp::with(&realm_with(setting)).await;
        let told = app.get("/.well-known/oauth-authorization-server").await.json();
        assert_eq!(told["registration_endpoint"], endpoint, "{setting}");
        assert_eq!(told["client_id_metadata_document_supported"], false);
    }
}

#[tokio::test]
async fn dc_01_registration_without_a_good_initial_access_token_is_refused() {
    let app = TestApp::with(&realm_with("closed")).await;
    let admin = app.admin().await;
    let fresh = initial_access_token(&app, &admin, json!({})).await;
    let good = fresh["secret"].as_str().unwrap();
    for token in [None, Some(good)] {
        assert_eq!(brief(&register(&app, token, metadata(&json!({}))).await), "403 access_denied");
    }
    for (setting, without) in [("initial_access_token", "401 invalid_token"), ("open", "201")] {
        app.apply(&realm_with(setting)).await;
        assert_eq!(brief(&register(&app, None, metadata(&json!({}))).await), without, "{setting}");
        // One that is sent must be good, also where none is needed.
        let other = app.person(&format!("{}@example.com", setting.replace('_', "-"))).await;
        for bad in ["x", "gp_iat_x", &good.replace("gp_iat_", "gp_inv_"), &other.access_token] {
            let answer = register(&app, Some(bad), metadata(&json!({}))).await;
            assert_eq!(brief(&answer), "401 invalid_token", "{setting}: {bad}");
        }
    }
    assert_eq!(trail(&app, &admin, "client-registration-refused").await.len(), 1, "once a minute");
}

#[tokio::test]
async fn an_initial_access_token_is_good_as_often_and_as_long_as_it_says() {
    let app = TestApp::with(&realm_with("initial_access_token")).await;
    let admin = app.admin().await;
    let twice = json!({ "name": "Partners", "uses": 2, "expires_in": "1h" });
    let fresh = initial_access_token(&app, &admin, twice).await;
    let token = fresh["secret"].as_str().unwrap();
    // A registration that is refused uses nothing up.
    let bad = metadata(&json!({ "redirect_uris": ["https://app.test/#x"] }));
    assert_eq!(brief(&register(&app, Some(token), bad).await), "400 invalid_redirect_uri");
    let program = json!({ "grant_types": ["client_credentials"], "scope": "notes:read", "redirect_uris": null, "response_types": null });
    let made = register(&app, Some(token), metadata(&program)).await;
    assert_eq!(brief(&made), "201", "{made:?}");
    let form = [("grant_type", "client_credentials")];
    let (id, secret) = (made.text("client_id"), made.text("client_secret"));
    assert_eq!(rp::token(&app, Some((&id, &secret)), &form).await.status, 200);
    assert_eq!(brief(&register(&app, Some(token), metadata(&json!({}))).await), "201");
    assert_eq!(brief(&register(&app, Some(token), metadata(&json!({}))).await), "401 invalid_token");

    let path = "/api/v1/admin/initial-access-tokens";
    let listed = app.ask(&admin, Method::GET, path, None).await;
    assert!(!String::from_utf8_lossy(&listed.body).contains(token));
    let listed = &listed.json()["initial_access_tokens"][0];
    assert_eq!((&listed["used"], &listed["name"]), (&json!(2), &json!("Partners")));
    let old = initial_access_token(&app, &admin, json!({ "uses": 9 })).await;
    let revoked = initial_access_token(&app, &admin, json!({})).await;
    let path = format!("{path}/{}", revoked["id"].as_str().unwrap());
    assert_eq!(app.ask(&admin, Method::DELETE, &path, None).await.status, 204);
    assert_eq!(app.ask(&admin, Method::DELETE, &path, None).await.brief(), "404 not_found");
    app.advance(Duration::from_hours(24));
    for token in [old, revoked] {
        let answer = register(&app, token["secret"].as_str(), metadata(&json!({}))).await;
        assert_eq!(brief(&answer), "401 invalid_token");
    }
    for wrong in [
        json!({ "uses": 0 }),
        json!({ "uses": 1001 }),
        json!({ "expires_in": "0s" }),
        json!({ "expires_in": "366d" }),
    ] {
        let admin = app.sign_in("admin@example.com").await;
        let answer = app.ask(&admin, Method::POST, "/api/v1/admin/initial-access-tokens", Some(wrong)).await;
        assert_eq!(answer.brief(), "422 invalid_field");
    }
    let admin = app.sign_in("admin@example.com").await;
    assert_eq!(trail(&app, &admin, "initial-access-token-created").await.len(), 3);
    assert_eq!(trail(&app, &admin, "initial-access-token-revoked").await.len(), 1);
    let registered = trail(&app, &admin, "client-registered").await;
    assert_eq!(registered.len(), 2);
    assert!(
        registered.iter().all(|event| event["detail"]["initial_access_token"] == fresh["id"]),
        "{registered:?}"
    );
}

#[tokio::test]
async fn a_name_that_could_be_taken_for_anothers_is_refused() {
    let app = TestApp::with(OPEN).await;
    for name in ["Notes on the web", "NOTES on the web!", "Nоtes on the web", "Reef", "Gatepost", "Gаtepost"]
    {
        let answer = register(&app, None, metadata(&json!({ "client_name": name }))).await;
        assert_eq!(brief(&answer), "400 invalid_client_metadata", "{name}");
    }
    for name in ["Notes on the phone", "Заметки", "Reader"] {
        assert_eq!(
            brief(&register(&app, None, metadata(&json!({ "client_name": name }))).await),
            "201",
            "{name}"
        );
    }
}

#[tokio::test]
async fn people_are_told_that_nobody_has_checked_who_registered() {
    let app = TestApp::with(&realm_with("open")).await;
    let browser = ada(&app).await;
    let open = Client::new(&app, &json!({})).await;
    let page = rp::open(&browser, &open.asking()).await;
    assert!(page.html().contains("id=\"unchecked\"") && page.html().contains("Reader"), "{}", page.html());
    let admin = app.admin().await;
    let fresh = initial_access_token(&app, &admin, json!({})).await;
    let made = register(&app, fresh["secret"].as_str(), metadata(&json!({}))).await;
    let asking = open.asking().with("client_id", &made.text("client_id"));
    let page = rp::open(&browser, &asking).await;
    assert!(page.html().contains("consent-approve") && !page.html().contains("id=\"unchecked\""));
}

#[tokio::test]
async fn a_public_client_that_registered_itself_must_use_pkce_and_a_confidential_one_pkce_or_a_nonce() {
    let app = TestApp::with(OPEN).await;
    let browser = ada(&app).await;
    let public = Client::new(&app, &json!({ "token_endpoint_auth_method": "none" })).await;
    assert!(!public.information.contains_key("client_secret"));
    let refused = rp::returned(&rp::open(&browser, &public.asking()).await);
    assert_eq!(refused["error"], "invalid_request");
    public.tokens(&browser, &rp::asking().with("client_id", public.id())).await;
    let confidential = Client::new(&app, &json!({})).await;
    confidential.tokens(&browser, &confidential.asking()).await;
    for without in [confidential.asking().without("nonce"), confidential.asking().with("scope", "notes:read")]
    {
        let refused = rp::returned(&rp::open(&browser, &without).await);
        assert_eq!(refused["error"], "invalid_request");
    }
}

#[tokio::test]
async fn as_many_clients_register_as_the_realm_takes_and_the_unused_make_room() {
    let limited = OPEN.replace(
        "client_registration = \"open\"",
        "client_registration = \"open\"\nclient_registration_limit = 2",
    );
    let app = TestApp::with(&limited).await;
    let used = Client::new(&app, &json!({})).await;
    used.tokens(&ada(&app).await, &used.asking()).await;
    let unused = Client::new(&app, &json!({})).await;
    assert_eq!(brief(&register(&app, None, metadata(&json!({}))).await), "403 access_denied");
    app.clean_up().await;
    assert_eq!(brief(&register(&app, None, metadata(&json!({}))).await), "403 access_denied");
    app.advance(Duration::from_hours(24 * 7 + 1));
    app.clean_up().await;
    assert_eq!(brief(&register(&app, None, metadata(&json!({}))).await), "201");
    let read = async |client: &Client<'_>| {
        brief(&client.manage(Method::GET, client.text("registration_access_token"), None).await)
    };
    assert_eq!((read(&used).await.as_str(), read(&unused).await.as_str()), ("200", "401 invalid_token"));
}

#[tokio::test]
async fn one_address_registers_a_hundred_clients_an_hour() {
    let app = TestApp::with(OPEN).await;
    // Refused ones count: they make us fetch.
    let bad = metadata(&json!({ "redirect_uris": [] }));
    for _ in 0..100 {
        assert_eq!(brief(&register(&app, None, bad.clone()).await), "400 invalid_redirect_uri");
    }
    let answer = register(&app, None, metadata(&json!({}))).await;
    assert_eq!(answer.brief(), "429 too_many_attempts");
    assert!(answer.header("retry-after").is_some());
    app.advance(Duration::from_hours(1));
    assert_eq!(brief(&register(&app, None, metadata(&json!({}))).await), "201");
}

#[tokio::test]
async fn oa_02_no_member_takes_an_address_that_could_be_turned_against_people() {
    let app = TestApp::with(OPEN).await;
    let tricks = [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "http://app.test/",
        "https://app.test/#x",
        "https://*.app.test/",
        "https://u:p@app.test/",
        "HTTPS://app.test/",
    ];
    for trick in tricks {
        for member in [
            "logo_uri",
            "policy_uri",
            "tos_uri",
            "client_uri",
            "initiate_login_uri",
            "backchannel_logout_uri",
        ] {
            let answer = register(&app, None, metadata(&json!({ member: trick }))).await;
            assert_eq!(brief(&answer), "400 invalid_client_metadata", "{member} {trick}");
        }
        let answer = register(&app, None, metadata(&json!({ "redirect_uris": [trick] }))).await;
        assert_eq!(brief(&answer), "400 invalid_redirect_uri", "{trick}");
        let answer = register(&app, None, metadata(&json!({ "post_logout_redirect_uris": [trick] }))).await;
        assert_eq!(brief(&answer), "400 invalid_client_metadata", "{trick}");
        // So many in an hour are counted.
        app.advance(Duration::from_hours(1));
    }
}

#[tokio::test]
async fn oa_21_people_are_asked_before_a_client_that_registered_itself_gets_anything() {
    let app = TestApp::with(OPEN).await;
    let client = Client::new(&app, &json!({ "skip_consent": true })).await;
    let browser = ada(&app).await;
    let silent = rp::returned(&rp::open(&browser, &client.asking().with("prompt", "none")).await);
    assert_eq!(silent["error"], "consent_required");
    assert!(rp::open(&browser, &client.asking()).await.html().contains("consent-approve"));
    client.tokens(&browser, &client.asking()).await;
    let wider = client.asking().with("scope", "openid email offline_access");
    assert!(rp::open(&browser, &wider).await.html().contains("consent-approve"), "and again for more");
}

#[tokio::test]
async fn in_01_a_client_that_registered_itself_learns_of_its_own_tokens_only() {
    let app = TestApp::with(OPEN).await;
    let (client, other) = (Client::new(&app, &json!({})).await, Client::new(&app, &json!({})).await);
    let tokens = client.tokens(&ada(&app).await, &client.asking()).await;
    for token in [tokens.text("access_token"), tokens.text("refresh_token")] {
        let ask =
            async |asking: &Client<'_>| asking.post("/oauth/introspect", &[("token", &token)]).await.json();
        assert_eq!(ask(&client).await["active"], true);
        assert_eq!(ask(&other).await, json!({ "active": false }));
    }
}
