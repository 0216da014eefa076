use gatepost_domain::{PersonalClaims, UserId};
use gatepost_store::personal_claims;

use crate::support::{Store, later};

on_every_backend!(what_is_known_of_a_person_is_replaced_as_a_whole_and_changes_the_version);

async fn what_is_known_of_a_person_is_replaced_as_a_whole_and_changes_the_version(store: Store) {
    let ada = store.user("ada").await;
    let (realm, id) = (store.realm, ada.id);
    let known = async || read!(store, [] tx => personal_claims::find(tx, realm, id).await).unwrap();
    assert!(known().await.is_empty());
    let claims = PersonalClaims { given_name: Some("Ada".into()), ..PersonalClaims::default() };
    let set = async |user: UserId, claims: &PersonalClaims| {
        write!(store, [claims] tx => personal_claims::set(tx, realm, user, &claims, later(1)).await).unwrap()
    };
    assert!(set(id, &claims).await && !set(UserId::MAX, &claims).await);
    assert_eq!(known().await, claims);
    assert_eq!(store.find_user(&ada).await.unwrap().version, ada.version + 1);
    assert!(set(id, &PersonalClaims::default()).await);
    assert!(known().await.is_empty());
}
