use gatepost_domain::{SecretDigest, UserId};
use gatepost_store::{Constraint, Error, sms_codes, sms_codes::SentCode, users};

use crate::support::{NOW, Store, at_once, error_of, later};

on_every_backend!(
    another_code_for_the_same_takes_the_place_of_the_one_before,
    a_code_is_good_until_its_time_is_over,
    a_code_is_tried_so_often_and_no_more,
    of_many_at_once_in_two_processes_one_uses_a_code_up,
    a_code_that_was_not_sent_is_taken_back_alone,
    codes_are_forgotten_with_and_without_their_user,
    old_codes_are_deleted_a_few_at_a_time,
);

/// What it is sent for, or what is kept of it.
fn digest(text: &str) -> SecretDigest {
    SecretDigest::of(text.as_bytes())
}

fn code(sent_for: &str, code: &str, until: u64) -> SentCode {
    SentCode {
        sent_for: digest(sent_for),
        digest: digest(code),
        number: "+4915112345678".parse().unwrap(),
        expires_at: later(until),
    }
}

async fn keep(store: &Store, user: UserId, code: SentCode) -> Result<(), Error> {
    let realm = store.realm;
    write!(store, [code] tx => sms_codes::keep(tx, realm, user, &code).await)
}

async fn find(store: &Store, user: UserId, sent_for: &str, at: u64) -> Option<SentCode> {
    let (realm, key) = (store.realm, digest(sent_for));
    read!(store, [] tx => sms_codes::find(tx, realm, user, &key, later(at)).await).unwrap()
}

async fn count_try(store: &Store, user: UserId, sent_for: &str, at: u64) -> bool {
    which_try(store, user, sent_for, at).await.is_some()
}

async fn which_try(store: &Store, user: UserId, sent_for: &str, at: u64) -> Option<u32> {
    let (realm, key) = (store.realm, digest(sent_for));
    write!(store, [] tx => sms_codes::count_try(tx, realm, user, &key, 3, later(at)).await).unwrap()
}

async fn spend(store: &Store, user: UserId, (sent_for, code): (&str, &str), at: u64) -> bool {
    let (realm, key, code) = (store.realm, digest(sent_for), digest(code));
    write!(store, [] tx => sms_codes::spend(tx, realm, user, (&key, &code), later(at)).await).unwrap()
}

async fn another_code_for_the_same_takes_the_place_of_the_one_before(store: Store) {
    let (ada, eve) = (store.user("ada").await.id, store.user("eve").await.id);
    assert_eq!(find(&store, ada, "sign-in", 0).await, None);
    keep(&store, ada, code("sign-in", "one", 300)).await.unwrap();
    keep(&store, ada, code("another sign-in", "one", 300)).await.unwrap();
    for _ in 0..3 {
        assert!(count_try(&store, ada, "sign-in", 1).await);
    }
    keep(&store, ada, code("sign-in", "two", 400)).await.unwrap();
    assert_eq!(find(&store, ada, "sign-in", 1).await, Some(code("sign-in", "two", 400)));
    assert!(count_try(&store, ada, "sign-in", 1).await, "it is tried anew");
    assert!(!spend(&store, ada, ("sign-in", "one"), 1).await, "the one before is no good");
    assert!(!spend(&store, ada, ("set-up", "two"), 1).await, "nor is it for anything else");
    assert!(!spend(&store, eve, ("sign-in", "two"), 1).await, "nor for anybody else");
    assert!(spend(&store, ada, ("sign-in", "two"), 1).await);
    assert!(!spend(&store, ada, ("sign-in", "two"), 1).await, "once");
    assert!(spend(&store, ada, ("another sign-in", "one"), 1).await);
    let nobody = keep(&store, UserId::MIN, code("sign-in", "one", 300)).await;
    assert_eq!(error_of(nobody), Error::Conflict(Constraint::Parent));
}

