use gatepost_domain::{RealmId, Role};
use gatepost_store::{Constraint, Error, roles};

use crate::support::{Store, error_of};

on_every_backend!(the_roles_of_a_realm_are_replaced_together);

fn role(name: &str, permissions: &[&str], inherits: &[&str]) -> Role {
    Role {
        name: name.parse().unwrap(),
        permissions: permissions.iter().map(|p| p.parse().unwrap()).collect(),
        inherits: inherits.iter().map(|r| r.parse().unwrap()).collect(),
    }
}

async fn the_roles_of_a_realm_are_replaced_together(store: Store) {
    let realm = store.realm;
    let first = vec![
        role("Zoo", &[], &[]),
        role("admin", &["users:*", "notes:read"], &["member"]),
        role("member", &[], &[]),
    ];
    write!(store, [first] tx => roles::replace(tx, realm, &first).await).unwrap();
    assert_eq!(read!(store, [] tx => roles::list(tx, realm).await), Ok(first.clone()));
    assert_eq!(store.version().await, 2);
    let twice = vec![role("a", &[], &[]), role("a", &[], &[])];
    assert!(write!(store, [twice] tx => roles::replace(tx, realm, &twice).await).is_err());
    assert_eq!(
        read!(store, [] tx => roles::list(tx, realm).await),
        Ok(first),
        "the old ones are still there"
    );
    let second = vec![role("member", &["notes:write"], &[])];
    write!(store, [second] tx => roles::replace(tx, realm, &second).await).unwrap();
    assert_eq!(read!(store, [] tx => roles::list(tx, realm).await), Ok(second.clone()));
    let homeless = write!(store, [second] tx => roles::replace(tx, RealmId::MAX, &second).await);
    assert_eq!(error_of(homeless), Error::Conflict(Constraint::Parent));
}
