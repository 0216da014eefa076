use std::collections::BTreeMap;

use gatepost_domain::{Notes, OrganizationId, RealmId};
use gatepost_store::{Constraint, Error, organization_notes, organizations};

use crate::support::{NOW, Store, error_of};

on_every_backend!(
    what_is_kept_is_replaced_and_found_by_the_external_id,
    what_is_kept_goes_with_the_organization,
);

fn notes(external_id: Option<&str>) -> Notes {
    let metadata = BTreeMap::from([("plan".to_owned(), "free \"for\" ever".to_owned())]);
    Notes { external_id: external_id.map(str::to_owned), metadata }
}

async fn what_is_kept_is_replaced_and_found_by_the_external_id(store: Store) {
    let (one, other) = (store.organization("one").await.id, store.organization("other").await.id);
    let realm = store.realm;
    let set = async |id: OrganizationId, notes: &Notes| write!(store, [notes] tx => organization_notes::set(tx, realm, id, &notes).await);
    let find = async |realm: RealmId, id: OrganizationId| read!(store, [] tx => organization_notes::find(tx, realm, id).await);
    let called = async |external_id: &str| {
        let external_id = external_id.to_owned();
        read!(store, [external_id] tx => organization_notes::find_by_external_id(tx, realm, &external_id).await)
    };
    assert_eq!(find(realm, one).await, Ok(Notes::default()));
    assert_eq!(set(one, &notes(Some("7"))).await, Ok(()));
    assert_eq!((find(realm, one).await, called("7").await), (Ok(notes(Some("7"))), Ok(Some(one))));
    assert_eq!(find(RealmId::MAX, one).await, Ok(Notes::default()));
    let taken = set(other, &notes(Some("7"))).await;
    assert_eq!(error_of(taken), Error::Conflict(Constraint::ExternalId));
    assert_eq!(set(other, &notes(None)).await, Ok(()));
    assert_eq!(set(one, &notes(None)).await, Ok(()), "several can be called nothing");
    assert_eq!(called("7").await, Ok(None));
    let homeless = set(OrganizationId::MAX, &notes(None)).await;
    assert_eq!(error_of(homeless), Error::Conflict(Constraint::Parent));
}

async fn what_is_kept_goes_with_the_organization(store: Store) {
    let (realm, id, message) = (store.realm, store.organization("one").await.id, store.message());
    let kept = notes(Some("7"));
    write!(store, [kept] tx => organization_notes::set(tx, realm, id, &kept).await).unwrap();
    write!(store, [] tx => organizations::delete(tx, realm, id, NOW, message).await).unwrap();
    assert_eq!(
        read!(store, [] tx => organization_notes::find_by_external_id(tx, realm, "7").await),
        Ok(None)
    );
}
