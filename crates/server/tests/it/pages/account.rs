//! `/account/…`

use super::browser::{Browser, signed_in};
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn one_changes_the_name_others_see() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, "ada@example.com").await;
    let answer = browser.submit("/account/profile", &[("name", "Ada King")]).await;
    assert_eq!(answer.location(), "/account/profile");
    let page = browser.get("/account/profile").await.html();
    assert!(page.contains("Your name is saved.") && page.contains("value=\"Ada King\""));
    assert!(!browser.get("/account/profile").await.html().contains("Your name is saved."), "said once");
    for (name, said) in [("", "Type your name."), ("a\u{200b}b", "That name can’t be used.")] {
        let answer = browser.submit("/account/profile", &[("name", name)]).await;
        assert_eq!(answer.status, 422);
        assert!(answer.html().contains(said));
    }
}

#[tokio::test]
async fn a_new_password_signs_other_devices_out_and_this_one_has_a_new_cookie() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, "ada@example.com").await;
    let elsewhere = Browser::new(&app);
    elsewhere.sign_in("ada@example.com").await;
    let before = browser.cookie("__Host-gatepost-default").unwrap();
    let new = "a wholly different sentence";

    let wrong = [("current_password", "not the one"), ("new_password", new)];
    let answer = browser.submit("/account/password", &wrong).await;
    assert_eq!(answer.status, 422);
    assert!(answer.html().contains("That isn’t your current password."));
    let weak = [("current_password", PASSWORD), ("new_password", "short")];
    assert!(browser.submit("/account/password", &weak).await.html().contains("Use <bdi>12</bdi> characters"));
    assert_eq!(elsewhere.get("/account/profile").await.status, 200);

    let right = [("current_password", PASSWORD), ("new_password", new)];
    assert_eq!(browser.submit("/account/password", &right).await.location(), "/account/password");
    assert!(browser.get("/account/password").await.html().contains("Password changed."));
    assert_eq!(elsewhere.get("/account/profile").await.status, 303);
    assert_ne!(browser.cookie("__Host-gatepost-default").unwrap(), before);
    browser.cookies.lock().unwrap().insert("__Host-gatepost-default".into(), before);
    assert_eq!(browser.get("/account/profile").await.status, 303);
    assert_eq!(app.login("ada@example.com").await.brief(), "401 invalid_credentials");
}

#[tokio::test]
async fn sessions_have_the_names_of_devices_and_can_be_ended() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, "ada@example.com").await;
    for agent in ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "<b>curl</b>/8"] {
        let body = serde_json::json!({"email": "ada@example.com", "password": PASSWORD}).to_string();
        let request = axum::http::Request::post("/api/v1/login")
            .header("host", "127.0.0.1:8400")
            .header("user-agent", agent)
            .header("content-type", "application/json")
            .body(axum::body::Body::from(body))
            .unwrap();
        assert_eq!(app.send(request).await.status, 200);
    }
    let page = browser.get("/account/sessions").await;
    let html = page.html();
    assert!(
        html.contains("<bdi>Firefox</bdi> on <bdi>Linux</bdi>") && html.contains("Sign out Firefox on Linux")
    );
    assert!(html.contains("&lt;b&gt;curl&lt;") && !html.contains("<b>curl"));
    assert_eq!(html.matches("This device").count(), 1);
    let id = page.between("name=\"id\" value=\"", "\"").unwrap();
    assert_eq!(browser.fill(&page, &[("id", &id)]).await.location(), "/account/sessions");
    let page = browser.get("/account/sessions").await;
    assert!(page.html().contains("That device is signed out.") && !page.html().contains(&id));
    browser.fill(&page, &[("all", "others")]).await;
    let html = browser.get("/account/sessions").await.html();
    assert!(html.contains("Your other devices are signed out.") && !html.contains("name=\"id\""));
}

/// TN-01: the id of another person's session ends nothing.
#[tokio::test]
async fn nobody_ends_the_session_of_another() {
    let app = TestApp::new().await;
    let ada = signed_in(&app, "ada@example.com").await;
    let second = Browser::new(&app);
    second.sign_in("ada@example.com").await;
    let id = ada.get("/account/sessions").await.between("name=\"id\" value=\"", "\"").unwrap();
    let eve = signed_in(&app, "eve@example.com").await;
    eve.submit("/account/sessions", &[("id", &id)]).await;
    assert_eq!(second.get("/account/profile").await.status, 200);
    assert_eq!(eve.submit("/account/sessions", &[("id", "x")]).await.status, 404);
}

#[tokio::test]
async fn an_account_without_applications_says_so() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, "ada@example.com").await;
    let html = browser.get("/account/applications").await.html();
    assert!(html.contains("No applications yet") && !html.contains("gatepost<"));
    let answer = browser.get("/account").await;
    assert_eq!(answer.location(), "/account/profile");
}

/// SE-12: answers to two people at once are never mixed.
#[tokio::test]
async fn se_12_many_people_at_once_see_each_their_own() {
    let app = TestApp::new().await;
    let mut people = Vec::new();
    for n in 0..8 {
        people.push((format!("person{n}@"), signed_in(&app, &format!("person{n}@example.com")).await));
    }
    let rounds = people.iter().map(|(own, browser)| {
        let others: Vec<_> = people.iter().map(|(name, _)| name).filter(|name| *name != own).collect();
        async move {
            for _ in 0..100 {
                let html = browser.get("/account/profile").await.html();
                assert!(html.contains(own.as_str()));
                assert!(others.iter().all(|other| !html.contains(other.as_str())));
            }
        }
    });
    futures_util::future::join_all(rounds).await;
}
