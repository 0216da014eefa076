use std::time::Duration;

use gatepost_domain::mfa::OrganizationMfa;
use gatepost_domain::outbox::{Message, Revocation};
use gatepost_domain::refresh::RefreshToken;
use gatepost_domain::{
    ClientId, EventId, Grant, GrantId, OrganizationId, RealmId, SessionId, Timestamp, UserId,
};
use gatepost_store::grants::{self, Assessed, Ends, Exchanged, OnReuse, Presented, RefreshRefused};
use gatepost_store::organizations::{self, OrganizationChanges};
use gatepost_store::{audit, memberships, outbox, sessions, users};

use crate::support::{NOW, Store, later};

on_every_backend!(
    a_grant_is_found_with_its_session_and_user,
    a_grant_begins_only_in_a_live_session_of_a_user_who_may_sign_in,
    a_good_token_is_exchanged_for_the_next,
    rt_01_a_token_used_twice_ends_the_grant_with_an_audit_event_and_a_message,
    rt_03_two_rotations_in_one_second_and_a_replay_of_the_first_is_reuse,
    rt_04_a_rotated_token_is_refused_after_a_restart,
    rt_06_another_client_or_realm_is_refused_and_cannot_end_the_grant,
    rt_10_a_grant_ends_idle_and_absolutely_also_when_the_clock_goes_back,
    rt_11_a_lost_answer_is_given_again_within_the_grace,
    rt_01_reuse_can_end_the_session_in_the_same_transaction,
    reuse_can_end_every_session_of_the_user,
    se_06_a_grant_ends_with_the_idle_end_of_its_session,
    what_ended_is_refused_for_its_reason,
    a_token_newer_than_the_database_is_refused_without_ending_the_grant,
    a_revoked_grant_is_told_and_ends_no_other,
    the_good_grants_of_a_user_are_listed_and_no_others,
    a_token_that_stays_good_moves_the_end_and_nothing_else,
    an_active_organization_stays_with_the_grant_while_the_user_belongs_there,
    mf_05_a_refresh_speaks_of_no_organization_whose_second_factor_was_not_shown,
    ad_02_a_refresh_that_read_a_membership_that_is_gone_looks_again,
);

pub(crate) const IDLE: Duration = Duration::from_hours(24);
pub(crate) const GRACE: Duration = Duration::from_secs(10);

pub(crate) fn presented(store: &Store, grant: &Grant, generation: u32, now: Timestamp) -> Presented {
    Presented {
        realm: store.realm,
        token: RefreshToken { grant: grant.id, generation },
        client: grant.client.clone(),
        now,
        idle: IDLE,
        grace: GRACE,
        mfa_grace: Duration::ZERO,
        rotates: true,
        on_reuse: OnReuse {
            event: EventId::new(now, &store.dice),
            message: store.message(),
            ends: Ends::Grant,
        },
    }
}

pub(crate) async fn exchange(
    store: &Store,
    grant: &Grant,
    generation: u32,
    now: Timestamp,
) -> Result<Exchanged, RefreshRefused> {
    exchange_as(store, presented(store, grant, generation, now)).await
}

pub(crate) async fn exchange_as(store: &Store, presented: Presented) -> Result<Exchanged, RefreshRefused> {
    let exchanged = grants::exchange(&store.db, presented, Exchanged::clone).await.unwrap();
    exchanged.map(|(exchanged, seen)| {
        assert_eq!(seen, exchanged, "what is made meanwhile is made of the exchange");
        exchanged
    })
}

/// The tokens a caller would now hold, or why not.
async fn generation(
    store: &Store,
    grant: &Grant,
    presented: u32,
    now: Timestamp,
) -> Result<u32, RefreshRefused> {
    exchange(store, grant, presented, now).await.map(|exchanged| exchanged.grant.generation)
}

pub(crate) async fn audited(store: &Store) -> Vec<&'static str> {
    let realm = store.realm;
    let records =
        read!(store, [] tx => audit::list(tx, realm, &audit::RecordFilter::default(), None, 999).await)
            .unwrap();
    records.into_iter().map(|record| record.event.name()).collect()
}

async fn told(store: &Store) -> Vec<Message> {
    let claimed = write_one!(store, [] tx => outbox::claim_due(tx, "revocation", 99, Duration::from_secs(1), later(1_000_000)).await);
    claimed.unwrap().into_iter().map(|queued| queued.message).collect()
}

