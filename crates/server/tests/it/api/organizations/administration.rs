//! `/api/v1/admin/organizations`

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{found, id_of, sign_in, world};

const ADMIN: &str = "/api/v1/admin/organizations";

#[tokio::test]
async fn an_administrator_lists_renames_staffs_and_deletes_any_organization() {
    let app = world().await;
    let admin = app.admin().await;
    let (ada, bob) = (sign_in(&app, "ada").await, sign_in(&app, "bob").await);
    let acme = found(&app, &ada, "acme").await;
    found(&app, &bob, "zebra").await;
    let list =
        async |query: &str| app.ask(&admin, Method::GET, &format!("{ADMIN}{query}"), None).await.json();
    let count = |page: &Value| page["organizations"].as_array().unwrap().len();
    let first = list("?limit=1").await;
    let rest = list(&format!("?cursor={}", first["next_cursor"].as_str().unwrap())).await;
    assert_eq!((count(&first), count(&rest), count(&list("?search=ZEB").await)), (1, 1, 1));
    assert_eq!((count(&list("?search=%25").await), count(&list("?limit=100").await)), (0, 2));

    let one = format!("{ADMIN}/{}", id_of(&acme));
    let renamed = app.ask(&admin, Method::PATCH, &one, Some(json!({"name": "Acme Ltd"}))).await;
    assert_eq!(renamed.text("name"), "Acme Ltd");
    assert_eq!(
        app.ask(&admin, Method::PATCH, &one, Some(json!({"slug": "zebra"}))).await.brief(),
        "409 slug_taken"
    );
    assert_eq!(app.ask(&admin, Method::GET, &one, None).await.text("slug"), "acme");

    let member = |id: &str| format!("{one}/members/{id}");
    let put = async |id: &str, roles: Value| {
        app.ask(&admin, Method::PUT, &member(id), Some(json!({"roles": roles}))).await
    };
    assert_eq!(put(&ada.id, json!([])).await.brief(), "409 last_owner");
    assert_eq!(app.ask(&admin, Method::DELETE, &member(&ada.id), None).await.brief(), "409 last_owner");
    assert_eq!(put(&bob.id, json!(["owner"])).await.json()["roles"], json!(["owner"]));
    assert_eq!(put(&ada.id, json!(["editor"])).await.status, StatusCode::OK);
    let members = app.ask(&admin, Method::GET, &format!("{one}/members"), None).await.json();
    assert_eq!(members["members"].as_array().unwrap().len(), 2);
    assert_eq!(app.ask(&admin, Method::DELETE, &member(&ada.id), None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(put("usr_00000000000000000000000000", json!([])).await.brief(), "404 not_found");
    assert_eq!(put(&ada.id, json!(["edtor"])).await.brief(), "422 invalid_field");

    // An owner who was disabled counts for nobody who could still act.
    let account = format!("/api/v1/admin/users/{}", ada.id);
    put(&ada.id, json!(["owner"])).await;
    app.ask(&admin, Method::PATCH, &account, Some(json!({"disabled": true}))).await;
    assert_eq!(app.ask(&admin, Method::DELETE, &member(&bob.id), None).await.brief(), "409 last_owner");

    assert_eq!(app.ask(&admin, Method::DELETE, &one, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.ask(&admin, Method::DELETE, &one, None).await.brief(), "404 not_found");
}
