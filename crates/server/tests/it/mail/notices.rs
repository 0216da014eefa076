//! What the owner of an account is told.

use std::{net::SocketAddr, time::Duration};

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request},
};
use serde_json::json;

use super::{confirm, verified};
use crate::support::{PASSWORD, TestApp};

/// Signs in from an address, as a program or a browser.
async fn sign_in(app: &TestApp, address: [u8; 4], agent: &str) {
    let body = json!({"email": "ada@example.com", "password": PASSWORD}).to_string();
    let mut request = Request::post("/api/v1/login")
        .header("host", "127.0.0.1:8400")
        .header("content-type", "application/json")
        .header("user-agent", agent)
        .body(Body::from(body))
        .unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from((address, 4711))));
    assert_eq!(app.send(request).await.status, 200);
}

async fn new_devices(app: &TestApp) -> usize {
    app.subjects("ada@example.com")
        .await
        .iter()
        .filter(|subject| *subject == "New sign-in to default")
        .count()
}

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

#[tokio::test]
async fn a_sign_in_from_a_device_not_seen_before_is_told() {
    let app = TestApp::new().await;
    assert_eq!(app.register("ada@example.com").await.status, 201);
    sign_in(&app, [192, 0, 2, 1], FIREFOX).await;
    assert_eq!(confirm(&app, &app.token("ada@example.com").await).await.status, 200);
    assert_eq!(new_devices(&app).await, 0, "the first");
    sign_in(&app, [192, 0, 2, 77], &FIREFOX.replace("145", "146")).await;
    assert_eq!(new_devices(&app).await, 0, "the same after an update, next door");
    sign_in(&app, [198, 51, 100, 1], FIREFOX).await;
    assert_eq!(new_devices(&app).await, 1, "elsewhere");
    let letter = app.mail_to("ada@example.com").await.pop().unwrap();
    for part in [
        "Device: Firefox on Linux",
        "Network address: 198.51.100.1",
        "Time: 15 January 2027, 08:00 UTC",
        "http://127.0.0.1:8400/recover",
    ] {
        assert!(letter.text.contains(part), "{part}: {}", letter.text);
    }
    sign_in(&app, [198, 51, 100, 1], FIREFOX).await;
    assert_eq!(new_devices(&app).await, 1, "it is known by now");
    sign_in(&app, [198, 51, 100, 1], "curl/8.9").await;
    assert_eq!(new_devices(&app).await, 2);
}

/// A device that is known by its cookie is not new because it is elsewhere, or was updated beyond recognition.
#[tokio::test]
async fn a_known_device_is_not_new_elsewhere() {
    let app = TestApp::new().await;
    verified(&app, "ada@example.com").await;
    let first = app.login("ada@example.com").await;
    let cookie = first.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let before = new_devices(&app).await;
    for (cookie, told) in [(Some(&cookie), 0), (None, 1)] {
        let body = json!({"email": "ada@example.com", "password": PASSWORD}).to_string();
        let mut request = Request::post("/api/v1/login")
            .header("host", "127.0.0.1:8400")
            .header("content-type", "application/json")
            .header("user-agent", "curl/8.9");
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        let mut request = request.body(Body::from(body)).unwrap();
        let address = if told == 0 { [203, 0, 113, 7] } else { [198, 51, 100, 9] };
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((address, 4711))));
        assert_eq!(app.send(request).await.status, 200);
        assert_eq!(new_devices(&app).await, before + told, "{cookie:?}");
    }
}

#[tokio::test]
async fn changes_are_told_and_to_proven_addresses_only() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let ada = verified(&app, "ada@example.com").await;
    let bob = app.person("bob@example.com").await;
    for person in [&ada, &bob] {
        let change = json!({"username": format!("name{}", &person.id[28..])});
        assert_eq!(app.ask(person, Method::PATCH, "/api/v1/me", Some(change)).await.status, 200);
        let body = json!({"current_password": PASSWORD, "new_password": "another password entirely"});
        assert_eq!(app.ask(person, Method::POST, "/api/v1/me/password", Some(body)).await.status, 204);
    }
    app.advance(Duration::from_secs(1));
    let path = format!("/api/v1/admin/users/{}", ada.id);
    let change = json!({"email": "countess@example.com"});
    assert_eq!(app.ask(&admin, Method::PATCH, &path, Some(change)).await.status, 200);
    // Letters of one moment have no order.
    let mut subjects = app.subjects("ada@example.com").await.split_off(1);
    subjects.sort();
    assert_eq!(
        subjects,
        [
            "Your default password was changed",
            "Your e-mail for default was changed",
            "Your username for default was changed"
        ]
    );
    assert_eq!(app.subjects("bob@example.com").await, ["Confirm your e-mail for default"]);
    assert_eq!(app.subjects("countess@example.com").await, Vec::<String>::new());
    // A change of name is nobody's way into the account.
    let change = json!({"name": "Ada King"});
    assert_eq!(app.ask(&ada, Method::PATCH, "/api/v1/me", Some(change)).await.status, 200);
    assert_eq!(app.subjects("ada@example.com").await.len(), 4);
}
