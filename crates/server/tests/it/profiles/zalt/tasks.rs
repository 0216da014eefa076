//! `/session/tasks`

use serde_json::json;

use super::{ADA, brief, get, login, post, someone};
use crate::support::{Authenticator, PASSWORD, TestApp};

/// A realm that asks for a second factor, and waits a week for it.
async fn world() -> TestApp {
    let users = ["eve@example.com", ADA]
        .map(|email| format!("[[realm.user]]\nemail = \"{email}\"\npassword = \"{PASSWORD}\"\n"));
    let realm = "[[realm]]\nname = \"default\"\nprofile = \"zalt\"\nmfa = \"required\"\nmfa_grace = \"7d\"\n";
    TestApp::with(&format!("{realm}{}", users.concat())).await
}

#[tokio::test]
async fn a_second_factor_that_is_to_be_set_up_is_a_task() {
    let app = world().await;
    let signed_in = login(&app, ADA).await;
    assert_eq!(signed_in.status, 200, "{signed_in:?}");
    let ada = someone(&signed_in);
    let json = get(&app, &ada, "/session/tasks").await.json();
    assert_eq!(
        (&json["has_blocking_tasks"], &json["tasks"]),
        (&json!(false), &signed_in.json()["session_tasks"])
    );
    let task = &json["tasks"][0];
    assert_eq!(
        (&task["type"], &task["status"], &task["blocking"], &task["priority"]),
        (&json!("setup_mfa"), &json!("pending"), &json!(false), &json!(2))
    );
    assert!(task["metadata"]["due_at"].is_string() && task["session_id"].is_string(), "{task}");

    let path = format!("/session/tasks/{}/complete", task["id"].as_str().unwrap());
    let body = |code: &str| json!({"mfa_method": "totp", "verification_code": code});
    assert_eq!(
        brief(&post(&app, &ada, &path, body("123456")).await),
        "400 INVALID_CODE",
        "nothing is set up"
    );
    let begun = post(&app, &ada, "/v1/auth/mfa/setup", json!({})).await;
    let phone = Authenticator::of(&begun.text("secret"));
    assert_eq!(brief(&post(&app, &ada, &path, body(&phone.wrong(&app))).await), "400 INVALID_CODE");
    let sms = json!({"mfa_method": "sms", "verification_code": phone.code(&app)});
    assert_eq!(brief(&post(&app, &ada, &path, sms).await), "400 INVALID_REQUEST");
    assert_eq!(brief(&post(&app, &ada, &path, json!({})).await), "400 INVALID_REQUEST");
    let other = "/session/tasks/accept_terms/complete";
    assert_eq!(brief(&post(&app, &ada, other, body(&phone.code(&app))).await), "404 TASK_NOT_FOUND");

    let done = post(&app, &ada, &path, body(&phone.code(&app))).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(
        (&done.json()["task"]["status"], &done.json()["remaining_tasks"]),
        (&json!("completed"), &json!([]))
    );
    assert_eq!(done.json()["backup_codes"].as_array().unwrap().len(), 10);
    assert_eq!(get(&app, &ada, "/session/tasks").await.json()["tasks"], json!([]));
    assert_eq!(brief(&post(&app, &ada, &path, body("123456")).await), "404 TASK_NOT_FOUND");
    // Of somebody else nothing is done.
    let eve = someone(&login(&app, "eve@example.com").await);
    assert_eq!(get(&app, &eve, "/session/tasks").await.json()["tasks"].as_array().unwrap().len(), 1);
    assert_eq!(brief(&app.get("/session/tasks").await), "401 UNAUTHORIZED");
}

#[tokio::test]
async fn where_nobody_asks_for_anything_there_is_no_task() {
    let app = super::world().await;
    let ada = super::person(&app, ADA).await;
    assert_eq!(get(&app, &ada, "/session/tasks").await.json()["tasks"], json!([]));
    let path = "/session/tasks/setup_mfa/complete";
    let body = json!({"verification_code": "123456"});
    assert_eq!(brief(&post(&app, &ada, path, body).await), "404 TASK_NOT_FOUND");
}
