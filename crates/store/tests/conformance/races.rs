//! Many at once with everything but refresh tokens.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gatepost_domain::outbox::{Message, Revocation};
use gatepost_domain::{PasswordHash, SigningAlg, UserId};
use gatepost_store::users::{ProfileChanges, UserFilter};
use gatepost_store::{
    Constraint, Db, Error, Options, Outage, meta, outbox, passwords, sessions, signing_keys, users,
};

use crate::signing_keys::key;
use crate::support::{NOW, Store, at_once, error_of, later};

on_every_backend!(
    one_address_is_registered_once,
    the_next_signing_key_is_made_once,
    the_first_value_is_the_same_for_all,
    a_lease_is_taken_by_one,
    no_message_is_taken_twice,
    one_password_change_wins,
    a_disabling_survives_everything_written_at_the_same_time,
    a_sign_in_that_waited_for_the_hasher_does_not_enable_a_disabled_user,
    the_last_administrator_cannot_be_disabled_by_two_who_look_at_the_same_time,
    every_change_of_a_realm_is_counted,
    thirty_two_writers_are_all_answered,
    two_processes_that_write_without_pause_are_both_answered,
);

async fn one_address_is_registered_once(store: Store) {
    let results = at_once(16, |_| {
        let (store, user) = (store.clone(), store.stranger("ada"));
        async move { write!(store, [user] tx => users::create(tx, &user).await) }
    })
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for refused in results.into_iter().filter(Result::is_err) {
        // Which of the two unique columns is looked at first is the database's choice.
        let refused = error_of(refused);
        assert!(
            matches!(refused, Error::Conflict(Constraint::UserEmail | Constraint::UserUsername)),
            "{refused}"
        );
    }
}

async fn the_next_signing_key_is_made_once(store: Store) {
    let results = at_once(16, |n| {
        let (store, key) = (store.clone(), key(&store, &format!("k{n}"), SigningAlg::ES256, 1));
        async move { write!(store, [key] tx => signing_keys::insert_if_planned(tx, &key).await).unwrap() }
    })
    .await;
    assert_eq!(results.into_iter().filter(|made| *made).count(), 1);
    let realm = store.realm;
    assert_eq!(read!(store, [] tx => signing_keys::list(tx, realm).await).unwrap().len(), 1);
}

async fn the_first_value_is_the_same_for_all(store: Store) {
    let mut results = at_once(16, |n| {
        let store = store.clone();
        async move {
            let value = format!("value {n}");
            write!(store, [value] tx => meta::put_if_absent(tx, "store-id", &value).await).unwrap()
        }
    })
    .await;
    results.dedup();
    assert_eq!(results.len(), 1);
}

async fn a_lease_is_taken_by_one(store: Store) {
    for round in 0..5 {
        let results = at_once(8, |n| {
            let store = store.clone();
            async move {
                let holder = format!("process {n}");
                let now = later(round * 60);
                write_one!(store, [holder] tx => meta::hold_lease(tx, "mail", &holder, Duration::from_secs(30), now).await).unwrap()
            }
        })
        .await;
        assert_eq!(results.into_iter().filter(|held| *held).count(), 1);
    }
}

async fn no_message_is_taken_twice(store: Store) {
    let message = Message::Revocation(Revocation::User { user: UserId::MIN, not_before: NOW });
    let realm = store.realm;
    for _ in 0..300 {
        let id = store.message();
        write!(store, [message] tx => outbox::queue(tx, id, realm, &message, NOW).await).unwrap();
    }
    let taken = at_once(8, |_| {
        let store = store.clone();
        async move {
            let mut taken = Vec::new();
            // One who finds nothing may have been overtaken by the others: it asks again.
            for _ in 0..120 {
                let claimed = write_one!(store, [] tx => outbox::claim_due(tx, "revocation", 2, Duration::from_mins(1), NOW).await);
                taken.extend(claimed.unwrap());
            }
            taken
        }
    })
    .await;
    let all: Vec<_> = taken.into_iter().flatten().collect();
    let different: HashSet<_> = all.iter().map(|queued| queued.id).collect();
    assert_eq!((all.len(), different.len()), (300, 300));
    assert!(all.iter().all(|queued| queued.attempts == 1));
}

