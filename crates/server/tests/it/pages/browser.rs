//! A browser without script: it keeps cookies, and sends the forms it is shown.

use std::{collections::BTreeMap, sync::Mutex};

use axum::{
    body::Body,
    http::{Method, Request, header},
};

use crate::support::{Answer, PASSWORD, TestApp};

/// The same page of every realm.
pub struct Browser<'a> {
    pub app: &'a TestApp,
    pub cookies: Mutex<BTreeMap<String, String>>,
    /// `/r/acme`, or nothing.
    pub base: &'static str,
}

impl Answer {
    pub fn html(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// What is between two texts of the page.
    pub fn between(&self, before: &str, after: &str) -> Option<String> {
        let html = self.html();
        let (_, rest) = html.split_once(before)?;
        rest.split_once(after).map(|(found, _)| found.to_owned())
    }

    /// The value of a hidden field.
    pub fn hidden(&self, name: &str) -> Option<String> {
        self.between(&format!("type=\"hidden\" name=\"{name}\" value=\""), "\"")
    }

    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_else(|| panic!("not a redirect: {} {}", self.status, self.html()))
    }
}

impl<'a> Browser<'a> {
    pub fn new(app: &'a TestApp) -> Self {
        Self { app, cookies: Mutex::default(), base: "" }
    }

    pub fn of_realm(app: &'a TestApp, base: &'static str) -> Self {
        Self { base, ..Self::new(app) }
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let cookies: Vec<_> = self.cookies.lock().unwrap().iter().map(|(n, v)| format!("{n}={v}")).collect();
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:8400");
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        request
    }

    /// Sends a request and keeps the cookies of the answer.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let answer = self.app.send(request).await;
        let mut cookies = self.cookies.lock().unwrap();
        for set in answer.headers.get_all(header::SET_COOKIE) {
            let set = set.to_str().unwrap();
            let (pair, attributes) = set.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        drop(cookies);
        answer
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    /// Sends a form as it is.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self
            .request(Method::POST, path)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap();
        self.send(request).await
    }

    /// Fills in the form of a page and sends it to where the page's form goes.
    pub async fn fill(&self, page: &Answer, fields: &[(&str, &str)]) -> Answer {
        let action = page.between("method=\"post\" action=\"", "\"").expect("a form");
        let (csrf, flow) = (page.hidden("csrf").expect("a csrf field"), page.hidden("flow"));
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend(flow.as_deref().map(|flow| ("flow", flow)));
        all.extend(fields);
        self.post(&action, &all).await
    }

    /// Opens a page and sends its form.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get(path).await;
        self.fill(&page, fields).await
    }

    /// Signs in on the page.
    pub async fn sign_in(&self, username: &str) -> Answer {
        let path = format!("{}/sign-in", self.base);
        self.submit(&path, &[("username", username), ("password", PASSWORD)]).await
    }
}

/// A browser in which somebody is signed in who has just made an account.
pub async fn signed_in<'a>(app: &'a TestApp, email: &str) -> Browser<'a> {
    assert_eq!(app.register(email).await.status, 201);
    let browser = Browser::new(app);
    let answer = browser.sign_in(email).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/account/profile"));
    browser
}
