use gatepost_domain::{LogoUrl, Metadata, Organization, OrganizationId, RealmId, mfa::OrganizationMfa};
use gatepost_store::{
    Constraint, Error,
    organizations::{self, OrganizationChanges},
};

use crate::support::{NOW, Store, at_once, error_of, later};

on_every_backend!(
    an_organization_is_found_by_id_and_slug_in_its_realm_only,
    organizations_are_listed_in_pages_and_searched,
    the_organizations_of_a_user_are_listed_with_what_the_user_is_there,
    a_name_and_a_slug_change_by_themselves,
    a_logo_and_metadata_are_kept_replaced_and_taken_away,
    since_when_it_asks_for_a_second_factor_is_kept_until_it_does_not,
    the_first_that_asks_for_a_second_factor_is_found,
    one_slug_is_taken_once,
    an_organization_goes_with_its_members,
);

async fn an_organization_is_found_by_id_and_slug_in_its_realm_only(store: Store) {
    let acme = store.organization("acme").await;
    let (realm, id, slug) = (store.realm, acme.id, acme.slug.clone());
    assert_eq!(read!(store, [] tx => organizations::find(tx, realm, id).await), Ok(Some(acme.clone())));
    assert_eq!(
        read!(store, [slug] tx => organizations::find_by_slug(tx, realm, &slug).await),
        Ok(Some(acme.clone()))
    );
    assert_eq!(read!(store, [] tx => organizations::find(tx, RealmId::MAX, id).await), Ok(None));
    assert_eq!(
        read!(store, [slug] tx => organizations::find_by_slug(tx, RealmId::MAX, &slug).await),
        Ok(None)
    );
    let taken = Organization { id: OrganizationId::new(NOW, &store.dice), ..acme.clone() };
    let refused = write!(store, [taken] tx => organizations::create(tx, &taken).await);
    assert_eq!(error_of(refused), Error::Conflict(Constraint::OrganizationSlug));
    let orphan = Organization { realm: RealmId::MAX, ..acme };
    let refused = write!(store, [orphan] tx => organizations::create(tx, &orphan).await);
    assert_eq!(error_of(refused), Error::Conflict(Constraint::Parent));
}

async fn organizations_are_listed_in_pages_and_searched(store: Store) {
    let mut all = Vec::new();
    for slug in ["acme", "acme-2", "zebra"] {
        all.push(store.organization(slug).await);
    }
    all.sort_by_key(|organization| organization.id);
    let realm = store.realm;
    let page = |search: Option<&'static str>, after: Option<OrganizationId>, limit| {
        let store = store.clone();
        async move { read!(store, [] tx => organizations::list(tx, realm, search, after, limit).await).unwrap() }
    };
    assert_eq!(page(None, None, 2).await, all[..2]);
    assert_eq!(page(None, Some(all[1].id), 2).await, all[2..]);
    let slugs = |found: Vec<Organization>| {
        let mut slugs: Vec<String> = found.iter().map(|one| one.slug.to_string()).collect();
        slugs.sort_unstable();
        slugs
    };
    assert_eq!(slugs(page(Some("CME"), None, 9).await), ["acme", "acme-2"]);
    for nothing in ["%", "_", "!", "acme_2"] {
        assert!(page(Some(nothing), None, 9).await.is_empty(), "{nothing}");
    }
}

async fn the_organizations_of_a_user_are_listed_with_what_the_user_is_there(store: Store) {
    let (ada, bob) = (store.user("ada").await, store.user("bob").await);
    let mut mine = Vec::new();
    for slug in ["acme", "beta", "gamma"] {
        let organization = store.organization(slug).await;
        let member = store.join(&organization, &ada, "owner editor").await;
        mine.push((organization, member));
    }
    store.join(&mine[0].0, &bob, "").await;
    store.organization("delta").await;
    mine.sort_by_key(|(organization, _)| organization.id);
    let (realm, user, after) = (store.realm, ada.id, mine[0].0.id);
    assert_eq!(
        read!(store, [] tx => organizations::list_of(tx, realm, user, None, 2).await).unwrap(),
        mine[..2]
    );
    assert_eq!(
        read!(store, [] tx => organizations::list_of(tx, realm, user, Some(after), 9).await).unwrap(),
        mine[1..]
    );
    let bob = bob.id;
    let of_bob = read!(store, [] tx => organizations::list_of(tx, realm, bob, None, 9).await).unwrap();
    assert_eq!((of_bob.len(), of_bob[0].1.roles.len()), (1, 0));
}

