//! Tokens that were verified before.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use gatepost_jose::{Claims, KeySet, Proof, Refused, Revocations};
use serde_json::json;

use crate::support::{NOW, claims, claims_with, key, token, verifier};

#[test]
fn a_token_seen_before_gives_the_same_claims() {
    let key = key();
    let verifier = verifier(&key);
    let token = token(&claims(), &key);
    let first = verifier.verify(&token, NOW).unwrap();
    let second = verifier.verify(&token, NOW + 1).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(verifier.cached_tokens(), 1);
}

#[test]
fn a_token_seen_before_still_expires() {
    let key = key();
    let verifier = verifier(&key).leeway(0);
    let token = token(&claims(), &key);
    for _ in 0..2 {
        assert!(verifier.verify(&token, NOW + 899).is_ok());
    }
    for _ in 0..2 {
        assert_eq!(verifier.verify(&token, NOW + 900).unwrap_err(), Refused::Expired);
        assert_eq!(verifier.cached_tokens(), 0, "forgotten once it is too old");
    }
}

#[test]
fn a_token_seen_before_is_not_taken_before_its_time() {
    let key = key();
    let verifier = verifier(&key).leeway(0);
    let token = token(&claims_with("nbf", json!(NOW)), &key);
    assert!(verifier.verify(&token, NOW).is_ok());
    assert_eq!(verifier.verify(&token, NOW - 1).unwrap_err(), Refused::NotYetValid);
    assert_eq!(verifier.verify(&token, NOW - 11).unwrap_err(), Refused::NotYetValid);
    assert!(verifier.verify(&token, NOW).is_ok());
}

#[test]
fn a_key_that_is_gone_takes_its_tokens_along() {
    let (old, new) = (key(), key().with_kid("k2"));
    let verifier = verifier(&old);
    let token_of_old = token(&claims(), &old);
    assert!(verifier.verify(&token_of_old, NOW).is_ok());

    verifier.replace_keys(KeySet::new([old.verifying_key(), new.verifying_key()]).unwrap());
    assert_eq!(verifier.cached_tokens(), 1, "the key is still there");
    assert!(verifier.verify(&token_of_old, NOW).is_ok());

    verifier.replace_keys(new.verifying_key().into());
    assert_eq!(verifier.cached_tokens(), 0);
    assert_eq!(verifier.verify(&token_of_old, NOW).unwrap_err(), Refused::UnknownKey);
}

#[test]
fn another_key_under_the_same_name_takes_the_tokens_of_the_first_along() {
    let (old, new) = (key(), key());
    assert_eq!(old.kid(), new.kid());
    let verifier = verifier(&old);
    let token_of_old = token(&claims(), &old);
    assert!(verifier.verify(&token_of_old, NOW).is_ok());
    verifier.replace_keys(new.verifying_key().into());
    assert_eq!(verifier.verify(&token_of_old, NOW).unwrap_err(), Refused::BadSignature);
}

#[test]
fn the_same_keys_fetched_again_keep_the_tokens() {
    let key = key();
    let published = json!({ "keys": [key.public_jwk().unwrap()] }).to_string();
    let verifier = verifier(&key);
    let token = token(&claims(), &key);
    let first = verifier.verify(&token, NOW).unwrap();
    for _ in 0..3 {
        verifier.replace_keys(KeySet::parse(published.as_bytes()).unwrap());
    }
    assert!(Arc::ptr_eq(&first, &verifier.verify(&token, NOW).unwrap()));
}

#[test]
fn memory_is_bounded_whatever_the_number_of_tokens() {
    let key = key();
    let verifier = verifier(&key).cache(64);
    for number in 0..1000 {
        let token = token(&claims_with("jti", json!(number.to_string())), &key);
        assert_eq!(verifier.verify(&token, NOW).unwrap().token_id(), Some(number.to_string().as_str()));
        assert!(verifier.cached_tokens() <= 64);
    }
    assert!(verifier.cached_tokens() > 32, "and it is used: {}", verifier.cached_tokens());
}

#[test]
fn a_token_of_many_kilobytes_is_verified_but_not_kept() {
    let key = key();
    let verifier = verifier(&key);
    let long = token(&claims_with("x", json!("y".repeat(9000))), &key);
    for _ in 0..2 {
        assert!(verifier.verify(&long, NOW).is_ok());
    }
    assert_eq!(verifier.cached_tokens(), 0);
}

#[test]
fn without_a_cache_every_token_is_verified_each_time() {
    let key = key();
    let verifier = verifier(&key).cache(0);
    let token = token(&claims(), &key);
    let first = verifier.verify(&token, NOW).unwrap();
    assert!(!Arc::ptr_eq(&first, &verifier.verify(&token, NOW).unwrap()));
    assert_eq!(verifier.cached_tokens(), 0);
}

