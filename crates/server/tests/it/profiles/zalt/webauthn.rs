//! Passkeys.

use axum::http::Method;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};

use super::{ADA, brief, get, login, parts, person, post, someone, world};
use crate::support::{Answer, PASSWORD, Person, SoftPasskey, TestApp, given, made};

const BASE: &str = "/v1/auth/webauthn";

async fn to_make(app: &TestApp, who: &Person) -> Value {
    let answer = post(app, who, "/v1/auth/webauthn/register/options", json!({})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let json = answer.json();
    assert_eq!(json["challenge"], json["options"]["challenge"], "beside and by itself");
    assert!(json["expires_in"].is_u64());
    json["options"].clone()
}

async fn to_show(app: &TestApp, body: Value) -> Value {
    let answer = app.post("/v1/auth/webauthn/authenticate/options", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["options"].clone()
}

/// As a program that knows the other alphabet spells it.
fn respelled(mut credential: Value) -> Value {
    let respell = |value: &mut Value| {
        if let Some(text) = value.as_str() {
            *value = BASE64.encode(&BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()).into();
        }
    };
    respell(&mut credential["rawId"]);
    for member in ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"] {
        if !credential["response"][member].is_null() {
            respell(&mut credential["response"][member]);
        }
    }
    credential
}

pub(super) async fn add(app: &TestApp, who: &Person, key: &mut SoftPasskey) -> Answer {
    let options = to_make(app, who).await;
    post(
        app,
        who,
        &format!("{BASE}/register"),
        json!({"credential": made(key, &options), "name": "The blue key"}),
    )
    .await
}

#[tokio::test]
async fn a_passkey_is_made_and_signs_in_under_each_of_the_names() {
    for (register, authenticate) in [
        ("/v1/auth/webauthn/register", "/v1/auth/webauthn/authenticate"),
        ("/v1/auth/webauthn/register/verify", "/v1/auth/webauthn/authenticate/verify"),
        ("/v1/auth/webauthn/register/complete", "/v1/auth/webauthn/authenticate/complete"),
    ] {
        let app = world().await;
        let ada = person(&app, ADA).await;
        let mut key = SoftPasskey::es256();
        let options = to_make(&app, &ada).await;
        let credential = made(&mut key, &options);
        let body = match register {
            "/v1/auth/webauthn/register/verify" => {
                json!({"response": credential, "deviceName": "The blue key"})
            }
            "/v1/auth/webauthn/register/complete" => {
                json!({"credential": respelled(credential), "name": "The blue key"})
            }
            _ => json!({"credential": credential, "name": "The blue key"}),
        };
        let answer = post(&app, &ada, register, body).await;
        assert_eq!(answer.status, 200, "{register}: {answer:?}");
        let credential = &answer.json()["credential"];
        assert_eq!(
            (&credential["name"], &credential["deviceName"]),
            (&json!("The blue key"), &json!("The blue key"))
        );
        assert_eq!(answer.json()["backup_codes"].as_array().unwrap().len(), 10);

        // Alone it is two factors, whoever is named; and no address is looked up.
        let options = to_show(&app, json!({"email": ADA})).await;
        let mut unknown = to_show(&app, json!({"email": "nobody@example.com"})).await;
        let mut known = options.clone();
        for options in [&mut unknown, &mut known] {
            options["challenge"] = json!(null);
        }
        assert_eq!(known, unknown, "LG-01");
        let credential = given(&key, &options);
        let body = match register {
            "/v1/auth/webauthn/register/verify" => json!({"response": credential}),
            "/v1/auth/webauthn/register/complete" => json!({"credential": respelled(credential)}),
            _ => json!({"credential": credential}),
        };
        let answer = app.post(authenticate, body.clone()).await;
        assert_eq!(answer.status, 200, "{authenticate}: {answer:?}");
        assert_eq!(parts(&someone(&answer).access_token).1["amr"], json!(["hwk", "user", "mfa"]));
        assert_eq!(answer.json()["user"]["webauthn_enabled"], json!(true));
        assert_eq!(brief(&app.post(authenticate, body).await), "400 VERIFICATION_FAILED", "once");
    }
}

#[tokio::test]
async fn after_a_password_a_passkey_is_the_second_step() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    let mut key = SoftPasskey::es256();
    assert_eq!(add(&app, &ada, &mut key).await.status, 200);
    let challenge = login(&app, ADA).await.json();
    assert_eq!(challenge["mfa_methods"], json!(["webauthn", "backup_code"]));
    assert_eq!(challenge["webauthn_required"], json!(true));
    let id = &challenge["mfa_session_id"];
    let options = to_show(&app, json!({"mfa_session_id": id})).await;
    assert_eq!(options["allowCredentials"].as_array().unwrap().len(), 1);
    let body = json!({"mfa_session_id": id, "credential": given(&key, &options)});
    let answer = app.post("/v1/auth/webauthn/authenticate", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(parts(&someone(&answer).access_token).1["amr"], json!(["pwd", "hwk", "user", "mfa"]));
    let over = json!({"mfa_session_id": id});
    let answer = app.post("/v1/auth/webauthn/authenticate/options", over).await;
    assert_eq!(brief(&answer), "401 MFA_SESSION_EXPIRED");
}

#[tokio::test]
async fn passkeys_are_listed_and_removed() {
    let app = world().await;
    let (ada, eve) = (person(&app, ADA).await, person(&app, "eve@example.com").await);
    let mut key = SoftPasskey::es256();
    assert_eq!(add(&app, &ada, &mut key).await.status, 200);
    let fresh = {
        let options = to_show(&app, json!({})).await;
        let body = json!({"credential": given(&key, &options)});
        someone(&app.post("/v1/auth/webauthn/authenticate", body).await)
    };
    let listed = get(&app, &ada, "/v1/auth/webauthn/credentials").await.json();
    assert_eq!((&listed["count"], &listed["credentials"][0]["name"]), (&json!(1), &json!("The blue key")));
    assert!(listed["max_allowed"].is_u64());
    let id = listed["credentials"][0]["id"].as_str().unwrap();
    let path = format!("/v1/auth/webauthn/credentials/{id}");
    let remove =
        async |who: &Person, path: &str, body: Option<Value>| app.ask(who, Method::DELETE, path, body).await;
    // MF-06: of another user it is not there; and a session of one factor takes none away.
    assert_eq!(brief(&remove(&eve, &path, None).await), "404 CREDENTIAL_NOT_FOUND");
    assert_eq!(
        brief(&remove(&fresh, "/v1/auth/webauthn/credentials/x", None).await),
        "404 CREDENTIAL_NOT_FOUND"
    );
    assert_eq!(brief(&remove(&ada, &path, None).await), "403 REVERIFICATION_REQUIRED");
    let wrong = json!({"password": "wrong"});
    assert_eq!(brief(&remove(&fresh, &path, Some(wrong)).await), "401 INVALID_PASSWORD");
    assert_eq!(remove(&fresh, &path, Some(json!({"password": PASSWORD}))).await.status, 200);
    assert_eq!(get(&app, &ada, "/v1/auth/webauthn/credentials").await.json()["credentials"], json!([]));
    assert!(!login(&app, ADA).await.json()["tokens"].is_null());
}

#[tokio::test]
async fn what_no_browser_answers_is_refused() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    let mut key = SoftPasskey::es256();
    let options = to_make(&app, &ada).await;
    let good = made(&mut key, &options);
    let mut broken = good.clone();
    broken["response"]["attestationObject"] = json!("AAAA");
    for (body, expected) in [
        (json!({}), "400 INVALID_REQUEST"),
        (json!({"credential": 7}), "400 INVALID_REQUEST"),
        (json!({"credential": {"id": "x"}}), "400 INVALID_REQUEST"),
        (json!({"credential": broken}), "400 VERIFICATION_FAILED"),
        (json!({"credential": good, "name": "a\u{0}b"}), "400 INVALID_REQUEST"),
    ] {
        let answer = post(&app, &ada, "/v1/auth/webauthn/register", body.clone()).await;
        assert_eq!(brief(&answer), expected, "{body}");
        if body["name"].is_null() {
            let answer = app.post("/v1/auth/webauthn/authenticate", body.clone()).await;
            let expected = if expected.contains("VERIFICATION") { "400 INVALID_REQUEST" } else { expected };
            assert_eq!(brief(&answer), expected, "{body}");
        }
    }
}
