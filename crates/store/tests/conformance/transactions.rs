//! What `Db` promises about closures.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gatepost_domain::{RealmId, User};
use gatepost_store::{Error, Outage, meta, users};

use crate::support::{Store, at_once, error_of};

on_every_backend!(
    a_closure_that_fails_leaves_nothing,
    a_failure_of_the_callers_own_comes_back_as_it_is,
    a_statement_that_failed_cannot_be_passed_over,
    a_panic_reaches_its_caller_and_the_store_goes_on,
    a_neighbour_that_fails_does_not_take_others_with_it,
    a_caller_who_goes_away_leaves_the_store_in_order,
    text_with_a_nul_is_refused,
    a_closed_store_refuses_and_has_kept_everything,
    many_statements_with_parameters_out_of_order_are_read_right,
    reading_sees_what_was_written_before,
);

async fn put(store: &Store, name: &str) -> Result<(), Error> {
    let name = name.to_owned();
    write!(store, [name] tx => meta::put(tx, &name, "value").await)
}

async fn has(store: &Store, name: &str) -> bool {
    let name = name.to_owned();
    read!(store, [name] tx => meta::find(tx, &name).await).unwrap().is_some()
}

async fn a_closure_that_fails_leaves_nothing(store: Store) {
    let failed: Result<(), Error> = write!(store, [] tx => {
        meta::put(tx, "one", "value").await?;
        Err(Error::StorageFull)
    });
    assert_eq!(failed, Err(Error::StorageFull));
    assert!(!has(&store, "one").await);
    put(&store, "two").await.unwrap();
    assert!(has(&store, "two").await);
}

async fn a_failure_of_the_callers_own_comes_back_as_it_is(store: Store) {
    #[derive(Debug, PartialEq)]
    enum Refused {
        Rule(&'static str),
        Store(Error),
    }
    impl From<Error> for Refused {
        fn from(error: Error) -> Self {
            Self::Store(error)
        }
    }
    let refused: Result<(), Refused> = write!(store, [] tx => {
        meta::put(tx, "one", "value").await?;
        Err(Refused::Rule("no"))
    });
    assert_eq!(refused, Err(Refused::Rule("no")));
    assert!(!has(&store, "one").await);
    store.db.close().await;
    let closed: Result<(), Refused> = write!(store, [] tx => Ok(meta::put(tx, "one", "value").await?));
    assert_eq!(closed, Err(Refused::Store(Error::Unavailable(Outage::Closed))));
}

async fn a_statement_that_failed_cannot_be_passed_over(store: Store) {
    let homeless = User { realm: RealmId::MAX, ..store.stranger("ada") };
    let passed_over: Result<&str, Error> = write!(store, [homeless] tx => {
        meta::put(tx, "one", "value").await?;
        let _ = users::create(tx, &homeless).await;
        Ok("done")
    });
    assert!(matches!(passed_over, Err(Error::Conflict(_))), "{passed_over:?}");
    assert!(!has(&store, "one").await);
    let went_on: Result<(), Error> = write!(store, [homeless] tx => {
        let _ = users::create(tx, &homeless).await;
        meta::put(tx, "two", "value").await
    });
    assert!(went_on.is_err());
    assert!(!has(&store, "two").await);
}

async fn a_panic_reaches_its_caller_and_the_store_goes_on(store: Store) {
    for round in 0..3 {
        let panicking = {
            let store = store.clone();
            tokio::spawn(async move {
                let _: Result<(), Error> = write!(store, [] tx => {
                    meta::put(tx, "one", "value").await?;
                    panic!("a mistake in a closure");
                });
            })
        };
        let panic = panicking.await.unwrap_err().into_panic();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"a mistake in a closure"));
        let name = format!("after {round}");
        put(&store, &name).await.unwrap();
        assert!(has(&store, &name).await && !has(&store, "one").await);
    }
    let reading = AssertUnwindSafe(store.clone());
    let panicked = tokio::spawn(async move {
        let _: Result<(), Error> = read!(reading, [] tx => {
            meta::find(tx, "one").await?;
            panic!("a mistake while reading");
        });
    });
    assert!(panicked.await.unwrap_err().is_panic());
    assert!(has(&store, "after 2").await);
}

