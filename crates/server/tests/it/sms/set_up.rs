//! A number is set up: nothing until the code that was sent to it came back.

use std::time::Duration;

use serde_json::json;

use super::{ADA, NUMBER, OTHER, PAUSE, Sender, begin, confirm, factors, remove, send, show, world, wrong};
use crate::{
    mfa::{claims, codes, half, trail},
    support::TestApp,
};

#[tokio::test]
async fn a_number_counts_once_the_code_that_was_sent_to_it_is_confirmed() {
    let app = TestApp::new().await;
    let (admin, sender) = (app.admin().await, Sender::of(&app).await);
    let ada = app.person(ADA).await;
    let begun = begin(&app, &ada, " +49 (151) 1234-5678 ").await;
    assert_eq!(
        (begun.status.as_u16(), begun.json()),
        (200, json!({"phone_number": "•••78", "expires_in": 300}))
    );
    let message = sender.messages().remove(0);
    assert_eq!((&message["type"], &message["to"]), (&json!("sms.code"), &json!(NUMBER)));
    assert_eq!(factors(&app, &ada).await, json!([]), "it does not count yet");
    assert_eq!(app.login(ADA).await.status, 200);
    let answer = confirm(&app, &ada, message["code"].as_str().unwrap()).await;
    assert_eq!((answer.status.as_u16(), codes(&answer).len()), (200, 10), "{answer:?}");
    let seen = factors(&app, &ada).await;
    assert_eq!(
        (&seen[0]["kind"], &seen[0]["phone_number"], &seen[0]["last_used_at"]),
        (&json!("sms"), &json!("•••78"), &json!(null))
    );
    let refreshed = app.refresh(&ada.refresh_token).await;
    assert_eq!(claims(&refreshed.text("access_token"))["amr"], json!(["pwd", "sms", "mfa"]));
    let asked = app.login(ADA).await;
    assert_eq!(
        (asked.brief().as_str(), &asked.json()["methods"]),
        ("403 mfa_required", &json!(["sms", "recovery_code"]))
    );
    let added = trail(&app, &admin, "second-factor-added").await;
    assert_eq!((added.len(), &added[0]["detail"]["kind"]), (1, &json!("sms")));
    let sent = trail(&app, &admin, "sms-sent").await;
    assert_eq!((sent.len(), &sent[0]["detail"]), (1, &json!({"for": "set_up", "to": "•••78"})));
    let told =
        app.ask(&admin, axum::http::Method::GET, &format!("/api/v1/admin/users/{}/mfa", ada.id), None).await;
    assert_eq!(told.json()["factors"][0]["phone_number"], json!("•••78"), "{told:?}");
}

#[tokio::test]
async fn the_number_before_stays_until_the_next_is_confirmed() {
    let (app, sender, ada, _) = world().await;
    app.advance(PAUSE);
    assert_eq!(begin(&app, &ada, OTHER).await.status, 200);
    let code = sender.code();
    let token = half(&app, ADA).await;
    app.advance(PAUSE);
    assert_eq!(send(&app, &token).await.status, 200);
    let message = sender.messages().remove(0);
    assert_eq!(message["to"], NUMBER, "it is asked for where it was");
    let answer = confirm(&app, &ada, &code).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({})), "the recovery codes stay");
    assert_eq!(factors(&app, &ada).await[0]["phone_number"], "•••23");
    // What was sent to the number before is nothing any more.
    let late = show(&app, &token, message["code"].as_str().unwrap()).await;
    assert_eq!(late.brief(), "403 sms_code_expired");
    app.advance(PAUSE);
    assert_eq!(send(&app, &token).await.status, 200);
    assert_eq!(sender.messages()[0]["to"], OTHER);
}

