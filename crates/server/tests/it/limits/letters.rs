//! LG-05: whoever has letters sent to somebody else uses up none of theirs.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    FILE, LIMITED,
    devices::{device, on},
    events, from, sign_in,
};
use crate::{
    pages::browser::Browser,
    support::{Answer, PASSWORD, Person, TestApp, person, request},
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

/// Somebody who is signed in asks from an address.
async fn act(app: &TestApp, peer: &str, who: &Person, (method, path): (Method, &str), body: Value) -> Answer {
    let body = (!body.is_null()).then_some(body);
    app.send(from(peer, request(method, path, Some(&who.access_token), body))).await
}

async fn change_to(app: &TestApp, peer: &str, who: &Person, email: &str) -> Answer {
    act(app, peer, who, (Method::POST, "/api/v1/me/email"), json!({"email": email})).await
}

/// Whose try a limit has refused, as the trail has it.
async fn refused_by(app: &TestApp, limit: &str) -> Value {
    let mut told = events(app, "attempt-refused", 1).await;
    told.retain(|event| event["detail"]["limit"] == limit);
    told.first().map(|event| event["user"].clone()).unwrap_or_default()
}

#[tokio::test]
async fn rl_changes_of_address_are_counted_by_who_asks() {
    let app = app().await;
    let ada = person(&sign_in(&app, "203.0.113.1", "ada").await);
    for number in 0..5 {
        let answer = change_to(&app, "203.0.113.1", &ada, &format!("u{number}@example.com")).await;
        assert_eq!(answer.brief(), SENT, "{number}");
        // What was sent a moment ago is refused as such, and costs nothing.
        let soon = change_to(&app, "203.0.113.1", &ada, "more@example.com").await;
        assert_eq!(soon.header("retry-after"), Some(if number < 4 { "30" } else { "596" }));
        app.advance(Duration::from_secs(31));
    }
    // From wherever.
    let refused = change_to(&app, "192.0.2.1", &ada, "u6@example.com").await;
    assert_eq!(refused.brief(), LIMITED);
    assert_eq!(refused.header("ratelimit"), Some("\"message-account\";r=0;t=565"));
    assert_eq!(refused_by(&app, "message-account").await, ada.id.as_str());
    // Nobody else has fewer.
    let bob = person(&sign_in(&app, "203.0.113.1", "bob@example.com").await);
    assert_eq!(change_to(&app, "203.0.113.1", &bob, "u6@example.com").await.brief(), SENT);
}

/// Accounts cost nothing: however many want an address, in however many networks.
#[tokio::test]
async fn rl_a_mailbox_is_not_filled_by_changes_of_address() {
    let app = app().await;
    let mut sent = 0;
    for number in 0..24 {
        let who = app.person(&format!("u{number}@example.com")).await;
        let answer = change_to(&app, &format!("192.0.2.{number}"), &who, "victim@example.com").await;
        if answer.status.is_success() {
            sent += 1;
        } else {
            assert_eq!(answer.brief(), LIMITED);
            assert_eq!(answer.header("ratelimit"), Some("\"message-recipient\";r=0;t=180"));
        }
    }
    assert_eq!((sent, app.mail_to("victim@example.com").await.len()), (20, 20));
    // It is one count, whatever is asked for.
    assert_eq!(ask(&app, "198.51.100.1", "/api/v1/recover", "victim@example.com").await.brief(), LIMITED);
}

/// Of one network no more than a stranger has from there.
#[tokio::test]
async fn lg_05_accounts_use_up_no_more_letters_than_a_stranger() {
    let app = app().await;
    for number in 0..7 {
        let who = app.person(&format!("u{number}@example.com")).await;
        let answer = change_to(&app, "192.0.2.1", &who, ADA).await;
        let expected = if number < 5 { SENT } else { LIMITED };
        assert_eq!(answer.brief(), expected, "{number}");
    }
    assert_eq!(ask(&app, "203.0.113.7", "/api/v1/recover", ADA).await.brief(), SENT);
}

/// LG-01: whether the address is somebody's shows neither before nor after too many.
#[tokio::test]
async fn lg_01_changes_of_address_are_refused_alike_whosever_the_address_is() {
    let app = app().await;
    let mut transcripts = Vec::new();
    for (round, email) in [ADA, "nobody@example.com"].into_iter().enumerate() {
        let mut transcript = Vec::new();
        for number in 0..8 {
            let who = app.person(&format!("u{round}{number}@example.com")).await;
            let answer = change_to(&app, "192.0.2.1", &who, email).await;
            let headers: Vec<_> = answer.headers.iter().filter(|(name, _)| *name != "x-request-id").collect();
            transcript.push(format!("{} {headers:?} {:?}", answer.status, answer.body));
        }
        transcripts.push(transcript);
    }
    assert!(transcripts[0].iter().any(|told| told.contains("\"message")), "{transcripts:?}");
    assert_eq!(transcripts[0], transcripts[1]);
}

/// Somebody who has an organization, and its address in the API.
async fn with_organization(app: &TestApp) -> (Person, String) {
    let ada = person(&sign_in(app, "203.0.113.1", "ada").await);
    let body = json!({"name": "Acme", "slug": "acme"});
    let made = app.ask(&ada, Method::POST, "/api/v1/organizations", Some(body)).await;
    (ada, format!("/api/v1/organizations/{}/invitations", made.text("id")))
}

async fn invite(app: &TestApp, peer: &str, who: &Person, path: &str, email: &str) -> Answer {
    act(app, peer, who, (Method::POST, path), json!({"email": email, "roles": []})).await
}

#[tokio::test]
async fn rl_a_mailbox_is_not_filled_by_invitations_that_are_taken_back_and_made_again() {
    const GRACE: &str = "grace@example.com";
    let app = app().await;
    let (ada, path) = with_organization(&app).await;
    let mut sent = 0;
    for number in 0..24 {
        let peer = format!("192.0.2.{}", number / 4);
        let made = invite(&app, &peer, &ada, &path, GRACE).await;
        if made.status != StatusCode::CREATED {
            assert_eq!(made.brief(), LIMITED);
            assert_eq!(made.header("ratelimit"), Some("\"message-recipient\";r=0;t=180"));
            continue;
        }
        sent += 1;
        app.mail_to(GRACE).await;
        let made = format!("{path}/{}", made.text("id"));
        let back = act(&app, &peer, &ada, (Method::DELETE, &made), Value::Null).await;
        assert_eq!(back.status, 204);
    }
    assert_eq!((sent, app.mail_to(GRACE).await.len()), (20, 20));
    assert_eq!(invite(&app, "192.0.2.1", &ada, &path, "alan@example.com").await.status, 201);
}

#[tokio::test]
async fn rl_invitations_are_counted_by_who_invites_and_only_those_that_are_made() {
    let app = app().await;
    let (ada, path) = with_organization(&app).await;
    let number = |number: usize| format!("u{number}@example.com");
    for n in 0..100 {
        assert_eq!(invite(&app, "203.0.113.1", &ada, &path, &number(n)).await.status, 201, "{n}");
        if n == 0 {
            for _ in 0..10 {
                let again = invite(&app, "203.0.113.1", &ada, &path, &number(n)).await;
                assert_eq!(again.brief(), "409 already_invited", "what is not sent costs nothing");
            }
        }
    }
    let refused = invite(&app, "192.0.2.1", &ada, &path, &number(100)).await;
    assert_eq!(refused.brief(), LIMITED);
    assert_eq!(refused.header("ratelimit"), Some("\"invitation\";r=0;t=36"));
    assert_eq!(refused_by(&app, "invitation").await, ada.id.as_str());
    // Whoever may not invite uses up nothing of an address.
    let bob = person(&sign_in(&app, "203.0.113.1", "bob@example.com").await);
    for _ in 0..10 {
        assert_eq!(invite(&app, "203.0.113.2", &bob, &path, ADA).await.brief(), "404 not_found");
    }
}

/// The page of one's own address sends no more letters than other doors: anybody makes an account with anybody's.
#[tokio::test]
async fn rl_a_mailbox_is_not_filled_from_the_page_of_an_account() {
    let app = app().await;
    let browser = crate::pages::browser::signed_in(&app, "eve@example.com").await;
    let csrf = browser.get("/account/profile").await.hidden("csrf").unwrap();
    // With the first link, to the new account.
    for _ in 0..4 {
        let asked = browser.post("/account/email/verify", &[("csrf", &csrf)]).await;
        assert_eq!(asked.location(), "/account/profile");
        app.advance(Duration::from_secs(31));
    }
    let refused = browser.post("/account/email/verify", &[("csrf", &csrf)]).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, Some("596")));
    assert!(refused.html().contains("Too many tries"), "{}", refused.html());
}

