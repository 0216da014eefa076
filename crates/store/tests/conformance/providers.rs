use gatepost_domain::{Provider, ProviderSettings, RealmId};
use gatepost_store::{Constraint, Error, providers};

use crate::support::{NOW, Store, error_of, later};

on_every_backend!(a_provider_is_made_and_changed_and_the_realm_moves_on, providers_stand_in_their_order);

fn provider(store: &Store, id: &str, position: u32) -> Provider {
    Provider {
        realm: store.realm,
        id: id.parse().unwrap(),
        position,
        settings: ProviderSettings { client_id: "ours".into(), ..ProviderSettings::default() },
        sealed_secret: Some(b"sealed".to_vec()),
        created_at: NOW,
        updated_at: NOW,
    }
}

async fn list(store: &Store) -> Vec<Provider> {
    let realm = store.realm;
    read!(store, [] tx => providers::list(tx, realm).await).unwrap()
}

async fn a_provider_is_made_and_changed_and_the_realm_moves_on(store: Store) {
    let before = store.version().await;
    let made = provider(&store, "google", 0);
    write!(store, [made] tx => providers::upsert(tx, &made).await).unwrap();
    assert_eq!(list(&store).await, std::slice::from_ref(&made));
    assert!(store.version().await > before, "what is in memory is read again");
    let settings = ProviderSettings { enabled: false, ..made.settings.clone() };
    let changed =
        Provider { settings, sealed_secret: None, position: 3, updated_at: later(1), ..made.clone() };
    // The moment it was made stays.
    let offered = Provider { created_at: later(1), ..changed.clone() };
    write!(store, [offered] tx => providers::upsert(tx, &offered).await).unwrap();
    assert_eq!(list(&store).await, [changed]);
    let nowhere = Provider { realm: RealmId::MAX, ..made };
    let refused = write!(store, [nowhere] tx => providers::upsert(tx, &nowhere).await);
    assert_eq!(error_of(refused), Error::Conflict(Constraint::Parent));
}

async fn providers_stand_in_their_order(store: Store) {
    for (id, position) in [("c", 0), ("b", 2), ("a-1", 1), ("a", 1)] {
        let made = provider(&store, id, position);
        write!(store, [made] tx => providers::upsert(tx, &made).await).unwrap();
    }
    let ids: Vec<_> = list(&store).await.iter().map(|one| one.id.to_string()).collect();
    assert_eq!(ids, ["c", "a", "a-1", "b"]);
}
