//! A client that registers itself, and signs people in.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use data_encoding::BASE64;
use gatepost_jose::{SigningKey, jwt};
use serde_json::{Map, Value, json};

use crate::{
    pages::browser::Browser,
    support::{Answer, TestApp, request},
};

use super::relying_party::{self as rp, Asking, CALLBACK, ISSUER};

/// Each has a number of its own.
static ASSERTIONS: AtomicU64 = AtomicU64::new(0);

/// A realm that anybody may register clients in, and Ada.
pub const OPEN: &str = r#"
[[realm]]
name = "default"
display_name = "Reef"
audience = ["notes-api"]
client_registration = "open"
client_registration_scopes = ["openid", "profile", "email", "offline_access", "notes:read"]
[[realm.client]]
id = "web"
secret = "a-secret-of-the-web-app-0123456789"
name = "Notes on the web"
redirect_uris = ["https://app.test/cb"]
scopes = ["openid"]
[[realm.user]]
email = "ada@example.com"
username = "ada"
name = "Ada Lovelace"
password = "the engine weaves algebra"
email_verified = true
"#;

/// The same realm under another setting.
pub fn realm_with(registration: &str) -> String {
    OPEN.replace("\"open\"", &format!("\"{registration}\""))
}

/// What a client says of itself, with changes; null takes a member away.
pub fn metadata(changes: &Value) -> Value {
    let mut metadata = json!({
        "client_name": "Reader",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    });
    for (name, value) in changes.as_object().unwrap() {
        metadata[name] = value.clone();
    }
    metadata.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    metadata
}

pub async fn register(app: &TestApp, token: Option<&str>, metadata: Value) -> Answer {
    app.send(request(Method::POST, "/oauth/register", token, Some(metadata))).await
}

/// Status and error, or only the status.
pub fn brief(answer: &Answer) -> String {
    match answer.json()["error"].as_str() {
        Some(error) => format!("{} {error}", answer.status.as_u16()),
        None => answer.brief(),
    }
}

/// What came back of a registration.
pub struct Client<'a> {
    pub app: &'a TestApp,
    pub information: Map<String, Value>,
    /// What it signs its assertions with, if it does.
    pub key: Option<SigningKey>,
}

impl<'a> Client<'a> {
    pub async fn new(app: &'a TestApp, changes: &Value) -> Self {
        let answer = register(app, None, metadata(changes)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        Self { app, information: answer.json().as_object().unwrap().clone(), key: None }
    }

    pub fn text(&self, name: &str) -> &str {
        self.information[name].as_str().unwrap_or_else(|| panic!("no {name}: {:?}", self.information))
    }

    pub fn id(&self) -> &str {
        self.text("client_id")
    }

    /// Asks the configuration endpoint.
    pub async fn manage(&self, method: Method, token: &str, body: Option<Value>) -> Answer {
        let path = self.text("registration_client_uri").strip_prefix(ISSUER).unwrap();
        self.app.send(request(method, path, Some(token), body)).await
    }

    /// A request without PKCE, as those who know only OpenID Connect send it.
    pub fn asking(&self) -> Asking {
        let asking = rp::asking().with("client_id", self.id());
        asking.without("code_challenge").without("code_challenge_method")
    }

    /// Signs Ada in, who agrees if she is asked.
    pub async fn code(&self, browser: &Browser<'_>, asking: &Asking) -> String {
        rp::code(browser, asking).await
    }

    /// Asks the token endpoint as the client proves itself.
    pub async fn token(&self, form: &[(&str, &str)]) -> Answer {
        self.post("/oauth/token", form).await
    }

    /// Asks another endpoint so.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let mut all = url::form_urlencoded::Serializer::new(String::new());
        all.extend_pairs(form);
        let mut request = Request::post(path)
            .header(header::HOST, "127.0.0.1:8400")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(key) = &self.key {
            let now = self.app.clock.now().unix_seconds();
            let jti = ASSERTIONS.fetch_add(1, Ordering::Relaxed).to_string();
            let claims = json!({
                "iss": self.id(), "sub": self.id(), "aud": ISSUER, "exp": now + 60, "iat": now,
                "jti": jti,
            });
            all.append_pair(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            );
            all.append_pair("client_assertion", &jwt::sign("JWT", &claims, key).unwrap());
        } else if let Some(secret) = self.information.get("client_secret").and_then(Value::as_str) {
            let pair = BASE64.encode(format!("{}:{secret}", self.id()).as_bytes());
            request = request.header(header::AUTHORIZATION, format!("Basic {pair}"));
        } else {
            all.append_pair("client_id", self.id());
        }
        self.app.send(request.body(Body::from(all.finish())).unwrap()).await
    }

    /// Signs Ada in and redeems.
    pub async fn tokens(&self, browser: &Browser<'_>, asking: &Asking) -> Answer {
        let uri = asking.0.iter().find(|(name, _)| name == "redirect_uri").unwrap().1.clone();
        let code = self.code(browser, asking).await;
        let mut form = vec![("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", &uri)];
        if asking.0.iter().any(|(name, _)| name == "code_challenge") {
            form.push(("code_verifier", rp::VERIFIER));
        }
        let answer = self.token(&form).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }
}
