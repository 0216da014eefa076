//! Many at once with one refresh token, and with its revocation.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gatepost_domain::refresh::RefreshToken;
use gatepost_domain::{Grant, MasterKey, UserId};
use gatepost_store::grants::{self, Presented, RefreshRefused};
use gatepost_store::{sessions, users};

use crate::grants::{audited, exchange, exchange_as, presented};
use crate::support::{NOW, Store, at_once, later};

on_every_backend!(
    rt_02_sixty_four_uses_within_the_grace_get_one_identical_successor,
    rt_02_sixty_four_uses_without_a_grace_have_one_winner_and_end_the_grant,
    rt_02_sixty_four_uses_after_the_grace_end_the_grant_once,
    rt_02_two_processes_make_no_two_successors,
    rt_05_nothing_survives_a_revoked_session,
    rt_05_nothing_survives_a_disabled_user,
    rt_05_nothing_survives_logging_out_everywhere,
);

const CALLERS: usize = 64;

async fn rt_02_sixty_four_uses_within_the_grace_get_one_identical_successor(store: Store) {
    let key = MasterKey::from_bytes([7; 32]).refresh_mac_key();
    let (_, _, grant) = store.signed_in("ada").await;
    let mut present = 0;
    for round in 1..=5 {
        let results = at_once(CALLERS, |_| {
            let (store, grant) = (store.clone(), grant.clone());
            async move { exchange(&store, &grant, present, later(round)).await.unwrap() }
        })
        .await;
        assert_eq!(results.iter().filter(|exchanged| !exchanged.replayed).count(), 1, "one winner");
        let mut tokens: Vec<_> =
            results.iter().map(|exchanged| RefreshToken::of(&exchanged.grant).encode(&key)).collect();
        tokens.dedup();
        assert_eq!(tokens.len(), 1, "one successor, the same for all");
        present = results[0].grant.generation;
        assert_eq!(u64::from(present), round);
    }
    assert_eq!(store.find_grant(&grant).await.unwrap().generation, 5);
    assert_eq!(audited(&store).await, [] as [&str; 0]);
}

async fn rt_02_sixty_four_uses_without_a_grace_have_one_winner_and_end_the_grant(store: Store) {
    let (_, _, grant) = store.signed_in("ada").await;
    let results = at_once(CALLERS, |_| {
        let asked = Presented { grace: Duration::ZERO, ..presented(&store, &grant, 0, NOW) };
        let store = store.clone();
        async move { exchange_as(&store, asked).await }
    })
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "one winner");
    assert_eq!(results.iter().filter(|r| matches!(r, Err(RefreshRefused::Reused))).count(), 1);
    assert_eq!(audited(&store).await, ["refresh-token-reused"], "told once");
    let stored = store.find_grant(&grant).await.unwrap();
    assert_eq!((stored.generation, stored.revoked_at), (1, Some(NOW)));
}

async fn rt_02_sixty_four_uses_after_the_grace_end_the_grant_once(store: Store) {
    let (_, session, grant) = store.signed_in("ada").await;
    exchange(&store, &grant, 0, NOW).await.unwrap();
    let results = at_once(CALLERS, |_| {
        let (store, grant) = (store.clone(), grant.clone());
        async move { exchange(&store, &grant, 0, later(60)).await.unwrap_err() }
    })
    .await;
    assert_eq!(results.iter().filter(|refused| **refused == RefreshRefused::Reused).count(), 1);
    assert_eq!(results.iter().filter(|refused| **refused == RefreshRefused::Revoked).count(), CALLERS - 1);
    assert_eq!(exchange(&store, &grant, 1, later(60)).await, Err(RefreshRefused::Revoked));
    assert_eq!(audited(&store).await, ["refresh-token-reused"]);
    assert_eq!(store.waiting_messages().await, 1);
    assert!(store.find_live(&session, later(60)).await.is_some());
}

