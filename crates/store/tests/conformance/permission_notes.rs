use gatepost_domain::{Permission, PermissionNotes, RealmId};
use gatepost_store::{Constraint, Error, permission_notes};

use crate::support::{NOW, Store, error_of, later};

on_every_backend!(a_permission_is_written_down_once_and_struck_out);

async fn a_permission_is_written_down_once_and_struck_out(store: Store) {
    let (realm, permission): (_, Permission) = (store.realm, "notes:read".parse().unwrap());
    let notes = |description: &str, at| PermissionNotes {
        permission: "notes:read".parse().unwrap(),
        description: description.to_owned(),
        created_at: at,
        updated_at: at,
    };
    let set = async |realm: RealmId, notes: PermissionNotes| write!(store, [notes] tx => permission_notes::set(tx, realm, &notes).await);
    let list = async |realm: RealmId| read!(store, [] tx => permission_notes::list(tx, realm).await).unwrap();
    set(realm, notes("", NOW)).await.unwrap();
    set(realm, notes("Reads notes", later(9))).await.unwrap();
    assert_eq!(list(realm).await, [PermissionNotes { created_at: NOW, ..notes("Reads notes", later(9)) }]);
    assert!(list(RealmId::MAX).await.is_empty());
    let remove =
        async || write!(store, [permission] tx => permission_notes::remove(tx, realm, &permission).await);
    assert_eq!((remove().await, remove().await), (Ok(true), Ok(false)));
    assert!(list(realm).await.is_empty());
    assert_eq!(error_of(set(RealmId::MAX, notes("", NOW)).await), Error::Conflict(Constraint::Parent));
}
