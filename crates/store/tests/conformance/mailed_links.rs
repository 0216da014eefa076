use std::time::Duration;

use gatepost_domain::{
    AskedSignIn, LinkPurpose, MailedLink, MailedLinkId, RealmId, SecretDigest, Timestamp, User, UserId,
};
use gatepost_store::{Constraint, Error, mailed_links, users};

use crate::support::{NOW, Store, at_once, error_of, later};

on_every_backend!(
    a_link_is_found_until_it_expires_and_only_in_its_realm,
    a_link_is_used_by_one_of_many_at_once_and_for_its_purpose_only,
    a_newer_link_ends_the_older_unless_it_takes_something_back,
    of_links_made_at_once_one_is_left,
    an_address_that_may_be_taken_back_is_reserved,
    links_go_with_their_user_and_when_they_are_over,
    lg_18_what_signs_in_is_used_once_by_whoever_asked_for_it,
    lg_18_who_asks_again_ends_what_they_asked_for_and_nobody_elses,
    lg_18_a_code_that_one_browser_asked_for_ends_no_link_of_the_owner,
);

fn link(store: &Store, user: &User, purpose: LinkPurpose, now: Timestamp) -> MailedLink {
    let id = MailedLinkId::new(now, &store.dice);
    MailedLink::begin(id, (store.realm, user.id), purpose, user.email.clone().unwrap(), now)
}

async fn stored(store: &Store, user: &User, purpose: LinkPurpose, now: Timestamp) -> MailedLink {
    let link = link(store, user, purpose, now);
    write!(store, [link] tx => mailed_links::create(tx, &link).await).unwrap();
    link
}

async fn found(store: &Store, link: &MailedLink, now: Timestamp) -> Option<MailedLink> {
    let (realm, id) = (store.realm, link.id);
    read!(store, [] tx => mailed_links::find_live(tx, realm, id, now).await).unwrap()
}

async fn take(store: &Store, link: &MailedLink, purpose: LinkPurpose, now: Timestamp) -> Option<MailedLink> {
    let (realm, id) = (store.realm, link.id);
    write!(store, [] tx => mailed_links::take(tx, realm, id, purpose, now).await).unwrap()
}

async fn a_link_is_found_until_it_expires_and_only_in_its_realm(store: Store) {
    let ada = store.user("ada").await;
    let made = stored(&store, &ada, LinkPurpose::Recover, NOW).await;
    assert_eq!(found(&store, &made, NOW).await, Some(made.clone()));
    assert_eq!(
        found(&store, &made, made.expires_at.minus(Duration::from_micros(1))).await,
        Some(made.clone())
    );
    assert_eq!(found(&store, &made, made.expires_at).await, None);
    assert_eq!(take(&store, &made, LinkPurpose::Recover, made.expires_at).await, None);
    let id = made.id;
    assert_eq!(read!(store, [] tx => mailed_links::find_live(tx, RealmId::MAX, id, NOW).await), Ok(None));
    let orphan = MailedLink { id: MailedLinkId::new(NOW, &store.dice), user: UserId::MAX, ..made };
    let refused = write!(store, [orphan] tx => mailed_links::create(tx, &orphan).await);
    assert_eq!(error_of(refused), Error::Conflict(Constraint::Parent));
}

async fn a_link_is_used_by_one_of_many_at_once_and_for_its_purpose_only(store: Store) {
    let ada = store.user("ada").await;
    for _ in 0..5 {
        let made = stored(&store, &ada, LinkPurpose::Recover, NOW).await;
        assert_eq!(take(&store, &made, LinkPurpose::VerifyEmail, NOW).await, None);
        let used = at_once(8, |_| {
            let (store, made) = (store.clone(), made.clone());
            async move { take(&store, &made, LinkPurpose::Recover, NOW).await }
        })
        .await;
        assert_eq!(used.into_iter().flatten().collect::<Vec<_>>(), std::slice::from_ref(&made));
        assert_eq!(found(&store, &made, NOW).await, None);
    }
}

