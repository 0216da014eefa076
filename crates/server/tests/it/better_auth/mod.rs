//! Better Auth's protocol under `/api/auth`.

mod account;
mod admin;
mod api_key;
mod core;
mod device;
mod guide;
mod impersonation;
mod jwt;
mod mailed;
mod multi_session;
mod organization;
mod origins;
mod passkey;
mod provider_tokens;
mod recovery;
mod second_factor;
mod sessions;
mod sign_in;
mod sign_up;
mod social;

use std::{cell::RefCell, collections::BTreeMap};

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, TestApp};

const ADA: &str = "ada@example.com";
const OURS: &str = "http://127.0.0.1:8400";
const COOKIE: &str = "better-auth.session_token";

/// A browser, or what keeps cookies like one.
struct Client<'a> {
    app: &'a TestApp,
    prefix: &'static str,
    cookies: RefCell<BTreeMap<String, String>>,
}

impl<'a> Client<'a> {
    fn new(app: &'a TestApp) -> Self {
        Self::under(app, "")
    }

    fn under(app: &'a TestApp, prefix: &'static str) -> Self {
        Self { app, prefix, cookies: RefCell::default() }
    }

    /// Asks with more headers, and keeps the cookies of the answer.
    async fn ask(&self, method: Method, path: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Answer {
        let uri = format!("{}/api/auth{path}", self.prefix);
        let mut request = Request::builder().method(method).uri(uri).header(header::HOST, "127.0.0.1:8400");
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = match body {
            None => request.body(Body::empty()),
            Some(body) => {
                request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string()))
            }
        };
        let answer = self.app.send(request.unwrap()).await;
        // SE-11: nothing but the keys is kept by what lies between, and what is no endpoint says nothing.
        let keys = path == "/jwks" || path.starts_with("/.well-known/");
        assert!(
            keys || answer.status == 404 || answer.header("cache-control") == Some("no-store"),
            "{path}: {answer:?}"
        );
        for (name, value, attributes) in set_cookies(&answer) {
            if attributes.contains("Max-Age=0") {
                self.cookies.borrow_mut().remove(&name);
            } else {
                self.cookies.borrow_mut().insert(name, value);
            }
        }
        answer
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None, &[]).await
    }

    /// From a page of the server's own origin.
    async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(body), &[("origin", OURS)]).await
    }

    async fn sign_up(&self, email: &str) -> Answer {
        let body = json!({"name": "Ada", "email": email, "password": PASSWORD});
        let answer = self.post("/sign-up/email", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }

    async fn sign_in(&self, email: &str) -> Answer {
        let answer = self.post("/sign-in/email", json!({"email": email, "password": PASSWORD})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }

    /// Whose session it is; `None` where nobody is signed in.
    async fn email(&self) -> Option<String> {
        let answer = self.get("/get-session").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["user"]["email"].as_str().map(str::to_owned)
    }

    fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }
}

/// Somebody who has signed up.
async fn ada(app: &TestApp) -> Client<'_> {
    let client = Client::new(app);
    client.sign_up(ADA).await;
    client
}

/// Whose session a bearer token is.
async fn bearer(app: &TestApp, token: &str) -> Option<String> {
    let headers = [("authorization", format!("Bearer {token}"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = Client::new(app).ask(Method::GET, "/get-session", None, &headers).await;
    answer.json()["user"]["email"].as_str().map(str::to_owned)
}

/// Name, value and attributes of every cookie that an answer sets.
fn set_cookies(answer: &Answer) -> Vec<(String, String, String)> {
    let set = answer.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap());
    set.map(|text| {
        let (pair, attributes) = text.split_once(';').unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        (name.to_owned(), value.to_owned(), attributes.trim().to_owned())
    })
    .collect()
}

/// The attributes with which a cookie is set.
fn attributes(answer: &Answer, name: &str) -> Option<String> {
    set_cookies(answer).into_iter().find(|(known, ..)| known == name).map(|(_, _, attributes)| attributes)
}
