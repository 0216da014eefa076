use gatepost_domain::{
    Client, ClientId, ClientOrigin, ClientSettings, OrganizationId, RealmId, Scopes, Secret, TokenFormat,
    client::{PreviousSecret, RegisteredBy},
};
use gatepost_store::{Constraint, Error, clients, consents, organizations};

use crate::support::{NOW, Store, error_of, later};

on_every_backend!(
    a_client_with_openid_signs_people_in,
    a_client_is_made_changed_found_and_deleted,
    clients_are_listed_by_pages,
    clients_whose_tokens_are_in_a_format_are_listed,
    the_clients_of_an_organization_are_listed_and_end_with_it,
    a_client_that_came_by_itself_is_read_back,
    clients_that_nobody_vouches_for_are_counted_and_the_unused_deleted,
    the_names_of_the_realms_own_clients_are_told,
);

pub(crate) fn client(store: &Store, id: &str) -> Client {
    Client {
        id: id.parse().unwrap(),
        realm: store.realm,
        secret: Some(Secret::received("s3cret").digest()),
        previous_secret: None,
        sealed_secret: None,
        origin: gatepost_domain::ClientOrigin::Managed,
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

async fn clients_whose_tokens_are_in_a_format_are_listed(store: Store) {
    let keep = async |id: &str, token_format: TokenFormat, origin: ClientOrigin, jwks: Option<&str>| {
        let client = client(&store, id);
        let jwks = jwks.map(|jwks| serde_json::from_str(jwks).unwrap());
        let settings = ClientSettings { token_format, jwks, ..client.settings.clone() };
        let client = Client { settings, origin, ..client };
        write!(store, [client] tx => clients::upsert(tx, &client).await).unwrap();
    };
    let odd = r#"{"keys":[{"kty":"EC"}],"token_format":"scalekit"}"#;
    keep("b", TokenFormat::Scalekit, ClientOrigin::Managed, None).await;
    keep("a", TokenFormat::Scalekit, ClientOrigin::Managed, None).await;
    keep("c", TokenFormat::Standard, ClientOrigin::Managed, None).await;
    keep("d", TokenFormat::Standard, ClientOrigin::Managed, Some(odd)).await;
    keep("e", TokenFormat::Scalekit, registered(RegisteredBy::Anybody), None).await;
    let realm = store.realm;
    keep("f", TokenFormat::Zalt, ClientOrigin::Managed, None).await;
    let listed = async |format: TokenFormat, after: Option<&str>, limit: u32| {
        let after: Option<ClientId> = after.map(|id| id.parse().unwrap());
        let found = read!(store, [after] tx =>
            clients::list_in_format(tx, realm, format, after.as_ref(), limit).await);
        found.unwrap().into_iter().map(|client| client.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(listed(TokenFormat::Scalekit, None, 9).await, ["a", "b"]);
    assert_eq!(listed(TokenFormat::Scalekit, None, 1).await, ["a"]);
    assert_eq!(listed(TokenFormat::Scalekit, Some("a"), 9).await, ["b"]);
    assert_eq!(listed(TokenFormat::Zalt, None, 9).await, ["f"]);
}

async fn the_clients_of_an_organization_are_listed_and_end_with_it(store: Store) {
    let (acme, beta) = (store.organization("acme").await, store.organization("beta").await);
    let keep = async |id: &str, organization: Option<OrganizationId>, jwks: Option<&str>| {
        let client = client(&store, id);
        let jwks = jwks.map(|jwks| serde_json::from_str(jwks).unwrap());
        let settings = ClientSettings { organization, jwks, ..client.settings.clone() };
        let client = Client { settings, ..client };
        write!(store, [client] tx => clients::upsert(tx, &client).await).unwrap();
    };
    let odd = format!(r#"{{"keys":[{{"kty":"EC"}}],"organization":"{}"}}"#, acme.id);
    keep("b", Some(acme.id), None).await;
    keep("a", Some(acme.id), None).await;
    keep("c", Some(beta.id), None).await;
    keep("d", None, Some(&odd)).await;
    let realm = store.realm;
    let of = async |realm: RealmId, organization: OrganizationId| {
        let found =
            read!(store, [] tx => clients::list_of_organization(tx, realm, organization).await).unwrap();
        found.into_iter().map(|client| client.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(of(realm, acme.id).await, ["a", "b"]);
    assert_eq!(of(RealmId::MAX, acme.id).await, [""; 0]);
    let (version, id, message) = (store.version().await, acme.id, store.message());
    write!(store, [] tx => organizations::delete(tx, realm, id, NOW, message).await).unwrap();
    assert!(store.version().await > version, "who is known in memory is looked at again");
    let left = read!(store, [] tx => clients::list(tx, realm, None, 9).await).unwrap();
    assert_eq!(left.iter().map(|client| client.id.as_str()).collect::<Vec<_>>(), ["c", "d"]);
}

fn registered(by: RegisteredBy) -> ClientOrigin {
    ClientOrigin::Registered { by, token: Secret::received("token").digest() }
}

async fn a_client_that_came_by_itself_is_read_back(store: Store) {
    let realm = store.realm;
    for (id, origin) in [
        ("open", registered(RegisteredBy::Anybody)),
        ("invited", registered(RegisteredBy::InitialAccessToken)),
        ("https://app.test/client", ClientOrigin::Document { read_at: NOW, fresh_until: later(60) }),
    ] {
        let client = Client { origin, ..client(&store, id) };
        let (stored, id) = (client.clone(), client.id.clone());
        write!(store, [stored] tx => clients::upsert(tx, &stored).await).unwrap();
        assert_eq!(read!(store, [id] tx => clients::find(tx, realm, &id).await), Ok(Some(client)));
    }
    let version = store.version().await;
    let again = async |id: &str| {
        let id: ClientId = id.parse().unwrap();
        write!(store, [id] tx => clients::read_again(tx, realm, &id, later(60), later(90)).await).unwrap()
    };
    assert!(again("https://app.test/client").await && !again("open").await && !again("nobody").await);
    assert_eq!(store.version().await, version, "nothing that anybody keeps of the realm changed");
    let id: ClientId = "https://app.test/client".parse().unwrap();
    let found = read!(store, [id] tx => clients::find(tx, realm, &id).await).unwrap().unwrap();
    assert_eq!(found.origin, ClientOrigin::Document { read_at: later(60), fresh_until: later(90) });
}

async fn clients_that_nobody_vouches_for_are_counted_and_the_unused_deleted(store: Store) {
    let realm = store.realm;
    let document = ClientOrigin::Document { read_at: NOW, fresh_until: NOW };
    for (id, origin, created) in [
        ("managed", ClientOrigin::Managed, 0),
        ("invited", registered(RegisteredBy::InitialAccessToken), 0),
        ("old", registered(RegisteredBy::Anybody), 0),
        ("used", registered(RegisteredBy::Anybody), 0),
        ("new", registered(RegisteredBy::Anybody), 60),
        ("https://app.test/client", document, 0),
    ] {
        let client = Client { origin, created_at: later(created), ..client(&store, id) };
        write!(store, [client] tx => clients::upsert(tx, &client).await).unwrap();
    }
    let (user, used): (_, ClientId) = (store.user("ada").await, "used".parse().unwrap());
    let scopes: Scopes = "openid".parse().unwrap();
    write!(store, [used, scopes] tx => consents::give(tx, realm, user.id, &used, &scopes, NOW).await)
        .unwrap();
    let count = async || read!(store, [] tx => clients::count_unvouched(tx, realm).await).unwrap();
    assert_eq!(count().await, 4);
    let delete = async |before, limit| {
        write!(store, [] tx => clients::delete_unused(tx, realm, later(before), limit).await).unwrap()
    };
    let version = store.version().await;
    assert_eq!(delete(0, 9).await, 0);
    assert_eq!(store.version().await, version);
    assert_eq!((delete(60, 1).await, delete(60, 9).await, delete(60, 9).await), (1, 1, 0));
    assert!(store.version().await > version);
    assert_eq!(count().await, 2, "one that is used and one that is new");
}

async fn the_names_of_the_realms_own_clients_are_told(store: Store) {
    let realm = store.realm;
    let named = |name: Option<&str>| ClientSettings {
        name: name.map(|name| name.parse().unwrap()),
        ..ClientSettings::default()
    };
    for (id, origin, name) in [
        ("a", ClientOrigin::Managed, Some("Notes")),
        ("b", ClientOrigin::Managed, None),
        ("c", registered(RegisteredBy::Anybody), Some("Other")),
    ] {
        let client = Client { origin, settings: named(name), ..client(&store, id) };
        write!(store, [client] tx => clients::upsert(tx, &client).await).unwrap();
    }
    let names = read!(store, [] tx => clients::names_of_managed(tx, realm).await).unwrap();
    assert_eq!(names, ["Notes".parse().unwrap()]);
}