async fn rt_02_two_processes_make_no_two_successors(store: Store) {
    let (_, _, grant) = store.signed_in("ada").await;
    let other = store.another().await;
    let stores = Arc::new([store.clone(), other.clone()]);
    for round in 0..10 {
        let results = at_once(16, |n| {
            let (stores, grant) = (Arc::clone(&stores), grant.clone());
            async move { exchange(&stores[n % 2], &grant, round, later(u64::from(round))).await.unwrap() }
        })
        .await;
        assert_eq!(results.iter().filter(|exchanged| !exchanged.replayed).count(), 1);
        assert!(results.iter().all(|exchanged| exchanged.grant.generation == round + 1));
    }
    other.db.close().await;
}

/// Rotates one grant over and over until told to stop, and returns how far it came.
async fn rotate_until(store: Store, grant: Grant, stop: Arc<AtomicBool>) -> u32 {
    let mut present = grant.generation;
    while !stop.load(Ordering::SeqCst) {
        match exchange(&store, &grant, present, NOW).await {
            Ok(exchanged) => present = exchanged.grant.generation,
            Err(_) => break,
        }
    }
    present
}

#[derive(Debug, Clone, Copy)]
enum End {
    Session,
    Disable,
    Everywhere,
}

async fn end(store: &Store, user: UserId, grant: &Grant, how: End) {
    let (realm, session, message) = (store.realm, grant.session, store.message());
    let done = match how {
        End::Session => {
            write!(store, [] tx => sessions::revoke(tx, realm, user, session, NOW, message).await)
        }
        End::Disable => {
            write!(store, [] tx => users::disable(tx, realm, user, NOW, message).await).map(|u| u.is_some())
        }
        End::Everywhere => {
            write!(store, [] tx => users::sign_out_everywhere(tx, realm, user, NOW, message).await)
                .map(|u| u.is_some())
        }
    };
    assert_eq!(done, Ok(true));
}

/// Each user refreshes without pause and signs in anew while it ends. After that has returned, no token works:
/// neither one handed out before nor one that was on its way.
async fn nothing_survives(store: Store, how: End) {
    for round in 0..8 {
        let (user, _, grant) = store.signed_in(&format!("user{round}")).await;
        let stop = Arc::new(AtomicBool::new(false));
        let refreshing: Vec<_> = (0..3)
            .map(|_| tokio::spawn(rotate_until(store.clone(), grant.clone(), Arc::clone(&stop))))
            .collect();
        let signing_in = tokio::spawn({
            let (store, user) = (store.clone(), user.clone());
            async move {
                let session = store.session_of(&user, NOW.minus(Duration::from_micros(1)));
                let begun =
                    write!(store, [session] tx => sessions::create(tx, &session, None).await).unwrap();
                let grant = store.grant_in(&session);
                let granted = begun && write!(store, [grant] tx => grants::create(tx, &grant).await).unwrap();
                granted.then_some(grant)
            }
        });
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        end(&store, user.id, &grant, how).await;
        let at_the_end = store.find_grant(&grant).await.unwrap();
        assert!(at_the_end.revoked_at.is_some());
        stop.store(true, Ordering::SeqCst);
        for task in refreshing {
            let held = task.await.unwrap();
            assert!(held <= at_the_end.generation, "nothing was minted after the end");
            assert!(exchange(&store, &grant, held, NOW).await.is_err(), "{how:?}, round {round}");
        }
        let new = signing_in.await.unwrap();
        if let (Some(grant), End::Disable | End::Everywhere) = (new, how) {
            assert!(
                exchange(&store, &grant, 0, NOW).await.is_err(),
                "{how:?}, round {round}: a session slipped through"
            );
        }
    }
}

async fn rt_05_nothing_survives_a_revoked_session(store: Store) {
    nothing_survives(store, End::Session).await;
}

async fn rt_05_nothing_survives_a_disabled_user(store: Store) {
    nothing_survives(store, End::Disable).await;
}

async fn rt_05_nothing_survives_logging_out_everywhere(store: Store) {
    nothing_survives(store, End::Everywhere).await;
}
