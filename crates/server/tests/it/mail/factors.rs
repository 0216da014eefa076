//! Second factors: their owner is told of each act, and what somebody else set up goes when the account is taken back.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use super::{NEW_PASSWORD, ask_to_recover, confirm, login_with, recover, undo, verified};
use crate::{
    mfa::{self, begin, half, second, set_up},
    support::{Answer, Person, SoftPasskey, TestApp, person},
};

const ADA: &str = "ada@example.com";
const STEP: Duration = Duration::from_secs(30);
const DAY: Duration = Duration::from_hours(24);

/// What came after the first letter, which is to prove the address. Letters of one moment have no order.
async fn told(app: &TestApp) -> Vec<String> {
    let mut subjects = app.subjects(ADA).await.split_off(1);
    subjects.sort();
    subjects
}

#[tokio::test]
async fn what_is_done_to_second_factors_is_told() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let ada = verified(&app, ADA).await;
    set_up(&app, &ada).await;
    assert_eq!(told(&app).await, ["A new way to sign in to default"]);
    let made = app.ask(&ada, Method::POST, "/api/v1/me/mfa/recovery-codes", None).await;
    let codes = mfa::codes(&made);
    let used = mfa::recover(&app, &half(&app, ADA).await, &codes[0]).await;
    assert_eq!(used.status, 200);
    let again = person(&used);
    assert_eq!(app.ask(&again, Method::DELETE, "/api/v1/me/mfa/totp", None).await.status, 204);
    assert_eq!(
        told(&app).await,
        [
            "A new way to sign in to default",
            "A recovery code was used at default",
            "A way to sign in to default was removed",
            "Your recovery codes for default were replaced",
        ]
    );
    let letters = app.mail_to(ADA).await;
    let said = |part: &str| letters.iter().any(|letter| letter.text.contains(part));
    assert!(said("Codes left: 9.") && said("account: Authenticator app."), "{letters:?}");
    assert!(codes.iter().all(|code| !said(code)), "and never a code");
    // By somebody else, all at once: one letter names them.
    set_up(&app, &again).await;
    for _ in 0..2 {
        assert_eq!(app.add_passkey(&again, &mut SoftPasskey::es256()).await.status, 201);
    }
    let before = app.subjects(ADA).await.len();
    let path = format!("/api/v1/admin/users/{}/mfa", ada.id);
    assert_eq!(app.ask(&admin, Method::DELETE, &path, None).await.status, 204);
    let letters = app.mail_to(ADA).await.split_off(before);
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(letters[0].subject, "The second steps of your default account were removed");
    assert!(letters[0].text.contains("Authenticator app, Passkey (2)"), "{letters:?}");
}

#[tokio::test]
async fn a_factor_that_is_set_up_at_sign_in_is_told() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\n").await;
    verified(&app, ADA).await;
    app.apply("[[realm]]\nname = \"default\"\nmfa = \"required\"\n").await;
    let token = app.login(ADA).await.text("mfa_token");
    let begun = app.post("/api/v1/login/mfa/totp", json!({"mfa_token": token})).await;
    let phone = crate::support::Authenticator::of(&begun.text("secret"));
    assert_eq!(told(&app).await, Vec::<String>::new(), "not before it counts");
    assert_eq!(second(&app, &token, &phone.code(&app)).await.status, 200);
    assert_eq!(told(&app).await, ["A new way to sign in to default"]);
}

async fn change_address(app: &TestApp, who: &Person, to: &str) {
    let asked = app.ask(who, Method::POST, "/api/v1/me/email", Some(json!({"email": to}))).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    assert_eq!(confirm(app, &app.token(to).await).await.status, 200);
}

/// Takes the change back and chooses a new password, by what was mailed.
async fn take_back(app: &TestApp) -> Answer {
    let token = app.token(ADA).await;
    assert!(token.starts_with("gp_eu_"), "{token}");
    app.advance(Duration::from_secs(1));
    assert_eq!(undo(app, &token).await.status, 204);
    assert_eq!(recover(app, &app.token(ADA).await).await.status, 204);
    app.post("/api/v1/login", json!({"email": ADA, "password": NEW_PASSWORD})).await
}

