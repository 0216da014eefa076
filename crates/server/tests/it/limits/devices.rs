//! LG-05: a lockout is no weapon. A device that was there before gets in while others guess.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::json;

use super::{FILE, LIMITED, WRONG, from, guess, login_with, sign_in};
use crate::{
    pages::browser::Browser,
    support::{Answer, PASSWORD, TestApp, person},
};

const COOKIE: &str = "__Host-gatepost_device-default";

/// What the answer makes the device known by.
pub(super) fn device(answer: &Answer) -> String {
    let set = answer.headers.get_all(header::SET_COOKIE).iter().map(|set| set.to_str().unwrap());
    let set =
        set.into_iter().find(|set| set.starts_with(COOKIE)).expect("a device that is known from now on");
    let (pair, attributes) = set.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=15552000");
    pair.to_owned()
}

pub(super) fn on(device: &str, mut request: Request<Body>) -> Request<Body> {
    request.headers_mut().insert(header::COOKIE, device.parse().unwrap());
    request
}

async fn attack(app: &TestApp, name: &str) {
    for number in 0..30 {
        guess(app, &format!("192.0.2.{number}"), name).await;
    }
    assert_eq!(guess(app, "192.0.2.99", name).await, LIMITED);
}

#[tokio::test]
async fn lg_05_a_known_device_gets_in_while_others_guess() {
    let app = TestApp::with(FILE).await;
    let known = device(&sign_in(&app, "203.0.113.1", "ada").await);
    let of_bob = device(&sign_in(&app, "203.0.113.1", "bob@example.com").await);
    attack(&app, "ada").await;
    let on_device = async |device: &str, password: &str| {
        app.send(on(device, from("192.0.2.1", login_with("ada", password)))).await
    };
    let answer = on_device(&known, PASSWORD).await;
    assert_eq!(answer.status, 200, "also from an address that guesses");
    // Others get in by no cookie of theirs.
    for other in [
        &*of_bob,
        "__Host-gatepost_device-default=x",
        &format!("{known}x"),
        &known.replace("default", "acme"),
    ] {
        assert_eq!(on_device(other, PASSWORD).await.brief(), LIMITED, "{other}");
    }
    // A device that was stolen has its own five guesses.
    for _ in 0..5 {
        assert_eq!(on_device(&known, "a guess at it all").await.brief(), WRONG);
    }
    let refused = on_device(&known, PASSWORD).await;
    assert_eq!((refused.brief().as_str(), refused.header("retry-after")), (LIMITED, Some("180")));
    // And what was wrong there locks nobody else out.
    app.advance(Duration::from_mins(3));
    assert_eq!(sign_in(&app, "203.0.113.7", "ada").await.status, 200);
}

#[tokio::test]
async fn lg_05_a_device_has_one_count_however_often_it_signs_in_and_knows_several_accounts() {
    let app = TestApp::with(FILE).await;
    let first = device(&sign_in(&app, "203.0.113.1", "ada").await);
    let both =
        device(&app.send(on(&first, from("203.0.113.1", login_with("bob@example.com", PASSWORD)))).await);
    let again = device(&app.send(on(&both, from("203.0.113.1", login_with("ada", PASSWORD)))).await);
    attack(&app, "ada").await;
    attack(&app, "bob@example.com").await;
    for name in ["ada", "bob@example.com"] {
        assert_eq!(app.send(on(&again, from("192.0.2.1", login_with(name, PASSWORD)))).await.status, 200);
    }
    // The first cookie and the last are of one device.
    let mut wrong = 0;
    for number in 0..10 {
        let cookie = if number % 2 == 0 { &first } else { &again };
        let answer = app.send(on(cookie, from("192.0.2.1", login_with("ada", "a guess at it all")))).await;
        wrong += usize::from(answer.brief() == WRONG);
    }
    assert_eq!(wrong, 5);
}

/// Whoever knew the old password has no device that guesses apart from the others.
#[tokio::test]
async fn lg_05_with_another_password_a_device_is_to_be_known_anew_and_not_for_ever() {
    let app = TestApp::with(FILE).await;
    let signed_in = sign_in(&app, "203.0.113.1", "ada").await;
    let (known, ada) = (device(&signed_in), person(&signed_in));
    let fresh = "another that she thought of";
    let body = json!({"current_password": PASSWORD, "new_password": fresh});
    assert_eq!(app.ask(&ada, Method::POST, "/api/v1/me/password", Some(body)).await.status, 204);
    attack(&app, "ada").await;
    assert_eq!(app.send(on(&known, from("203.0.113.1", login_with("ada", fresh)))).await.brief(), LIMITED);
    app.advance(Duration::from_hours(1));
    let known = device(&app.send(on(&known, from("203.0.113.1", login_with("ada", fresh)))).await);
    attack(&app, "ada").await;
    assert_eq!(app.send(on(&known, from("203.0.113.1", login_with("ada", fresh)))).await.status, 200);
    app.advance(Duration::from_hours(24 * 181));
    attack(&app, "ada").await;
    assert_eq!(app.send(on(&known, from("203.0.113.1", login_with("ada", fresh)))).await.brief(), LIMITED);
}

/// On the pages too, and what one door learns the other knows.
#[tokio::test]
async fn lg_05_a_browser_is_known_after_a_sign_in_and_after_a_registration() {
    let app = TestApp::with(FILE).await;
    let (ada, eve) = (Browser::new(&app), Browser::new(&app));
    assert_eq!(ada.sign_in("ada").await.status, 303);
    let fields = [("name", "Eve"), ("username", "eve@example.com"), ("password", PASSWORD)];
    assert_eq!(eve.submit("/sign-up", &fields).await.status, 303);
    for (browser, name) in [(&ada, "ada"), (&eve, "eve@example.com")] {
        browser.submit("/sign-out", &[]).await;
        attack(&app, name).await;
        assert_eq!(Browser::new(&app).sign_in(name).await.status, 429, "{name}");
        let cookie = format!("{COOKIE}={}", browser.cookie(COOKIE).unwrap());
        assert_eq!(app.send(on(&cookie, from("192.0.2.1", login_with(name, PASSWORD)))).await.status, 200);
        assert_eq!(browser.sign_in(name).await.status, 303, "{name}");
    }
}
