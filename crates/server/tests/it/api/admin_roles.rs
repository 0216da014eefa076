use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Person, TestApp};

const ROLES: &str = "/api/v1/admin/roles";

async fn put(app: &TestApp, admin: &Person, name: &str, permissions: Value, inherits: Value) -> Answer {
    let body = json!({"permissions": permissions, "inherits": inherits});
    app.ask(admin, Method::PUT, &format!("{ROLES}/{name}"), Some(body)).await
}

#[tokio::test]
async fn roles_are_put_given_and_removed_once_nobody_has_them() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    assert_eq!(put(&app, &admin, "reader", json!(["notes:read"]), json!([])).await.status, 201);
    let editor = put(&app, &admin, "editor", json!(["notes:write"]), json!(["reader"])).await;
    assert_eq!((editor.status.as_u16(), editor.text("name")), (201, "editor".to_owned()));
    assert_eq!(put(&app, &admin, "reader", json!(["notes:read"]), json!([])).await.status, 200, "again");
    let listed = app.ask(&admin, Method::GET, ROLES, None).await.json();
    assert_eq!(
        listed["roles"][0],
        json!({"name": "editor", "permissions": ["notes:write"], "inherits": ["reader"]})
    );

    let ada = app.person("ada@example.com").await;
    let user = format!("/api/v1/admin/users/{}", ada.id);
    app.ask(&admin, Method::PATCH, &user, Some(json!({"roles": ["editor"]}))).await;
    let token = app.sign_in("ada@example.com").await.access_token;
    let token = gatepost_jose::dangerous_decode_without_verifying(&token).unwrap();
    let claims: Value = serde_json::from_str(token.payload()).unwrap();
    assert_eq!(
        (&claims["roles"], &claims["permissions"]),
        (&json!(["editor", "reader"]), &json!(["notes:read", "notes:write"]))
    );

    let remove = async |name: &str| app.ask(&admin, Method::DELETE, &format!("{ROLES}/{name}"), None).await;
    let refused = remove("editor").await;
    assert_eq!(refused.brief(), "409 role_in_use");
    assert_eq!(
        remove("reader").await.text("detail"),
        "The role editor inherits it. Take it from there first."
    );
    app.ask(&admin, Method::PATCH, &user, Some(json!({"roles": []}))).await;
    assert_eq!(remove("editor").await.status, 204);
    assert_eq!(remove("reader").await.status, 204);
    assert_eq!(remove("reader").await.brief(), "404 not_found");
}

#[tokio::test]
async fn what_makes_no_graph_is_refused_with_the_nearest_known_name() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    put(&app, &admin, "member", json!([]), json!([])).await;
    put(&app, &admin, "editor", json!([]), json!(["member"])).await;
    let unknown = put(&app, &admin, "owner", json!([]), json!(["memebr"])).await;
    assert_eq!(unknown.brief(), "422 invalid_field");
    assert!(unknown.text("detail").contains("did you mean \"member\"?"), "{unknown:?}");
    let circle = put(&app, &admin, "member", json!([]), json!(["editor"])).await;
    assert!(circle.text("detail").contains("in a circle"), "{circle:?}");
    for (permissions, inherits) in
        [(json!(["notes"]), json!([])), (json!(["*:read"]), json!([])), (json!([]), json!(["a b"]))]
    {
        assert_eq!(put(&app, &admin, "x", permissions, inherits).await.brief(), "422 invalid_field");
    }
    assert_eq!(
        put(&app, &admin, "realm-admin", json!(["a:b"]), json!([])).await.brief(),
        "422 invalid_field"
    );
    assert_eq!(put(&app, &admin, "a%20b", json!([]), json!([])).await.brief(), "404 not_found");
}

