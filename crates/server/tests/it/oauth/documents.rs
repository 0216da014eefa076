//! Clients that a document describes, at the address that is their id.

use std::time::Duration;

use axum::http::Method;
use gatepost_jose::{Algorithm, SigningKey};
use serde_json::{Map, Value, json};

use crate::support::TestApp;

use super::{
    published::Published,
    registered::{Client, OPEN},
    relying_party::{self as rp, ada},
};

/// A realm that reads documents, of any host or of these.
fn realm(hosts: &str) -> String {
    OPEN.replace(
        "client_registration = \"open\"",
        &format!("client_id_metadata_documents = true\nclient_id_metadata_hosts = [{hosts}]"),
    )
}

fn document(published: &Published, path: &str, changes: &Value) -> Value {
    let mut document = json!({
        "client_id": published.url(path),
        "client_name": "An agent",
        "redirect_uris": ["http://127.0.0.1/cb"],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
    });
    for (name, value) in changes.as_object().unwrap() {
        document[name] = value.clone();
    }
    document
}

fn agent<'a>(app: &'a TestApp, id: &str) -> Client<'a> {
    let information: Map<String, Value> = json!({ "client_id": id }).as_object().unwrap().clone();
    Client { app, information, key: None }
}

fn asking(id: &str) -> rp::Asking {
    rp::asking().with("client_id", id).with("redirect_uri", "http://127.0.0.1:5000/cb")
}

#[tokio::test]
async fn an_agent_signs_people_in_under_the_address_of_its_document() {
    let (app, published) = (TestApp::with(&realm("")).await, Published::new().await);
    let told = app.get("/.well-known/oauth-authorization-server").await.json();
    assert_eq!(told["client_id_metadata_document_supported"], true);
    let id = published.put("agent/client.json", &document(&published, "agent/client.json", &json!({})));
    let (browser, agent) = (ada(&app).await, agent(&app, &id));
    let page = rp::open(&browser, &asking(&id)).await;
    let host = id.split('/').nth(2).unwrap();
    assert!(
        page.html().contains("id=\"unchecked\"")
            && page.html().contains(&format!("<b><bdi>{host}</bdi></b>")),
        "{}",
        page.html()
    );
    assert!(page.html().contains("An agent"));
    let tokens = agent.tokens(&browser, &asking(&id)).await;
    assert_eq!(rp::claims(&tokens.text("id_token"))["aud"], id);
    let tokens = agent.refresh(&tokens.text("refresh_token")).await;
    assert_eq!(tokens.status, 200);
    assert_eq!(published.read("agent/client.json"), 1, "read once");

    // Turned off, it is none of the realm's any more.
    app.apply(&realm("").replace("documents = true", "documents = false")).await;
    app.advance(Duration::from_secs(1));
    assert_eq!(rp::error(&agent.refresh(&tokens.text("refresh_token")).await), "401 invalid_client");
    assert!(rp::open(&browser, &asking(&id)).await.html().contains("invalid_client"));
    app.apply(&realm("\"other.test\"")).await;
    app.advance(Duration::from_secs(1));
    assert!(rp::open(&browser, &asking(&id)).await.html().contains("invalid_client"));
}

#[tokio::test]
async fn a_document_is_off_unless_the_realm_turns_it_on() {
    let (app, published) = (TestApp::with(OPEN).await, Published::new().await);
    let id = published.put("client", &document(&published, "client", &json!({})));
    assert!(rp::open(&ada(&app).await, &asking(&id)).await.html().contains("invalid_client"));
    assert_eq!(published.read("client"), 0);
}

#[tokio::test]
async fn dc_01_a_document_that_contradicts_itself_or_is_elsewhere_is_no_client() {
    let (app, published) = (TestApp::with(&realm("")).await, Published::new().await);
    let browser = ada(&app).await;
    let mut ids = vec![
        "https://169.254.169.254/latest/client".to_owned(),
        "https://[fe80::1]/client".to_owned(),
        published.url("missing"),
        published.put("redirected", &json!(format!("-> {}", published.url("good")))),
        published.put("text", &json!("not JSON")),
        published.put("large", &document(&published, "large", &json!({ "x": "a".repeat(70_000) }))),
    ];
    published.put("good", &document(&published, "good", &json!({})));
    for (number, changes) in [
        json!({ "client_id": published.url("good") }),
        json!({ "client_secret": "s3cret" }),
        json!({ "token_endpoint_auth_method": "client_secret_post" }),
        json!({ "redirect_uris": [] }),
        json!({ "redirect_uris": ["javascript:alert(1)"] }),
        json!({ "logo_uri": "https://169.254.169.254/" }),
    ]
    .iter()
    .enumerate()
    {
        let path = format!("bad/{number}");
        ids.push(published.put(&path, &document(&published, &path, changes)));
    }
    for id in &ids {
        let page = rp::open(&browser, &asking(id)).await;
        assert!(page.status == 400 && page.html().contains("invalid_client"), "{id}: {}", page.html());
    }
    assert_eq!(published.read("good"), 0);
    // What failed is not asked again at once, whoever names it.
    rp::open(&browser, &asking(&ids[4])).await;
    assert_eq!(published.read("text"), 1);
    app.advance(Duration::from_secs(61));
    rp::open(&browser, &asking(&ids[4])).await;
    assert_eq!(published.read("text"), 2);
    let admin = app.admin().await;
    let body = json!({ "id": published.url("good"), "settings": {} });
    let answer = app.ask(&admin, Method::POST, "/api/v1/admin/clients", Some(body)).await;
    assert_eq!(answer.brief(), "422 invalid_field", "nobody takes the place of a document");
}

