//! Tokens that are bound to a key (RFC 9449). What is refused is in the shared table (`guard_cases`); this is how guards, layers and
//! extractors of one request go together.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::FromRef;
use axum::response::IntoResponse;
use axum::routing::get as on_get;
use gatepost_guard::{
    Claims, CurrentMember, CurrentUser, Error, Guard, KeySet, Refusal, Require, SignedIn, organization, role,
};
use http::Request;
use serde_json::{Value, json};

use crate::proofs::{ClientKey, PUBLIC_URL};
use crate::support::*;

role!(Admin = "admin");
organization!(InOrganization);

const PROOF: &str =
    r#"DPoP error="invalid_dpop_proof", algs="RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 EdDSA""#;

/// Sends a token with proofs.
async fn ask(app: &Router, path: &str, token: &str, proofs: &[&str]) -> Answer {
    let mut request = Request::builder().uri(path).header("authorization", format!("DPoP {token}"));
    for proof in proofs {
        request = request.header("DPoP", *proof);
    }
    send(app, request.body(Body::empty()).unwrap()).await
}

fn bound(key: &gatepost_jose::SigningKey, client: &ClientKey, more: Value) -> String {
    let mut said = claims(ISSUER, more);
    said["cnf"] = json!({ "jkt": client.thumbprint() });
    token(key, &said)
}

fn setup() -> (Guard, gatepost_jose::SigningKey, ClientKey) {
    let key = key("k1");
    let keys = KeySet::new([key.verifying_key()]).unwrap();
    let builder = TestClock::new().builder().issuer_with_keys(ISSUER, keys).dpop(PUBLIC_URL);
    (builder.discover_later().unwrap(), key, ClientKey::new())
}

#[tokio::test]
async fn jwt_14_a_proof_is_good_for_one_request_however_often_the_request_is_looked_at() {
    let (guard, key, client) = setup();
    let inner = Router::new()
        .route(
            "/deep",
            on_get(|_: CurrentUser, _: Require<Admin>, user: Option<CurrentUser>| async move {
                user.map_or_else(String::new, |user| user.id.clone())
            }),
        )
        .route_layer(guard.require::<SignedIn>());
    let app = Router::new()
        .nest("/a/b", inner)
        .route(
            "/plain",
            on_get(|_: CurrentUser, user: Require<SignedIn>, _: CurrentUser| async move { user.id.clone() }),
        )
        .with_state(guard);
    let token = bound(&key, &client, json!({ "roles": ["admin"] }));
    for path in ["/a/b/deep", "/plain"] {
        let proof = client.proof(path, &token, path);
        let answer = ask(&app, path, &token, &[&proof]).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "usr_ada"), "{path}");
        let again = ask(&app, path, &token, &[&proof]).await;
        assert_eq!((again.status.as_u16(), again.challenge()), (401, Some(PROOF)), "{path}");
    }
    // The address is that of the whole request, not of the router that answers.
    let nested = client.proof("/deep", &token, "2");
    assert_eq!(ask(&app, "/a/b/deep", &token, &[&nested]).await.status, 401);
}

#[tokio::test]
async fn jwt_14_a_name_is_used_up_for_its_key_and_for_a_good_token_only() {
    let (guard, key, client) = setup();
    let app = Router::new().route("/", on_get(|_: CurrentUser| async {})).with_state(guard);
    let token = bound(&key, &client, json!({}));
    let other = ClientKey::new();
    let others = bound(&key, &other, json!({}));
    assert_eq!(ask(&app, "/", &token, &[&client.proof("/", &token, "1")]).await.status, 200);
    assert_eq!(ask(&app, "/", &others, &[&other.proof("/", &others, "1")]).await.status, 200, "another key");
    assert_eq!(ask(&app, "/", &token, &[&client.proof("/", &token, "1")]).await.status, 401, "a new proof");
    // Whoever has no good token uses nothing up.
    let stolen = other.proof("/", &token, "2");
    assert_eq!(ask(&app, "/", &token, &[&stolen]).await.code(), "invalid_token");
    assert_eq!(ask(&app, "/", &token, &[&client.proof("/", &token, "2")]).await.status, 200);
}

