use gatepost_domain::mfa::PhoneNumber;
use gatepost_domain::outbox::{Message, Revocation};
use gatepost_domain::{PasswordHash, RealmId, RoleName, Timestamp, User, UserId};
use gatepost_store::users::{Login, ProfileChanges, Spelled, TableFilter, TableOrder, UserFilter};
use gatepost_store::{Constraint, Error, outbox, passwords, phone_numbers, totp_seeds, users};
use std::time::Duration;

use crate::support::{NOW, Store, error_of, later};

on_every_backend!(
    a_user_is_found_by_id_address_and_username,
    addresses_and_usernames_belong_to_one_user_of_a_realm,
    a_user_who_cannot_be_made_does_not_undo_the_others,
    of_many_users_each_is_made_in_its_turn,
    a_user_without_address_and_username_may_be_one_of_many,
    signing_in_reads_user_and_hash_together,
    users_are_listed_by_pages_and_searched,
    users_are_listed_by_whether_they_have_a_second_factor,
    no_more_accounts_are_looked_at_for_a_page_than_it_may_cost,
    users_are_a_table_in_every_order_and_are_counted,
    a_table_holds_those_that_every_member_of_its_filter_says,
    a_search_takes_no_wildcards_from_the_caller,
    a_profile_changes_only_in_the_columns_named,
    a_profile_changes_only_from_the_version_that_was_read,
    a_new_address_is_not_verified,
    an_address_is_verified_as_long_as_it_is_the_accounts,
    a_taken_address_is_refused_and_nothing_changes,
    other_roles_are_stored_and_told,
    a_disabled_user_is_signed_out_and_told_and_stays_disabled,
    logging_out_everywhere_ends_sessions_and_grants,
    a_deleted_user_leaves_nothing_to_sign_in_with,
    nothing_is_found_from_another_realm,
    it_is_known_whether_others_have_a_role,
    it_is_known_whether_a_role_is_left_to_unverified_users,
);

fn hash(text: &str) -> PasswordHash {
    PasswordHash::new(text)
}

async fn messages(store: &Store) -> Vec<Message> {
    let claimed = write_one!(store, [] tx => outbox::claim_due(tx, "revocation", 99, Duration::from_secs(1), later(100_000)).await);
    claimed.unwrap().into_iter().map(|queued| queued.message).collect()
}

async fn it_is_known_whether_a_role_is_left_to_unverified_users(store: Store) {
    let realm = store.realm;
    let role: RoleName = "realm_admin".parse().unwrap();
    let only_unverified =
        async || read!(store, [role] tx => users::only_unverified_have_role(tx, realm, &role).await).unwrap();
    let make = async |name: &str, role: &str, verified: bool| {
        let user =
            User { roles: vec![role.parse().unwrap()], email_verified: verified, ..store.stranger(name) };
        write!(store, [user] tx => users::create(tx, &user).await).unwrap();
        user.id
    };
    assert!(!only_unverified().await, "nobody has it");
    make("alike", "realm-admin", false).await;
    assert!(!only_unverified().await, "that is another name");
    make("ada", "realm_admin", false).await;
    assert!(only_unverified().await);
    let grace = make("grace", "realm_admin", true).await;
    assert!(!only_unverified().await);
    let message = store.message();
    write!(store, [] tx => users::disable(tx, realm, grace, NOW, message).await).unwrap();
    assert!(only_unverified().await, "who is disabled does not count");
}

async fn a_user_is_found_by_id_address_and_username(store: Store) {
    let mut user = store.stranger("Ada.Lovelace");
    user.name = Some("Ada Lovelace".parse().unwrap());
    user.roles = vec!["admin".parse().unwrap(), "org:member".parse().unwrap()];
    user.email_verified = true;
    user.not_before = Some(later(1));
    user.disabled_at = Some(later(2));
    write!(store, [user] tx => users::create(tx, &user).await).unwrap();
    let realm = store.realm;
    assert_eq!(store.find_user(&user).await, Some(user.clone()));
    let email: gatepost_domain::EmailAddress = "ADA.lovelace@EXAMPLE.com".parse().unwrap();
    let found = read!(store, [email] tx => users::find_by_email(tx, realm, &email).await).unwrap().unwrap();
    assert_eq!(found, user);
    assert_eq!(found.email.unwrap().as_str(), "Ada.Lovelace@example.com", "as typed");
    let username: gatepost_domain::Username = "ada.lovelace".parse().unwrap();
    assert_eq!(
        read!(store, [username] tx => users::find_by_username(tx, realm, &username).await),
        Ok(Some(user))
    );
}

