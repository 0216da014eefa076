use gatepost_domain::{
    RealmId, UserId,
    mfa::{FactorKind, PhoneNumber},
};
use gatepost_store::{Constraint, Error, phone_numbers, phone_numbers::Phone, users};

use crate::support::{NOW, Store, error_of, later};

on_every_backend!(
    a_user_has_one_number_and_another_takes_its_place,
    a_number_says_when_it_was_used,
    a_number_goes_alone_or_with_its_user,
);

async fn set(store: &Store, user: UserId, number: &str, at: u64) -> Result<(), Error> {
    let (realm, number) = (store.realm, number.parse::<PhoneNumber>().unwrap());
    write!(store, [number] tx => phone_numbers::set(tx, realm, user, &number, later(at)).await)
}

async fn find(store: &Store, user: UserId) -> Option<Phone> {
    let realm = store.realm;
    read!(store, [] tx => phone_numbers::find(tx, realm, user).await).unwrap()
}

async fn a_user_has_one_number_and_another_takes_its_place(store: Store) {
    let (ada, eve) = (store.user("ada").await.id, store.user("eve").await.id);
    assert_eq!(find(&store, ada).await, None);
    set(&store, ada, "+4915112345678", 0).await.unwrap();
    // Two people may have one telephone.
    set(&store, eve, "+4915112345678", 0).await.unwrap();
    let first = Phone { number: "+4915112345678".parse().unwrap(), added_at: NOW, last_used_at: None };
    assert_eq!(find(&store, ada).await, Some(first.clone()));
    assert_eq!((first.factor().kind, first.factor().added_at), (FactorKind::Sms, NOW));
    set(&store, ada, "+12025550123", 5).await.unwrap();
    let second = Phone { number: "+12025550123".parse().unwrap(), added_at: later(5), last_used_at: None };
    assert_eq!((find(&store, ada).await, find(&store, eve).await), (Some(second), Some(first)));
    assert_eq!(
        error_of(set(&store, UserId::MIN, "+12025550123", 0).await),
        Error::Conflict(Constraint::Parent)
    );
    let elsewhere = read!(store, [] tx => phone_numbers::find(tx, RealmId::MAX, ada).await).unwrap();
    assert_eq!(elsewhere, None);
}

async fn a_number_says_when_it_was_used(store: Store) {
    let (realm, ada) = (store.realm, store.user("ada").await.id);
    set(&store, ada, "+4915112345678", 0).await.unwrap();
    write!(store, [] tx => phone_numbers::note_use(tx, realm, ada, later(3)).await).unwrap();
    assert_eq!(find(&store, ada).await.unwrap().factor().last_used_at, Some(later(3)));
    set(&store, ada, "+4915112345678", 4).await.unwrap();
    assert_eq!(find(&store, ada).await.unwrap().last_used_at, None, "it was confirmed anew");
}

async fn a_number_goes_alone_or_with_its_user(store: Store) {
    let (realm, ada) = (store.realm, store.user("ada").await.id);
    let remove = async || write!(store, [] tx => phone_numbers::remove(tx, realm, ada).await).unwrap();
    set(&store, ada, "+4915112345678", 0).await.unwrap();
    assert!(remove().await && !remove().await && find(&store, ada).await.is_none());
    set(&store, ada, "+4915112345678", 0).await.unwrap();
    let message = store.message();
    write!(store, [] tx => users::delete(tx, realm, ada, NOW, message).await).unwrap();
    assert_eq!(find(&store, ada).await, None);
}
