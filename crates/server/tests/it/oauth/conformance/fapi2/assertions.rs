//! How the client proves who it is.

use gatepost_jose::jwt;

use super::{super::super::relying_party::error, *};

const NO: &str = "401 invalid_client";

/// What redeeming a good code under an assertion with these changes brings, and then under a good one.
async fn at_token_endpoint(changes: impl Fn(i64) -> Value) -> String {
    let world = world().await;
    let client = &world.first;
    let code = world.code(client).await;
    let proof = [client.key.at_token(&world.app)];
    let answer = world.redeem_with(client, &code, &changes(now(&world)), &proof).await;
    if answer.status != 200 {
        assert_eq!(world.redeem(client, &code).await.status, 200, "the code is still good");
    }
    error(&answer)
}

async fn at_par_endpoint(changes: impl Fn(i64) -> Value) -> String {
    let world = world().await;
    let answer = world.push_with(&world.first, &world.first.asking(), &changes(now(&world)), &[]).await;
    error(&answer)
}

fn now(world: &World) -> i64 {
    world.app.clock.now().unix_seconds()
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_client_assertion_in_token_endpoint() {
    let world = world().await;
    let client = &world.first;
    let code = world.code(client).await;
    let proof = [client.key.at_token(&world.app)];
    let form = redemption(client, &code);
    assert_eq!(error(&world.post_with("/oauth/token", &form, None, &proof).await), NO);
    let proof = [client.key.at_token(&world.app)];
    let named: Vec<_> = form.into_iter().chain([("client_id", "first")]).collect();
    assert_eq!(error(&world.post_with("/oauth/token", &named, None, &proof).await), NO);
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_client_assertion_with_exp_is_5_minutes_in_past_fails() {
    assert_eq!(at_token_endpoint(|now| json!({ "exp": now - 300, "iat": now - 360 })).await, NO);
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_client_assertion_with_wrong_aud_fails() {
    assert_eq!(at_token_endpoint(|_| json!({ "aud": "https://evil.test" })).await, NO);
    assert_eq!(at_token_endpoint(|_| json!({ "aud": null })).await, NO);
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_client_assertion_with_no_sub_fails() {
    assert_eq!(at_token_endpoint(|_| json!({ "sub": null })).await, NO);
}

/// The same RSA key, with the algorithm that the profile does not take.
#[tokio::test]
async fn fapi2_security_profile_final_ensure_signed_client_assertion_with_rs256_fails() {
    let client = Signer::new("first", Algorithm::RS256);
    let jwks = client.jwks();
    for (jwks, why) in [(jwks.clone(), "a key for RS256"), (jwks.replace("alg = \"RS256\", ", ""), "for any")]
    {
        let file = format!(
            "{REALM}[[realm.client]]\nid = \"first\"\nsecurity_profile = \"fapi2\"\n{jwks}\n\
             redirect_uris = [\"https://first.test/cb\"]\nscopes = [\"openid\"]\n"
        );
        let app = TestApp::with(&file).await;
        let assertion = client.assertion(&app, &json!({}));
        let form = [("grant_type", "authorization_code"), ("code", "x")];
        let all: Vec<_> = form
            .into_iter()
            .chain([("client_assertion_type", BEARER), ("client_assertion", &assertion)])
            .collect();
        assert_eq!(error(&rp::token(&app, None, &all).await), NO, "{why}");
    }
    // Registered it cannot be.
    let refused = TestApp::new()
        .await
        .refused(&format!(
            "[[realm]]\nname = \"default\"\n[[realm.client]]\nid = \"first\"\nsecurity_profile = \"fapi2\"\n{jwks}\n\
             token_endpoint_auth_signing_alg = \"RS256\"\n"
        ))
        .await;
    assert!(refused.contains("token_endpoint_auth_signing_alg"), "{refused}");
}

#[tokio::test]
async fn fapi2_security_profile_final_par_test_array_as_audience_fails() {
    assert_eq!(at_par_endpoint(|_| json!({ "aud": [rp::ISSUER] })).await, NO);
}

#[tokio::test]
async fn fapi2_security_profile_final_par_test_par_endpoint_url_as_audience_fails() {
    assert_eq!(at_par_endpoint(|_| json!({ "aud": format!("{}/oauth/par", rp::ISSUER) })).await, NO);
}

#[tokio::test]
async fn fapi2_security_profile_final_par_test_token_endpoint_url_as_audience_fails() {
    let token_endpoint = |_| json!({ "aud": format!("{}/oauth/token", rp::ISSUER) });
    assert_eq!(at_par_endpoint(token_endpoint).await, NO);
    assert_eq!(at_token_endpoint(token_endpoint).await, NO);
}

#[tokio::test]
async fn fapi2_security_profile_final_par_ensure_jwt_client_assertions_nbf_8_seconds_in_the_future_is_accepted()
 {
    assert_eq!(at_par_endpoint(|now| json!({ "nbf": now + 8, "iat": now + 8 })).await, "201 -");
}

#[tokio::test]
async fn fapi2_security_profile_final_par_ensure_jwt_client_assertions_nbf_over_60_seconds_in_the_future_fails()
 {
    assert_eq!(at_par_endpoint(|now| json!({ "nbf": now + 61, "exp": now + 120 })).await, NO);
}

/// That of another client beside the assertion.
#[tokio::test]
async fn fapi2_security_profile_final_ensure_client_id_in_token_endpoint() {
    let world = world().await;
    let client = &world.first;
    let code = world.code(client).await;
    let other: Vec<_> = redemption(client, &code).into_iter().chain([("client_id", "second")]).collect();
    let proofs = [client.key.at_token(&world.app)];
    let refused = world.post(client, "/oauth/token", &other, (&json!({}), &proofs)).await;
    assert_eq!(error(&refused), NO);
    let own: Vec<_> = redemption(client, &code).into_iter().chain([("client_id", "first")]).collect();
    let proofs = [client.key.at_token(&world.app)];
    assert_eq!(world.post(client, "/oauth/token", &own, (&json!({}), &proofs)).await.status, 200);
}

/// CA-02: nor does an assertion help that somebody else signed.
#[tokio::test]
async fn ca_02_a_client_of_the_profile_signs_with_its_own_key() {
    let world = world().await;
    let said =
        json!({ "iss": "first", "sub": "first", "aud": rp::ISSUER, "exp": now(&world) + 60, "jti": "1" });
    let foreign = jwt::sign("JWT", &said, &world.second.signer.key).unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    assert_eq!(error(&world.post_with("/oauth/token", &form, Some(&foreign), &[]).await), NO);
}
