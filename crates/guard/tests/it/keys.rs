//! Fetching keys: when, how often, and what happens to those who wait.

use std::time::Duration;

use axum::Router;
use axum::routing::get as on_get;
use gatepost_guard::{Algorithm, CurrentUser, Error, Guard, OnKeyFailure, Refusal};
use gatepost_jose::SigningKey;
use serde_json::json;
use tokio::sync::watch;

use crate::support::*;

const MINUTES: i64 = 60;
const HOURS: i64 = 60 * MINUTES;

fn good(key: &SigningKey, issuer: &TestIssuer) -> String {
    token(key, &claims(&issuer.url, json!({ "exp": NOW + 100 * HOURS })))
}

#[tokio::test]
async fn a_guard_that_discovered_its_issuer_accepts_its_tokens() {
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    let guard = TestClock::new().builder().issuer(&issuer.url).discover().await.unwrap();
    assert_eq!(guard.verify(&good(&key, &issuer)).await.unwrap().id, "usr_ada");
    assert_eq!(issuer.questions(), 2, "discovery and the key set, once");
    let asked = issuer.last_question().to_lowercase();
    assert!(!asked.contains("accept-encoding"), "a compressed answer could be a bomb: {asked}");
}

/// Attack JWT-17: tokens with invented key ids must not become requests to the issuer.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn jwt_17_ten_thousand_random_kids_cost_at_most_one_fetch_per_cooldown() {
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    let clock = TestClock::new();
    let guard = clock.builder().issuer(&issuer.url).discover().await.unwrap();
    let fine = good(&key, &issuer);
    for round in 1..=2 {
        clock.advance(31);
        let before = issuer.fetches();
        let flood = (0..100).map(|task| {
            let (guard, key, issuer) = (guard.clone(), key.clone(), issuer.url.clone());
            tokio::spawn(async move {
                for one in 0..100 {
                    let stranger = key.clone().with_kid(&format!("{round}-{task}-{one}"));
                    let token = token(&stranger, &claims(&issuer, json!({})));
                    assert_eq!(guard.verify(&token).await.err(), Some(Refusal::Invalid));
                }
            })
        });
        for one in flood.collect::<Vec<_>>() {
            assert!(guard.verify(&fine).await.is_ok());
            one.await.unwrap();
        }
        let fetches = issuer.fetches() - before;
        println!("JWT-17: 10,000 tokens with random kids: {fetches} fetch");
        assert!(fetches <= 1, "{fetches} fetches");
    }
}

#[tokio::test]
async fn a_token_of_a_stranger_is_refused_without_asking_anybody() {
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    let clock = TestClock::new();
    let guard = clock.builder().issuer(&issuer.url).discover().await.unwrap();
    clock.advance(31);
    for claims in
        [claims("https://evil.example.com", json!({})), claims(&issuer.url, json!({ "aud": "other" }))]
    {
        let stranger = token(&crate::support::key("k9"), &claims);
        assert_eq!(guard.verify(&stranger).await.err(), Some(Refusal::Invalid));
    }
    assert!(issuer.fetches() <= 2);
    let garbled = guard.verify("a.b.c").await.err();
    assert_eq!((garbled, issuer.fetches()), (Some(Refusal::Invalid), issuer.fetches()));
}

#[tokio::test]
async fn an_issuer_that_is_down_at_the_start_is_a_clear_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Guard::discover(&url, AUDIENCE).await.unwrap_err().to_string();
    assert!(
        error.contains(&url) && error.contains("refused") && error.contains("is the issuer running"),
        "{error}"
    );
}

#[test]
fn a_guard_without_issuer_or_audience_does_not_start() {
    let told = |started: Result<Guard, Error>| started.unwrap_err().to_string();
    assert!(told(Guard::builder().audience("a").discover_later()).contains("no issuer"));
    assert!(told(Guard::builder().issuer(ISSUER).discover_later()).contains("no audience"));
    let twice = Guard::builder().audience("a").issuer(ISSUER).issuer(ISSUER).discover_later();
    assert!(told(twice).contains("twice"));
}