async fn a_grant_is_found_with_its_session_and_user(store: Store) {
    let (user, session) = {
        let user = store.user("ada").await;
        (user.clone(), store.session(&user).await)
    };
    let mut grant = store.grant_in(&session);
    grant.audience = vec!["notes-api".into(), "https://other.test".into()];
    assert!(write!(store, [grant] tx => grants::create(tx, &grant).await).unwrap());
    let (realm, id) = (store.realm, grant.id);
    assert_eq!(read!(store, [] tx => grants::find(tx, realm, id).await), Ok(Some((grant, session, user))));
    assert_eq!(read!(store, [] tx => grants::find(tx, realm, GrantId::MIN).await), Ok(None));
}

async fn a_grant_begins_only_in_a_live_session_of_a_user_who_may_sign_in(store: Store) {
    let (user, session, _) = store.signed_in("ada").await;
    let (other, other_session, _) = store.signed_in("bob").await;
    let begin = |grant: Grant| {
        let store = store.clone();
        async move { write_one!(store, [grant] tx => grants::create(tx, &grant).await).unwrap() }
    };
    assert!(!begin(Grant { user: other.id, ..store.grant_in(&session) }).await, "the session of another");
    assert!(!begin(Grant { session: SessionId::MIN, ..store.grant_in(&session) }).await);
    assert!(!begin(Grant { user: UserId::MIN, ..store.grant_in(&session) }).await);
    assert!(!begin(Grant { created_at: session.expires_at, ..store.grant_in(&session) }).await, "expired");
    let (realm, id, message) = (store.realm, user.id, store.message());
    write!(store, [] tx => sessions::revoke(tx, realm, id, session.id, NOW, message).await).unwrap();
    assert!(!begin(store.grant_in(&session)).await, "revoked");
    let (id, message) = (other.id, store.message());
    write!(store, [] tx => users::disable(tx, realm, id, NOW, message).await).unwrap();
    assert!(!begin(store.grant_in(&other_session)).await, "disabled");
}

async fn a_good_token_is_exchanged_for_the_next(store: Store) {
    let (user, session, grant) = store.signed_in("ada").await;
    let first = exchange(&store, &grant, 0, later(5)).await.unwrap();
    let expected = Grant {
        generation: 1,
        rotated_at: Some(later(5)),
        idle_expires_at: later(5).plus(IDLE),
        ..grant.clone()
    };
    assert_eq!(first, Exchanged { grant: expected.clone(), session, user, member: None, replayed: false });
    assert_eq!(store.find_grant(&grant).await, Some(expected));
    let rotate = |good: Grant, version: u64| {
        let (store, asked) = (store.clone(), presented(&store, &good, good.generation, later(6)));
        let rotated = good.rotated(IDLE, later(6));
        async move {
            write_one!(store, [asked, rotated] tx => grants::rotate(tx, &asked, &rotated, version).await)
                .unwrap()
        }
    };
    assert!(!rotate(first.grant.clone(), 7).await, "a user who was changed since is read again");
    assert!(rotate(first.grant.clone(), 1).await);
    assert!(!rotate(first.grant, 1).await);
    assert_eq!(generation(&store, &grant, 2, later(7)).await, Ok(3));
}

async fn rt_01_a_token_used_twice_ends_the_grant_with_an_audit_event_and_a_message(store: Store) {
    let (user, session, grant) = store.signed_in("ada").await;
    assert_eq!(generation(&store, &grant, 0, NOW).await, Ok(1));
    assert_eq!(generation(&store, &grant, 0, later(10)).await, Err(RefreshRefused::Reused));
    assert_eq!(
        generation(&store, &grant, 1, later(10)).await,
        Err(RefreshRefused::Revoked),
        "the successor is dead too"
    );
    assert_eq!(generation(&store, &grant, 0, later(10)).await, Err(RefreshRefused::Revoked));
    assert_eq!(audited(&store).await, ["refresh-token-reused"]);
    let revocation = Revocation::Grant { grant: grant.id, session: session.id, user: user.id };
    assert_eq!(told(&store).await, [Message::Revocation(revocation)]);
    assert!(store.find_live(&session, later(10)).await.is_some(), "the session itself goes on");
}

