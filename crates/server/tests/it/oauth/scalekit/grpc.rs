//! What applications written for Scalekit administer by gRPC: every method, in process. The vendor's own libraries call over the wire,
//! in `crates/server/tests/clients/`.

mod calls;
mod clients;
mod memberships;
mod organizations;
mod permissions;
mod roles;
mod sessions;
mod users;
pub mod wire;

use axum::{
    body::Body,
    http::{Request, Version, header},
};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::support::{TestApp, request};
use wire::{Fields, Message, message};

/// gRPC's codes, as far as calls are refused with them.
pub const INVALID_ARGUMENT: u32 = 3;
pub const NOT_FOUND: u32 = 5;
pub const ALREADY_EXISTS: u32 = 6;
pub const PERMISSION_DENIED: u32 = 7;
pub const RESOURCE_EXHAUSTED: u32 = 8;
pub const FAILED_PRECONDITION: u32 = 9;
pub const UNIMPLEMENTED: u32 = 12;
pub const INTERNAL: u32 = 13;
pub const UNAUTHENTICATED: u32 = 16;

const SECRET: &str = "test_0123456789abcdefghijklmnopqrstuvwxyz";

/// A realm with a client that administers everything, one that reads users, and one that nobody gave anything. And another realm.
pub const REALM: &str = r#"
[[realm]]
name = "default"
organization_roles = ["editor"]
[[realm.role]]
name = "reader"
permissions = ["notes:read"]
[[realm.role]]
name = "editor"
permissions = ["notes:write"]
inherits = ["reader"]
[[realm.client]]
id = "administering"
secret = "test_0123456789abcdefghijklmnopqrstuvwxyz"
grants = ["client_credentials"]
token_format = "scalekit"
administers = ["users:*", "memberships:*", "organizations:*", "roles:*", "sessions:*", "clients:*"]
[[realm.client]]
id = "reading"
secret = "test_0123456789abcdefghijklmnopqrstuvwxyz"
grants = ["client_credentials"]
token_format = "scalekit"
administers = ["users:read"]
[[realm.client]]
id = "nothing"
secret = "test_0123456789abcdefghijklmnopqrstuvwxyz"
grants = ["client_credentials"]
scopes = ["users:write", "organizations:write"]
token_format = "scalekit"
[[realm.user]]
email = "root@example.com"
password = "the engine weaves algebra"
email_verified = true
roles = ["realm-admin"]
[[realm.user]]
email = "ada@example.com"
username = "ada"
name = "Ada Lovelace"
password = "the engine weaves algebra"
email_verified = true
[[realm.user]]
email = "bob@example.com"
password = "the engine weaves algebra"
[[realm.organization]]
slug = "acme"
name = "Acme"
members = [{ user = "ada@example.com", roles = ["owner", "editor"] }]
[[realm]]
name = "elsewhere"
hosts = ["elsewhere.test"]
[[realm.client]]
id = "administering"
secret = "test_0123456789abcdefghijklmnopqrstuvwxyz"
grants = ["client_credentials"]
token_format = "scalekit"
administers = ["users:*", "memberships:*", "organizations:*", "roles:*", "sessions:*", "clients:*"]
[[realm.organization]]
slug = "far"
name = "Far"
"#;

/// How a call was refused.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    pub code: u32,
    /// What the libraries switch on.
    pub word: String,
    pub text: String,
}

impl Refused {
    pub fn is(&self, code: u32, word: &str) {
        assert_eq!((self.code, self.word.as_str()), (code, word), "{}", self.text);
    }
}

pub type Answered = Result<Fields, Refused>;

/// A program that calls, with its token.
pub struct Caller<'a> {
    pub app: &'a TestApp,
    pub host: &'static str,
    pub tokens: Vec<String>,
}

/// The one that administers everything.
pub async fn administering(app: &TestApp) -> Caller<'_> {
    Caller::of(app, "administering").await
}

impl<'a> Caller<'a> {
    pub async fn of(app: &'a TestApp, client: &str) -> Self {
        Self {
            app,
            host: "127.0.0.1:8400",
            tokens: vec![own_token(app, "127.0.0.1:8400", client, SECRET).await],
        }
    }

