//! API keys at a guard that accepts them: exchanged once, remembered for a minute, refused when in doubt.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use gatepost_guard::{ApiKeyOnly, Credential, CurrentUser, Guard, Refusal, Require, TokenOnly, permission};
use gatepost_jose::SigningKey;
use http::Request;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::*;

permission!(ReadNotes = "notes:read");

/// The bytes 0 to 35 and their checksum.
pub(crate) const KEY: &str = "gp_key_000g40r40m30e209185gr38e1w8124gk2gahc5rr34d1p70x3rfj08924deqwbcv";

/// Another, whose checksum is right too.
pub(crate) const OTHER: &str = "gp_key_chjpcsv8d5n6pv3ddsqq0wbjedt7axkqf1wqmyvwfnz7z041ga1r91c6gyqb0m18";

/// An issuer, its key, a clock, and a guard that accepts API keys.
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
        let builder = clock.builder().issuer(&issuer.url).api_keys().time_limit(Duration::from_millis(300));
        let guard = builder.discover().await.unwrap();
        let world = Self { issuer, key, clock, guard };
        world.issuer.grant(&world.key, &world.claims(&json!({})));
        world
    }

    /// What the issuer says of a good key.
    fn claims(&self, more: &Value) -> Value {
        let exchanged = json!({
            "api_key": "key_1", "exp": self.clock.now() + 60, "permissions": ["notes:read"], "scope": "notes:read",
        });
        let mut claims = claims(&self.issuer.url, exchanged);
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    }

    fn app(&self) -> Router {
        Router::new()
            .route(
                "/me",
                on_get(|user: CurrentUser| async move { format!("{} {:?}", user.id, user.credential) }),
            )
            .route(
                "/maybe",
                on_get(
                    |user: Option<CurrentUser>| async move { user.map_or("-".to_owned(), |u| u.id.clone()) },
                ),
            )
            .route("/read", on_get(|_: Require<ReadNotes>| async {}))
            .route("/people", on_get(|_: Require<TokenOnly>| async {}))
            .route("/programs", on_get(|_: Require<ApiKeyOnly>| async {}))
            .route("/layer", on_get(|| async {}).layer(self.guard.require::<ApiKeyOnly>()))
            .with_state(self.guard.clone())
    }

    async fn ask(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(&self.app(), request.body(Body::empty()).unwrap()).await
    }

    fn token(&self) -> String {
        token(&self.key, &claims(&self.issuer.url, json!({})))
    }
}

#[tokio::test]
async fn a_key_is_exchanged_once_and_is_its_owner_with_its_permissions() {
    let world = World::new().await;
    for (name, value) in
        [("x-api-key", KEY), ("authorization", &bearer(KEY)), ("Authorization", &format!("bearer {KEY}"))]
    {
        assert_eq!(world.ask("/me", &[(name, value)]).await.body, "usr_ada ApiKey", "{name}");
        for path in ["/maybe", "/read", "/programs", "/layer"] {
            assert_eq!(world.ask(path, &[(name, value)]).await.status, 200, "{path}");
        }
    }
    assert_eq!(world.issuer.exchanges(), 1);
    let form = world.issuer.last_form();
    let form: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        form,
        [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", KEY),
            ("subject_token_type", "urn:gatepost:params:oauth:token-type:api-key"),
        ]
    );
    assert!(world.guard.verify(KEY).await.is_ok(), "a key that came some other way");
}

#[tokio::test]
async fn a_rule_tells_keys_from_tokens() {
    let world = World::new().await;
    let token = bearer(&world.token());
    let refused = world.ask("/people", &[("x-api-key", KEY)]).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (403, "wrong_credential"));
    assert_eq!(world.ask("/people", &[("authorization", &token)]).await.status, 200);
    assert_eq!(world.ask("/programs", &[("authorization", &token)]).await.code(), "wrong_credential");
    // Exchanged by hand it stays a key: the rule cannot be got around.
    let by_hand = bearer(&crate::support::token(&world.key, &world.claims(&json!({}))));
    assert_eq!(world.ask("/people", &[("authorization", &by_hand)]).await.code(), "wrong_credential");
    assert_eq!(world.guard.verify(KEY).await.unwrap().credential, Credential::ApiKey);
}

/// Attack AK-05: never fall through to the other credential, whichever is good.
#[tokio::test]
async fn ak_05_two_credentials_are_refused_whichever_is_good() {
    let world = World::new().await;
    let good = bearer(&world.token());
    let (bad, by_bearer) = (bearer("a.b.c"), bearer(KEY));
    let basic = "Basic dXNlcjpwdw==";
    for headers in [
        [("authorization", good.as_str()), ("x-api-key", KEY)],
        [("authorization", &good), ("x-api-key", "gp_key_bad")],
        [("authorization", &good), ("x-api-key", "")],
        [("authorization", &bad), ("x-api-key", KEY)],
        [("authorization", &by_bearer), ("x-api-key", KEY)],
        [("authorization", basic), ("x-api-key", KEY)],
        [("x-api-key", KEY), ("x-api-key", KEY)],
        [("x-api-key", KEY), ("x-api-key", "gp_key_bad")],
        [("authorization", &by_bearer), ("authorization", &good)],
    ] {
        for path in ["/me", "/maybe", "/layer"] {
            let answer = world.ask(path, &headers).await;
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (401, "invalid_token"),
                "{headers:?}"
            );
        }
    }
    assert_eq!(world.issuer.exchanges(), 0);
}

