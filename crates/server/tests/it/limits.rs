//! How often things may be tried: sign-in through every door, registration, clients; and whose address it was.

mod addresses;
mod clients;
mod devices;
mod doors;
mod letters;
mod pages;

use std::net::SocketAddr;

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request},
};
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, TestApp, request};

/// A realm that limits, with two people.
const FILE: &str = r#"
[[realm]]
name = "default"
rate_limits = "default"
[[realm.user]]
email = "ada@example.com"
email_verified = true
username = "ada"
password = "the engine weaves algebra"
[[realm.user]]
email = "bob@example.com"
password = "the engine weaves algebra"
[[realm.user]]
email = "admin@example.com"
password = "the engine weaves algebra"
roles = ["realm-admin"]
"#;

/// From where a request comes.
fn from(peer: &str, mut request: Request<Body>) -> Request<Body> {
    request
        .extensions_mut()
        .insert(ConnectInfo::<SocketAddr>((peer.parse::<std::net::IpAddr>().unwrap(), 5_000).into()));
    request
}

fn login_with(name: &str, password: &str) -> Request<Body> {
    let member = if name.contains('@') { "email" } else { "username" };
    request(Method::POST, "/api/v1/login", None, Some(json!({member: name, "password": password})))
}

/// A wrong password from an address.
async fn guess(app: &TestApp, peer: &str, name: &str) -> String {
    app.send(from(peer, login_with(name, "a guess at it all"))).await.brief()
}

/// The right one.
pub async fn sign_in(app: &TestApp, peer: &str, name: &str) -> Answer {
    app.send(from(peer, login_with(name, PASSWORD))).await
}

const WRONG: &str = "401 invalid_credentials";
const LIMITED: &str = "429 too_many_attempts";

/// Events of a name, once there are so many: nobody waits for them to be written.
async fn events(app: &TestApp, name: &str, count: usize) -> Vec<Value> {
    let admin = crate::support::person(&sign_in(app, "192.0.2.200", "admin@example.com").await);
    let path = format!("/api/v1/admin/audit?event={name}");
    loop {
        let found =
            app.ask(&admin, Method::GET, &path, None).await.json()["events"].as_array().unwrap().clone();
        if found.len() >= count {
            return found;
        }
        tokio::task::yield_now().await;
    }
}
