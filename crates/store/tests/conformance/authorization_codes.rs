use gatepost_domain::authorization::CODE_TTL;
use gatepost_domain::{
    AuthorizationCode, CodeDetails, CodeId, GrantDetails, GrantId, OrganizationId, RealmId, Session,
    SessionId, Timestamp, UserId,
};
use gatepost_store::{authorization_codes, sessions, users};

use crate::support::{NOW, Store, at_once, later};

on_every_backend!(
    a_code_is_found_as_it_was_given_and_in_its_realm_only,
    a_code_is_given_only_in_a_live_session_of_a_user_who_may_sign_in,
    oa_06_a_code_is_redeemed_by_one_of_many_at_once,
    oa_08_a_code_is_not_redeemed_after_its_time,
    the_clients_of_a_session_are_those_that_redeemed_a_code,
    what_is_taken_back_from_a_client_does_not_come_by_its_codes,
    expired_codes_are_deleted_by_batches_and_redeemed_ones_stay,
);

fn code(store: &Store, session: &Session, now: Timestamp) -> AuthorizationCode {
    let details = CodeDetails {
        redirect_uri: "https://app.test/cb".into(),
        scopes: "openid email".parse().unwrap(),
        audience: vec!["notes-api".into()],
        code_challenge: Some("x".repeat(43)),
        nonce: Some("n\"1".into()),
        organization: Some(OrganizationId::MAX),
        grant: GrantDetails { userinfo_claims: vec!["name".into()], ..GrantDetails::default() },
    };
    AuthorizationCode {
        id: CodeId::new(now, &store.dice),
        realm: store.realm,
        session: session.id,
        user: session.user,
        client: "web".parse().unwrap(),
        grant: GrantId::new(now, &store.dice),
        details,
        created_at: now,
        expires_at: now.plus(CODE_TTL),
        redeemed_at: None,
    }
}

async fn create(store: &Store, code: &AuthorizationCode) -> bool {
    write!(store, [code] tx => authorization_codes::create(tx, &code).await).unwrap()
}

async fn given(store: &Store, session: &Session, now: Timestamp) -> AuthorizationCode {
    let code = code(store, session, now);
    assert!(create(store, &code).await);
    code
}

async fn found(store: &Store, id: CodeId) -> Option<AuthorizationCode> {
    let realm = store.realm;
    read!(store, [] tx => authorization_codes::find(tx, realm, id).await).unwrap()
}

async fn redeem(store: &Store, id: CodeId, now: Timestamp) -> bool {
    let realm = store.realm;
    write!(store, [] tx => authorization_codes::redeem(tx, realm, id, now).await).unwrap()
}

async fn a_code_is_found_as_it_was_given_and_in_its_realm_only(store: Store) {
    let session = store.session(&store.user("ada").await).await;
    let code = given(&store, &session, NOW).await;
    let id = code.id;
    assert_eq!(found(&store, id).await, Some(code));
    assert_eq!(found(&store, CodeId::MAX).await, None);
    assert_eq!(read!(store, [] tx => authorization_codes::find(tx, RealmId::MAX, id).await), Ok(None));
}

async fn a_code_is_given_only_in_a_live_session_of_a_user_who_may_sign_in(store: Store) {
    let ada = store.user("ada").await;
    let session = store.session(&ada).await;
    let (realm, message) = (store.realm, store.message());
    let with = |session: SessionId, user: UserId| AuthorizationCode {
        session,
        user,
        ..code(&store, &store.session_of(&ada, NOW), NOW)
    };
    assert!(!create(&store, &with(SessionId::MAX, ada.id)).await, "no such session");
    assert!(!create(&store, &with(session.id, UserId::MAX)).await, "of another user");
    let late = AuthorizationCode { created_at: session.expires_at, ..with(session.id, ada.id) };
    assert!(!create(&store, &late).await, "it has expired");
    write!(store, [] tx => users::disable(tx, realm, ada.id, NOW, message).await).unwrap();
    assert!(!create(&store, &with(session.id, ada.id)).await, "disabled");
    let (eve, message) = (store.user("eve").await, store.message());
    let session = store.session(&eve).await;
    write!(store, [] tx => sessions::revoke(tx, realm, eve.id, session.id, NOW, message).await).unwrap();
    assert!(!create(&store, &code(&store, &session, NOW)).await, "signed out");
}

