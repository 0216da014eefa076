//! Size, errors, time and reading without verifying (JWT-16, JWT-20, JWT-22 to JWT-25).

use std::time::{Duration, Instant};

use gatepost_jose::{
    Algorithm, KeySet, MAX_TOKEN_BYTES, Refused, SigningKey, Verifier, dangerous_decode_without_verifying,
    jws,
};
use serde_json::{Value, json};

use crate::support::{
    AUDIENCE, ISSUER, NOW, base64url, claims, claims_with, key, own_vectors, token, token_of_text, verifier,
};

#[test]
fn jwt_16_five_parts_are_refused_for_their_shape() {
    let key = key();
    for jwe in [
        "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.AAAA.AAAA.AAAA.AAAA",
        "eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJlbmMiOiJBMTI4R0NNIiwicDJjIjoyMTQ3NDgzNjQ3LCJwMnMiOiJBQUFBQUFBQUFBQSJ9.AAAA.AAAA.AAAA.AAAA",
    ] {
        let refused = verifier(&key).verify(jwe, NOW).unwrap_err();
        // Before any key is derived or anything is inflated: the algorithm is not one of ours.
        assert_eq!(refused, Refused::AlgorithmRefused);
    }
    let nested = token_of_text(token(&claims(), &key).as_bytes(), &key);
    assert!(matches!(verifier(&key).verify(&nested, NOW), Err(Refused::Malformed(_))));
}

#[test]
fn jwt_20_size_is_looked_at_first() {
    let key = key();
    let verifier = verifier(&key);
    for size in [MAX_TOKEN_BYTES + 1, 100_000, 1_000_000] {
        assert_eq!(verifier.verify(&"A".repeat(size), NOW).unwrap_err(), Refused::TooLarge);
        assert_eq!(verifier.verify(&".".repeat(size), NOW).unwrap_err(), Refused::TooLarge);
    }
    let filled = |length: usize| token(&claims_with("x", json!("y".repeat(length))), &key);
    let most = (0..4).map(|less| filled(11_840 - less)).find(|token| token.len() <= MAX_TOKEN_BYTES).unwrap();
    assert!(verifier.verify(&most, NOW).is_ok(), "{}", most.len());
    assert_eq!(verifier.verify(&filled(12_000), NOW).unwrap_err(), Refused::TooLarge);
    assert_eq!(dangerous_decode_without_verifying(&filled(12_000)).unwrap_err(), Refused::TooLarge);
}

