use std::time::Duration;

use gatepost_domain::{
    ClientId, DeviceCodeId, GrantId, RealmId, SessionId, Timestamp, UserId,
    authorization::device::{Decision, DeviceCode, DeviceDetails, UserCode},
};
use gatepost_store::{Constraint, Error, clients, device_codes, sessions, users};

use crate::clients::client;
use crate::support::{NOW, Store, at_once, error_of, later};

on_every_backend!(
    a_device_is_found_as_it_asked_and_in_its_realm_only,
    oa_20_a_user_code_is_one_devices_while_it_waits,
    oa_20_a_device_that_asks_too_soon_waits_longer_each_time,
    oa_20_the_session_that_was_shown_the_device_last_decides,
    oa_20_of_many_who_decide_one_does,
    oa_20_a_session_that_is_over_decides_nothing,
    oa_20_a_code_is_redeemed_by_one_of_many_and_only_after_yes,
    what_is_taken_back_from_a_client_does_not_come_by_its_devices,
    oa_20_what_was_shown_is_found_by_the_session_it_was_shown_in_alone,
    the_clients_of_a_session_are_those_whose_devices_got_tokens,
    old_devices_are_deleted_and_those_that_got_tokens_stay,
);

const INTERVAL: Duration = Duration::from_secs(5);

fn typed(text: &str) -> UserCode {
    text.parse().unwrap()
}

async fn device(store: &Store, user_code: &str) -> DeviceCode {
    let tv = client(store, "tv");
    write!(store, [tv] tx => clients::upsert(tx, &tv).await).unwrap();
    DeviceCode {
        id: DeviceCodeId::new(NOW, &store.dice),
        realm: store.realm,
        client: tv.id,
        user_code: Some(typed(user_code)),
        details: DeviceDetails {
            scopes: "openid email".parse().unwrap(),
            audience: vec!["notes-api".into()],
        },
        grant: GrantId::new(NOW, &store.dice),
        created_at: NOW,
        expires_at: later(600),
        session: None,
        decision: None,
        redeemed_at: None,
    }
}

async fn create(store: &Store, code: &DeviceCode) -> bool {
    write!(store, [code] tx => device_codes::create(tx, &code, INTERVAL).await).unwrap()
}

async fn waiting(store: &Store, user_code: &str) -> DeviceCode {
    let code = device(store, user_code).await;
    assert!(create(store, &code).await);
    code
}

async fn found(store: &Store, id: DeviceCodeId) -> Option<DeviceCode> {
    let realm = store.realm;
    read!(store, [] tx => device_codes::find(tx, realm, id).await).unwrap()
}

async fn show(store: &Store, code: &str, session: SessionId, at: Timestamp) -> Option<DeviceCode> {
    let (realm, code) = (store.realm, typed(code));
    write!(store, [] tx => device_codes::show(tx, realm, code, session, at).await).unwrap()
}

async fn decide(
    store: &Store,
    code: &str,
    session: SessionId,
    approved: bool,
    at: Timestamp,
) -> Option<DeviceCode> {
    let (realm, code) = (store.realm, typed(code));
    write!(store, [] tx => device_codes::decide(tx, realm, code, session, approved, at).await).unwrap()
}

async fn redeem(store: &Store, id: DeviceCodeId, at: Timestamp) -> bool {
    let realm = store.realm;
    write!(store, [] tx => device_codes::redeem(tx, realm, id, at).await).unwrap()
}

async fn a_device_is_found_as_it_asked_and_in_its_realm_only(store: Store) {
    let code = waiting(&store, "BCDF-GHJK").await;
    let id = code.id;
    assert_eq!(found(&store, id).await, Some(code.clone()));
    assert_eq!(read!(store, [] tx => device_codes::find(tx, RealmId::MAX, id).await), Ok(None));
    let session = store.session(&store.user("ada").await).await.id;
    let elsewhere =
        write!(store, [] tx => device_codes::show(tx, RealmId::MAX, typed("BCDFGHJK"), session, NOW).await);
    assert_eq!(elsewhere, Ok(None));
    let homeless = DeviceCode {
        client: "gone".parse().unwrap(),
        id: DeviceCodeId::MAX,
        user_code: Some(typed("KJHG-FDCB")),
        ..code
    };
    let refused = write!(store, [homeless] tx => device_codes::create(tx, &homeless, INTERVAL).await);
    assert_eq!(error_of(refused), Error::Conflict(Constraint::Parent));
}

async fn oa_20_a_user_code_is_one_devices_while_it_waits(store: Store) {
    waiting(&store, "BCDF-GHJK").await;
    assert!(!create(&store, &device(&store, "BCDF-GHJK").await).await);
    let session = store.session(&store.user("ada").await).await.id;
    assert!(show(&store, "BCDF-GHJK", session, NOW).await.is_some());
    assert!(decide(&store, "BCDF-GHJK", session, true, NOW).await.is_some());
    assert!(create(&store, &device(&store, "BCDF-GHJK").await).await, "decided on, it is free");
    assert!(show(&store, "BCDF-GHJK", session, later(600)).await.is_none(), "expired");
}

