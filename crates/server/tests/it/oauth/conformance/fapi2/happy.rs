//! Metadata, and requests that succeed or that the person refuses.

use serde_json::json;

use super::{super::super::relying_party as rp, *};

#[tokio::test]
async fn fapi2_security_profile_final_discovery_end_point_verification() {
    let world = world().await;
    let metadata = world.metadata().await;
    assert_eq!(metadata["issuer"], rp::ISSUER);
    let holds = |member: &str, value: &str| {
        assert!(metadata[member].as_array().unwrap().contains(&json!(value)), "{member} {value}");
    };
    for alg in ["PS256", "ES256", "EdDSA"] {
        holds("token_endpoint_auth_signing_alg_values_supported", alg);
        holds("dpop_signing_alg_values_supported", alg);
    }
    holds("token_endpoint_auth_methods_supported", "private_key_jwt");
    holds("id_token_signing_alg_values_supported", "ES256");
    holds("userinfo_signing_alg_values_supported", "ES256");
    holds("code_challenge_methods_supported", "S256");
    holds("grant_types_supported", "refresh_token");
    for endpoint in ["token_endpoint", "jwks_uri", "pushed_authorization_request_endpoint"] {
        assert!(metadata[endpoint].as_str().unwrap().starts_with(rp::ISSUER), "{endpoint}");
    }
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
}

#[tokio::test]
async fn fapi2_security_profile_final_happy_flow() {
    let world = world().await;
    for client in [&world.first, &world.second] {
        let answer = world.agreed(client, &world.pushed(client, &client.asking()).await).await;
        assert_eq!((answer["state"].as_str(), answer["iss"].as_str()), ("s-1", rp::ISSUER));
        let tokens = world.redeem(client, &answer["code"]).await;
        assert_eq!(tokens.header("cache-control"), Some("no-store"));
        assert_eq!(tokens.json()["token_type"], "DPoP", "{tokens:?}");
        let id_token = tokens.text("id_token");
        assert_eq!(rp::header_of(&id_token)["alg"], "ES256");
        let claims = rp::claims(&id_token);
        assert_eq!((&claims["nonce"], &claims["aud"]), (&json!("n-1"), &json!(client.signer.id)));
        let token = tokens.text("access_token");
        assert_eq!(rp::claims(&token)["cnf"]["jkt"], *client.key.thumbprint());
        let told = world.resource("DPoP", &token, &[world.proof(client, &token)]).await;
        assert_eq!(told.json()["sub"], claims["sub"]);
    }
    // The first client's token is of no use to the second.
    let token = world.tokens(&world.first).await.text("access_token");
    assert_eq!(world.resource("DPoP", &token, &[world.proof(&world.second, &token)]).await.status, 401);
}

#[tokio::test]
async fn fapi2_security_profile_final_user_rejects_authentication() {
    let world = world().await;
    let (client, browser) = (&world.first, world.ada().await);
    let page = rp::open(&browser, &world.pushed(client, &client.asking()).await).await;
    let answer = rp::returned(&browser.fill(&page, &[("decision", "deny")]).await);
    assert_eq!((answer["error"].as_str(), answer["state"].as_str()), ("access_denied", "s-1"));
    assert_eq!(answer["iss"], rp::ISSUER);
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_authorization_request_without_state_success() {
    let world = world().await;
    let client = &world.first;
    let answer = world.agreed(client, &world.pushed(client, &client.asking().without("state")).await).await;
    assert_eq!(answer.get("state"), None);
    assert_eq!(world.redeem(client, &answer["code"]).await.status, 200);
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_authorization_request_without_nonce_success() {
    let world = world().await;
    let client = &world.first;
    let code = world.code_for(client, &client.asking().without("nonce")).await;
    let tokens = world.redeem(client, &code).await;
    assert_eq!(rp::claims(&tokens.text("id_token")).get("nonce"), None);
}

async fn nonce_comes_back(nonce: &str) {
    let world = world().await;
    let client = &world.first;
    let code = world.code_for(client, &client.asking().with("nonce", nonce)).await;
    assert_eq!(rp::claims(&world.redeem(client, &code).await.text("id_token"))["nonce"], nonce);
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_authorization_request_with_64_char_nonce_success() {
    nonce_comes_back(&"n".repeat(64)).await;
}

/// 384 letters: returned whole, or `invalid_request`.
#[tokio::test]
async fn fapi2_security_profile_final_ensure_authorization_request_with_long_nonce() {
    nonce_comes_back(&"n".repeat(384)).await;
}

/// 1,000 letters: returned whole, or `invalid_request`.
#[tokio::test]
async fn fapi2_security_profile_final_ensure_authorization_request_with_long_state() {
    let world = world().await;
    let client = &world.first;
    let state = "s".repeat(1_000);
    let asked = world.pushed(client, &client.asking().with("state", &state)).await;
    assert_eq!(world.agreed(client, &asked).await["state"], state);
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_other_scope_order_succeeds() {
    let world = world().await;
    let client = &world.first;
    for scope in ["email openid", "openid email"] {
        let code = world.code_for(client, &client.asking().with("scope", scope)).await;
        assert_eq!(world.redeem(client, &code).await.status, 200, "{scope}");
    }
}

#[tokio::test]
async fn fapi2_security_profile_final_access_token_type_header_case_sensitivity() {
    let world = world().await;
    let token = world.tokens(&world.first).await.text("access_token");
    for scheme in ["DPoP", "dpop", "DPOP", "dPoP"] {
        let told = world.resource(scheme, &token, &[world.proof(&world.first, &token)]).await;
        assert_eq!(told.status, 200, "{scheme}");
    }
}

#[tokio::test]
async fn fapi2_security_profile_final_test_claims_parameter_identity_claims() {
    let world = world().await;
    let client = &world.first;
    let wanted =
        json!({ "id_token": { "email": { "essential": true }, "name": null }, "userinfo": { "name": null } });
    let asking = client.asking().with("scope", "openid").with("claims", &wanted.to_string());
    let tokens = world.redeem(client, &world.code_for(client, &asking).await).await;
    let claims = rp::claims(&tokens.text("id_token"));
    assert_eq!((&claims["email"], &claims["name"]), (&json!("ada@example.com"), &json!("Ada Lovelace")));
    let token = tokens.text("access_token");
    let told = world.resource("DPoP", &token, &[world.proof(client, &token)]).await;
    assert_eq!(told.json()["name"], "Ada Lovelace");
}