async fn a_newer_link_ends_the_older_unless_it_takes_something_back(store: Store) {
    let (ada, bob) = (store.user("ada").await, store.user("bob").await);
    let older = stored(&store, &ada, LinkPurpose::Recover, NOW).await;
    let others = [
        stored(&store, &ada, LinkPurpose::VerifyEmail, NOW).await,
        stored(&store, &bob, LinkPurpose::Recover, NOW).await,
    ];
    let realm = store.realm;
    let made_after = async |user: UserId, moment| {
        read!(store, [] tx => mailed_links::made_after(tx, realm, user, LinkPurpose::Recover, moment).await)
            .unwrap()
    };
    assert!(made_after(ada.id, NOW.minus(Duration::from_secs(1))).await && !made_after(ada.id, NOW).await);
    let newer = stored(&store, &ada, LinkPurpose::Recover, later(60)).await;
    assert_eq!(found(&store, &older, later(60)).await, None);
    for link in others.iter().chain([&newer]) {
        assert_eq!(found(&store, link, later(60)).await.as_ref(), Some(link));
    }
    let newest_of = async |purpose, now| {
        let id = ada.id;
        read!(store, [] tx => mailed_links::newest_of(tx, realm, id, purpose, now).await).unwrap()
    };
    assert_eq!(newest_of(LinkPurpose::Recover, later(60)).await, Some(newer.clone()));
    assert_eq!(newest_of(LinkPurpose::Recover, newer.expires_at).await, None);
    let undo = [
        stored(&store, &ada, LinkPurpose::UndoEmail, NOW).await,
        stored(&store, &ada, LinkPurpose::UndoEmail, later(60)).await,
    ];
    for link in &undo {
        assert_eq!(found(&store, link, later(60)).await.as_ref(), Some(link));
    }
    // Whoever changed the address a second time gets rid of nobody who had it before.
    let last = stored(&store, &ada, LinkPurpose::UndoEmail, later(90)).await;
    let (second, theirs) = (undo[1].clone(), stored(&store, &bob, LinkPurpose::UndoEmail, later(90)).await);
    assert_eq!(write!(store, [second] tx => mailed_links::forget_newer(tx, &second).await), Ok(2));
    assert_eq!(found(&store, &last, later(90)).await, None);
    assert_eq!(found(&store, &theirs, later(90)).await, Some(theirs));
    let id = ada.id;
    let forget =
        async |purpose| write!(store, [] tx => mailed_links::forget(tx, realm, id, purpose).await).unwrap();
    assert_eq!((forget(LinkPurpose::UndoEmail).await, forget(LinkPurpose::UndoEmail).await), (1, 0));
    assert_eq!(found(&store, &newer, later(60)).await, Some(newer));
}

async fn of_links_made_at_once_one_is_left(store: Store) {
    let ada = store.user("ada").await;
    for _ in 0..3 {
        let made = at_once(6, |_| {
            let (store, ada) = (store.clone(), ada.clone());
            async move { stored(&store, &ada, LinkPurpose::ChangeEmail, NOW).await }
        })
        .await;
        let mut left = 0;
        for link in &made {
            left += usize::from(found(&store, link, NOW).await.is_some());
        }
        assert_eq!(left, 1);
    }
}

async fn an_address_that_may_be_taken_back_is_reserved(store: Store) {
    let ada = store.user("ada").await;
    let (realm, email) = (store.realm, ada.email.clone().unwrap());
    let reserved = async |realm, now| {
        read!(store, [email] tx => mailed_links::is_reserved(tx, realm, &email, now).await).unwrap()
    };
    stored(&store, &ada, LinkPurpose::Recover, NOW).await;
    assert!(!reserved(realm, NOW).await);
    let undo = stored(&store, &ada, LinkPurpose::UndoEmail, NOW).await;
    assert!(reserved(realm, NOW).await && !reserved(RealmId::MAX, NOW).await);
    assert!(!reserved(realm, undo.expires_at).await);
    assert!(take(&store, &undo, LinkPurpose::UndoEmail, NOW).await.is_some());
    assert!(!reserved(realm, NOW).await);
}

async fn links_go_with_their_user_and_when_they_are_over(store: Store) {
    let (ada, bob) = (store.user("ada").await, store.user("bob").await);
    let hers = stored(&store, &ada, LinkPurpose::VerifyEmail, NOW).await;
    let his = [
        stored(&store, &bob, LinkPurpose::VerifyEmail, NOW).await,
        stored(&store, &bob, LinkPurpose::Recover, NOW).await,
        stored(&store, &bob, LinkPurpose::UndoEmail, NOW).await,
    ];
    let (realm, id, message) = (store.realm, ada.id, store.message());
    assert!(write!(store, [] tx => users::delete(tx, realm, id, NOW, message).await).unwrap());
    assert_eq!(found(&store, &hers, NOW).await, None);
    let delete = async |before, limit| {
        write!(store, [] tx => mailed_links::delete_expired(tx, realm, before, limit).await).unwrap()
    };
    assert_eq!(delete(his[1].expires_at, 9).await, 0);
    let after = his[0].expires_at.plus(Duration::from_secs(1));
    assert_eq!((delete(after, 1).await, delete(after, 9).await), (1, 1));
    assert_eq!(found(&store, &his[2], after).await.as_ref(), Some(&his[2]));
}

fn asked(by: &[u8]) -> AskedSignIn {
    AskedSignIn { by: SecretDigest::of(by), flow: Some("sealed".to_owned()), remembered: true }
}

