//! Who floods a guard with what must be exchanged keeps out nobody whose credential is in use.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use gatepost_guard::{Guard, Refusal};
use gatepost_jose::SigningKey;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::api_keys::{KEY, OTHER};
use crate::support::*;

const BUSY: Refusal = Refusal::Unavailable { retry_after: 5 };

/// More than may wait in a lane.
const FLOOD: u32 = 600;

/// A key that nobody was given, with the right checksum.
fn made_up(number: u32) -> String {
    let mut bytes = [0; 40];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    let checksum = digest(&SHA256, &bytes[..36]);
    bytes[36..].copy_from_slice(&checksum.as_ref()[..4]);
    let mut key = "gp_key_".to_owned();
    for five in bytes.chunks(5) {
        let group = five.iter().fold(0_u64, |group, byte| group << 8 | u64::from(*byte));
        let letter = |at: u32| b"0123456789abcdefghjkmnpqrstvwxyz"[(group >> (35 - 5 * at) & 31) as usize];
        key.extend((0..8).map(|at| char::from(letter(at))));
    }
    key
}

/// An issuer, its key and a guard that waits for as long as it takes.
struct World {
    issuer: TestIssuer,
    key: SigningKey,
    clock: TestClock,
    guard: Guard,
}

impl World {
    async fn new() -> Self {
        let key = key("k1");
        let issuer = TestIssuer::start(&[&key]).await;
        let clock = TestClock::new();
        let builder = clock.builder().issuer(&issuer.url).api_keys().time_limit(Duration::from_mins(1));
        let guard = builder.discover().await.unwrap();
        Self { issuer, key, clock, guard }
    }

    fn grant_keys(&self) {
        self.grant(json!({ "api_key": "key_1" }));
    }

    fn grant(&self, mut claims: Value) {
        claims["exp"] = json!(self.clock.now() + 60);
        self.issuer.grant(&self.key, &crate::support::claims(&self.issuer.url, claims));
    }

    /// Sends them all, and waits until the guard takes no more of them and the issuer has what it takes at once.
    async fn flood(&self, keys: impl Iterator<Item = String>) -> watch::Sender<bool> {
        let (open, gate) = watch::channel(false);
        self.issuer.answer_exchange(Reply::Gated(gate, json!({ "error": "invalid_request" })));
        let before = self.issuer.exchanges();
        let (told, mut full) = watch::channel(false);
        for key in keys {
            let (guard, told) = (self.guard.clone(), told.clone());
            tokio::spawn(async move {
                if guard.verify(&key).await.err() == Some(BUSY) {
                    told.send_replace(true);
                }
            });
        }
        full.wait_for(|full| *full).await.unwrap();
        while self.issuer.exchanges() < before + 16 {
            tokio::task::yield_now().await;
        }
        open
    }
}

#[test]
fn a_made_up_key_is_told_from_a_real_one_by_its_issuer_alone() {
    for number in [0, 1, FLOOD] {
        assert!(gatepost_jose::is_api_key(&made_up(number)), "{}", made_up(number));
    }
}

#[tokio::test]
async fn a_flood_of_made_up_keys_keeps_out_no_key_in_use() {
    let world = World::new().await;
    world.grant_keys();
    assert!(world.guard.verify(KEY).await.is_ok());
    world.clock.advance(3600);
    let _closed = world.flood((0..FLOOD).map(made_up)).await;
    world.grant_keys();
    assert_eq!(world.guard.verify(OTHER).await.err(), Some(BUSY), "nothing tells it from the others");
    assert!(world.guard.verify(KEY).await.is_ok(), "its token was over, and is exchanged beside the flood");
}

#[tokio::test]
async fn a_flood_of_made_up_keys_keeps_out_no_member_of_an_organization() {
    let world = World::new().await;
    let _closed = world.flood((0..FLOOD).map(made_up)).await;
    world.grant(json!({ "org_id": "org_globex" }));
    let token = token(&world.key, &claims(&world.issuer.url, json!({})));
    assert_eq!(as_member(&world.guard, &token, "org_globex").await.status, 200);
}

#[tokio::test]
async fn a_key_that_was_refused_since_it_was_good_waits_with_the_unknown_ones() {
    let world = World::new().await;
    world.grant_keys();
    assert!(world.guard.verify(KEY).await.is_ok());
    world.clock.advance(60);
    world.issuer.answer_exchange(refusing("invalid_request"));
    assert_eq!(world.guard.verify(KEY).await.err(), Some(Refusal::Invalid));
    world.clock.advance(60);
    let _closed = world.flood((0..FLOOD).map(made_up)).await;
    assert_eq!(world.guard.verify(KEY).await.err(), Some(BUSY));
}

#[tokio::test]
async fn a_user_who_names_organizations_without_end_keeps_out_no_other_user() {
    let world = World::new().await;
    let (_closed, gate) = watch::channel(false);
    world.issuer.answer_exchange(Reply::Gated(gate, Value::Null));
    let mallory = token(&world.key, &claims(&world.issuer.url, json!({ "sub": "usr_mallory" })));
    let (told, mut answered) = watch::channel(0);
    for number in 0..FLOOD {
        let (guard, mallory, told) = (world.guard.clone(), mallory.clone(), told.clone());
        tokio::spawn(async move {
            let answer = as_member(&guard, &mallory, &format!("org_{number}")).await;
            assert_eq!(answer.status, 503);
            told.send_modify(|count| *count += 1);
        });
    }
    answered.wait_for(|count| *count == FLOOD - 8).await.unwrap();
    world.grant(json!({ "org_id": "org_globex" }));
    let ada = token(&world.key, &claims(&world.issuer.url, json!({})));
    assert_eq!(as_member(&world.guard, &ada, "org_globex").await.status, 200);
}

async fn as_member(guard: &Guard, token: &str, organization: &str) -> Answer {
    let app = axum::Router::new()
        .route("/", axum::routing::get(|_: gatepost_guard::CurrentMember| async {}))
        .with_state(guard.clone());
    let request = http::Request::builder()
        .uri("/")
        .header("authorization", bearer(token))
        .header("x-organization-id", organization);
    send(&app, request.body(axum::body::Body::empty()).unwrap()).await
}
