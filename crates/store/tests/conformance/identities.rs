use gatepost_domain::{Identity, IdentityId, OutboxId, ProviderId, User, UserId};
use gatepost_store::{Constraint, Error, identities, users};

use crate::support::{NOW, Store, at_once, error_of, later};

on_every_backend!(
    so_02_the_same_subject_elsewhere_is_somebody_else,
    so_06_an_identity_is_connected_once_and_stays_where_it_is,
    of_many_who_connect_an_identity_at_once_one_does,
    what_is_disconnected_signs_nobody_in,
    an_identity_goes_with_its_user,
);

fn identity(store: &Store, user: &User, (provider, issuer, subject): (&str, &str, &str)) -> Identity {
    Identity {
        id: IdentityId::new(NOW, &store.dice),
        realm: store.realm,
        user: user.id,
        provider: provider.parse().unwrap(),
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        email: Some("ada@elsewhere.test".parse().unwrap()),
        created_at: NOW,
        last_used_at: None,
    }
}

const GOOGLE: (&str, &str, &str) = ("google", "https://accounts.google.com", "1");

async fn create(store: &Store, identity: &Identity) -> bool {
    write!(store, [identity] tx => identities::create(tx, &identity).await).unwrap()
}

async fn find(store: &Store, (provider, issuer, subject): (&str, &str, &str)) -> Option<Identity> {
    let realm = store.realm;
    let (provider, issuer, subject) =
        (provider.parse::<ProviderId>().unwrap(), issuer.to_owned(), subject.to_owned());
    read!(store, [provider, issuer, subject] tx =>
        identities::find_by_subject(tx, realm, &provider, &issuer, &subject).await)
    .unwrap()
}

async fn list(store: &Store, user: UserId) -> Vec<Identity> {
    let realm = store.realm;
    read!(store, [] tx => identities::list(tx, realm, user).await).unwrap()
}

async fn so_02_the_same_subject_elsewhere_is_somebody_else(store: Store) {
    let (ada, eve) = (store.user("ada").await, store.user("eve").await);
    let hers = identity(&store, &ada, GOOGLE);
    assert!(create(&store, &hers).await);
    for other in [
        ("gitlab", GOOGLE.1, GOOGLE.2),
        ("google", "https://evil.test", GOOGLE.2),
        ("google", GOOGLE.1, "2"),
        ("google", GOOGLE.1, "1 "),
    ] {
        assert_eq!(find(&store, other).await, None, "{other:?}");
    }
    assert!(create(&store, &identity(&store, &eve, ("gitlab", GOOGLE.1, GOOGLE.2))).await);
    assert_eq!(find(&store, GOOGLE).await, Some(hers));
    // Letters that differ in case are other letters.
    assert!(create(&store, &identity(&store, &eve, ("google", GOOGLE.1, "aB"))).await);
    assert_eq!(find(&store, ("google", GOOGLE.1, "AB")).await, None);
}

async fn so_06_an_identity_is_connected_once_and_stays_where_it_is(store: Store) {
    let (ada, eve) = (store.user("ada").await, store.user("eve").await);
    let hers = identity(&store, &ada, GOOGLE);
    assert!(create(&store, &hers).await);
    assert!(!create(&store, &identity(&store, &eve, GOOGLE)).await, "it is somebody's");
    assert!(!create(&store, &identity(&store, &ada, GOOGLE)).await, "also one's own");
    assert_eq!(list(&store, ada.id).await, std::slice::from_ref(&hers));
    assert!(list(&store, eve.id).await.is_empty());
    let realm = store.realm;
    let of =
        async |user: UserId| read!(store, [] tx => identities::find(tx, realm, user, hers.id).await).unwrap();
    assert_eq!((of(ada.id).await, of(eve.id).await), (Some(hers.clone()), None));
    let (eve, id) = (eve.id, hers.id);
    assert!(!write!(store, [] tx => identities::note_use(tx, realm, eve, id, NOW).await).unwrap());
    assert!(!write!(store, [] tx => identities::remove(tx, realm, eve, id).await).unwrap());
    let nobodys = Identity { user: UserId::MIN, ..identity(&store, &ada, ("google", GOOGLE.1, "9")) };
    let refused = write!(store, [nobodys] tx => identities::create(tx, &nobodys).await);
    assert_eq!(error_of(refused), Error::Conflict(Constraint::Parent));
}

async fn of_many_who_connect_an_identity_at_once_one_does(store: Store) {
    let mut people = Vec::new();
    for name in ["ada", "eve", "grace", "mary"] {
        people.push(store.user(name).await);
    }
    let other = store.another().await;
    let made = at_once(8, |n| {
        let store = if n % 2 == 0 { store.clone() } else { other.clone() };
        let mine = identity(&store, &people[n / 2], GOOGLE);
        async move { create(&store, &mine).await }
    })
    .await;
    assert_eq!(made.iter().filter(|made| **made).count(), 1, "{made:?}");
    other.remove().await;
}

async fn what_is_disconnected_signs_nobody_in(store: Store) {
    let ada = store.user("ada").await;
    let (first, second) =
        (identity(&store, &ada, GOOGLE), identity(&store, &ada, ("gitlab", "https://gitlab.com", "7")));
    assert!(create(&store, &first).await && create(&store, &second).await);
    let (realm, user, id) = (store.realm, ada.id, first.id);
    assert!(write!(store, [] tx => identities::note_use(tx, realm, user, id, later(5)).await).unwrap());
    assert_eq!(find(&store, GOOGLE).await.unwrap().last_used_at, Some(later(5)));
    assert!(write!(store, [] tx => identities::remove(tx, realm, user, id).await).unwrap());
    assert!(!write!(store, [] tx => identities::remove(tx, realm, user, id).await).unwrap(), "once");
    assert!(!write!(store, [] tx => identities::note_use(tx, realm, user, id, later(6)).await).unwrap());
    assert_eq!(list(&store, user).await, std::slice::from_ref(&second));
    assert!(create(&store, &first).await, "and may be connected again");
    let keep = Some(first.id);
    assert_eq!(write!(store, [] tx => identities::remove_all(tx, realm, user, keep).await).unwrap(), 1);
    assert_eq!(list(&store, user).await, [first]);
    assert_eq!(write!(store, [] tx => identities::remove_all(tx, realm, user, None).await).unwrap(), 1);
    assert!(list(&store, user).await.is_empty());
}

async fn an_identity_goes_with_its_user(store: Store) {
    let ada = store.user("ada").await;
    assert!(create(&store, &identity(&store, &ada, GOOGLE)).await);
    let (realm, user, message) = (store.realm, ada.id, OutboxId::new(NOW, &store.dice));
    assert!(write!(store, [] tx => users::delete(tx, realm, user, NOW, message).await).unwrap());
    assert_eq!(find(&store, GOOGLE).await, None);
}