async fn addresses_and_usernames_belong_to_one_user_of_a_realm(store: Store) {
    store.user("ada").await;
    let same_email = User { username: None, ..store.stranger("ADA") };
    let same_name = User { email: None, ..store.stranger("Ada") };
    let refused = error_of(write!(store, [same_email] tx => users::create(tx, &same_email).await));
    assert_eq!(refused, Error::Conflict(Constraint::UserEmail));
    let refused = error_of(write!(store, [same_name] tx => users::create(tx, &same_name).await));
    assert_eq!(refused, Error::Conflict(Constraint::UserUsername));
    let homeless = User { realm: RealmId::MAX, ..store.stranger("bob") };
    let refused = error_of(write!(store, [homeless] tx => users::create(tx, &homeless).await));
    assert_eq!(refused, Error::Conflict(Constraint::Parent));
}

async fn a_user_who_cannot_be_made_does_not_undo_the_others(store: Store) {
    let ada = store.user("ada").await;
    let (bob, eve) = (store.stranger("bob"), store.stranger("eve"));
    let same_email = User { username: None, ..store.stranger("ADA") };
    let same_name = User { email: None, ..store.stranger("Ada") };
    let all = [bob.clone(), same_email.clone(), same_name.clone(), bob.clone(), eve.clone()];
    let made = write!(store, [all] tx => users::create_those_free(tx, &all.each_ref()).await);
    assert_eq!(made, Ok(vec![true, false, false, false, true]));
    for there in [ada, bob, eve] {
        assert_eq!(store.find_user(&there).await, Some(there));
    }
    assert_eq!(store.find_user(&same_email).await, None);
    assert_eq!(write!(store, [] tx => users::create_those_free(tx, &[]).await), Ok(vec![]));
    let homeless = User { realm: RealmId::MAX, ..store.stranger("mallory") };
    let refused = error_of(write!(store, [homeless] tx => users::create_those_free(tx, &[&homeless]).await));
    assert_eq!(refused, Error::Conflict(Constraint::Parent));
}

/// More than are on their way to PostgreSQL at once. Of two with one address the first is made.
async fn of_many_users_each_is_made_in_its_turn(store: Store) {
    let mut all: Vec<User> = (0..100).map(|n| store.stranger(&format!("u{n}"))).collect();
    for n in (1..100).step_by(2) {
        let taken = all[n - 1].email.clone();
        all[n].email = taken;
    }
    let made = write!(store, [all] tx => {
        users::create_those_free(tx, &all.iter().collect::<Vec<_>>()).await
    });
    assert_eq!(made, Ok((0..100).map(|n| n % 2 == 0).collect()));
    for (n, user) in all.into_iter().enumerate() {
        assert_eq!(store.find_user(&user).await, (n % 2 == 0).then_some(user));
    }
}

async fn a_user_without_address_and_username_may_be_one_of_many(store: Store) {
    for _ in 0..2 {
        let user = User { email: None, username: None, ..store.stranger("x") };
        write!(store, [user] tx => users::create(tx, &user).await).unwrap();
        assert_eq!(store.find_user(&user).await, Some(user));
    }
}

async fn signing_in_reads_user_and_hash_together(store: Store) {
    let (realm, ada, bob) = (store.realm, store.user("ada").await, store.user("bob").await);
    let id = ada.id;
    write!(store, [] tx => passwords::set(tx, realm, id, &hash("$argon2id$1"), NOW).await).unwrap();
    let by_email = Login::Email("Ada@example.com".parse().unwrap());
    let by_name = Login::Username("ADA".parse().unwrap());
    for login in [by_email, by_name] {
        let found = read!(store, [login] tx => users::find_for_sign_in(tx, realm, &login).await);
        assert_eq!(found, Ok(Some((ada.clone(), Some(hash("$argon2id$1"))))));
    }
    let login = Login::Username("bob".parse().unwrap());
    assert_eq!(
        read!(store, [login] tx => users::find_for_sign_in(tx, realm, &login).await),
        Ok(Some((bob, None)))
    );
    let login = Login::Username("eve".parse().unwrap());
    assert_eq!(read!(store, [login] tx => users::find_for_sign_in(tx, realm, &login).await), Ok(None));
}

