//! `/v1/admin/users`

use axum::http::Method;
use serde_json::json;

use super::{ADA, WORLD, brief, get, login, person, post, registration, someone};
use crate::support::{PASSWORD, Person, TestApp};

pub(super) async fn world() -> (TestApp, Person) {
    let app = TestApp::with(&WORLD.replacen(
        "[[realm.role]]",
        &format!(
            "[[realm.user]]\nemail = \"root@example.com\"\npassword = \"{PASSWORD}\"\nroles = [\"realm-admin\"]\n[[realm.role]]"
        ),
        1,
    ))
    .await;
    let root = someone(&login(&app, "root@example.com").await);
    (app, root)
}

#[tokio::test]
async fn an_administrator_sees_and_changes_the_accounts_of_the_realm() {
    let (app, root) = world().await;
    let ada = person(&app, ADA).await;
    let listed = get(&app, &root, "/v1/admin/users").await.json();
    assert_eq!(listed["users"].as_array().unwrap().len(), 2, "{listed}");
    let found = get(&app, &root, "/v1/admin/users?search=ada&limit=1").await.json();
    assert_eq!((&found["users"][0]["email"], &found["has_more"]), (&json!(ADA), &json!(false)));
    assert_eq!(brief(&get(&app, &root, "/v1/admin/users?limit=1000").await), "400 INVALID_REQUEST");
    assert_eq!(brief(&get(&app, &root, "/v1/admin/users?status=gone").await), "400 INVALID_REQUEST");

    let path = format!("/v1/admin/users/{}", ada.id);
    assert_eq!(get(&app, &root, &path).await.json()["user"]["status"], json!("active"));
    let suspended = post(&app, &root, &format!("{path}/suspend"), json!({"reason": "x"})).await.json();
    assert_eq!(suspended["user"]["status"], json!("suspended"));
    assert_eq!(brief(&get(&app, &ada, "/me").await), "401 INVALID_TOKEN");
    assert_eq!(brief(&login(&app, ADA).await), "401 INVALID_CREDENTIALS");
    let listed = get(&app, &root, "/v1/admin/users?status=suspended").await.json();
    assert_eq!(listed["users"].as_array().unwrap().len(), 1);
    assert_eq!(app.ask(&root, Method::POST, &format!("{path}/activate"), None).await.status, 200);
    assert_eq!(login(&app, ADA).await.status, 200);
    let sent = app.subjects(ADA).await.len();
    assert_eq!(post(&app, &root, &format!("{path}/reset-password"), json!({})).await.status, 200);
    assert_eq!(app.subjects(ADA).await.len(), sent + 1);

    let own = format!("/v1/admin/users/{}", root.id);
    assert_eq!(brief(&post(&app, &root, &format!("{own}/suspend"), json!({})).await), "409 CONFLICT");
    assert_eq!(brief(&app.ask(&root, Method::DELETE, &own, None).await), "409 CONFLICT");
    assert_eq!(app.ask(&root, Method::DELETE, &path, None).await.status, 200);
    assert_eq!(brief(&get(&app, &root, &path).await), "404 USER_NOT_FOUND");
}

#[tokio::test]
async fn an_administrator_takes_factors_and_sessions_away() {
    let (app, root) = world().await;
    let ada = person(&app, ADA).await;
    let begun = post(&app, &ada, "/v1/auth/mfa/setup", json!({})).await;
    let phone = crate::support::Authenticator::of(&begun.text("secret"));
    post(&app, &ada, "/v1/auth/mfa/verify", json!({"code": phone.code(&app)})).await;
    assert_eq!(login(&app, ADA).await.json()["mfa_required"], json!(true));
    let path = format!("/v1/admin/users/{}", ada.id);
    assert_eq!(post(&app, &root, &format!("{path}/mfa/reset"), json!({})).await.status, 200);
    let again = someone(&login(&app, ADA).await);
    let listed = get(&app, &root, &format!("{path}/sessions")).await.json();
    assert_eq!(listed["total"], json!(1), "the reset ended the one before: {listed}");
    let ended = app.ask(&root, Method::DELETE, &format!("{path}/sessions"), None).await.json();
    assert_eq!(ended["revoked_count"], json!(1));
    assert_eq!(brief(&get(&app, &again, "/me").await), "401 INVALID_TOKEN");
    // "/v1/admin/users/{id}/mfa/reset" and "/v1/admin/users/{id}/sessions" of nobody.
    for path in ["/v1/admin/users/x/mfa/reset", "/v1/admin/users/usr_00000000000000000000000000/mfa/reset"] {
        assert_eq!(brief(&post(&app, &root, path, json!({})).await), "404 USER_NOT_FOUND");
    }
}

