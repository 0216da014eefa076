//! What clients publish, on a server of their own.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::IntoResponse as _,
};
use serde_json::Value;

/// Documents by their path, which a test changes.
#[derive(Clone, Default)]
pub struct Published {
    documents: Arc<Mutex<BTreeMap<String, Document>>>,
    address: String,
}

#[derive(Clone, Default)]
struct Document {
    content: String,
    cache_control: String,
    read: usize,
}

impl Published {
    pub async fn new() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let published = Self { address, ..Self::default() };
        let documents = Arc::clone(&published.documents);
        let answer = async |State(documents): State<Arc<Mutex<BTreeMap<String, Document>>>>,
                            Path(path): Path<String>| {
            let mut documents = documents.lock().unwrap();
            let Some(document) = documents.get_mut(&path) else {
                return StatusCode::NOT_FOUND.into_response();
            };
            document.read += 1;
            if let Some(elsewhere) = document.content.strip_prefix("-> ") {
                return axum::response::Redirect::temporary(elsewhere).into_response();
            }
            ([("cache-control", document.cache_control.clone())], document.content.clone()).into_response()
        };
        let router = Router::new().route("/{*path}", axum::routing::get(answer)).with_state(documents);
        tokio::spawn(async move { axum::serve(listener, router).await });
        published
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.address)
    }

    /// Publishes a document; returns its address.
    pub fn put(&self, path: &str, content: &Value) -> String {
        self.put_for(path, content, "")
    }

    /// The same, with what is said of how long it stays.
    pub fn put_for(&self, path: &str, content: &Value, cache_control: &str) -> String {
        let content = content.as_str().map_or_else(|| content.to_string(), str::to_owned);
        let mut documents = self.documents.lock().unwrap();
        let document = documents.entry(path.to_owned()).or_default();
        (document.content, document.cache_control) = (content, cache_control.to_owned());
        self.url(path)
    }

    pub fn remove(&self, path: &str) {
        self.documents.lock().unwrap().remove(path);
    }

    /// How often it was read.
    pub fn read(&self, path: &str) -> usize {
        self.documents.lock().unwrap().get(path).map_or(0, |document| document.read)
    }
}
