//! `/v1/admin/organizations` and `/v1/admin/roles`

use axum::http::Method;
use serde_json::{Value, json};

use super::{ADA, brief, get, login, person, post, someone};
use crate::support::{Answer, PASSWORD, Person, TestApp};

async fn world() -> (TestApp, Person) {
    let app = TestApp::with(&format!(
        r#"
[[realm]]
name = "default"
profile = "zalt"
organization_roles = ["editor"]
[[realm.role]]
name = "editor"
permissions = ["notes:write"]
inherits = ["reader"]
[[realm.role]]
name = "reader"
permissions = ["notes:read"]
[[realm.user]]
email = "root@example.com"
password = "{PASSWORD}"
roles = ["realm-admin"]
"#
    ))
    .await;
    let root = someone(&login(&app, "root@example.com").await);
    (app, root)
}

async fn ask(app: &TestApp, who: &Person, method: Method, path: &str, body: Option<Value>) -> Answer {
    app.ask(who, method, path, body).await
}

/// These refusals are flat.
fn check(answer: &Answer, expected: &str) {
    assert_eq!(brief(answer), expected, "{answer:?}");
    let json = answer.json();
    assert!(json["error"].is_string() && json["code"].is_string(), "{json}");
}

#[tokio::test]
async fn an_administrator_deals_with_organizations() {
    let (app, root) = world().await;
    let ada = person(&app, ADA).await;
    let base = "/v1/admin/organizations";
    let new = json!({"name": "Analytical Engines", "slug": "analytical", "owner_id": ada.id});
    let made = post(&app, &root, base, new.clone()).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json()["organization"]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        get(&app, &ada, "/v1/auth/organizations").await.json()["organizations"][0]["roles"],
        json!(["owner"])
    );
    let listed = get(&app, &root, &format!("{base}?search=anal")).await.json();
    assert_eq!(listed["organizations"][0]["name"], json!("Analytical Engines"));
    let path = format!("{base}/{id}");
    assert_eq!(get(&app, &root, &path).await.json()["organization"]["slug"], json!("analytical"));
    let changed = ask(&app, &root, Method::PATCH, &path, Some(json!({"name": "Engines"}))).await;
    assert_eq!(changed.json()["organization"]["name"], json!("Engines"));

    check(&post(&app, &root, base, new).await, "409 BAD_REQUEST");
    check(&post(&app, &root, base, json!({"name": "x"})).await, "400 BAD_REQUEST");
    check(&post(&app, &root, base, json!({"name": "x", "slug": "x x"})).await, "400 BAD_REQUEST");
    check(&post(&app, &ada, base, json!({"name": "x", "slug": "xx"})).await, "403 FORBIDDEN");
    check(&app.get(base).await, "401 UNAUTHORIZED");
    check(&get(&app, &root, "/v1/admin/organizations/x").await, "404 NOT_FOUND");
    assert_eq!(ask(&app, &root, Method::DELETE, &path, None).await.status, 200);
    check(&get(&app, &root, &path).await, "404 NOT_FOUND");
}

#[tokio::test]
async fn an_administrator_deals_with_their_members() {
    let (app, root) = world().await;
    let (ada, eve) = (person(&app, ADA).await, person(&app, "eve@example.com").await);
    let base = "/v1/admin/organizations";
    let new = json!({"name": "Analytical Engines", "slug": "analytical", "owner_id": ada.id});
    let id = post(&app, &root, base, new).await.json()["organization"]["id"].as_str().unwrap().to_owned();
    let members = format!("/v1/admin/organizations/{id}/members");
    let body = json!({"user_id": eve.id, "roles": ["editor"]});
    let added = post(&app, &root, &members, body.clone()).await;
    assert_eq!((added.status.as_u16(), &added.json()["member"]["roles"]), (201, &json!(["editor"])));
    check(&post(&app, &root, &members, body).await, "409 BAD_REQUEST");
    assert_eq!(get(&app, &root, &members).await.json()["members"].as_array().unwrap().len(), 2);
    let one = format!("{members}/{}", eve.id);
    assert_eq!(get(&app, &root, &one).await.json()["member"]["email"], json!("eve@example.com"));
    let changed = ask(&app, &root, Method::PATCH, &one, Some(json!({"roles": ["owner"]}))).await;
    assert_eq!(changed.json()["member"]["roles"], json!(["owner"]));
    let unknown = json!({"user_id": eve.id, "roles": ["nothing-like-it"]});
    check(&ask(&app, &root, Method::PATCH, &one, Some(unknown)).await, "400 BAD_REQUEST");
    assert_eq!(ask(&app, &root, Method::DELETE, &one, None).await.status, 200);
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let body = (method == Method::PATCH).then(|| json!({"roles": []}));
        check(&ask(&app, &root, method, &one, body).await, "404 NOT_FOUND");
    }
    // The last owner stays.
    let last = format!("{members}/{}", ada.id);
    check(&ask(&app, &root, Method::DELETE, &last, None).await, "409 BAD_REQUEST");
}

#[tokio::test]
async fn an_administrator_deals_with_roles() {
    let (app, root) = world().await;
    let base = "/v1/admin/roles";
    let listed = get(&app, &root, base).await.json();
    assert_eq!((&listed["total"], &listed["roles"][0]["id"]), (&json!(2), &json!("editor")));
    let system = get(&app, &root, "/v1/admin/roles/system").await.json();
    assert_eq!(system["roles"][0]["name"], json!("owner"));
    let new = json!({"name": "printer", "permissions": ["pages:print"]});
    assert_eq!(post(&app, &root, base, new.clone()).await.status, 201);
    check(&post(&app, &root, base, new).await, "409 BAD_REQUEST");
    let path = "/v1/admin/roles/printer";
    let changed = ask(&app, &root, Method::PATCH, path, Some(json!({"inherits": ["editor"]}))).await.json();
    assert_eq!(
        (&changed["role"]["permissions"], &changed["role"]["inherits"]),
        (&json!(["pages:print"]), &json!(["editor"]))
    );
    assert_eq!(get(&app, &root, path).await.json()["role"]["is_system"], json!(false));
    let all = get(&app, &root, "/v1/admin/roles/printer/permissions").await.json();
    assert_eq!(all["permissions"], json!(["notes:read", "notes:write", "pages:print"]));
    // AZ: a circle is none.
    let circle = json!({"inherits": ["printer"]});
    check(&ask(&app, &root, Method::PATCH, "/v1/admin/roles/editor", Some(circle)).await, "400 BAD_REQUEST");
    check(&ask(&app, &root, Method::DELETE, "/v1/admin/roles/editor", None).await, "409 BAD_REQUEST");
    assert_eq!(ask(&app, &root, Method::DELETE, path, None).await.status, 200);
    check(&get(&app, &root, path).await, "404 NOT_FOUND");
}