async fn oa_20_a_device_that_asks_too_soon_waits_longer_each_time(store: Store) {
    let (realm, id) = (store.realm, waiting(&store, "BCDF-GHJK").await.id);
    let early = Duration::from_secs(1);
    let poll =
        async |at| write!(store, [] tx => device_codes::poll(tx, realm, id, early, later(at)).await).unwrap();
    let slow_down = async |at| {
        write!(store, [] tx => device_codes::slow_down(tx, realm, id, INTERVAL, later(at)).await).unwrap();
    };
    assert!(poll(0).await && poll(5).await && poll(9).await, "a second of patience");
    assert!(!poll(12).await);
    slow_down(12).await;
    assert!(!poll(20).await && poll(22).await && !poll(28).await && poll(32).await);
    slow_down(33).await;
    assert!(!poll(46).await && poll(48).await);
}

async fn oa_20_the_session_that_was_shown_the_device_last_decides(store: Store) {
    let id = waiting(&store, "BCDF-GHJK").await.id;
    let ada = store.session(&store.user("ada").await).await.id;
    let eve = store.session(&store.user("eve").await).await.id;
    assert!(decide(&store, "BCDF-GHJK", ada, true, NOW).await.is_none(), "nobody was asked");
    assert!(show(&store, "GGGG-GGGG", ada, NOW).await.is_none());
    let shown = show(&store, "bcdf ghjk", ada, NOW).await.unwrap();
    assert_eq!((shown.id, shown.session, shown.decision), (id, Some(ada), None));
    assert!(decide(&store, "BCDF-GHJK", eve, true, NOW).await.is_none(), "another session");
    assert!(show(&store, "BCDF-GHJK", eve, NOW).await.is_some());
    assert!(decide(&store, "BCDF-GHJK", ada, true, NOW).await.is_none(), "somebody else was asked since");
    assert!(show(&store, "BCDF-GHJK", ada, NOW).await.is_some());
    assert!(decide(&store, "BCDF-GHJK", ada, true, later(600)).await.is_none(), "too late");
    let decided = decide(&store, "BCDF-GHJK", ada, true, later(9)).await.unwrap();
    assert_eq!(decided.decision, Some(Decision { approved: true, at: later(9) }));
    assert_eq!((decided.session, decided.user_code), (Some(ada), None));
    assert!(decide(&store, "BCDF-GHJK", ada, false, later(9)).await.is_none(), "once");
    assert!(show(&store, "BCDF-GHJK", eve, later(9)).await.is_none());
}

async fn oa_20_of_many_who_decide_one_does(store: Store) {
    let id = waiting(&store, "BCDF-GHJK").await.id;
    let ada = store.session(&store.user("ada").await).await.id;
    show(&store, "BCDF-GHJK", ada, NOW).await.unwrap();
    let decided = at_once(20, |nth| {
        let store = store.clone();
        async move { decide(&store, "BCDF-GHJK", ada, nth % 2 == 0, NOW).await }
    })
    .await;
    let decided: Vec<_> = decided.into_iter().flatten().collect();
    assert_eq!(decided.len(), 1);
    assert_eq!(found(&store, id).await.as_ref(), decided.first());
}

async fn oa_20_a_session_that_is_over_decides_nothing(store: Store) {
    let (realm, message) = (store.realm, store.message());
    let (ada, eve) = (store.user("ada").await, store.user("eve").await);
    let (hers, out) = (store.session(&ada).await, store.session(&eve).await.id);
    waiting(&store, "BCDF-GHJK").await;
    show(&store, "BCDF-GHJK", out, NOW).await.unwrap();
    write!(store, [] tx => sessions::revoke(tx, realm, eve.id, out, NOW, message).await).unwrap();
    assert!(decide(&store, "BCDF-GHJK", out, true, NOW).await.is_none(), "signed out");
    show(&store, "BCDF-GHJK", hers.id, NOW).await.unwrap();
    let message = store.message();
    write!(store, [] tx => users::disable(tx, realm, ada.id, NOW, message).await).unwrap();
    assert!(decide(&store, "BCDF-GHJK", hers.id, true, NOW).await.is_none(), "disabled");
}

