use std::time::Duration;

use gatepost_domain::{RealmId, Timestamp, TrustedDeviceId, UserId, mfa::TrustedDevice};
use gatepost_store::{Constraint, Error, sessions, trusted_devices, users};

use crate::support::{NOW, Store, error_of, later};

const BEFORE: Timestamp = Timestamp::from_unix_seconds(0);

on_every_backend!(
    mf_05_a_device_is_trusted_for_one_user_of_one_realm_until_it_is_over,
    what_is_forgotten_is_asked_for_again,
    a_user_trusts_so_many_devices_the_newest,
    trusted_devices_are_listed_the_newest_first,
    what_a_realm_forgets_is_forgotten_for_everybody_in_it,
    whoever_is_signed_out_everywhere_is_trusted_nowhere,
    trusted_devices_go_with_their_user_and_when_they_are_over,
);

async fn trust(store: &Store, user: UserId, seconds: u64) -> TrustedDevice {
    let id = TrustedDeviceId::new(NOW, &store.dice);
    let agent = Some("Firefox".to_owned());
    let device =
        TrustedDevice::begin(id, (store.realm, user), agent, Duration::from_secs(seconds), NOW).unwrap();
    write!(store, [device] tx => trusted_devices::create(tx, &device).await).unwrap();
    device
}

async fn is_trusted(
    store: &Store,
    realm: RealmId,
    user: UserId,
    device: &TrustedDevice,
    now: Timestamp,
) -> bool {
    let id = device.id;
    read!(store, [] tx => trusted_devices::is_trusted(tx, realm, user, id, BEFORE, now).await).unwrap()
}

async fn mf_05_a_device_is_trusted_for_one_user_of_one_realm_until_it_is_over(store: Store) {
    let (ada, bob) = (store.user("ada").await.id, store.user("bob").await.id);
    let device = trust(&store, ada, 60).await;
    assert!(is_trusted(&store, store.realm, ada, &device, later(59)).await);
    assert!(!is_trusted(&store, store.realm, ada, &device, later(60)).await);
    assert!(!is_trusted(&store, store.realm, bob, &device, NOW).await, "another user of the same device");
    assert!(!is_trusted(&store, RealmId::MAX, ada, &device, NOW).await);
    let (realm, id) = (store.realm, device.id);
    for (since, trusted) in [(BEFORE, true), (NOW, false)] {
        let found = read!(store, [] tx => trusted_devices::is_trusted(tx, realm, ada, id, since, NOW).await);
        assert_eq!(found.unwrap(), trusted, "only if not longer ago");
    }
    let orphan = TrustedDevice { user: UserId::MAX, ..device };
    let refused = write!(store, [orphan] tx => trusted_devices::create(tx, &orphan).await);
    assert_eq!(error_of(refused), Error::Conflict(Constraint::Parent));
}

async fn a_user_trusts_so_many_devices_the_newest(store: Store) {
    let (realm, ada, bob) = (store.realm, store.user("ada").await.id, store.user("bob").await.id);
    let mut hers = Vec::new();
    for _ in 0..4 {
        hers.push(trust(&store, ada, 60).await);
    }
    let his = trust(&store, bob, 60).await;
    hers.sort_by_key(|device| device.id);
    let forget =
        async || write!(store, [] tx => trusted_devices::forget_oldest(tx, realm, ada, 3).await).unwrap();
    assert_eq!((forget().await, forget().await), (1, 0));
    for (n, device) in hers.iter().enumerate() {
        assert_eq!(is_trusted(&store, realm, ada, device, NOW).await, n > 0, "{n}");
    }
    assert!(is_trusted(&store, realm, bob, &his, NOW).await);
}

async fn what_is_forgotten_is_asked_for_again(store: Store) {
    let (realm, ada, bob) = (store.realm, store.user("ada").await.id, store.user("bob").await.id);
    let (hers, his) =
        ([trust(&store, ada, 60).await, trust(&store, ada, 90).await], trust(&store, bob, 60).await);
    let count = async |since, now| {
        read!(store, [] tx => trusted_devices::count(tx, realm, ada, since, now).await).unwrap()
    };
    assert_eq!((count(BEFORE, NOW).await, count(BEFORE, later(60)).await, count(NOW, NOW).await), (2, 1, 0));
    let (third, [first, _]) = (trust(&store, ada, 60).await.id, &hers);
    for (whose, known) in [(bob, false), (ada, true), (ada, false)] {
        let forgotten =
            write!(store, [] tx => trusted_devices::forget(tx, realm, whose, third).await).unwrap();
        assert_eq!(forgotten, known);
    }
    assert!(is_trusted(&store, realm, ada, first, NOW).await, "that one alone");
    let forget = async || write!(store, [] tx => trusted_devices::forget_all(tx, realm, ada).await).unwrap();
    assert_eq!((forget().await, forget().await), (2, 0));
    for device in &hers {
        assert!(!is_trusted(&store, realm, ada, device, NOW).await);
    }
    assert!(is_trusted(&store, realm, bob, &his, NOW).await);
}

