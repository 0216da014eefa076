//! What of a person's rights an application gets: what its scopes name, and everything only where it is one's own.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, request};

use super::relying_party::{self as rp, ada};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A realm with one client; Ada administers the realm, and reads and writes notes, in an organization too.
fn realm(own: bool, scopes: &str) -> String {
    let scopes: Vec<&str> = scopes.split(' ').collect();
    format!(
        r#"
[[realm]]
name = "default"
audience = ["notes-api", "web"]
organization_roles = ["writer"]
[[realm.role]]
name = "writer"
permissions = ["notes:read", "notes:write"]
[[realm.client]]
id = "web"
secret = "{}"
redirect_uris = ["https://app.test/cb"]
scopes = {scopes:?}
grants = ["authorization_code", "refresh_token", "{EXCHANGE}"]
skip_consent = {own}
[[realm.user]]
email = "ada@example.com"
username = "ada"
name = "Ada Lovelace"
password = "the engine weaves algebra"
email_verified = true
roles = ["writer", "realm-admin"]
[[realm.organization]]
slug = "acme"
name = "Acme"
members = [{{ user = "ada@example.com", roles = ["owner", "writer"] }}]
"#,
        rp::SECRET
    )
}

/// What the client gets for Ada who agreed to `asked`.
async fn tokens(app: &TestApp, asked: &str) -> Answer {
    let browser = ada(app).await;
    let code = rp::code(&browser, &rp::asking().with("scope", asked)).await;
    rp::redeem(app, &code).await
}

