//! Another address for an account (LG-13).

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use super::{NEW_PASSWORD, ask_to_recover, confirm, login_with, old_password, recover, undo, verified};
use crate::support::{Answer, PASSWORD, Person, TestApp};

async fn ask(app: &TestApp, person: &Person, email: &str) -> Answer {
    app.ask(person, Method::POST, "/api/v1/me/email", Some(json!({"email": email}))).await
}

async fn address(app: &TestApp, person: &Person) -> Value {
    let me = app.ask(person, Method::GET, "/api/v1/me", None).await.json();
    json!([me["email"], me["email_verified"]])
}

#[tokio::test]
async fn lg_13_the_new_address_confirms_and_the_old_is_told() {
    let app = TestApp::new().await;
    let ada = verified(&app, "ada@example.com").await;
    // Nobody says of themselves that an address is theirs.
    for change in [json!({"email": "new@example.com"}), json!({"email_verified": true})] {
        let answer = app.ask(&ada, Method::PATCH, "/api/v1/me", Some(change)).await;
        assert_eq!(answer.brief(), "400 invalid_body");
    }
    assert_eq!(ask(&app, &ada, "ADA@example.com").await.brief(), "422 invalid_field");
    assert_eq!(ask(&app, &ada, "new@example.com").await.status, 202);
    assert_eq!(address(&app, &ada).await, json!(["ada@example.com", true]), "not before it is confirmed");
    assert_eq!(app.subjects("ada@example.com").await.len(), 1);
    let token = app.token("new@example.com").await;
    assert!(token.starts_with("gp_ec_"));
    assert_eq!(confirm(&app, &token).await.status, 200);
    assert_eq!(address(&app, &ada).await, json!(["new@example.com", true]));
    assert_eq!(confirm(&app, &token).await.brief(), "400 invalid_link");
    assert_eq!(old_password(&app, "ada@example.com").await, "401 invalid_credentials");
    let told = app.mail_to("ada@example.com").await.pop().unwrap();
    assert_eq!(told.subject, "Your e-mail for default was changed");
    assert!(!told.text.contains("new@example.com"), "the old mailbox may be read by others by now");
}

#[tokio::test]
async fn lg_13_it_takes_a_recent_sign_in() {
    let app = TestApp::new().await;
    let ada = verified(&app, "ada@example.com").await;
    app.advance(Duration::from_mins(10));
    let refused = ask(&app, &ada, "new@example.com").await;
    assert_eq!(refused.brief(), "401 reauthentication_required");
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(
        challenge.starts_with("Bearer error=\"insufficient_user_authentication\"")
            && challenge.contains("max_age=600")
    );
    // A token that is new because it was refreshed is not one of somebody who has just proved who they are.
    let refreshed = app.refresh(&ada.refresh_token).await;
    let refreshed = Person { access_token: refreshed.text("access_token"), ..ada };
    assert_eq!(ask(&app, &refreshed, "new@example.com").await.brief(), "401 reauthentication_required");
    let again = app.sign_in("ada@example.com").await;
    assert_eq!(ask(&app, &again, "new@example.com").await.status, 202);
}

#[tokio::test]
async fn lg_13_of_two_changes_the_last_counts() {
    let app = TestApp::new().await;
    let ada = verified(&app, "ada@example.com").await;
    assert_eq!(ask(&app, &ada, "first@example.com").await.status, 202);
    let first = app.token("first@example.com").await;
    let soon = ask(&app, &ada, "second@example.com").await;
    assert_eq!((soon.brief().as_str(), soon.header("retry-after")), ("429 too_many_attempts", Some("30")));
    app.advance(Duration::from_secs(31));
    assert_eq!(ask(&app, &ada, "second@example.com").await.status, 202);
    let second = app.token("second@example.com").await;
    let (late, good) = tokio::join!(confirm(&app, &first), confirm(&app, &second));
    assert_eq!((late.brief().as_str(), good.status.as_u16()), ("400 invalid_link", 200));
    assert_eq!(address(&app, &ada).await, json!(["second@example.com", true]));
}

#[tokio::test]
async fn lg_13_an_address_of_another_account_is_not_given_and_not_told() {
    let app = TestApp::new().await;
    let ada = verified(&app, "ada@example.com").await;
    verified(&app, "bob@example.com").await;
    let free = ask(&app, &ada, "free@example.com").await;
    app.advance(Duration::from_secs(31));
    let taken = ask(&app, &ada, "bob@example.com").await;
    assert_eq!((free.status, &free.body), (taken.status, &taken.body));
    // Its owner is told, and holds nothing that would give it away.
    let told = app.mail_to("bob@example.com").await.pop().unwrap();
    assert_eq!(told.subject, "You already have a default account");
    assert!(!told.text.contains("token="), "{}", told.text);
    // Taken between asking and confirming.
    app.advance(Duration::from_secs(31));
    ask(&app, &ada, "late@example.com").await;
    let token = app.token("late@example.com").await;
    assert_eq!(app.register("late@example.com").await.status, 201);
    assert_eq!(confirm(&app, &token).await.brief(), "409 email_taken");
    assert_eq!(address(&app, &ada).await, json!(["ada@example.com", true]));
}

