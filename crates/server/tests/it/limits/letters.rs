//! LG-05: whoever has letters sent to somebody else uses up none of theirs.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::json;

use super::{
    FILE, LIMITED,
    devices::{device, on},
    events, from, sign_in,
};
use crate::{
    pages::browser::Browser,
    support::{Answer, PASSWORD, TestApp, person, request},
};

const ADA: &str = "ada@example.com";
const SENT: &str = "202";
/// Every door by which somebody who has not signed in has a letter sent.
const DOORS: [&str; 3] = ["/api/v1/recover", "/api/v1/verify-email/resend", "/api/v1/login/email"];

/// A realm in which people sign in by mail too.
async fn app() -> TestApp {
    TestApp::with(&FILE.replace("rate_limits", "email_sign_in = true\nrate_limits")).await
}

async fn ask(app: &TestApp, peer: &str, path: &str, email: &str) -> Answer {
    app.send(from(peer, request(Method::POST, path, None, Some(json!({"email": email}))))).await
}

async fn ask_on(app: &TestApp, device: &str, peer: &str, path: &str, email: &str) -> Answer {
    let asked = request(Method::POST, path, None, Some(json!({"email": email})));
    app.send(on(device, from(peer, asked))).await
}

/// Has as many letters sent to an address as strangers can, from many networks.
async fn attack(app: &TestApp, email: &str) {
    for number in 0..40 {
        ask(app, &format!("192.0.2.{number}"), "/api/v1/recover", email).await;
    }
    let refused = ask(app, "198.51.100.1", "/api/v1/recover", email).await;
    assert_eq!(refused.brief(), LIMITED);
    assert_eq!(refused.header("ratelimit"), Some("\"message-recipient\";r=0;t=180"));
}

#[tokio::test]
async fn lg_05_a_stranger_uses_up_no_letters_but_their_own() {
    let app = app().await;
    for door in DOORS.into_iter().cycle().take(5) {
        assert!(ask(&app, "192.0.2.1", door, ADA).await.status.is_success());
    }
    for door in DOORS {
        let refused = ask(&app, "192.0.2.1", door, "ADA@example.com").await;
        assert_eq!(refused.brief(), LIMITED, "{door}");
        assert_eq!(refused.header("ratelimit"), Some("\"message\";r=0;t=720"));
    }
    assert_eq!(ask(&app, "192.0.2.1", "/api/v1/recover", "bob@example.com").await.brief(), SENT);
    for door in DOORS {
        assert!(ask(&app, "203.0.113.7", door, ADA).await.status.is_success(), "{door}");
    }
}

#[tokio::test]
async fn lg_05_a_known_device_has_letters_of_its_own() {
    let app = app().await;
    let known = device(&sign_in(&app, "203.0.113.1", "ada").await);
    let of_bob = device(&sign_in(&app, "203.0.113.1", "bob@example.com").await);
    attack(&app, ADA).await;
    for other in [&*of_bob, "__Host-gatepost_device-default=x", &known.replace("default", "acme")] {
        let refused = ask_on(&app, other, "203.0.113.1", "/api/v1/recover", ADA).await;
        assert_eq!(refused.brief(), LIMITED, "{other}");
    }
    // Also from a network whose own letters are used up.
    for n in 0..20 {
        ask(&app, "192.0.2.1", "/api/v1/recover", &format!("u{n}@example.com")).await;
    }
    for door in DOORS.into_iter().cycle().take(5) {
        assert!(ask_on(&app, &known, "192.0.2.1", door, ADA).await.status.is_success(), "{door}");
    }
    let refused = ask_on(&app, &known, "203.0.113.1", "/api/v1/recover", ADA).await;
    assert_eq!(refused.brief(), LIMITED);
    assert_eq!(refused.header("ratelimit"), Some("\"message-device\";r=0;t=720"));
    let mut told = events(&app, "attempt-refused", 3).await;
    told.retain(|event| event["detail"]["limit"] == "message-device");
    assert_eq!(told.len(), 1, "the owner's own: {told:?}");
    assert!(told[0]["user"].is_string());
}

/// Of an address that nobody proved anybody makes an account, and as many devices as they like.
#[tokio::test]
async fn lg_05_a_device_of_an_unproven_account_has_no_letters_of_its_own() {
    const BOB: &str = "bob@example.com";
    let app = app().await;
    attack(&app, BOB).await;
    let device = device(&sign_in(&app, "203.0.113.1", BOB).await);
    assert_eq!(ask_on(&app, &device, "203.0.113.1", "/api/v1/recover", BOB).await.brief(), LIMITED);
}

/// Whoever knew the old password has no letters apart from others.
#[tokio::test]
async fn lg_05_after_another_password_the_letters_are_those_of_a_stranger() {
    let app = app().await;
    let signed_in = sign_in(&app, "203.0.113.1", "ada").await;
    let (known, ada) = (device(&signed_in), person(&signed_in));
    attack(&app, ADA).await;
    assert_eq!(ask_on(&app, &known, "203.0.113.1", "/api/v1/recover", ADA).await.brief(), SENT);
    let body = json!({"current_password": PASSWORD, "new_password": "another that she thought of"});
    assert_eq!(app.ask(&ada, Method::POST, "/api/v1/me/password", Some(body)).await.status, 204);
    assert_eq!(ask_on(&app, &known, "203.0.113.1", "/api/v1/recover", ADA).await.brief(), LIMITED);
}

