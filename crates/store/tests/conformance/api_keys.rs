use gatepost_domain::api_key::{self, ApiKey, KeyOwner};
use gatepost_domain::{ApiKeyId, Client, DisplayName, RealmId, UserId};
use gatepost_store::{Constraint, Error, api_keys, clients, users};

use crate::support::{NOW, Store, at_once, error_of, later};

on_every_backend!(
    a_key_is_found_by_its_id_in_its_realm_only,
    keys_are_listed_by_owner_and_pages_without_the_revoked,
    ak_02_a_key_is_revoked_once,
    ak_02_of_two_rotations_at_once_one_succeeds,
    ak_02_every_key_of_one_owner_is_revoked_at_once,
    keys_of_organizations_end_with_who_made_them,
    a_key_is_renamed_and_its_use_is_noted,
    a_key_ends_with_its_owner,
    a_key_is_found_by_owner_and_name_while_it_is_good,
);

fn key(store: &Store, owner: KeyOwner) -> ApiKey {
    let id = ApiKeyId::new(NOW, &store.dice);
    ApiKey {
        id,
        realm: store.realm,
        owner,
        name: "ci".parse().unwrap(),
        scopes: "notes:read ci".parse().unwrap(),
        digest: api_key::generate(id, &store.dice).digest(),
        created_by: None,
        created_at: NOW,
        expires_at: Some(later(1_000)),
        last_used_at: None,
        revoked_at: None,
        successor: None,
    }
}

async fn stored(store: &Store, owner: KeyOwner) -> ApiKey {
    let key = key(store, owner);
    write_one!(store, [key] tx => api_keys::create(tx, &key).await).unwrap();
    key
}

async fn found(store: &Store, key: &ApiKey) -> Option<ApiKey> {
    let (realm, id) = (store.realm, key.id);
    read!(store, [] tx => api_keys::find(tx, realm, id).await).unwrap()
}

async fn client(store: &Store) -> Client {
    let client = Client {
        id: "robot".parse().unwrap(),
        realm: store.realm,
        secret: None,
        previous_secret: None,
        sealed_secret: None,
        origin: gatepost_domain::ClientOrigin::Managed,
        settings: serde_json::from_str("{}").unwrap(),
        created_at: NOW,
        updated_at: NOW,
        version: 1,
    };
    write!(store, [client] tx => clients::upsert(tx, &client).await).unwrap()
}

async fn a_key_is_found_by_owner_and_name_while_it_is_good(store: Store) {
    let (user, bob) = (store.user("ada").await, store.user("bob").await);
    let organization = store.organization("acme").await;
    let client = client(&store).await;
    let (realm, name) = (store.realm, key(&store, KeyOwner::User(user.id)).name);
    let by_name = |owner: KeyOwner, name: DisplayName, now| {
        let store = store.clone();
        async move {
            read!(store, [owner, name] tx => api_keys::find_by_name(tx, realm, &owner, &name, now).await)
                .unwrap()
        }
    };
    for owner in [
        KeyOwner::User(user.id),
        KeyOwner::Organization(organization.id),
        KeyOwner::Client(client.id.clone()),
    ] {
        assert_eq!(by_name(owner.clone(), name.clone(), NOW).await, None);
        let made = stored(&store, owner.clone()).await;
        let id = made.id;
        assert_eq!(by_name(owner.clone(), name.clone(), NOW).await, Some(made.clone()));
        assert_eq!(by_name(owner.clone(), "another".parse().unwrap(), NOW).await, None);
        assert_eq!(by_name(owner.clone(), name.clone(), made.expires_at.unwrap()).await, None, "over");
        let successor = stored(&store, owner.clone()).await;
        let next = successor.id;
        assert!(write_one!(store, [] tx => api_keys::retire(tx, realm, id, next, later(9)).await).unwrap());
        assert_eq!(by_name(owner.clone(), name.clone(), NOW).await, Some(successor));
        assert!(write_one!(store, [] tx => api_keys::revoke(tx, realm, next, NOW).await).unwrap());
        assert_eq!(by_name(owner, name.clone(), NOW).await, None, "revoked");
    }
    assert_eq!(by_name(KeyOwner::User(bob.id), name, NOW).await, None);
}