async fn list(store: &Store, filter: UserFilter, after: Option<UserId>, limit: u32) -> Vec<UserId> {
    let realm = store.realm;
    let found = read!(store, [filter] tx => users::list(tx, realm, &filter, after, limit).await).unwrap();
    found.users.into_iter().map(|user| user.id).collect()
}

async fn users_are_listed_by_pages_and_searched(store: Store) {
    let mut ids = Vec::new();
    for name in ["ada", "bob", "adele", "carol"] {
        ids.push(store.user(name).await.id);
    }
    let (realm, bob, message) = (store.realm, ids[1], store.message());
    write!(store, [] tx => users::disable(tx, realm, bob, NOW, message).await).unwrap();
    let (ada, adele) = (ids[0], ids[2]);
    ids.sort_unstable();
    let all = UserFilter::default();
    let first = list(&store, all.clone(), None, 3).await;
    assert_eq!(first, ids[..3]);
    assert_eq!(list(&store, all, first.last().copied(), 3).await, ids[3..]);
    let search = UserFilter { search: Some("AD".into()), ..UserFilter::default() };
    let mut expected = vec![ada, adele];
    expected.sort_unstable();
    assert_eq!(list(&store, search, None, 9).await, expected);
    let disabled = |disabled| UserFilter { disabled: Some(disabled), ..UserFilter::default() };
    assert_eq!(list(&store, disabled(true), None, 9).await, [bob]);
    assert_eq!(list(&store, disabled(false), None, 9).await.len(), 3);
    let (editor, message): (RoleName, _) = ("editor".parse().unwrap(), store.message());
    write!(store, [editor] tx => users::set_roles(tx, realm, ada, std::slice::from_ref(&editor), None, NOW, message).await)
        .unwrap();
    for (filter, expected) in [
        (UserFilter { email: Some("Ada".into()), ..UserFilter::default() }, vec![ada]),
        (UserFilter { email: Some("da@".into()), ..UserFilter::default() }, vec![]),
        (UserFilter { username: Some("bo".into()), ..UserFilter::default() }, vec![bob]),
        (UserFilter { username: Some("b_".into()), ..UserFilter::default() }, vec![]),
        (UserFilter { role: Some(editor), ..UserFilter::default() }, vec![ada]),
        (UserFilter { role: Some("edito_".parse().unwrap()), ..UserFilter::default() }, vec![]),
    ] {
        assert_eq!(list(&store, filter.clone(), None, 9).await, expected, "{filter:?}");
    }
}

/// An app that is only begun is no factor; a passkey is one without an app.
async fn users_are_listed_by_whether_they_have_a_second_factor(store: Store) {
    let (realm, ada, bob) = (store.realm, store.user("ada").await.id, store.user("bob").await.id);
    let of = async |has_factor| {
        list(&store, UserFilter { has_factor: Some(has_factor), ..UserFilter::default() }, None, 9).await
    };
    let sorted = |mut ids: Vec<UserId>| {
        ids.sort_unstable();
        ids
    };
    for user in [ada, bob] {
        write!(store, [] tx => totp_seeds::begin(tx, realm, user, b"seed", NOW).await).unwrap();
    }
    assert_eq!((of(true).await, of(false).await), (vec![], sorted(vec![ada, bob])));
    write!(store, [] tx => totp_seeds::confirm(tx, realm, bob, (b"seed", b"seed"), 1, NOW).await).unwrap();
    let (cleo, _) = crate::passkeys::with(&store, "cleo", &[1]).await;
    assert_eq!((of(true).await, of(false).await), (sorted(vec![bob, cleo]), vec![ada]));
    let (dan, number) = (store.user("dan").await.id, "+4915112345678".parse::<PhoneNumber>().unwrap());
    write!(store, [number] tx => phone_numbers::set(tx, realm, dan, &number, NOW).await).unwrap();
    assert_eq!((of(true).await, of(false).await), (sorted(vec![bob, cleo, dan]), vec![ada]));
    let both = UserFilter { has_factor: Some(true), search: Some("cleo".into()), ..UserFilter::default() };
    assert_eq!(list(&store, both, None, 9).await, [cleo]);
}

