//! `organization_id`: tokens of an organization for those who belong to it.

use axum::http::Method;
use serde_json::json;

use super::{
    REALM, acme, asking,
    grpc::{self, wire::message},
    refresh, rp, token, tokens,
};
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

/// Set by gRPC; told in every access token, as it is then.
#[tokio::test]
async fn tokens_say_what_the_application_calls_whom_they_speak_of() {
    let administering = "[[realm.client]]\nid = \"administering\"\nsecret = \"test_0123456789abcdefghijklmnopqrstuvwxyz\"\n\
        grants = [\"client_credentials\"]\ntoken_format = \"scalekit\"\nadministers = [\"users:write\", \"organizations:write\"]\n";
    let app =
        TestApp::with(&REALM.replacen("[[realm.client]]", &format!("{administering}[[realm.client]]"), 1))
            .await;
    let acme = acme(&app).await;
    let browser = rp::ada(&app).await;
    let signed_in = tokens(&browser, &asking().with("organization_id", &acme)).await;
    let before = rp::claims(&signed_in.text("access_token"));
    assert_eq!((before.get("xoid"), before.get("xuid")), (None, None));
    let caller = grpc::Caller::of(&app, "administering").await;
    let user = message().text(1, before["sub"].as_str().unwrap()).within(3, message().text(6, "customer/7"));
    caller.call("users.UserService/UpdateUser", user).await.unwrap();
    let organization = message().text(1, &acme).within(3, message().text(6, "account/3"));
    caller.call("organizations.OrganizationService/UpdateOrganization", organization).await.unwrap();
    let refreshed = refresh(&app, &signed_in.text("refresh_token")).await;
    let again = tokens(&browser, &asking().with("organization_id", &acme)).await;
    for answer in [refreshed, again] {
        let claims = rp::claims(&answer.text("access_token"));
        assert_eq!((&claims["xoid"], &claims["xuid"]), (&json!("account/3"), &json!("customer/7")));
    }
    let without = rp::claims(&tokens(&browser, &asking()).await.text("access_token"));
    assert_eq!((without.get("xoid"), &without["xuid"]), (None, &json!("customer/7")));
    // Other applications know nothing of it.
    let other = rp::redeem(&app, &rp::code(&browser, &rp::asking()).await).await;
    assert_eq!(rp::claims(&other.text("access_token")).get("xuid"), None);
}
