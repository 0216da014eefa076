//! What becomes of a message that does not arrive.

use std::time::Duration;

use axum::http::Method;
use gatepost_domain::Timestamp;
use serde_json::{Value, json};

use super::{
    World, make,
    receiver::{Receiver, nowhere},
};

fn row(event: &str, state: &str, attempts: u64, answer: &str) -> (String, String, u64, Option<String>) {
    (event.to_owned(), state.to_owned(), attempts, Some(answer.to_owned()))
}

#[tokio::test]
async fn wh_03_a_message_that_is_not_taken_is_tried_for_days_and_then_dead_until_somebody_replays_it() {
    let world = World::told_of(&["user.created"]).await;
    world.receiver.says(404);
    let id = world.test().await;
    let pauses = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    for (tries, pause) in (1..).zip(pauses) {
        world.send().await;
        assert_eq!(world.receiver.take().len(), 1, "try {tries}");
        world.app.advance(Duration::from_secs(pause - 1));
        world.send().await;
        assert!(world.receiver.take().is_empty(), "too early after try {tries}");
        // And a tenth more at the most, so that not all come back at once.
        world.app.advance(Duration::from_secs(1 + pause / 10 + 1));
    }
    world.send().await;
    assert_eq!(world.receiver.take().len(), 1);
    assert_eq!(world.became().await, [row("webhook.test", "dead", 10, "404")]);
    world.app.advance(Duration::from_hours(200));
    world.send().await;
    assert!(world.receiver.take().is_empty(), "no more");
    assert_eq!(world.state().await, "on", "it answers, if only no");

    world.receiver.says(200);
    let since = json!({"since": "2027-01-01T00:00:00Z"});
    let replayed = world.of_hook(Method::POST, "/replay", Some(since.clone())).await;
    assert_eq!((replayed.status.as_u16(), &replayed.json()["replayed"]), (202, &json!(1)));
    world.send().await;
    let again = world.receiver.take();
    assert_eq!((again.len(), again[0].header("webhook-id")), (1, id.as_str()));
    assert_eq!(world.became().await, [row("webhook.test", "delivered", 1, "200")]);
    let replayed = world.of_hook(Method::POST, "/replay", Some(since)).await;
    assert_eq!(replayed.json()["replayed"], json!(0));
    // One by one, also what arrived.
    let one = world.of_hook(Method::POST, &format!("/deliveries/{id}/replay"), None).await;
    assert_eq!(one.status, 202, "{one:?}");
    world.send().await;
    assert_eq!(world.receiver.take().len(), 1);
}