async fn one_password_change_wins(store: Store) {
    let (realm, id) = (store.realm, store.user("ada").await.id);
    write!(store, [] tx => passwords::set(tx, realm, id, &PasswordHash::new("old"), NOW).await).unwrap();
    let results = at_once(16, |n| {
        let store = store.clone();
        async move {
            let new = PasswordHash::new(format!("new {n}"));
            let old = PasswordHash::new("old");
            write_one!(store, [old, new] tx => passwords::replace_if_unchanged(tx, realm, id, &old, &new, NOW).await).unwrap()
        }
    })
    .await;
    let winner = results.iter().position(|won| *won).unwrap();
    assert_eq!(results.iter().filter(|won| **won).count(), 1);
    let stored = read!(store, [] tx => passwords::find(tx, realm, id).await).unwrap().unwrap();
    assert_eq!(stored, PasswordHash::new(format!("new {winner}")));
}

/// Every writer of a user at once, each with the user as it was before: nobody undoes what another wrote.
async fn a_disabling_survives_everything_written_at_the_same_time(store: Store) {
    for round in 0..5 {
        let user = store.user(&format!("user{round}")).await;
        let (realm, id) = (store.realm, user.id);
        at_once(12, |n| {
            let (store, message) = (store.clone(), store.message());
            async move {
                let name = ProfileChanges { name: Some(Some("Ada".parse().unwrap())), ..ProfileChanges::default() };
                let verified = ProfileChanges { email_verified: Some(true), ..ProfileChanges::default() };
                let roles = vec!["admin".parse().unwrap()];
                let done = match n % 4 {
                    0 => write!(store, [] tx => users::disable(tx, realm, id, later(1), message).await),
                    1 => write!(store, [name] tx => users::update_profile(tx, realm, id, &name, None, NOW).await),
                    2 => write!(store, [verified] tx => users::update_profile(tx, realm, id, &verified, None, NOW).await),
                    _ => write!(store, [roles] tx => users::set_roles(tx, realm, id, &roles, None, NOW, message).await),
                };
                assert!(done.unwrap().is_some());
            }
        })
        .await;
        let stored = store.find_user(&user).await.unwrap();
        assert_eq!(stored.disabled_at, Some(later(1)));
        assert_eq!(
            (stored.name.is_some(), stored.email_verified, stored.roles.len(), stored.version),
            (true, true, 1, 13)
        );
    }
}

/// What happened at a peer: an administrator disables a user whose sign-in waits for the password hasher; the
/// sign-in then writes back the user as it was read before.
async fn a_sign_in_that_waited_for_the_hasher_does_not_enable_a_disabled_user(store: Store) {
    let user = store.user("ada").await;
    let (realm, id) = (store.realm, user.id);
    let old = PasswordHash::new("$2b$old");
    write!(store, [old] tx => passwords::set(tx, realm, id, &old, NOW).await).unwrap();
    let login = users::Login::Username("ada".parse().unwrap());
    let (read, hash) =
        read!(store, [login] tx => users::find_for_sign_in(tx, realm, &login).await).unwrap().unwrap();
    assert!(!read.is_disabled() && hash == Some(old.clone()));
    let message = store.message();
    write!(store, [] tx => users::disable(tx, realm, id, later(1), message).await).unwrap();
    // The hasher is done: the sign-in upgrades the hash and begins its session.
    let session = store.session_of(&read, NOW);
    let new = PasswordHash::new("$argon2id$new");
    let begun = write!(store, [session, old, new] tx => {
        passwords::replace_if_unchanged(tx, realm, id, &old, &new, NOW).await?;
        sessions::create(tx, &session, Some(&new)).await
    });
    assert_eq!(begun, Ok(false), "refused");
    assert_eq!(store.find_user(&user).await.unwrap().disabled_at, Some(later(1)), "and still disabled");
    assert!(store.find_live(&session, NOW).await.is_none());
}

