use gatepost_domain::{Identity, IdentityId, ProviderId, RealmId, UserId};
use gatepost_store::{Constraint, Error, identities, identity_tokens};

use crate::support::{NOW, Store, at_once, error_of, later};

on_every_backend!(
    what_is_kept_last_is_found_in_its_realm,
    of_many_who_replace_the_same_at_once_one_does,
    what_is_kept_goes_with_its_identity,
    what_one_provider_gave_is_forgotten_and_no_other,
);

/// An identity, and whose it is.
async fn connected(store: &Store, provider: &str, subject: &str) -> (IdentityId, UserId) {
    let identity = Identity {
        id: IdentityId::new(NOW, &store.dice),
        realm: store.realm,
        user: store.user(subject).await.id,
        provider: provider.parse().unwrap(),
        issuer: "https://id.test".to_owned(),
        subject: subject.to_owned(),
        email: None,
        created_at: NOW,
        last_used_at: None,
    };
    assert!(write!(store, [identity] tx => identities::create(tx, &identity).await).unwrap());
    (identity.id, identity.user)
}

async fn identity(store: &Store, provider: &str, subject: &str) -> IdentityId {
    connected(store, provider, subject).await.0
}

async fn keep(store: &Store, identity: IdentityId, sealed: &[u8]) -> Result<(), Error> {
    let (realm, sealed) = (store.realm, sealed.to_vec());
    write!(store, [sealed] tx => identity_tokens::keep(tx, realm, identity, &sealed, NOW).await)
}

async fn find(store: &Store, identity: IdentityId) -> Option<Vec<u8>> {
    let realm = store.realm;
    read!(store, [] tx => identity_tokens::find(tx, realm, identity).await).unwrap()
}

async fn replace(store: &Store, identity: IdentityId, before: &[u8], after: &[u8]) -> bool {
    let (realm, before, after) = (store.realm, before.to_vec(), after.to_vec());
    write!(store, [before, after] tx =>
        identity_tokens::replace(tx, realm, identity, (&before, &after), later(1)).await)
    .unwrap()
}

async fn what_is_kept_last_is_found_in_its_realm(store: Store) {
    let ada = identity(&store, "google", "ada").await;
    assert_eq!(find(&store, ada).await, None);
    assert!(!replace(&store, ada, &[], &[9]).await, "there is nothing to replace");
    assert_eq!(keep(&store, ada, &[1]).await, Ok(()));
    assert_eq!(keep(&store, ada, &[2]).await, Ok(()));
    assert_eq!(find(&store, ada).await, Some(vec![2]));
    let elsewhere = read!(store, [] tx => identity_tokens::find(tx, RealmId::MAX, ada).await).unwrap();
    assert_eq!(elsewhere, None);
    assert!(!replace(&store, ada, &[1], &[3]).await, "it is not that any more");
    assert!(replace(&store, ada, &[2], &[3]).await);
    assert_eq!(find(&store, ada).await, Some(vec![3]));
    assert_eq!(error_of(keep(&store, IdentityId::MAX, &[1]).await), Error::Conflict(Constraint::Parent));
    let realm = store.realm;
    assert!(write!(store, [] tx => identity_tokens::forget(tx, realm, ada).await).unwrap());
    assert!(!write!(store, [] tx => identity_tokens::forget(tx, realm, ada).await).unwrap(), "once");
    assert_eq!(find(&store, ada).await, None);
}

async fn of_many_who_replace_the_same_at_once_one_does(store: Store) {
    let ada = identity(&store, "google", "ada").await;
    keep(&store, ada, &[0]).await.unwrap();
    let other = store.another().await;
    let replaced = at_once(8, |n| {
        let store = if n % 2 == 0 { store.clone() } else { other.clone() };
        async move { replace(&store, ada, &[0], &[1, u8::try_from(n).unwrap()]).await }
    })
    .await;
    assert_eq!(replaced.iter().filter(|replaced| **replaced).count(), 1, "{replaced:?}");
    let winner = replaced.iter().position(|replaced| *replaced).unwrap();
    assert_eq!(find(&store, ada).await, Some(vec![1, u8::try_from(winner).unwrap()]));
    other.remove().await;
}

async fn what_is_kept_goes_with_its_identity(store: Store) {
    let ((ada, user), realm) = (connected(&store, "google", "ada").await, store.realm);
    keep(&store, ada, &[1]).await.unwrap();
    assert!(write!(store, [] tx => identities::remove(tx, realm, user, ada).await).unwrap());
    assert_eq!(find(&store, ada).await, None);
}

async fn what_one_provider_gave_is_forgotten_and_no_other(store: Store) {
    let google = [identity(&store, "google", "ada").await, identity(&store, "google", "eve").await];
    let gitlab = identity(&store, "gitlab", "grace").await;
    for id in google.into_iter().chain([gitlab]) {
        keep(&store, id, &[1]).await.unwrap();
    }
    let provider: ProviderId = "google".parse().unwrap();
    let forget = async |realm: RealmId| {
        write!(store, [provider] tx => identity_tokens::forget_all(tx, realm, &provider).await).unwrap()
    };
    assert_eq!((forget(RealmId::MAX).await, forget(store.realm).await), (0, 2));
    for id in google {
        assert_eq!(find(&store, id).await, None);
    }
    assert_eq!(find(&store, gitlab).await, Some(vec![1]));
}