/// An account is made with the address of another, given an address of its maker's, and another account is made: a letter each.
#[tokio::test]
async fn rl_a_mailbox_is_not_filled_by_new_accounts_that_give_the_address_back() {
    const VICTIM: &str = "victim@example.com";
    let app = app().await;
    for number in 0..7 {
        let hideout = format!("hideout{number}@example.com");
        let body = json!({"email": VICTIM, "password": PASSWORD});
        let made =
            app.send(from("192.0.2.1", request(Method::POST, "/api/v1/register", None, Some(body)))).await;
        assert_eq!(made.status, StatusCode::CREATED);
        let who = person(&sign_in(&app, "192.0.2.1", VICTIM).await);
        assert_eq!(change_to(&app, "192.0.2.1", &who, &hideout).await.brief(), SENT);
        let token = json!({"token": app.token(&hideout).await});
        assert_eq!(app.post("/api/v1/verify-email", token).await.status, 200);
    }
    assert_eq!(app.mail_to(VICTIM).await.len(), 5);
}

/// What is refused sends nothing, and costs nothing of an address.
#[tokio::test]
async fn lg_05_a_registration_that_is_refused_uses_up_no_letters() {
    let app = app().await;
    for _ in 0..7 {
        assert_eq!(app.register(ADA).await.brief(), "409 email_taken");
    }
    assert_eq!(app.post("/api/v1/recover", json!({"email": ADA})).await.brief(), SENT);
}