async fn a_name_and_a_slug_change_by_themselves(store: Store) {
    let (acme, _) = (store.organization("acme").await, store.organization("zebra").await);
    let (realm, id) = (store.realm, acme.id);
    let update = |slug: Option<&str>, name: Option<&str>, at| {
        let changes = OrganizationChanges {
            slug: slug.map(|slug| slug.parse().unwrap()),
            name: name.map(|name| name.parse().unwrap()),
            ..OrganizationChanges::default()
        };
        let store = store.clone();
        async move { write!(store, [changes] tx => organizations::update(tx, realm, id, &changes, at).await) }
    };
    let named = update(None, Some("Acme Ltd"), later(1)).await.unwrap().unwrap();
    let expected =
        Organization { name: "Acme Ltd".parse().unwrap(), updated_at: later(1), version: 2, ..acme.clone() };
    assert_eq!(named, expected);
    let moved = update(Some("acme-ltd"), None, later(2)).await.unwrap().unwrap();
    assert_eq!((moved.slug.as_str(), &moved.name, moved.version), ("acme-ltd", &named.name, 3));
    let refused = update(Some("zebra"), Some("Zebra"), later(3)).await;
    assert_eq!(error_of(refused), Error::Conflict(Constraint::OrganizationSlug));
    assert_eq!(read!(store, [] tx => organizations::find(tx, realm, id).await), Ok(Some(moved)));
    let unknown = OrganizationId::MAX;
    let nothing = OrganizationChanges::default();
    assert_eq!(
        write!(store, [nothing] tx => organizations::update(tx, realm, unknown, &nothing, NOW).await),
        Ok(None)
    );
}

async fn a_logo_and_metadata_are_kept_replaced_and_taken_away(store: Store) {
    let logo: LogoUrl = "https://example.com/acme.png".parse().unwrap();
    let metadata: Metadata = r#"{"deep":{"a":[1,null,"\u0000"]},"plan":"pro"}"#.parse().unwrap();
    let (realm, id) = (store.realm, OrganizationId::new(NOW, &store.dice));
    let acme = Organization {
        logo_url: Some(logo.clone()),
        metadata: Some(metadata.clone()),
        ..Organization::begin(id, realm, "acme".parse().unwrap(), "Acme".parse().unwrap(), NOW)
    };
    write!(store, [acme] tx => organizations::create(tx, &acme).await).unwrap();
    assert_eq!(read!(store, [] tx => organizations::find(tx, realm, id).await), Ok(Some(acme.clone())));
    let update = async |logo_url, metadata| {
        let changes = OrganizationChanges { logo_url, metadata, ..OrganizationChanges::default() };
        let changed =
            write!(store, [changes] tx => organizations::update(tx, realm, id, &changes, NOW).await);
        let changed = changed.unwrap().unwrap();
        (changed.logo_url, changed.metadata)
    };
    let other: Metadata = "{}".parse().unwrap();
    assert_eq!(update(None, None).await, (Some(logo.clone()), Some(metadata.clone())), "they stay");
    assert_eq!(update(Some(None), None).await, (None, Some(metadata)));
    assert_eq!(
        update(Some(Some(logo.clone())), Some(Some(other.clone()))).await,
        (Some(logo.clone()), Some(other))
    );
    assert_eq!(update(None, Some(None)).await, (Some(logo), None));
}

async fn since_when_it_asks_for_a_second_factor_is_kept_until_it_does_not(store: Store) {
    let acme = store.organization("acme").await;
    let (realm, id) = (store.realm, acme.id);
    let say = async |mfa, at| {
        let changes = OrganizationChanges { mfa, ..OrganizationChanges::default() };
        let changed = write!(store, [changes] tx => organizations::update(tx, realm, id, &changes, at).await);
        changed.unwrap().unwrap().mfa_required_since
    };
    assert_eq!(acme.mfa_required_since, None);
    let (required, inherit) = (Some(OrganizationMfa::Required), Some(OrganizationMfa::Inherit));
    assert_eq!(say(required, later(1)).await, Some(later(1)));
    assert_eq!(say(required, later(2)).await, Some(later(1)), "said once more, it does not begin anew");
    assert_eq!(say(None, later(3)).await, Some(later(1)), "another change leaves it");
    let found = read!(store, [] tx => organizations::find(tx, realm, id).await).unwrap().unwrap();
    assert_eq!((found.mfa_required_since, found.version), (Some(later(1)), 4));
    assert_eq!(say(inherit, later(4)).await, None);
    assert_eq!(say(inherit, later(5)).await, None);
    assert_eq!(say(required, later(6)).await, Some(later(6)));
    let id = OrganizationId::new(NOW, &store.dice);
    let beta = Organization::begin(id, realm, "beta".parse().unwrap(), "Beta".parse().unwrap(), NOW);
    let beta = Organization { mfa_required_since: Some(later(7)), ..beta };
    write!(store, [beta] tx => organizations::create(tx, &beta).await).unwrap();
    assert_eq!(read!(store, [] tx => organizations::find(tx, realm, id).await), Ok(Some(beta)));
}