async fn the_last_administrator_cannot_be_disabled_by_two_who_look_at_the_same_time(store: Store) {
    let realm = store.realm;
    for round in 0..5 {
        let mut admins = Vec::new();
        for n in 0..4 {
            let mut user = store.stranger(&format!("admin{round}-{n}"));
            user.roles = vec![format!("admin{round}").parse().unwrap()];
            write!(store, [user] tx => users::create(tx, &user).await).unwrap();
            admins.push(user);
        }
        let role = admins[0].roles[0].clone();
        let results = at_once(4, |n| {
            let (store, id, role, message) = (store.clone(), admins[n].id, role.clone(), store.message());
            async move {
                write!(store, [role] tx => {
                    // Load, decide, save.
                    let active = UserFilter { disabled: Some(false), ..UserFilter::default() };
                    let users = users::list(tx, realm, &active, None, 1_000).await?.users;
                    if users.iter().filter(|user| user.roles.contains(&role)).count() == 1 {
                        return Ok(false);
                    }
                    Ok::<bool, Error>(users::disable(tx, realm, id, NOW, message).await?.is_some())
                })
                .unwrap()
            }
        })
        .await;
        assert_eq!(results.into_iter().filter(|disabled| *disabled).count(), 3, "one is left");
    }
}

async fn every_change_of_a_realm_is_counted(store: Store) {
    let before = store.version().await;
    at_once(16, |n| {
        let (store, key) = (store.clone(), key(&store, &format!("k{n}"), SigningAlg::ES256, u32::try_from(n).unwrap()));
        async move { assert!(write!(store, [key] tx => signing_keys::insert_if_planned(tx, &key).await).unwrap()) }
    })
    .await;
    assert_eq!(store.version().await, before + 16);
}

async fn thirty_two_writers_are_all_answered(store: Store) {
    let results = at_once(32, |n| {
        let store = store.clone();
        async move {
            let mut outages = Vec::<Outage>::new();
            for m in 0..10 {
                let user = store.stranger(&format!("user{n}-{m}"));
                match write!(store, [user] tx => users::create(tx, &user).await) {
                    Ok(()) => {}
                    Err(Error::Unavailable(outage)) => outages.push(outage),
                    Err(other) => panic!("{other}"),
                }
            }
            outages
        }
    })
    .await;
    assert!(results.iter().all(Vec::is_empty), "{results:?}");
    let realm = store.realm;
    let all = read!(store, [] tx => users::list(tx, realm, &UserFilter::default(), None, 1_000).await)
        .unwrap()
        .users;
    assert_eq!(all.len(), 320);
}

/// With the deadlines of a server in use: a process that never pauses does not starve another.
async fn two_processes_that_write_without_pause_are_both_answered(store: Store) {
    let mut processes = Vec::new();
    for _ in 0..2 {
        let db = Db::open(&store.location, Options::new(NOW)).await.unwrap();
        processes.push(Store { db, ..store.clone() });
    }
    let (greedy, patient) = (processes[0].clone(), processes[1].clone());
    let enough = Arc::new(AtomicBool::new(false));
    let greedy: Vec<_> = (0..8)
        .map(|n| {
            let (store, enough) = (greedy.clone(), Arc::clone(&enough));
            tokio::spawn(async move {
                let name = format!("greedy {n}");
                while !enough.load(Ordering::SeqCst) {
                    write!(store, [name] tx => meta::put(tx, &name, "value").await)?;
                }
                Ok::<_, Error>(())
            })
        })
        .collect();
    let mut answers = Vec::new();
    for m in 0..30 {
        let name = format!("patient {m}");
        answers.push(write!(patient, [name] tx => meta::put(tx, &name, "value").await));
    }
    enough.store(true, Ordering::SeqCst);
    assert_eq!(answers, vec![Ok(()); 30]);
    for task in greedy {
        assert_eq!(task.await.unwrap(), Ok(()));
    }
    for process in processes {
        process.db.close().await;
    }
}