/// Whoever makes an account with the address of another, and signs in to it again and again, is answered as ever.
#[tokio::test]
async fn rl_a_mailbox_is_not_filled_by_sign_ins_either() {
    let file = FILE.replace("rate_limits", "require_verified_email = true\nrate_limits");
    let file = file.replace("roles = ", "email_verified = true\nroles = ");
    let app = TestApp::with(&file).await;
    assert_eq!(app.register("victim@example.com").await.status, 201);
    for _ in 0..12 {
        app.advance(Duration::from_mins(4));
        let answer = sign_in(&app, "192.0.2.1", "victim@example.com").await;
        assert_eq!((answer.brief().as_str(), answer.header("ratelimit")), ("403 email_unverified", None));
        app.mail_to("victim@example.com").await;
    }
    let letters = app.mail_to("victim@example.com").await.len();
    assert_eq!(letters, 9, "the first, five, and what has come back since");
}

/// Nobody keeps a notice back by having other letters sent.
#[tokio::test]
async fn lg_05_what_happens_to_an_account_is_told_however_many_letters_were_asked_for() {
    let app = app().await;
    let ada = person(&sign_in(&app, "203.0.113.1", "ada").await);
    attack(&app, ADA).await;
    app.mail_to(ADA).await;
    let body = json!({"current_password": PASSWORD, "new_password": "another that she thought of"});
    assert_eq!(app.ask(&ada, Method::POST, "/api/v1/me/password", Some(body)).await.status, 204);
    let told = app.mail_to(ADA).await.pop().unwrap();
    assert!(told.subject.contains("password"), "{}", told.subject);
}

#[tokio::test]
async fn rl_a_mailbox_is_not_filled_by_way_of_its_sub_addresses() {
    let app = app().await;
    for number in 0..5 {
        let tagged = format!("ada+{number}@example.com");
        assert_eq!(ask(&app, "192.0.2.1", "/api/v1/recover", &tagged).await.brief(), SENT);
    }
    for email in ["ada+x@example.com", ADA, "Ada+y+z@EXAMPLE.com"] {
        let refused = ask(&app, "192.0.2.1", "/api/v1/recover", email).await;
        assert_eq!(refused.brief(), LIMITED, "{email}");
        assert_eq!(refused.header("ratelimit"), Some("\"message\";r=0;t=720"));
    }
    assert_eq!(ask(&app, "192.0.2.1", "/api/v1/recover", "adam@example.com").await.brief(), SENT);
}

#[tokio::test]
async fn rl_a_mailbox_is_not_filled_by_making_devices_known_to_it() {
    let app = app().await;
    let mut sent = 0;
    for number in 0..8 {
        let peer = format!("203.0.113.{number}");
        let known = device(&sign_in(&app, &peer, "ada").await);
        for _ in 0..5 {
            sent += usize::from(ask_on(&app, &known, &peer, "/api/v1/recover", ADA).await.brief() == SENT);
        }
    }
    assert_eq!(sent, 20, "of eight devices together");
}