/// A read that looks for the few among a million ends, and says from where to go on.
async fn no_more_accounts_are_looked_at_for_a_page_than_it_may_cost(store: Store) {
    let realm = store.realm;
    let count = u128::from(users::LOOKED_AT) + 5;
    // Behind all of them in the order of ids.
    let id = |n: u128| UserId::from_bytes((u128::MAX - count + n).to_be_bytes());
    let made: Vec<User> = (0..count).map(|n| User::new(id(n), realm, NOW)).collect();
    for some in made.chunks(1_000) {
        let some = some.to_vec();
        write!(store, [some] tx => {
            let all: Vec<&User> = some.iter().collect();
            users::create_those_free(tx, &all).await
        })
        .unwrap();
    }
    let page = async |has_factor, after: Option<UserId>, limit| {
        let filter = UserFilter { has_factor, ..UserFilter::default() };
        read!(store, [filter] tx => users::list(tx, realm, &filter, after, limit).await).unwrap()
    };
    let last = Some(id(u128::from(users::LOOKED_AT) - 1));
    let found = page(Some(true), None, 9).await;
    assert_eq!((found.users.len(), found.until), (0, last));
    let found = page(Some(true), found.until, 9).await;
    assert_eq!((found.users.len(), found.until), (0, None));
    assert_eq!(page(Some(false), last, 9).await.users.len(), 5);
    assert_eq!(page(Some(false), None, 9).await.until, last, "also where the page is full");
    assert_eq!(page(None, None, 9).await.until, None, "nothing is looked up");
}

/// Three users, in the order of their making: their ids are not in it.
async fn in_a_table(store: &Store) -> [UserId; 3] {
    let mut made = Vec::new();
    for (n, (login, name)) in
        [("carol", Some("Zoe Ärmel")), ("ada", Some("bea_ 100%")), ("bob", None)].into_iter().enumerate()
    {
        let at = later(n as u64);
        let name = name.map(|name| name.parse().unwrap());
        let user = User { name, created_at: at, updated_at: later(9 - n as u64), ..store.stranger(login) };
        write!(store, [user] tx => users::create(tx, &user).await).unwrap();
        made.push(user.id);
    }
    made.try_into().unwrap()
}

async fn table(
    store: &Store,
    filter: TableFilter,
    order: TableOrder,
    page: (u32, u32),
) -> (Vec<UserId>, u64) {
    let realm = store.realm;
    let found = read!(store, [filter] tx => users::table(tx, realm, &filter, order, page).await).unwrap();
    let count = read!(store, [filter] tx => users::count_in_table(tx, realm, &filter).await).unwrap();
    (found.into_iter().map(|user| user.id).collect(), count)
}

async fn users_are_a_table_in_every_order_and_are_counted(store: Store) {
    let [carol, ada, bob] = in_a_table(&store).await;
    for (order, expected) in [
        (TableOrder::Made, [carol, ada, bob]),
        (TableOrder::Newest, [bob, ada, carol]),
        (TableOrder::Updated, [bob, ada, carol]),
        (TableOrder::UpdatedLast, [carol, ada, bob]),
        (TableOrder::Email, [ada, bob, carol]),
        (TableOrder::EmailFromEnd, [carol, bob, ada]),
        (TableOrder::Name, [bob, ada, carol]),
        (TableOrder::NameFromEnd, [carol, ada, bob]),
    ] {
        let (found, count) = table(&store, TableFilter::default(), order, (0, 9)).await;
        assert_eq!((found.as_slice(), count), (expected.as_slice(), 3), "{order:?}");
        let page = table(&store, TableFilter::default(), order, (1, 1)).await;
        assert_eq!(page, (vec![expected[1]], 3), "{order:?}");
    }
    assert_eq!(table(&store, TableFilter::default(), TableOrder::Made, (3, 9)).await, (vec![], 3));
    let all = TableFilter::default();
    assert_eq!(read!(store, [all] tx => users::count_in_table(tx, RealmId::MAX, &all).await), Ok(0));
    let page = (0, 9);
    let elsewhere =
        read!(store, [all] tx => users::table(tx, RealmId::MAX, &all, TableOrder::Made, page).await);
    assert_eq!(elsewhere, Ok(vec![]));
}

