use gatepost_domain::{RealmId, SecretDigest};
use gatepost_store::{Constraint, Error, attempts};

use crate::support::{Store, at_once, error_of, later};

on_every_backend!(
    attempts_are_counted_until_their_time_is_over,
    of_many_at_once_no_more_get_through,
    what_was_right_does_not_count,
    ended_counts_are_forgotten,
);

async fn count(store: &Store, what: &[u8], most: u32, at: u64) -> bool {
    let (realm, digest) = (store.realm, SecretDigest::of(what));
    write!(store, [digest] tx => attempts::count(tx, realm, &digest, most, later(at + 60), later(at)).await)
        .unwrap()
}

async fn are_left(store: &Store, what: &[u8], most: u32, at: u64) -> bool {
    let (realm, digest) = (store.realm, SecretDigest::of(what));
    read!(store, [digest] tx => attempts::are_left(tx, realm, &digest, most, later(at)).await).unwrap()
}

async fn attempts_are_counted_until_their_time_is_over(store: Store) {
    assert!(are_left(&store, b"1", 2, 0).await);
    assert!(count(&store, b"1", 2, 0).await && are_left(&store, b"1", 2, 0).await);
    assert!(count(&store, b"1", 2, 30).await && !are_left(&store, b"1", 2, 30).await);
    assert!(!count(&store, b"1", 2, 59).await && !are_left(&store, b"1", 2, 59).await);
    assert!(count(&store, b"2", 2, 59).await, "each for itself");
    assert!(are_left(&store, b"1", 2, 60).await, "the time of the first is over");
    assert!(count(&store, b"1", 2, 60).await && count(&store, b"1", 2, 119).await);
    assert!(!count(&store, b"1", 2, 119).await);
    let digest = SecretDigest::of(b"1");
    let homeless = write!(store, [digest] tx => attempts::count(tx, RealmId::MAX, &digest, 9, later(60), later(0)).await);
    assert_eq!(error_of(homeless), Error::Conflict(Constraint::Parent));
}

async fn of_many_at_once_no_more_get_through(store: Store) {
    let through = at_once(50, |_| {
        let store = store.clone();
        async move { count(&store, b"1", 5, 0).await }
    })
    .await;
    assert_eq!(through.into_iter().filter(|through| *through).count(), 5);
}

async fn what_was_right_does_not_count(store: Store) {
    let (realm, digest) = (store.realm, SecretDigest::of(b"1"));
    let give_back = async |at| {
        write_one!(store, [digest] tx => attempts::give_back(tx, realm, &digest, later(at)).await).unwrap();
    };
    give_back(0).await;
    assert!(count(&store, b"1", 2, 0).await && count(&store, b"1", 2, 1).await);
    give_back(2).await;
    assert!(count(&store, b"1", 2, 3).await && !count(&store, b"1", 2, 4).await);
    for _ in 0..9 {
        give_back(5).await;
    }
    assert!(count(&store, b"1", 2, 6).await && count(&store, b"1", 2, 7).await, "never below none");
    assert!(!count(&store, b"1", 2, 8).await);
    give_back(60).await;
    assert!(!are_left(&store, b"1", 2, 59).await, "what is over stays as it was");
}

async fn ended_counts_are_forgotten(store: Store) {
    for what in [b"1", b"2", b"3"] {
        assert!(count(&store, what, 1, 0).await);
    }
    let realm = store.realm;
    let forget = async |before, limit| {
        write!(store, [] tx => attempts::forget_ended(tx, realm, later(before), limit).await).unwrap()
    };
    assert_eq!((forget(60, 9).await, forget(61, 2).await, forget(61, 2).await), (0, 2, 1));
}
