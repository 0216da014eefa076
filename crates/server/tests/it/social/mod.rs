//! Signing in by a provider.

mod connect;
mod factors;
mod interceptors;
mod kept;
mod linking;
mod peer;
mod presets;
mod provider;
mod states;
mod tokens;
mod unreachable;

use serde_json::{Value, json};

pub use provider::{Canned, Provider, Signs, parameters};

use crate::{
    pages::browser::Browser,
    support::{Answer, PASSWORD, TestApp},
};

const ADA: &str = "ada@example.com";

/// A realm with Ada, whose address is proven, and a provider that it trusts with addresses.
fn realm(provider: &Provider, of_realm: &str, of_provider: &str) -> String {
    format!(
        r#"
[[realm]]
name = "default"
{of_realm}
[[realm.user]]
email = "{ADA}"
name = "Ada Lovelace"
password = "{PASSWORD}"
email_verified = true
[[realm.provider]]
id = "acme"
name = "Acme"
issuer = "{}"
client_id = "ours"
client_secret = "a secret of ours"
{of_provider}
"#,
        provider.address
    )
}

const TRUSTED: &str = "trust_email = true";

async fn world(of_realm: &str, of_provider: &str) -> (TestApp, Provider) {
    let provider = Provider::new().await;
    let app = TestApp::with(&realm(&provider, of_realm, of_provider)).await;
    (app, provider)
}

/// What Acme says of Ada.
fn ada(changes: &Value) -> Value {
    let mut claims = json!({ "sub": "ada-1", "email": ADA, "email_verified": true, "name": "Ada L." });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

/// What Acme says of Grace, who has no account here.
fn grace() -> Value {
    json!({ "sub": "grace-1", "email": "grace@example.com", "email_verified": true, "name": "Grace Hopper" })
}

impl Answer {
    /// Where a link of the page leads.
    pub fn link(&self, id: &str) -> String {
        let tag = self.between(&format!("id=\"{id}\" href=\""), "\"");
        tag.unwrap_or_else(|| panic!("no {id} in {}", self.html()))
            .replace("&#38;", "&")
            .replace("&amp;", "&")
    }

    /// What the page says is wrong.
    fn problem(&self) -> String {
        self.between("id=\"problem\" role=\"alert\"", "</div>").unwrap_or_else(|| panic!("{}", self.html()))
    }
}

/// Chooses the provider on a page: the address at the provider that one is sent to.
async fn choose(browser: &Browser<'_>, page: &str, id: &str) -> String {
    let page = browser.get(page).await;
    let answer = browser.get(&page.link(id)).await;
    assert_eq!(answer.status, 303, "{}", answer.html());
    answer.location().to_owned()
}

/// Signs in by a provider on the page: what one sees at the end.
async fn sign_in(browser: &Browser<'_>, provider: &Provider, claims: &Value) -> Answer {
    let url = choose(browser, "/sign-in", "with-acme").await;
    let back = provider.sends_back(&url, claims, browser.app.clock.now().unix_seconds());
    browser.get(&back).await
}

/// Who is signed in in a browser, if anybody is: their address.
async fn who(browser: &Browser<'_>) -> Option<String> {
    let page = browser.get("/account/profile").await;
    let shown = (page.status == 200).then(|| page.html())?;
    let known = [ADA, "grace@example.com", "eve@example.com"];
    known.into_iter().find(|email| shown.contains(&marked(email))).map(str::to_owned)
}

/// An address as pages show it.
fn marked(email: &str) -> String {
    let (name, host) = email.split_once('@').unwrap();
    format!("{name}@<wbr>{}", host.replace('.', "<wbr>."))
}

/// What an administrator reads of everybody.
async fn users(app: &TestApp) -> Vec<Value> {
    let admin = app.admin().await;
    let all = app.ask(&admin, axum::http::Method::GET, "/api/v1/admin/users", None).await.json();
    let all = all["users"].as_array().unwrap().clone();
    all.into_iter().filter(|user| user["email"] != "admin@example.com").collect()
}

/// What is connected with an account.
async fn identities(app: &TestApp, email: &str) -> Vec<Value> {
    let person = app.sign_in(email).await;
    let answer = app.ask(&person, axum::http::Method::GET, "/api/v1/me/identities", None).await;
    answer.json()["identities"].as_array().unwrap_or_else(|| panic!("{answer:?}")).clone()
}

/// What the trail has of an event, the newest first.
async fn trail(app: &TestApp, event: &str) -> Vec<Value> {
    let admin = app.admin().await;
    let path = format!("/api/v1/admin/audit?event={event}");
    let answer = app.ask(&admin, axum::http::Method::GET, &path, None).await;
    answer.json()["events"].as_array().unwrap_or_else(|| panic!("{answer:?}")).clone()
}

/// An account elsewhere, connected with that of Ada: its id.
pub async fn connected(app: &TestApp) -> String {
    let provider = Provider::new().await;
    app.apply(&format!(
        "[[realm]]\nname = \"default\"\n[[realm.provider]]\nid = \"acme\"\nissuer = \"{}\"\nclient_id = \"ours\"\n{TRUSTED}\n",
        provider.address
    ))
    .await;
    assert_eq!(sign_in(&Browser::new(app), &provider, &ada(&json!({}))).await.status, 303);
    identities(app, ADA).await[0]["id"].as_str().unwrap().to_owned()
}