    pub fn with(app: &'a TestApp, tokens: &[&str]) -> Self {
        let tokens = tokens.iter().map(|token| (*token).to_owned()).collect();
        Self { app, host: "127.0.0.1:8400", tokens }
    }

    /// Calls a method of the package `scalekit.v1`.
    pub async fn call(&self, method: &str, message: Message) -> Answered {
        self.send(&format!("/scalekit.v1.{method}"), message.framed()).await
    }

    pub async fn send(&self, path: &str, body: impl Into<Body>) -> Answered {
        let mut request = Request::post(path)
            .version(Version::HTTP_2)
            .header(header::HOST, self.host)
            .header(header::CONTENT_TYPE, "application/grpc")
            .header(header::TE, "trailers")
            .header("x-api-version", "20261012");
        for token in &self.tokens {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let response = self.app.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200, "{path}: gRPC is over HTTP 200");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/grpc");
        let (parts, body) = response.into_parts();
        let collected = body.collect().await.unwrap();
        let trailers = collected.trailers().cloned().unwrap_or_default();
        let told =
            |name: &str| trailers.get(name).or(parts.headers.get(name)).map(|value| value.to_str().unwrap());
        match told("grpc-status").expect("a status").parse().unwrap() {
            0 => Ok(Fields::framed(&collected.to_bytes())),
            code => {
                // What could not be taken apart is refused before it is known what it asks.
                let Some(details) = told("grpc-status-details-bin") else {
                    return Err(Refused { code, word: String::new(), text: String::new() });
                };
                let details = data_encoding::BASE64_NOPAD.decode(details.as_bytes()).unwrap();
                let details = Fields::parse(&details);
                assert_eq!(details.number(&[1]), u64::from(code));
                assert!(details.text(&[3, 1]).ends_with("/scalekit.v1.errdetails.ErrorInfo"));
                Err(Refused { code, word: details.text(&[3, 2, 1]), text: details.text(&[2]) })
            }
        }
    }
}

/// The token that a client gets on its own account.
pub async fn own_token(app: &TestApp, host: &str, client: &str, secret: &str) -> String {
    let answer = app.send(token_request(host, client, secret)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text("access_token")
}

pub fn token_request(host: &str, client: &str, secret: &str) -> Request<Body> {
    let form = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", secret)];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    Request::post("/oauth/token")
        .header(header::HOST, host)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .unwrap()
}

/// Asks the administration API as the realm's administrator.
pub async fn as_root(app: &TestApp, path: &str) -> Value {
    let root = app.sign_in("root@example.com").await;
    app.send(request(axum::http::Method::GET, path, Some(&root.access_token), None)).await.json()
}

/// The id of a user.
pub async fn user_id(app: &TestApp, email: &str) -> String {
    let found = as_root(app, &format!("/api/v1/admin/users?email={}", email.replace('@', "%40"))).await;
    found["users"][0]["id"].as_str().unwrap_or_else(|| panic!("{found}")).to_owned()
}

/// The id of an organization.
pub async fn organization_id(app: &TestApp, slug: &str) -> String {
    let found = as_root(app, &format!("/api/v1/admin/organizations?search={slug}")).await;
    found["organizations"][0]["id"].as_str().unwrap_or_else(|| panic!("{found}")).to_owned()
}

/// What nobody in the realm knows: an organization of another realm.
pub async fn far(app: &TestApp) -> String {
    let host = "elsewhere.test";
    let tokens = vec![own_token(app, host, "administering", SECRET).await];
    let there = Caller { app, host, tokens };
    let all = there.call("organizations.OrganizationService/ListOrganization", message()).await.unwrap();
    all.text(&[3, 1])
}

/// What the audit trail tells of the client that administers, in the order of the alphabet: all of it happened at one moment.
pub async fn told(app: &TestApp) -> Vec<String> {
    let trail = as_root(app, "/api/v1/admin/audit?limit=100").await;
    let by_it = |event: &&Value| event["actor"] == "client:administering";
    let events = trail["events"].as_array().unwrap_or_else(|| panic!("{trail}")).iter().filter(by_it);
    let mut told: Vec<_> = events.map(|event| event["event"].as_str().unwrap().to_owned()).collect();
    told.sort_unstable();
    told
}
