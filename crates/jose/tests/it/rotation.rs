//! JWT-19: keys replaced while tokens are verified.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use gatepost_jose::{KeySet, Refused, SigningKey};
use serde_json::json;

use crate::support::{NOW, claims_with, key, token, verifier};

/// JWT-19: from before the new key is published until the old one is gone.
#[test]
fn jwt_19_rotation_while_verifying_refuses_no_valid_token() {
    let (old, new) = (key(), key().with_kid("k2"));
    let verifier = Arc::new(verifier(&old).cache(64));
    let both = KeySet::new([old.verifying_key(), new.verifying_key()]).unwrap();
    let tokens: Vec<String> =
        (0..100).map(|number| token(&claims_with("jti", json!(number.to_string())), &old)).collect();
    verifier.replace_keys(both.clone());
    let (stop, refusals, verified) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|threads| {
        for start in 0..3 {
            let (verifier, tokens, stop, refusals, verified) =
                (&verifier, &tokens, &stop, &refusals, &verified);
            threads.spawn(move || {
                let mut at = start;
                while !stop.load(Ordering::Relaxed) {
                    at = (at + 1) % tokens.len();
                    refusals.fetch_add(
                        usize::from(verifier.verify(&tokens[at], NOW).is_err()),
                        Ordering::Relaxed,
                    );
                    verified.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut rotations = 0;
        while verified.load(Ordering::Relaxed) < 3000 || rotations < 200 {
            // The set is published in another order each time, as after every fetch.
            let set = if rotations % 2 == 0 { vec![&new, &old] } else { vec![&old, &new] };
            verifier.replace_keys(KeySet::new(set.into_iter().map(SigningKey::verifying_key)).unwrap());
            rotations += 1;
            std::thread::yield_now();
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(refusals.load(Ordering::Relaxed), 0);

    verifier.replace_keys(new.verifying_key().into());
    for token in &tokens {
        assert_eq!(verifier.verify(token, NOW).unwrap_err(), Refused::UnknownKey);
    }
}

/// Once `replace_keys` has returned no token of the old key may pass, whatever was being verified meanwhile.
#[test]
fn jwt_19_a_withdrawn_key_stops_at_once_also_for_tokens_being_verified_meanwhile() {
    let (old, new) = (key(), key().with_kid("k2"));
    let verifier = verifier(&old).cache(64);
    let tokens: Vec<String> =
        (0..40).map(|number| token(&claims_with("jti", json!(number.to_string())), &old)).collect();
    for _ in 0..20 {
        verifier.replace_keys(old.verifying_key().into());
        std::thread::scope(|threads| {
            threads.spawn(|| {
                for token in &tokens {
                    let _ = verifier.verify(token, NOW);
                }
            });
            std::thread::yield_now();
            verifier.replace_keys(new.verifying_key().into());
            for token in &tokens {
                assert_eq!(verifier.verify(token, NOW).unwrap_err(), Refused::UnknownKey);
            }
        });
        for token in &tokens {
            assert_eq!(verifier.verify(token, NOW).unwrap_err(), Refused::UnknownKey);
        }
    }
}
