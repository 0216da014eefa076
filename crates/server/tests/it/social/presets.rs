//! Providers whose ways are their own.

use axum::{
    body::Body,
    http::{Method, Request},
};
use gatepost_jose::{Algorithm, KeySet, SigningKey, jws};
use serde_json::{Value, json};

use super::{Canned, Provider, ada, choose, parameters, users, who};
use crate::{pages::browser::Browser, support::TestApp};

/// A realm with a provider of a preset, which is asked where the test is.
async fn of_preset(preset: &str, more: &str, file: Option<(&str, &str)>) -> (TestApp, Provider) {
    let provider = Provider::new().await;
    let app = TestApp::new().await;
    if let Some((name, content)) = file {
        std::fs::write(app.data_dir().parent().unwrap().join(name), content).unwrap();
    }
    app.apply(&format!(
        "[[realm]]\nname = \"default\"\n[[realm.provider]]\nid = \"acme\"\npreset = \"{preset}\"\nissuer = \"{}\"\n\
         client_id = \"ours\"\ntrust_email = true\n{more}",
        provider.address
    ))
    .await;
    (app, provider)
}

#[tokio::test]
async fn github_says_at_its_api_who_somebody_is_and_only_a_verified_primary_address_counts() {
    let (app, provider) = of_preset("github", "client_secret = \"a secret of ours\"\n", None).await;
    let now = app.clock.now().unix_seconds();
    provider.put(
        "api/v3/user",
        Canned::json(&json!({ "id": 583_231, "login": "octocat", "name": "Grace Hopper",
        "email": "ada@example.com" })),
    );
    let emails = |primary: &str, verified: bool| {
        Canned::json(&json!([
            { "email": "second@example.com", "primary": false, "verified": true, "visibility": null },
            { "email": primary, "primary": true, "verified": verified, "visibility": "private" },
        ]))
    };
    provider.put("api/v3/user/emails", emails("grace@example.com", false));
    let browser = Browser::new(&app);
    let page = browser.get("/sign-in").await;
    assert!(page.html().contains("aria-label=\"Continue with GitHub\""), "{}", page.html());
    let url = choose(&browser, "/sign-in", "with-acme").await;
    let asked = parameters(&url);
    assert!(url.starts_with(&format!("{}/login/oauth/authorize?", provider.address)), "{url}");
    assert_eq!((asked["scope"].as_str(), asked.contains_key("nonce")), ("read:user user:email", false));
    let answer = browser.get(&provider.sends_back(&url, &json!({}), now)).await;
    assert!(answer.status == 403 && answer.problem().contains("tell us your e-mail"), "{}", answer.html());
    provider.put("api/v3/user/emails", emails("grace@example.com", true));
    let url = choose(&browser, "/sign-in", "with-acme").await;
    assert_eq!(browser.get(&provider.sends_back(&url, &json!({}), now)).await.status, 303);
    assert_eq!(who(&browser).await.as_deref(), Some("grace@example.com"));
    assert_eq!(provider.redeemed().1["client_secret"], "a secret of ours");
    let made = &users(&app).await[0];
    assert_eq!((&made["email_verified"], &made["name"]), (&json!(true), &json!("Grace Hopper")));
    // Refused with 200, as GitHub does.
    let refused = json!({ "error": "bad_verification_code", "error_description": "…" });
    provider.put("login/oauth/access_token", Canned::json(&refused));
    let browser = Browser::new(&app);
    let url = choose(&browser, "/sign-in", "with-acme").await;
    assert_eq!(browser.get(&provider.sends_back(&url, &json!({}), now)).await.status, 403);
}

#[tokio::test]
async fn apple_is_shown_a_signature_and_sends_people_back_by_a_form() {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        data_encoding::BASE64.encode(&key.to_bytes())
    );
    let more = "team_id = \"TEAM123456\"\nkey_id = \"KEY1234567\"\nprivate_key_file = \"AuthKey.p8\"\n";
    let (app, provider) = of_preset("apple", more, Some(("AuthKey.p8", &pem))).await;
    let browser = Browser::new(&app);
    let url = choose(&browser, "/sign-in", "with-acme").await;
    let asked = parameters(&url);
    assert_eq!(
        (asked["response_mode"].as_str(), asked["scope"].as_str()),
        ("form_post", "openid email name")
    );
    let claims = ada(&json!({ "email": "grace@example.com", "email_verified": "true", "name": null }));
    let back = provider.sends_back(&url, &claims, app.clock.now().unix_seconds());
    let (path, query) = back.split_once('?').unwrap();
    let user = json!({ "name": { "firstName": "Grace", "lastName": "Hopper" }, "email": "eve@example.com" });
    let user: String = url::form_urlencoded::byte_serialize(user.to_string().as_bytes()).collect();
    // From Apple's page, to which a browser sends no cookie of ours.
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("host", "127.0.0.1:8400")
        .header("origin", &provider.address)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(format!("{query}&user={user}")))
        .unwrap();
    let answer = app.send(request).await;
    assert_eq!(answer.status, 303);
    assert!(answer.header("set-cookie").is_none());
    let answer = browser.get(&format!("{path}{}", answer.location())).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/account/profile"));
    let made = &users(&app).await[0];
    assert_eq!(
        (&made["email"], &made["email_verified"], &made["name"]),
        (&json!("grace@example.com"), &json!(true), &json!("Grace Hopper"))
    );
    // The secret is signed anew each time, for Apple.
    let (authorization, form) = provider.redeemed();
    let keys = KeySet::from(key.with_kid("KEY1234567").verifying_key());
    let payload = jws::verify_compact(&form["client_secret"], &keys, &[Algorithm::ES256]).unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!((authorization, &claims["iss"], &claims["sub"]), (None, &json!("TEAM123456"), &json!("ours")));
    assert_eq!(claims["aud"], provider.address);
}

#[tokio::test]
async fn so_02_an_account_of_another_tenant_is_not_let_in() {
    let (ours, other) = ("0f0f0f0f-1111-2222-3333-444444444444", "aaaaaaaa-1111-2222-3333-444444444444");
    let more = format!("client_secret = \"x\"\ntenant = \"organizations\"\ntenants = [\"{ours}\"]\n");
    let (app, provider) = of_preset("microsoft", &more, None).await;
    let mut metadata = provider.metadata();
    metadata["issuer"] = json!(format!("{}/{{tenantid}}/v2.0", provider.address));
    metadata["authorization_response_iss_parameter_supported"] = json!(false);
    provider.put("organizations/v2.0/.well-known/openid-configuration", Canned::json(&metadata));
    let enter = async |iss: String, tid: &str, changes: Value| {
        let browser = Browser::new(&app);
        let url = choose(&browser, "/sign-in", "with-acme").await;
        let mut claims = json!({ "sub": "s", "iss": iss, "tid": tid, "email": "grace@example.com" });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let back = provider.sends_back(&url, &claims, app.clock.now().unix_seconds());
        browser.get(&back).await.status.as_u16()
    };
    let of = |tid: &str| format!("{}/{tid}/v2.0", provider.address);
    assert_eq!(enter(of(other), other, json!({})).await, 403);
    assert_eq!(enter(of(ours), other, json!({})).await, 403);
    assert_eq!(enter(of(other), ours, json!({})).await, 403);
    assert_eq!(enter("https://evil.test".into(), ours, json!({})).await, 403);
    assert!(users(&app).await.is_empty());
    assert_eq!(enter(of(ours), ours, json!({ "email_verified": true })).await, 303);
    // Whoever administers a tenant writes any address: it is a claim.
    assert_eq!(users(&app).await[0]["email_verified"], false);
}