async fn oa_20_a_code_is_redeemed_by_one_of_many_and_only_after_yes(store: Store) {
    let session = store.session(&store.user("ada").await).await.id;
    let (yes, no) = (waiting(&store, "BCDF-GHJK").await.id, waiting(&store, "KJHG-FDCB").await.id);
    for (code, approved) in [("BCDF-GHJK", true), ("KJHG-FDCB", false)] {
        show(&store, code, session, NOW).await.unwrap();
        assert!(!redeem(&store, yes, later(1)).await, "undecided, or spent");
        decide(&store, code, session, approved, NOW).await.unwrap();
        assert!(!redeem(&store, yes, later(600)).await && !redeem(&store, no, later(1)).await);
        if approved {
            let redeemed = at_once(50, |_| {
                let store = store.clone();
                async move { redeem(&store, yes, later(1)).await }
            });
            assert_eq!(redeemed.await.into_iter().filter(|won| *won).count(), 1);
        }
    }
    assert_eq!(found(&store, yes).await.unwrap().redeemed_at, Some(later(1)));
    assert_eq!(found(&store, no).await.unwrap().redeemed_at, None);
}

async fn what_is_taken_back_from_a_client_does_not_come_by_its_devices(store: Store) {
    let ada = store.user("ada").await;
    let session = store.session(&ada).await.id;
    let approved = waiting(&store, "BCDF-GHJK").await;
    show(&store, "BCDF-GHJK", session, NOW).await.unwrap();
    decide(&store, "BCDF-GHJK", session, true, NOW).await.unwrap();
    let shown = waiting(&store, "KJHG-FDCB").await.id;
    show(&store, "KJHG-FDCB", session, NOW).await.unwrap();
    let realm = store.realm;
    let withdraw = async |user: UserId, client: ClientId| {
        write!(store, [client] tx => device_codes::withdraw(tx, realm, user, &client).await).unwrap()
    };
    assert_eq!(withdraw(ada.id, "web".parse().unwrap()).await, 0);
    assert_eq!(withdraw(UserId::MAX, approved.client.clone()).await, 0);
    assert_eq!(withdraw(ada.id, approved.client.clone()).await, 1);
    assert!(!redeem(&store, approved.id, NOW).await);
    assert!(found(&store, shown).await.is_some(), "she is being asked about it");
}

async fn oa_20_what_was_shown_is_found_by_the_session_it_was_shown_in_alone(store: Store) {
    let id = waiting(&store, "BCDF-GHJK").await.id;
    let (one, other) =
        (store.session(&store.user("ada").await).await.id, store.session(&store.user("bob").await).await.id);
    let (realm, code) = (store.realm, typed("BCDF-GHJK"));
    let shown = async |session, at| {
        let found = read!(store, [] tx => device_codes::shown(tx, realm, code, session, at).await).unwrap();
        found.map(|device| device.id)
    };
    assert_eq!(shown(one, NOW).await, None);
    show(&store, "BCDF-GHJK", one, NOW).await.unwrap();
    assert_eq!((shown(one, NOW).await, shown(other, NOW).await), (Some(id), None));
    assert_eq!((shown(one, later(599)).await, shown(one, later(600)).await), (Some(id), None));
    decide(&store, "BCDF-GHJK", one, true, NOW).await.unwrap();
    assert_eq!(shown(one, NOW).await, None);
}

async fn the_clients_of_a_session_are_those_whose_devices_got_tokens(store: Store) {
    let session = store.session(&store.user("ada").await).await;
    let (realm, id, user) = (store.realm, session.id, session.user);
    for (code, approved) in [("BCDF-GHJK", true), ("CCCC-CCCC", false)] {
        let device = waiting(&store, code).await.id;
        show(&store, code, id, NOW).await.unwrap();
        decide(&store, code, id, approved, NOW).await.unwrap();
        assert_eq!(redeem(&store, device, NOW).await, approved);
    }
    let clients = read!(store, [] tx => device_codes::clients(tx, realm, id).await).unwrap();
    assert_eq!(clients, ["tv".parse().unwrap()]);
    let ended = async || {
        read!(store, [] tx => device_codes::clients_of_ended(tx, realm, user, later(5)).await).unwrap()
    };
    assert!(ended().await.is_empty(), "it has not ended");
    let message = store.message();
    write!(store, [] tx => sessions::revoke(tx, realm, user, id, later(5), message).await).unwrap();
    assert_eq!(ended().await, [(id, "tv".parse().unwrap())]);
}

async fn old_devices_are_deleted_and_those_that_got_tokens_stay(store: Store) {
    for code in ["BBBB-BBBB", "CCCC-CCCC", "DDDD-DDDD"] {
        waiting(&store, code).await;
    }
    let session = store.session(&store.user("ada").await).await.id;
    let redeemed = waiting(&store, "BCDF-GHJK").await.id;
    show(&store, "BCDF-GHJK", session, NOW).await.unwrap();
    decide(&store, "BCDF-GHJK", session, true, NOW).await.unwrap();
    assert!(redeem(&store, redeemed, NOW).await);
    let realm = store.realm;
    let delete = async |before, limit| {
        write!(store, [] tx => device_codes::delete_expired(tx, realm, later(before), limit).await).unwrap()
    };
    assert_eq!((delete(600, 9).await, delete(601, 2).await, delete(601, 2).await), (0, 2, 1));
    assert!(found(&store, redeemed).await.is_some());
}
