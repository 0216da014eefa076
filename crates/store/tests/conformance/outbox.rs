use std::time::Duration;

use gatepost_domain::outbox::{Letter, Mail, Message, Queued, Revocation, back_off};
use gatepost_domain::{OutboxId, Timestamp, UserId};
use gatepost_store::outbox;

use crate::support::{NOW, Store, later};

on_every_backend!(
    a_message_is_taken_once_and_forgotten_when_done,
    a_message_that_was_not_carried_out_is_taken_again,
    a_failed_message_waits_longer_each_time,
    messages_of_a_kind_are_taken_in_order,
);

const LEASE: Duration = Duration::from_secs(30);

async fn queue(store: &Store, message: Message, now: Timestamp) -> OutboxId {
    let (id, realm) = (OutboxId::new(now, &store.dice), store.realm);
    write!(store, [message] tx => outbox::queue(tx, id, realm, &message, now).await).unwrap();
    id
}

async fn claim(store: &Store, kind: &'static str, limit: u32, now: Timestamp) -> Vec<Queued> {
    write_one!(store, [] tx => outbox::claim_due(tx, kind, limit, LEASE, now).await).unwrap()
}

fn revocation() -> Message {
    Message::Revocation(Revocation::User { user: UserId::MIN, not_before: NOW })
}

async fn a_message_is_taken_once_and_forgotten_when_done(store: Store) {
    let due = async |now| read!(store, [] tx => outbox::is_due(tx, "revocation", now).await).unwrap();
    assert!(!due(NOW).await);
    let id = queue(&store, revocation(), NOW).await;
    assert!(due(NOW).await && !due(NOW.minus(Duration::from_secs(1))).await);
    let taken = claim(&store, "revocation", 9, NOW).await;
    assert_eq!(taken, [Queued { id, realm: store.realm, at: NOW, attempts: 1, message: revocation() }]);
    assert_eq!(claim(&store, "revocation", 9, later(29)).await, []);
    let queued = taken[0].clone();
    assert!(write_one!(store, [queued] tx => outbox::done(tx, &queued).await).unwrap());
    assert!(!write_one!(store, [queued] tx => outbox::done(tx, &queued).await).unwrap());
    assert_eq!(read!(store, [] tx => outbox::count(tx).await), Ok(0));
}

async fn a_message_that_was_not_carried_out_is_taken_again(store: Store) {
    queue(&store, revocation(), NOW).await;
    let slow = claim(&store, "revocation", 9, NOW).await.remove(0);
    let second = claim(&store, "revocation", 9, later(30)).await.remove(0);
    assert_eq!(second.attempts, 2);
    assert!(
        !write_one!(store, [slow] tx => outbox::done(tx, &slow).await).unwrap(),
        "somebody else has it now"
    );
    assert!(!write_one!(store, [slow] tx => outbox::failed(tx, &slow, later(31)).await).unwrap());
    assert!(write_one!(store, [second] tx => outbox::done(tx, &second).await).unwrap());
}

async fn a_failed_message_waits_longer_each_time(store: Store) {
    queue(&store, revocation(), NOW).await;
    let mut now = NOW;
    for attempt in 1..=5 {
        let queued = claim(&store, "revocation", 9, now).await.remove(0);
        assert_eq!(queued.attempts, attempt);
        assert!(write_one!(store, [queued] tx => outbox::failed(tx, &queued, now).await).unwrap());
        let wait = back_off(attempt);
        assert_eq!(claim(&store, "revocation", 9, now.plus(wait).minus(Duration::from_micros(1))).await, []);
        now = now.plus(wait);
    }
}

async fn messages_of_a_kind_are_taken_in_order(store: Store) {
    let letter = Letter::AccountExists { user: UserId::MIN };
    let mail = Message::Mail(Mail { language: "en".into(), back: None, letter });
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(queue(&store, revocation(), later(n)).await);
        queue(&store, mail.clone(), later(n)).await;
    }
    let order = |taken: Vec<Queued>| taken.into_iter().map(|queued| queued.id).collect::<Vec<_>>();
    assert_eq!(order(claim(&store, "revocation", 2, later(2)).await), ids[..2]);
    assert_eq!(
        order(claim(&store, "revocation", 9, later(2)).await),
        ids[2..3],
        "the others are not due yet"
    );
    assert_eq!(order(claim(&store, "revocation", 9, later(9)).await), ids[3..]);
    let mails = claim(&store, "mail", 9, later(9)).await;
    assert_eq!((mails.len(), &mails[0].message), (5, &mail));
}
