use gatepost_domain::{
    DisplayName, PasskeyId, RealmId, UserId,
    passkey::{CredentialId, Passkey, Transport, UserHandle, Verified},
};
use gatepost_store::{Constraint, Error, passkeys, users};

use crate::support::{NOW, Store, at_once, error_of, later};

on_every_backend!(
    a_user_is_called_the_same_by_every_authenticator,
    a_passkey_is_kept_and_found,
    wa_05_no_two_passkeys_of_a_realm_are_called_the_same,
    wa_04_a_count_goes_up_or_is_not_kept,
    wa_04_of_many_that_show_the_same_count_one_is_taken,
    a_passkey_is_changed_by_its_owner,
    they_go_with_their_user,
);

fn passkey(store: &Store, user: UserId, handle: UserHandle, n: u8) -> Passkey {
    Passkey {
        id: PasskeyId::from_bytes([n; 16]),
        realm: store.realm,
        user,
        handle,
        credential: CredentialId::new(&[n; 1023]).unwrap(),
        public_key: vec![n; 300],
        sign_count: 0,
        backup_eligible: true,
        backed_up: false,
        aaguid: [n; 16],
        transports: vec![Transport::Internal, Transport::Hybrid],
        name: "A phone".parse().unwrap(),
        created_at: NOW,
        last_used_at: None,
    }
}

async fn handle(store: &Store, user: UserId, fresh: u8) -> UserHandle {
    let (realm, fresh) = (store.realm, UserHandle::from_bytes([fresh; 32]));
    write!(store, [] tx => passkeys::handle(tx, realm, user, fresh).await).unwrap()
}

async fn create(store: &Store, passkey: &Passkey) -> bool {
    write!(store, [passkey] tx => passkeys::create(tx, &passkey).await).unwrap()
}

async fn find(store: &Store, passkey: &Passkey) -> Option<Passkey> {
    let (realm, credential) = (passkey.realm, passkey.credential.clone());
    read!(store, [credential] tx => passkeys::find_by_credential(tx, realm, &credential).await).unwrap()
}

async fn list(store: &Store, user: UserId) -> Vec<Passkey> {
    let realm = store.realm;
    read!(store, [] tx => passkeys::list(tx, realm, user).await).unwrap()
}

/// Somebody with passkeys.
pub(crate) async fn with(store: &Store, name: &str, numbers: &[u8]) -> (UserId, Vec<Passkey>) {
    let user = store.user(name).await.id;
    let handle = handle(store, user, numbers[0]).await;
    let made: Vec<_> = numbers.iter().map(|n| passkey(store, user, handle, *n)).collect();
    for passkey in &made {
        assert!(create(store, passkey).await);
    }
    (user, made)
}

async fn note(store: &Store, passkey: &Passkey, sign_count: u32, at: u64) -> bool {
    let (realm, id) = (passkey.realm, passkey.id);
    let shown = Verified { sign_count, backed_up: true, user_verified: true };
    write_one!(store, [] tx => passkeys::note_used(tx, realm, id, &shown, later(at)).await).unwrap()
}

async fn a_user_is_called_the_same_by_every_authenticator(store: Store) {
    let (realm, ada, eve) = (store.realm, store.user("ada").await.id, store.user("eve").await.id);
    assert_eq!(handle(&store, ada, 1).await, UserHandle::from_bytes([1; 32]));
    assert_eq!(handle(&store, ada, 2).await, UserHandle::from_bytes([1; 32]));
    assert_eq!(handle(&store, eve, 2).await, UserHandle::from_bytes([2; 32]));
    let fresh = UserHandle::from_bytes([3; 32]);
    let nobody = write!(store, [] tx => passkeys::handle(tx, realm, UserId::MIN, fresh).await);
    assert_eq!(error_of(nobody), Error::Conflict(Constraint::Parent));
    let bob = store.user("bob").await.id;
    let early = passkey(&store, bob, fresh, 9);
    let early = write!(store, [early] tx => passkeys::create(tx, &early).await);
    assert_eq!(error_of(early), Error::Conflict(Constraint::Parent));
}

