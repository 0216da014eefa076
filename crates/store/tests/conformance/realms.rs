use gatepost_domain::{Mfa, Profile, Realm, RealmId, RealmSettings};
use gatepost_store::{Constraint, Error, clients, outbox, realms, roles, signing_keys, users};

use crate::support::{NOW, Store, error_of, later};

on_every_backend!(
    a_realm_is_found_by_id_name_and_host,
    names_hosts_and_the_default_belong_to_one_realm,
    the_default_is_the_marked_realm_else_the_one_so_named,
    realms_are_listed_by_pages,
    settings_are_replaced_only_from_the_version_that_was_read,
    since_when_a_second_factor_is_required_is_kept_with_the_settings,
    a_deleted_realm_takes_everything_with_it,
);

fn realm(store: &Store, name: &str, hosts: &[&str]) -> Realm {
    let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
    let settings = RealmSettings { hosts, ..RealmSettings::for_profile(Profile::Zalt) };
    Realm::begin(RealmId::new(NOW, &store.dice), name.parse().unwrap(), settings, NOW)
}

async fn a_realm_is_found_by_id_name_and_host(store: Store) {
    let acme = realm(&store, "acme", &["auth.acme.test", "login.acme.test"]);
    write!(store, [acme] tx => realms::create(tx, &acme).await).unwrap();
    let (id, name) = (acme.id, acme.name.clone());
    assert_eq!(read!(store, [] tx => realms::find(tx, id).await), Ok(Some(acme.clone())));
    assert_eq!(read!(store, [name] tx => realms::find_by_name(tx, &name).await), Ok(Some(acme.clone())));
    assert_eq!(read!(store, [] tx => realms::find_by_host(tx, "login.acme.test").await), Ok(Some(acme)));
    assert_eq!(read!(store, [] tx => realms::find_by_host(tx, "acme.test").await), Ok(None));
    assert_eq!(read!(store, [] tx => realms::find(tx, RealmId::MIN).await), Ok(None));
    assert_eq!(read!(store, [] tx => realms::version(tx, RealmId::MIN).await), Ok(None));
}

async fn names_hosts_and_the_default_belong_to_one_realm(store: Store) {
    let mut acme = realm(&store, "acme", &["auth.acme.test"]);
    acme.is_default = true;
    write!(store, [acme] tx => realms::create(tx, &acme).await).unwrap();
    let named = realm(&store, "acme", &[]);
    let hosted = realm(&store, "other", &["auth.acme.test"]);
    let default = Realm { is_default: true, ..realm(&store, "third", &[]) };
    for (wrong, rule) in
        [(named, Constraint::RealmName), (hosted, Constraint::RealmHost), (default, Constraint::RealmDefault)]
    {
        assert_eq!(
            error_of(write!(store, [wrong] tx => realms::create(tx, &wrong).await)),
            Error::Conflict(rule)
        );
    }
    let names = read!(store, [] tx => realms::list(tx, None, 10).await).unwrap();
    assert_eq!(names.len(), 2, "nothing half-made is left");
    let again = write!(store, [acme] tx => realms::create(tx, &Realm { name: "new".parse().unwrap(), is_default: false, ..acme.clone() }).await);
    assert_eq!(error_of(again), Error::Conflict(Constraint::Id));
}

async fn the_default_is_the_marked_realm_else_the_one_so_named(store: Store) {
    let found = read!(store, [] tx => realms::find_default(tx).await).unwrap().unwrap();
    assert_eq!(found.id, store.realm, "the realm named default");
    let (acme, second) = (realm(&store, "acme", &[]), realm(&store, "second", &[]));
    for realm in [&acme, &second] {
        write!(store, [realm] tx => realms::create(tx, &realm).await).unwrap();
        let id = realm.id;
        assert!(write!(store, [] tx => realms::make_default(tx, id).await).unwrap());
        assert_eq!(read!(store, [] tx => realms::find_default(tx).await).unwrap().unwrap().id, id);
    }
    assert!(!write!(store, [] tx => realms::make_default(tx, RealmId::MIN).await).unwrap());
}

