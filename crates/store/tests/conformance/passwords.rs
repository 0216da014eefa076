use gatepost_domain::{PasswordHash, UserId};
use gatepost_store::{Constraint, Error, passwords};

use crate::support::{NOW, Store, error_of, later};

on_every_backend!(
    a_password_is_set_replaced_and_removed,
    passwords_of_many_are_set_and_all_or_none,
    a_hash_is_replaced_only_while_it_is_the_one_that_was_verified,
);

fn hash(text: &str) -> PasswordHash {
    PasswordHash::new(text)
}

async fn a_password_is_set_replaced_and_removed(store: Store) {
    let (realm, id) = (store.realm, store.user("ada").await.id);
    assert_eq!(read!(store, [] tx => passwords::find(tx, realm, id).await), Ok(None));
    for text in ["one", "two"] {
        write!(store, [] tx => passwords::set(tx, realm, id, &hash(text), NOW).await).unwrap();
        assert_eq!(read!(store, [] tx => passwords::find(tx, realm, id).await), Ok(Some(hash(text))));
    }
    assert!(write!(store, [] tx => passwords::remove(tx, realm, id).await).unwrap());
    assert!(!write!(store, [] tx => passwords::remove(tx, realm, id).await).unwrap());
    assert_eq!(read!(store, [] tx => passwords::find(tx, realm, id).await), Ok(None));
    let nobody = write!(store, [] tx => passwords::set(tx, realm, UserId::MIN, &hash("x"), NOW).await);
    assert_eq!(error_of(nobody), Error::Conflict(Constraint::Parent));
}

async fn passwords_of_many_are_set_and_all_or_none(store: Store) {
    let (realm, ada, bob) = (store.realm, store.user("ada").await.id, store.user("bob").await.id);
    let set = |whose: [UserId; 2], text: &'static str| {
        let store = store.clone();
        async move {
            write!(store, [] tx => {
                let hash = hash(text);
                passwords::set_each(tx, realm, &whose.map(|user| (user, &hash)), NOW).await
            })
        }
    };
    let now_of = async |id| read!(store, [] tx => passwords::find(tx, realm, id).await).unwrap();
    set([ada, bob], "one").await.unwrap();
    assert_eq!([now_of(ada).await, now_of(bob).await], [Some(hash("one")), Some(hash("one"))]);
    assert_eq!(error_of(set([ada, UserId::MIN], "two").await), Error::Conflict(Constraint::Parent));
    assert_eq!(now_of(ada).await, Some(hash("one")));
    set([bob, bob], "three").await.unwrap();
    assert_eq!(now_of(bob).await, Some(hash("three")));
}

async fn a_hash_is_replaced_only_while_it_is_the_one_that_was_verified(store: Store) {
    let (realm, id) = (store.realm, store.user("ada").await.id);
    write!(store, [] tx => passwords::set(tx, realm, id, &hash("one"), NOW).await).unwrap();
    let replace = |old: &'static str, new: &'static str| {
        let store = store.clone();
        async move {
            let done = write_one!(store, [] tx => passwords::replace_if_unchanged(tx, realm, id, &hash(old), &hash(new), later(1)).await);
            done.unwrap()
        }
    };
    assert!(replace("one", "two").await);
    assert!(!replace("one", "three").await, "changed meanwhile");
    assert_eq!(read!(store, [] tx => passwords::find(tx, realm, id).await), Ok(Some(hash("two"))));
}