struct Staff;

#[derive(Clone, FromRef)]
struct Two {
    guard: Guard,
    staff: Guard<Staff>,
}

#[tokio::test]
async fn two_guards_of_one_request_check_its_proof_each_for_itself() {
    let (guard, key, client) = setup();
    let keys = KeySet::new([key.verifying_key()]).unwrap();
    let builder = TestClock::new().builder().issuer_with_keys(ISSUER, keys).dpop(PUBLIC_URL);
    let staff = builder.discover_later().unwrap().tagged::<Staff>();
    let app = Router::new()
        .route(
            "/",
            on_get(|_: CurrentUser, _: CurrentUser<Staff>, _: CurrentUser, _: CurrentUser<Staff>| async {}),
        )
        .with_state(Two { guard, staff });
    let token = bound(&key, &client, json!({}));
    assert_eq!(ask(&app, "/", &token, &[&client.proof("/", &token, "1")]).await.status, 200);
}

#[tokio::test]
async fn a_bound_token_waits_for_new_keys_and_its_proof_is_still_good_once() {
    let (old, new) = (key("k1"), key("k2"));
    let issuer = TestIssuer::start(&[&old]).await;
    let clock = TestClock::new();
    let builder = clock.builder().issuer(&issuer.url).cooldown(Duration::from_secs(10)).dpop(PUBLIC_URL);
    let guard = builder.discover().await.unwrap();
    let app = Router::new()
        .route("/", on_get(|_: CurrentUser| async {}))
        .route("/layer", on_get(|| async {}).route_layer(guard.require::<SignedIn>()))
        .with_state(guard);
    for (path, kid) in [("/", new), ("/layer", key("k3"))] {
        issuer.publish(&[&kid]);
        clock.advance(11);
        let client = ClientKey::new();
        let mut said = claims(&issuer.url, json!({}));
        said["cnf"] = json!({ "jkt": client.thumbprint() });
        let token = token(&kid, &said);
        let proof = client.proof(path, &token, "1");
        assert_eq!(ask(&app, path, &token, &[]).await.code(), "invalid_dpop_proof");
        assert_eq!(ask(&app, path, &token, &[&proof]).await.status, 200, "{path}");
        assert_eq!(ask(&app, path, &token, &[&proof]).await.challenge(), Some(PROOF), "{path}");
        assert_eq!(ask(&app, path, &token, &[&client.proof(path, &token, "2")]).await.status, 200, "{path}");
    }
    assert_eq!(issuer.fetches(), 3);
}

#[tokio::test]
async fn several_issuers_and_api_keys_go_beside_bound_tokens() {
    let (key, other) = (key("k1"), key("k2"));
    let of = |key: &gatepost_jose::SigningKey| KeySet::new([key.verifying_key()]).unwrap();
    let guard = TestClock::new()
        .builder()
        .issuer_with_keys(ISSUER, of(&key))
        .issuer_with_keys("https://partner.example.com", of(&other))
        .dpop(PUBLIC_URL)
        .discover_later()
        .unwrap();
    let app = Router::new()
        .route("/", on_get(|user: CurrentUser| async move { user.issuer.clone() }))
        .with_state(guard);
    for (issuer, signer) in [(ISSUER, &key), ("https://partner.example.com", &other)] {
        let client = ClientKey::new();
        let mut said = claims(issuer, json!({}));
        said["cnf"] = json!({ "jkt": client.thumbprint() });
        let token = token(signer, &said);
        let answer = ask(&app, "/", &token, &[&client.proof("/", &token, "1")]).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, issuer));
    }
}

