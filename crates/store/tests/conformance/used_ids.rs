use gatepost_domain::{RealmId, SecretDigest};
use gatepost_store::{Constraint, Error, used_ids};

use crate::support::{Store, error_of, later};

on_every_backend!(
    an_id_is_used_once_in_a_realm_until_it_is_forgotten,
    of_many_who_use_one_id_at_once_one_does
);

async fn an_id_is_used_once_in_a_realm_until_it_is_forgotten(store: Store) {
    let (realm, one, two) = (store.realm, SecretDigest::of(b"1"), SecretDigest::of(b"2"));
    let claim = async |digest: SecretDigest, until| {
        write!(store, [digest] tx => used_ids::claim(tx, realm, &digest, later(until)).await).unwrap()
    };
    let is_used = async |realm, digest: SecretDigest| {
        read!(store, [digest] tx => used_ids::is_used(tx, realm, &digest).await).unwrap()
    };
    assert!(!is_used(realm, one).await);
    assert!(claim(one, 60).await && claim(two, 90).await);
    assert!(is_used(realm, one).await && !is_used(RealmId::MAX, one).await);
    assert!(!claim(one, 999).await, "whatever it says of its end");
    let homeless = write!(store, [one] tx => used_ids::claim(tx, RealmId::MAX, &one, later(60)).await);
    assert_eq!(error_of(homeless), Error::Conflict(Constraint::Parent));

    let forget = async |before, limit| {
        write!(store, [] tx => used_ids::forget_expired(tx, realm, later(before), limit).await).unwrap()
    };
    assert_eq!((forget(60, 9).await, forget(61, 9).await), (0, 1), "not before its end");
    assert!(!is_used(realm, one).await && is_used(realm, two).await);
    assert!(claim(one, 60).await && !claim(two, 90).await);
    assert_eq!((forget(999, 1).await, forget(999, 1).await, forget(999, 1).await), (1, 1, 0));
}

async fn of_many_who_use_one_id_at_once_one_does(store: Store) {
    let (realm, digest) = (store.realm, SecretDigest::of(b"1"));
    let uses = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            write!(store, [digest] tx => used_ids::claim(tx, realm, &digest, later(60)).await).unwrap()
        })
    });
    let mut winners = 0;
    for used in uses.collect::<Vec<_>>() {
        winners += u32::from(used.await.unwrap());
    }
    assert_eq!(winners, 1);
}
