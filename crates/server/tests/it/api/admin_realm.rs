//! The realm, its clients and its signing keys, to be looked at.

use axum::http::Method;
use serde_json::json;

use crate::support::TestApp;

const WORLD: &str = r#"
[[realm]]
name = "default"
audience = ["notes-api"]
access_token_ttl = "10m"
[[realm.client]]
id = "robot"
secret = "correct horse battery staple, and then some"
grants = ["client_credentials"]
scopes = ["notes:read"]
[[realm.client]]
id = "web"
public = true
redirect_uris = ["https://app.test/cb"]
[[realm]]
name = "acme"
[[realm.client]]
id = "theirs"
public = true
"#;

#[tokio::test]
async fn an_administrator_sees_the_realm_its_clients_and_its_keys_and_no_secret() {
    let app = TestApp::with(WORLD).await;
    let admin = app.admin().await;
    let get = async |path: &str| app.ask(&admin, Method::GET, &format!("/api/v1/admin/{path}"), None).await;
    let realm = get("realm").await.json();
    assert_eq!((&realm["name"], &realm["default"]), (&json!("default"), &json!(true)));
    assert_eq!(realm["issuer"], "http://127.0.0.1:8400");
    assert_eq!(realm["settings"]["access_token_ttl"], "10m");
    assert_eq!(realm["settings"]["audience"], json!(["notes-api"]));

    let clients = get("clients").await;
    let listed = clients.json();
    let ids: Vec<_> = listed["clients"].as_array().unwrap().iter().map(|client| &client["id"]).collect();
    assert_eq!(ids, ["robot", "web"]);
    assert_eq!(
        (&listed["clients"][0]["public"], &listed["clients"][1]["public"]),
        (&json!(false), &json!(true))
    );
    let text = String::from_utf8_lossy(&clients.body);
    assert!(!text.contains("horse") && !text.contains("digest"), "{text}");
    let web = get("clients/web").await.json();
    assert_eq!(web, listed["clients"][1]);
    assert_eq!(web["settings"]["redirect_uris"], json!(["https://app.test/cb"]));
    for missing in ["clients/theirs", "clients/gone", "clients/a%20b"] {
        assert_eq!(get(missing).await.brief(), "404 not_found", "{missing}");
    }
    let first = get("clients?limit=1").await.json();
    assert_eq!((first["clients"].as_array().unwrap().len(), &first["next_cursor"]), (1, &json!("robot")));
    assert_eq!(get("clients?cursor=robot").await.json()["clients"][0], web);

    let keys = get("keys").await;
    let published = app.get("/.well-known/jwks.json").await.json();
    let listed = keys.json();
    assert_eq!(listed["keys"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&listed["keys"][0]["kid"], &listed["keys"][0]["state"]),
        (&published["keys"][0]["kid"], &json!("signing"))
    );
    let text = String::from_utf8_lossy(&keys.body);
    assert!(!text.contains("sealed") && !text.contains("\"d\""), "{text}");
}
