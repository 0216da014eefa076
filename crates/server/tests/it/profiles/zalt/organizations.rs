//! `/v1/auth/organizations`

use axum::http::Method;
use serde_json::json;

use super::{ADA, brief, get, login, parts, person, post, someone, with};
use crate::support::{PASSWORD, TestApp};

async fn world() -> TestApp {
    TestApp::with(&format!(
        r#"
[[realm]]
name = "default"
profile = "zalt"
organization_roles = ["editor"]
[[realm.role]]
name = "editor"
permissions = ["notes:write"]
[[realm.user]]
email = "{ADA}"
password = "{PASSWORD}"
[[realm.organization]]
slug = "analytical"
name = "Analytical Engines"
members = [{{ user = "{ADA}", roles = ["editor"] }}]
[[realm.organization]]
slug = "other"
name = "Other"
"#
    ))
    .await
}

#[tokio::test]
async fn somebody_sees_their_organizations_and_switches() {
    let app = world().await;
    let ada = someone(&login(&app, ADA).await);
    let listed = get(&app, &ada, "/v1/auth/organizations").await.json();
    assert_eq!(listed["total"], json!(1), "{listed}");
    let one = &listed["organizations"][0];
    assert_eq!(
        (&one["name"], &one["slug"], &one["roles"], &one["is_default"]),
        (&json!("Analytical Engines"), &json!("analytical"), &json!(["editor"]), &json!(true))
    );
    let id = one["id"].as_str().unwrap();
    assert_eq!(one["logo_url"], json!(null));
    let (admin, logo) = (app.admin().await, json!("https://analytical.test/logo.png"));
    let path = format!("/api/v1/admin/organizations/{id}");
    app.ask(&admin, Method::PATCH, &path, Some(json!({"logo_url": logo}))).await;
    let listed = get(&app, &ada, "/v1/auth/organizations").await.json();
    assert_eq!(listed["organizations"][0]["logo_url"], logo);

    let path = "/v1/auth/switch-organization";
    let switched = post(&app, &ada, path, json!({"org_id": id})).await;
    assert_eq!(switched.status, 200, "{switched:?}");
    let json = switched.json();
    assert_eq!((&json["organization"]["id"], &json["permissions"]), (&json!(id), &json!(["notes:write"])));
    assert_eq!((&json["roles"], &json["accessToken"]), (&json!(["editor"]), &json["access_token"]));
    assert!(json["refresh_token"].is_null(), "an access token buys none");
    let (_, claims) = parts(json["access_token"].as_str().unwrap());
    assert_eq!(
        (&claims["org_id"], &claims["roles"], &claims["iss"]),
        (&json!(id), &json!(["editor"]), &json!("zalt.io"))
    );
    // The refresh token that the program has goes on in it.
    let refreshed = app.post("/refresh", json!({"refresh_token": ada.refresh_token})).await.json();
    let (_, claims) = parts(refreshed["tokens"]["access_token"].as_str().unwrap());
    assert_eq!(claims["org_id"], json!(id));

    let mine = get(&app, &ada, "/v1/auth/permissions").await.json();
    assert_eq!((&mine["roles"], &mine["permissions"]), (&json!([]), &json!([])));
    let there = get(&app, &ada, &format!("/v1/auth/permissions?org_id={id}")).await.json();
    assert_eq!((&there["org_id"], &there["permissions"]), (&json!(id), &json!(["notes:write"])));
    let bearer = format!("Bearer {}", ada.access_token);
    let headers = [("authorization", &*bearer), ("x-org-id", id)];
    let by_header = with(&app, Method::GET, "/v1/auth/permissions", &headers, None).await.json();
    assert_eq!(by_header, there);
}

/// TN-02: of an organization that one does not belong to nothing is told.
#[tokio::test]
async fn tn_02_an_organization_of_others_is_not_there() {
    let app = world().await;
    let ada = someone(&login(&app, ADA).await);
    let eve = person(&app, "eve@example.com").await;
    let listed = get(&app, &ada, "/v1/auth/organizations").await.json();
    let id = listed["organizations"][0]["id"].as_str().unwrap().to_owned();
    for id in [&*id, "org_00000000000000000000000000", "x"] {
        let body = json!({"org_id": id});
        assert_eq!(brief(&post(&app, &eve, "/v1/auth/switch-organization", body).await), "404 NOT_FOUND");
        let path = format!("/v1/auth/permissions?org_id={id}");
        assert_eq!(brief(&get(&app, &eve, &path).await), "404 NOT_FOUND");
    }
    assert_eq!(get(&app, &eve, "/v1/auth/organizations").await.json()["organizations"], json!([]));
}