/// Whoever has the account may have set up an app of their own before they changed the address: with it they would keep the owner out.
#[tokio::test]
async fn lg_13_factors_of_the_days_before_go_when_a_change_of_address_is_taken_back() {
    let app = TestApp::new().await;
    let thief = verified(&app, ADA).await;
    set_up(&app, &thief).await;
    change_address(&app, &thief, "thief@example.com").await;
    let answer = take_back(&app).await;
    assert_eq!(answer.status, 200, "no second factor of somebody else is asked for: {answer:?}");
    let view = app.ask(&person(&answer), Method::GET, "/api/v1/me/mfa", None).await.json();
    assert_eq!((&view["factors"], &view["recovery_codes"]["total"]), (&json!([]), &json!(0)));
    let events = app.outbox().await;
    assert!(events.iter().all(|event| !event.contains("gp_eu_")));
}

/// What was there long before stays asked for: the mailbox alone does not get around it.
#[tokio::test]
async fn lg_12_older_factors_stay_when_a_change_of_address_is_taken_back() {
    let app = TestApp::new().await;
    let ada = verified(&app, ADA).await;
    let (phone, _) = set_up(&app, &ada).await;
    app.advance(DAY * 8);
    let thief = mfa::sign_in(&app, ADA, &phone).await;
    // Who makes new codes has those; the owner's are gone already.
    let made = app.ask(&thief, Method::POST, "/api/v1/me/mfa/recovery-codes", None).await;
    let stolen = mfa::codes(&made);
    change_address(&app, &thief, "thief@example.com").await;
    let answer = take_back(&app).await;
    assert_eq!(answer.brief(), "403 mfa_required");
    let token = answer.text("mfa_token");
    assert_eq!(mfa::recover(&app, &token, &stolen[0]).await.brief(), "403 invalid_code");
    app.advance(STEP);
    assert_eq!(second(&app, &token, &phone.code(&app)).await.status, 200);
}

#[tokio::test]
async fn lg_12_a_new_password_by_mail_leaves_second_factors_as_they_are() {
    let app = TestApp::new().await;
    let ada = verified(&app, ADA).await;
    let (phone, _) = set_up(&app, &ada).await;
    app.advance(STEP);
    ask_to_recover(&app, ADA).await;
    assert_eq!(recover(&app, &app.token(ADA).await).await.status, 204);
    let answer = app.post("/api/v1/login", json!({"email": ADA, "password": NEW_PASSWORD})).await;
    assert_eq!(answer.brief(), "403 mfa_required");
    assert_eq!(second(&app, &answer.text("mfa_token"), &phone.code(&app)).await.status, 200);
}

/// Else its owner would be shown the key of somebody else as theirs.
#[tokio::test]
async fn what_somebody_else_began_to_set_up_is_gone_with_the_password() {
    let app = TestApp::new().await;
    let phone = begin(&app, &verified(&app, ADA).await).await;
    ask_to_recover(&app, ADA).await;
    app.advance(Duration::from_secs(1));
    assert_eq!(recover(&app, &app.token(ADA).await).await.status, 204);
    let answer = app.post("/api/v1/login", json!({"email": ADA, "password": NEW_PASSWORD})).await;
    let owner = person(&answer);
    assert_eq!(mfa::confirm(&app, &owner, &phone.code(&app)).await.brief(), "409 no_setup");
}

/// LG-14: the app of whoever made an account with the address of another keeps that other out no longer than the password does.
#[tokio::test]
async fn lg_14_the_factors_of_whoever_squats_an_address_go_at_its_first_proof() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let squatter = app.person(ADA).await;
    set_up(&app, &squatter).await;
    ask_to_recover(&app, ADA).await;
    app.advance(Duration::from_secs(1));
    assert_eq!(recover(&app, &app.token(ADA).await).await.status, 204);
    assert_eq!(login_with(&app, ADA, NEW_PASSWORD).await, "200");
    let told = mfa::trail(&app, &admin, "account-taken-over").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["detail"]["taken"], "password totp");
}
