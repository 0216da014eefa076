//! Defects found by running the nearest peer, each a test here. (Code replay and client authentication come with the
//! provider; durability, keys on disk and parallel hashing are below or in the process tests.)

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::support::TestApp;

/// There: a login that waited for the hasher wrote the stale row back and enabled the user again.
#[tokio::test]
async fn a_sign_in_under_way_does_not_undo_a_disable() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for round in 0..10 {
        let email = format!("eve{round}@example.com");
        let eve = app.person(&email).await;
        let path = format!("/api/v1/admin/users/{}", eve.id);
        let disable = app.ask(&admin, Method::PATCH, &path, Some(json!({"disabled": true})));
        let (signed_in, disabled) = futures_util::future::join(app.login(&email), disable).await;
        assert_eq!(disabled.json()["disabled"], true);
        let after = app.ask(&admin, Method::GET, &path, None).await;
        assert_eq!(after.json()["disabled"], true);
        if signed_in.status == StatusCode::OK {
            let token = signed_in.text("refresh_token");
            assert_eq!(app.refresh(&token).await.brief(), "401 invalid_refresh_token");
        }
    }
}

/// There: whole-row updates from an object read earlier lost whatever had changed in between.
#[tokio::test]
async fn two_changes_to_one_account_do_not_undo_one_another() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let ada = app.person("ada@example.com").await;
    let path = format!("/api/v1/admin/users/{}", ada.id);
    for round in 0..10 {
        let name = app.ask(&admin, Method::PATCH, &path, Some(json!({"name": format!("Ada {round}")})));
        let username =
            app.ask(&ada, Method::PATCH, "/api/v1/me", Some(json!({"username": format!("ada{round}")})));
        futures_util::future::join(name, username).await;
        let after = app.ask(&admin, Method::GET, &path, None).await;
        assert_eq!(after.text("name"), format!("Ada {round}"));
        assert_eq!(after.text("username"), format!("ada{round}"));
    }
}

/// There: an old refresh token used after the grace left the successor chain alive, and within it forked the chain.
#[tokio::test]
async fn repeated_use_within_the_grace_forks_nothing() {
    let app = TestApp::new().await;
    let ada = app.person("ada@example.com").await;
    let mut successors = std::collections::HashSet::new();
    for _ in 0..3 {
        successors.insert(app.refresh(&ada.refresh_token).await.text("refresh_token"));
    }
    assert_eq!(successors.len(), 1);
}

/// There: the decrypted signing key stood in a write-ahead log. Here: nothing of it is in any file of the data folder
/// but the master key that seals it, and that is no signing key.
#[tokio::test]
async fn ht_08_no_signing_key_is_on_the_disk_in_clear() {
    let app = TestApp::with("[[realm]]\nname = \"edd\"\nsigning_alg = \"EdDSA\"\n").await;
    for path in ["/keys", "/r/edd/keys"] {
        app.get(path).await;
    }
    app.person("ada@example.com").await;
    // The object identifiers that a PKCS#8 key in clear begins with: id-ecPublicKey, id-Ed25519, rsaEncryption.
    let markers: [&[u8]; 3] = [
        &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
        &[0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20],
        &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01],
    ];
    let mut files = 0;
    for entry in std::fs::read_dir(app.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        files += 1;
        for marker in markers {
            assert!(!bytes.windows(marker.len()).any(|window| window == marker), "{}", path.display());
        }
    }
    assert!(files >= 1, "nothing was looked at");
}

/// There: an issuer that ends in a slash, which verifiers compare as text.
#[tokio::test]
async fn no_issuer_ends_in_a_slash() {
    let app = TestApp::with("[[realm]]\nname = \"acme\"\n").await;
    for path in ["/.well-known/openid-configuration", "/r/acme/.well-known/openid-configuration"] {
        let issuer = app.get(path).await.text("issuer");
        assert!(!issuer.ends_with('/'), "{issuer}");
    }
}

/// There: a sign-in without a User-Agent header was refused after the hash and counted as a failure.
#[tokio::test]
async fn a_client_without_a_user_agent_signs_in() {
    let app = TestApp::new().await;
    let ada = app.person("ada@example.com").await;
    let list = app.ask(&ada, Method::GET, "/api/v1/me/sessions", None).await.json();
    assert!(list["sessions"][0]["user_agent"].is_null());
}