async fn oa_06_a_code_is_redeemed_by_one_of_many_at_once(store: Store) {
    let session = store.session(&store.user("ada").await).await;
    let id = given(&store, &session, NOW).await.id;
    let redeemed = at_once(50, |_| {
        let store = store.clone();
        async move { redeem(&store, id, later(1)).await }
    })
    .await;
    assert_eq!(redeemed.into_iter().filter(|won| *won).count(), 1);
    assert_eq!(found(&store, id).await.unwrap().redeemed_at, Some(later(1)));
}

async fn oa_08_a_code_is_not_redeemed_after_its_time(store: Store) {
    let session = store.session(&store.user("ada").await).await;
    let id = given(&store, &session, NOW).await.id;
    assert!(!redeem(&store, id, later(60)).await);
    assert!(redeem(&store, id, later(59)).await);
    assert!(!redeem(&store, id, later(59)).await);
}

async fn the_clients_of_a_session_are_those_that_redeemed_a_code(store: Store) {
    let session = store.session(&store.user("ada").await).await;
    for (client, redeemed) in [("web", true), ("app", true), ("web", true), ("cli", false)] {
        let code = AuthorizationCode { client: client.parse().unwrap(), ..code(&store, &session, NOW) };
        assert!(create(&store, &code).await);
        assert!(!redeemed || redeem(&store, code.id, NOW).await);
    }
    let (realm, id) = (store.realm, session.id);
    let clients = read!(store, [] tx => authorization_codes::clients(tx, realm, id).await).unwrap();
    assert_eq!(clients, ["app".parse().unwrap(), "web".parse().unwrap()]);
    let (user, message) = (session.user, store.message());
    let ended = async || {
        read!(store, [] tx => authorization_codes::clients_of_ended(tx, realm, user, later(5)).await).unwrap()
    };
    assert!(ended().await.is_empty(), "it has not ended");
    write!(store, [] tx => sessions::revoke(tx, realm, user, id, later(5), message).await).unwrap();
    assert_eq!(ended().await, [(id, "app".parse().unwrap()), (id, "web".parse().unwrap())]);
}

async fn expired_codes_are_deleted_by_batches_and_redeemed_ones_stay(store: Store) {
    let session = store.session(&store.user("ada").await).await;
    let (redeemed, new) =
        (given(&store, &session, NOW).await.id, given(&store, &session, later(100)).await.id);
    let (old, older) = (given(&store, &session, NOW).await.id, given(&store, &session, NOW).await.id);
    assert!(redeem(&store, redeemed, NOW).await);
    let realm = store.realm;
    let delete = async || {
        write!(store, [] tx => authorization_codes::delete_expired(tx, realm, later(90), 1).await).unwrap()
    };
    assert_eq!([delete().await, delete().await, delete().await], [1, 1, 0]);
    assert!(found(&store, redeemed).await.is_some() && found(&store, new).await.is_some());
    assert!(found(&store, old).await.is_none() && found(&store, older).await.is_none());
}

async fn what_is_taken_back_from_a_client_does_not_come_by_its_codes(store: Store) {
    let (user, session, _) = store.signed_in("ada").await;
    let (_, other, _) = store.signed_in("bob").await;
    let (mine, theirs) = (given(&store, &session, NOW).await, given(&store, &other, NOW).await);
    let (realm, client) = (store.realm, mine.client.clone());
    let withdraw = |user: UserId, client: gatepost_domain::ClientId| {
        let store = &store;
        async move {
            write!(store, [client] tx => authorization_codes::withdraw(tx, realm, user, &client).await)
                .unwrap()
        }
    };
    assert_eq!(withdraw(user.id, "another".parse().unwrap()).await, 0);
    assert_eq!(withdraw(user.id, client.clone()).await, 1);
    assert!(!redeem(&store, mine.id, NOW).await && redeem(&store, theirs.id, NOW).await);
    let spent = given(&store, &session, NOW).await;
    assert!(redeem(&store, spent.id, NOW).await);
    assert_eq!(withdraw(user.id, client).await, 0, "a second use of it must still be known");
}
