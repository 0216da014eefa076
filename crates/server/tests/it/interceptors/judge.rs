//! An interceptor on loopback, which says what it is told to say.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, Uri},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Notify};

use crate::{support::TestApp, webhooks::Received};

pub struct Judge {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Received>>>,
    says: Arc<Mutex<(u16, String)>>,
    /// While somebody holds it, nothing is answered.
    pub held: Arc<tokio::sync::Mutex<()>>,
    pub arrived: Arc<Notify>,
}

impl Judge {
    /// One that allows everything.
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let judge = Self {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
            says: Arc::default(),
            held: Arc::default(),
            arrived: Arc::default(),
        };
        judge.allows();
        let (asked, says) = (Arc::clone(&judge.asked), Arc::clone(&judge.says));
        let (held, arrived) = (Arc::clone(&judge.held), Arc::clone(&judge.arrived));
        let router = Router::new().fallback(move |uri: Uri, headers: HeaderMap, body: Bytes| {
            asked.lock().unwrap().push(Received { path: uri.to_string(), headers, body });
            arrived.notify_one();
            let (says, held) = (Arc::clone(&says), Arc::clone(&held));
            async move {
                drop(held.lock().await);
                let (status, body) = says.lock().unwrap().clone();
                (StatusCode::from_u16(status).unwrap(), [("location", "http://127.0.0.1:1/elsewhere")], body)
            }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        judge
    }

    pub fn says(&self, status: u16, body: &(impl ToString + ?Sized)) {
        *self.says.lock().unwrap() = (status, body.to_string());
    }

    pub fn allows(&self) {
        self.says(200, &json!({"decision": "ALLOW"}));
    }

    pub fn denies(&self, message: &str) {
        self.says(200, &json!({"decision": "DENY", "error": {"message": message}}));
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// It, in a file, before an event.
    pub fn before(&self, event: &str) -> String {
        format!("[[realm.interceptors]]\nevent = \"{event}\"\nurl = \"{}\"\n", self.url())
    }

    /// What it was asked since the last time.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    /// The documents that it was asked with.
    pub fn asked(&self) -> Vec<Value> {
        self.take().iter().map(Received::json).collect()
    }

    /// Has the default realm ask it from now on. What requests are signed with.
    pub async fn sit(&self, app: &TestApp, event: &str) -> String {
        let lines = app.apply(&format!("[[realm]]\nname = \"default\"\n{}", self.before(event))).await;
        let line = lines.iter().find(|line| line.contains("interceptors of default"));
        let shown = line.and_then(|line| line.split_whitespace().find(|word| word.starts_with("whsec_")));
        shown.unwrap_or_else(|| panic!("{lines:?}")).to_owned()
    }
}