async fn rt_03_two_rotations_in_one_second_and_a_replay_of_the_first_is_reuse(store: Store) {
    let (_, _, grant) = store.signed_in("ada").await;
    assert_eq!(generation(&store, &grant, 0, NOW).await, Ok(1));
    assert_eq!(generation(&store, &grant, 1, NOW).await, Ok(2));
    assert_eq!(generation(&store, &grant, 0, NOW).await, Err(RefreshRefused::Reused));
    assert_eq!(generation(&store, &grant, 2, NOW).await, Err(RefreshRefused::Revoked));
}

async fn rt_04_a_rotated_token_is_refused_after_a_restart(store: Store) {
    let (_, _, grant) = store.signed_in("ada").await;
    assert_eq!(generation(&store, &grant, 0, NOW).await, Ok(1));
    store.db.close().await;
    let restarted = store.another().await;
    assert_eq!(generation(&restarted, &grant, 0, later(60)).await, Err(RefreshRefused::Reused));
    restarted.db.close().await;
}

async fn rt_06_another_client_or_realm_is_refused_and_cannot_end_the_grant(store: Store) {
    let (_, _, grant) = store.signed_in("ada").await;
    assert_eq!(generation(&store, &grant, 0, NOW).await, Ok(1));
    for used in [0, 1] {
        let other =
            Presented { client: "evil".parse().unwrap(), ..presented(&store, &grant, used, later(60)) };
        assert_eq!(exchange_as(&store, other).await, Err(RefreshRefused::OtherClient));
        let elsewhere = Presented { realm: RealmId::MAX, ..presented(&store, &grant, used, later(60)) };
        assert_eq!(exchange_as(&store, elsewhere).await, Err(RefreshRefused::Unknown));
    }
    assert_eq!(audited(&store).await, [] as [&str; 0]);
    assert_eq!(generation(&store, &grant, 1, later(60)).await, Ok(2), "it lives");
}

async fn rt_10_a_grant_ends_idle_and_absolutely_also_when_the_clock_goes_back(store: Store) {
    let (user, session, idle) = store.signed_in("ada").await;
    assert_eq!(generation(&store, &idle, 0, idle.idle_expires_at).await, Err(RefreshRefused::Expired));
    let used = store.grant(&session).await;
    let (mut now, mut used_generation, realm) = (NOW, 0, store.realm);
    let step = Duration::from_hours(23);
    while now.plus(step) < session.expires_at {
        now = now.plus(step);
        let id = session.id;
        write_one!(store, [] tx => sessions::touch(tx, realm, id, IDLE * 30, now).await).unwrap();
        used_generation = generation(&store, &used, used_generation, now).await.unwrap();
        assert!(store.find_grant(&used).await.unwrap().idle_expires_at <= session.expires_at);
    }
    assert!(used_generation > 90);
    assert_eq!(
        generation(&store, &used, used_generation, session.expires_at).await,
        Err(RefreshRefused::Expired)
    );
    let back = generation(&store, &used, used_generation, NOW.minus(step)).await;
    assert_eq!(back, Ok(used_generation + 1), "a clock set back rotates");
    let again = generation(&store, &used, used_generation - 1, NOW.minus(step)).await;
    assert_eq!(again, Err(RefreshRefused::Reused), "and does not make old tokens good");
    assert_eq!(user.id, session.user);
}

async fn rt_11_a_lost_answer_is_given_again_within_the_grace(store: Store) {
    let (user, session, grant) = store.signed_in("ada").await;
    let first = exchange(&store, &grant, 0, NOW).await.unwrap();
    for seconds in [0, 1, 9] {
        let again = exchange(&store, &grant, 0, later(seconds)).await.unwrap();
        assert_eq!(again, Exchanged { replayed: true, ..first.clone() }, "after {seconds} s");
    }
    let asked = presented(&store, &grant, 0, later(9));
    let present = Box::new((first.grant, session, user, None));
    let judged = read!(store, [asked] tx => grants::assess(tx, &asked).await);
    assert_eq!(judged, Ok(Assessed::Replay(present.clone())));
    let good = presented(&store, &grant, 1, later(9));
    let judged = write!(store, [good] tx => grants::end_reused(tx, &good).await);
    assert_eq!(judged, Ok(Assessed::Good(present)), "nothing was ended");
    assert_eq!(generation(&store, &grant, 0, later(10)).await, Err(RefreshRefused::Reused));
}