async fn the_first_that_asks_for_a_second_factor_is_found(store: Store) {
    let (ada, bob) = (store.user("ada").await, store.user("bob").await);
    let mut made = Vec::new();
    for slug in ["acme", "beta", "gamma"] {
        made.push(store.organization(slug).await);
    }
    store.join(&made[0], &ada, "").await;
    store.join(&made[1], &ada, "").await;
    store.join(&made[0], &bob, "").await;
    let (realm, ada, bob) = (store.realm, ada.id, bob.id);
    let any = async || {
        let found = read!(store, [] tx => organizations::find_requiring_factor(tx, realm).await);
        found.unwrap().map(|found| found.slug.to_string())
    };
    let of = async |user| {
        let found = read!(store, [] tx => organizations::find_requiring_factor_of(tx, realm, user).await);
        found.unwrap().map(|found| found.slug.to_string())
    };
    assert_eq!((any().await, of(ada).await), (None, None));
    for (organization, at) in [(made[2].id, 1), (made[1].id, 2)] {
        let mfa = Some(OrganizationMfa::Required);
        let changes = OrganizationChanges { mfa, ..OrganizationChanges::default() };
        write!(store, [changes] tx => organizations::update(tx, realm, organization, &changes, later(at)).await)
            .unwrap();
    }
    assert_eq!(any().await.as_deref(), Some("gamma"));
    assert_eq!((of(ada).await.as_deref(), of(bob).await), (Some("beta"), None));
    let elsewhere =
        read!(store, [] tx => organizations::find_requiring_factor_of(tx, RealmId::MAX, ada).await);
    assert_eq!(elsewhere, Ok(None));
    assert_eq!(read!(store, [] tx => organizations::find_requiring_factor(tx, RealmId::MAX).await), Ok(None));
}

async fn one_slug_is_taken_once(store: Store) {
    let results = at_once(8, |_| {
        let (slug, name) = ("acme".parse().unwrap(), "Acme".parse().unwrap());
        let organization =
            Organization::begin(OrganizationId::new(NOW, &store.dice), store.realm, slug, name, NOW);
        let store = store.clone();
        async move { write!(store, [organization] tx => organizations::create(tx, &organization).await) }
    })
    .await;
    assert_eq!(results.iter().filter(|made| made.is_ok()).count(), 1);
    for refused in results.into_iter().filter(Result::is_err) {
        assert_eq!(error_of(refused), Error::Conflict(Constraint::OrganizationSlug));
    }
}

async fn an_organization_goes_with_its_members(store: Store) {
    let ada = store.user("ada").await;
    let (acme, beta) = (store.organization("acme").await, store.organization("beta").await);
    store.join(&acme, &ada, "owner").await;
    let kept = store.join(&beta, &ada, "owner").await;
    let (realm, id, message) = (store.realm, acme.id, store.message());
    assert_eq!(write!(store, [] tx => organizations::delete(tx, realm, id, NOW, message).await), Ok(true));
    assert_eq!(store.waiting_messages().await, 1);
    assert_eq!(read!(store, [] tx => organizations::find(tx, realm, id).await), Ok(None));
    assert_eq!(store.find_member(&acme, &ada).await, None);
    assert_eq!(store.find_member(&beta, &ada).await, Some(kept));
    assert_eq!(
        store.find_user(&ada).await.unwrap().version,
        ada.version + 1,
        "a refresh under way looks again"
    );
    let again = store.message();
    assert_eq!(write!(store, [] tx => organizations::delete(tx, realm, id, NOW, again).await), Ok(false));
}