async fn a_table_holds_those_that_every_member_of_its_filter_says(store: Store) {
    let [carol, ada, bob] = in_a_table(&store).await;
    let (realm, message) = (store.realm, store.message());
    write!(store, [] tx => users::disable(tx, realm, bob, NOW, message).await).unwrap();
    let (editor, message): (RoleName, _) = ("editor".parse().unwrap(), store.message());
    write!(store, [editor] tx => users::set_roles(tx, realm, ada, std::slice::from_ref(&editor), None, NOW, message).await)
        .unwrap();
    let all = TableFilter::default;
    let email = |spelled| TableFilter { email: [Some(spelled), None], ..all() };
    let name = |spelled| TableFilter { name: [None, Some(spelled)], ..all() };
    for (filter, expected) in [
        (email(Spelled::Contains("O".into())), vec![carol, ada, bob]),
        (email(Spelled::Begins("BO".into())), vec![bob]),
        (email(Spelled::Ends("a@example.com".into())), vec![ada]),
        (email(Spelled::Is("ada@example.com".into())), vec![ada]),
        (email(Spelled::Is("ada".into())), vec![]),
        (email(Spelled::Contains("%".into())), vec![]),
        (name(Spelled::Contains("EA".into())), vec![ada]),
        (name(Spelled::Contains("_".into())), vec![ada]),
        (name(Spelled::Ends("0%".into())), vec![ada]),
        (name(Spelled::Begins("zoe Ä".into())), vec![carol]),
        (name(Spelled::Is("ZOE Ärmel".into())), vec![carol]),
        (name(Spelled::Contains("' OR 1=1 --".into())), vec![]),
        (TableFilter { id: Some(ada), ..all() }, vec![ada]),
        (TableFilter { role: Some((editor.clone(), true)), ..all() }, vec![ada]),
        (TableFilter { role: Some((editor, false)), ..all() }, vec![carol, bob]),
        (TableFilter { role: Some(("edito_".parse().unwrap(), true)), ..all() }, vec![]),
        (TableFilter { disabled: Some(true), ..all() }, vec![bob]),
        (TableFilter { disabled: Some(false), ..all() }, vec![carol, ada]),
        (TableFilter { email_verified: Some(true), ..all() }, vec![]),
        (
            TableFilter {
                email: [Some(Spelled::Contains("a".into())), Some(Spelled::Begins("c".into()))],
                email_verified: Some(false),
                ..all()
            },
            vec![carol],
        ),
    ] {
        let count = expected.len() as u64;
        assert_eq!(
            table(&store, filter.clone(), TableOrder::Made, (0, 9)).await,
            (expected, count),
            "{filter:?}"
        );
    }
}

async fn a_search_takes_no_wildcards_from_the_caller(store: Store) {
    store.user("ada").await;
    let odd = store.user("a_b").await;
    for (search, expected) in
        [("%", vec![]), ("a_a", vec![]), ("a_b", vec![odd.id]), ("!", vec![]), ("' OR 1=1 --", vec![])]
    {
        let filter = UserFilter { search: Some(search.into()), ..UserFilter::default() };
        assert_eq!(list(&store, filter, None, 9).await, expected, "{search}");
    }
}

async fn change(
    store: &Store,
    id: UserId,
    changes: ProfileChanges,
    version: Option<u64>,
    now: Timestamp,
) -> Result<Option<User>, Error> {
    let realm = store.realm;
    write!(store, [changes] tx => users::update_profile(tx, realm, id, &changes, version, now).await)
}

