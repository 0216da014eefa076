use gatepost_domain::{Client, ClientId, ClientSettings, Consent, Scopes, User, UserId};
use gatepost_store::{Constraint, Error, clients, consents};

use crate::support::{NOW, Store, error_of, later};

on_every_backend!(
    what_a_user_agreed_to_grows_and_is_withdrawn_as_one,
    consent_is_a_users_and_a_clients_and_ends_with_either,
    everything_a_user_agreed_to_is_listed,
);

async fn client(store: &Store, id: &str) -> ClientId {
    let client = Client {
        id: id.parse().unwrap(),
        realm: store.realm,
        secret: None,
        previous_secret: None,
        sealed_secret: None,
        origin: gatepost_domain::ClientOrigin::Managed,
        settings: ClientSettings::default(),
        created_at: NOW,
        updated_at: NOW,
        version: 1,
    };
    write!(store, [client] tx => clients::upsert(tx, &client).await).unwrap().id
}

async fn give(store: &Store, user: &User, client: &ClientId, scopes: &str, seconds: u64) -> Consent {
    let (realm, user, scopes): (_, _, Scopes) = (store.realm, user.id, scopes.parse().unwrap());
    let now = later(seconds);
    write!(store, [client, scopes] tx => consents::give(tx, realm, user, &client, &scopes, now).await)
        .unwrap()
}

async fn found(store: &Store, user: &User, client: &ClientId) -> Option<Consent> {
    let (realm, user) = (store.realm, user.id);
    read!(store, [client] tx => consents::find(tx, realm, user, &client).await).unwrap()
}

async fn what_a_user_agreed_to_grows_and_is_withdrawn_as_one(store: Store) {
    let (ada, web) = (store.user("ada").await, client(&store, "web").await);
    assert_eq!(found(&store, &ada, &web).await, None);
    give(&store, &ada, &web, "openid email", 0).await;
    let grown = give(&store, &ada, &web, "notes:read openid", 5).await;
    assert_eq!(grown.scopes.to_string(), "openid email notes:read");
    assert_eq!((grown.created_at, grown.updated_at), (NOW, later(5)));
    assert_eq!(found(&store, &ada, &web).await, Some(grown));
    let (realm, user) = (store.realm, ada.id);
    let withdraw =
        async || write!(store, [web] tx => consents::withdraw(tx, realm, user, &web).await).unwrap();
    assert_eq!([withdraw().await, withdraw().await], [true, false]);
    assert_eq!(found(&store, &ada, &web).await, None);
    let (eve, app) = (store.user("eve").await, client(&store, "app").await);
    for (user, client) in [(&ada, &web), (&eve, &web), (&ada, &app)] {
        give(&store, user, client, "openid", 9).await;
    }
    assert_eq!(write!(store, [web] tx => consents::withdraw_all_of(tx, realm, &web).await).unwrap(), 2);
    assert_eq!(found(&store, &eve, &web).await, None);
    assert!(found(&store, &ada, &app).await.is_some());
}

async fn consent_is_a_users_and_a_clients_and_ends_with_either(store: Store) {
    let (ada, eve, web) = (store.user("ada").await, store.user("eve").await, client(&store, "web").await);
    give(&store, &ada, &web, "openid", 0).await;
    assert_eq!(found(&store, &eve, &web).await, None);
    let (realm, scopes) = (store.realm, Scopes::default());
    let orphan =
        write!(store, [web, scopes] tx => consents::give(tx, realm, UserId::MAX, &web, &scopes, NOW).await);
    assert_eq!(error_of(orphan), Error::Conflict(Constraint::Parent));
    assert!(write!(store, [web] tx => clients::delete(tx, realm, &web).await).unwrap());
    assert_eq!(found(&store, &ada, &web).await, None);
}

async fn everything_a_user_agreed_to_is_listed(store: Store) {
    let (ada, eve) = (store.user("ada").await, store.user("eve").await);
    for id in ["web", "app"] {
        let client = client(&store, id).await;
        give(&store, &ada, &client, "openid", 0).await;
    }
    give(&store, &eve, &"web".parse().unwrap(), "email", 0).await;
    let (realm, user) = (store.realm, ada.id);
    let listed = read!(store, [] tx => consents::list(tx, realm, user).await).unwrap();
    assert_eq!(listed.iter().map(|consent| consent.client.as_str()).collect::<Vec<_>>(), ["app", "web"]);
}
