//! Clients whose tokens are in the format of Scalekit, and what applications written for it ask for.

mod claims;
mod grpc;
mod listed;
mod logout;
mod organizations;
mod providers;
mod sessions;
mod told;

use axum::{
    body::Body,
    http::{Request, header},
};

use crate::{
    pages::browser::Browser,
    support::{Answer, TestApp},
};

use super::relying_party as rp;

const CALLBACK: &str = "http://localhost:8000/auth/callback";
const HOME: &str = "http://localhost:8000";
const SECRET: &str = "test_0123456789abcdefghijklmnopqrstuvwxyz";
const ASKED: &str = "openid profile email offline_access";

/// A realm that signs with ES256, with an application of the house that was written for Scalekit, and one that was not.
pub const REALM: &str = r#"
[[realm]]
name = "default"
audience = ["notes-api"]
organization_roles = ["editor"]
[[realm.role]]
name = "editor"
permissions = ["notes:write"]
[[realm.role]]
name = "reader"
permissions = ["notes:read"]
[[realm.client]]
id = "skc_app"
secret = "test_0123456789abcdefghijklmnopqrstuvwxyz"
name = "Application"
redirect_uris = ["http://localhost:8000/auth/callback"]
post_logout_redirect_uris = ["http://localhost:8000"]
grants = ["authorization_code", "refresh_token", "client_credentials"]
scopes = ["openid", "profile", "email", "offline_access"]
token_format = "scalekit"
skip_consent = true
require_pkce = false
[[realm.client]]
id = "skc_other"
secret = "test_9876543210abcdefghijklmnopqrstuvwxyz"
redirect_uris = ["https://other.test/cb"]
post_logout_redirect_uris = ["https://other.test/bye"]
grants = ["client_credentials"]
scopes = ["openid", "reports"]
token_format = "scalekit"
[[realm.client]]
id = "web"
secret = "a-secret-of-the-web-app-0123456789"
redirect_uris = ["https://app.test/cb"]
post_logout_redirect_uris = ["https://app.test/bye"]
scopes = ["openid", "profile", "email", "offline_access", "roles"]
[[realm.user]]
email = "ada@example.com"
username = "ada"
name = "Ada Lovelace"
password = "the engine weaves algebra"
email_verified = true
roles = ["reader"]
[[realm.user]]
email = "bob@example.com"
username = "bob"
password = "the engine weaves algebra"
[[realm.organization]]
slug = "acme"
name = "Acme"
members = [{ user = "ada@example.com", roles = ["owner", "editor"] }]
"#;

/// What such an application sends the browser to: neither a state nor a challenge.
fn asking() -> rp::Asking {
    let usual =
        [("response_type", "code"), ("client_id", "skc_app"), ("redirect_uri", CALLBACK), ("scope", ASKED)];
    rp::Asking(usual.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
}

/// Asks the token endpoint as the Python library does: id and secret in the form, with the token of the application itself in the header.
async fn token(app: &TestApp, bearer: Option<&str>, form: &[(&str, &str)]) -> Answer {
    let mut all = vec![("client_id", "skc_app"), ("client_secret", SECRET)];
    all.extend(form);
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(all).finish();
    let mut request = Request::post("/oauth/token")
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("x-api-version", "20261012");
    if let Some(bearer) = bearer {
        request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
    }
    app.send(request.body(Body::from(body)).unwrap()).await
}

/// The tokens of Ada, who signs in for it in this browser.
async fn tokens(browser: &Browser<'_>, asking: &rp::Asking) -> Answer {
    let code = rp::code(browser, asking).await;
    let form = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", CALLBACK)];
    token(browser.app, None, &form).await
}

async fn refresh(app: &TestApp, refresh_token: &str) -> Answer {
    token(app, None, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
}

/// The id of Acme.
async fn acme(app: &TestApp) -> String {
    let ada = app.sign_in("ada@example.com").await;
    let all = app.ask(&ada, axum::http::Method::GET, "/api/v1/organizations", None).await.json();
    all["organizations"][0]["id"].as_str().unwrap_or_else(|| panic!("no organization in {all}")).to_owned()
}
