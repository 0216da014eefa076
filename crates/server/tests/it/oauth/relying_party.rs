//! A client of the provider: it sends a browser to sign in, and redeems what comes back.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use axum::{
    body::Body,
    http::{Method, Request, header},
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use gatepost_jose::dangerous_decode_without_verifying;
use serde_json::Value;

use crate::{
    pages::browser::Browser,
    support::{Answer, TestApp},
};

pub const ISSUER: &str = "http://127.0.0.1:8400";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CALLBACK: &str = "https://app.test/cb";
pub const SECRET: &str = "a-secret-of-the-web-app-0123456789";

/// A realm with a confidential client, a public one, and one of the house.
pub const REALM: &str = r#"
[[realm]]
name = "default"
audience = ["notes-api", "files-api"]
[[realm.role]]
name = "reader"
permissions = ["notes:read"]
[[realm.client]]
id = "web"
secret = "a-secret-of-the-web-app-0123456789"
name = "Web app"
redirect_uris = ["https://app.test/cb", "https://app.test/other?x=1"]
post_logout_redirect_uris = ["https://app.test/bye"]
scopes = ["openid", "profile", "email", "address", "phone", "offline_access", "notes:read", "notes:write"]
[[realm.client]]
id = "native"
public = true
redirect_uris = ["http://127.0.0.1/cb", "com.example.app:/cb"]
scopes = ["openid", "email", "notes:*"]
[[realm.client]]
id = "house"
secret = "a-secret-of-the-house-app-0123456789"
redirect_uris = ["https://house.test/cb"]
scopes = ["openid", "profile", "email", "account", "notes:read"]
skip_consent = true
require_pkce = false
[[realm.user]]
email = "ada@example.com"
username = "ada"
name = "Ada Lovelace"
password = "the engine weaves algebra"
email_verified = true
roles = ["reader"]
"#;

pub fn challenge() -> String {
    BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, VERIFIER.as_bytes()).as_ref())
}

/// Parameters of a request, which a test changes before it sends them.
#[derive(Clone)]
pub struct Asking(pub Vec<(String, String)>);

/// What the web application usually asks for.
pub fn asking() -> Asking {
    let challenge = challenge();
    let usual = [
        ("response_type", "code"),
        ("client_id", "web"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid email"),
        ("state", "s 1&2"),
        ("nonce", "n-1"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    Asking(usual.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
}

impl Asking {
    /// With another value.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    pub fn query(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    pub fn path(&self) -> String {
        format!("/oauth/authorize?{}", self.query())
    }
}

/// What came back to the client, if something did.
pub fn returned(answer: &Answer) -> BTreeMap<String, String> {
    let location = answer.location();
    assert_eq!(answer.status, 303, "{location}");
    let (_, query) = location.split_once('?').unwrap_or_else(|| panic!("nothing is returned: {location}"));
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// Follows redirects of ours until a page is shown or the client is answered.
pub async fn follow(browser: &Browser<'_>, mut answer: Answer) -> Answer {
    for _ in 0..5 {
        match answer.header("location") {
            Some(next) if next.starts_with('/') => {
                let next = next.to_owned();
                answer = browser.get(&next).await;
            }
            _ => return answer,
        }
    }
    panic!("redirects without end: {:?}", answer.header("location"))
}

/// Opens the request in the browser, and follows.
pub async fn open(browser: &Browser<'_>, asking: &Asking) -> Answer {
    follow(browser, browser.get(&asking.path()).await).await
}

/// Agrees on the page that is shown.
pub async fn approve(browser: &Browser<'_>, page: &Answer) -> Answer {
    assert!(page.html().contains("consent-approve"), "{}", page.html());
    follow(browser, browser.fill(page, &[("decision", "approve")]).await).await
}

/// A browser in which ada is signed in.
pub async fn ada(app: &TestApp) -> Browser<'_> {
    let browser = Browser::new(app);
    let answer = browser.sign_in("ada@example.com").await;
    assert_eq!(answer.status, 303, "{}", answer.html());
    browser
}

/// The code that ada's agreement brings the client.
pub async fn code(browser: &Browser<'_>, asking: &Asking) -> String {
    let mut answer = open(browser, asking).await;
    if answer.status == 200 {
        answer = approve(browser, &answer).await;
    }
    let returned = returned(&answer);
    returned.get("code").unwrap_or_else(|| panic!("no code: {returned:?}")).clone()
}

/// Posts a form as a client.
pub async fn post(app: &TestApp, path: &str, (id, secret): (&str, &str), form: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let pair = BASE64.encode(format!("{id}:{secret}").as_bytes());
    let request = Request::post(path)
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::AUTHORIZATION, format!("Basic {pair}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    app.send(request.body(Body::from(body)).unwrap()).await
}

/// Asks the token endpoint; `client` is id and secret, in the header.
pub async fn token(app: &TestApp, client: Option<(&str, &str)>, form: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let mut request = Request::builder()
        .method(Method::POST)
        .uri("/oauth/token")
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some((id, secret)) = client {
        let pair = BASE64.encode(format!("{id}:{secret}").as_bytes());
        request = request.header(header::AUTHORIZATION, format!("Basic {pair}"));
    }
    app.send(request.body(Body::from(body)).unwrap()).await
}

/// Redeems a code as the web application does.
pub async fn redeem(app: &TestApp, code: &str) -> Answer {
    redeem_with(app, code, &[("code_verifier", VERIFIER), ("redirect_uri", CALLBACK)]).await
}

pub async fn redeem_with(app: &TestApp, code: &str, form: &[(&str, &str)]) -> Answer {
    let mut all = vec![("grant_type", "authorization_code"), ("code", code)];
    all.extend(form);
    token(app, Some(("web", SECRET)), &all).await
}

pub async fn refresh(app: &TestApp, token_: &str, form: &[(&str, &str)]) -> Answer {
    let mut all = vec![("grant_type", "refresh_token"), ("refresh_token", token_)];
    all.extend(form);
    token(app, Some(("web", SECRET)), &all).await
}

pub async fn userinfo(app: &TestApp, token: &str) -> Answer {
    app.send(crate::support::request(Method::GET, "/oauth/userinfo", Some(token), None)).await
}

/// The claims of a token, unchecked.
pub fn claims(token: &str) -> Value {
    serde_json::from_str(dangerous_decode_without_verifying(token).unwrap().payload()).unwrap()
}

pub fn header_of(token: &str) -> Value {
    serde_json::from_str(dangerous_decode_without_verifying(token).unwrap().header()).unwrap()
}

/// `error` of an answer of the token endpoint, with its status.
pub fn error(answer: &Answer) -> String {
    format!("{} {}", answer.status.as_u16(), answer.json()["error"].as_str().unwrap_or("-"))
}

/// A device that waits for somebody to connect it (RFC 8628).
pub async fn waiting(app: &TestApp, client: &str) -> Answer {
    let request = Request::post("/oauth/device")
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    app.send(request.body(Body::from(format!("client_id={client}"))).unwrap()).await
}

/// What a device gets that somebody connects in their browser (RFC 8628).
pub async fn device(app: &TestApp, browser: &Browser<'_>, client: &str) -> Answer {
    let device = waiting(app, client).await;
    let shown = browser.submit("/device", &[("user_code", &device.text("user_code"))]).await;
    let code = shown.hidden("user_code").unwrap();
    assert_eq!(browser.fill(&shown, &[("user_code", &code), ("decision", "approve")]).await.status, 200);
    let code = device.text("device_code");
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let form = [("grant_type", grant), ("client_id", client), ("device_code", code.as_str())];
    let tokens = token(app, None, &form).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    tokens
}