/// Two administrators who each make the other's parent a child: one of them is refused.
#[tokio::test]
async fn ad_02_two_changes_at_once_make_no_circle() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for round in 0..10 {
        let (a, b) = (format!("a{round}"), format!("b{round}"));
        put(&app, &admin, &a, json!([]), json!([])).await;
        put(&app, &admin, &b, json!([]), json!([])).await;
        let (one, other) = tokio::join!(
            put(&app, &admin, &a, json!([]), json!([b])),
            put(&app, &admin, &b, json!([]), json!([a]))
        );
        let good =
            [one.status.as_u16(), other.status.as_u16()].iter().filter(|status| **status == 200).count();
        assert_eq!(good, 1, "{one:?} {other:?}");
    }
}

#[tokio::test]
async fn a_role_is_made_once_and_inherits_no_administration() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let make = async |body: Value| app.ask(&admin, Method::POST, ROLES, Some(body)).await;
    let reader = json!({"name": "reader", "permissions": ["notes:read"]});
    let made = make(reader.clone()).await;
    assert_eq!(made.status, 201, "{made:?}");
    let shown = app.ask(&admin, Method::GET, &format!("{ROLES}/reader"), None).await;
    assert_eq!((shown.json(), shown.header("etag")), (made.json(), made.header("etag")));
    assert_eq!(make(reader).await.brief(), "409 role_exists");
    assert_eq!(make(json!({"name": "reader", "permissions": ["notes:*"]})).await.brief(), "409 role_exists");
    assert_eq!(app.ask(&admin, Method::GET, &format!("{ROLES}/reader"), None).await.json(), made.json());
    for (body, detail) in [
        (
            json!({"name": "chief", "inherits": ["realm-admin"]}),
            "`inherits`: realm-admin is built in, and given to users only.",
        ),
        (json!({"name": "realm-admin"}), "`name`: realm-admin is built in; choose another name."),
        (
            json!({"name": "editor", "inherits": ["raeder"]}),
            "`inherits`: role \"editor\" inherits from \"raeder\", which does not exist (did you mean \"reader\"?).",
        ),
    ] {
        let answer = make(body).await;
        assert_eq!((answer.brief().as_str(), answer.text("detail").as_str()), ("422 invalid_field", detail));
    }
    let path = format!("{ROLES}/reader");
    app.ask(&admin, Method::PUT, &path, Some(json!({"permissions": ["notes:*"]}))).await;
    app.ask(&admin, Method::DELETE, &path, None).await;
    let trail = app.ask(&admin, Method::GET, "/api/v1/admin/audit?event=roles-changed", None).await.json();
    let mut details: Vec<String> =
        trail["events"].as_array().unwrap().iter().map(|event| event["detail"].to_string()).collect();
    details.sort();
    assert_eq!(
        details,
        [
            r#"{"after":"notes:*","after_inherits":"","before":"notes:read","before_inherits":"","role":"reader"}"#,
            r#"{"after":"notes:read","after_inherits":"","role":"reader"}"#,
            r#"{"before":"notes:*","before_inherits":"","role":"reader"}"#,
        ]
    );
}

/// No role of the realm makes an owner of who has it, and none comes back to life with more than it had.
#[tokio::test]
async fn owner_is_inherited_by_none_and_what_organizations_give_stays() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\norganization_roles = [\"editor\"]\n[[realm.role]]\nname = \"editor\"\n").await;
    let admin = app.admin().await;
    let refused = put(&app, &admin, "lead", json!([]), json!(["owner"])).await;
    assert_eq!(refused.brief(), "422 invalid_field", "{refused:?}");
    let editor = app.ask(&admin, Method::DELETE, "/api/v1/admin/roles/editor", None).await;
    assert_eq!(editor.brief(), "409 role_in_use");
    assert!(editor.text("detail").contains("organization_roles"), "{editor:?}");
    // The built-in owners of organizations are no users of a role that the realm defined under this name.
    let body = json!({"name": "Acme", "slug": "acme"});
    app.ask(&admin, Method::POST, "/api/v1/organizations", Some(body)).await;
    put(&app, &admin, "owner", json!([]), json!([])).await;
    assert_eq!(app.ask(&admin, Method::DELETE, "/api/v1/admin/roles/owner", None).await.status, 204);
}