/// Whatever an attacker sends within the size limit is answered in little time: nothing is quadratic.
#[test]
fn jwt_20_hostile_headers_of_full_size_cost_little() {
    let key = key();
    let verifier = verifier(&key);
    let members: Vec<String> = (0..1300).map(|number| format!("\"{number}\":0")).collect();
    let names_alike: Vec<String> =
        (0..400).map(|number| format!("\"abcdefghijklmnop{number:04}\":0")).collect();
    let headers = [
        format!("{{{}}}", members.join(",")),
        format!("{{{}}}", names_alike.join(",")),
        "[".repeat(12_000),
        "{\"a\":".repeat(2_400),
        format!("\"{}", "\\u0061".repeat(2000)),
        format!("{{\"{}\":0", "\\\"".repeat(6000)),
    ];
    let start = Instant::now();
    for _ in 0..20 {
        for header in &headers {
            let token = format!("{}.e30.AAAA", base64url(header.as_bytes()));
            assert!(token.len() <= MAX_TOKEN_BYTES, "{}", token.len());
            assert!(verifier.verify(&token, NOW).is_err());
        }
    }
    // 120 headers. Quadratic work on any of them takes seconds in an unoptimised build.
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn jwt_22_the_public_message_tells_nothing_but_expiry() {
    let file = own_vectors("attack-tokens.json");
    let keys = KeySet::parse(file["jwks"].to_string().as_bytes()).unwrap();
    let verifier = Verifier::new(
        file["policy"]["issuer"].as_str().unwrap(),
        file["policy"]["audience"].as_str().unwrap(),
        keys,
    );
    let (mut messages, mut codes) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    for test in file["tests"].as_array().unwrap() {
        let Some(token) = test["token"].as_str() else {
            continue;
        };
        let Err(refused) = verifier.verify(token, file["policy"]["now"].as_i64().unwrap()) else {
            continue;
        };
        messages.insert(refused.public_message());
        codes.insert(refused.code());
        // The log line is made of fixed words: no part of the token, also not of its decoded parts.
        let log = format!("{refused} {refused:?} {}", refused.code());
        assert!(log.is_ascii() && log.lines().count() == 1, "{log}");
        for part in token.split(['.', '"', ' ']).filter(|part| part.len() > 6) {
            assert!(!log.contains(part), "{log} shows {part}");
        }
    }
    assert_eq!(Vec::from_iter(messages), ["The access token expired", "The access token is not valid"]);
    assert!(codes.len() > 8, "but the log tells the reasons apart: {codes:?}");
}

/// Welch's t-test over the times of refusing a MAC that differs at its start and one that differs at its end (after dudect).
/// Takes a quiet machine, so it only runs when asked to.
#[test]
fn jwt_23_the_time_of_comparing_macs_does_not_depend_on_where_they_differ() {
    if std::env::var_os("GATEPOST_TIMING").is_none() {
        eprintln!("SKIPPED: jwt_23 measures time; set GATEPOST_TIMING=1 on a quiet machine to run it");
        return;
    }
    let key = SigningKey::from_secret(Algorithm::HS256, "k1", &[7; 32]).unwrap();
    let keys = KeySet::from(key.verifying_key());
    let token = token(&claims(), &key);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let early = format!("{signed}.{first}{}", &signature[1..]);
    // Third from the end: the last character has bits that must be zero.
    let place = signature.len() - 3;
    let late_letter = if signature[place..].starts_with('A') { 'B' } else { 'A' };
    let late = format!("{signed}.{}{late_letter}{}", &signature[..place], &signature[place + 1..]);
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..1_000_000_usize {
        let class = (round ^ (round >> 3) ^ (round >> 7)) & 1;
        let token = [&early, &late][class];
        let start = Instant::now();
        let answer = jws::verify_compact(token, &keys, &[Algorithm::HS256]);
        let time = start.elapsed().as_secs_f64() * 1e9;
        assert_eq!(answer, Err(Refused::BadSignature));
        times[class].push(time);
    }
    // The slowest tenth is the machine's, not the code's.
    let mut all: Vec<f64> = times.iter().flatten().copied().collect();
    all.sort_unstable_by(f64::total_cmp);
    let limit = all[all.len() * 9 / 10];
    let [(m0, v0, n0), (m1, v1, n1)] = times.map(|times| {
        let kept: Vec<f64> = times.into_iter().filter(|time| *time <= limit).collect();
        let n = kept.iter().map(|_| 1.0).sum::<f64>();
        let mean = kept.iter().sum::<f64>() / n;
        (mean, kept.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (n - 1.0), n)
    });
    let t = (m0 - m1) / (v0 / n0 + v1 / n1).sqrt();
    println!("t = {t:.2} over {} refusals", n0 + n1);
    assert!(t.abs() < 4.5, "t = {t}");
}

#[test]
fn jwt_24_reading_without_verifying_gives_text_and_no_claims() {
    let key = key();
    let token = token(&claims(), &key);
    let forged = format!("{}.AAAA", token.rsplit_once('.').unwrap().0);
    let read = dangerous_decode_without_verifying(&forged).unwrap();
    assert_eq!(serde_json::from_str::<Value>(read.payload()).unwrap(), claims());
    assert_eq!(serde_json::from_str::<Value>(read.header()).unwrap()["kid"], "k1");
    assert!(verifier(&key).verify(&forged, NOW).is_err());
    for junk in ["", "a", "a.b", "a.b.c", "e30.e30", "e30.W10.AA"] {
        assert!(dangerous_decode_without_verifying(junk).is_err(), "{junk}");
    }
}

#[test]
fn jwt_25_a_clock_off_by_minutes_shifts_the_times_and_nothing_else() {
    let key = key();
    let verifier = verifier(&key).leeway(30);
    let token = token(&claims(), &key);
    assert!(verifier.verify(&token, NOW + 300).is_ok());
    assert_eq!(verifier.verify(&token, NOW - 300).unwrap_err(), Refused::IssuedInFuture);
    assert!(verifier.verify(&token, NOW).is_ok(), "and back again");
    for now in [i64::MIN, i64::MIN + 1, -1, 0] {
        assert_eq!(verifier.verify(&token, now).unwrap_err(), Refused::IssuedInFuture);
    }
    for now in [i64::MAX, i64::MAX - 1] {
        assert_eq!(verifier.verify(&token, now).unwrap_err(), Refused::Expired);
    }
    let far = Verifier::new(ISSUER, AUDIENCE, key.verifying_key().into()).leeway(u64::MAX);
    assert_eq!(
        far.verify(&token, NOW + 900 + 86_400).unwrap_err(),
        Refused::Expired,
        "a leeway of more than a day is a day"
    );
}
