use std::time::Duration;

use gatepost_domain::outbox::{Message, Revocation};
use gatepost_domain::{
    ClientId, OrganizationId, PasswordHash, PersonalClaims, RealmId, Session, SessionId, SessionOrigin,
    TeamId, UserId, mfa::PhoneNumber,
};
use gatepost_store::sessions::Known;
use gatepost_store::{
    grants, outbox, passwords, personal_claims, phone_numbers, sessions, totp_seeds, user_numbers, users,
};

use crate::passkeys;
use crate::support::{NOW, Store, later};

on_every_backend!(
    a_live_session_is_found_with_its_user,
    what_is_known_of_a_user_comes_with_the_session,
    a_live_session_is_found_for_what_was_agreed_to_with_the_password_of_now,
    a_live_session_is_found_for_who_holds_a_grant_in_it,
    a_session_begins_only_for_a_user_who_may_sign_in,
    a_session_begins_only_with_the_password_that_was_verified,
    a_session_ends_idle_and_absolutely,
    a_session_is_listed_until_it_ends,
    the_live_sessions_of_a_realm_are_listed_whoever_they_are_of,
    a_revoked_session_takes_its_grants_with_it_and_is_told,
    only_its_owner_can_revoke_a_session,
    sessions_end_with_their_grants_and_nobody_is_told,
    all_sessions_but_one_are_revoked,
    se_03_a_reauthenticated_session_has_another_cookie,
    se_03_a_renewed_cookie_makes_no_sign_in_fresh,
    a_factor_that_was_shown_later_is_added,
    an_organization_is_active_in_a_session_until_another_is,
    a_password_that_was_shown_once_more_is_noted_in_a_live_session,
    a_touched_session_lives_on_but_not_past_its_end,
    what_is_done_in_the_place_of_others_is_ended_by_either_side,
    ended_sessions_are_deleted_with_their_grants,
    it_is_known_from_where_a_user_signed_in_before,
);

async fn begin(store: &Store, session: &Session, verified: Option<&str>) -> bool {
    let verified = verified.map(PasswordHash::new);
    write_one!(store, [session, verified] tx => sessions::create(tx, &session, verified.as_ref()).await)
        .unwrap()
}

async fn a_live_session_is_found_with_its_user(store: Store) {
    let user = store.user("ada").await;
    let session = store.session(&user).await;
    assert_eq!(store.find_live(&session, NOW).await, Some((session.clone(), user)));
    let session_id = session.id;
    let unknown = Session { id: SessionId::MIN, ..session };
    assert_eq!(store.find_live(&unknown, NOW).await, None);
    let (other, id) = (gatepost_domain::RealmId::MAX, session_id);
    assert_eq!(
        read!(store, [] tx => sessions::find_live(tx, other, id, NOW).await),
        Ok(None),
        "of another realm"
    );
}