#[tokio::test]
async fn a_document_is_read_again_when_it_is_old_and_outlasts_a_failure_for_a_day() {
    let (app, published) = (TestApp::with(&realm("")).await, Published::new().await);
    let content = |changes: Value| document(&published, "client", &changes);
    let id = published.put_for("client", &content(json!({})), "max-age=600");
    let (browser, agent) = (ada(&app).await, agent(&app, &id));
    let tokens = agent.tokens(&browser, &asking(&id)).await;
    let known = async || rp::open(&browser, &asking(&id)).await.html().contains("consent-approve");
    app.advance(Duration::from_secs(599));
    assert!(known().await);
    assert_eq!(published.read("client"), 1);
    // Other redirect URIs: the old one is refused from then on.
    published.put_for("client", &content(json!({ "redirect_uris": ["http://127.0.0.1/other"] })), "no-store");
    app.advance(Duration::from_secs(1));
    assert!(rp::open(&browser, &asking(&id)).await.html().contains("redirect_uri"));
    assert_eq!(published.read("client"), 2);
    assert_eq!(agent.refresh(&tokens.text("refresh_token")).await.status, 200);
    assert_eq!(published.read("client"), 2, "five minutes at the least");
    published.put("client", &content(json!({})));
    app.advance(Duration::from_mins(5));
    assert!(known().await);
    published.remove("client");
    app.advance(Duration::from_hours(23));
    assert!(known().await, "known for a day");
    app.advance(Duration::from_hours(1));
    let browser = ada(&app).await;
    assert!(rp::open(&browser, &asking(&id)).await.html().contains("invalid_client"));
}

#[tokio::test]
async fn a_document_changes_nothing_else_than_itself_and_a_borrowed_name_is_left_out() {
    let (app, published) = (TestApp::with(&realm("")).await, Published::new().await);
    let browser = ada(&app).await;
    let id = published.put(
        "client",
        &document(
            &published,
            "client",
            &json!({ "client_name": "Notes on the Web", "skip_consent": true, "scope": "openid account" }),
        ),
    );
    let page = rp::open(&browser, &asking(&id).with("scope", "openid")).await;
    assert!(
        page.html().contains("consent-approve") && !page.html().contains("Notes on the Web"),
        "{}",
        page.html()
    );
    let refused = rp::open(&browser, &asking(&id).with("scope", "openid account")).await;
    assert_eq!(rp::returned(&refused)["error"], "invalid_scope");
    let admin = app.admin().await;
    let path = format!("/api/v1/admin/clients/{}", id.replace(':', "%3A").replace('/', "%2F"));
    let shown = app.ask(&admin, Method::GET, &path, None).await.json();
    assert_eq!((&shown["id"], &shown["origin"]), (&json!(id), &json!("document")));
    let change = json!({ "settings": { "skip_consent": true } });
    let answer = app.ask(&admin, Method::PATCH, &path, Some(change)).await;
    assert_eq!(answer.brief(), "422 invalid_field", "it is what its document says");
    assert_eq!(app.ask(&admin, Method::DELETE, &path, None).await.status, 204);
}

#[tokio::test]
async fn an_agent_with_a_key_proves_itself_with_it() {
    let (app, published) = (TestApp::with(&realm("")).await, Published::new().await);
    let key = SigningKey::generate(Algorithm::ES256).unwrap().with_kid("one");
    let keys = json!({ "keys": [serde_json::to_value(key.public_jwk().unwrap()).unwrap()] });
    let changes = json!({
        "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": published.put("keys", &keys),
        "redirect_uris": ["https://agent.test/cb"],
    });
    let id = published.put("client", &document(&published, "client", &changes));
    let (browser, mut agent) = (ada(&app).await, agent(&app, &id));
    let asking = asking(&id).with("redirect_uri", "https://agent.test/cb");
    agent.key = Some(key);
    agent.tokens(&browser, &asking).await;
    // Anybody can read who it is; nobody else can be it.
    agent.key = Some(SigningKey::generate(Algorithm::ES256).unwrap().with_kid("one"));
    let code = agent.code(&browser, &asking).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("code_verifier", rp::VERIFIER),
        ("redirect_uri", "https://agent.test/cb"),
    ];
    assert_eq!(rp::error(&agent.token(&form).await), "401 invalid_client");
    agent.key = None;
    assert_eq!(rp::error(&agent.token(&form).await), "401 invalid_client");
}
