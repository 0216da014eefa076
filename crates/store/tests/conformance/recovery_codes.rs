use gatepost_domain::{SecretDigest, UserId};
use gatepost_store::{Constraint, Error, recovery_codes, recovery_codes::RecoveryCodes};

use crate::support::{NOW, Store, at_once, error_of, later};

on_every_backend!(
    mf_03_a_code_is_used_once_and_by_its_user,
    mf_03_new_codes_end_the_old_ones,
    mf_03_of_many_at_once_one_uses_a_code,
);

fn digest(text: &str) -> SecretDigest {
    SecretDigest::of(text.as_bytes())
}

async fn replace(store: &Store, user: UserId, codes: &[&str], at: u64) {
    let (realm, digests) = (store.realm, codes.iter().map(|code| digest(code)).collect::<Vec<_>>());
    write!(store, [digests] tx => recovery_codes::replace(tx, realm, user, &digests, later(at)).await)
        .unwrap();
}

async fn spend(store: &Store, user: UserId, code: &str, at: u64) -> bool {
    let (realm, digest) = (store.realm, digest(code));
    write_one!(store, [digest] tx => recovery_codes::spend(tx, realm, user, &digest, later(at)).await)
        .unwrap()
}

async fn count(store: &Store, user: UserId) -> RecoveryCodes {
    let realm = store.realm;
    read!(store, [] tx => recovery_codes::count(tx, realm, user).await).unwrap()
}

async fn mf_03_a_code_is_used_once_and_by_its_user(store: Store) {
    let (ada, eve) = (store.user("ada").await.id, store.user("eve").await.id);
    assert_eq!(count(&store, ada).await, RecoveryCodes::default());
    replace(&store, ada, &["one", "two"], 0).await;
    assert!(!spend(&store, eve, "one", 1).await && !spend(&store, ada, "three", 1).await);
    assert!(spend(&store, ada, "one", 1).await && !spend(&store, ada, "one", 2).await);
    assert_eq!(count(&store, ada).await, RecoveryCodes { total: 2, left: 1, made_at: Some(NOW) });
    assert_eq!(count(&store, eve).await.total, 0);
}

async fn mf_03_new_codes_end_the_old_ones(store: Store) {
    let (realm, ada) = (store.realm, store.user("ada").await.id);
    replace(&store, ada, &["one", "two"], 0).await;
    assert!(spend(&store, ada, "one", 1).await);
    replace(&store, ada, &["three"], 2).await;
    assert!(!spend(&store, ada, "one", 3).await && !spend(&store, ada, "two", 3).await);
    assert_eq!(count(&store, ada).await, RecoveryCodes { total: 1, left: 1, made_at: Some(later(2)) });
    write!(store, [] tx => recovery_codes::remove(tx, realm, ada).await).unwrap();
    assert!(!spend(&store, ada, "three", 4).await);
    let homeless = [digest("x")];
    let nobody =
        write!(store, [homeless] tx => recovery_codes::replace(tx, realm, UserId::MIN, &homeless, NOW).await);
    assert_eq!(error_of(nobody), Error::Conflict(Constraint::Parent));
}

async fn mf_03_of_many_at_once_one_uses_a_code(store: Store) {
    let ada = store.user("ada").await.id;
    replace(&store, ada, &["one", "two"], 0).await;
    let stores = [store.clone(), store.another().await];
    let used = at_once(20, |n| {
        let store = stores[n % 2].clone();
        async move { spend(&store, ada, "one", 1).await }
    })
    .await;
    assert_eq!(used.into_iter().filter(|used| *used).count(), 1);
}