async fn to_sign_in(store: &Store, user: &User, by: &[u8]) -> MailedLink {
    asked_for(store, user, LinkPurpose::SignIn, by).await
}

async fn asked_for(store: &Store, user: &User, purpose: LinkPurpose, by: &[u8]) -> MailedLink {
    let made = link(store, user, purpose, NOW).asked(asked(by));
    write!(store, [made] tx => mailed_links::create(tx, &made).await).unwrap();
    made
}

async fn take_asked(store: &Store, link: &MailedLink, by: &[u8], now: Timestamp) -> Option<MailedLink> {
    take_for(store, link, LinkPurpose::SignIn, by, now).await
}

async fn take_for(
    store: &Store,
    link: &MailedLink,
    purpose: LinkPurpose,
    by: &[u8],
    now: Timestamp,
) -> Option<MailedLink> {
    let (realm, what, by) = (store.realm, (link.id, purpose), SecretDigest::of(by));
    write!(store, [by] tx => mailed_links::take_asked(tx, realm, what, &by, now).await).unwrap()
}

async fn lg_18_what_signs_in_is_used_once_by_whoever_asked_for_it(store: Store) {
    let ada = store.user("ada").await;
    let made = to_sign_in(&store, &ada, b"hers").await;
    assert_eq!(found(&store, &made, NOW).await, Some(made.clone()), "as it was written");
    assert_eq!(take_asked(&store, &made, b"another", NOW).await, None);
    assert_eq!(take_asked(&store, &made, b"hers", made.expires_at).await, None);
    let used = at_once(8, |_| {
        let (store, made) = (store.clone(), made.clone());
        async move { take_asked(&store, &made, b"hers", NOW).await }
    })
    .await;
    assert_eq!(used.into_iter().flatten().collect::<Vec<_>>(), [made]);
    // A link for something else is none.
    let other = stored(&store, &ada, LinkPurpose::Recover, NOW).await;
    assert_eq!(take_asked(&store, &other, b"hers", NOW).await, None);
    // What deletes an account signs nobody in, and the other way round.
    let purpose = LinkPurpose::DeleteAccount;
    let (deletes, signs_in) =
        (asked_for(&store, &ada, purpose, b"hers").await, to_sign_in(&store, &ada, b"hers").await);
    assert_eq!(take_asked(&store, &deletes, b"hers", NOW).await, None);
    assert_eq!(take_for(&store, &signs_in, purpose, b"hers", NOW).await, None);
    assert_eq!(take_for(&store, &deletes, purpose, b"hers", NOW).await, Some(deletes.clone()));
    assert_eq!(take_for(&store, &deletes, purpose, b"hers", NOW).await, None);
}

async fn lg_18_who_asks_again_ends_what_they_asked_for_and_nobody_elses(store: Store) {
    let (ada, bob) = (store.user("ada").await, store.user("bob").await);
    let hers = [to_sign_in(&store, &ada, b"hers").await, to_sign_in(&store, &ada, b"hers").await];
    let (theirs, his) = (to_sign_in(&store, &ada, b"theirs").await, to_sign_in(&store, &bob, b"hers").await);
    for link in hers.iter().chain([&theirs, &his]) {
        assert!(found(&store, link, NOW).await.is_some(), "a newer one ends none by itself");
    }
    let (realm, user, by) = (store.realm, ada.id, SecretDigest::of(b"hers"));
    let forget = async |purpose| {
        write!(store, [by] tx => mailed_links::forget_asked(tx, realm, user, purpose, &by).await).unwrap()
    };
    assert_eq!(forget(LinkPurpose::Recover).await, 0);
    assert_eq!((forget(LinkPurpose::SignIn).await, forget(LinkPurpose::SignIn).await), (2, 0));
    for link in [&theirs, &his] {
        assert!(found(&store, link, NOW).await.is_some());
    }
}

async fn lg_18_a_code_that_one_browser_asked_for_ends_no_link_of_the_owner(store: Store) {
    let ada = store.user("ada").await;
    let hers = stored(&store, &ada, LinkPurpose::Recover, NOW).await;
    let code = link(&store, &ada, LinkPurpose::Recover, NOW).asked(asked(b"theirs"));
    write!(store, [code] tx => mailed_links::create(tx, &code).await).unwrap();
    assert_eq!(found(&store, &hers, NOW).await.as_ref(), Some(&hers));
    assert_eq!(found(&store, &code, NOW).await.as_ref(), Some(&code));
    assert_eq!(take_asked(&store, &code, b"theirs", NOW).await, None, "it signs nobody in");
    let newer = stored(&store, &ada, LinkPurpose::Recover, NOW).await;
    assert_eq!((found(&store, &hers, NOW).await, found(&store, &code, NOW).await), (None, None));
    assert_eq!(found(&store, &newer, NOW).await.as_ref(), Some(&newer));
}
