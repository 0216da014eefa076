use axum::http::Method;
use serde_json::{Value, json};

use super::{ADA, EVE, listed, trail};
use crate::support::{ELIGIBLE, SoftPasskey, TestApp, made, made_saying, said};

#[tokio::test]
async fn a_passkey_is_added_named_and_told_to_its_owner() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\ndisplay_name = \"Tideline\"\n").await;
    let ada = app.person(ADA).await;
    let link = app.link(ADA).await;
    let token = link.split_once("token=").unwrap().1.to_owned();
    assert_eq!(app.post("/api/v1/verify-email", json!({"token": token})).await.status, 200);

    let answer = app.ask(&ada, Method::POST, "/api/v1/me/passkeys/options", None).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["expires_in"]), (200, &json!(900)));
    let options = answer.json()["options"].clone();
    assert_eq!(options["rp"], json!({"id": "localhost", "name": "Tideline"}));
    assert_eq!(options["user"]["name"], ADA);
    let handle = options["user"]["id"].as_str().unwrap();
    assert_eq!(handle.len(), 43, "random");
    let algorithms: Vec<_> =
        options["pubKeyCredParams"].as_array().unwrap().iter().map(|one| &one["alg"]).collect();
    assert_eq!(algorithms, [&json!(-8), &json!(-7), &json!(-257)]);
    assert_eq!((&options["attestation"], &options["excludeCredentials"]), (&json!("none"), &json!([])));
    assert_eq!(
        options["authenticatorSelection"],
        json!({"residentKey": "required", "requireResidentKey": true, "userVerification": "required"})
    );

    let mut key = SoftPasskey::es256();
    (key.flags, key.aaguid) =
        (key.flags | ELIGIBLE, *b"\xba\xda\x55\x66\xa7\xaa\x40\x1f\xbd\x96\x45\x61\x9a\x55\x12\x0d");
    let added = app.send_made(&ada, &made(&mut key, &options)).await;
    assert_eq!((added.status.as_u16(), &added.json()["passkey"]["name"]), (201, &json!("1Password")));
    assert_eq!(added.json()["recovery_codes"].as_array().unwrap().len(), 10, "for the day it is lost");
    let all = listed(&app, &ada).await;
    assert_eq!((all.len(), &all[0]), (1, &added.json()["passkey"]));
    assert!(all[0]["id"].as_str().unwrap().starts_with("psk_"));
    assert_eq!(all[0]["transports"], json!(["internal", "hybrid"]), "what is unknown is left out");
    assert_eq!(
        (&all[0]["synced"], &all[0]["backed_up"], &all[0]["last_used_at"]),
        (&json!(true), &json!(false), &Value::Null)
    );
    let view = app.ask(&ada, Method::GET, "/api/v1/me/mfa", None).await.json();
    assert_eq!(
        (&view["factors"][0]["kind"], &view["recovery_codes"]["left"]),
        (&json!("passkey"), &json!(10))
    );
    let subjects = app.subjects(ADA).await;
    assert!(subjects.iter().any(|subject| subject.contains("new way to sign in")), "{subjects:?}");

    // It takes both factors now. The next one is told of the first, is called the same owner's, and may be given a name.
    let fresh = app.sign_in_with(&key).await;
    let options = app.options_to_make(&fresh).await;
    assert_eq!(options["user"]["id"], handle);
    assert_eq!(options["excludeCredentials"][0]["id"], all[0]["credential_id"]);
    assert_eq!(options["excludeCredentials"][0]["transports"], json!(["internal", "hybrid"]));
    let mut second = SoftPasskey::ed_dsa();
    let body = json!({"credential": made(&mut second, &options), "name": " The blue key "});
    let added = app.ask(&fresh, Method::POST, "/api/v1/me/passkeys", Some(body)).await;
    assert_eq!((added.status.as_u16(), &added.json()["passkey"]["name"]), (201, &json!("The blue key")));
    assert!(added.json().get("recovery_codes").is_none(), "those from before are still good");
    let events = trail(&app, "second-factor-added").await;
    assert_eq!((events.len(), &events[0]["detail"]["kind"]), (2, &json!("passkey")));
    assert!(events[0]["detail"]["passkey"].as_str().unwrap().starts_with("psk_"));
}

#[tokio::test]
async fn every_algorithm_that_is_offered_signs_in() {
    let app = TestApp::new().await;
    for (email, mut key) in [(ADA, SoftPasskey::ed_dsa()), (EVE, SoftPasskey::rs256())] {
        let who = app.person(email).await;
        app.add_passkey(&who, &mut key).await;
        assert_eq!(app.sign_in_with(&key).await.id, who.id);
    }
}

/// The first of the account and the first of the device: neither is given away nor made twice.
#[tokio::test]
async fn wa_05_a_passkey_of_another_user_is_not_added_a_second_time() {
    let app = TestApp::new().await;
    let (ada, mut key, _) = app.person_with_passkey(ADA).await;
    let eve = app.person(EVE).await;
    let handle = key.handle.clone();
    let taken = app.send_made(&eve, &made(&mut key, &app.options_to_make(&eve).await)).await;
    assert_eq!(taken.brief(), "409 passkey_exists");
    assert!(listed(&app, &eve).await.is_empty());
    key.handle = handle;
    let ada_again = app.sign_in_with(&key).await;
    assert_eq!(ada_again.id, ada.id, "it is still hers");
    let twice = app.send_made(&ada_again, &made(&mut key, &app.options_to_make(&ada_again).await)).await;
    assert_eq!(twice.brief(), "409 passkey_exists");
}

