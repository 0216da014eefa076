use gatepost_domain::UserId;
use gatepost_store::{Constraint, Error, totp_seeds, totp_seeds::TotpSeed, users};

use crate::support::{NOW, Store, at_once, error_of, later};

on_every_backend!(
    several_that_are_begun_leave_one,
    one_that_is_confirmed_takes_the_place_of_the_one_before,
    one_that_is_confirmed_is_kept_anew,
    mf_06_of_two_that_are_confirmed_at_once_in_two_processes_one_counts,
    mf_01_a_step_is_accepted_once_and_never_an_older_one,
    mf_01_of_many_at_once_in_two_processes_one_is_accepted,
    what_is_removed_is_gone,
    what_was_only_begun_is_forgotten_alone,
);

async fn begin(store: &Store, user: UserId, sealed: &'static [u8], at: u64) {
    let realm = store.realm;
    write!(store, [] tx => totp_seeds::begin(tx, realm, user, sealed, later(at)).await).unwrap();
}

async fn find(store: &Store, user: UserId, confirmed: bool) -> Option<TotpSeed> {
    let realm = store.realm;
    read!(store, [] tx => totp_seeds::find(tx, realm, user, confirmed).await).unwrap()
}

async fn confirm(store: &Store, user: UserId, sealed: &'static [u8], step: u64, at: u64) -> bool {
    confirm_as(store, user, (sealed, sealed), step, at).await
}

/// The one kept as the first, from then on as the second.
async fn confirm_as(
    store: &Store,
    user: UserId,
    (begun, counts): (&'static [u8], &'static [u8]),
    step: u64,
    at: u64,
) -> bool {
    let realm = store.realm;
    let kept = (begun, counts);
    write!(store, [] tx => totp_seeds::confirm(tx, realm, user, kept, step, later(at)).await).unwrap()
}

async fn accept(store: &Store, user: UserId, sealed: &'static [u8], step: u64, at: u64) -> bool {
    let realm = store.realm;
    write_one!(store, [] tx => totp_seeds::accept(tx, realm, user, sealed, step, later(at)).await).unwrap()
}

async fn several_that_are_begun_leave_one(store: Store) {
    let (realm, ada) = (store.realm, store.user("ada").await.id);
    assert_eq!(find(&store, ada, false).await, None);
    begin(&store, ada, b"one", 0).await;
    begin(&store, ada, b"two", 1).await;
    let found = find(&store, ada, false).await.unwrap();
    assert_eq!((found.sealed.as_slice(), found.created_at, found.last_step), (&b"two"[..], later(1), 0));
    assert_eq!(find(&store, ada, true).await, None, "it does not count");
    assert!(!accept(&store, ada, b"two", 9, 2).await, "and opens nothing");
    assert!(!confirm(&store, ada, b"one", 9, 2).await, "the first is gone");
    assert!(confirm(&store, ada, b"two", 9, 2).await && find(&store, ada, false).await.is_none());
    let nobody = write!(store, [] tx => totp_seeds::begin(tx, realm, UserId::MIN, b"x", NOW).await);
    assert_eq!(error_of(nobody), Error::Conflict(Constraint::Parent));
}

async fn one_that_is_confirmed_takes_the_place_of_the_one_before(store: Store) {
    let (ada, eve) = (store.user("ada").await.id, store.user("eve").await.id);
    begin(&store, ada, b"old", 0).await;
    assert!(confirm(&store, ada, b"old", 7, 1).await);
    begin(&store, ada, b"new", 2).await;
    assert!(!confirm(&store, ada, b"other", 8, 3).await);
    assert_eq!(find(&store, ada, true).await.unwrap().sealed, b"old", "it stays until then");
    assert!(!confirm(&store, eve, b"new", 8, 3).await, "somebody else's");
    assert!(confirm(&store, ada, b"new", 8, 3).await);
    let found = find(&store, ada, true).await.unwrap();
    assert_eq!((found.sealed.as_slice(), found.created_at, found.last_step), (&b"new"[..], later(3), 8));
    assert!(!accept(&store, ada, b"new", 8, 4).await, "the code that confirmed it is spent");
    assert!(!accept(&store, ada, b"old", 9, 4).await);
}