#[tokio::test]
async fn the_layer_and_every_extractor_answer_with_the_challenge_of_the_scheme() {
    let (guard, key, client) = setup();
    let app =
        Router::new()
            .route("/layer", on_get(|| async {}).route_layer(guard.require::<Admin>()))
            .route("/closed", on_get(|| async {}).route_layer(guard.require::<SignedIn>()))
            .route("/member", on_get(|_: CurrentMember| async {}))
            .route("/organization", on_get(|| async {}).route_layer(guard.require::<InOrganization>()))
            .route(
                "/feed",
                on_get(|user: Option<CurrentUser>| async move {
                    user.map_or("-".to_owned(), |user| user.id.clone())
                }),
            )
            .route("/claims", on_get(|_: Claims<Vec<u8>>| async {}))
            .with_state(guard);
    let token = bound(&key, &client, json!({}));
    for path in ["/layer", "/closed", "/member", "/organization", "/feed", "/claims"] {
        let answer = ask(&app, path, &token, &[]).await;
        assert_eq!((answer.status.as_u16(), answer.challenge()), (401, Some(PROOF)), "{path}");
    }
    assert_eq!(get(&app, "/feed", &[]).await.body, "-");
    assert!(get(&app, "/closed", &[]).await.challenge().unwrap().starts_with("Bearer, DPoP algs="));
    let answer = ask(&app, "/layer", &token, &[&client.proof("/layer", &token, "1")]).await;
    assert_eq!((answer.status.as_u16(), answer.challenge()), (403, None));
    let answer = ask(&app, "/claims", &token, &[&client.proof("/claims", &token, "2")]).await;
    assert!(answer.challenge().unwrap().starts_with(r#"DPoP error="invalid_token""#), "{answer:?}");
}

#[tokio::test]
async fn an_application_can_answer_a_refusal_in_its_own_shape() {
    async fn me(user: Result<CurrentUser, Refusal>) -> impl IntoResponse {
        match user.map_err(|refusal| refusal.reason()) {
            Ok(user) => user.id.clone(),
            Err(Refusal::Missing) => "sign in".to_owned(),
            Err(Refusal::InvalidProof) => "prove it".to_owned(),
            Err(other) => other.code().to_owned(),
        }
    }
    let (guard, key, client) = setup();
    let app = Router::new().route("/", on_get(me)).with_state(guard);
    let token = bound(&key, &client, json!({}));
    assert_eq!(get(&app, "/", &[]).await.body, "sign in");
    assert_eq!(ask(&app, "/", &token, &[]).await.body, "prove it");
    assert_eq!(get(&app, "/", &[&bearer(&token)]).await.body, "invalid_token");
}

#[tokio::test]
async fn a_bound_token_that_comes_some_other_way_is_refused() {
    let (guard, key, client) = setup();
    assert_eq!(guard.verify(&bound(&key, &client, json!({}))).await.map(drop), Err(Refusal::Invalid));
}

#[tokio::test]
async fn no_answer_and_no_log_repeats_a_proof() {
    let log = Log::default();
    let _listening = log.listen();
    let (guard, key, client) = setup();
    let app = Router::new().route("/", on_get(|_: CurrentUser| async {})).with_state(guard);
    let token = bound(&key, &client, json!({}));
    let proof = client.proof("/elsewhere", &token, "very-secret-name");
    let answer = ask(&app, "/", &token, &[&proof]).await;
    let said = format!("{}{:?}{}", log.take(), answer.headers, answer.body);
    assert!(said.contains("the proof is for another address (htu)"), "{said}");
    for part in proof.split('.').chain(token.split('.')).chain(["very-secret-name"]) {
        assert!(!said.contains(part), "{said}");
    }
}

#[test]
fn what_cannot_be_is_refused_at_the_start() {
    let key = key("k1");
    let builder = || {
        Guard::builder()
            .audience(AUDIENCE)
            .issuer_with_keys(ISSUER, KeySet::new([key.verifying_key()]).unwrap())
    };
    for url in ["", "api.example.com", "https://api.example.com?x", "/notes"] {
        let refused = builder().dpop(url).discover_later().unwrap_err();
        assert!(
            matches!(refused, Error::Dpop { .. }) && refused.to_string().contains("http(s) URL"),
            "{refused}"
        );
    }
    let refused = Guard::builder()
        .audience(AUDIENCE)
        .issuer(ISSUER)
        .api_keys()
        .dpop_only(PUBLIC_URL)
        .discover_later()
        .unwrap_err();
    assert!(refused.to_string().contains("exclude each other"), "{refused}");
}