#[test]
fn refused_tokens_are_never_kept() {
    let key = key();
    let verifier = verifier(&key);
    for claims in [
        claims_with("aud", json!("other")),
        claims_with("exp", json!(NOW - 100)),
        claims_with("sub", json!(null)),
    ] {
        assert!(verifier.verify(&token(&claims, &key), NOW).is_err());
    }
    assert_eq!(verifier.cached_tokens(), 0);
}

/// Everything about a seen token but its signature's end: a cache that looks at less than the whole token would be fooled.
#[test]
fn a_seen_token_with_any_byte_changed_is_refused() {
    let key = key();
    let verifier = verifier(&key);
    let token = token(&claims(), &key);
    assert!(verifier.verify(&token, NOW).is_ok());
    for at in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert!(verifier.verify(std::str::from_utf8(&changed).unwrap(), NOW).is_err(), "byte {at}");
    }
    assert_eq!(verifier.cached_tokens(), 1);
}

#[derive(Default)]
struct Feed {
    revoked: AtomicBool,
    unknown: AtomicBool,
    asked: AtomicUsize,
}

impl Revocations for Feed {
    fn check(&self, claims: &Claims, _now: i64) -> Result<(), Refused> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        assert_eq!(claims.session_id(), Some("ses_1"));
        if self.unknown.load(Ordering::Relaxed) {
            return Err(Refused::RevocationUnknown);
        }
        if self.revoked.load(Ordering::Relaxed) { Err(Refused::Revoked) } else { Ok(()) }
    }
}

#[test]
fn a_revoked_session_is_refused_also_when_its_token_was_seen_before() {
    let key = key();
    let feed = Arc::new(Feed::default());
    let verifier = verifier(&key).revocations(Arc::clone(&feed) as Arc<dyn Revocations>);
    let token = token(&claims(), &key);
    assert!(verifier.verify(&token, NOW).is_ok());
    assert!(verifier.verify(&token, NOW).is_ok());
    feed.revoked.store(true, Ordering::Relaxed);
    assert_eq!(verifier.verify(&token, NOW).unwrap_err(), Refused::Revoked);
    feed.unknown.store(true, Ordering::Relaxed);
    assert_eq!(verifier.verify(&token, NOW).unwrap_err(), Refused::RevocationUnknown);
    assert_eq!(feed.asked.load(Ordering::Relaxed), 4);
    // Asked last: a token that is bad anyway does not reach the feed.
    assert_eq!(verifier.verify(&token, NOW + 9999).unwrap_err(), Refused::Expired);
    assert_eq!(feed.asked.load(Ordering::Relaxed), 4);
}

#[test]
fn jwt_14_a_bound_token_passes_with_its_proof_only() {
    let key = key();
    let verifier = verifier(&key);
    let bound = token(&claims_with("cnf", json!({ "jkt": "thumb" })), &key);
    let certified = token(&claims_with("cnf", json!({ "x5t#S256": "digest" })), &key);
    let double = token(&claims_with("cnf", json!({ "jkt": "thumb", "x5t#S256": "digest" })), &key);
    let odd = [json!({}), json!([]), json!("thumb"), json!({ "jkt": 1 }), json!({ "jwk": {} })];
    // Twice, so that a token kept from one way of asking is not let through by the other.
    for _ in 0..2 {
        assert_eq!(verifier.verify(&bound, NOW).unwrap_err(), Refused::ProofRequired);
        assert!(verifier.verify_with_proof(&bound, Proof::Key("thumb"), NOW).is_ok());
        assert_eq!(
            verifier.verify_with_proof(&bound, Proof::Key("other"), NOW).unwrap_err(),
            Refused::ProofRequired
        );
        assert!(verifier.verify_with_proof(&bound, Proof::Certificate("thumb"), NOW).is_err());
        assert!(verifier.verify_with_proof(&certified, Proof::Certificate("digest"), NOW).is_ok());
        assert!(verifier.verify_with_proof(&double, Proof::Key("thumb"), NOW).is_err());
        assert!(
            verifier.verify_with_proof(&token(&claims(), &key), Proof::Key("thumb"), NOW).is_err(),
            "not bound"
        );
        for cnf in &odd {
            let token = token(&claims_with("cnf", cnf.clone()), &key);
            assert_eq!(verifier.verify(&token, NOW).unwrap_err(), Refused::ProofRequired, "{cnf}");
            assert!(verifier.verify_with_proof(&token, Proof::Key("thumb"), NOW).is_err(), "{cnf}");
        }
    }
}