async fn realms_are_listed_by_pages(store: Store) {
    for n in 0..5 {
        let realm = realm(&store, &format!("realm-{n}"), &[]);
        write!(store, [realm] tx => realms::create(tx, &realm).await).unwrap();
    }
    let first = read!(store, [] tx => realms::list(tx, None, 4).await).unwrap();
    let after = first.last().map(|realm| realm.id);
    let second = read!(store, [] tx => realms::list(tx, after, 4).await).unwrap();
    assert_eq!((first.len(), second.len()), (4, 2));
    assert!(first.iter().all(|a| second.iter().all(|b| a.id < b.id)));
}

async fn settings_are_replaced_only_from_the_version_that_was_read(store: Store) {
    let id = store.realm;
    let mut settings = RealmSettings { hosts: vec!["a.test".into()], ..RealmSettings::default() };
    let before = read!(store, [] tx => realms::find(tx, id).await).unwrap().unwrap();
    let update = |settings: RealmSettings, version| {
        let (store, changed) = (store.clone(), before.with_settings(settings, NOW));
        async move { write!(store, [changed] tx => realms::update_settings(tx, &changed, version).await) }
    };
    let updated = update(settings.clone(), Some(1)).await.unwrap().unwrap();
    assert_eq!((updated.version, &updated.settings), (2, &settings));
    assert_eq!(update(RealmSettings::default(), Some(1)).await, Ok(None), "it has moved on");
    settings.hosts = vec!["b.test".into()];
    assert_eq!(update(settings.clone(), None).await.unwrap().unwrap().version, 3);
    assert_eq!(read!(store, [] tx => realms::find_by_host(tx, "a.test").await), Ok(None));
    let found = read!(store, [] tx => realms::find_by_host(tx, "b.test").await).unwrap().unwrap();
    assert_eq!((found.id, found.version, found.settings), (id, 3, settings));
    assert_eq!(store.version().await, 3);
    let nowhere = Realm { id: RealmId::MIN, ..before };
    let missing = write!(store, [nowhere] tx => realms::update_settings(tx, &nowhere, None).await);
    assert_eq!(missing, Ok(None));
}

async fn since_when_a_second_factor_is_required_is_kept_with_the_settings(store: Store) {
    let id = store.realm;
    let find = async || read!(store, [] tx => realms::find(tx, id).await).unwrap().unwrap();
    let saying = |mfa| RealmSettings { mfa, ..RealmSettings::default() };
    assert_eq!(find().await.mfa_required_since, None);
    for (mfa, at, since) in [
        (Mfa::Required, 5, Some(later(5))),
        (Mfa::Required, 9, Some(later(5))),
        (Mfa::Optional, 10, None),
        (Mfa::Required, 20, Some(later(20))),
    ] {
        let changed = find().await.with_settings(saying(mfa), later(at));
        let updated = write!(store, [changed] tx => realms::update_settings(tx, &changed, None).await);
        assert_eq!(updated.unwrap().unwrap().mfa_required_since, since, "{mfa:?} at {at}");
        assert_eq!(find().await.mfa_required_since, since, "{mfa:?} at {at}");
    }
    let (other, name) = (RealmId::new(NOW, &store.dice), "strict".parse().unwrap());
    let strict = Realm::begin(other, name, saying(Mfa::Required), later(1));
    write!(store, [strict] tx => realms::create(tx, &strict).await).unwrap();
    assert_eq!(read!(store, [] tx => realms::find(tx, other).await), Ok(Some(strict)));
}

async fn a_deleted_realm_takes_everything_with_it(store: Store) {
    let (user, session, grant) = store.signed_in("ada").await;
    let (realm, id, message) = (store.realm, user.id, store.message());
    write!(store, [] tx => users::sign_out_everywhere(tx, realm, id, NOW, message).await).unwrap();
    assert!(write!(store, [] tx => realms::delete(tx, realm).await).unwrap());
    assert!(store.find_user(&user).await.is_none() && store.find_grant(&grant).await.is_none());
    assert!(store.find_live(&session, NOW).await.is_none());
    assert_eq!(read!(store, [] tx => outbox::count(tx).await), Ok(0));
    assert_eq!(read!(store, [] tx => clients::list(tx, realm, None, 9).await), Ok(vec![]));
    assert_eq!(read!(store, [] tx => roles::list(tx, realm).await), Ok(vec![]));
    assert_eq!(read!(store, [] tx => signing_keys::list(tx, realm).await), Ok(vec![]));
    assert!(!write!(store, [] tx => realms::delete(tx, realm).await).unwrap());
}
