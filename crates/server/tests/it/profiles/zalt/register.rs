//! `POST /register`

use serde_json::json;

use super::{ADA, brief, get, login, register, registration, someone, world};
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn an_account_is_made_and_signed_in() {
    let app = world().await;
    let mut body = registration(ADA);
    body["profile"] = json!({"first_name": "Ada", "last_name": "Lovelace", "metadata": {}});
    let answer = app.post("/register", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let json = answer.json();
    assert!(json["message"].is_string());
    let user = &json["user"];
    assert_eq!(
        (&user["email"], &user["email_verified"], &user["emailVerified"], &user["realm_id"]),
        (&json!(ADA), &json!(false), &json!(false), &json!("default"))
    );
    assert_eq!(user["status"], json!("active"));
    assert_eq!(
        (&user["profile"]["first_name"], &user["profile"]["lastName"]),
        (&json!("Ada"), &json!("Lovelace"))
    );
    assert!(user["created_at"].is_string() && user["createdAt"] == user["created_at"]);
    assert_eq!(
        (&json["tokens"]["token_type"], &json["tokens"]["tokenType"]),
        (&json!("Bearer"), &json!("Bearer"))
    );
    assert_eq!((&json["tokens"]["expires_in"], &json["tokens"]["expiresIn"]), (&json!(900), &json!(900)));
    let ada = someone(&answer);
    let me = get(&app, &ada, "/me").await;
    assert_eq!(me.json()["user"]["id"], json!(ada.id));
    // The name to show is made of both.
    assert_eq!(app.ask(&ada, axum::http::Method::GET, "/api/v1/me", None).await.text("name"), "Ada Lovelace");
    assert_eq!(login(&app, ADA).await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_registered_is_said_in_the_contracts_codes() {
    let app = world().await;
    register(&app, ADA).await;
    let with = |email: &str, password: &str| json!({"email": email, "password": password});
    for (body, expected) in [
        (with(ADA, PASSWORD), "409 USER_EXISTS"),
        (with("ADA@example.com", PASSWORD), "409 USER_EXISTS"),
        (with("nobody", PASSWORD), "400 INVALID_EMAIL"),
        (with("a@b@example.com", PASSWORD), "400 INVALID_EMAIL"),
        (with("grace@example.com", "short"), "400 INVALID_PASSWORD"),
        (with("grace@example.com", "password1234"), "400 INVALID_PASSWORD"),
        (json!({"email": "grace@example.com"}), "400 INVALID_REQUEST"),
        (json!({"email": "grace@example.com", "password": null}), "400 INVALID_REQUEST"),
    ] {
        let answer = app.post("/register", body.clone()).await;
        assert_eq!(brief(&answer), expected, "{body}: {answer:?}");
        if expected.contains("INVALID_PASSWORD") {
            assert!(answer.json()["error"]["details"]["errors"][0].is_string(), "{answer:?}");
        }
    }
    let mut kept = registration("grace@example.com");
    kept["profile"]["metadata"] = json!({"plan": "gold"});
    assert_eq!(brief(&app.post("/register", kept).await), "400 INVALID_REQUEST");
    let mut long = registration("grace@example.com");
    long["profile"]["first_name"] = json!("x".repeat(401));
    assert_eq!(brief(&app.post("/register", long).await), "400 INVALID_REQUEST");
}

/// LG-17
#[tokio::test]
async fn lg_17_a_realm_that_is_closed_is_closed_here() {
    let app =
        TestApp::with("[[realm]]\nname = \"default\"\nprofile = \"zalt\"\nregistration = \"closed\"\n").await;
    assert_eq!(brief(&app.post("/register", registration(ADA)).await), "403 REGISTRATION_CLOSED");
}

/// LG-01: where an address has to be proven first, one that has an account is answered as any other.
#[tokio::test]
async fn lg_01_whether_an_address_has_an_account_is_not_told() {
    let app =
        TestApp::with("[[realm]]\nname = \"default\"\nprofile = \"zalt\"\nrequire_verified_email = true\n")
            .await;
    let first = register(&app, ADA).await;
    let second = register(&app, ADA).await;
    let mut bodies = [first.json(), second.json()];
    for body in &mut bodies {
        assert!(body["tokens"].is_null(), "{body}");
        assert_eq!(body["user"]["status"], json!("pending_verification"));
        let object = &mut body["user"];
        assert!(object["id"].as_str().unwrap().starts_with("usr_"));
        object["id"] = json!("masked");
        body["data"] = json!(null);
    }
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(brief(&login(&app, ADA).await), "403 EMAIL_NOT_VERIFIED");
    let subjects = app.subjects(ADA).await;
    assert_eq!(subjects.len(), 2, "a link, and that there is an account: {subjects:?}");
}

/// MF-07: who has to set a second factor up is not signed in by registering.
#[tokio::test]
async fn mf_07_a_realm_that_requires_a_second_factor_gives_no_tokens_before() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\nprofile = \"zalt\"\nmfa = \"required\"\n").await;
    let answer = register(&app, ADA).await;
    assert!(answer.json()["tokens"].is_null(), "{answer:?}");
    let refused = login(&app, ADA).await;
    assert_eq!(brief(&refused), "403 MFA_SETUP_REQUIRED");
    let details = &refused.json()["error"]["details"];
    assert!(details["allowed_methods"].as_array().unwrap().contains(&json!("totp")), "{details}");
    // What it takes is the native API's, for the contract has nothing before the sign-in.
    let token = details["mfa_session_id"].clone();
    let begun = app.post("/api/v1/login/mfa/totp", json!({"mfa_token": token})).await;
    let phone = crate::support::Authenticator::of(&begun.text("secret"));
    let code = phone.code(&app);
    let answer = app.post("/mfa/verify", json!({"mfa_session_id": token, "code": code})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["backup_codes"].as_array().unwrap().len(), 10);
    assert_eq!(get(&app, &someone(&answer), "/me").await.status, 200);
}
