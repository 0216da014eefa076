//! Several accounts in one browser, one of them in use.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ADA, COOKIE, Client, ada, bearer};
use crate::support::TestApp;

const SEVERAL: &str = "[[realm]]\nname = \"default\"\nmulti_session = true\n";
const EVE: &str = "eve@example.com";

/// A browser in which Ada and then Eve have signed up.
async fn two(app: &TestApp) -> Client<'_> {
    let client = ada(app).await;
    app.advance(Duration::from_secs(1));
    client.sign_up(EVE).await;
    client
}

fn emails(listed: &Value) -> Vec<&str> {
    let mut emails: Vec<_> =
        listed.as_array().unwrap().iter().map(|kept| kept["user"]["email"].as_str().unwrap()).collect();
    emails.sort_unstable();
    emails
}

/// The handle of an account's session.
fn handle(listed: &Value, email: &str) -> String {
    let kept = listed.as_array().unwrap().iter().find(|kept| kept["user"]["email"] == email).unwrap();
    kept["session"]["token"].as_str().unwrap().to_owned()
}

impl Client<'_> {
    async fn kept(&self) -> Value {
        self.get("/multi-session/list-device-sessions").await.json()
    }
}

#[tokio::test]
async fn one_browser_keeps_several_accounts() {
    let app = TestApp::with(SEVERAL).await;
    assert_eq!(Client::new(&app).get("/multi-session/list-device-sessions").await.json(), json!([]));
    let client = two(&app).await;
    assert_eq!(client.email().await.as_deref(), Some(EVE), "whoever signed in last");
    let listed = client.get("/multi-session/list-device-sessions").await.json();
    assert_eq!(emails(&listed), [ADA, EVE]);
    // What is listed signs nobody in elsewhere, and no cookie's name is a secret.
    let named = handle(&listed, ADA);
    assert_eq!(bearer(&app, &named).await, None);
    let kept = format!("{COOKIE}_multi-{named}");
    assert!(client.cookie(&kept).is_some(), "{:?}", client.cookies);

    let set = async |client: &Client<'_>, named: &str| {
        client.post("/multi-session/set-active", json!({"sessionToken": named})).await
    };
    let changed = set(&client, &named).await;
    assert_eq!(changed.json()["user"]["email"], ADA, "{changed:?}");
    assert_eq!(client.email().await.as_deref(), Some(ADA));
    // The token itself names it, too.
    let token = changed.json()["session"]["token"].as_str().unwrap().to_owned();
    assert_eq!(bearer(&app, &token).await.as_deref(), Some(ADA));
    assert_eq!(set(&client, &handle(&listed, EVE)).await.status, 200);
    assert_eq!(set(&client, &token).await.json()["user"]["email"], ADA);

    // TN-01: what another browser keeps is out of reach, and so is what is made up.
    let other = Client::new(&app);
    other.sign_in(EVE).await;
    for named in [named.as_str(), &token, "x", ""] {
        assert_eq!(set(&other, named).await.brief(), "401 INVALID_SESSION_TOKEN", "{named}");
    }
    let value = client.cookie(&kept).unwrap();
    let forged = format!("{COOKIE}_multi-{}", handle(&listed, EVE));
    other.cookies.borrow_mut().insert(forged, value);
    assert_eq!(emails(&other.kept().await), [EVE], "a cookie under the name of another session");
}

#[tokio::test]
async fn another_account_takes_the_place_of_one_that_is_ended() {
    let app = TestApp::with(SEVERAL).await;
    let client = two(&app).await;
    let listed = client.kept().await;
    let revoke =
        async |named: &str| client.post("/multi-session/revoke", json!({"sessionToken": named})).await;
    assert_eq!(revoke("x").await.brief(), "401 INVALID_SESSION_TOKEN");
    assert_eq!(revoke(&handle(&listed, EVE)).await.json(), json!({"status": true}));
    assert_eq!(client.email().await.as_deref(), Some(ADA), "it is in use now");
    assert_eq!(emails(&client.kept().await), [ADA]);
    assert_eq!(revoke(&handle(&listed, ADA)).await.json(), json!({"status": true}));
    assert_eq!((client.email().await, client.cookie(COOKIE)), (None, None));
    assert_eq!(revoke(&handle(&listed, ADA)).await.brief(), "401 UNAUTHORIZED");
}

#[tokio::test]
async fn what_ends_elsewhere_is_kept_no_more_and_signing_out_ends_them_all() {
    let app = TestApp::with(SEVERAL).await;
    let client = two(&app).await;
    let listed = client.kept().await;
    let there = Client::new(&app);
    there.sign_in(ADA).await;
    there.post("/revoke-other-sessions", json!({})).await;
    assert_eq!(emails(&client.kept().await), [EVE]);
    let over = client.post("/multi-session/set-active", json!({"sessionToken": handle(&listed, ADA)})).await;
    assert_eq!(over.brief(), "401 INVALID_SESSION_TOKEN");
    assert_eq!(client.cookie(&format!("{COOKIE}_multi-{}", handle(&listed, ADA))), None);
    // The same account once more takes the place of its session before.
    client.sign_in(ADA).await;
    let first = handle(&client.kept().await, ADA);
    client.sign_in(ADA).await;
    let listed = client.kept().await;
    assert_eq!(emails(&listed), [ADA, EVE]);
    assert_ne!(handle(&listed, ADA), first);
    // Under another token the session is kept all the same.
    let body = json!({"currentPassword": crate::support::PASSWORD, "newPassword": "another engine weaves", "revokeOtherSessions": true});
    assert_eq!(client.post("/change-password", body).await.status, 200);
    assert_eq!(emails(&client.kept().await), [ADA, EVE]);

    let cookies = client.cookies.borrow().clone();
    assert_eq!(client.post("/sign-out", json!({})).await.json(), json!({"success": true}));
    assert!(!client.cookies.borrow().keys().any(|name| name.contains("_multi-")), "{:?}", client.cookies);
    client.cookies.borrow_mut().clone_from(&cookies);
    assert_eq!((client.email().await, client.kept().await), (None, json!([])), "they are over");
}

/// Who leaves a browser to somebody else has left nothing in it, unless the realm says so.
#[tokio::test]
async fn a_browser_keeps_one_account_where_the_realm_does_not_say_otherwise() {
    let app = TestApp::new().await;
    let client = two(&app).await;
    assert!(!client.cookies.borrow().keys().any(|name| name.contains("_multi-")), "{:?}", client.cookies);
    for (path, body) in
        [("set-active", json!({"sessionToken": "x"})), ("revoke", json!({"sessionToken": "x"}))]
    {
        let answer = client.post(&format!("/multi-session/{path}"), body).await;
        assert_eq!(answer.brief(), "403 MULTI_SESSION_OFF", "{path}");
    }
    assert_eq!(client.get("/multi-session/list-device-sessions").await.brief(), "403 MULTI_SESSION_OFF");
}
