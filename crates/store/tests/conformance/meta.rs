use std::time::Duration;

use gatepost_store::meta;

use crate::support::{NOW, Store, later};

on_every_backend!(the_first_value_stays, a_value_can_be_replaced, a_lease_has_one_holder_at_a_time);

async fn the_first_value_stays(store: Store) {
    for text in ["one", "two"] {
        let stored = write!(store, [] tx => meta::put_if_absent(tx, "store-id", text).await);
        assert_eq!(stored.as_deref(), Ok("one"));
    }
    assert_eq!(read!(store, [] tx => meta::find(tx, "store-id").await), Ok(Some("one".into())));
    assert_eq!(read!(store, [] tx => meta::find(tx, "other").await), Ok(None));
}

async fn a_value_can_be_replaced(store: Store) {
    for text in ["one", "two"] {
        write!(store, [] tx => meta::put(tx, "fingerprint", text).await).unwrap();
        assert_eq!(read!(store, [] tx => meta::find(tx, "fingerprint").await), Ok(Some(text.into())));
    }
}

async fn a_lease_has_one_holder_at_a_time(store: Store) {
    let hold = |holder: &'static str, seconds| {
        let store = store.clone();
        async move {
            let held = write_one!(store, [] tx => meta::hold_lease(tx, "mail", holder, Duration::from_secs(10), later(seconds)).await);
            held.unwrap()
        }
    };
    assert!(hold("a", 0).await);
    assert!(!hold("b", 9).await);
    assert!(hold("a", 9).await, "renewed");
    assert!(!hold("b", 18).await);
    assert!(hold("b", 19).await, "nobody renewed it");
    write_one!(store, [] tx => meta::release_lease(tx, "mail", "a").await).unwrap();
    assert!(!hold("a", 20).await, "only the holder gives it back");
    write_one!(store, [] tx => meta::release_lease(tx, "mail", "b").await).unwrap();
    assert!(hold("a", 20).await);
    let held =
        write_one!(store, [] tx => meta::hold_lease(tx, "other", "b", Duration::from_secs(10), NOW).await);
    assert!(held.unwrap());
}