async fn a_profile_changes_only_in_the_columns_named(store: Store) {
    let user = store.user("ada").await;
    let name = ProfileChanges { name: Some(Some("Ada".parse().unwrap())), ..ProfileChanges::default() };
    let changed = change(&store, user.id, name, None, later(5)).await.unwrap().unwrap();
    let expected =
        User { name: Some("Ada".parse().unwrap()), version: 2, updated_at: later(5), ..user.clone() };
    assert_eq!(changed, expected);
    assert_eq!(store.find_user(&user).await, Some(expected));
    let empty = ProfileChanges { name: Some(None), username: Some(None), ..ProfileChanges::default() };
    let changed = change(&store, user.id, empty, None, later(6)).await.unwrap().unwrap();
    assert_eq!((changed.name, changed.username, changed.email), (None, None, user.email));
    let renamed =
        ProfileChanges { username: Some(Some("Countess".parse().unwrap())), ..ProfileChanges::default() };
    let changed = change(&store, user.id, renamed, None, later(7)).await.unwrap().unwrap();
    assert_eq!(changed.username.unwrap().as_str(), "Countess");
    assert_eq!(change(&store, UserId::MIN, ProfileChanges::default(), None, NOW).await, Ok(None));
}

async fn a_profile_changes_only_from_the_version_that_was_read(store: Store) {
    let user = store.user("ada").await;
    let name =
        |text: &str| ProfileChanges { name: Some(Some(text.parse().unwrap())), ..ProfileChanges::default() };
    assert!(change(&store, user.id, name("one"), Some(1), NOW).await.unwrap().is_some());
    assert_eq!(change(&store, user.id, name("two"), Some(1), NOW).await, Ok(None));
    assert_eq!(store.find_user(&user).await.unwrap().name, Some("one".parse().unwrap()));
}

async fn a_new_address_is_not_verified(store: Store) {
    let user = store.user("ada").await;
    let verified = ProfileChanges { email_verified: Some(true), ..ProfileChanges::default() };
    assert!(change(&store, user.id, verified, None, NOW).await.unwrap().unwrap().email_verified);
    let to = |address: &str| ProfileChanges {
        email: Some(Some(address.parse().unwrap())),
        ..ProfileChanges::default()
    };
    let respelled = change(&store, user.id, to("ADA@example.com"), None, NOW).await.unwrap().unwrap();
    assert!(respelled.email_verified, "the same mailbox");
    let moved = change(&store, user.id, to("ada@example.org"), None, NOW).await.unwrap().unwrap();
    assert!(!moved.email_verified);
    let known = ProfileChanges { email_verified: Some(true), ..to("ada@example.net") };
    assert!(change(&store, user.id, known, None, NOW).await.unwrap().unwrap().email_verified);
    let gone = ProfileChanges { email: Some(None), ..ProfileChanges::default() };
    let gone = change(&store, user.id, gone, None, NOW).await.unwrap().unwrap();
    assert_eq!((gone.email, gone.email_verified), (None, false));
    let again = change(&store, user.id, to("ada@example.com"), None, NOW).await.unwrap().unwrap();
    assert!(!again.email_verified);
}

async fn an_address_is_verified_as_long_as_it_is_the_accounts(store: Store) {
    let ada = store.user("ada").await;
    let (realm, id) = (store.realm, ada.id);
    let verify = async |email: &str| {
        let email: gatepost_domain::EmailAddress = email.parse().unwrap();
        write!(store, [email] tx => users::verify_email(tx, realm, id, &email, later(1)).await).unwrap()
    };
    assert_eq!(verify("bob@example.com").await, None);
    assert_eq!(store.find_user(&ada).await, Some(ada.clone()));
    let verified = verify("ADA@example.com").await.unwrap();
    let expected =
        User { email_verified: true, updated_at: later(1), version: ada.version + 1, ..ada.clone() };
    assert_eq!(verified, expected);
    let message = store.message();
    write!(store, [] tx => users::disable(tx, realm, id, NOW, message).await).unwrap();
    assert_eq!(verify("ada@example.com").await, None);
    let email = ada.email.clone().unwrap();
    let other = RealmId::MAX;
    assert_eq!(write!(store, [email] tx => users::verify_email(tx, other, id, &email, NOW).await), Ok(None));
}

