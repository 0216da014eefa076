//! Codes, their verifiers, and refresh tokens.

use std::time::Duration;

use super::{super::super::relying_party::error, *};

#[tokio::test]
async fn fapi2_security_profile_final_ensure_pkce_code_verifier_required() {
    let world = world().await;
    let client = &world.first;
    let code = world.code(client).await;
    let form: Vec<_> =
        redemption(client, &code).into_iter().filter(|(name, _)| *name != "code_verifier").collect();
    let proofs = [client.key.at_token(&world.app)];
    let answer = world.post(client, "/oauth/token", &form, (&json!({}), &proofs)).await;
    assert_eq!(error(&answer), "400 invalid_grant");
}

#[tokio::test]
async fn fapi2_security_profile_final_incorrect_pkce_code_verifier_rejected() {
    let world = world().await;
    let client = &world.first;
    let code = world.code(client).await;
    let mut form = redemption(client, &code);
    let wrong = VERIFIER.replace('d', "e");
    form[3].1 = &wrong;
    let proofs = [client.key.at_token(&world.app)];
    let answer = world.post(client, "/oauth/token", &form, (&json!({}), &proofs)).await;
    assert_eq!(error(&answer), "400 invalid_grant");
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_authorization_code_is_bound_to_client() {
    let world = world().await;
    let code = world.code(&world.first).await;
    assert_eq!(error(&world.redeem(&world.second, &code).await), "400 invalid_grant");
    assert_eq!(world.redeem(&world.first, &code).await.status, 200);
}

#[tokio::test]
async fn fapi2_security_profile_final_attempt_reuse_authorization_code_after_one_second() {
    let world = world().await;
    let client = &world.first;
    let code = world.code(client).await;
    let tokens = world.redeem(client, &code).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    world.app.advance(Duration::from_secs(1));
    assert_eq!(error(&world.redeem(client, &code).await), "400 invalid_grant");
    // What the first use gave is ended.
    let token = tokens.text("access_token");
    assert_eq!(world.resource("DPoP", &token, &[world.proof(client, &token)]).await.status, 401);
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_token_endpoint_fails_with_expired_auth_code() {
    let world = world().await;
    let client = &world.first;
    let code = world.code(client).await;
    world.app.advance(Duration::from_secs(60));
    assert_eq!(error(&world.redeem(client, &code).await), "400 invalid_grant");
}

#[tokio::test]
async fn fapi2_security_profile_final_refresh_token() {
    let world = world().await;
    let refresh = async |client: &Client, token: &str, proofs: &[String]| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        world.post(client, "/oauth/token", &form, (&json!({}), proofs)).await
    };
    for client in [&world.first, &world.second] {
        let other = if client.signer.id == "first" { &world.second } else { &world.first };
        let tokens = world.tokens(client).await;
        let token = tokens.text("refresh_token");
        let next = refresh(client, &token, &[client.key.at_token(&world.app)]).await;
        assert_eq!(next.json()["token_type"], "DPoP", "{next:?}");
        // Not rotated: the one before stays good, also later (section 5.3.2.1).
        assert_eq!(next.text("refresh_token"), token);
        let (before, after) = (rp::claims(&tokens.text("id_token")), rp::claims(&next.text("id_token")));
        for claim in ["iss", "sub", "aud", "auth_time"] {
            assert_eq!(before[claim], after[claim], "{claim}");
        }
        world.app.advance(Duration::from_secs(30));
        assert_eq!(refresh(client, &token, &[client.key.at_token(&world.app)]).await.status, 200);
        // Neither without a proof, nor by another client.
        assert_eq!(error(&refresh(client, &token, &[]).await), "400 invalid_request");
        let stolen = refresh(other, &token, &[other.key.at_token(&world.app)]).await;
        assert_eq!(error(&stolen), "400 invalid_grant");
        assert_eq!(refresh(client, &token, &[client.key.at_token(&world.app)]).await.status, 200);
    }
}