async fn a_passkey_is_kept_and_found(store: Store) {
    let (ada, made) = with(&store, "ada", &[1, 2]).await;
    let eve = store.user("eve").await.id;
    assert_eq!(find(&store, &made[0]).await.as_ref(), Some(&made[0]));
    assert_eq!(list(&store, ada).await, made);
    assert!(list(&store, eve).await.is_empty());
    let (realm, id) = (store.realm, made[1].id);
    let of = async |realm: RealmId, user: UserId| {
        read!(store, [] tx => passkeys::find(tx, realm, user, id).await).unwrap()
    };
    assert_eq!(of(realm, ada).await.as_ref(), Some(&made[1]));
    assert_eq!(of(realm, eve).await, None, "somebody else's");
    assert_eq!(of(RealmId::MIN, ada).await, None, "another realm's");
    let credential = made[0].credential.clone();
    let other =
        read!(store, [credential] tx => passkeys::find_by_credential(tx, RealmId::MIN, &credential).await);
    assert_eq!(other.unwrap(), None);
}

async fn wa_05_no_two_passkeys_of_a_realm_are_called_the_same(store: Store) {
    let (_, made) = with(&store, "ada", &[1]).await;
    let (eve, _) = with(&store, "eve", &[2]).await;
    let same = Passkey {
        user: eve,
        credential: made[0].credential.clone(),
        ..passkey(&store, eve, made[0].handle, 3)
    };
    assert!(!create(&store, &same).await);
    assert_eq!(find(&store, &made[0]).await.as_ref(), Some(&made[0]), "it stays whose it is");
    let again = passkey(&store, made[0].user, made[0].handle, 1);
    let again = Passkey { id: PasskeyId::from_bytes([4; 16]), ..again };
    assert!(!create(&store, &again).await, "nor twice of one user");
}

async fn wa_04_a_count_goes_up_or_is_not_kept(store: Store) {
    let (_, made) = with(&store, "ada", &[1]).await;
    let key = &made[0];
    assert!(note(&store, key, 0, 1).await && note(&store, key, 0, 2).await, "it does not count");
    assert!(note(&store, key, 7, 3).await, "it does now");
    for (count, why) in [(7, "the same"), (6, "fewer"), (1, "few"), (0, "none")] {
        assert!(!note(&store, key, count, 4).await, "{why}");
    }
    let found = find(&store, key).await.unwrap();
    assert_eq!((found.sign_count, found.backed_up, found.last_used_at), (7, true, Some(later(3))));
    assert!(note(&store, key, u32::MAX, 5).await);
    let gone = passkey(&store, key.user, key.handle, 9);
    assert!(!note(&store, &gone, 1, 6).await);
}

async fn wa_04_of_many_that_show_the_same_count_one_is_taken(store: Store) {
    let (_, made) = with(&store, "ada", &[1]).await;
    let stores = [store.clone(), store.another().await];
    let taken = at_once(20, |n| {
        let (store, key) = (stores[n % 2].clone(), made[0].clone());
        async move { note(&store, &key, 11, 1).await }
    })
    .await;
    assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 1);
}

async fn a_passkey_is_changed_by_its_owner(store: Store) {
    let (ada, made) = with(&store, "ada", &[1, 2]).await;
    let (realm, eve, id) = (store.realm, store.user("eve").await.id, made[0].id);
    let rename = async |user: UserId| {
        let name: DisplayName = "The blue key".parse().unwrap();
        write!(store, [name] tx => passkeys::rename(tx, realm, user, id, &name).await).unwrap()
    };
    let remove =
        async |user: UserId| write!(store, [] tx => passkeys::remove(tx, realm, user, id).await).unwrap();
    assert!(!rename(eve).await && !remove(eve).await);
    assert!(rename(ada).await);
    assert_eq!(find(&store, &made[0]).await.unwrap().name.as_str(), "The blue key");
    assert!(remove(ada).await && !remove(ada).await && !rename(ada).await);
    assert_eq!(list(&store, ada).await, made[1..]);
}

async fn they_go_with_their_user(store: Store) {
    let (ada, made) = with(&store, "ada", &[1, 2]).await;
    let (eve, _) = with(&store, "eve", &[3]).await;
    let (realm, message) = (store.realm, store.message());
    let all = write!(store, [] tx => passkeys::remove_all(tx, realm, ada).await).unwrap();
    assert_eq!((all, list(&store, ada).await.len(), list(&store, eve).await.len()), (2, 0, 1));
    assert!(create(&store, &made[0]).await, "the owner is still called the same");
    write!(store, [] tx => users::delete(tx, realm, ada, NOW, message).await).unwrap();
    assert!(find(&store, &made[0]).await.is_none());
}