async fn a_taken_address_is_refused_and_nothing_changes(store: Store) {
    let (ada, bob) = (store.user("ada").await, store.user("bob").await);
    let email = ProfileChanges {
        email: Some(ada.email),
        name: Some(Some("x".parse().unwrap())),
        ..ProfileChanges::default()
    };
    assert_eq!(
        error_of(change(&store, bob.id, email, None, NOW).await),
        Error::Conflict(Constraint::UserEmail)
    );
    let username = ProfileChanges { username: Some(ada.username), ..ProfileChanges::default() };
    assert_eq!(
        error_of(change(&store, bob.id, username, None, NOW).await),
        Error::Conflict(Constraint::UserUsername)
    );
    assert_eq!(store.find_user(&bob).await, Some(bob));
}

async fn other_roles_are_stored_and_told(store: Store) {
    let user = store.user("ada").await;
    let roles: Vec<RoleName> = vec!["admin".parse().unwrap(), "member".parse().unwrap()];
    let (realm, id, message) = (store.realm, user.id, store.message());
    let set = |version, message| {
        let (store, roles) = (store.clone(), roles.clone());
        async move {
            write!(store, [roles] tx => users::set_roles(tx, realm, id, &roles, version, later(9), message).await)
        }
    };
    assert_eq!(set(Some(1), message).await.unwrap().unwrap().roles, roles);
    assert_eq!(set(Some(1), store.message()).await, Ok(None));
    let stored = store.find_user(&user).await.unwrap();
    assert_eq!((stored.roles, stored.version), (roles.clone(), 2));
    let told = Revocation::Roles { user: id, not_before: later(9) };
    assert_eq!(messages(&store).await, [Message::Revocation(told)], "and the refused one told nobody");
}

async fn a_disabled_user_is_signed_out_and_told_and_stays_disabled(store: Store) {
    let (user, session, grant) = store.signed_in("ada").await;
    let (realm, id) = (store.realm, user.id);
    let disable = |now, message| {
        let store = store.clone();
        async move { write!(store, [] tx => users::disable(tx, realm, id, now, message).await).unwrap() }
    };
    let disabled = disable(later(5), store.message()).await.unwrap();
    assert_eq!((disabled.disabled_at, disabled.not_before), (Some(later(5)), Some(later(5))));
    assert!(store.find_live(&session, later(5)).await.is_none());
    assert_eq!(store.find_grant(&grant).await.unwrap().revoked_at, Some(later(5)));
    assert_eq!(
        disable(later(6), store.message()).await.unwrap().disabled_at,
        Some(later(5)),
        "the first moment"
    );
    let told = Message::Revocation(Revocation::User { user: id, not_before: later(5) });
    assert!(messages(&store).await.contains(&told));
    let enabled = write!(store, [] tx => users::enable(tx, realm, id, later(7)).await).unwrap().unwrap();
    assert_eq!((enabled.disabled_at, enabled.not_before), (None, Some(later(6))));
    assert!(store.find_live(&session, later(7)).await.is_none(), "what was ended stays ended");
    assert_eq!(write!(store, [] tx => users::enable(tx, realm, UserId::MIN, NOW).await), Ok(None));
    let message = store.message();
    assert_eq!(write!(store, [] tx => users::disable(tx, realm, UserId::MIN, NOW, message).await), Ok(None));
}

async fn logging_out_everywhere_ends_sessions_and_grants(store: Store) {
    let (user, session, grant) = store.signed_in("ada").await;
    let (other, others_session, _) = store.signed_in("bob").await;
    let (realm, id, message) = (store.realm, user.id, store.message());
    let out = write!(store, [] tx => users::sign_out_everywhere(tx, realm, id, NOW, message).await)
        .unwrap()
        .unwrap();
    assert_eq!((out.not_before, out.disabled_at), (Some(NOW), None));
    assert!(store.find_live(&session, NOW).await.is_none());
    assert_eq!(store.find_grant(&grant).await.unwrap().revoked_at, Some(NOW));
    assert_eq!(store.find_live(&others_session, NOW).await.unwrap().1.id, other.id);
    assert_eq!(store.waiting_messages().await, 1);
    // The same moment: what is made after is good.
    let again = store.session(&user).await;
    assert!(store.find_live(&again, NOW).await.is_some());
    let message = store.message();
    assert_eq!(
        write!(store, [] tx => users::sign_out_everywhere(tx, realm, UserId::MIN, NOW, message).await),
        Ok(None)
    );
}

