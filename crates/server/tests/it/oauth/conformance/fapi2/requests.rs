//! What the browser brings, and what is sent ahead.

use std::time::Duration;

use axum::http::{Method, Request};

use super::{super::super::relying_party as rp, *};

/// `error` of a request that is refused when it is sent ahead.
async fn refused(asking: impl Fn(&Client) -> Asking) -> String {
    let world = world().await;
    let answer = world.push(&world.first, &asking(&world.first)).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    answer.text("error")
}

/// That the browser shows an error, and sends nobody anywhere.
async fn shown(world: &World, asked: &Asking, error: &str) {
    let answer = world.ada().await.get(&asked.path()).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (400, None), "{}", answer.html());
    assert!(answer.html().contains(error), "{}", answer.html());
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_different_nonce_inside_and_outside_request_object() {
    let world = world().await;
    let client = &world.first;
    let asked = world.pushed(client, &client.asking()).await.with("nonce", "outside");
    let code = world.agreed(client, &asked).await["code"].clone();
    assert_eq!(rp::claims(&world.redeem(client, &code).await.text("id_token"))["nonce"], "n-1");
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_different_state_inside_and_outside_request_object() {
    let world = world().await;
    let client = &world.first;
    let asked = world.pushed(client, &client.asking()).await.with("state", "outside");
    assert_eq!(world.agreed(client, &asked).await["state"], "s-1");
}

#[tokio::test]
async fn fapi2_security_profile_final_state_only_outside_request_object_not_used() {
    let world = world().await;
    let client = &world.first;
    let asked = world.pushed(client, &client.asking().without("state")).await.with("state", "outside");
    assert_eq!(world.agreed(client, &asked).await.get("state"), None);
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_request_object_without_redirect_uri_fails() {
    assert_eq!(refused(|client| client.asking().without("redirect_uri")).await, "invalid_request");
}

/// Not tolerated, which is fine.
#[tokio::test]
async fn fapi2_security_profile_final_plain_fapi_tolerate_unregistered_redirect_uri() {
    let unregistered = |client: &Client| client.asking().with("redirect_uri", "https://first.test/cb/other");
    assert_eq!(refused(unregistered).await, "invalid_request");
}

/// It is in the request that was sent ahead, and nowhere else.
#[tokio::test]
async fn fapi2_security_profile_final_ensure_redirect_uri_in_authorization_request() {
    let world = world().await;
    let client = &world.first;
    let without = world.push(client, &client.asking().without("redirect_uri")).await;
    assert_eq!((without.status.as_u16(), without.text("error").as_str()), (400, "invalid_request"));
    let asked = world.pushed(client, &client.asking()).await.with("redirect_uri", "https://evil.test/cb");
    world.agreed(client, &asked).await;
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_response_type_code_idtoken_fails() {
    let asking = |client: &Client| client.asking().with("response_type", "code id_token");
    assert_eq!(refused(asking).await, "unsupported_response_type");
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_response_type_token_fails() {
    let asking = |client: &Client| client.asking().with("response_type", "token");
    assert_eq!(refused(asking).await, "unsupported_response_type");
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_unsigned_authorization_request_without_using_par_fails() {
    let world = world().await;
    let client = &world.first;
    let answer = world.ada().await.get(&client.asking().path()).await;
    assert_eq!(rp::returned(&answer)["error"], "invalid_request");
    // Nor does a signature help.
    let object = client.signer.object(&world.app, &client.asking(), &json!({}));
    let signed = client.asking().with("request", &object);
    assert_eq!(rp::returned(&world.ada().await.get(&signed.path()).await)["error"], "invalid_request");
}

#[tokio::test]
async fn fapi2_security_profile_final_par_attempt_reuse_request_uri() {
    let world = world().await;
    let client = &world.first;
    let asked = world.pushed(client, &client.asking()).await;
    assert!(world.agreed(client, &asked).await.contains_key("code"));
    shown(&world, &asked, "invalid_request_uri").await;
}

#[tokio::test]
async fn fapi2_security_profile_final_par_attempt_to_use_expired_request_uri() {
    let world = world().await;
    let answer = world.push(&world.first, &world.first.asking()).await;
    let expires_in = answer.json()["expires_in"].as_u64().unwrap();
    assert!((5..600).contains(&expires_in), "{expires_in}");
    world.app.advance(Duration::from_secs(expires_in));
    shown(&world, &world.first.named(&answer.text("request_uri")), "invalid_request_uri").await;
}

#[tokio::test]
async fn fapi2_security_profile_final_par_attempt_to_use_request_uri_for_different_client() {
    let world = world().await;
    let asked = world.pushed(&world.first, &world.first.asking()).await;
    shown(&world, &asked.with("client_id", "second"), "invalid_request_uri").await;
}

#[tokio::test]
async fn fapi2_security_profile_final_par_ensure_reused_request_uri_prior_to_auth_completion_succeeds() {
    let world = world().await;
    let client = &world.first;
    let asked = world.pushed(client, &client.asking()).await;
    // Opened, and left; opened again.
    let browser = Browser::new(&world.app);
    assert_eq!(rp::open(&browser, &asked).await.status, 200);
    assert!(world.agreed(client, &asked).await.contains_key("code"));
}

#[tokio::test]
async fn fapi2_security_profile_final_par_authorization_request_containing_request_uri_form_param() {
    let world = world().await;
    let client = &world.first;
    let first = world.push(client, &client.asking()).await.text("request_uri");
    let again = world.push(client, &client.asking().with("request_uri", &first)).await;
    assert_eq!((again.status.as_u16(), again.text("error").as_str()), (400, "invalid_request"));
}

#[tokio::test]
async fn fapi2_security_profile_final_par_attempt_invalid_http_method() {
    let world = world().await;
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
        let request = Request::builder()
            .method(&method)
            .uri(format!("/oauth/par?{}", world.first.asking().query()))
            .header(header::HOST, "127.0.0.1:8400");
        assert_eq!(world.app.send(request.body(Body::empty()).unwrap()).await.status, 405, "{method}");
    }
}

/// Only `client_id` and `request_uri` go through the browser.
#[tokio::test]
async fn fapi2_security_profile_final_par_without_duplicate_parameters() {
    let world = world().await;
    let client = &world.first;
    let asked = world.pushed(client, &client.asking()).await;
    assert_eq!(asked.0.len(), 2);
    let code = world.agreed(client, &asked).await["code"].clone();
    assert_eq!(world.redeem(client, &code).await.status, 200);
}

#[tokio::test]
async fn fapi2_security_profile_final_par_ensure_pkce_required() {
    let without =
        |client: &Client| client.asking().without("code_challenge").without("code_challenge_method");
    assert_eq!(refused(without).await, "invalid_request");
}

#[tokio::test]
async fn fapi2_security_profile_final_par_plain_pkce_rejected() {
    let plain = |client: &Client| {
        client.asking().with("code_challenge", VERIFIER).with("code_challenge_method", "plain")
    };
    assert_eq!(refused(plain).await, "invalid_request");
    assert_eq!(refused(|client| client.asking().without("code_challenge_method")).await, "invalid_request");
}