#[tokio::test]
async fn where_keys_are_not_asked_for_they_open_nothing() {
    let world = World::new().await;
    let guard = Guard::discover(&world.issuer.url, AUDIENCE).await.unwrap();
    let app = Router::new().route("/", on_get(|_: CurrentUser| async {})).with_state(guard.clone());
    assert_eq!(get(&app, "/", &[&bearer(KEY)]).await.code(), "invalid_token");
    let alone = Request::builder().uri("/").header("x-api-key", KEY).body(Body::empty()).unwrap();
    assert_eq!(send(&app, alone).await.code(), "unauthenticated", "the header is none of its business");
    assert_eq!(guard.verify(KEY).await.err(), Some(Refusal::Invalid));
    assert_eq!(world.issuer.exchanges(), 0);
}

#[tokio::test]
async fn what_cannot_be_a_key_is_refused_without_asking() {
    let world = World::new().await;
    let mistyped = KEY.replace("40r4", "40r5");
    for key in [
        &mistyped,
        &KEY[..70],
        &format!("{KEY}0"),
        &KEY.to_uppercase(),
        "gp_key_",
        "",
        "a.b.c",
        &world.token(),
    ] {
        let answer = world.ask("/me", &[("x-api-key", key)]).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "invalid_token"), "{key}");
    }
    assert_eq!(world.issuer.exchanges(), 0);
}

/// Attack AK-02: a revoked key is refused after a minute at the latest.
#[tokio::test]
async fn ak_02_a_revoked_key_is_refused_when_its_token_ends() {
    let world = World::new().await;
    assert!(world.guard.verify(KEY).await.is_ok());
    world.issuer.answer_exchange(refusing("invalid_request"));
    world.clock.advance(59);
    assert!(world.guard.verify(KEY).await.is_ok());
    world.clock.advance(1);
    assert_eq!(world.guard.verify(KEY).await.err(), Some(Refusal::Invalid));
    // An issuer whose tokens live for longer changes nothing about that.
    world.clock.advance(10);
    world.issuer.grant(&world.key, &world.claims(&json!({ "exp": NOW + 3600 })));
    assert!(world.guard.verify(KEY).await.is_ok());
    world.issuer.answer_exchange(refusing("invalid_request"));
    world.clock.advance(60);
    assert_eq!(world.guard.verify(KEY).await.err(), Some(Refusal::Invalid));
}

#[tokio::test]
async fn a_refusal_is_remembered_for_a_moment() {
    let world = World::new().await;
    world.issuer.answer_exchange(refusing("invalid_request"));
    for _ in 0..20 {
        assert_eq!(world.ask("/me", &[("x-api-key", KEY)]).await.code(), "invalid_token");
    }
    assert_eq!(world.issuer.exchanges(), 1);
    world.issuer.grant(&world.key, &world.claims(&json!({})));
    world.clock.advance(5);
    assert_eq!(world.ask("/me", &[("x-api-key", KEY)]).await.status, 200);
}

#[tokio::test]
async fn many_first_uses_of_a_key_ask_once() {
    let world = World::new().await;
    let (open, gate) = watch::channel(false);
    let answer = json!({ "access_token": token(&world.key, &world.claims(&json!({}))) });
    world.issuer.answer_exchange(Reply::Gated(gate, answer));
    let asking: Vec<_> = (0..50)
        .map(|_| {
            let guard = world.guard.clone();
            tokio::spawn(async move { guard.verify(KEY).await.map(|user| user.id.clone()) })
        })
        .collect();
    // One of them goes away, which must not stop it for the others.
    asking[0].abort();
    while world.issuer.exchanges() == 0 {
        tokio::task::yield_now().await;
    }
    open.send_replace(true);
    for one in asking.into_iter().skip(1) {
        assert_eq!(one.await.unwrap(), Ok("usr_ada".to_owned()));
    }
    assert_eq!(world.issuer.exchanges(), 1);
}

