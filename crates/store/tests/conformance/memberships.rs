use std::time::Duration;

use gatepost_domain::mfa::{Level, Missing, Offer, OrganizationMfa};
use gatepost_domain::{Membership, Organization, PersonalClaims, RealmId, RoleName, Timestamp, User, UserId};
use gatepost_store::memberships::{self, Acting, Bearing, Choice, Chosen, Order, Slice};
use gatepost_store::organizations::{self, OrganizationChanges};
use gatepost_store::{Constraint, Error, personal_claims, totp_seeds, users};

use crate::support::{NOW, Store, at_once, error_of, later};

on_every_backend!(
    a_member_is_added_once_and_found_in_that_organization_only,
    mf_05_who_acts_in_an_organization_has_shown_what_it_asks_for,
    the_grace_of_an_organization_counts_from_its_demand_or_the_account,
    members_are_listed_with_their_accounts_in_pages,
    members_are_chosen_put_in_order_and_counted,
    other_roles_and_a_removal_stop_a_refresh_under_way_and_tell_verifiers,
    owners_are_told_from_others_and_from_those_who_cannot_sign_in,
    a_role_of_any_member_is_in_use,
    members_are_counted_by_role_in_one_organization_or_in_all,
    a_membership_ends_with_its_user,
    ad_02_owners_who_remove_each_other_at_once_leave_one,
    ad_02_an_owner_who_leaves_while_another_is_deleted_leaves_one,
);

async fn a_member_is_added_once_and_found_in_that_organization_only(store: Store) {
    let (ada, bob) = (store.user("ada").await, store.user("bob").await);
    let (acme, beta) = (store.organization("acme").await, store.organization("beta").await);
    let member = store.join(&acme, &ada, "owner editor").await;
    assert_eq!(store.find_member(&acme, &ada).await, Some(member.clone()));
    assert_eq!((store.find_member(&beta, &ada).await, store.find_member(&acme, &bob).await), (None, None));
    let (organization, user) = (acme.id, ada.id);
    assert_eq!(
        read!(store, [] tx => memberships::find(tx, RealmId::MAX, organization, user).await),
        Ok(None)
    );
    for (refused, why) in [
        (member.clone(), Constraint::Member),
        (Membership { user: UserId::MAX, ..member.clone() }, Constraint::Parent),
        (Membership { realm: RealmId::MAX, ..member }, Constraint::Parent),
    ] {
        let refused = write!(store, [refused] tx => memberships::create(tx, &refused).await);
        assert_eq!(error_of(refused), Error::Conflict(why));
    }
}

/// What somebody lacks who acts by a session of that level, in a realm with that grace; `None`: no member.
async fn lacks(
    store: &Store,
    (organization, user): (&Organization, &User),
    (level, grace): (Level, Duration),
    at: Timestamp,
) -> Option<Missing> {
    let (realm, organization, user) = (store.realm, organization.id, user.id);
    let bearing = Bearing { level, grace };
    let found =
        read!(store, [] tx => memberships::find_acting(tx, realm, organization, user, bearing, at).await);
    found.unwrap().map(|acting| {
        assert_eq!(acting.missing.is_passed(), acting.clone().allowed().is_some());
        acting.missing
    })
}

async fn ask_for_a_factor(store: &Store, organization: &Organization, at: Timestamp) {
    let (realm, id) = (store.realm, organization.id);
    let changes =
        OrganizationChanges { mfa: Some(OrganizationMfa::Required), ..OrganizationChanges::default() };
    write!(store, [changes] tx => organizations::update(tx, realm, id, &changes, at).await).unwrap();
}