#[tokio::test]
async fn keys_that_were_never_fetched_are_503_with_retry_after_until_the_issuer_answers() {
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    let fine_reply = Reply::Json(jwks(&[&key]));
    issuer.answer_keys(Reply::raw("HTTP/1.1 500 Internal Server Error", b""));
    let clock = TestClock::new();
    let guard = clock.builder().issuer(&issuer.url).discover_later().unwrap();
    assert_eq!(issuer.questions(), 0);
    let layered = Router::new()
        .route("/", on_get(|| async {}))
        .route_layer(guard.require::<gatepost_guard::SignedIn>());
    let app = Router::new()
        .route("/me", on_get(|user: CurrentUser| async move { user.id.clone() }))
        .nest("/layer", layered)
        .with_state(guard);
    let fine = bearer(&good(&key, &issuer));
    for path in ["/me", "/layer"] {
        let answer = get(&app, path, &[&fine]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.challenge(), answer.code().as_str()),
            (503, None, "issuer_unavailable")
        );
        assert_eq!(answer.headers["retry-after"], "30");
    }
    assert_eq!(issuer.fetches(), 1, "within the cooldown nobody asks again");
    assert_eq!(get(&app, "/me", &[]).await.status, 401, "a request without a token needs no keys");
    issuer.answer_keys(fine_reply);
    clock.advance(31);
    assert_eq!(get(&app, "/layer", &[&fine]).await.status, 200);
    assert_eq!(get(&app, "/me", &[&fine]).await.body, "usr_ada");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_fetch_serves_all_who_wait_and_goes_on_when_the_first_goes_away() {
    let (old, new) = (key("k1"), key("k2"));
    let issuer = TestIssuer::start(&[&old]).await;
    let clock = TestClock::new();
    let guard = clock.builder().issuer(&issuer.url).discover().await.unwrap();
    let (open, gate) = watch::channel(false);
    issuer.answer_keys(Reply::Gated(gate, jwks(&[&old, &new])));
    clock.advance(31);
    let fresh = good(&new, &issuer);
    let ask = || {
        let (guard, token) = (guard.clone(), fresh.clone());
        tokio::spawn(async move { guard.verify(&token).await.map(drop) })
    };
    let first = ask();
    while issuer.fetches() < 2 {
        tokio::task::yield_now().await;
    }
    let others: Vec<_> = (0..50).map(|_| ask()).collect();
    first.abort();
    assert!(guard.verify(&good(&old, &issuer)).await.is_ok(), "known keys do not wait");
    open.send_replace(true);
    for other in others {
        assert_eq!(other.await.unwrap(), Ok(()));
    }
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test]
async fn stale_keys_go_on_serving_where_the_policy_says_so() {
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    let clock = TestClock::new();
    let guard = clock
        .builder()
        .issuer(&issuer.url)
        .on_key_failure(OnKeyFailure::ServeStale)
        .discover()
        .await
        .unwrap();
    issuer.answer_keys(Reply::raw("HTTP/1.1 500 Internal Server Error", b""));
    clock.advance(48 * HOURS);
    assert!(guard.verify(&good(&key, &issuer)).await.is_ok());
}

/// Attack JWT-21.
#[tokio::test]
async fn jwt_21_a_key_of_one_issuer_does_not_sign_for_another() {
    let (key_a, key_b) = (key("same"), key("same"));
    let (a, b) = (TestIssuer::start(&[&key_a]).await, TestIssuer::start(&[&key_b]).await);
    let clock = TestClock::new();
    let guard = clock.builder().issuer(&a.url).issuer(&b.url).discover().await.unwrap();
    for (key, issuer) in [(&key_a, &a), (&key_b, &b)] {
        assert_eq!(guard.verify(&good(key, issuer)).await.unwrap().issuer, issuer.url);
    }
    for (key, issuer) in [(&key_a, &b), (&key_b, &a)] {
        assert_eq!(guard.verify(&good(key, issuer)).await.err(), Some(Refusal::Invalid));
    }
    // An unknown key asks the issuer that the token names, and only that.
    clock.advance(31);
    assert!(guard.verify(&good(&key("new"), &b)).await.is_err());
    assert_eq!((a.fetches(), b.fetches()), (1, 2));
}

#[tokio::test]
async fn algorithm_type_and_leeway_are_what_the_builder_says() {
    let es256 = key("k1");
    let eddsa = SigningKey::generate(Algorithm::EdDSA).unwrap().with_kid("k2");
    let issuer = TestIssuer::start(&[&es256, &eddsa]).await;
    let builder = || TestClock::new().builder().issuer(&issuer.url);
    let narrow = builder().algorithms(&[Algorithm::EdDSA]).leeway(Duration::ZERO).discover().await.unwrap();
    assert!(narrow.verify(&good(&eddsa, &issuer)).await.is_ok());
    assert_eq!(narrow.verify(&good(&es256, &issuer)).await.err(), Some(Refusal::Invalid));
    let just_expired = token(&eddsa, &claims(&issuer.url, json!({ "exp": NOW - 1 })));
    assert_eq!(narrow.verify(&just_expired).await.err(), Some(Refusal::Expired));
    let other = builder().typ("JWT").discover().await.unwrap();
    assert_eq!(other.verify(&good(&es256, &issuer)).await.err(), Some(Refusal::Invalid));
    let plain = gatepost_jose::jwt::sign("JWT", &claims(&issuer.url, json!({})), &es256).unwrap();
    assert!(other.verify(&plain).await.is_ok());
}
