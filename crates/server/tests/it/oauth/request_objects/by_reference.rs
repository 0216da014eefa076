//! Requests that a client signed and keeps for us to read (RFC 9101 section 5.2).

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header::LOCATION},
    response::IntoResponse as _,
    routing::get,
};
use serde_json::json;

use super::{carried, push, refusal, web, with};
use crate::{
    oauth::relying_party::{self as rp, Asking, CALLBACK, REALM, ada, asking},
    support::TestApp,
};

/// What a client keeps for us to read, and how often we did.
struct Shelf {
    address: String,
    document: Arc<Mutex<String>>,
    read: Arc<AtomicUsize>,
}

impl Shelf {
    async fn new() -> Self {
        let (document, read) = (Arc::new(Mutex::new(String::new())), Arc::new(AtomicUsize::new(0)));
        let (shown, counted) = (Arc::clone(&document), Arc::clone(&read));
        let routes = Router::new()
            .route(
                "/request.jwt",
                get(move || {
                    counted.fetch_add(1, Ordering::SeqCst);
                    let document = shown.lock().unwrap().clone();
                    async move { document }
                }),
            )
            .route(
                "/moved",
                get(|| async { (StatusCode::FOUND, [(LOCATION, "/request.jwt")]).into_response() }),
            );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { address, document, read }
    }

    fn put(&self, document: impl Into<String>) {
        *self.document.lock().unwrap() = document.into();
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    fn reads(&self) -> usize {
        self.read.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn oa_19_only_registered_addresses_are_read() {
    let (signer, shelf) = (web(), Shelf::new().await);
    let registered =
        [shelf.at("/request.jwt"), shelf.at("/moved"), shelf.at("/absent"), "http://127.0.0.1:9/x".into()];
    let app = with(&signer, &format!("request_uris = {registered:?}")).await;
    shelf.put(format!("{}\n", signer.object(&app, &asking(), &json!({}))));
    let browser = ada(&app).await;
    let code = rp::code(&browser, &carried("request_uri", &shelf.at("/request.jwt"))).await;
    assert_eq!((rp::redeem(&app, &code).await.status.as_u16(), shelf.reads()), (200, 1));
    rp::code(
        &browser,
        &carried("request_uri", &shelf.at("/request.jwt#GkurKxf5T0Y-mnPFCHqWOMiZi4VS138cQO_V7PZHAdM")),
    )
    .await;
    assert_eq!(shelf.reads(), 2);
    let refused = async |uri: &str| refusal(&app, &asking().with("request_uri", uri)).await;
    for other in [
        shelf.at("/request.jwt?x"),
        shelf.at("/request.jwt/"),
        shelf.at("/request.jwt#"),
        shelf.at("//request.jwt"),
        "https://169.254.169.254/latest/meta-data".into(),
        "http://127.0.0.1:8400/oauth/par".into(),
        "file:///etc/passwd".into(),
        "x".into(),
    ] {
        assert_eq!(refused(&other).await, "request_uri_not_supported", "{other}");
    }
    assert_eq!(shelf.reads(), 2);
    // Nor is a redirect followed, and what cannot be had is told without saying why.
    for uri in ["/moved", "/absent"] {
        assert_eq!(refused(&shelf.at(uri)).await, "invalid_request_uri", "{uri}");
    }
    assert_eq!(refused("http://127.0.0.1:9/x").await, "invalid_request_uri");
    assert_eq!(shelf.reads(), 2);
    // What is there is looked at like what is sent.
    for (document, error) in [
        ("x".repeat(70_000), "invalid_request_uri"),
        (String::new(), "invalid_request_object"),
        ("eyJhbGciOiJub25lIn0.e30.".to_owned(), "request_uri_not_supported"),
        (web().object(&app, &asking(), &json!({})), "invalid_request_object"),
        (signer.object(&app, &asking(), &json!({ "client_id": "house" })), "invalid_request_object"),
    ] {
        shelf.put(document);
        assert_eq!(refused(&shelf.at("/request.jwt")).await, error);
    }
    // Another client has not registered it, and none is read where requests are sent ahead.
    shelf.put(signer.object(&app, &asking(), &json!({})));
    let reads = shelf.reads();
    let house = asking().with("client_id", "house").with("redirect_uri", "https://house.test/cb");
    let house = house.with("request_uri", &shelf.at("/request.jwt"));
    assert_eq!(refusal(&app, &house).await, "request_uri_not_supported");
    let pushed = push(&app, &asking().with("request_uri", &shelf.at("/request.jwt"))).await;
    assert_eq!(pushed.text("error"), "invalid_request");
    assert_eq!(shelf.reads(), reads);
}

/// A server that takes connections and says nothing, and how many it has.
async fn silent() -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, taken) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&taken);
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            held.push(connection);
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (format!("http://{address}/x"), taken)
}

#[tokio::test]
async fn oa_19_a_realm_that_keeps_us_reading_refuses_no_other() {
    let (signer, shelf, (silent, taken)) = (web(), Shelf::new().await, silent().await);
    let slow = |id: &str| {
        format!(
            "[[realm.client]]\nid = \"{id}\"\npublic = true\nredirect_uris = [\"{CALLBACK}\"]\nscopes = [\"openid\"]\n\
             jwks_uri = \"{silent}\"\nrequest_uris = [\"{silent}\"]\n"
        )
    };
    let tenant = format!("[[realm]]\nname = \"tenant\"\n{}{}{}", slow("a"), slow("b"), slow("c"));
    let line = format!("{}\nrequest_uris = [{:?}]", signer.jwks(), shelf.at("/request.jwt"));
    let app = TestApp::with(&format!("{}{tenant}", REALM.replacen("name = \"Web app\"", &line, 1))).await;
    shelf.put(signer.object(&app, &asking(), &json!({})));
    let asked = |client: &str| {
        let asked = Asking(vec![("client_id".into(), client.into()), ("request_uri".into(), silent.clone())]);
        let path = format!("/r/tenant{}", asked.path());
        Request::get(path).header("host", "127.0.0.1:8400").body(Body::empty()).unwrap()
    };
    // Each client has six at the most, and all of them sixteen.
    let waiting: Vec<_> = ["a", "b", "c"]
        .into_iter()
        .flat_map(|client| std::iter::repeat_n(client, 8))
        .map(|client| {
            let (router, request) = (app.router.clone(), asked(client));
            tokio::spawn(async move { crate::support::send(&router, request).await })
        })
        .collect();
    while taken.load(Ordering::SeqCst) < 16 {
        tokio::task::yield_now().await;
    }
    // A seventeenth is told so at once, and the other realm does not notice.
    let refused = app.send(asked("c")).await;
    assert!(refused.html().contains("temporarily_unavailable"), "{}", refused.html());
    rp::code(&ada(&app).await, &carried("request_uri", &shelf.at("/request.jwt"))).await;
    assert_eq!(taken.load(Ordering::SeqCst), 16);
    for one in waiting {
        one.abort();
    }
}