async fn rt_01_reuse_can_end_the_session_in_the_same_transaction(store: Store) {
    let (user, session, grant) = store.signed_in("ada").await;
    let (sibling, other) = (store.grant(&session).await, store.session(&user).await);
    assert_eq!(generation(&store, &grant, 0, NOW).await, Ok(1));
    let mut asked = presented(&store, &grant, 0, later(60));
    asked.on_reuse.ends = Ends::Session;
    assert_eq!(exchange_as(&store, asked).await, Err(RefreshRefused::Reused));
    assert_eq!(generation(&store, &sibling, 0, later(60)).await, Err(RefreshRefused::Revoked));
    assert!(store.find_live(&session, later(60)).await.is_none());
    assert!(store.find_live(&other, later(60)).await.is_some(), "another sign-in goes on");
    assert_eq!(audited(&store).await, ["refresh-token-reused"]);
    let revocation = Revocation::Sessions { sessions: vec![session.id], user: user.id };
    assert_eq!(told(&store).await, [Message::Revocation(revocation)]);
}

async fn se_06_a_grant_ends_with_the_idle_end_of_its_session(store: Store) {
    let (_, session, grant) = store.signed_in("ada").await;
    let mut asked = presented(&store, &grant, 0, session.idle_expires_at.minus(Duration::from_secs(1)));
    asked.idle = Duration::from_hours(24 * 365);
    let used = exchange_as(&store, Presented { idle: asked.idle, ..presented(&store, &grant, 0, NOW) })
        .await
        .unwrap();
    asked.token.generation = used.grant.generation;
    let used = exchange_as(&store, asked).await.unwrap();
    let refused = generation(&store, &grant, used.grant.generation, session.idle_expires_at).await;
    assert_eq!(refused, Err(RefreshRefused::SessionEnded));
    assert!(store.find_live(&session, session.idle_expires_at).await.is_none(), "all say the same");
}

async fn reuse_can_end_every_session_of_the_user(store: Store) {
    let (user, session, grant) = store.signed_in("ada").await;
    let second = store.session(&user).await;
    let second_grant = store.grant(&second).await;
    assert_eq!(generation(&store, &grant, 0, NOW).await, Ok(1));
    let mut asked = presented(&store, &grant, 0, later(60));
    asked.on_reuse.ends = Ends::EverySession;
    assert_eq!(exchange_as(&store, asked).await, Err(RefreshRefused::Reused));
    assert_eq!(generation(&store, &second_grant, 0, later(60)).await, Err(RefreshRefused::Revoked));
    assert!(
        store.find_live(&session, later(60)).await.is_none()
            && store.find_live(&second, later(60)).await.is_none()
    );
    assert_eq!(audited(&store).await, ["refresh-token-reused"]);
    assert_eq!(told(&store).await.len(), 1);
}

async fn what_ended_is_refused_for_its_reason(store: Store) {
    let (realm, (ada, session, grant)) = (store.realm, store.signed_in("ada").await);
    let (message, id) = (store.message(), ada.id);
    write!(store, [] tx => sessions::revoke(tx, realm, id, session.id, NOW, message).await).unwrap();
    assert_eq!(generation(&store, &grant, 0, NOW).await, Err(RefreshRefused::Revoked));
    let (bob, _, grant) = store.signed_in("bob").await;
    assert_eq!(generation(&store, &grant, 0, NOW).await, Ok(1));
    let (message, id) = (store.message(), bob.id);
    write!(store, [] tx => users::disable(tx, realm, id, later(1), message).await).unwrap();
    for used in [0, 1] {
        assert_eq!(
            generation(&store, &grant, used, later(1)).await,
            Err(RefreshRefused::Revoked),
            "also within the grace"
        );
    }
    assert_eq!(audited(&store).await, [] as [&str; 0], "no reuse is claimed");
    let unknown = Grant { id: GrantId::MAX, ..grant };
    assert_eq!(generation(&store, &unknown, 0, NOW).await, Err(RefreshRefused::Unknown));
}

