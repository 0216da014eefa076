use axum::http::{Method, StatusCode};
use gatepost_jose::{KeySet, Verifier};
use serde_json::json;

use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn a_sign_in_answers_tokens_that_any_verifier_accepts() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\naudience = [\"notes-api\"]\n").await;
    app.register("ada@example.com").await;
    let answer = app.login("ada@example.com").await;
    assert_eq!(answer.json()["token_type"], "Bearer");
    assert_eq!(answer.json()["expires_in"], 900);
    assert_eq!(answer.header("cache-control"), Some("no-store"));

    let keys = KeySet::parse(&app.get("/.well-known/jwks.json").await.body).unwrap();
    let verifier = Verifier::new("http://127.0.0.1:8400", "notes-api", keys);
    let now = app.clock.now().unix_seconds();
    let claims = verifier.verify(&answer.text("access_token"), now).unwrap();
    assert_eq!(claims.subject(), answer.json()["user"]["id"].as_str().unwrap());
    assert_eq!(claims.email(), Some("ada@example.com"));
    assert_eq!(claims.client_id(), Some("gatepost"));
    assert_eq!(claims.auth_time(), Some(now));
    assert_eq!(claims.expires_at(), now + 900);
    assert!(claims.session_id().unwrap().starts_with("ses_"));
}

/// LG-01: an unknown account, a wrong password, a disabled account and nonsense get the same bytes.
#[tokio::test]
async fn lg_01_a_refused_sign_in_says_one_thing_whatever_the_reason() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    app.register("ada@example.com").await;
    let disabled = app.person("disabled@example.com").await;
    let path = format!("/api/v1/admin/users/{}", disabled.id);
    assert_eq!(
        app.ask(&admin, Method::PATCH, &path, Some(json!({"disabled": true}))).await.status,
        StatusCode::OK
    );

    let mut answers = Vec::new();
    for (email, password) in [
        ("nobody@example.com", PASSWORD),
        ("ada@example.com", "not the password"),
        ("disabled@example.com", PASSWORD),
        ("not an address", PASSWORD),
        ("ada@example.com", ""),
        ("ada@example.com", &"x".repeat(5_000)),
    ] {
        let answer = app.post("/api/v1/login", json!({"email": email, "password": password})).await;
        assert_eq!(answer.brief(), "401 invalid_credentials", "{email}");
        let headers: Vec<_> = answer
            .headers
            .iter()
            .filter(|(name, _)| *name != "x-request-id")
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect();
        answers.push((answer.body, headers));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
}

#[tokio::test]
async fn a_sign_in_names_one_account() {
    let app = TestApp::new().await;
    let both = json!({"email": "a@example.com", "username": "ada", "password": PASSWORD});
    assert_eq!(app.post("/api/v1/login", both).await.brief(), "400 invalid_body");
    assert_eq!(app.post("/api/v1/login", json!({"password": PASSWORD})).await.brief(), "400 invalid_body");
}

#[tokio::test]
async fn a_realm_may_ask_for_a_verified_address() {
    let app = TestApp::new().await;
    app.register("ada@example.com").await;
    app.apply("[[realm]]\nname = \"default\"\nrequire_verified_email = true\n").await;
    assert_eq!(app.login("ada@example.com").await.brief(), "403 email_unverified");
    let wrong = json!({"email": "ada@example.com", "password": "not the password"});
    assert_eq!(app.post("/api/v1/login", wrong).await.brief(), "401 invalid_credentials");
    app.apply(
        "[[realm]]\nname = \"default\"\nrequire_verified_email = true\n[[realm.user]]\nemail = \"ada@example.com\"\nemail_verified = true\n",
    )
    .await;
    assert_eq!(app.login("ada@example.com").await.status, StatusCode::OK);
}

#[tokio::test]
async fn roles_and_what_they_inherit_are_in_the_token() {
    let app = TestApp::with(&format!(
        r#"
[[realm]]
name = "default"
[[realm.role]]
name = "editor"
permissions = ["notes:write"]
inherits = ["reader"]
[[realm.role]]
name = "reader"
permissions = ["notes:read"]
[[realm.user]]
email = "ada@example.com"
password = "{PASSWORD}"
roles = ["editor"]
"#
    ))
    .await;
    let ada = app.sign_in("ada@example.com").await;
    let token = gatepost_jose::dangerous_decode_without_verifying(&ada.access_token).unwrap();
    let claims: serde_json::Value = serde_json::from_str(token.payload()).unwrap();
    assert_eq!(claims["roles"], json!(["editor", "reader"]));
    assert_eq!(claims["permissions"], json!(["notes:read", "notes:write"]));
}

/// A hash of elsewhere is replaced at the first sign-in. Whoever signs in at the same moment is not refused because of it.
#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_at_once_with_a_hash_that_is_replaced_all_succeed() {
    let hash = "pbkdf2_sha1$2000$saltsaltsaltsalt$40FCCUL8Zmixp2IS66TSfDAMWMY=";
    let app = TestApp::with(&format!(
        "[[realm]]\nname = \"default\"\n[[realm.user]]\nemail = \"ada@example.com\"\npassword_hash = \"{hash}\"\n"
    ))
    .await;
    let sign_in = async || {
        let body = json!({"email": "ada@example.com", "password": "pässwörd engine"});
        app.post("/api/v1/login", body).await.brief()
    };
    let at_once = futures_util::future::join_all((0..4).map(|_| sign_in())).await;
    assert_eq!(at_once, ["200", "200", "200", "200"]);
    assert_eq!(sign_in().await, "200", "and by the hash that took its place");
}