/// F-21: the receiver is away for ten minutes. Nothing is lost, nothing overtakes, and hardly anything is tried meanwhile.
#[tokio::test]
async fn wh_04_what_happens_while_nobody_is_there_arrives_in_order_afterwards() {
    let world = World::told_of(&["user.updated"]).await;
    let ada = world.app.person("ada@example.com").await;
    let path = format!("/api/v1/admin/users/{}", ada.id);
    world.receiver.says(503);
    let mut tries = 0;
    for number in 0..20 {
        let body = Some(json!({"name": format!("Number {number}")}));
        assert_eq!(world.ask(Method::PATCH, &path, body).await.status, 200);
        world.send().await;
        tries += world.receiver.take().len();
        world.app.advance(Duration::from_secs(30));
    }
    assert!((3..=9).contains(&tries), "{tries} tries in ten minutes");
    world.receiver.says(204);
    world.app.advance(Duration::from_hours(1));
    let told = world.told().await;
    let names: Vec<_> =
        told.iter().map(|body| body["data"]["user"]["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, (0..20).map(|number| format!("Number {number}")).collect::<Vec<_>>());
}

/// Where nothing is taken the whole webhook is left alone for a while, whatever is due.
#[tokio::test]
async fn a_message_says_when_it_is_sent_next_also_where_its_webhook_is_left_alone() {
    let world = World::told_of(&["user.deleted"]).await;
    let id = world.test().await;
    let next = async || {
        let one = world.of_hook(Method::GET, &format!("/deliveries/{id}"), None).await.json();
        let all = world.of_hook(Method::GET, "/deliveries", None).await.json();
        assert_eq!(all["deliveries"][0]["next_attempt_at"], one["next_attempt_at"]);
        (one["state"].as_str().unwrap().to_owned(), one["next_attempt_at"].clone())
    };
    let waits_until = |at: Timestamp| ("waiting".to_owned(), json!(at));
    let now = || world.app.clock.now();
    assert_eq!(next().await, waits_until(now()), "at once");
    world.receiver.says(503);
    for pause in [2, 4, 8, 16] {
        world.send().await;
        assert_eq!(world.receiver.take().len(), 1);
        let told = next().await;
        assert_eq!(told, waits_until(now().plus(Duration::from_secs(pause))));
        world.app.advance(Duration::from_secs(pause - 1));
        world.send().await;
        assert!(world.receiver.take().is_empty());
        assert_eq!(next().await, told);
        world.app.advance(Duration::from_secs(1));
    }
    world.receiver.says(410);
    world.send().await;
    assert_eq!((world.state().await.as_str(), next().await.1), ("gone", Value::Null), "not while it is off");
    world.receiver.says(200);
    assert_eq!(world.of_hook(Method::PATCH, "", Some(json!({"enabled": true}))).await.status, 200);
    let (state, at) = next().await;
    assert!(
        state == "waiting" && at.as_str().unwrap() <= json!(now()).as_str().unwrap(),
        "due already: {at}"
    );
    world.send().await;
    assert_eq!(next().await, ("delivered".to_owned(), Value::Null));
}

#[tokio::test]
async fn wh_03_one_that_says_it_is_gone_is_turned_off_and_what_waits_is_kept() {
    let world = World::told_of(&["*"]).await;
    world.told().await;
    world.receiver.says(410);
    world.test().await;
    world.send().await;
    assert_eq!((world.receiver.take().len(), world.state().await.as_str()), (1, "gone"));
    assert_eq!(world.of_hook(Method::POST, "/test", None).await.brief(), "409 webhook_off");
    world.app.register("lost@example.com").await;
    let trail = world.ask(Method::GET, "/api/v1/admin/audit?event=webhook-disabled", None).await.json();
    assert_eq!(trail["events"][0]["actor"], "system");
    assert_eq!(trail["events"][0]["detail"], json!({"webhook": world.hook.id, "reason": "gone"}));
    world.receiver.says(200);
    let on = world.of_hook(Method::PATCH, "", Some(json!({"enabled": true}))).await;
    assert_eq!(on.text("state"), "on");
    let told = world.told().await;
    assert_eq!(super::types(&told), ["webhook.test"], "what happened while it was off is not told");
}

#[tokio::test]
async fn wh_03_one_where_nothing_arrives_for_three_days_is_turned_off() {
    let world = World::told_of(&["user.deleted"]).await;
    world.receiver.says(502);
    world.test().await;
    for hour in 0..=80 {
        if hour < 76 {
            assert_eq!(world.state().await, "on", "after {hour} hours");
        }
        world.send().await;
        world.app.advance(Duration::from_mins(59));
    }
    assert_eq!(world.state().await, "failing");
    let tried = world.receiver.take().len();
    assert!((30..=60).contains(&tried), "about once an hour in the end: {tried}");
}

/// A process that dies between sending and keeping that it did sends once more, under the same id.
#[tokio::test]
async fn wh_04_a_sender_that_dies_has_the_message_sent_once_more() {
    let world = World::told_of(&["user.deleted"]).await;
    let id = world.test().await;
    let silence = world.receiver.held.lock().await;
    let app = world.app.app.clone();
    let sender = tokio::spawn(async move { app.send_webhooks().await });
    world.receiver.arrived.notified().await;
    sender.abort();
    let _ = sender.await;
    drop(silence);
    assert_eq!(world.receiver.take().len(), 1);
    world.send().await;
    assert!(world.receiver.take().is_empty(), "it may be at work still");
    world.app.advance(Duration::from_secs(21));
    world.send().await;
    let again = world.receiver.take();
    assert_eq!((again.len(), again[0].header("webhook-id")), (1, id.as_str()));
    assert_eq!(world.became().await, [row("webhook.test", "delivered", 1, "204")]);
}

#[tokio::test]
async fn wh_03_one_that_is_gone_holds_no_other_up() {
    let world = World::told_of(&["user.created"]).await;
    for _ in 0..40 {
        make(&world.app, &world.admin, &nowhere().await, &["user.created"]).await;
    }
    for number in 0..10 {
        world.app.register(&format!("user-{number}@example.com")).await;
    }
    assert_eq!(world.told().await.len(), 10);
}

#[tokio::test]
async fn a_message_that_is_refused_holds_no_other_up() {
    let world = World::told_of(&["user.created"]).await;
    let other = Receiver::new().await;
    make(&world.app, &world.admin, &other.url("/hook"), &["user.created"]).await;
    world.receiver.says(422);
    for number in 0..3 {
        world.app.register(&format!("user-{number}@example.com")).await;
    }
    world.send().await;
    assert_eq!((world.receiver.take().len(), other.take().len()), (3, 3));
    world.send().await;
    assert_eq!((world.receiver.take().len(), other.take().len()), (0, 0), "they wait for their time");
}

#[tokio::test]
async fn what_became_of_messages_is_forgotten_after_a_month() {
    let world = World::told_of(&["user.created"]).await;
    world.test().await;
    world.told().await;
    assert_eq!(world.became().await.len(), 1);
    world.app.advance(Duration::from_hours(24 * 31));
    world.app.clean_up().await;
    assert!(world.became().await.is_empty());
}