#[tokio::test]
async fn a_number_is_confirmed_by_the_newest_code_in_time_and_in_a_few_tries() {
    let app = TestApp::new().await;
    let (sender, ada) = (Sender::of(&app).await, app.person(ADA).await);
    assert_eq!(confirm(&app, &ada, "123456").await.brief(), "403 sms_code_expired", "none was sent");
    begin(&app, &ada, NUMBER).await;
    let first = sender.code();
    for text in [&wrong(&first), "", "12345", "١٢٣٤٥٦"] {
        assert_eq!(confirm(&app, &ada, text).await.brief(), "403 invalid_code", "{text}");
    }
    let fifth = confirm(&app, &ada, &format!("{first}0")).await;
    assert_eq!(fifth.brief(), "403 sms_code_spent", "no other is looked at");
    assert_eq!(confirm(&app, &ada, &first).await.brief(), "403 sms_code_spent");
    app.advance(PAUSE);
    begin(&app, &ada, NUMBER).await;
    let second = sender.code();
    app.advance(PAUSE);
    begin(&app, &ada, OTHER).await;
    let third = sender.code();
    assert_eq!(confirm(&app, &ada, &second).await.brief(), "403 invalid_code", "another took its place");
    app.advance(Duration::from_secs(299));
    assert_eq!(confirm(&app, &ada, &wrong(&third)).await.brief(), "403 invalid_code");
    app.advance(Duration::from_secs(1));
    assert_eq!(confirm(&app, &ada, &third).await.brief(), "403 sms_code_expired");
    begin(&app, &ada, OTHER).await;
    let fourth = sender.code();
    assert_eq!(confirm(&app, &ada, &format!(" {} {} ", &fourth[..3], &fourth[3..])).await.status, 200);
    assert_eq!(confirm(&app, &ada, &fourth).await.brief(), "403 sms_code_expired", "once");
}

/// MF-06: whoever knows the password does not have the owner confirm a number of theirs.
#[tokio::test]
async fn mf_06_a_number_is_confirmed_in_the_session_that_began_it() {
    let app = TestApp::new().await;
    let (sender, ada, eve) =
        (Sender::of(&app).await, app.person(ADA).await, app.person("eve@example.com").await);
    let elsewhere = app.sign_in(ADA).await;
    begin(&app, &ada, NUMBER).await;
    let code = sender.code();
    for other in [&elsewhere, &eve] {
        assert_eq!(confirm(&app, other, &code).await.brief(), "403 sms_code_expired");
    }
    assert_eq!(confirm(&app, &ada, &code).await.status, 200);
}

#[tokio::test]
async fn mf_06_setting_up_and_removing_take_a_fresh_sign_in_with_every_factor() {
    let app = TestApp::new().await;
    let (sender, ada) = (Sender::of(&app).await, app.person(ADA).await);
    let one = app.sign_in(ADA).await;
    begin(&app, &ada, NUMBER).await;
    let code = sender.code();
    app.advance(Duration::from_mins(10));
    for answer in
        [begin(&app, &ada, NUMBER).await, confirm(&app, &ada, &code).await, remove(&app, &ada).await]
    {
        assert_eq!(answer.brief(), "401 reauthentication_required", "not fresh");
    }
    let fresh = app.sign_in(ADA).await;
    let short = app.sign_in(ADA).await;
    sender.set_up(&app, &fresh).await;
    for who in [&one, &short] {
        for answer in [begin(&app, who, OTHER).await, remove(&app, who).await] {
            assert_eq!(answer.brief(), "401 reauthentication_required", "one factor");
        }
    }
    assert!(sender.messages().is_empty(), "nobody was sent anything");
    let two = sender.sign_in(&app, ADA).await;
    assert_eq!(remove(&app, &two).await.status, 204);
}

#[tokio::test]
async fn what_is_no_number_is_refused_and_nothing_is_sent() {
    let app = TestApp::new().await;
    let (sender, ada) = (Sender::of(&app).await, app.person(ADA).await);
    for text in
        ["", "+", "015112345678", "+0151123456", "+1234567", "+1234567890123456", "tel:+4915112345678", "ada"]
    {
        assert_eq!(begin(&app, &ada, text).await.brief(), "422 invalid_phone", "{text}");
    }
    let nobody = app.post("/api/v1/me/mfa/sms", json!({"phone_number": NUMBER})).await;
    assert_eq!(nobody.brief(), "401 unauthenticated");
    assert!(sender.messages().is_empty());
}

#[tokio::test]
async fn where_nobody_sends_or_no_factors_are_wanted_no_number_is_set_up() {
    let app = TestApp::new().await;
    let ada = app.person(ADA).await;
    for answer in [begin(&app, &ada, NUMBER).await, confirm(&app, &ada, "123456").await] {
        assert_eq!(answer.brief(), "403 sms_off");
    }
    assert_eq!(remove(&app, &ada).await.brief(), "404 not_found");
    let sender = Sender::with(&app, "mfa = \"off\"\n").await;
    assert_eq!(begin(&app, &ada, NUMBER).await.brief(), "403 second_factors_off");
    assert!(sender.messages().is_empty());
}