async fn mf_05_who_acts_in_an_organization_has_shown_what_it_asks_for(store: Store) {
    let (ada, bob) = (store.user("ada").await, store.user("bob").await);
    let acme = store.organization("acme").await;
    let member = store.join(&acme, &ada, "owner").await;
    let (one, two) = ((Level::One, Duration::ZERO), (Level::Two, Duration::ZERO));
    let at = later(10);
    assert_eq!(lacks(&store, (&acme, &ada), one, at).await, Some(Missing::Nothing), "nobody asks");
    ask_for_a_factor(&store, &acme, NOW).await;
    assert_eq!(lacks(&store, (&acme, &ada), one, at).await, Some(Missing::SetUp));
    assert_eq!(lacks(&store, (&acme, &ada), two, at).await, Some(Missing::Nothing));
    for level in [one, two] {
        assert_eq!(lacks(&store, (&acme, &bob), level, at).await, None, "no member");
    }
    // An app that is only begun is none; one that counts is asked for.
    let (realm, user) = (store.realm, ada.id);
    write!(store, [] tx => totp_seeds::begin(tx, realm, user, b"seed", NOW).await).unwrap();
    assert_eq!(lacks(&store, (&acme, &ada), one, at).await, Some(Missing::SetUp));
    write!(store, [] tx => totp_seeds::confirm(tx, realm, user, (b"seed", b"seed"), 1, NOW).await).unwrap();
    assert_eq!(lacks(&store, (&acme, &ada), one, at).await, Some(Missing::Factor));
    let (organization, bearing) = (acme.id, Bearing { level: Level::Two, grace: Duration::ZERO });
    let found =
        read!(store, [] tx => memberships::find_acting(tx, realm, organization, user, bearing, at).await);
    assert_eq!(found.unwrap().and_then(Acting::allowed), Some(member));
    let elsewhere = read!(store, [] tx =>
        memberships::find_acting(tx, RealmId::MAX, organization, user, bearing, at).await);
    assert_eq!(elsewhere, Ok(None));
}

async fn the_grace_of_an_organization_counts_from_its_demand_or_the_account(store: Store) {
    let ada = store.user("ada").await;
    let acme = store.organization("acme").await;
    store.join(&acme, &ada, "").await;
    ask_for_a_factor(&store, &acme, later(100)).await;
    let hour = (Level::One, Duration::from_hours(1));
    let soon = Missing::Offer(Offer::Until(later(3_700)));
    assert_eq!(lacks(&store, (&acme, &ada), hour, later(100)).await, Some(soon));
    assert_eq!(lacks(&store, (&acme, &ada), hour, later(3_699)).await, Some(soon));
    assert_eq!(lacks(&store, (&acme, &ada), hour, later(3_700)).await, Some(Missing::SetUp));
    // Whoever leaves and comes back has waited already.
    let (realm, organization, user, message) = (store.realm, acme.id, ada.id, store.message());
    write!(store, [] tx => memberships::remove(tx, realm, organization, user, later(3_800), message).await)
        .unwrap();
    store.join(&acme, &ada, "").await;
    assert_eq!(lacks(&store, (&acme, &ada), hour, later(3_900)).await, Some(Missing::SetUp));
}

async fn members_are_listed_with_their_accounts_in_pages(store: Store) {
    let acme = store.organization("acme").await;
    let other = store.organization("beta").await;
    let mut members = Vec::new();
    for name in ["ada", "bob", "cleo"] {
        let user = store.user(name).await;
        members.push((store.join(&acme, &user, "editor").await, user));
    }
    store.join(&other, &store.user("eve").await, "").await;
    members.sort_by_key(|(member, _)| member.user);
    let (realm, organization, after) = (store.realm, acme.id, members[1].0.user);
    let first = read!(store, [] tx => memberships::list(tx, realm, organization, None, None, 2).await);
    assert_eq!(first.unwrap(), members[..2]);
    let rest = read!(store, [] tx => memberships::list(tx, realm, organization, None, Some(after), 2).await);
    assert_eq!(rest.unwrap(), members[2..]);
    // Those without a second factor, and those with one; an app that is only begun is none.
    let (begun, counts) = (members[0].0.user, members[1].0.user);
    for user in [begun, counts] {
        write!(store, [] tx => totp_seeds::begin(tx, realm, user, b"seed", NOW).await).unwrap();
    }
    write!(store, [] tx => totp_seeds::confirm(tx, realm, counts, (b"seed", b"seed"), 1, NOW).await).unwrap();
    let of = async |has_factor, after: Option<UserId>| {
        read!(store, [] tx => memberships::list(tx, realm, organization, Some(has_factor), after, 9).await)
            .unwrap()
    };
    assert_eq!(of(true, None).await, members[1..2]);
    assert_eq!(of(false, None).await, [members[0].clone(), members[2].clone()]);
    assert_eq!((of(false, Some(begun)).await, of(true, Some(counts)).await), (members[2..].to_vec(), vec![]));
}

