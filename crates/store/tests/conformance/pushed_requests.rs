use gatepost_domain::{ClientId, RealmId, SecretDigest, authorization::pushed::PushedRequest};
use gatepost_store::{Constraint, Error, clients, pushed_requests};

use crate::clients::client;
use crate::support::{NOW, Store, at_once, error_of, later};

on_every_backend!(
    a_request_is_looked_at_until_a_code_is_given_for_it,
    a_request_is_used_up_by_one,
    old_requests_are_deleted,
);

async fn pushed(store: &Store, name: &[u8]) -> PushedRequest {
    let web = client(store, "web");
    write!(store, [web] tx => clients::upsert(tx, &web).await).unwrap();
    let request = PushedRequest {
        realm: store.realm,
        digest: SecretDigest::of(name),
        client: web.id,
        parameters: vec![
            ("scope".into(), "openid".into()),
            ("resource".into(), "a".into()),
            ("resource".into(), "b".into()),
        ],
        created_at: NOW,
        expires_at: later(90),
    };
    write!(store, [request] tx => pushed_requests::create(tx, &request).await).unwrap();
    request
}

async fn a_request_is_looked_at_until_a_code_is_given_for_it(store: Store) {
    let request = pushed(&store, b"1").await;
    let (realm, digest, web) = (store.realm, request.digest, request.client.clone());
    let find = async |realm: RealmId, client: &ClientId, at| {
        let client = client.clone();
        read!(store, [client] tx => pushed_requests::find(tx, realm, &digest, &client, later(at)).await)
            .unwrap()
    };
    for at in [0, 89] {
        assert_eq!(find(realm, &web, at).await, Some(request.clone()), "{at}");
    }
    assert_eq!(find(realm, &web, 90).await, None, "expired");
    assert_eq!(find(realm, &"spa".parse().unwrap(), 0).await, None, "another client");
    assert_eq!(find(RealmId::MAX, &web, 0).await, None);
    let use_up = async |client: &ClientId| {
        let client = client.clone();
        write!(store, [client] tx => pushed_requests::use_up(tx, realm, &digest, &client, later(500)).await)
            .unwrap()
    };
    assert!(!use_up(&"spa".parse().unwrap()).await);
    assert!(use_up(&web).await, "who began in time may finish");
    assert!(!use_up(&web).await && find(realm, &web, 0).await.is_none());
    let homeless =
        PushedRequest { client: "gone".parse().unwrap(), digest: SecretDigest::of(b"2"), ..request };
    let refused = write!(store, [homeless] tx => pushed_requests::create(tx, &homeless).await);
    assert_eq!(error_of(refused), Error::Conflict(Constraint::Parent));
}

async fn a_request_is_used_up_by_one(store: Store) {
    let request = pushed(&store, b"1").await;
    let realm = store.realm;
    let used = at_once(8, |_| {
        let (store, request) = (store.clone(), request.clone());
        async move {
            write!(store, [request] tx => pushed_requests::use_up(tx, realm, &request.digest, &request.client, NOW).await)
                .unwrap()
        }
    })
    .await;
    assert_eq!(used.into_iter().filter(|used| *used).count(), 1);
}

async fn old_requests_are_deleted(store: Store) {
    for name in [b"1", b"2", b"3"] {
        pushed(&store, name).await;
    }
    let realm = store.realm;
    let delete = async |before, limit| {
        write!(store, [] tx => pushed_requests::delete_expired(tx, realm, later(before), limit).await)
            .unwrap()
    };
    assert_eq!((delete(90, 9).await, delete(91, 2).await, delete(91, 2).await), (0, 2, 1));
}