/// Somebody who got into the account changes the address, and again, and the password.
#[tokio::test]
async fn lg_13_the_old_owner_takes_it_back_whatever_was_done() {
    let app = TestApp::new().await;
    let thief = verified(&app, "ada@example.com").await;
    for email in ["thief@example.com", "hideout@example.com"] {
        app.advance(Duration::from_secs(31));
        assert_eq!(ask(&app, &thief, email).await.status, 202);
        assert_eq!(confirm(&app, &app.token(email).await).await.status, 200);
    }
    let body = json!({"current_password": PASSWORD, "new_password": "now it is mine alone"});
    assert_eq!(app.ask(&thief, Method::POST, "/api/v1/me/password", Some(body)).await.status, 204);
    let (hers, thiefs) = (app.token("ada@example.com").await, undo_token(&app, "thief@example.com").await);
    assert!(hers.starts_with("gp_eu_") && thiefs.starts_with("gp_eu_"));
    // LG-13, LG-15 of its own kind: nobody makes an account with an address that may be taken back.
    assert_eq!(app.register("ada@example.com").await.brief(), "409 email_taken");
    app.advance(Duration::from_hours(24 * 6));
    assert_eq!(app.get(&format!("/undo-email?token={hers}")).await.status, 200);
    assert_eq!(undo(&app, &hers).await.status, 204);
    assert_eq!(undo(&app, &hers).await.brief(), "400 invalid_link");
    assert_eq!(app.ask(&thief, Method::GET, "/api/v1/me", None).await.brief(), "401 invalid_token");
    for (email, password) in [
        ("ada@example.com", "now it is mine alone"),
        ("ada@example.com", PASSWORD),
        ("hideout@example.com", "now it is mine alone"),
    ] {
        assert_eq!(login_with(&app, email, password).await, "401 invalid_credentials");
    }
    // What the thief could take back is of no use any more.
    assert_eq!(undo(&app, &thiefs).await.brief(), "400 invalid_link");
    // And she is sent what she needs.
    let token = app.token("ada@example.com").await;
    assert!(token.starts_with("gp_pr_"));
    assert_eq!(recover(&app, &token).await.status, 204);
    assert_eq!(login_with(&app, "ada@example.com", NEW_PASSWORD).await, "200");
}

async fn undo_token(app: &TestApp, email: &str) -> String {
    let letters = app.mail_to(email).await;
    let links = letters.iter().filter_map(|letter| letter.link());
    links
        .filter_map(|link| link.split_once("undo-email?token="))
        .map(|(_, token)| token.to_owned())
        .next_back()
        .unwrap()
}

/// The other order: the thief's own way back does not close hers.
#[tokio::test]
async fn lg_13_a_way_back_closes_only_the_younger_ones() {
    let app = TestApp::new().await;
    let thief = verified(&app, "ada@example.com").await;
    for email in ["thief@example.com", "hideout@example.com"] {
        app.advance(Duration::from_secs(31));
        ask(&app, &thief, email).await;
        confirm(&app, &app.token(email).await).await;
    }
    let (hers, thiefs) = (app.token("ada@example.com").await, undo_token(&app, "thief@example.com").await);
    assert_eq!(undo(&app, &thiefs).await.status, 204);
    assert_eq!(undo(&app, &hers).await.status, 204);
    // The link to a new password that the thief was to be sent is dead, and not sent any more.
    app.advance(Duration::from_secs(31));
    ask_to_recover(&app, "thief@example.com").await;
    let subjects = app.subjects("thief@example.com").await;
    assert!(!subjects.iter().any(|subject| subject.starts_with("Choose")), "{subjects:?}");
}

/// A mistyped address may be that of a stranger, who must not get the account with it.
#[tokio::test]
async fn lg_13_an_address_that_was_never_proven_takes_nothing_back() {
    let app = TestApp::new().await;
    let ada = app.person("mistyped@example.com").await;
    app.mail_to("mistyped@example.com").await;
    assert_eq!(ask(&app, &ada, "ada@example.com").await.status, 202);
    assert_eq!(confirm(&app, &app.token("ada@example.com").await).await.status, 200);
    let subjects = app.subjects("mistyped@example.com").await;
    assert_eq!(subjects, ["Confirm your e-mail for default"]);
    assert_eq!(confirm(&app, &app.token("mistyped@example.com").await).await.brief(), "400 invalid_link");
}

#[tokio::test]
async fn all_of_it_is_in_the_audit_trail() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let ada = verified(&app, "ada@example.com").await;
    ask(&app, &ada, "new@example.com").await;
    confirm(&app, &app.token("new@example.com").await).await;
    undo(&app, &app.token("ada@example.com").await).await;
    recover(&app, &app.token("ada@example.com").await).await;
    app.advance(Duration::from_secs(31));
    ask_to_recover(&app, "ada@example.com").await;
    app.mail_to("ada@example.com").await;
    let path = format!("/api/v1/admin/audit?user={}", ada.id);
    let answer = app.ask(&admin, Method::GET, &path, None).await;
    let events: Vec<_> = answer.json()["events"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer:?}"))
        .iter()
        .map(|event| event["event"].as_str().unwrap().to_owned())
        .collect();
    for event in [
        "email-verified",
        "email-change-requested",
        "email-changed",
        "email-change-undone",
        "account-recovered",
        "recovery-requested",
    ] {
        assert!(events.iter().any(|known| known == event), "{event}: {events:?}");
    }
    assert!(!String::from_utf8_lossy(&answer.body).contains("example.com"), "no address is in the trail");
}