async fn a_neighbour_that_fails_does_not_take_others_with_it(store: Store) {
    let results = at_once(60, |n| {
        let store = store.clone();
        async move {
            let name = format!("value {n}");
            let result: Result<(), Error> = write!(store, [name] tx => {
                meta::put(tx, &name, "value").await?;
                if n % 3 == 0 { Err(Error::ReadOnly) } else { Ok(()) }
            });
            (n, result)
        }
    })
    .await;
    for (n, result) in results {
        assert_eq!(result.is_ok(), n % 3 != 0);
        assert_eq!(has(&store, &format!("value {n}")).await, n % 3 != 0, "value {n}");
    }
}

async fn a_caller_who_goes_away_leaves_the_store_in_order(store: Store) {
    for n in 0..30 {
        let task = {
            let store = store.clone();
            tokio::spawn(async move {
                let name = format!("left {n}");
                write!(store, [name] tx => {
                    meta::put(tx, &name, "one").await?;
                    meta::put(tx, &name, "two").await
                })
            })
        };
        for _ in 0..n {
            tokio::task::yield_now().await;
        }
        task.abort();
        let _ = task.await;
        let name = format!("left {n}");
        // All or nothing, and nobody holds a lock.
        let value = read!(store, [name] tx => meta::find(tx, &name).await).unwrap();
        assert_ne!(value.as_deref(), Some("one"));
        put(&store, &name).await.unwrap();
    }
}

async fn text_with_a_nul_is_refused(store: Store) {
    let refused = error_of(put(&store, "a\0b").await);
    assert_eq!(refused, Error::Broken("a text with a NUL in it".into()));
    assert!(!has(&store, "a").await);
    put(&store, "ünï ' \" ; -- $1 \u{1F600}").await.unwrap();
    assert!(has(&store, "ünï ' \" ; -- $1 \u{1F600}").await);
}

async fn a_closed_store_refuses_and_has_kept_everything(store: Store) {
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let writers: Vec<_> = (0..16)
        .map(|n| {
            let (store, acknowledged) = (store.clone(), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                for m in 0.. {
                    match put(&store, &format!("{n}/{m}")).await {
                        Ok(()) => acknowledged.fetch_add(1, Ordering::SeqCst),
                        Err(Error::Unavailable(Outage::Closed | Outage::NoConnection)) => return m,
                        Err(other) => panic!("{other}"),
                    };
                }
                0
            })
        })
        .collect();
    while acknowledged.load(Ordering::SeqCst) < 50 {
        tokio::task::yield_now().await;
    }
    store.db.close().await;
    let restarted = store.another().await;
    for (n, writer) in writers.into_iter().enumerate() {
        let first_refused = writer.await.unwrap();
        for m in 0..first_refused {
            assert!(has(&restarted, &format!("{n}/{m}")).await, "{n}/{m} was acknowledged");
        }
    }
    let refused: Result<Option<String>, Error> = read!(store, [] tx => meta::find(tx, "x").await);
    assert_eq!(error_of(refused), Error::Unavailable(Outage::Closed));
    restarted.db.close().await;
}

/// `users::create` uses its fourteen parameters in order, `sessions::create` starts with the ninth column's owner,
/// `users::update_profile` uses most of them several times: what comes back is what went in.
async fn many_statements_with_parameters_out_of_order_are_read_right(store: Store) {
    let (user, session, grant) = store.signed_in("ada").await;
    assert_eq!(store.find_user(&user).await, Some(user.clone()));
    assert_eq!(store.find_live(&session, session.created_at).await, Some((session, user)));
    assert_eq!(store.find_grant(&grant).await, Some(grant));
}

async fn reading_sees_what_was_written_before(store: Store) {
    at_once(16, |n| {
        let store = store.clone();
        async move {
            for m in 0..20 {
                let name = format!("{n}/{m}");
                put(&store, &name).await.unwrap();
                assert!(has(&store, &name).await);
            }
        }
    })
    .await;
}
