//! Many users at once.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Person, TestApp, person};

const BULK: &str = "/api/v1/admin/users/bulk";
const WORLD: &str = r#"
[[realm]]
name = "default"
[[realm.role]]
name = "editor"
[[realm.role]]
name = "reader"
"#;

async fn run(app: &TestApp, admin: &Person, operations: Value) -> Answer {
    app.ask(admin, Method::POST, BULK, Some(json!({ "operations": operations }))).await
}

/// Status and code of each result, as in `409 last_owner`.
fn briefs(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let brief = |result: &Value| match result["problem"]["code"].as_str() {
        Some(code) => format!("{} {code}", result["status"]),
        None => result["status"].to_string(),
    };
    answer.json()["results"].as_array().unwrap().iter().map(brief).collect()
}

async fn user(app: &TestApp, admin: &Person, id: &str) -> Value {
    app.ask(admin, Method::GET, &format!("/api/v1/admin/users/{id}"), None).await.json()
}

#[tokio::test]
async fn many_users_are_changed_at_once_and_each_is_answered() {
    let app = TestApp::with(WORLD).await;
    let admin = app.admin().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(app.person(&format!("user{n}@example.com")).await.id);
    }
    let answer = run(
        &app,
        &admin,
        json!([
            {"user": ids[0], "action": "disable"},
            {"user": ids[1], "action": "add_roles", "roles": ["reader", "editor"]},
            {"user": "usr_00000000000000000000000000", "action": "disable"},
            {"user": "nonsense", "action": "delete"},
            {"user": ids[2], "action": "delete"},
            {"user": ids[2], "action": "enable"},
            {"user": ids[1], "action": "remove_roles", "roles": ["reader"]},
            {"user": ids[3], "action": "enable"},
        ]),
    )
    .await;
    let expected = ["200", "200", "404 not_found", "404 not_found", "204", "404 not_found", "200", "200"];
    assert_eq!(briefs(&answer), expected);
    assert_eq!(answer.json()["results"][0]["user"], ids[0].as_str());
    assert_eq!(app.login("user0@example.com").await.brief(), "401 invalid_credentials");
    assert_eq!(user(&app, &admin, &ids[1]).await["roles"], json!(["editor"]));
    assert_eq!(user(&app, &admin, &ids[2]).await["code"], "not_found");
    assert_eq!(app.login("user4@example.com").await.status, 200, "who is not named stays");
    // Each is in the trail as if it had been done by itself, roles with what was and what is.
    let path = format!("/api/v1/admin/audit?user={}&event=user-roles-changed", ids[1]);
    let events = app.ask(&admin, Method::GET, &path, None).await.json();
    let mut details: Vec<String> =
        events["events"].as_array().unwrap().iter().map(|event| event["detail"].to_string()).collect();
    details.sort();
    assert_eq!(
        details,
        [r#"{"after":"editor reader","before":""}"#, r#"{"after":"editor","before":"editor reader"}"#]
    );
}

#[tokio::test]
async fn a_request_that_is_wrong_does_nothing_at_all() {
    let app = TestApp::with(WORLD).await;
    let admin = app.admin().await;
    let eve = app.person("eve@example.com").await.id;
    let disable = json!({"user": eve, "action": "disable"});
    for (operations, detail) in [
        (json!([]), "`operations`: send 1 to 100."),
        (Value::Array(vec![disable.clone(); 101]), "`operations`: send 1 to 100."),
        (
            json!([disable, {"user": eve, "action": "add_roles", "roles": ["edtor"]}]),
            "`roles`: realm default has no role edtor; did you mean editor?",
        ),
        (
            json!([disable, {"user": eve, "action": "add_roles"}]),
            "`roles`: add_roles and remove_roles name at least one role, the other actions none.",
        ),
        (
            json!([disable, {"user": eve, "action": "delete", "roles": ["editor"]}]),
            "`roles`: add_roles and remove_roles name at least one role, the other actions none.",
        ),
    ] {
        let answer = run(&app, &admin, operations).await;
        assert_eq!((answer.brief().as_str(), answer.text("detail").as_str()), ("422 invalid_field", detail));
    }
    for wrong in
        [json!([{"user": eve, "action": "promote"}]), json!([{"user": eve, "action": "disable", "x": 1}])]
    {
        assert_eq!(run(&app, &admin, wrong).await.brief(), "400 invalid_body");
    }
    assert_eq!(app.login("eve@example.com").await.status, 200);
}

/// AD-02: what holds for one change holds for each of many.
#[tokio::test]
async fn ad_02_the_last_administrator_stays_and_who_demotes_themselves_may_do_no_more() {
    let app = TestApp::with(WORLD).await;
    let admin = app.admin().await;
    let second = app.person("second@example.com").await;
    let alone = run(
        &app,
        &admin,
        json!([{"user": admin.id, "action": "disable"}, {"user": admin.id, "action": "delete"}]),
    );
    assert_eq!(briefs(&alone.await), ["409 last_administrator", "409 last_administrator"]);
    let answer = run(
        &app,
        &admin,
        json!([
            {"user": second.id, "action": "add_roles", "roles": ["realm-admin"]},
            {"user": admin.id, "action": "remove_roles", "roles": ["realm-admin"]},
            {"user": second.id, "action": "disable"},
        ]),
    );
    assert_eq!(briefs(&answer.await), ["200", "200", "403 missing_role"]);
    assert_eq!(app.ask(&second, Method::GET, "/api/v1/admin/users", None).await.status, 200);
}

/// TN-01: another realm's user is nobody here.
#[tokio::test]
async fn tn_01_users_of_another_realm_are_not_there() {
    let file = format!(
        "[[realm]]\nname = \"acme\"\n[[realm.user]]\nemail = \"boss@acme.test\"\npassword = \"{PASSWORD}\"\nroles = [\"realm-admin\"]\n"
    );
    let app = TestApp::with(&file).await;
    let ada = app.person("ada@example.com").await;
    let body = json!({"email": "boss@acme.test", "password": PASSWORD});
    let boss = person(&app.post("/r/acme/api/v1/login", body).await);
    let operations =
        json!({"operations": [{"user": ada.id, "action": "delete"}, {"user": ada.id, "action": "disable"}]});
    let answer = app.ask(&boss, Method::POST, &format!("/r/acme{BULK}"), Some(operations)).await;
    assert_eq!(briefs(&answer), ["404 not_found", "404 not_found"]);
    assert_eq!(app.login("ada@example.com").await.status, 200);
}
