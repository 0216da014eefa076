use gatepost_domain::audit::{Actor, Event, Record};
use gatepost_domain::{EventId, RealmId, SessionId, UserId};
use gatepost_store::audit::{self, RecordFilter};

use crate::support::{NOW, Store, later};

on_every_backend!(
    a_record_is_kept_whole,
    records_are_read_newest_first_by_pages_and_filtered,
    records_are_read_by_actor_and_by_how_it_ended,
    the_oldest_records_are_deleted_by_batches
);

async fn append(store: &Store, record: &Record) {
    write!(store, [record] tx => audit::append(tx, &record).await).unwrap();
}

async fn list(store: &Store, filter: RecordFilter, before: Option<EventId>, limit: u32) -> Vec<Record> {
    let realm = store.realm;
    read!(store, [filter] tx => audit::list(tx, realm, &filter, before, limit).await).unwrap()
}

async fn a_record_is_kept_whole(store: Store) {
    let id = EventId::new(NOW, &store.dice);
    let mut whole = Record::new(id, store.realm, NOW, Event::SignedIn, Actor::Client("web".parse().unwrap()))
        .user(UserId::MAX)
        .session(SessionId::MAX)
        .client("web".parse().unwrap())
        .with("reason", "with \"quotes\" and ünïcode");
    whole.address = Some("2001:db8::1".parse().unwrap());
    whole.request_id = Some("req-1".into());
    let bare = Record::new(EventId::MIN, store.realm, NOW, Event::RolesChanged, Actor::System);
    append(&store, &whole).await;
    append(&store, &bare).await;
    assert_eq!(list(&store, RecordFilter::default(), None, 9).await, [whole, bare]);
}

async fn records_are_read_newest_first_by_pages_and_filtered(store: Store) {
    let mut records = Vec::new();
    for n in 0..6_u64 {
        let event = if n % 2 == 0 { Event::SignedIn } else { Event::SignInRefused };
        let user = if n < 4 { UserId::MIN } else { UserId::MAX };
        let record =
            Record::new(EventId::new(later(n), &store.dice), store.realm, later(n), event, Actor::Anonymous)
                .user(user);
        append(&store, &record).await;
        records.insert(0, record);
    }
    let other = Record { realm: RealmId::MAX, ..records[0].clone() };
    append(&store, &other).await;
    let all = RecordFilter::default();
    let first = list(&store, all.clone(), None, 4).await;
    assert_eq!(first, records[..4]);
    assert_eq!(list(&store, all, first.last().map(|r| r.id), 4).await, records[4..]);
    let of_user = RecordFilter { user: Some(UserId::MAX), ..RecordFilter::default() };
    assert_eq!(list(&store, of_user, None, 9).await, records[..2]);
    let refused =
        RecordFilter { event: Some(Event::SignInRefused), since: Some(later(2)), ..RecordFilter::default() };
    assert_eq!(list(&store, refused.clone(), None, 9).await, [records[0].clone(), records[2].clone()]);
    let until = RecordFilter { since: Some(later(1)), until: Some(later(4)), ..RecordFilter::default() };
    assert_eq!(list(&store, until, None, 9).await, records[2..5]);
    let both = RecordFilter { user: Some(UserId::MIN), ..refused };
    assert_eq!(list(&store, both, None, 9).await, [records[2].clone()]);
}

async fn records_are_read_by_actor_and_by_how_it_ended(store: Store) {
    for (n, event) in Event::ALL.iter().enumerate() {
        let (id, at) = (EventId::new(later(n as u64), &store.dice), later(n as u64));
        let actor = if n % 2 == 0 { Actor::Operator } else { Actor::User(UserId::MAX) };
        append(&store, &Record::new(id, store.realm, at, *event, actor)).await;
    }
    for refused in [true, false] {
        let filter = RecordFilter { refused: Some(refused), ..RecordFilter::default() };
        let found: Vec<Event> =
            list(&store, filter, None, 999).await.iter().rev().map(|found| found.event).collect();
        let expected: Vec<Event> =
            Event::ALL.iter().copied().filter(|event| event.is_refusal() == refused).collect();
        assert_eq!(found, expected);
    }
    let actor = Some(Actor::User(UserId::MAX));
    let found = list(&store, RecordFilter { actor, ..RecordFilter::default() }, None, 999).await;
    assert_eq!(found.len(), Event::ALL.len() / 2);
    let both =
        RecordFilter { actor: Some(Actor::Operator), user: Some(UserId::MAX), ..RecordFilter::default() };
    assert_eq!(list(&store, both, None, 9).await, []);
}

async fn the_oldest_records_are_deleted_by_batches(store: Store) {
    let mut kept = Vec::new();
    for n in 0..5 {
        let id = EventId::new(later(n), &store.dice);
        let record = Record::new(id, store.realm, later(n), Event::SignedIn, Actor::Operator);
        append(&store, &record).await;
        kept.insert(0, record);
    }
    let other = Record { realm: RealmId::MAX, ..kept[4].clone() };
    append(&store, &other).await;
    let realm = store.realm;
    for (deleted, left) in [(2, 3), (1, 2), (0, 2)] {
        let done = write_one!(store, [] tx => audit::delete_before(tx, realm, later(3), 2).await);
        assert_eq!(done, Ok(deleted));
        assert_eq!(list(&store, RecordFilter::default(), None, 9).await, kept[..left]);
    }
    let theirs =
        read!(store, [] tx => audit::list(tx, RealmId::MAX, &RecordFilter::default(), None, 9).await);
    assert_eq!(theirs, Ok(vec![other]));
}
