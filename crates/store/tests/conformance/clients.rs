use gatepost_domain::{Client, ClientId, ClientSettings, RealmId, Secret, client::PreviousSecret};
use gatepost_store::{Constraint, Error, clients};

use crate::support::{NOW, Store, error_of, later};

on_every_backend!(
    a_client_with_openid_signs_people_in,
    a_client_is_made_changed_found_and_deleted,
    clients_are_listed_by_pages
);

pub(crate) fn client(store: &Store, id: &str) -> Client {
    Client {
        id: id.parse().unwrap(),
        realm: store.realm,
        secret: Some(Secret::received("s3cret").digest()),
        previous_secret: None,
        sealed_secret: None,
        settings: ClientSettings {
            name: Some("Web app".parse().unwrap()),
            redirect_uris: vec!["https://app.test/cb".parse().unwrap()],
            scopes: "openid email".parse().unwrap(),
            ..ClientSettings::default()
        },
        created_at: NOW,
        updated_at: NOW,
        version: 1,
    }
}

async fn a_client_is_made_changed_found_and_deleted(store: Store) {
    let (realm, web) = (store.realm, client(&store, "web"));
    assert_eq!(write!(store, [web] tx => clients::upsert(tx, &web).await), Ok(web.clone()));
    assert_eq!(store.version().await, 2);
    let until = later(60);
    let previous_secret = Some(PreviousSecret { digest: Secret::received("old").digest(), until });
    let rotated = Client { previous_secret, sealed_secret: Some(vec![1, 2, 3]), version: 2, ..web.clone() };
    assert_eq!(write!(store, [rotated] tx => clients::upsert(tx, &rotated).await), Ok(rotated.clone()));
    let public = Client { secret: None, created_at: later(9), updated_at: later(9), ..web.clone() };
    let stored = write!(store, [public] tx => clients::upsert(tx, &public).await).unwrap();
    assert_eq!(stored, Client { created_at: NOW, version: 3, ..public });
    let id: ClientId = "web".parse().unwrap();
    assert_eq!(read!(store, [id] tx => clients::find(tx, realm, &id).await), Ok(Some(stored)));
    assert_eq!(read!(store, [id] tx => clients::find(tx, RealmId::MAX, &id).await), Ok(None));
    assert!(write!(store, [id] tx => clients::delete(tx, realm, &id).await).unwrap());
    assert_eq!(store.version().await, 5);
    assert!(!write!(store, [id] tx => clients::delete(tx, realm, &id).await).unwrap());
    assert_eq!(store.version().await, 5, "nothing changed");
    let homeless = Client { realm: RealmId::MAX, ..web };
    let refused = write!(store, [homeless] tx => clients::upsert(tx, &homeless).await);
    assert_eq!(error_of(refused), Error::Conflict(Constraint::Parent));
}

async fn clients_are_listed_by_pages(store: Store) {
    for id in ["c", "a", "b"] {
        let client = client(&store, id);
        write!(store, [client] tx => clients::upsert(tx, &client).await).unwrap();
    }
    let realm = store.realm;
    let list = |after: Option<&str>| {
        let (store, after) = (store.clone(), after.map(|id| id.parse::<ClientId>().unwrap()));
        async move {
            let found =
                read!(store, [after] tx => clients::list(tx, realm, after.as_ref(), 2).await).unwrap();
            found.into_iter().map(|client| client.id.to_string()).collect::<Vec<_>>()
        }
    };
    assert_eq!(list(None).await, ["a", "b"]);
    assert_eq!(list(Some("b")).await, ["c"]);
}

async fn a_client_with_openid_signs_people_in(store: Store) {
    let realm = store.realm;
    let any = async || read!(store, [] tx => clients::any_signs_people_in(tx, realm).await).unwrap();
    let keep = async |scopes: &str| {
        let settings = ClientSettings { scopes: scopes.parse().unwrap(), ..ClientSettings::default() };
        let client = Client { settings, ..client(&store, "web") };
        write!(store, [client] tx => clients::upsert(tx, &client).await).unwrap();
    };
    keep("openid2 email").await;
    assert!(!any().await);
    keep("email openid").await;
    assert!(any().await);
}
