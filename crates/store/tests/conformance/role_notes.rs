use gatepost_domain::{RealmId, RoleName, RoleNotes};
use gatepost_store::{Constraint, Error, role_notes};

use crate::support::{Store, error_of};

on_every_backend!(what_is_kept_with_a_role_is_replaced_and_forgotten);

async fn what_is_kept_with_a_role_is_replaced_and_forgotten(store: Store) {
    let (realm, editor): (_, RoleName) = (store.realm, "editor".parse().unwrap());
    let notes = |name: &str| RoleNotes {
        display_name: Some(name.parse().unwrap()),
        description: Some("Writes \"notes\"".to_owned()),
    };
    let set = async |realm: RealmId, notes: RoleNotes| write!(store, [editor, notes] tx => role_notes::set(tx, realm, &editor, &notes).await);
    let list = async |realm: RealmId| read!(store, [] tx => role_notes::list(tx, realm).await).unwrap();
    set(realm, notes("Editor")).await.unwrap();
    set(realm, notes("Chief editor")).await.unwrap();
    assert_eq!(list(realm).await, [(editor.clone(), notes("Chief editor"))]);
    assert!(list(RealmId::MAX).await.is_empty());
    set(realm, RoleNotes::default()).await.unwrap();
    assert_eq!(list(realm).await, [(editor.clone(), RoleNotes::default())]);
    write!(store, [editor] tx => role_notes::remove(tx, realm, &editor).await).unwrap();
    assert!(list(realm).await.is_empty());
    assert_eq!(error_of(set(RealmId::MAX, notes("Editor")).await), Error::Conflict(Constraint::Parent));
}
