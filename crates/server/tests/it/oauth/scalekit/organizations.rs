//! `organization_id`: tokens of an organization for those who belong to it.

use axum::http::Method;
use serde_json::json;

use super::{REALM, acme, asking, refresh, rp, token, tokens};
use crate::{pages::browser::Browser, support::TestApp};

#[tokio::test]
async fn a_member_gets_tokens_that_speak_of_the_organization_and_keeps_them() {
    let app = TestApp::with(REALM).await;
    let acme = acme(&app).await;
    let browser = rp::ada(&app).await;
    let answer = tokens(&browser, &asking().with("organization_id", &acme)).await;
    let next = refresh(&app, &answer.text("refresh_token")).await;
    for answer in [&answer, &next] {
        let claims = rp::claims(&answer.text("access_token"));
        assert_eq!((&claims["oid"], &claims["org_id"]), (&json!(acme), &json!(acme)));
        let mut roles: Vec<_> = claims["roles"].as_array().unwrap().clone();
        roles.sort_by_key(ToString::to_string);
        assert_eq!(
            (roles, &claims["permissions"]),
            (vec![json!("editor"), json!("owner")], &json!(["notes:write"]))
        );
    }
    assert_eq!(rp::claims(&answer.text("id_token"))["oid"], json!(acme));
}

#[tokio::test]
async fn whoever_does_not_belong_there_gets_no_code_and_learns_no_more() {
    let app = TestApp::with(REALM).await;
    let acme = acme(&app).await;
    let browser = Browser::new(&app);
    assert_eq!(browser.sign_in("bob").await.status, 303);
    let mut heard = Vec::new();
    for id in [acme.as_str(), "org_00000000000000000000000000", "garbage", "../../etc"] {
        let returned = rp::returned(&browser.get(&asking().with("organization_id", id).path()).await);
        assert_eq!(returned["error"], "access_denied", "{id}");
        heard.push(returned["error_description"].clone());
    }
    heard.dedup();
    assert_eq!(heard.len(), 1, "one that is not there is answered the same");
}

#[tokio::test]
async fn a_code_is_worth_nothing_to_whoever_has_left_since() {
    let app = TestApp::with(REALM).await;
    let acme = acme(&app).await;
    let browser = rp::ada(&app).await;
    let code = rp::code(&browser, &asking().with("organization_id", &acme)).await;
    let admin = app.admin().await;
    let gone = app.ask(&admin, Method::DELETE, &format!("/api/v1/admin/organizations/{acme}"), None).await;
    assert_eq!(gone.status, 204, "{gone:?}");
    let form =
        [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", super::CALLBACK)];
    assert_eq!(rp::error(&token(&app, None, &form).await), "400 invalid_grant");
}

#[tokio::test]
async fn whatever_else_is_hinted_at_is_left_out() {
    let app = TestApp::with(REALM).await;
    let browser = rp::ada(&app).await;
    let mut asking = asking();
    for name in ["domain_hint", "domain", "connection_id", "provider"] {
        asking = asking.with(name, "acme.example");
    }
    assert_eq!(tokens(&browser, &asking).await.status, 200);
    // What is known of the person fills in the field.
    let page = rp::open(&Browser::new(&app), &asking.with("login_hint", "ada@example.com")).await;
    assert!(page.html().contains("value=\"ada@example.com\""));
}