async fn a_deleted_user_leaves_nothing_to_sign_in_with(store: Store) {
    let (user, session, grant) = store.signed_in("ada").await;
    let (realm, id) = (store.realm, user.id);
    write!(store, [] tx => passwords::set(tx, realm, id, &hash("h"), NOW).await).unwrap();
    let message = store.message();
    assert!(write!(store, [] tx => users::delete(tx, realm, id, NOW, message).await).unwrap());
    assert!(store.find_user(&user).await.is_none() && store.find_grant(&grant).await.is_none());
    assert!(store.find_live(&session, NOW).await.is_none());
    assert_eq!(read!(store, [] tx => passwords::find(tx, realm, id).await), Ok(None));
    assert_eq!(messages(&store).await, [Message::Revocation(Revocation::User { user: id, not_before: NOW })]);
    let message = store.message();
    assert!(!write!(store, [] tx => users::delete(tx, realm, id, NOW, message).await).unwrap());
    store.user("ada").await;
}

async fn nothing_is_found_from_another_realm(store: Store) {
    let (user, session, grant) = store.signed_in("ada").await;
    let (realm, id) = (RealmId::MAX, user.id);
    let (session, grant, email) = (session.id, grant.id, user.email.clone().unwrap());
    assert_eq!(read!(store, [] tx => users::find(tx, realm, id).await), Ok(None));
    assert_eq!(read!(store, [email] tx => users::find_by_email(tx, realm, &email).await), Ok(None));
    assert_eq!(
        read!(store, [] tx => gatepost_store::sessions::find_live(tx, realm, session, NOW).await),
        Ok(None)
    );
    assert_eq!(read!(store, [] tx => gatepost_store::grants::find(tx, realm, grant).await), Ok(None));
    let message = store.message();
    assert_eq!(write!(store, [] tx => users::disable(tx, realm, id, NOW, message).await), Ok(None));
    let message = store.message();
    assert!(!write!(store, [] tx => users::delete(tx, realm, id, NOW, message).await).unwrap());
}

async fn it_is_known_whether_others_have_a_role(store: Store) {
    let realm = store.realm;
    let with_roles = |name: &str, roles: &[&str]| User {
        roles: roles.iter().map(|role| role.parse().unwrap()).collect(),
        ..store.stranger(name)
    };
    let ada = with_roles("ada", &["member", "realm_admin"]);
    let bob = with_roles("bob", &["realm-admin", "realm_admins", "xrealm_admin"]);
    let carol = with_roles("carol", &["realm_admin"]);
    for user in [&ada, &bob, &carol] {
        write!(store, [user] tx => users::create(tx, &user).await).unwrap();
    }
    let (ada, carol) = (ada.id, carol.id);
    let others_have = |except, role: &str| {
        let (store, role) = (store.clone(), role.parse::<RoleName>().unwrap());
        async move { read!(store, [role] tx => users::others_have_role(tx, realm, except, &role).await).unwrap() }
    };
    assert!(others_have(ada, "realm_admin").await && others_have(carol, "realm_admin").await);
    let message = store.message();
    write!(store, [] tx => users::disable(tx, realm, carol, NOW, message).await).unwrap();
    assert!(
        !others_have(ada, "realm_admin").await,
        "neither a disabled user nor a name that only looks alike counts"
    );
    assert!(others_have(carol, "member").await && !others_have(ada, "member").await);
    for (role, expected) in
        [("member", true), ("realm_admin", true), ("realm_admin_", false), ("realm", false)]
    {
        let role: RoleName = role.parse().unwrap();
        let found = read!(store, [role] tx => users::anyone_has_role(tx, realm, &role).await).unwrap();
        assert_eq!(found, expected, "{role}; a disabled user counts");
    }
}