async fn a_token_newer_than_the_database_is_refused_without_ending_the_grant(store: Store) {
    let (_, _, grant) = store.signed_in("ada").await;
    assert_eq!(generation(&store, &grant, 7, NOW).await, Err(RefreshRefused::Unknown));
    assert_eq!(generation(&store, &grant, u32::MAX, NOW).await, Err(RefreshRefused::Unknown));
    assert_eq!(generation(&store, &grant, 0, NOW).await, Ok(1));
}

async fn a_revoked_grant_is_told_and_ends_no_other(store: Store) {
    let (user, session, grant) = store.signed_in("ada").await;
    let other = store.grant(&session).await;
    let (realm, id) = (store.realm, grant.id);
    let revoke = |message| {
        let store = store.clone();
        async move { write!(store, [] tx => grants::revoke(tx, realm, id, later(3), message).await).unwrap() }
    };
    assert_eq!(revoke(store.message()).await, Some(Grant { revoked_at: Some(later(3)), ..grant.clone() }));
    assert_eq!(revoke(store.message()).await, None);
    assert_eq!(generation(&store, &grant, 0, later(3)).await, Err(RefreshRefused::Revoked));
    assert_eq!(generation(&store, &other, 0, later(3)).await, Ok(1));
    let revocation = Revocation::Grant { grant: grant.id, session: session.id, user: user.id };
    assert_eq!(told(&store).await, [Message::Revocation(revocation)]);
}

async fn the_good_grants_of_a_user_are_listed_and_no_others(store: Store) {
    let (user, _, grant) = store.signed_in("ada").await;
    store.signed_in("bob").await;
    let session = store.session(&user).await;
    let (realm, id, message) = (store.realm, session.id, store.message());
    let list = |now| {
        let (store, user) = (&store, user.id);
        async move { read!(store, [] tx => grants::list_live(tx, realm, user, now).await).unwrap() }
    };
    assert_eq!(list(NOW).await, std::slice::from_ref(&grant));
    assert_eq!(list(grant.idle_expires_at).await, []);
    write!(store, [] tx => sessions::revoke(tx, realm, user.id, id, NOW, message).await).unwrap();
    assert_eq!(list(NOW).await, std::slice::from_ref(&grant), "another session ended");
    let (id, message) = (grant.id, store.message());
    write!(store, [] tx => grants::revoke(tx, realm, id, NOW, message).await).unwrap();
    assert_eq!(list(NOW).await, []);
}

async fn activate(store: &Store, grant: &Grant, organization: Option<OrganizationId>) -> Option<Grant> {
    let (realm, session, client) = (store.realm, grant.session, grant.client.clone());
    write!(store, [client] tx => grants::activate(tx, realm, session, &client, organization).await).unwrap()
}

async fn an_active_organization_stays_with_the_grant_while_the_user_belongs_there(store: Store) {
    let (user, _, grant) = store.signed_in("ada").await;
    let (_, _, other) = store.signed_in("bob").await;
    let acme = store.organization("acme").await;
    let member = store.join(&acme, &user, "owner").await;
    let active = Grant { organization: Some(acme.id), ..grant.clone() };
    assert_eq!(activate(&store, &grant, Some(acme.id)).await, Some(active.clone()));
    for round in 0..2 {
        let exchanged = exchange(&store, &grant, round, NOW).await.unwrap();
        assert_eq!((exchanged.grant.organization, exchanged.member), (Some(acme.id), Some(member.clone())));
    }
    assert!(exchange(&store, &grant, 1, NOW).await.unwrap().member.is_some(), "a replay too");
    assert_eq!(exchange(&store, &other, 0, NOW).await.unwrap().member, None);
    let (realm, organization, id, message) = (store.realm, acme.id, user.id, store.message());
    write!(store, [] tx => memberships::remove(tx, realm, organization, id, NOW, message).await).unwrap();
    assert_eq!(exchange(&store, &grant, 2, NOW).await.unwrap().member, None);
    assert_eq!(activate(&store, &grant, None).await.unwrap().organization, None);

    let client: ClientId = "another".parse().unwrap();
    assert_eq!(activate(&store, &Grant { client, ..grant.clone() }, Some(acme.id)).await, None);
    assert_eq!(activate(&store, &Grant { session: SessionId::MIN, ..grant.clone() }, None).await, None);
    let (id, message) = (grant.id, store.message());
    write!(store, [] tx => grants::revoke(tx, realm, id, NOW, message).await).unwrap();
    assert_eq!(activate(&store, &grant, None).await, None);

    // Or it is there from the beginning.
    let begun = Grant { id: GrantId::new(NOW, &store.dice), organization: Some(acme.id), ..grant };
    assert!(write!(store, [begun] tx => grants::create(tx, &begun).await).unwrap());
    let found = read!(store, [] tx => grants::find(tx, realm, begun.id).await).unwrap();
    assert_eq!(found.unwrap().0.organization, Some(acme.id));
}

