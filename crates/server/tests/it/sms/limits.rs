//! How many messages are sent: they cost money, and ring at somebody's.

use std::time::Duration;

use super::{ADA, NUMBER, OTHER, PAUSE, Sender, begin, send, world};
use crate::{mfa::half, support::TestApp};

#[tokio::test]
async fn one_code_follows_another_after_half_a_minute() {
    let app = TestApp::new().await;
    let (sender, ada) = (Sender::of(&app).await, app.person(ADA).await);
    assert_eq!(begin(&app, &ada, NUMBER).await.status, 200);
    let often = begin(&app, &ada, OTHER).await;
    assert_eq!((often.brief().as_str(), often.header("retry-after")), ("429 too_many_attempts", Some("30")));
    app.advance(PAUSE);
    assert_eq!(begin(&app, &ada, OTHER).await.status, 200);
    assert_eq!(sender.messages().len(), 2);
}

#[tokio::test]
async fn an_account_is_sent_five_codes_an_hour_whatever_they_are_for() {
    let (app, sender, ada, _) = world().await;
    for n in 0..4 {
        app.advance(PAUSE);
        let answer = if n % 2 == 0 {
            send(&app, &half(&app, ADA).await).await
        } else {
            begin(&app, &ada, &format!("+120255501{n:02}")).await
        };
        assert_eq!(answer.status, 200, "{n} {answer:?}");
    }
    app.advance(PAUSE);
    let token = half(&app, ADA).await;
    let often = send(&app, &token).await;
    assert_eq!(often.brief(), "429 too_many_attempts");
    assert_eq!(
        often.header("ratelimit-policy").map(|policy| policy.starts_with("\"sms-account\"")),
        Some(true)
    );
    assert_eq!(sender.messages().len(), 4);
    app.advance(Duration::from_mins(10));
    assert_eq!(send(&app, &half(&app, ADA).await).await.status, 200);
}

#[tokio::test]
async fn a_number_is_sent_five_codes_an_hour_whoever_asks() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    for n in 0..6 {
        let who = app.person(&format!("person{n}@example.com")).await;
        let answer = begin(&app, &who, NUMBER).await;
        assert_eq!(answer.status.as_u16(), if n < 5 { 200 } else { 429 }, "{n}");
        let elsewhere = begin(&app, &who, &format!("+120255501{n:02}")).await;
        // One after the other; and a message that was refused took nothing of what the account has.
        assert_eq!(elsewhere.status.as_u16(), if n < 5 { 429 } else { 200 }, "{n}");
    }
    assert_eq!(sender.messages().len(), 6);
}

/// Strangers who say that it is theirs do not lock its owner out.
#[tokio::test]
async fn whoever_sets_a_number_up_takes_nothing_from_those_who_have_it() {
    let (app, sender, _ada, _) = world().await;
    app.advance(Duration::from_mins(12));
    for n in 0..6 {
        let stranger = app.person(&format!("person{n}@example.com")).await;
        let answer = begin(&app, &stranger, NUMBER).await;
        assert_eq!(answer.status.as_u16(), if n < 5 { 200 } else { 429 }, "{n}");
    }
    sender.messages();
    assert_eq!(send(&app, &half(&app, ADA).await).await.status, 200);
    assert_eq!(sender.messages().len(), 1);
}

/// Counted before the sender is asked: what it does not take is not tried for ever.
#[tokio::test]
async fn what_was_not_sent_counts_too() {
    let app = TestApp::new().await;
    let (sender, ada) = (Sender::of(&app).await, app.person(ADA).await);
    sender.receiver.says(500);
    for _ in 0..5 {
        assert_eq!(begin(&app, &ada, NUMBER).await.brief(), "503 sms_not_sent");
        assert_eq!(begin(&app, &ada, NUMBER).await.brief(), "429 too_many_attempts");
        app.advance(PAUSE);
    }
    assert_eq!(begin(&app, &ada, NUMBER).await.brief(), "429 too_many_attempts");
    assert_eq!(sender.messages().len(), 5);
}
