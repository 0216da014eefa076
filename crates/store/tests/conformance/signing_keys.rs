use gatepost_domain::outbox::{Message, Revocation};
use gatepost_domain::signing_key::StoredKey;
use gatepost_domain::{RealmId, SigningAlg};
use gatepost_store::{Constraint, Error, outbox, signing_keys};
use std::time::Duration;

use crate::support::{NOW, Store, error_of, later};

on_every_backend!(
    a_key_is_added_at_its_place_once,
    a_withdrawn_key_is_told_of,
    a_key_is_sealed_anew_and_deleted,
    a_key_that_waits_is_made_to_sign_once,
);

pub(crate) fn key(store: &Store, kid: &str, alg: SigningAlg, sequence: u32) -> StoredKey {
    StoredKey {
        realm: store.realm,
        kid: kid.to_owned(),
        alg,
        sequence,
        public_jwk: (alg != SigningAlg::HS256).then(|| "{\"kty\":\"EC\"}".to_owned()),
        sealed: vec![0, 1, 2, 255],
        created_at: NOW,
        signs_from: later(86_400),
        withdrawn_at: None,
    }
}

async fn add(store: &Store, key: &StoredKey) -> Result<bool, Error> {
    write!(store, [key] tx => signing_keys::insert_if_planned(tx, &key).await)
}

async fn a_key_is_added_at_its_place_once(store: Store) {
    let (first, shared) = (key(&store, "k1", SigningAlg::ES256, 1), key(&store, "s1", SigningAlg::HS256, 1));
    assert_eq!(add(&store, &first).await, Ok(true));
    assert_eq!(add(&store, &shared).await, Ok(true), "another algorithm has places of its own");
    assert_eq!(add(&store, &key(&store, "k1b", SigningAlg::ES256, 1)).await, Ok(false));
    assert_eq!(store.version().await, 3, "the one that came too late changed nothing");
    let same_id = add(&store, &key(&store, "k1", SigningAlg::ES256, 2)).await;
    assert_eq!(error_of(same_id), Error::Conflict(Constraint::SigningKey));
    let second = key(&store, "k0", SigningAlg::ES256, 2);
    assert_eq!(add(&store, &second).await, Ok(true));
    let realm = store.realm;
    assert_eq!(read!(store, [] tx => signing_keys::list(tx, realm).await), Ok(vec![first, second, shared]));
    let homeless = StoredKey { realm: RealmId::MAX, ..key(&store, "k9", SigningAlg::ES256, 9) };
    assert_eq!(error_of(add(&store, &homeless).await), Error::Conflict(Constraint::Parent));
}

async fn a_withdrawn_key_is_told_of(store: Store) {
    add(&store, &key(&store, "k1", SigningAlg::EdDSA, 1)).await.unwrap();
    let realm = store.realm;
    for expected in [true, false] {
        let message = store.message();
        let done = write!(store, [] tx => signing_keys::withdraw(tx, realm, "k1", later(3), message).await);
        assert_eq!(done, Ok(expected));
    }
    let stored = read!(store, [] tx => signing_keys::list(tx, realm).await).unwrap();
    assert_eq!(stored[0].withdrawn_at, Some(later(3)));
    let told = write_one!(store, [] tx => outbox::claim_due(tx, "revocation", 9, Duration::from_secs(1), later(9)).await).unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].message, Message::Revocation(Revocation::Key { kid: "k1".into() }));
    assert_eq!(store.version().await, 3);
}

async fn a_key_is_sealed_anew_and_deleted(store: Store) {
    add(&store, &key(&store, "k1", SigningAlg::RS256, 1)).await.unwrap();
    let realm = store.realm;
    assert_eq!(write!(store, [] tx => signing_keys::reseal(tx, realm, "k1", &[9, 9]).await), Ok(true));
    assert_eq!(write!(store, [] tx => signing_keys::reseal(tx, realm, "k2", &[9, 9]).await), Ok(false));
    assert_eq!(read!(store, [] tx => signing_keys::list(tx, realm).await).unwrap()[0].sealed, [9, 9]);
    assert_eq!(write!(store, [] tx => signing_keys::delete(tx, realm, "k1").await), Ok(true));
    assert_eq!(write!(store, [] tx => signing_keys::delete(tx, realm, "k1").await), Ok(false));
    assert_eq!(read!(store, [] tx => signing_keys::list(tx, realm).await), Ok(vec![]));
    assert_eq!(store.version().await, 4);
}

async fn a_key_that_waits_is_made_to_sign_once(store: Store) {
    for (sequence, kid) in [(1, "waits"), (2, "withdrawn")] {
        add(&store, &key(&store, kid, SigningAlg::ES256, sequence)).await.unwrap();
    }
    let (realm, message) = (store.realm, store.message());
    write!(store, [] tx => signing_keys::withdraw(tx, realm, "withdrawn", NOW, message).await).unwrap();
    let version = store.version().await;
    for (kid, expected) in [("waits", true), ("waits", false), ("withdrawn", false), ("gone", false)] {
        let done = write!(store, [] tx => signing_keys::advance(tx, realm, kid, later(5)).await);
        assert_eq!(done, Ok(expected), "{kid}");
    }
    let done = write!(store, [] tx => signing_keys::advance(tx, RealmId::MAX, "waits", later(5)).await);
    assert_eq!(done, Ok(false), "a key of another realm");
    assert_eq!(store.version().await, version + 1, "the realm is read again");
    let stored = read!(store, [] tx => signing_keys::list(tx, realm).await).unwrap();
    assert_eq!((stored[0].signs_from, stored[1].signs_from), (later(5), later(86_400)));
}
