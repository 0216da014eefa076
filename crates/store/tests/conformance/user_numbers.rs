use gatepost_domain::{OutboxId, RealmId, UserId};
use gatepost_store::{user_numbers, users};

use crate::support::{NOW, Store, later};

on_every_backend!(
    users_are_numbered_in_the_order_in_which_they_are_first_named,
    a_number_is_never_given_to_somebody_else,
    users_are_listed_with_the_numbers_they_have,
    of_many_who_are_numbered_at_once_each_gets_one_of_their_own,
);

async fn users_are_numbered_in_the_order_in_which_they_are_first_named(store: Store) {
    let (ada, grace) = (store.user("ada").await, store.user("grace").await);
    let realm = store.realm;
    let give =
        async |user: UserId| write!(store, [] tx => user_numbers::give(tx, realm, user).await).unwrap();
    let find = async |user: UserId| read!(store, [] tx => user_numbers::find(tx, realm, user).await).unwrap();
    assert_eq!(find(grace.id).await, None);
    assert_eq!((give(grace.id).await, give(ada.id).await, give(grace.id).await), (1, 2, 1));
    assert_eq!((find(grace.id).await, find(ada.id).await), (Some(1), Some(2)));
    let of = async |realm: RealmId, number: u64| {
        read!(store, [] tx => user_numbers::find_user(tx, realm, number).await).unwrap().map(|user| user.id)
    };
    assert_eq!((of(realm, 1).await, of(realm, 2).await), (Some(grace.id), Some(ada.id)));
    for number in [0, 3, u64::MAX] {
        assert_eq!(of(realm, number).await, None, "{number}");
    }
    assert_eq!(of(RealmId::MAX, 1).await, None);
}

async fn a_number_is_never_given_to_somebody_else(store: Store) {
    let (ada, grace) = (store.user("ada").await, store.user("grace").await);
    let realm = store.realm;
    let give =
        async |user: UserId| write!(store, [] tx => user_numbers::give(tx, realm, user).await).unwrap();
    assert_eq!(give(ada.id).await, 1);
    let message = OutboxId::new(NOW, &store.dice);
    let gone = ada.id;
    assert!(write!(store, [] tx => users::delete(tx, realm, gone, later(1), message).await).unwrap());
    let found = read!(store, [] tx => user_numbers::find_user(tx, realm, 1).await).unwrap();
    assert!(found.is_none());
    assert_eq!(give(grace.id).await, 2);
}

async fn users_are_listed_with_the_numbers_they_have(store: Store) {
    let mut all = Vec::new();
    for name in ["ada", "grace", "joan"] {
        all.push(store.user(name).await.id);
    }
    all.sort();
    let (realm, second) = (store.realm, all[1]);
    write!(store, [] tx => user_numbers::give(tx, realm, second).await).unwrap();
    let list = async |skip: u64, limit: u32| -> Vec<(UserId, Option<u64>)> {
        let listed = read!(store, [] tx => user_numbers::list(tx, realm, skip, limit).await).unwrap();
        listed.into_iter().map(|(user, number)| (user.id, number)).collect()
    };
    assert_eq!(list(0, 10).await, [(all[0], None), (all[1], Some(1)), (all[2], None)]);
    assert_eq!(list(1, 1).await, [(all[1], Some(1))]);
    assert!(
        list(3, 10).await.is_empty() && list(0, 0).await.is_empty() && list(u64::MAX, 1).await.is_empty()
    );
}

async fn of_many_who_are_numbered_at_once_each_gets_one_of_their_own(store: Store) {
    let mut waiting = tokio::task::JoinSet::new();
    let realm = store.realm;
    for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        let user = store.user(name).await.id;
        let store = store.clone();
        waiting
            .spawn(async move { write!(store, [] tx => user_numbers::give(tx, realm, user).await).unwrap() });
    }
    let mut given = waiting.join_all().await;
    given.sort_unstable();
    assert_eq!(given, [1, 2, 3, 4, 5, 6, 7, 8]);
}