async fn members_are_chosen_put_in_order_and_counted(store: Store) {
    let (acme, beta) = (store.organization("acme").await, store.organization("beta").await);
    let mut of = std::collections::BTreeMap::new();
    for (name, roles, since) in
        [("ada", "admin owner", 3), ("bob", "", 1), ("cleo", "admin", 2), ("dora", "Admin", 0)]
    {
        let user = store.user(name).await;
        let roles = roles.split_whitespace().map(|role| role.parse().unwrap()).collect();
        let member = Membership::begin(store.realm, acme.id, user.id, roles, later(since));
        write!(store, [member] tx => memberships::create(tx, &member).await).unwrap();
        of.insert(user.id, name);
    }
    store.join(&beta, &store.user("eve").await, "admin").await;
    let (realm, organization) = (store.realm, acme.id);
    let choose = async |choice: Choice, slice: Slice| {
        let found =
            read!(store, [choice] tx => memberships::choose(tx, realm, organization, &choice, slice).await);
        found.unwrap()
    };
    let id = |name: &str| *of.iter().find(|(_, known)| **known == name).unwrap().0;
    let names = async |choice: Choice, order, descending, offset, limit| {
        let (found, all) = choose(choice, Slice { order, descending, offset, limit }).await;
        (found.iter().map(|chosen| of[&chosen.user.id]).collect::<Vec<_>>().join(" "), all)
    };
    let everybody = Choice::default;
    let by_account: Vec<&str> = of.values().copied().collect();
    assert_eq!(names(everybody(), Order::Account, false, 0, 9).await, (by_account.join(" "), 4));
    let backwards: Vec<&str> = by_account.iter().rev().copied().collect();
    assert_eq!(names(everybody(), Order::Account, true, 0, 9).await, (backwards.join(" "), 4));
    assert_eq!(names(everybody(), Order::Since, false, 0, 9).await, ("dora bob cleo ada".into(), 4));
    assert_eq!(names(everybody(), Order::Since, true, 1, 2).await, ("cleo bob".into(), 4));
    let (by_roles, _) = names(everybody(), Order::Roles, false, 0, 9).await;
    assert!(by_roles.starts_with("bob ") && by_roles.ends_with("ada"), "{by_roles}");
    assert!(names(everybody(), Order::Roles, true, 0, 1).await.0 == "ada");
    assert_eq!(names(everybody(), Order::Account, false, 9, 9).await, (String::new(), 4));

    let list = |text: &str| text.split_whitespace().map(|role| role.parse().unwrap()).collect();
    let with = |lists: &[&str], within| Choice {
        roles: Some((lists.iter().map(|text| list(text)).collect(), within)),
        ..everybody()
    };
    let user = |name: &str, is| Choice { user: Some((id(name), is)), ..everybody() };
    let between =
        |since, before| Choice { since: Some(later(since)), before: Some(later(before)), ..everybody() };
    for (choice, expected) in [
        (with(&["admin"], true), "cleo"),
        (with(&["admin", ""], true), "bob cleo"),
        (with(&["admin", "owner"], false), "dora bob ada"),
        (with(&[], true), ""),
        (with(&[], false), "dora bob cleo ada"),
        (with(&["dmin", "owner admin"], true), ""),
        (user("bob", true), "bob"),
        (user("bob", false), "dora cleo ada"),
        (between(1, 3), "bob cleo"),
        (Choice { roles: with(&["admin"], true).roles, ..user("cleo", false) }, ""),
    ] {
        let count = expected.split_whitespace().count() as u64;
        let found = names(choice.clone(), Order::Since, false, 0, 9).await;
        assert_eq!(found, (expected.to_owned(), count), "{choice:?}");
    }

    let claims: PersonalClaims = serde_json::from_str(r#"{"picture":"https://x.test/a.png"}"#).unwrap();
    let bob = id("bob");
    write!(store, [claims] tx => personal_claims::set(tx, realm, bob, &claims, NOW).await).unwrap();
    let slice = Slice { order: Order::Account, descending: false, offset: 0, limit: 1 };
    let (found, _) = choose(user("bob", true), slice).await;
    let [Chosen { member, claims: known, .. }] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((member.user, known), (bob, &claims));
}

async fn other_roles_and_a_removal_stop_a_refresh_under_way_and_tell_verifiers(store: Store) {
    let ada = store.user("ada").await;
    let acme = store.organization("acme").await;
    let member = store.join(&acme, &ada, "owner").await;
    let (realm, organization, user) = (store.realm, acme.id, ada.id);
    let roles: Vec<RoleName> = vec!["editor".parse().unwrap(), "a_b".parse().unwrap()];
    let message = store.message();
    let changed = write!(store, [roles] tx =>
        memberships::set_roles(tx, realm, organization, user, &roles, later(5), message).await);
    let expected = Membership { roles, updated_at: later(5), version: 2, ..member };
    assert_eq!(changed, Ok(Some(expected.clone())));
    assert_eq!(store.find_member(&acme, &ada).await, Some(expected));
    assert_eq!(
        (store.waiting_messages().await, store.find_user(&ada).await.unwrap().version),
        (1, ada.version + 1)
    );
    let remove = async || {
        let message = store.message();
        write!(store, [] tx => memberships::remove(tx, realm, organization, user, NOW, message).await)
    };
    assert_eq!((remove().await, remove().await), (Ok(true), Ok(false)));
    assert_eq!(
        (store.waiting_messages().await, store.find_user(&ada).await.unwrap().version),
        (2, ada.version + 2)
    );
    let message = store.message();
    let nobody = write!(store, [] tx =>
        memberships::set_roles(tx, realm, organization, user, &[], NOW, message).await);
    assert_eq!((nobody, store.waiting_messages().await), (Ok(None), 2));
}

async fn owners_are_told_from_others_and_from_those_who_cannot_sign_in(store: Store) {
    let (ada, bob, cleo) = (store.user("ada").await, store.user("bob").await, store.user("cleo").await);
    let (acme, beta) = (store.organization("acme").await, store.organization("beta").await);
    let (realm, organization, except) = (store.realm, acme.id, ada.id);
    let others = async || {
        let belong =
            read!(store, [] tx => memberships::others_belong(tx, realm, organization, except).await).unwrap();
        let own =
            read!(store, [] tx => memberships::others_own(tx, realm, organization, except).await).unwrap();
        (belong, own)
    };
    store.join(&acme, &ada, "owner").await;
    store.join(&beta, &bob, "owner").await;
    assert_eq!(others().await, (false, false));
    store.join(&acme, &cleo, "co-owner owners xowner").await;
    assert_eq!(others().await, (true, false), "a role with a similar name owns nothing");
    store.join(&acme, &bob, "editor owner").await;
    assert_eq!(others().await, (true, true));
    let (disabled, message) = (bob.id, store.message());
    write!(store, [] tx => users::disable(tx, realm, disabled, NOW, message).await).unwrap();
    assert_eq!(others().await, (true, false));

    let owned =
        async |user: UserId| read!(store, [] tx => memberships::owned_by(tx, realm, user).await).unwrap();
    let mut both = vec![acme.id, beta.id];
    both.sort_unstable();
    assert_eq!(
        (owned(ada.id).await, owned(bob.id).await, owned(cleo.id).await),
        (vec![acme.id], both, vec![])
    );
}

async fn a_role_of_any_member_is_in_use(store: Store) {
    let ada = store.user("ada").await;
    let acme = store.organization("acme").await;
    store.join(&acme, &ada, "editor a_b").await;
    let realm = store.realm;
    for (role, used) in [("editor", true), ("a_b", true), ("axb", false), ("edit", false), ("owner", false)] {
        let role: RoleName = role.parse().unwrap();
        assert_eq!(
            read!(store, [role] tx => memberships::anyone_has_role(tx, realm, &role).await),
            Ok(used),
            "{role}"
        );
        assert_eq!(
            read!(store, [role] tx => memberships::anyone_has_role(tx, RealmId::MAX, &role).await),
            Ok(false)
        );
    }
}

async fn members_are_counted_by_role_in_one_organization_or_in_all(store: Store) {
    let (ada, bob) = (store.user("ada").await, store.user("bob").await);
    let (acme, beta) = (store.organization("acme").await, store.organization("beta").await);
    store.join(&acme, &ada, "owner a_b").await;
    store.join(&acme, &bob, "a_b").await;
    store.join(&beta, &bob, "owner").await;
    let count = async |realm: RealmId, organization, role: &str| {
        let role: RoleName = role.parse().unwrap();
        read!(store, [role] tx => memberships::count_with_role(tx, realm, organization, &role).await).unwrap()
    };
    let realm = store.realm;
    for (organization, role, expected) in [
        (None, "owner", 2),
        (None, "a_b", 2),
        (None, "axb", 0),
        (Some(acme.id), "owner", 1),
        (Some(acme.id), "a_b", 2),
        (Some(beta.id), "a_b", 0),
    ] {
        assert_eq!(count(realm, organization, role).await, expected, "{organization:?} {role}");
    }
    assert_eq!(count(RealmId::MAX, None, "owner").await, 0);
}

async fn a_membership_ends_with_its_user(store: Store) {
    let ada = store.user("ada").await;
    let acme = store.organization("acme").await;
    store.join(&acme, &ada, "owner").await;
    let (realm, id, message) = (store.realm, ada.id, store.message());
    write!(store, [] tx => users::delete(tx, realm, id, NOW, message).await).unwrap();
    assert_eq!(store.find_member(&acme, &ada).await, None);
}

async fn ad_02_owners_who_remove_each_other_at_once_leave_one(store: Store) {
    let realm = store.realm;
    for round in 0..5 {
        let acme = store.organization(&format!("acme{round}")).await;
        let mut owners = Vec::new();
        for n in 0..4 {
            let user = store.user(&format!("owner{round}-{n}")).await;
            store.join(&acme, &user, "owner").await;
            owners.push(user);
        }
        let left = at_once(4, |n| {
            // Two are demoted and two are removed, each by another.
            let (store, organization, user, message) =
                (store.clone(), acme.id, owners[n].id, store.message());
            async move {
                write!(store, [] tx => {
                    if !memberships::others_own(tx, realm, organization, user).await? {
                        return Ok(false);
                    }
                    if n % 2 == 0 {
                        let role = ["editor".parse().unwrap()];
                        memberships::set_roles(tx, realm, organization, user, &role, NOW, message).await?;
                    } else {
                        memberships::remove(tx, realm, organization, user, NOW, message).await?;
                    }
                    Ok::<bool, Error>(true)
                })
                .unwrap()
            }
        })
        .await;
        assert_eq!(left.iter().filter(|left| **left).count(), 3, "round {round}: {left:?}");
    }
}

/// One of two owners leaves while the other's account is deleted.
async fn ad_02_an_owner_who_leaves_while_another_is_deleted_leaves_one(store: Store) {
    let realm = store.realm;
    for round in 0..5 {
        let acme = store.organization(&format!("acme{round}")).await;
        let (ada, bob) = (store.user(&format!("ada{round}")).await, store.user(&format!("bob{round}")).await);
        store.join(&acme, &ada, "owner").await;
        store.join(&acme, &bob, "owner").await;
        let users = [ada.id, bob.id];
        let gone = at_once(2, |n| {
            let (store, organization, user, message) = (store.clone(), acme.id, users[n], store.message());
            async move {
                write!(store, [] tx => {
                    if !memberships::others_own(tx, realm, organization, user).await? {
                        return Ok(false);
                    }
                    if n == 0 {
                        memberships::remove(tx, realm, organization, user, NOW, message).await?;
                    } else {
                        users::delete(tx, realm, user, NOW, message).await?;
                    }
                    Ok::<bool, Error>(true)
                })
                .unwrap()
            }
        })
        .await;
        assert_eq!(gone.iter().filter(|gone| **gone).count(), 1, "round {round}: {gone:?}");
    }
}