async fn what_is_known_of_a_user_comes_with_the_session(store: Store) {
    let (ada, session, _) = store.signed_in("ada").await;
    // Somebody else has all of it.
    let (eve, _) = passkeys::with(&store, "eve", &[9]).await;
    let (realm, id, user) = (store.realm, session.id, ada.id);
    let eve = read!(store, [] tx => users::find(tx, realm, eve).await).unwrap().unwrap();
    let acme = store.organization("acme").await;
    store.join(&acme, &eve, "owner").await;
    let look = async || {
        let (_, _, known) =
            read!(store, [] tx => sessions::find_live_known(tx, realm, id, NOW).await).unwrap().unwrap();
        assert_eq!(read!(store, [] tx => sessions::known(tx, realm, user).await).unwrap(), known);
        known
    };
    let number = async || {
        let found = read!(store, [] tx => sessions::find_live_numbered(tx, realm, id, NOW).await).unwrap();
        found.unwrap().2
    };
    assert_eq!((look().await, number().await), (Known::default(), None));
    let claims = PersonalClaims { given_name: Some("Ada".to_owned()), ..PersonalClaims::default() };
    let kept = claims.clone();
    write!(store, [kept] tx => personal_claims::set(tx, realm, user, &kept, NOW).await).unwrap();
    write!(store, [] tx => totp_seeds::begin(tx, realm, user, b"seed", NOW).await).unwrap();
    assert_eq!(
        look().await,
        Known { claims: claims.clone(), ..Known::default() },
        "an app that is begun is none"
    );
    let both: (&[u8], &[u8]) = (b"seed", b"seed");
    assert!(write!(store, [] tx => totp_seeds::confirm(tx, realm, user, both, 7, NOW).await).unwrap());
    store.join(&acme, &ada, "").await;
    let known = look().await;
    assert_eq!(known, Known { claims, has_app: true, has_passkey: false, has_phone: false, is_member: true });
    assert!(known.has_factor());
    assert_eq!(write!(store, [] tx => user_numbers::give(tx, realm, user).await).unwrap(), 1);
    assert_eq!(number().await, Some(1));

    let (grace, _) = passkeys::with(&store, "grace", &[7]).await;
    let known = read!(store, [] tx => sessions::known(tx, realm, grace).await).unwrap();
    assert!(known.has_passkey && known.has_factor() && !known.has_app && !known.is_member);
    let (bob, number) = (store.user("bob").await.id, "+4915112345678".parse::<PhoneNumber>().unwrap());
    write!(store, [number] tx => phone_numbers::set(tx, realm, bob, &number, NOW).await).unwrap();
    let known = read!(store, [] tx => sessions::known(tx, realm, bob).await).unwrap();
    assert!(known.has_phone && known.has_factor() && !known.has_app && !known.has_passkey);
    let nobody = read!(store, [] tx => sessions::known(tx, RealmId::MAX, grace).await).unwrap();
    assert_eq!(nobody, Known::default());
}