async fn a_code_is_good_until_its_time_is_over(store: Store) {
    let ada = store.user("ada").await.id;
    keep(&store, ada, code("sign-in", "one", 300)).await.unwrap();
    assert!(
        find(&store, ada, "sign-in", 299).await.is_some() && count_try(&store, ada, "sign-in", 299).await
    );
    assert!(
        find(&store, ada, "sign-in", 300).await.is_none() && !count_try(&store, ada, "sign-in", 300).await
    );
    assert!(!spend(&store, ada, ("sign-in", "one"), 300).await);
    assert!(spend(&store, ada, ("sign-in", "one"), 299).await);
}

async fn a_code_is_tried_so_often_and_no_more(store: Store) {
    let ada = store.user("ada").await.id;
    assert!(!count_try(&store, ada, "sign-in", 0).await, "there is none");
    keep(&store, ada, code("sign-in", "one", 300)).await.unwrap();
    let stores = [store.clone(), store.another().await];
    let counted = at_once(20, |n| {
        let store = stores[n % 2].clone();
        async move { which_try(&store, ada, "sign-in", 1).await }
    })
    .await;
    let mut counted: Vec<u32> = counted.into_iter().flatten().collect();
    counted.sort_unstable();
    assert_eq!(counted, [1, 2, 3], "each is told which it was");
    assert!(find(&store, ada, "sign-in", 1).await.is_some(), "that it is there is still known");
}

async fn of_many_at_once_in_two_processes_one_uses_a_code_up(store: Store) {
    let ada = store.user("ada").await.id;
    keep(&store, ada, code("sign-in", "one", 300)).await.unwrap();
    let stores = [store.clone(), store.another().await];
    let spent = at_once(20, |n| {
        let store = stores[n % 2].clone();
        async move { spend(&store, ada, ("sign-in", "one"), 1).await }
    })
    .await;
    assert_eq!(spent.into_iter().filter(|spent| *spent).count(), 1);
}

async fn a_code_that_was_not_sent_is_taken_back_alone(store: Store) {
    let (realm, ada) = (store.realm, store.user("ada").await.id);
    let (key, first, second) = (digest("sign-in"), digest("one"), digest("two"));
    let withdraw = async |code: SecretDigest| {
        write!(store, [] tx => sms_codes::withdraw(tx, realm, ada, (&key, &code)).await).unwrap();
    };
    keep(&store, ada, code("sign-in", "two", 300)).await.unwrap();
    withdraw(first).await;
    assert!(find(&store, ada, "sign-in", 1).await.is_some(), "another has taken its place");
    withdraw(second).await;
    assert!(find(&store, ada, "sign-in", 1).await.is_none());
}

async fn codes_are_forgotten_with_and_without_their_user(store: Store) {
    let (realm, ada, eve) = (store.realm, store.user("ada").await.id, store.user("eve").await.id);
    for sent_for in ["sign-in", "set-up"] {
        keep(&store, ada, code(sent_for, "one", 300)).await.unwrap();
        keep(&store, eve, code(sent_for, "one", 300)).await.unwrap();
    }
    write!(store, [] tx => sms_codes::forget_all(tx, realm, ada).await).unwrap();
    for sent_for in ["sign-in", "set-up"] {
        assert!(
            find(&store, ada, sent_for, 1).await.is_none() && find(&store, eve, sent_for, 1).await.is_some()
        );
    }
    let message = store.message();
    write!(store, [] tx => users::delete(tx, realm, eve, NOW, message).await).unwrap();
    assert!(find(&store, eve, "sign-in", 1).await.is_none());
}

async fn old_codes_are_deleted_a_few_at_a_time(store: Store) {
    let (realm, ada) = (store.realm, store.user("ada").await.id);
    for (n, sent_for) in ["one", "two", "three", "new"].into_iter().enumerate() {
        keep(&store, ada, code(sent_for, "code", 10 + 10 * n as u64)).await.unwrap();
    }
    let delete = async || write!(store, [] tx => sms_codes::delete_expired(tx, realm, later(35), 2).await);
    assert_eq!((delete().await, delete().await, delete().await), (Ok(2), Ok(1), Ok(0)));
    assert!(find(&store, ada, "new", 0).await.is_some() && find(&store, ada, "three", 0).await.is_none());
}