/// Of an organization that began to ask for a second factor tokens speak no more, unless the session has shown one, and the session
/// goes on.
async fn mf_05_a_refresh_speaks_of_no_organization_whose_second_factor_was_not_shown(store: Store) {
    let (user, session, grant) = store.signed_in("ada").await;
    let acme = store.organization("acme").await;
    let member = store.join(&acme, &user, "owner").await;
    activate(&store, &grant, Some(acme.id)).await.unwrap();
    let (realm, organization) = (store.realm, acme.id);
    let changes =
        OrganizationChanges { mfa: Some(OrganizationMfa::Required), ..OrganizationChanges::default() };
    write!(store, [changes] tx => organizations::update(tx, realm, organization, &changes, NOW).await)
        .unwrap();
    let exchanged = exchange(&store, &grant, 0, NOW).await.unwrap();
    assert_eq!((exchanged.member, exchanged.grant.organization), (None, Some(acme.id)));
    let waits = Presented { mfa_grace: IDLE, ..presented(&store, &grant, 1, later(5)) };
    assert_eq!(exchange_as(&store, waits).await.unwrap().member, Some(member.clone()), "there is a grace");
    let (id, amr) = (session.id, ["pwd", "otp", "mfa"].map(str::to_owned));
    write!(store, [amr] tx => sessions::add_factor(tx, realm, id, &amr).await).unwrap();
    assert_eq!(exchange(&store, &grant, 2, later(6)).await.unwrap().member, Some(member));
}

/// A token that is made after a member was removed does not say what was read before.
async fn ad_02_a_refresh_that_read_a_membership_that_is_gone_looks_again(store: Store) {
    let (user, _, grant) = store.signed_in("ada").await;
    let acme = store.organization("acme").await;
    store.join(&acme, &user, "owner").await;
    activate(&store, &grant, Some(acme.id)).await.unwrap();
    let presented = presented(&store, &grant, 0, NOW);
    let Assessed::Good(found) = read!(store, [presented] tx => grants::assess(tx, &presented).await).unwrap()
    else {
        panic!("the token is good");
    };
    let (realm, organization, id, message) = (store.realm, acme.id, user.id, store.message());
    write!(store, [] tx => memberships::remove(tx, realm, organization, id, NOW, message).await).unwrap();
    let (rotated, version) = (found.0.rotated(IDLE, NOW), found.2.version);
    let late =
        write_one!(store, [presented, rotated] tx => grants::rotate(tx, &presented, &rotated, version).await);
    assert_eq!(late, Ok(false));
    assert_eq!(exchange(&store, &grant, 0, NOW).await.unwrap().member, None);
}

/// `refresh_token_rotation = false`.
async fn a_token_that_stays_good_moves_the_end_and_nothing_else(store: Store) {
    let (_, _, grant) = store.signed_in("ada").await;
    for minute in [0, 1, 2] {
        let now = later(60 * minute);
        let asked = Presented { rotates: false, ..presented(&store, &grant, 0, now) };
        let exchanged = exchange_as(&store, asked).await.unwrap();
        let expected = Grant { idle_expires_at: now.plus(IDLE), ..grant.clone() };
        assert_eq!((exchanged.grant, exchanged.replayed), (expected.clone(), false));
        assert_eq!(store.find_grant(&grant).await, Some(expected));
    }
    // Once tokens are good once again, so is this one.
    exchange(&store, &grant, 0, later(180)).await.unwrap();
    let asked = Presented { rotates: false, ..presented(&store, &grant, 0, later(240)) };
    assert_eq!(exchange_as(&store, asked).await.unwrap_err(), RefreshRefused::Reused);
}