async fn a_key_is_found_by_its_id_in_its_realm_only(store: Store) {
    let user = store.user("ada").await;
    let of_user = stored(&store, KeyOwner::User(user.id)).await;
    let client = client(&store).await;
    let of_client = stored(&store, KeyOwner::Client(client.id)).await;
    assert_eq!(found(&store, &of_user).await, Some(of_user.clone()));
    assert_eq!(found(&store, &of_client).await, Some(of_client));
    let id = of_user.id;
    assert_eq!(read!(store, [] tx => api_keys::find(tx, RealmId::MAX, id).await), Ok(None));
    let orphan = key(&store, KeyOwner::User(UserId::MAX));
    let refused = write_one!(store, [orphan] tx => api_keys::create(tx, &orphan).await);
    assert_eq!(error_of(refused), Error::Conflict(Constraint::Parent));
}

async fn keys_are_listed_by_owner_and_pages_without_the_revoked(store: Store) {
    let (ada, bob) = (store.user("ada").await, store.user("bob").await);
    let owner = KeyOwner::User(ada.id);
    let mut keys = Vec::new();
    for _ in 0..3 {
        keys.push(stored(&store, owner.clone()).await);
    }
    stored(&store, KeyOwner::User(bob.id)).await;
    keys.sort_by_key(|key| key.id);
    let realm = store.realm;
    let page = |after: Option<ApiKeyId>, limit| {
        let (store, owner) = (store.clone(), owner.clone());
        async move { read!(store, [owner] tx => api_keys::list(tx, realm, &owner, after, limit).await).unwrap() }
    };
    assert_eq!(page(None, 2).await, keys[..2]);
    assert_eq!(page(Some(keys[1].id), 2).await, keys[2..]);
    let id = keys[0].id;
    assert!(write_one!(store, [] tx => api_keys::revoke(tx, realm, id, NOW).await).unwrap());
    assert_eq!(page(None, 9).await, keys[1..]);
    for (now, live) in [(NOW, 2), (keys[1].expires_at.unwrap(), 0)] {
        assert_eq!(read!(store, [owner] tx => api_keys::count(tx, realm, &owner, now).await), Ok(live));
    }
    for none in [
        KeyOwner::Client("robot".parse().unwrap()),
        KeyOwner::Organization("org_7zzzzzzzzzzzzzzzzzzzzzzzzz".parse().unwrap()),
    ] {
        assert_eq!(read!(store, [none] tx => api_keys::list(tx, realm, &none, None, 9).await), Ok(vec![]));
        assert_eq!(read!(store, [none] tx => api_keys::count(tx, realm, &none, NOW).await), Ok(0));
    }
}

async fn ak_02_a_key_is_revoked_once(store: Store) {
    let user = store.user("ada").await;
    let key = stored(&store, KeyOwner::User(user.id)).await;
    let (realm, id) = (store.realm, key.id);
    let revoked = at_once(8, |_| {
        let store = store.clone();
        async move { write_one!(store, [] tx => api_keys::revoke(tx, realm, id, later(5)).await).unwrap() }
    })
    .await;
    assert_eq!(revoked.iter().filter(|revoked| **revoked).count(), 1);
    let key = found(&store, &key).await.unwrap();
    assert_eq!((key.revoked_at, key.is_live(NOW)), (Some(later(5)), false));
}

async fn ak_02_of_two_rotations_at_once_one_succeeds(store: Store) {
    let user = store.user("ada").await;
    let key = stored(&store, KeyOwner::User(user.id)).await;
    let (realm, id, successor) = (store.realm, key.id, ApiKeyId::MAX);
    let retired =
        at_once(8, |n| {
            let (store, end) = (store.clone(), later(60 + n as u64));
            async move {
                write_one!(store, [] tx => api_keys::retire(tx, realm, id, successor, end).await).unwrap()
            }
        })
        .await;
    let winner = retired.iter().position(|retired| *retired).unwrap();
    assert_eq!(retired.iter().filter(|retired| **retired).count(), 1, "{retired:?}");
    let end = later(60 + winner as u64);
    let key = found(&store, &key).await.unwrap();
    assert_eq!((key.expires_at, key.is_live(later(59)), key.is_live(end)), (Some(end), true, false));
    assert_eq!(key.successor, Some(successor));
    // One that ends sooner by itself is not kept alive by its rotation.
    let short = stored(&store, KeyOwner::User(user.id)).await;
    let (id, end) = (short.id, short.expires_at.unwrap());
    assert!(write_one!(store, [] tx => api_keys::retire(tx, realm, id, successor, end.plus(std::time::Duration::from_secs(9))).await).unwrap());
    assert_eq!(found(&store, &short).await.unwrap().expires_at, Some(end));
}