async fn a_live_session_is_found_for_what_was_agreed_to_with_the_password_of_now(store: Store) {
    let user = store.user("ada").await;
    let session = store.session(&user).await;
    let (realm, id, session_id) = (store.realm, user.id, session.id);
    let agreed = async |session, at, now| {
        read!(store, [] tx => sessions::find_agreed(tx, realm, session, at, now).await).unwrap()
    };
    let nothing = PersonalClaims::default();
    assert_eq!(agreed(session_id, NOW, NOW).await, Some((session.clone(), user.clone(), nothing)));
    let known: PersonalClaims = serde_json::from_str(r#"{"nickname":"al"}"#).unwrap();
    write!(store, [known] tx => personal_claims::set(tx, realm, id, &known, NOW).await).unwrap();
    write!(store, [] tx => passwords::set(tx, realm, id, &PasswordHash::new("h"), later(2)).await).unwrap();
    assert_eq!(agreed(session_id, NOW, later(3)).await, None, "the password has been changed since");
    assert_eq!(agreed(session_id, later(2), later(3)).await.map(|(.., known)| known), Some(known));
    assert_eq!(agreed(SessionId::MIN, later(2), later(3)).await, None);
    let message = store.message();
    write!(store, [] tx => sessions::revoke(tx, realm, id, session_id, later(4), message).await).unwrap();
    assert_eq!(agreed(session_id, later(2), later(4)).await, None, "it has ended");
}

async fn a_live_session_is_found_for_who_holds_a_grant_in_it(store: Store) {
    let (user, session, grant) = store.signed_in("ada").await;
    let (realm, id) = (store.realm, session.id);
    let found = |client: ClientId, now| {
        let store = store.clone();
        async move {
            read!(store, [client] tx => sessions::find_live_with(tx, realm, id, &client, now).await).unwrap()
        }
    };
    assert_eq!(found(grant.client.clone(), NOW).await, Some((session.clone(), user)));
    assert_eq!(found("another".parse().unwrap(), NOW).await, None);
    assert_eq!(found(grant.client.clone(), session.expires_at).await, None);
    let (grant_id, message) = (grant.id, store.message());
    write!(store, [] tx => grants::revoke(tx, realm, grant_id, NOW, message).await).unwrap();
    assert_eq!(found(grant.client.clone(), NOW).await, None);
    assert!(store.find_live(&session, NOW).await.is_some(), "the session goes on");
}

async fn an_organization_is_active_in_a_session_until_another_is(store: Store) {
    let user = store.user("ada").await;
    let (session, other) = (store.session(&user).await, store.session(&user).await);
    let acme = store.organization("acme").await;
    let (realm, user_id, id) = (store.realm, user.id, session.id);
    let activate = async |realm, organization| {
        write!(store, [] tx => sessions::activate(tx, realm, id, organization).await).unwrap()
    };
    let active = async |session: &Session| store.find_live(session, NOW).await.unwrap().0.organization;
    assert_eq!(active(&session).await, None);
    assert!(activate(realm, Some(acme.id)).await);
    assert_eq!((active(&session).await, active(&other).await), (Some(acme.id), None));
    assert!(!activate(gatepost_domain::RealmId::MAX, None).await);
    let activate_team =
        async |team| write!(store, [] tx => sessions::activate_team(tx, realm, id, team).await).unwrap();
    let found = async || {
        let found = store.find_live(&session, NOW).await.unwrap().0;
        (found.organization, found.team)
    };
    let (team, other) = ((acme.id, TeamId::MIN), (OrganizationId::MAX, TeamId::MAX));
    assert!(activate_team(Some(team)).await);
    assert_eq!(found().await, (Some(acme.id), Some(TeamId::MIN)));
    assert!(activate_team(None).await);
    assert_eq!(found().await, (Some(acme.id), None), "the organization stays");
    assert!(activate_team(Some(other)).await);
    assert_eq!(found().await, (Some(OrganizationId::MAX), Some(TeamId::MAX)), "with its own");
    assert!(activate(realm, None).await);
    assert_eq!(found().await, (None, Some(TeamId::MAX)), "for when its organization is active again");
    let message = store.message();
    write!(store, [] tx => sessions::revoke(tx, realm, user_id, id, NOW, message).await).unwrap();
    assert!(!activate(realm, Some(acme.id)).await && !activate_team(Some(team)).await, "it has ended");
}

async fn a_session_begins_only_for_a_user_who_may_sign_in(store: Store) {
    let user = store.user("ada").await;
    let (realm, id, message) = (store.realm, user.id, store.message());
    write!(store, [] tx => users::sign_out_everywhere(tx, realm, id, later(10), message).await).unwrap();
    assert!(!begin(&store, &store.session_of(&user, later(9)), None).await, "before the log-out");
    assert!(begin(&store, &store.session_of(&user, later(10)), None).await);
    let message = store.message();
    write!(store, [] tx => users::disable(tx, realm, id, later(11), message).await).unwrap();
    assert!(!begin(&store, &store.session_of(&user, later(12)), None).await, "disabled");
    let nobody = Session { user: UserId::MIN, ..store.session_of(&user, later(12)) };
    assert!(!begin(&store, &nobody, None).await);
    assert_eq!(read!(store, [] tx => sessions::list(tx, realm, id, later(12), None, 9).await), Ok(vec![]));
}

async fn a_session_begins_only_with_the_password_that_was_verified(store: Store) {
    let user = store.user("ada").await;
    let (realm, id) = (store.realm, user.id);
    assert!(!begin(&store, &store.session_of(&user, NOW), Some("one")).await, "no password");
    write!(store, [] tx => passwords::set(tx, realm, id, &PasswordHash::new("one"), NOW).await).unwrap();
    assert!(begin(&store, &store.session_of(&user, NOW), Some("one")).await);
    write!(store, [] tx => passwords::set(tx, realm, id, &PasswordHash::new("two"), NOW).await).unwrap();
    assert!(
        !begin(&store, &store.session_of(&user, NOW), Some("one")).await,
        "changed while it was being verified"
    );
}

async fn a_session_ends_idle_and_absolutely(store: Store) {
    let user = store.user("ada").await;
    let session =
        Session { idle_expires_at: later(60), expires_at: later(100), ..store.session_of(&user, NOW) };
    let busy = Session { id: SessionId::MAX, idle_expires_at: later(200), ..session.clone() };
    assert!(begin(&store, &session, None).await && begin(&store, &busy, None).await);
    assert!(store.find_live(&session, later(59)).await.is_some());
    assert!(store.find_live(&session, later(60)).await.is_none());
    assert!(store.find_live(&busy, later(99)).await.is_some());
    assert!(store.find_live(&busy, later(100)).await.is_none());
}

async fn a_session_is_listed_until_it_ends(store: Store) {
    let (user, other) = (store.user("ada").await, store.user("bob").await);
    let first = store.session(&user).await;
    let second = store.session_of(&user, later(1));
    assert!(begin(&store, &second, None).await);
    store.session(&other).await;
    let (realm, id) = (store.realm, user.id);
    let list = |now, before| {
        let store = store.clone();
        async move { read!(store, [] tx => sessions::list(tx, realm, id, now, before, 2).await).unwrap() }
    };
    assert_eq!(list(later(1), None).await, [second.clone(), first.clone()], "the newest first");
    assert_eq!(
        list(later(1), Some(second.id)).await,
        std::slice::from_ref(&first),
        "older than the given one"
    );
    assert_eq!(list(first.idle_expires_at, None).await, std::slice::from_ref(&second));
    assert_eq!(list(second.expires_at, None).await, []);
}

async fn the_live_sessions_of_a_realm_are_listed_whoever_they_are_of(store: Store) {
    let (ada, bob) = (store.user("ada").await, store.user("bob").await);
    let first = store.session(&ada).await;
    let second = store.session_of(&bob, later(1));
    let third = store.session_of(&ada, later(2));
    assert!(begin(&store, &second, None).await && begin(&store, &third, None).await);
    let realm = store.realm;
    let list = |realm, now, before, limit| {
        let store = store.clone();
        async move { read!(store, [] tx => sessions::list_of_realm(tx, realm, now, before, limit).await).unwrap() }
    };
    let all = [third.clone(), second.clone(), first.clone()];
    assert_eq!(list(realm, later(2), None, 9).await, all, "the newest first");
    assert_eq!(list(realm, later(2), None, 2).await, all[..2]);
    assert_eq!(list(realm, later(2), Some(third.id), 9).await, all[1..], "older than the given one");
    assert_eq!(list(gatepost_domain::RealmId::MAX, later(2), None, 9).await, [], "of another realm");
    assert!(revoke(&store, bob.id, second.id).await);
    assert_eq!(list(realm, later(6), None, 9).await, [third.clone(), first.clone()]);
    assert_eq!(list(realm, first.idle_expires_at, None, 9).await, std::slice::from_ref(&third));
    assert_eq!(list(realm, third.expires_at, None, 9).await, []);
}

async fn revoke(store: &Store, user: UserId, session: SessionId) -> bool {
    let (realm, message) = (store.realm, store.message());
    write!(store, [] tx => sessions::revoke(tx, realm, user, session, later(5), message).await).unwrap()
}

async fn told(store: &Store) -> Vec<Message> {
    let claimed = write_one!(store, [] tx => outbox::claim_due(tx, "revocation", 99, Duration::from_secs(1), later(99)).await);
    claimed.unwrap().into_iter().map(|queued| queued.message).collect()
}

async fn a_revoked_session_takes_its_grants_with_it_and_is_told(store: Store) {
    let (user, session, grant) = store.signed_in("ada").await;
    let second = store.session(&user).await;
    let second_grant = store.grant(&second).await;
    assert!(revoke(&store, user.id, session.id).await);
    assert!(store.find_live(&session, later(5)).await.is_none());
    assert_eq!(store.find_grant(&grant).await.unwrap().revoked_at, Some(later(5)));
    assert!(store.find_live(&second, later(5)).await.is_some());
    assert_eq!(store.find_grant(&second_grant).await.unwrap().revoked_at, None);
    assert!(!revoke(&store, user.id, session.id).await, "ended before");
    let revocation = Revocation::Sessions { sessions: vec![session.id], user: user.id };
    assert_eq!(told(&store).await, [Message::Revocation(revocation)]);
}

async fn only_its_owner_can_revoke_a_session(store: Store) {
    let (_, session, _) = store.signed_in("ada").await;
    let other = store.user("bob").await;
    assert!(!revoke(&store, other.id, session.id).await);
    assert!(store.find_live(&session, later(5)).await.is_some());
    assert_eq!(told(&store).await, []);
}

async fn sessions_end_with_their_grants_and_nobody_is_told(store: Store) {
    let (user, kept, _) = store.signed_in("ada").await;
    let ended = store.session(&user).await;
    let grant = store.grant(&ended).await;
    let (realm, id) = (store.realm, user.id);
    let end = async |except| {
        write!(store, [] tx => sessions::end_all_of(tx, realm, id, except, later(5)).await).unwrap()
    };
    assert_eq!(end(Some(kept.id)).await, [ended.id]);
    assert_eq!(store.find_grant(&grant).await.unwrap().revoked_at, Some(later(5)));
    assert!(store.find_live(&kept, later(5)).await.is_some());
    assert_eq!((end(None).await, end(None).await), (vec![kept.id], vec![]));
    assert_eq!(told(&store).await, []);
}

async fn all_sessions_but_one_are_revoked(store: Store) {
    let (user, kept, kept_grant) = store.signed_in("ada").await;
    let ended = store.session(&user).await;
    let ended_grant = store.grant(&ended).await;
    let (realm, id) = (store.realm, user.id);
    let revoke_all = |except, message| {
        let store = store.clone();
        async move {
            write!(store, [] tx => sessions::revoke_all(tx, realm, id, except, later(5), message).await)
                .unwrap()
        }
    };
    assert_eq!(revoke_all(Some(kept.id), store.message()).await, [ended.id]);
    assert!(
        store.find_live(&kept, later(5)).await.is_some() && store.find_live(&ended, later(5)).await.is_none()
    );
    assert_eq!(store.find_grant(&kept_grant).await.unwrap().revoked_at, None);
    assert_eq!(store.find_grant(&ended_grant).await.unwrap().revoked_at, Some(later(5)));
    assert_eq!(revoke_all(Some(kept.id), store.message()).await, []);
    assert_eq!(told(&store).await.len(), 1, "nothing ended, nobody told");
    assert_eq!(revoke_all(None, store.message()).await, [kept.id]);
}

async fn se_03_a_reauthenticated_session_has_another_cookie(store: Store) {
    let session = store.session(&store.user("ada").await).await;
    let (realm, id, amr) = (store.realm, session.id, vec!["otp".to_owned()]);
    let again = async |cookie: u32, now| {
        write!(store, [amr] tx => sessions::reauthenticate(tx, realm, id, cookie, &amr, now).await).unwrap()
    };
    assert!(again(0, later(5)).await && !again(0, later(6)).await, "the cookie was replaced");
    let found = store.find_live(&session, later(6)).await.unwrap().0;
    assert_eq!((found.cookie, found.authenticated_at, found.created_at), (1, later(5), NOW));
    assert_eq!(found.amr, ["otp"]);
    assert!(!again(1, session.expires_at).await, "over");
}

async fn se_03_a_renewed_cookie_makes_no_sign_in_fresh(store: Store) {
    let session = store.session(&store.user("ada").await).await;
    let (realm, id) = (store.realm, session.id);
    let renew = async |cookie: u32, now| {
        write!(store, [] tx => sessions::renew_cookie(tx, realm, id, cookie, now).await).unwrap()
    };
    assert!(renew(0, later(5)).await && !renew(0, later(6)).await, "the cookie was replaced");
    let found = store.find_live(&session, later(6)).await.unwrap().0;
    assert_eq!(
        (found.cookie, found.authenticated_at, found.amr),
        (1, session.authenticated_at, session.amr.clone())
    );
    assert!(!renew(1, session.expires_at).await, "over");
}

async fn a_factor_that_was_shown_later_is_added(store: Store) {
    let (ada, amr) = (store.user("ada").await, vec!["pwd".to_owned(), "otp".to_owned(), "mfa".to_owned()]);
    let session = store.session(&ada).await;
    let (realm, id, user, message) = (store.realm, session.id, ada.id, store.message());
    let add = async || write!(store, [amr] tx => sessions::add_factor(tx, realm, id, &amr).await).unwrap();
    assert!(add().await);
    let found = store.find_live(&session, later(6)).await.unwrap().0;
    assert_eq!((found.amr, found.cookie), (amr.clone(), session.cookie));
    assert_eq!(found.authenticated_at, session.authenticated_at);
    assert!(write!(store, [] tx => sessions::revoke(tx, realm, user, id, later(7), message).await).unwrap());
    assert!(!add().await, "over");
}

async fn a_password_that_was_shown_once_more_is_noted_in_a_live_session(store: Store) {
    let session = store.session(&store.user("ada").await).await;
    let (realm, id) = (store.realm, session.id);
    let shown = async || read!(store, [] tx => sessions::password_shown_at(tx, realm, id).await).unwrap();
    let note = async |now| write!(store, [] tx => sessions::note_password(tx, realm, id, now).await).unwrap();
    assert_eq!(shown().await, None);
    assert!(note(later(5)).await && note(later(6)).await);
    assert_eq!(shown().await, Some(later(6)));
    let found = store.find_live(&session, later(6)).await.unwrap().0;
    assert_eq!(found, session, "it makes no sign-in fresh");
    assert!(!note(session.expires_at).await, "over");
    let unknown = SessionId::MIN;
    assert_eq!(read!(store, [] tx => sessions::password_shown_at(tx, realm, unknown).await), Ok(None));
}

async fn a_touched_session_lives_on_but_not_past_its_end(store: Store) {
    let user = store.user("ada").await;
    let session =
        Session { idle_expires_at: later(60), expires_at: later(100), ..store.session_of(&user, NOW) };
    assert!(begin(&store, &session, None).await);
    let (realm, id) = (store.realm, session.id);
    let touch = |seconds| {
        let store = store.clone();
        async move {
            let idle = Duration::from_mins(1);
            write_one!(store, [] tx => sessions::touch(tx, realm, id, idle, later(seconds)).await).unwrap()
        }
    };
    assert!(touch(30).await);
    let seen = store.find_live(&session, later(89)).await.unwrap().0;
    assert_eq!((seen.last_seen_at, seen.idle_expires_at), (later(30), later(90)));
    assert!(touch(50).await);
    assert!(!touch(40).await, "the clock of another replica is behind: nothing moves back");
    let seen = store.find_live(&session, later(99)).await.unwrap().0;
    assert_eq!((seen.last_seen_at, seen.idle_expires_at), (later(50), later(100)));
    assert!(!touch(100).await);
    revoke(&store, user.id, id).await;
    assert!(!touch(51).await);
}

/// The rest of it is in `sessions_in_place.rs`.
async fn what_is_done_in_the_place_of_others_is_ended_by_either_side(store: Store) {
    let (ada, root) = (store.user("ada").await, store.user("root").await);
    let (realm, roles, message) = (store.realm, vec!["realm-admin".parse().unwrap()], store.message());
    let given =
        write!(store, [roles] tx => users::set_roles(tx, realm, root.id, &roles, None, NOW, message).await);
    assert!(given.unwrap().is_some());
    let (settings, mut begun) = (gatepost_domain::RealmSettings::default(), Vec::new());
    for _ in 0..3 {
        let (own, id) = (store.session(&root).await, SessionId::new(NOW, &store.dice));
        begun.push(Session::begin_in_place(id, &own, ada.id, &settings, Duration::from_mins(15), NOW));
        assert!(begin(&store, begun.last().unwrap(), None).await);
    }
    let live = async || {
        let listed = read!(store, [] tx => sessions::list(tx, realm, ada.id, later(5), None, 9).await);
        listed.unwrap().into_iter().map(|session| session.id).rev().collect::<Vec<_>>()
    };
    let ids: Vec<_> = begun.iter().map(|session| session.id).collect();
    let (mut order, message) = (ids.clone(), store.message());
    order.sort();
    assert_eq!(live().await, order);
    let of = (root.id, begun[0].begun_in);
    write!(store, [] tx => sessions::end_begun_by(tx, realm, of, later(5), message).await).unwrap();
    order.retain(|id| *id != ids[0]);
    assert_eq!(live().await, order);
    let message = store.message();
    write!(store, [] tx => sessions::end_in_place_of(tx, realm, root.id, later(5), message).await).unwrap();
    assert_eq!(live().await, order, "in the place of somebody else");
    write!(store, [] tx => sessions::end_in_place_of(tx, realm, ada.id, later(5), message).await).unwrap();
    assert_eq!(live().await, []);
}

async fn ended_sessions_are_deleted_with_their_grants(store: Store) {
    let (user, revoked, grant) = store.signed_in("ada").await;
    revoke(&store, user.id, revoked.id).await;
    let expired = Session { expires_at: later(10), ..store.session_of(&user, NOW) };
    assert!(begin(&store, &expired, None).await);
    let live = store.session(&user).await;
    let realm = store.realm;
    let delete = |seconds, limit| {
        let store = store.clone();
        async move {
            write_one!(store, [] tx => sessions::delete_ended(tx, realm, later(seconds), limit).await)
                .unwrap()
        }
    };
    assert_eq!(delete(5, 9).await, 0, "not yet");
    assert_eq!(delete(50, 1).await, 1);
    assert_eq!(delete(50, 9).await, 1);
    assert!(store.find_grant(&grant).await.is_none());
    assert!(store.find_live(&live, later(50)).await.is_some());
}

async fn it_is_known_from_where_a_user_signed_in_before(store: Store) {
    let (ada, bob) = (store.user("ada").await, store.user("bob").await);
    let mut made = Vec::new();
    for (n, address) in [1, 2, 3].into_iter().enumerate() {
        let mut session = store.session_of(&ada, later(n as u64));
        session.origin = SessionOrigin::new(Some([192, 0, 2, address].into()), Some("curl/8"));
        assert!(begin(&store, &session, None).await);
        made.push(session);
    }
    store.session(&bob).await;
    let (realm, user) = (store.realm, ada.id);
    let origins = async |except: SessionId, limit| {
        read!(store, [] tx => sessions::origins(tx, realm, user, except, limit).await).unwrap()
    };
    // The newest first, also those that are over.
    let (id, message) = (made[1].id, store.message());
    assert!(write!(store, [] tx => sessions::revoke(tx, realm, user, id, NOW, message).await).unwrap());
    assert_eq!(origins(made[2].id, 9).await, [made[1].origin.clone(), made[0].origin.clone()]);
    assert_eq!(origins(made[2].id, 1).await, [made[1].origin.clone()]);
}
