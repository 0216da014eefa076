use gatepost_domain::{RealmId, interceptor::InterceptorSecret};
use gatepost_store::{Constraint, Error, realms, sms_secrets};

use crate::support::{NOW, Store, error_of, later};

on_every_backend!(a_secret_is_kept_replaced_and_found_in_its_realm, a_secret_goes_with_its_realm,);

async fn set(store: &Store, realm: RealmId, secret: &InterceptorSecret) -> Result<(), Error> {
    let secret = secret.clone();
    write!(store, [secret] tx => sms_secrets::set(tx, realm, &secret, NOW).await)
}

async fn find(store: &Store, realm: RealmId) -> Option<InterceptorSecret> {
    read!(store, [] tx => sms_secrets::find(tx, realm).await).unwrap()
}

async fn a_secret_is_kept_replaced_and_found_in_its_realm(store: Store) {
    let realm = store.realm;
    assert_eq!(find(&store, realm).await, None);
    let first = InterceptorSecret { sealed: vec![1], previous: None };
    assert_eq!(set(&store, realm, &first).await, Ok(()));
    assert_eq!(find(&store, realm).await, Some(first));
    let second = InterceptorSecret { sealed: vec![2], previous: Some((vec![1], later(60))) };
    assert_eq!(set(&store, realm, &second).await, Ok(()));
    assert_eq!((find(&store, realm).await, find(&store, RealmId::MAX).await), (Some(second.clone()), None));
    assert_eq!(error_of(set(&store, RealmId::MAX, &second).await), Error::Conflict(Constraint::Parent));
}

async fn a_secret_goes_with_its_realm(store: Store) {
    let realm = store.realm;
    set(&store, realm, &InterceptorSecret { sealed: vec![1], previous: None }).await.unwrap();
    write!(store, [] tx => realms::delete(tx, realm).await).unwrap();
    assert_eq!(find(&store, realm).await, None);
}
