//! What a client that registers itself may be.

use super::*;

/// The errors of RFC 7591 section 3.2.2.
#[tokio::test]
async fn dc_01_what_goes_beyond_the_policy_is_refused() {
    let app = TestApp::with(OPEN).await;
    for (changes, error) in [
        (json!({ "grant_types": ["client_credentials"] }), "invalid_client_metadata"),
        (json!({ "grant_types": ["authorization_code", "password"] }), "invalid_client_metadata"),
        (json!({ "scope": "openid account" }), "invalid_client_metadata"),
        (json!({ "scope": "notes:write" }), "invalid_client_metadata"),
        (json!({ "token_endpoint_auth_method": "tls_client_auth" }), "invalid_client_metadata"),
        (json!({ "jwks": { "keys": [{ "kty": "oct", "k": "AA" }] } }), "invalid_client_metadata"),
        (json!({ "client_name": "a\u{202e}b" }), "invalid_client_metadata"),
        (json!({ "redirect_uris": null }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["http://app.test/cb"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["https://*.app.test/cb"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["javascript:alert(1)"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": "https://app.test/cb" }), "invalid_redirect_uri"),
    ] {
        let answer = register(&app, None, metadata(&changes)).await;
        assert_eq!(brief(&answer), format!("400 {error}"), "{changes}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let (member, _) = changes.as_object().unwrap().iter().next().unwrap();
        assert!(answer.text("error_description").contains(&format!("`{member}`")), "{answer:?}");
    }
    for body in [json!([]), json!("x"), json!(1)] {
        assert_eq!(brief(&register(&app, None, body).await), "400 invalid_client_metadata");
    }
    let mut form = request(Method::POST, "/oauth/register", None, Some(json!({})));
    form.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(brief(&app.send(form).await), "400 invalid_client_metadata");
}

#[tokio::test]
async fn dc_01_addresses_that_lead_inward_are_refused_and_none_is_read_through_a_redirect() {
    let app = TestApp::with(OPEN).await;
    for member in ["jwks_uri", "sector_identifier_uri", "logo_uri", "client_uri", "policy_uri", "tos_uri"] {
        for inward in ["https://169.254.169.254/latest/meta-data", "https://[fe80::1]/", "https://0.0.0.0/"] {
            let answer = register(&app, None, metadata(&json!({ member: inward }))).await;
            assert_eq!(brief(&answer), "400 invalid_client_metadata", "{member} {inward}");
        }
    }
    let published = Published::new().await;
    published.put("sector", &json!([CALLBACK]));
    let redirected = published.put("redirected", &json!(format!("-> {}", published.url("sector"))));
    let missing = published.url("missing");
    let mut told = Vec::new();
    for uri in [redirected, missing, published.put("other", &json!(["https://other.test/"]))] {
        let answer = register(&app, None, metadata(&json!({ "sector_identifier_uri": uri }))).await;
        assert_eq!(brief(&answer), "400 invalid_client_metadata");
        told.push(answer.text("error_description"));
    }
    told.dedup();
    assert_eq!((told.len(), published.read("sector")), (1, 0), "what is there is not told: {told:?}");
}

#[tokio::test]
async fn dc_01_a_change_is_judged_by_what_the_client_would_be() {
    let app = TestApp::with(OPEN).await;
    let (client, other) = (Client::new(&app, &json!({})).await, Client::new(&app, &json!({})).await);
    let (token, secret) = (client.text("registration_access_token"), client.text("client_secret"));
    let change = async |token: &str, changes: Value| {
        let mut body = metadata(&changes);
        if changes.get("client_id").is_none() {
            body["client_id"] = json!(client.id());
        }
        brief(&client.manage(Method::PUT, token, Some(body)).await)
    };
    for (changes, expected) in [
        (
            json!({ "grant_types": ["authorization_code", "client_credentials"], "scope": "notes:read" }),
            "400 invalid_client_metadata",
        ),
        (
            json!({ "grant_types": ["urn:ietf:params:oauth:grant-type:token-exchange"], "response_types": null }),
            "400 invalid_client_metadata",
        ),
        (json!({ "scope": "account" }), "400 invalid_client_metadata"),
        (json!({ "redirect_uris": ["http://evil.test/"] }), "400 invalid_redirect_uri"),
        (json!({ "jwks_uri": "https://169.254.169.254/" }), "400 invalid_client_metadata"),
        (json!({ "client_name": "Notes on the Web" }), "400 invalid_client_metadata"),
        (json!({ "client_id": other.id() }), "400 invalid_client_metadata"),
        (json!({ "client_id": null }), "400 invalid_client_metadata"),
        (json!({ "client_secret": "another" }), "400 invalid_client_metadata"),
        (json!({ "registration_access_token": token }), "400 invalid_client_metadata"),
        (json!({ "client_id_issued_at": 1 }), "400 invalid_client_metadata"),
        (json!({ "client_secret": secret }), "200"),
    ] {
        assert_eq!(change(token, changes.clone()).await, expected, "{changes}");
    }
    // Another client's token, another kind of token, none.
    let browser = ada(&app).await;
    let tokens = client.tokens(&browser, &client.asking()).await;
    for wrong in [other.text("registration_access_token"), &tokens.text("access_token"), secret, "x"] {
        assert_eq!(change(wrong, json!({})).await, "401 invalid_token");
    }
    let path = client.text("registration_client_uri").strip_prefix(rp::ISSUER).unwrap();
    let nobody = app.get(path).await;
    assert_eq!(
        (brief(&nobody).as_str(), nobody.header("www-authenticate")),
        ("401 invalid_token", Some("Bearer"))
    );
    assert_eq!(brief(&app.get("/oauth/register/web").await), "401 invalid_token");

    // Closing registration takes nobody's client away, nor what an administrator gave it.
    let admin = app.admin().await;
    let admins = json!({ "settings": { "scopes": ["openid", "notes:write"], "skip_consent": true } });
    let path = format!("/api/v1/admin/clients/{}", client.id());
    assert_eq!(app.ask(&admin, Method::PATCH, &path, Some(admins)).await.status, 200);
    app.apply(&realm_with("closed")).await;
    assert_eq!(change(token, json!({ "scope": "openid notes:write" })).await, "200");
    let shown = app.ask(&admin, Method::GET, &path, None).await.json();
    assert_eq!((&shown["settings"]["skip_consent"], &shown["origin"]), (&json!(true), &json!("open")));
    // Whom the administrator trusts stays whom they trust.
    for change_of in [
        json!({ "redirect_uris": ["https://elsewhere.test/cb"] }),
        json!({ "token_endpoint_auth_method": "none" }),
        json!({ "jwks_uri": "https://elsewhere.test/keys", "token_endpoint_auth_method": "private_key_jwt" }),
        json!({ "client_name": "Reader of another" }),
        json!({ "backchannel_logout_uri": "https://elsewhere.test/out" }),
    ] {
        let mut changes = change_of.clone();
        changes["scope"] = json!("openid");
        let moves = change_of.get("redirect_uris").is_some();
        let expected = if moves { "400 invalid_redirect_uri" } else { "400 invalid_client_metadata" };
        assert_eq!(change(token, changes).await, expected, "{change_of}");
    }
    assert_eq!(change(token, json!({ "scope": "openid", "contacts": ["dev@reader.test"] })).await, "200");
    let untrusted = json!({ "settings": { "scopes": ["openid"], "skip_consent": false } });
    assert_eq!(app.ask(&admin, Method::PATCH, &path, Some(untrusted)).await.status, 200);
    app.advance(Duration::from_secs(2));
    let public = json!({ "token_endpoint_auth_method": "none", "scope": "openid" });
    assert_eq!(change(token, public).await, "200");
    // And back: it is given a secret again, which it never had.
    let mut confidential = metadata(&json!({ "scope": "openid" }));
    confidential["client_id"] = json!(client.id());
    let answer = client.manage(Method::PUT, token, Some(confidential)).await;
    assert!(answer.text("client_secret").starts_with("gp_cs_") && answer.text("client_secret") != secret);
    assert_eq!(
        rp::error(&client.refresh(&tokens.text("refresh_token")).await),
        "401 invalid_client",
        "the secret before is gone"
    );
}

/// DC-01: people agreed to be sent back to a host; with another one they are asked again.
#[tokio::test]
async fn dc_01_a_client_that_moves_is_agreed_to_anew() {
    let app = TestApp::with(OPEN).await;
    let client = Client::new(&app, &json!({})).await;
    let browser = ada(&app).await;
    client.tokens(&browser, &client.asking()).await;
    let silent = || client.asking().with("prompt", "none");
    assert!(rp::returned(&rp::open(&browser, &silent()).await).contains_key("code"));
    let token = client.text("registration_access_token");
    let mut same = metadata(&json!({ "contacts": ["dev@reader.test"] }));
    same["client_id"] = json!(client.id());
    assert_eq!(brief(&client.manage(Method::PUT, token, Some(same.clone())).await), "200");
    assert!(rp::returned(&rp::open(&browser, &silent()).await).contains_key("code"));
    same["redirect_uris"] = json!(["https://elsewhere.test/cb"]);
    assert_eq!(brief(&client.manage(Method::PUT, token, Some(same)).await), "200");
    let moved = silent().with("redirect_uri", "https://elsewhere.test/cb");
    assert_eq!(rp::returned(&rp::open(&browser, &moved).await)["error"], "consent_required");
}

/// DC-01: each change may make us fetch, and is kept in the trail.
#[tokio::test]
async fn dc_01_a_client_changes_sixty_times_an_hour() {
    let app = TestApp::with(OPEN).await;
    let client = Client::new(&app, &json!({})).await;
    let token = client.text("registration_access_token");
    let change = async |number: u32| {
        let mut sent = metadata(&json!({ "contacts": [format!("dev{number}@reader.test")] }));
        sent["client_id"] = json!(client.id());
        client.manage(Method::PUT, token, Some(sent)).await.status.as_u16()
    };
    for number in 0..60 {
        assert_eq!(change(number).await, 200, "{number}");
    }
    assert_eq!(change(60).await, 429);
    app.advance(Duration::from_mins(61));
    assert_eq!(change(61).await, 200);
}