/// What is neither a token nor a refusal: the key may be good, so the answer is 503, and the next request asks again.
#[tokio::test]
async fn an_issuer_that_does_not_answer_is_503_and_nothing_is_remembered() {
    let world = World::new().await;
    let elsewhere = TestIssuer::start(&[&world.key]).await;
    elsewhere.grant(&world.key, &world.claims(&json!({})));
    let good = json!({ "access_token": token(&world.key, &world.claims(&json!({}))) }).to_string();
    let huge = format!("{{\"access_token\":\"{}\"}}", "a".repeat(1 << 20));
    let (_closed, gate) = watch::channel(false);
    for (name, reply) in [
        ("500", Reply::raw("HTTP/1.1 500 Internal Server Error", b"{}")),
        ("503 with a token", Reply::raw("HTTP/1.1 503 Service Unavailable", good.as_bytes())),
        ("429", Reply::raw("HTTP/1.1 429 Too Many Requests", b"{\"error\":\"slow_down\"}")),
        ("400 of a proxy", Reply::raw("HTTP/1.1 400 Bad Request", b"<html>")),
        ("403 of a proxy", Reply::raw("HTTP/1.1 403 Forbidden", b"")),
        ("HTML", Reply::raw("HTTP/1.1 200 OK", b"<html>")),
        ("no token", Reply::Json(json!({ "token_type": "Bearer" }))),
        ("no HTTP", Reply::Raw(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec())),
        ("huge", Reply::raw("HTTP/1.1 200 OK", huge.as_bytes())),
        ("drip", Reply::Drip),
        ("silence", Reply::Gated(gate, Value::Null)),
        (
            "redirect",
            Reply::raw(
                &format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {}/oauth/token", elsewhere.url),
                b"",
            ),
        ),
        (
            "redirect on the same host",
            Reply::raw(
                &format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {}/moved", world.issuer.url),
                b"",
            ),
        ),
    ] {
        let before = world.issuer.exchanges();
        world.issuer.answer_exchange(reply);
        for path in ["/me", "/layer"] {
            let answer = world.ask(path, &[("x-api-key", KEY)]).await;
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (503, "issuer_unavailable"),
                "{name}"
            );
            assert_eq!(answer.headers["retry-after"], "5", "{name}");
        }
        assert_eq!(world.issuer.exchanges(), before + 2, "{name}");
    }
    assert_eq!(elsewhere.exchanges(), 0, "a key follows no redirect");
    world.issuer.grant(&world.key, &world.claims(&json!({})));
    assert_eq!(world.ask("/me", &[("x-api-key", KEY)]).await.status, 200);
}

#[tokio::test]
async fn a_key_seen_before_is_served_while_its_issuer_is_down() {
    let world = World::new().await;
    assert!(world.guard.verify(KEY).await.is_ok());
    world.issuer.answer_exchange(Reply::raw("HTTP/1.1 500 Internal Server Error", b""));
    world.clock.advance(59);
    assert!(world.guard.verify(KEY).await.is_ok());
    assert_eq!(world.guard.verify(OTHER).await.err(), Some(Refusal::Unavailable { retry_after: 5 }));
    world.clock.advance(1);
    assert_eq!(world.guard.verify(KEY).await.err(), Some(Refusal::Unavailable { retry_after: 5 }));
}

/// A token that is not for this API, or no key's, is worth nothing, whoever sends it.
#[tokio::test]
async fn a_lying_issuer_makes_no_key_good() {
    for (name, more) in [
        ("another audience", json!({ "aud": "billing" })),
        ("another issuer", json!({ "iss": "https://other.example.com" })),
        ("no key's token", json!({ "api_key": null })),
        ("expired", json!({ "exp": NOW - 3600 })),
        ("not yet valid", json!({ "nbf": NOW + 3600 })),
    ] {
        let world = World::new().await;
        world.issuer.grant(&world.key, &world.claims(&more));
        assert_eq!(world.guard.verify(KEY).await.err(), Some(Refusal::Invalid), "{name}");
        assert_eq!(world.ask("/me", &[("x-api-key", KEY)]).await.code(), "invalid_token", "{name}");
        assert_eq!(world.issuer.exchanges(), 1, "{name}");
    }
    let world = World::new().await;
    world.issuer.grant(&key("k1"), &world.claims(&json!({})));
    assert_eq!(world.guard.verify(KEY).await.err(), Some(Refusal::Invalid), "another's signature");
}

#[tokio::test]
async fn a_key_set_that_is_new_is_fetched_for_an_exchanged_token() {
    let world = World::new().await;
    world.clock.advance(60);
    let rotated = key("k2");
    world.issuer.publish(&[&rotated]);
    world.issuer.grant(&rotated, &world.claims(&json!({})));
    assert!(world.guard.verify(KEY).await.is_ok());
}

/// Attack AK-03: a key is in no log and in no answer.
#[tokio::test]
async fn ak_03_nothing_repeats_a_key() {
    let log = Log::default();
    let _listening = log.listen();
    let world = World::new().await;
    for reply in [refusing("invalid_request"), Reply::raw("HTTP/1.1 500 Internal Server Error", b"")] {
        world.issuer.answer_exchange(reply);
        world.clock.advance(10);
        for key in [KEY, OTHER, "gp_key_mistyped"] {
            let answer = world.ask("/me", &[("x-api-key", key)]).await;
            assert!(!answer.body.contains("gp_key_"), "{}", answer.body);
        }
    }
    let logged = log.take();
    let ours = |line: &&str| line.contains("gatepost_guard");
    assert!(logged.lines().any(|line| ours(&line)), "{logged}");
    assert!(
        !logged.lines().filter(ours).any(|line| line.contains(&KEY[7..20]) || line.contains("gp_key_")),
        "{logged}"
    );
}