async fn ak_02_every_key_of_one_owner_is_revoked_at_once(store: Store) {
    let (ada, bob) = (store.user("ada").await, store.user("bob").await);
    let owner = KeyOwner::User(ada.id);
    let (one, other) = (stored(&store, owner.clone()).await, stored(&store, owner.clone()).await);
    let over = ApiKey { expires_at: Some(later(1)), ..key(&store, owner.clone()) };
    write_one!(store, [over] tx => api_keys::create(tx, &over).await).unwrap();
    let of_bob = stored(&store, KeyOwner::User(bob.id)).await;
    let realm = store.realm;
    let mut both = vec![one.id, other.id];
    both.sort_unstable();
    for expected in [both, vec![]] {
        let ended =
            write_one!(store, [owner] tx => api_keys::revoke_all(tx, realm, &owner, later(5)).await).unwrap();
        assert_eq!(ended, expected);
    }
    assert_eq!(found(&store, &one).await.unwrap().revoked_at, Some(later(5)));
    assert_eq!(found(&store, &over).await.unwrap().revoked_at, None, "it was over already");
    assert!(found(&store, &of_bob).await.unwrap().is_live(later(5)));
    for none in [
        KeyOwner::Client("robot".parse().unwrap()),
        KeyOwner::Organization("org_7zzzzzzzzzzzzzzzzzzzzzzzzz".parse().unwrap()),
    ] {
        let ended =
            write_one!(store, [none] tx => api_keys::revoke_all(tx, realm, &none, NOW).await).unwrap();
        assert_eq!(ended, []);
    }
}

async fn keys_of_organizations_end_with_who_made_them(store: Store) {
    let (ada, bob) = (store.user("ada").await, store.user("bob").await);
    let owner = KeyOwner::Organization(store.organization("acme").await.id);
    let realm = store.realm;
    let mut of_ada = Vec::new();
    for maker in [&ada, &ada, &bob] {
        let key = ApiKey { created_by: Some(maker.id), ..key(&store, owner.clone()) };
        write_one!(store, [key] tx => api_keys::create(tx, &key).await).unwrap();
        of_ada.extend((maker.id == ada.id).then_some(key.id));
    }
    let own = stored(&store, KeyOwner::User(ada.id)).await;
    of_ada.sort_unstable();
    let user = ada.id;
    for expected in [of_ada, vec![]] {
        let ended =
            write_one!(store, [] tx => api_keys::revoke_made_by(tx, realm, user, later(5)).await).unwrap();
        assert_eq!(ended, expected);
    }
    assert!(found(&store, &own).await.unwrap().is_live(later(5)), "their own are another matter");
}

async fn a_key_is_renamed_and_its_use_is_noted(store: Store) {
    let user = store.user("ada").await;
    let key = stored(&store, KeyOwner::User(user.id)).await;
    let (realm, id) = (store.realm, key.id);
    let name: gatepost_domain::DisplayName = "deploy".parse().unwrap();
    assert!(write_one!(store, [name] tx => api_keys::rename(tx, realm, id, &name).await).unwrap());
    for (at, last) in [(later(9), later(9)), (later(3), later(9))] {
        write_one!(store, [] tx => api_keys::touch(tx, realm, id, at).await).unwrap();
        assert_eq!(found(&store, &key).await.unwrap().last_used_at, Some(last));
    }
    let key = found(&store, &key).await.unwrap();
    assert_eq!(key.name, name);
    assert!(!key.is_due_for_touch(later(68)) && key.is_due_for_touch(later(69)));
    let successor = ApiKeyId::MAX;
    assert!(write_one!(store, [] tx => api_keys::revoke(tx, realm, id, NOW).await).unwrap());
    assert!(!write_one!(store, [name] tx => api_keys::rename(tx, realm, id, &name).await).unwrap());
    assert!(!write_one!(store, [] tx => api_keys::retire(tx, realm, id, successor, NOW).await).unwrap());
}

async fn a_key_ends_with_its_owner(store: Store) {
    let user = store.user("ada").await;
    let key = stored(&store, KeyOwner::User(user.id)).await;
    let (realm, message) = (store.realm, store.message());
    write!(store, [] tx => users::delete(tx, realm, user.id, NOW, message).await).unwrap();
    assert_eq!(found(&store, &key).await, None);
}