async fn one_that_is_confirmed_is_kept_anew(store: Store) {
    let ada = store.user("ada").await.id;
    begin(&store, ada, b"begun", 0).await;
    assert!(!confirm_as(&store, ada, (b"counts", b"begun"), 7, 1).await, "the one that was begun is named");
    assert!(confirm_as(&store, ada, (b"begun", b"counts"), 7, 1).await);
    assert!(!confirm_as(&store, ada, (b"begun", b"again"), 8, 1).await, "once");
    assert_eq!(find(&store, ada, true).await.unwrap().sealed, b"counts");
    assert!(!accept(&store, ada, b"begun", 9, 2).await && accept(&store, ada, b"counts", 9, 2).await);
}

/// Whoever began first does not make theirs count when another has begun since, and not the other's either.
async fn mf_06_of_two_that_are_confirmed_at_once_in_two_processes_one_counts(store: Store) {
    let ada = store.user("ada").await.id;
    begin(&store, ada, b"first", 0).await;
    begin(&store, ada, b"second", 0).await;
    let stores = [store.clone(), store.another().await];
    let confirmed = at_once(20, |n| {
        let store = stores[n % 2].clone();
        let kept: (&[u8], &[u8]) =
            if n % 4 < 2 { (b"first", b"first counts") } else { (b"second", b"second counts") };
        async move { confirm_as(&store, ada, kept, 7, 1).await }
    })
    .await;
    let by: Vec<_> = (0..20).filter(|n| confirmed[*n]).collect();
    assert!(by.len() == 1 && by[0] % 4 >= 2, "{by:?}");
    assert_eq!(find(&store, ada, true).await.unwrap().sealed, b"second counts");
}

async fn mf_01_a_step_is_accepted_once_and_never_an_older_one(store: Store) {
    let ada = store.user("ada").await.id;
    begin(&store, ada, b"one", 0).await;
    assert!(confirm(&store, ada, b"one", 10, 0).await);
    assert!(accept(&store, ada, b"one", 12, 5).await);
    for step in [9, 10, 11, 12] {
        assert!(!accept(&store, ada, b"one", step, 6).await, "{step}");
    }
    assert!(!accept(&store, ada, b"two", 13, 6).await, "another seed");
    let found = find(&store, ada, true).await.unwrap();
    assert_eq!(
        (found.last_step, found.last_used_at, found.factor().last_used_at),
        (12, Some(later(5)), Some(later(5)))
    );
    assert_eq!(found.factor().added_at, later(0));
    assert!(accept(&store, ada, b"one", 13, 6).await);
}

async fn mf_01_of_many_at_once_in_two_processes_one_is_accepted(store: Store) {
    let ada = store.user("ada").await.id;
    begin(&store, ada, b"one", 0).await;
    assert!(confirm(&store, ada, b"one", 10, 0).await);
    let stores = [store.clone(), store.another().await];
    let accepted = at_once(20, |n| {
        let store = stores[n % 2].clone();
        async move { accept(&store, ada, b"one", 11, 1).await }
    })
    .await;
    assert_eq!(accepted.into_iter().filter(|accepted| *accepted).count(), 1);
}

async fn what_is_removed_is_gone(store: Store) {
    let (realm, ada) = (store.realm, store.user("ada").await.id);
    let remove = async || write!(store, [] tx => totp_seeds::remove(tx, realm, ada).await).unwrap();
    begin(&store, ada, b"one", 0).await;
    assert!(
        !remove().await && find(&store, ada, false).await.is_none(),
        "none counted, and it goes all the same"
    );
    begin(&store, ada, b"one", 0).await;
    assert!(confirm(&store, ada, b"one", 1, 0).await);
    begin(&store, ada, b"two", 1).await;
    assert!(remove().await && !remove().await);
    assert!(find(&store, ada, true).await.is_none() && find(&store, ada, false).await.is_none());
    begin(&store, ada, b"one", 0).await;
    let message = store.message();
    write!(store, [] tx => users::delete(tx, realm, ada, NOW, message).await).unwrap();
    assert!(find(&store, ada, false).await.is_none(), "it goes with its user");
}

async fn what_was_only_begun_is_forgotten_alone(store: Store) {
    let (realm, ada, bob) = (store.realm, store.user("ada").await.id, store.user("bob").await.id);
    begin(&store, ada, b"one", 0).await;
    assert!(confirm(&store, ada, b"one", 1, 0).await);
    begin(&store, ada, b"two", 1).await;
    begin(&store, bob, b"his", 1).await;
    write!(store, [] tx => totp_seeds::forget_begun(tx, realm, ada).await).unwrap();
    assert!(find(&store, ada, true).await.is_some() && find(&store, ada, false).await.is_none());
    assert!(find(&store, bob, false).await.is_some());
}
