//! Attack JWT-19: an issuer rotates its keys while tokens are being verified.

use gatepost_guard::Refusal;
use serde_json::json;

use crate::support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn jwt_19_rotation_refuses_no_good_token_and_a_withdrawn_key_stops_working() {
    let (old, new) = (key("k1"), key("k2"));
    let issuer = TestIssuer::start(&[&old]).await;
    let clock = TestClock::new();
    let guard = clock.builder().issuer(&issuer.url).discover().await.unwrap();
    let by = |key| token(key, &claims(&issuer.url, json!({ "exp": NOW + 7200 })));
    let (by_old, by_new) = (by(&old), by(&new));
    let both = async || {
        let many: Vec<_> = (0..200)
            .map(|at| {
                let (guard, token) =
                    (guard.clone(), if at % 2 == 0 { by_old.clone() } else { by_new.clone() });
                tokio::spawn(async move { guard.verify(&token).await.map(drop) })
            })
            .collect();
        for one in many {
            assert_eq!(one.await.unwrap(), Ok(()), "no good token is refused while keys overlap");
        }
    };
    // The new key is published, and signs before this guard has seen it.
    issuer.publish(&[&old, &new]);
    clock.advance(31);
    both().await;
    assert_eq!(issuer.fetches(), 2, "two hundred tokens, one fetch");
    // The old key is withdrawn: it stops at the next refresh, which happens behind the requests.
    issuer.publish(&[&new]);
    clock.advance(9 * 60);
    both().await;
    assert_eq!(issuer.fetches(), 2, "keys this fresh are not fetched again");
    clock.advance(60);
    until(&guard, &by_old, Err(Refusal::Invalid)).await;
    assert_eq!(guard.verify(&by_new).await.map(drop), Ok(()));
    assert_eq!(issuer.fetches(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn jwt_19_a_refresh_happens_behind_the_request_that_finds_it_due() {
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    let clock = TestClock::new();
    let guard = clock.builder().issuer(&issuer.url).discover().await.unwrap();
    let fine = token(&key, &claims(&issuer.url, json!({ "exp": NOW + 7200 })));
    let (_never, gate) = tokio::sync::watch::channel(false);
    issuer.answer_keys(Reply::Gated(gate, jwks(&[&key])));
    clock.advance(11 * 60);
    for _ in 0..100 {
        assert_eq!(guard.verify(&fine).await.map(drop), Ok(()), "nobody waits for a refresh");
    }
    while issuer.fetches() < 2 {
        tokio::task::yield_now().await;
    }
}