async fn trusted_devices_are_listed_the_newest_first(store: Store) {
    let (realm, ada, bob) = (store.realm, store.user("ada").await.id, store.user("bob").await.id);
    let mut hers =
        vec![trust(&store, ada, 60).await, trust(&store, ada, 90).await, trust(&store, ada, 90).await];
    hers.sort_by_key(|device| std::cmp::Reverse(device.id));
    trust(&store, bob, 60).await;
    let list = async |realm, since, before, limit, now| {
        read!(store, [] tx => trusted_devices::list(tx, (realm, ada), since, before, limit, now).await)
            .unwrap()
    };
    assert_eq!(list(realm, BEFORE, None, 9, NOW).await, hers);
    assert_eq!(list(realm, BEFORE, None, 2, NOW).await, hers[..2]);
    assert_eq!(list(realm, BEFORE, Some(hers[0].id), 9, NOW).await, hers[1..], "older than the given one");
    assert_eq!(list(realm, NOW, None, 9, NOW).await, [], "not longer ago");
    assert_eq!(list(realm, BEFORE, None, 9, later(60)).await.len(), 2, "until they are over");
    assert_eq!(list(RealmId::MAX, BEFORE, None, 9, NOW).await, []);
}

async fn what_a_realm_forgets_is_forgotten_for_everybody_in_it(store: Store) {
    let (realm, ada, bob) = (store.realm, store.user("ada").await.id, store.user("bob").await.id);
    let (hers, his) = (trust(&store, ada, 60).await, trust(&store, bob, 60).await);
    let forget =
        async |realm| write!(store, [] tx => trusted_devices::forget_in_realm(tx, realm).await).unwrap();
    assert_eq!(forget(RealmId::MAX).await, 0);
    assert!(is_trusted(&store, realm, ada, &hers, NOW).await, "another realm forgets nothing of this one");
    assert_eq!((forget(realm).await, forget(realm).await), (2, 0));
    for (who, device) in [(ada, &hers), (bob, &his)] {
        assert!(!is_trusted(&store, realm, who, device, NOW).await);
    }
}

async fn whoever_is_signed_out_everywhere_is_trusted_nowhere(store: Store) {
    let (realm, ada, bob) = (store.realm, store.user("ada").await.id, store.user("bob").await.id);
    let his = trust(&store, bob, 60).await;
    for way in 0..3 {
        let (hers, message) = (trust(&store, ada, 60).await, store.message());
        match way {
            0 => drop(write!(store, [] tx => users::sign_out_everywhere(tx, realm, ada, NOW, message).await)),
            1 => drop(write!(store, [] tx => users::disable(tx, realm, ada, NOW, message).await)),
            _ => drop(write!(store, [] tx => sessions::revoke_all(tx, realm, ada, None, NOW, message).await)),
        }
        assert!(!is_trusted(&store, realm, ada, &hers, NOW).await, "{way}");
    }
    assert!(is_trusted(&store, realm, bob, &his, NOW).await);
}

async fn trusted_devices_go_with_their_user_and_when_they_are_over(store: Store) {
    let (realm, ada, bob) = (store.realm, store.user("ada").await.id, store.user("bob").await.id);
    let (hers, message) = (trust(&store, ada, 60).await, store.message());
    for seconds in [10, 20, 30] {
        trust(&store, bob, seconds).await;
    }
    assert!(write!(store, [] tx => users::delete(tx, realm, ada, NOW, message).await).unwrap());
    assert!(!is_trusted(&store, realm, ada, &hers, NOW).await);
    let delete = async |before, limit| {
        write!(store, [] tx => trusted_devices::delete_expired(tx, realm, later(before), limit).await)
            .unwrap()
    };
    assert_eq!((delete(10, 9).await, delete(25, 1).await, delete(25, 9).await), (0, 1, 1));
}
