//! `/auth/devices`

use std::time::Duration;

use axum::http::{Method, header};
use serde_json::{Value, json};

use super::{ADA, brief, credentials, get, login, person, post, someone, with};
use crate::{
    mfa::trusted::COOKIE,
    support::{Answer, Authenticator, PASSWORD, Person, TestApp},
};

const WORLD: &str = "[[realm]]\nname = \"default\"\nprofile = \"zalt\"\ntrusted_device_ttl = \"30d\"\n";
const STEP: Duration = Duration::from_secs(30);

async fn with_app(app: &TestApp, email: &str) -> Authenticator {
    let person = person(app, email).await;
    let begun = post(app, &person, "/v1/auth/mfa/setup", json!({})).await;
    let phone = Authenticator::of(&begun.text("secret"));
    let confirmed = post(app, &person, "/v1/auth/mfa/verify", json!({"code": phone.code(app)})).await;
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    phone
}

/// Signs in in two steps: who that is, and the cookie by which the device is trusted, if it is.
async fn signed_in(
    app: &TestApp,
    email: &str,
    phone: &Authenticator,
    trust: Value,
) -> (Person, Option<String>) {
    app.advance(STEP);
    let half = login(app, email).await.text("mfa_session_id");
    let mut body = json!({"mfa_session_id": half, "code": phone.code(app)});
    for (name, value) in trust.as_object().unwrap() {
        body[name] = value.clone();
    }
    let answer = app.post("/mfa/verify", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    (someone(&answer), cookie(&answer))
}

fn cookie(answer: &Answer) -> Option<String> {
    let cookies = answer.headers.get_all(header::SET_COOKIE).iter().map(|set| set.to_str().unwrap());
    let mut ours = cookies.filter(|set| set.starts_with(COOKIE));
    ours.next().map(|set| set.split(';').next().unwrap().to_owned())
}

/// MF-05: on a trusted device the password is enough, until the device is forgotten.
#[tokio::test]
async fn trusted_devices_are_listed_and_forgotten_one_by_one() {
    let app = TestApp::with(WORLD).await;
    let (hers, his) = (with_app(&app, ADA).await, with_app(&app, "eve@example.com").await);
    let (ada, first) = signed_in(&app, ADA, &hers, json!({"trust_device": true})).await;
    let (_, second) = signed_in(&app, ADA, &hers, json!({"trustDevice": true})).await;
    let (_, none) = signed_in(&app, ADA, &hers, json!({})).await;
    let (eve, _) = signed_in(&app, "eve@example.com", &his, json!({"remember_device": true})).await;
    let (first, second) = (first.expect("trusted"), second.expect("trusted"));
    assert_eq!(none, None, "nobody asked for it");
    let login_with = async |cookie: &str| {
        let headers = [("cookie", cookie)];
        with(&app, Method::POST, "/login", &headers, Some(credentials(ADA))).await.json()["mfa_required"]
            .clone()
    };
    assert_eq!((login_with(&first).await, login_with(&second).await), (Value::Null, Value::Null));

    let token = format!("Bearer {}", ada.access_token);
    let headers = [("authorization", token.as_str()), ("cookie", first.as_str())];
    let listed = with(&app, Method::GET, "/auth/devices", &headers, None).await.json();
    assert_eq!((&listed["count"], &listed["has_more"]), (&json!(2), &json!(false)), "{listed}");
    let devices = listed["devices"].as_array().unwrap();
    let current: Vec<&Value> = devices.iter().map(|device| &device["isCurrent"]).collect();
    assert_eq!(current, [&json!(false), &json!(true)], "the newest first");
    assert!(devices[0]["trustExpiresAt"].is_string() && devices[0]["trusted"] == true);
    let page = get(&app, &ada, "/auth/devices?limit=1").await.json();
    let next = format!("/auth/devices?cursor={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(get(&app, &ada, &next).await.json()["devices"][0]["id"], devices[1]["id"]);
    assert_eq!(get(&app, &eve, "/auth/devices").await.json()["count"], json!(1));

    let path = format!("/auth/devices/{}", devices[1]["id"].as_str().unwrap());
    for (who, path) in
        [(&eve, &*path), (&ada, "/auth/devices/x"), (&ada, "/auth/devices/tdv_00000000000000000000000000")]
    {
        assert_eq!(brief(&app.ask(who, Method::DELETE, path, None).await), "404 DEVICE_NOT_FOUND", "{path}");
    }
    let wrong = app.ask(&ada, Method::DELETE, &path, Some(json!({"password": "not the password"}))).await;
    assert_eq!(brief(&wrong), "401 INVALID_PASSWORD");
    let right = app.ask(&ada, Method::DELETE, &path, Some(json!({"password": PASSWORD}))).await;
    assert_eq!(right.status, 200, "{right:?}");
    assert_eq!(brief(&app.ask(&ada, Method::DELETE, &path, None).await), "404 DEVICE_NOT_FOUND");
    assert_eq!((login_with(&first).await, login_with(&second).await), (json!(true), Value::Null));
    let path = format!("/auth/devices/{}", devices[0]["id"].as_str().unwrap());
    assert_eq!(app.ask(&ada, Method::DELETE, &path, None).await.status, 200, "TypeScript sends no password");
    assert_eq!(login_with(&second).await, json!(true));
    assert_eq!(brief(&app.get("/auth/devices").await), "401 UNAUTHORIZED");
}

/// MF-05: what the TypeScript package calls `trustCurrent`.
#[tokio::test]
async fn the_device_of_a_fresh_sign_in_is_trusted_afterwards() {
    let app = TestApp::with(WORLD).await;
    let phone = with_app(&app, ADA).await;
    let (ada, none) = signed_in(&app, ADA, &phone, json!({})).await;
    assert_eq!(none, None);
    let eve = person(&app, "eve@example.com").await;
    assert_eq!(brief(&post(&app, &eve, "/auth/devices/trust", json!({})).await), "400 MFA_NOT_ENABLED");
    assert_eq!(brief(&app.post("/auth/devices/trust", json!({})).await), "401 UNAUTHORIZED");
    let body = json!({"realm_id": "default"});
    let answer = post(&app, &ada, "/auth/devices/trust", body.clone()).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["data"]["success"]),
        (200, &json!(true)),
        "{answer:?}"
    );
    let cookie = cookie(&answer).expect("trusted");
    let headers = [("cookie", &*cookie)];
    let excused = with(&app, Method::POST, "/login", &headers, Some(credentials(ADA))).await;
    assert_eq!(excused.json()["mfa_required"], Value::Null, "{excused:?}");
    assert_eq!(get(&app, &ada, "/auth/devices").await.json()["count"], json!(1));
    let refused = post(&app, &someone(&excused), "/auth/devices/trust", body.clone()).await;
    assert_eq!(brief(&refused), "403 REVERIFICATION_REQUIRED", "one factor trusts no device");
    assert_eq!(refused.json()["error"]["required_level"], json!("mfa"));
    app.advance(Duration::from_mins(11));
    let refused = post(&app, &ada, "/auth/devices/trust", body).await;
    assert_eq!(brief(&refused), "403 REVERIFICATION_REQUIRED");
}

#[tokio::test]
async fn where_the_realm_trusts_no_device_none_is_trusted() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\nprofile = \"zalt\"\n").await;
    let phone = with_app(&app, ADA).await;
    let (ada, cookie) = signed_in(&app, ADA, &phone, json!({"trust_device": true})).await;
    assert_eq!(cookie, None);
    assert_eq!(get(&app, &ada, "/auth/devices").await.json()["devices"], json!([]));
    assert_eq!(brief(&post(&app, &ada, "/auth/devices/trust", json!({})).await), "403 FORBIDDEN");
}