/// `roles`, then `permissions`, in words.
fn rights(answer: &Answer) -> (String, String) {
    let claims = rp::claims(&answer.text("access_token"));
    let words = |name: &str| {
        let mut words: Vec<&str> =
            claims[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        words.sort_unstable();
        words.join(" ")
    };
    (words("roles"), words("permissions"))
}

/// OA-22: what a person was not asked about reaches no application but one's own.
#[tokio::test]
async fn oa_22_an_application_has_the_rights_that_its_scopes_name() {
    let (all, both) = ("realm-admin writer", "notes:read notes:write");
    for (own, scopes, asked, roles, permissions) in [
        (false, "openid", "openid", "", ""),
        (false, "openid email", "openid email", "", ""),
        (false, "openid roles notes:read", "openid", "", ""),
        (false, "openid roles notes:read", "openid notes:read", "", "notes:read"),
        (false, "openid roles notes:read", "openid roles", all, ""),
        (false, "openid roles notes:*", "openid roles notes:read", all, "notes:read"),
        (true, "openid", "openid", all, both),
        (true, "openid notes:read", "openid", all, ""),
        (true, "openid roles", "openid", "", both),
        (true, "openid roles", "openid roles", all, both),
    ] {
        let app = TestApp::with(&realm(own, scopes)).await;
        let got = rights(&tokens(&app, asked).await);
        assert_eq!(got, (roles.to_owned(), permissions.to_owned()), "own: {own}, {scopes}, {asked}");
    }
}

/// OA-22, RT-08: a refresh for less leaves less, and one for all again what was agreed on.
#[tokio::test]
async fn oa_22_a_refresh_without_roles_has_none() {
    let app = TestApp::with(&realm(false, "openid roles notes:read")).await;
    let held = tokens(&app, "openid roles notes:read").await;
    let less = rp::refresh(&app, &held.text("refresh_token"), &[("scope", "openid notes:read")]).await;
    assert_eq!(rights(&less), (String::new(), "notes:read".to_owned()));
    let again = rp::refresh(&app, &less.text("refresh_token"), &[]).await;
    assert_eq!(rights(&again), ("realm-admin writer".to_owned(), "notes:read".to_owned()));
}

/// OA-22, AK-04: to manage an account is not to use its rights, nor to make keys that do.
#[tokio::test]
async fn oa_22_an_application_without_roles_uses_and_gives_on_none() {
    let app = TestApp::with(&realm(false, "openid account roles")).await;
    let key = || Some(json!({"name": "kept", "scopes": ["notes:read"]}));
    let new = || Some(json!({"slug": "other", "name": "Other"}));
    let ended = || Some(json!({"everywhere": true, "revoke_api_keys": true}));
    let scope = "403 insufficient_scope";
    let never = "403 not_for_applications";
    let routes = [
        (Method::GET, "/api/v1/me", None, "200", "200"),
        (Method::GET, "/api/v1/me/sessions", None, "200", "200"),
        (Method::POST, "/api/v1/me/api-keys", key(), scope, never),
        (Method::GET, "/api/v1/me/api-keys", None, scope, never),
        (Method::POST, "/api/v1/logout", ended(), never, never),
        (Method::POST, "/api/v1/me/identities/idn_00000000000000000000000000/token", None, never, never),
        (Method::POST, "/api/v1/me/organization", Some(json!({"organization": null})), never, never),
        (Method::POST, "/api/v1/me/email", Some(json!({"email": "mallory@example.com"})), never, never),
        (Method::POST, "/api/v1/organizations", new(), scope, "201"),
        (Method::GET, "/api/v1/organizations", None, scope, "200"),
        (Method::GET, "/api/v1/admin/users", None, scope, "200"),
        (Method::GET, "/api/v1/admin/audit", None, scope, "200"),
    ];
    let without = tokens(&app, "openid account").await.text("access_token");
    let with = tokens(&app, "openid account roles").await.text("access_token");
    for (method, path, body, expected, entitled) in routes {
        let ask =
            async |token: &str| app.send(request(method.clone(), path, Some(token), body.clone())).await;
        let answer = ask(&without).await;
        assert_eq!(answer.brief(), expected, "{method} {path}: {answer:?}");
        if expected == scope {
            let challenge = answer.header("www-authenticate");
            assert_eq!(challenge, Some(r#"Bearer error="insufficient_scope", scope="account roles""#));
        }
        assert_eq!(ask(&with).await.brief(), entitled, "{method} {path}");
    }
    // What the client has lost since counts at once.
    app.apply(&realm(false, "openid account")).await;
    app.advance(std::time::Duration::from_secs(2));
    let answer = app.send(request(Method::GET, "/api/v1/admin/users", Some(&with), None)).await;
    assert_eq!(answer.brief(), scope);
    // One's own has everything.
    let app = TestApp::with(&realm(true, "openid account")).await;
    let own = tokens(&app, "openid account").await.text("access_token");
    let answer = app.send(request(Method::POST, "/api/v1/me/api-keys", Some(&own), key())).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}

/// AK-05: two credentials are none, here as in the guards.
#[tokio::test]
async fn ak_05_a_token_beside_a_key_is_refused() {
    let app = TestApp::new().await;
    let ada = app.person("ada@example.com").await;
    let mut both = request(Method::GET, "/api/v1/me", Some(&ada.access_token), None);
    both.headers_mut().insert("x-api-key", "gp_key_x".parse().unwrap());
    assert_eq!(app.send(both).await.brief(), "401 invalid_token");
}

/// Exchanges a token for one of an organization.
async fn in_organization(app: &TestApp, held: &Answer) -> Answer {
    let admin = app.sign_in("ada@example.com").await;
    let organizations = app.ask(&admin, Method::GET, "/api/v1/organizations", None).await.json();
    let organization = organizations["organizations"][0]["id"].as_str().expect("acme").to_owned();
    let token = held.text("access_token");
    let form = [
        ("grant_type", EXCHANGE),
        ("subject_token_type", TOKEN),
        ("subject_token", token.as_str()),
        ("organization_id", organization.as_str()),
    ];
    rp::token(app, None, &form).await
}

/// OA-22: nor does it get them by way of an organization.
#[tokio::test]
async fn oa_22_an_exchange_for_an_organization_gives_no_more() {
    for (own, scopes, asked, roles, permissions) in [
        (false, "openid notes:read roles", "openid", "", ""),
        (false, "openid notes:read roles", "openid notes:read", "", "notes:read"),
        (false, "openid notes:read roles", "openid roles", "owner writer", ""),
        (true, "openid", "openid", "owner writer", "notes:read notes:write"),
    ] {
        let app = TestApp::with(&realm(own, scopes)).await;
        let exchanged = in_organization(&app, &tokens(&app, asked).await).await;
        let got = rights(&exchanged);
        assert_eq!(got, (roles.to_owned(), permissions.to_owned()), "own: {own}, {scopes}, {asked}");
    }
}

/// TX-01: nor by an exchange of a token that Ada got by signing in here.
#[tokio::test]
async fn tx_01_an_exchange_passes_roles_on_to_who_may_have_them() {
    let (all, both) = ("realm-admin writer", "notes:read notes:write");
    for (own, scopes, asked, roles, permissions) in [
        (false, "email roles", "email", "", ""),
        (false, "email roles", "roles", all, ""),
        (false, "email roles notes:*", "roles notes:read", all, "notes:read"),
        (true, "email", "email", all, both),
        (true, "email notes:read", "email", all, ""),
    ] {
        let app = TestApp::with(&realm(own, scopes)).await;
        let token = app.sign_in("ada@example.com").await.access_token;
        let form = [
            ("grant_type", EXCHANGE),
            ("subject_token_type", TOKEN),
            ("subject_token", token.as_str()),
            ("scope", asked),
        ];
        let got = rights(&rp::token(&app, Some(("web", rp::SECRET)), &form).await);
        assert_eq!(got, (roles.to_owned(), permissions.to_owned()), "own: {own}, {scopes}, {asked}");
    }
}

/// RV-01: what an application exchanged for an organization ends with what it holds.
#[tokio::test]
async fn rv_01_what_was_exchanged_for_an_organization_ends_with_the_authorization() {
    let app = TestApp::with(&realm(false, "openid notes:read")).await;
    let held = tokens(&app, "openid notes:read").await;
    let exchanged = in_organization(&app, &held).await.text("access_token");
    let client = ("web", rp::SECRET);
    let is_active = async || {
        rp::post(&app, "/oauth/introspect", client, &[("token", &exchanged)]).await.json()["active"].clone()
    };
    assert_eq!(is_active().await, true);
    let refresh = held.text("refresh_token");
    assert_eq!(rp::post(&app, "/oauth/revoke", client, &[("token", &refresh)]).await.status, 200);
    assert_eq!(is_active().await, false);
}

/// IN-01, OA-22: roles that a client may not ask for any more are in no answer about its token.
#[tokio::test]
async fn oa_22_roles_end_with_the_scope_that_gave_them() {
    let app = TestApp::with(&realm(false, "openid roles notes:read")).await;
    let access = tokens(&app, "openid roles").await.text("access_token");
    let told = async || {
        let client = ("web", rp::SECRET);
        rp::post(&app, "/oauth/introspect", client, &[("token", &access)]).await.json()
    };
    assert_eq!(told().await["roles"], json!(["writer", "realm-admin"]));
    app.apply(&realm(false, "openid notes:read")).await;
    app.advance(std::time::Duration::from_secs(2));
    let left = told().await;
    assert_eq!(
        (&left["active"], &left["scope"], &left["roles"]),
        (&json!(true), &json!("openid"), &Value::Null)
    );
}