#[tokio::test]
async fn lg_05_a_browser_that_was_signed_in_is_sent_letters_whatever_others_do() {
    let app = app().await;
    let (ada, stranger) = (Browser::new(&app), Browser::new(&app));
    assert_eq!(ada.sign_in("ada").await.status, 303);
    ada.submit("/sign-out", &[]).await;
    attack(&app, ADA).await;
    for path in ["/recover", "/sign-in/email"] {
        let asked = [("username", ADA)];
        assert_eq!(stranger.submit(path, &asked).await.status, 429, "{path}");
        assert_eq!(ada.submit(path, &asked).await.status, 303, "{path}");
    }
}

/// Also by whoever has no password and signs in by mail alone.
#[tokio::test]
async fn lg_05_a_browser_that_was_signed_in_by_mail_is_known_too() {
    const CARL: &str = "carl@example.com";
    let file = FILE.replace("rate_limits", "email_sign_in = true\nrate_limits");
    let file = format!("{file}[[realm.user]]\nemail = \"{CARL}\"\nemail_verified = true\n");
    let app = TestApp::with(&file).await;
    let (carl, stranger) = (Browser::new(&app), Browser::new(&app));
    let asked = [("username", CARL)];
    assert_eq!(carl.submit("/sign-in/email", &asked).await.status, 303);
    let page = carl.get(&app.link(CARL).await).await;
    let done = carl.fill(&page, &[("token", &page.hidden("token").unwrap())]).await;
    assert_eq!(done.location(), "/account/profile");
    carl.submit("/sign-out", &[]).await;
    let token = ask(&app, "203.0.113.1", "/api/v1/login/email", CARL).await.text("email_token");
    let letter = app.mail_to(CARL).await.pop().unwrap();
    let (_, code) = letter.text.split_once("Code: ").unwrap();
    let body = json!({"email_token": token, "code": code[..9]});
    let confirm = request(Method::POST, "/api/v1/login/email/confirm", None, Some(body));
    let known = device(&app.send(from("203.0.113.1", confirm)).await);
    attack(&app, CARL).await;
    assert_eq!(ask_on(&app, &known, "203.0.113.1", "/api/v1/recover", CARL).await.brief(), SENT);
    assert_eq!(stranger.submit("/sign-in/email", &asked).await.status, 429);
    assert_eq!(carl.submit("/sign-in/email", &asked).await.status, 303);
}

/// However many ask, an address is sent so many letters: twenty in the first hour, some eighty on the first day, forty on each after it.
#[tokio::test]
async fn rl_a_mailbox_is_not_filled_from_however_many_networks() {
    let app = app().await;
    let mut sent = Vec::new();
    for hour in 0..48 {
        for number in 0..24 {
            ask(&app, &format!("192.0.{hour}.{number}"), "/api/v1/login/email", ADA).await;
        }
        // Not all are kept, and all are counted.
        sent.push(app.mail_to(ADA).await.last().map_or(0, |letter| letter.number));
        app.advance(Duration::from_hours(1));
    }
    assert_eq!(sent[0], 20);
    assert!(sent[23] <= 80 && sent[47] - sent[23] <= 41, "{sent:?}");
}

/// Whoever makes accounts with an address that has one is answered as ever, and its owner is not told for ever.
#[tokio::test]
async fn rl_a_mailbox_is_not_filled_by_registrations_either() {
    let file = FILE.replace("rate_limits", "require_verified_email = true\nrate_limits");
    let file = file.replace("roles = ", "email_verified = true\nroles = ");
    let app = TestApp::with(&file).await;
    let register = async |email: &str| {
        let body = json!({"email": email, "password": "one that nobody guesses"});
        let answer =
            app.send(from("192.0.2.1", request(Method::POST, "/api/v1/register", None, Some(body)))).await;
        (answer.status, answer.headers.get("ratelimit").cloned())
    };
    for _ in 0..10 {
        assert_eq!(register(ADA).await, (StatusCode::CREATED, None));
    }
    assert_eq!(app.mail_to(ADA).await.len(), 5);
    // And that makes nobody else's letters fewer than one network's.
    assert_eq!(ask(&app, "203.0.113.7", "/api/v1/recover", ADA).await.brief(), SENT);
}

/// LG-01: which addresses have an account shows in no answer, with a cookie of somebody else's and without.
#[tokio::test]
async fn lg_01_letters_are_refused_alike_whosever_the_address_is() {
    let app = app().await;
    let of_bob = device(&sign_in(&app, "203.0.113.1", "bob@example.com").await);
    let mut transcripts = Vec::new();
    for email in [ADA, "nobody@example.com"] {
        let mut transcript = Vec::new();
        for door in [DOORS[0], DOORS[1]] {
            for number in 0..24 {
                let peer = format!("192.0.2.{}", number / 4);
                let answer = match number % 2 {
                    0 => ask(&app, &peer, door, email).await,
                    _ => ask_on(&app, &of_bob, &peer, door, email).await,
                };
                let headers: Vec<_> =
                    answer.headers.iter().filter(|(name, _)| *name != "x-request-id").collect();
                transcript.push(format!("{} {headers:?} {:?}", answer.status, answer.body));
            }
        }
        transcripts.push(transcript);
        app.advance(Duration::from_hours(24 * 2));
    }
    assert!(transcripts[0].iter().any(|told| told.contains("message-recipient")));
    assert_eq!(transcripts[0], transcripts[1]);
}