#[tokio::test]
async fn an_account_may_have_twenty() {
    let app = TestApp::new().await;
    let (_, key, _) = app.person_with_passkey(ADA).await;
    let ada = app.sign_in_with(&key).await;
    for _ in 1..20 {
        app.add_passkey(&ada, &mut SoftPasskey::ed_dsa()).await;
    }
    let refused = app.ask(&ada, Method::POST, "/api/v1/me/passkeys/options", None).await;
    assert_eq!(refused.brief(), "409 too_many");
    assert_eq!(listed(&app, &ada).await.len(), 20);
}

#[tokio::test]
async fn where_second_factors_are_not_wanted_or_there_is_no_domain_none_is_made() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\nmfa = \"off\"\n").await;
    let ada = app.person(ADA).await;
    let refused = app.ask(&ada, Method::POST, "/api/v1/me/passkeys/options", None).await;
    assert_eq!(refused.brief(), "403 second_factors_off");

    let app = TestApp::with_settings("", &[("GATEPOST_SERVER__PUBLIC_URL", "https://192.0.2.1")]).await;
    let ada = app.person(ADA).await;
    let refused = app.ask(&ada, Method::POST, "/api/v1/me/passkeys/options", None).await;
    assert_eq!(refused.brief(), "409 passkeys_unavailable");
    assert_eq!(
        app.post("/api/v1/login/passkey/options", Value::Null).await.brief(),
        "409 passkeys_unavailable"
    );
    assert!(!String::from_utf8_lossy(&app.get("/sign-in").await.body).contains("data-passkey"));
}

/// WA-01: made for one account, in one session, and once.
#[tokio::test]
async fn wa_01_a_challenge_to_make_one_is_of_one_account_session_and_time() {
    let app = TestApp::new().await;
    let (ada, eve) = (app.person(ADA).await, app.person(EVE).await);
    let mut key = SoftPasskey::es256();
    let hers = made(&mut key, &app.options_to_make(&ada).await);
    assert_eq!(app.send_made(&eve, &hers).await.brief(), "403 invalid_passkey", "another user's");
    let elsewhere = app.sign_in(ADA).await;
    assert_eq!(app.send_made(&elsewhere, &hers).await.brief(), "403 invalid_passkey", "another session's");
    let to_sign_in = app.options_to_sign_in().await;
    let swapped = made_saying(&key, &said("webauthn.create", &to_sign_in));
    assert_eq!(app.send_made(&ada, &swapped).await.brief(), "403 invalid_passkey", "one to sign in");
    let mut invented = said("webauthn.create", &to_sign_in);
    invented.challenge = vec![7; 72];
    assert_eq!(app.send_made(&ada, &made_saying(&key, &invented)).await.brief(), "403 invalid_passkey");

    assert_eq!(app.send_made(&ada, &hers).await.status, 201);
    let fresh = app.sign_in_with(&key).await;
    let mut other = SoftPasskey::es256();
    let options = app.options_to_make(&fresh).await;
    assert_eq!(app.send_made(&fresh, &made(&mut other, &options)).await.status, 201);
    let mut third = SoftPasskey::es256();
    assert_eq!(
        app.send_made(&fresh, &made(&mut third, &options)).await.brief(),
        "403 invalid_passkey",
        "used"
    );

    let late = app.options_to_make(&fresh).await;
    let late = made(&mut third, &late);
    app.advance(std::time::Duration::from_mins(9));
    assert_eq!(app.send_made(&fresh, &late).await.status, 201, "within the time");
}

/// WA-02, WA-03, WA-05 at the door: the rest is with the rules.
#[tokio::test]
async fn wa_02_wa_03_wa_05_what_is_made_for_others_or_by_nobody_is_refused() {
    let app = TestApp::new().await;
    let ada = app.person(ADA).await;
    let mut key = SoftPasskey::es256();
    let options = app.options_to_make(&ada).await;
    let good = said("webauthn.create", &options);
    let try_with =
        async |key: &SoftPasskey, said| app.send_made(&ada, &made_saying(key, &said)).await.brief();
    // The loopback address under which it listens is no origin; nor is any that a request names.
    for origin in
        ["http://127.0.0.1:8400", "https://localhost:8400", "http://localhost", "http://evil.example"]
    {
        let said = crate::support::Said { origin: origin.to_owned(), ..good.clone() };
        assert_eq!(try_with(&key, said).await, "403 invalid_passkey", "{origin}");
    }
    let said = crate::support::Said { domain: "evil.example".into(), ..good.clone() };
    assert_eq!(try_with(&key, said).await, "403 invalid_passkey");
    key.flags = crate::support::PRESENT;
    assert_eq!(try_with(&key, good.clone()).await, "403 invalid_passkey", "nobody proved who they are");
    key.flags = crate::support::VERIFIED | crate::support::PRESENT;
    let mut credential = made(&mut key, &options);
    credential["id"] = json!(data_encoding::BASE64URL_NOPAD.encode(&[1; 32]));
    assert_eq!(app.send_made(&ada, &credential).await.brief(), "403 invalid_passkey", "another id");
    for (member, value) in [
        ("attestationObject", json!("AAAA")),
        ("clientDataJSON", json!("!")),
        ("attestationObject", json!("A".repeat(60_000))),
    ] {
        let mut credential = made(&mut key, &options);
        credential["response"][member] = value;
        assert_eq!(app.send_made(&ada, &credential).await.brief(), "403 invalid_passkey", "{member}");
    }
    let mut credential = made(&mut key, &options);
    credential["type"] = json!("password");
    assert_eq!(app.send_made(&ada, &credential).await.brief(), "403 invalid_passkey");
    credential["response"] = json!({});
    assert_eq!(app.send_made(&ada, &credential).await.brief(), "400 invalid_body");
    assert!(listed(&app, &ada).await.is_empty());
    assert_eq!(app.send_made(&ada, &made(&mut key, &options)).await.status, 201, "it was good all the time");
}