/// AD, TN-01: it takes the role, and opens the accounts of this realm alone.
#[tokio::test]
async fn tn_01_nobody_administers_without_the_role_or_in_another_realm() {
    let (app, root) = world().await;
    let ada = person(&app, ADA).await;
    let other = someone(
        &app.post("/r/acme/register", {
            let mut body = registration(ADA);
            body["realm_id"] = json!("acme");
            body
        })
        .await,
    );
    for (method, path, _) in gatepost_server::testing::zalt_served() {
        if !path.starts_with("/v1/admin/users") {
            continue;
        }
        let method: Method = method.parse().unwrap();
        let path = path.replace("{id}", &other.id);
        let answer = app.ask(&ada, method.clone(), &path, Some(json!({}))).await;
        assert_eq!(brief(&answer), "403 FORBIDDEN", "{method} {path}");
        if path.contains(&other.id) {
            let answer = app.ask(&root, method.clone(), &path, Some(json!({}))).await;
            assert_eq!(brief(&answer), "404 USER_NOT_FOUND", "{method} {path}");
        }
    }
    assert_eq!(get(&app, &other, "/r/acme/me").await.status, 200);
}

/// TN-02: by the name of the realm that the request is for, and of no other.
#[tokio::test]
async fn the_accounts_of_this_realm_are_found_under_its_name_too() {
    let (app, root) = world().await;
    let ada = person(&app, ADA).await;
    let base = "/admin/realms/default/users";
    let one = format!("{base}/{}", ada.id);
    assert_eq!(get(&app, &root, base).await.json(), get(&app, &root, "/v1/admin/users").await.json());
    assert_eq!(get(&app, &root, &one).await.json()["user"]["email"], json!(ADA));
    assert_eq!(get(&app, &root, &format!("{one}/mfa")).await.json()["enabled"], json!(false));
    assert_eq!(get(&app, &root, &format!("{one}/api-keys")).await.json()["keys"], json!([]));
    assert_eq!(get(&app, &root, &format!("{one}/sessions")).await.json()["total"], json!(1));
    assert_eq!(app.ask(&root, Method::DELETE, &format!("{one}/sessions"), None).await.status, 200);
    assert_eq!(post(&app, &root, &format!("{one}/mfa/reset"), json!({})).await.status, 200);
    let suspended = post(&app, &root, &format!("{one}/suspend"), json!({})).await;
    assert_eq!(suspended.json()["user"]["status"], json!("suspended"));
    let active = post(&app, &root, &format!("{one}/activate"), json!({})).await;
    assert_eq!(active.json()["user"]["status"], json!("active"));

    let ada = super::someone(&super::login(&app, ADA).await);
    assert_eq!(brief(&get(&app, &ada, base).await), "403 FORBIDDEN");
    assert_eq!(brief(&app.get(base).await), "401 UNAUTHORIZED");
    for elsewhere in ["acme", "nowhere", "x"] {
        let path = one.replace("default", elsewhere);
        for (method, path) in [
            (Method::GET, path.clone()),
            (Method::DELETE, path.clone()),
            (Method::POST, format!("{path}/suspend")),
        ] {
            let answer = app.ask(&root, method, &path, None).await;
            assert_eq!(brief(&answer), "404 REALM_NOT_FOUND", "{path}");
        }
    }
    for nobody in ["x", "usr_00000000000000000000000000"] {
        for below in ["", "/mfa", "/api-keys", "/sessions"] {
            let answer = get(&app, &root, &format!("{base}/{nobody}{below}")).await;
            assert_eq!(brief(&answer), "404 USER_NOT_FOUND", "{nobody}{below}");
        }
    }
    assert_eq!(app.ask(&root, Method::DELETE, &one, None).await.status, 200);
    assert_eq!(brief(&get(&app, &root, &one).await), "404 USER_NOT_FOUND");
}
