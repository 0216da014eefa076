//! When keys are fetched, and which are used meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gatepost_jose::{Algorithm, FetchReason, KeyCache, KeySet, KeyState, SigningKey, Verifier, jwt};

use crate::support::{AUDIENCE, ISSUER, NOW, claims};

fn one_key() -> KeySet {
    KeySet::from(SigningKey::generate(Algorithm::EdDSA).unwrap().verifying_key())
}

fn filled() -> KeyCache {
    let cache = KeyCache::new(30, 3600).fresh_for(300);
    assert!(cache.should_fetch(FetchReason::Never, NOW));
    cache.fetched(NOW, one_key());
    cache
}

/// JWT-17: with a verifier beside it, as a guard has them.
#[test]
fn jwt_17_ten_thousand_unknown_kids_cause_one_fetch_a_cooldown() {
    let key = SigningKey::generate(Algorithm::EdDSA).unwrap();
    let keys = KeySet::from(key.verifying_key());
    let verifier = Verifier::new(ISSUER, AUDIENCE, keys.clone());
    let cache = KeyCache::new(30, 3600);
    assert!(cache.should_fetch(FetchReason::Never, NOW - 31));
    cache.fetched(NOW - 31, keys.clone());
    let mut fetches = 0;
    for number in 0..10_000_i64 {
        let now = NOW + number / 1000;
        let token =
            jwt::sign("at+jwt", &claims(), &key.clone().with_kid(&format!("random-{number}"))).unwrap();
        let refused = verifier.verify(&token, now).unwrap_err();
        assert!(refused.is_unknown_key());
        if cache.should_fetch(FetchReason::UnknownKid, now) {
            fetches += 1;
            cache.fetched(now, keys.clone());
        }
    }
    println!("fetches for 10,000 tokens with unknown kids: {fetches}");
    assert_eq!(fetches, 1);
    assert!(cache.should_fetch(FetchReason::UnknownKid, NOW + 31), "after the cooldown a new key is found");
}

#[test]
fn jwt_17_one_of_many_callers_at_once_is_told_to_fetch() {
    let cache = Arc::new(KeyCache::new(30, 3600));
    let told = Arc::new(AtomicUsize::new(0));
    std::thread::scope(|threads| {
        for _ in 0..8 {
            let (cache, told) = (Arc::clone(&cache), Arc::clone(&told));
            threads.spawn(move || {
                for _ in 0..1000 {
                    told.fetch_add(
                        usize::from(cache.should_fetch(FetchReason::Never, NOW)),
                        Ordering::Relaxed,
                    );
                }
            });
        }
    });
    assert_eq!(told.load(Ordering::Relaxed), 1);
}

#[test]
fn jwt_18_after_a_failed_fetch_the_last_good_keys_stay() {
    let cache = filled();
    assert!(cache.should_fetch(FetchReason::Stale, NOW + 300));
    cache.failed(NOW + 301);
    assert_eq!(cache.state(NOW + 301), KeyState::Stale);
    assert_eq!(cache.keys(NOW + 301).unwrap().len(), 1);
    assert!(!cache.should_fetch(FetchReason::Stale, NOW + 329), "not again within the cooldown");
    assert!(cache.should_fetch(FetchReason::Stale, NOW + 330));
}

#[test]
fn jwt_18_keys_older_than_their_maximum_age_are_not_given_out() {
    let cache = filled();
    assert_eq!(cache.state(NOW + 299), KeyState::Fresh);
    assert_eq!(cache.state(NOW + 300), KeyState::Stale);
    assert!(cache.keys(NOW + 3600).is_some());
    assert_eq!(cache.state(NOW + 3601), KeyState::Expired);
    assert!(cache.keys(NOW + 3601).is_none());
    assert!(cache.should_fetch(FetchReason::Stale, NOW + 3601));
}

#[test]
fn stale_keys_serve_while_one_caller_fetches() {
    let cache = filled();
    assert!(!cache.should_fetch(FetchReason::Stale, NOW + 299), "fresh keys are not fetched");
    assert!(cache.should_fetch(FetchReason::Stale, NOW + 400));
    for _ in 0..100 {
        assert!(!cache.should_fetch(FetchReason::Stale, NOW + 400));
        assert!(!cache.should_fetch(FetchReason::UnknownKid, NOW + 401));
        assert!(cache.keys(NOW + 401).is_some());
    }
    cache.fetched(NOW + 402, one_key());
    assert_eq!(cache.state(NOW + 402), KeyState::Fresh);
}

#[test]
fn a_fetch_that_never_answers_does_not_block_the_next_one_for_ever() {
    let cache = KeyCache::new(5, 3600);
    assert!(cache.should_fetch(FetchReason::Never, NOW));
    assert!(!cache.should_fetch(FetchReason::Never, NOW + 29));
    assert!(cache.should_fetch(FetchReason::Never, NOW + 30));
}

#[test]
fn keys_are_fetched_once_at_the_start() {
    let cache = KeyCache::new(30, 3600);
    assert_eq!(cache.state(NOW), KeyState::Empty);
    assert!(cache.keys(NOW).is_none());
    assert!(cache.should_fetch(FetchReason::Never, NOW));
    cache.failed(NOW);
    assert_eq!(cache.retry_after(NOW + 10), 20);
    assert!(!cache.should_fetch(FetchReason::Never, NOW + 29));
    assert!(cache.should_fetch(FetchReason::Never, NOW + 30));
    cache.fetched(NOW + 30, one_key());
    assert!(!cache.should_fetch(FetchReason::Never, NOW + 100));
    assert_eq!(cache.retry_after(NOW + 100), 0);
}

#[test]
fn jwt_25_clocks_that_jump_neither_panic_nor_stop_the_fetching() {
    let cache = filled();
    assert!(
        cache.should_fetch(FetchReason::UnknownKid, NOW - 100_000),
        "set back: the last attempt lies in the future"
    );
    cache.fetched(NOW - 100_000, one_key());
    for now in [i64::MIN, -1, 0, i64::MAX] {
        let _ = cache.should_fetch(FetchReason::Stale, now);
        let _ = cache.state(now);
        let _ = cache.retry_after(now);
        cache.failed(now);
    }
    assert_eq!(cache.state(i64::MAX), KeyState::Expired);
    assert!(cache.keys(i64::MAX).is_none());
}
