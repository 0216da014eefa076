use std::time::Duration;

use axum::http::Method;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{ADA, EVE, claims, listed, trail};
use crate::support::{ELIGIBLE, SoftPasskey, TestApp, given, given_saying, request, said, send};

#[tokio::test]
async fn a_passkey_signs_in_alone_at_the_second_level() {
    let app = TestApp::new().await;
    let (ada, key, _) = app.person_with_passkey(ADA).await;
    let answer = app.post("/api/v1/login/passkey/options", Value::Null).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let options = &answer.json()["options"];
    assert_eq!(
        (&options["rpId"], &options["userVerification"], &options["allowCredentials"]),
        (&json!("localhost"), &json!("required"), &json!([]))
    );
    let answer = app.send_given(&given(&key, options)).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["user"]["id"]), (200, &json!(ada.id)));
    let said = claims(&answer.text("access_token"));
    assert_eq!(said["amr"], json!(["hwk", "user", "mfa"]), "RFC 8176");
    let refreshed = app.refresh(&answer.text("refresh_token")).await;
    assert_eq!(claims(&refreshed.text("access_token"))["amr"], json!(["hwk", "user", "mfa"]));
    assert_eq!(listed(&app, &ada).await[0]["last_used_at"], "2027-01-15T08:00:00Z");
    let events = trail(&app, "signed-in").await;
    assert!(events.iter().any(|event| event["user"] == json!(ada.id)), "{events:?}");

    let eve = app.person(EVE).await;
    let mut synced = SoftPasskey::es256();
    synced.flags |= ELIGIBLE;
    app.add_passkey(&eve, &mut synced).await;
    let answer = app.show_passkey(&synced).await;
    assert_eq!(claims(&answer.text("access_token"))["amr"], json!(["swk", "user", "mfa"]));
}

#[tokio::test]
async fn where_two_factors_are_required_a_passkey_is_both() {
    let app = TestApp::new().await;
    let (_, key, _) = app.person_with_passkey(ADA).await;
    app.apply("[[realm]]\nname = \"default\"\nmfa = \"required\"\n").await;
    assert_eq!(app.show_passkey(&key).await.status, 200);
    assert_eq!(app.login(ADA).await.brief(), "403 mfa_required", "and the account has one");
}

/// WA-01: of any number of uses, at any number of servers, one signs in.
#[tokio::test]
async fn wa_01_a_challenge_signs_in_once() {
    let app = TestApp::new().await;
    let (_, key, _) = app.person_with_passkey(ADA).await;
    let credential = given(&key, &app.options_to_sign_in().await);
    let (_, replica) = app.replica().await;
    let answers = join_all((0..16).map(|n| {
        let body = json!({"credential": credential});
        let router = if n % 2 == 0 { &app.router } else { &replica };
        send(router, request(Method::POST, "/api/v1/login/passkey", None, Some(body)))
    }))
    .await;
    let briefs: Vec<_> = answers.iter().map(crate::support::Answer::brief).collect();
    assert_eq!(briefs.iter().filter(|brief| *brief == "200").count(), 1, "{briefs:?}");
    assert_eq!(briefs.iter().filter(|brief| *brief == "403 invalid_passkey").count(), 15, "{briefs:?}");
    let other = given(&key, &app.options_to_sign_in().await);
    assert_eq!(
        send(
            &replica,
            request(Method::POST, "/api/v1/login/passkey", None, Some(json!({"credential": other})))
        )
        .await
        .status,
        200
    );
}

#[tokio::test]
async fn wa_01_wrong_expired_and_other_challenges_are_refused() {
    let app = TestApp::with("[[realm]]\nname = \"other\"\n").await;
    let (ada, key, _) = app.person_with_passkey(ADA).await;
    let try_with = async |said| app.send_given(&given_saying(&key, &said)).await.brief();
    let refused = "403 invalid_passkey";
    let good = said("webauthn.get", &app.options_to_sign_in().await);
    let mut wrong = good.clone();
    wrong.challenge[3] ^= 1;
    assert_eq!(try_with(wrong).await, refused);
    let fresh = app.sign_in_with(&key).await;
    let to_make = said("webauthn.get", &app.options_to_make(&fresh).await);
    assert_eq!(try_with(to_make).await, refused, "one to make a passkey");
    let token = app.login(ADA).await.text("mfa_token");
    let second = app.post("/api/v1/login/mfa/passkey", json!({"mfa_token": token})).await;
    let second = said("webauthn.get", &second.json()["options"]);
    assert_eq!(try_with(second).await, refused, "one for a second step");
    let elsewhere = app.post("/r/other/api/v1/login/passkey/options", Value::Null).await;
    let elsewhere = said("webauthn.get", &elsewhere.json()["options"]);
    assert_eq!(try_with(elsewhere).await, refused, "another realm's");
    app.advance(Duration::from_mins(15));
    assert_eq!(try_with(good).await, refused, "too old");
    assert_eq!(app.sign_in_with(&key).await.id, ada.id);
    let reasons: Vec<_> = trail(&app, "sign-in-refused").await;
    assert!(!reasons.is_empty() && reasons.len() < 5, "written down once a minute: {}", reasons.len());
    assert_eq!(reasons[0]["detail"]["method"], "passkey");
}

#[tokio::test]
async fn wa_02_wa_03_other_pages_domains_and_flags_are_refused() {
    let app = TestApp::new().await;
    let (_, mut key, _) = app.person_with_passkey(ADA).await;
    let options = app.options_to_sign_in().await;
    let good = said("webauthn.get", &options);
    let mut cases = Vec::new();
    for origin in [
        "http://evil.example",
        "http://127.0.0.1:8400",
        "http://login.localhost:8400",
        "http://localhost:8401",
    ] {
        cases.push((key.flags, crate::support::Said { origin: origin.to_owned(), ..good.clone() }));
    }
    cases.push((key.flags, crate::support::Said { domain: "evil.example".into(), ..good.clone() }));
    cases.push((key.flags, crate::support::Said { kind: "webauthn.create", ..good.clone() }));
    cases.push((key.flags, crate::support::Said { more: json!({"crossOrigin": true}), ..good.clone() }));
    cases.push((key.flags, crate::support::Said { more: json!({"topOrigin": good.origin}), ..good.clone() }));
    // There, and nobody proved who they are; not there; copied, though it cannot be; could not be, and now can.
    for flags in [
        crate::support::PRESENT,
        crate::support::VERIFIED,
        key.flags | crate::support::BACKED_UP,
        key.flags | ELIGIBLE,
    ] {
        cases.push((flags, good.clone()));
    }
    let flags = key.flags;
    for (flags, said) in cases {
        key.flags = flags;
        assert_eq!(
            app.send_given(&given_saying(&key, &said)).await.brief(),
            "403 invalid_passkey",
            "{flags} {said:?}"
        );
    }
    key.flags = flags;
    assert_eq!(app.send_given(&given(&key, &options)).await.status, 200, "it was good all the time");
}

/// WA-04: a count that goes back, or stays, is that of a copy. It is refused, and the operator finds it.
#[tokio::test]
async fn wa_04_a_count_that_goes_back_is_refused_and_told() {
    let app = TestApp::new().await;
    let (ada, mut key, _) = app.person_with_passkey(ADA).await;
    for count in [0, 0, 5, 6] {
        key.count = count;
        assert_eq!(app.show_passkey(&key).await.status, 200, "{count}");
    }
    for count in [6, 5, 1, 0] {
        key.count = count;
        assert_eq!(app.show_passkey(&key).await.brief(), "403 invalid_passkey", "{count}");
    }
    key.count = 7;
    assert_eq!(app.show_passkey(&key).await.status, 200, "the one that goes on counting");
    // Also as a second factor.
    let token = app.login(ADA).await.text("mfa_token");
    let options =
        app.post("/api/v1/login/mfa/passkey", json!({"mfa_token": token})).await.json()["options"].clone();
    let answer =
        app.post("/api/v1/login/mfa", json!({"mfa_token": token, "passkey": given(&key, &options)})).await;
    assert_eq!(answer.brief(), "403 invalid_passkey");
    let events = trail(&app, "passkey-count-refused").await;
    assert_eq!(events.len(), 5);
    assert!(events.iter().all(|event| event["user"] == json!(ada.id)), "{events:?}");
    let mut counts: Vec<_> = events.iter().map(|event| event["detail"]["count"].as_str().unwrap()).collect();
    counts.sort_unstable();
    assert_eq!(counts, ["0", "1", "5", "6", "7"]);
}

/// WA-06: whoever asks learns nothing, and whatever is wrong is answered alike.
#[tokio::test]
async fn wa_06_lg_01_nobody_learns_whose_passkey_there_is() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let (ada, key, _) = app.person_with_passkey(ADA).await;
    let (eve, hers, _) = app.person_with_passkey(EVE).await;
    // There is no way to name an account, and the answers differ by the challenge alone.
    let named = app.post("/api/v1/login/passkey/options", json!({"email": ADA})).await;
    let nobody = app.post("/api/v1/login/passkey/options", json!({"email": "nobody@example.com"})).await;
    let without = |answer: &crate::support::Answer| {
        let mut json = answer.json();
        json["options"]["challenge"] = Value::Null;
        (answer.status, answer.body.len(), json)
    };
    assert_eq!(without(&named), without(&nobody));

    let mut other_handle = SoftPasskey::es256();
    other_handle.handle.clone_from(&key.handle);
    let mut unknown_handle = SoftPasskey::es256();
    unknown_handle.handle = vec![9; 32];
    let mut answers = vec![app.show_passkey(&other_handle).await, app.show_passkey(&unknown_handle).await];
    // A passkey of one, with the handle of the other, with none, and with another's signature.
    let options = app.options_to_sign_in().await;
    let mut credential = given(&key, &options);
    for handle in [json!(data_encoding::BASE64URL_NOPAD.encode(&hers.handle)), Value::Null, json!("")] {
        credential["response"]["userHandle"] = handle;
        answers.push(app.send_given(&credential).await);
    }
    let mut credential = given(&key, &options);
    credential["response"]["signature"] = given(&hers, &options)["response"]["signature"].clone();
    answers.push(app.send_given(&credential).await);
    // Disabled, and deleted.
    let path = format!("/api/v1/admin/users/{}", ada.id);
    assert_eq!(app.ask(&admin, Method::PATCH, &path, Some(json!({"disabled": true}))).await.status, 200);
    answers.push(app.show_passkey(&key).await);
    let path = format!("/api/v1/admin/users/{}", eve.id);
    assert_eq!(app.ask(&admin, Method::DELETE, &path, None).await.status, 204);
    answers.push(app.show_passkey(&hers).await);
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer.brief(), "403 invalid_passkey", "{n}: {answer:?}");
        assert_eq!(answer.body, answers[0].body, "{n}");
        let names = |answer: &crate::support::Answer| {
            answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(names(answer), names(&answers[0]), "{n}");
    }
}

/// LG-05: whoever uses up the tries of an account, from wherever, does not keep the owner of a passkey out.
#[tokio::test]
async fn lg_05_a_passkey_gets_in_while_others_guess() {
    let app = TestApp::new().await;
    let (_, key, _) = app.person_with_passkey(ADA).await;
    let guess =
        async || app.post("/api/v1/login", json!({"email": ADA, "password": "not the password"})).await;
    while guess().await.status != 429 {}
    assert_eq!(app.login(ADA).await.status, 429);
    for _ in 0..30 {
        app.show_passkey(&SoftPasskey::es256()).await;
    }
    assert_eq!(app.show_passkey(&key).await.status, 200);
}

#[tokio::test]
async fn an_address_that_must_be_proven_must_be_proven_with_a_passkey_too() {
    let app = TestApp::new().await;
    let (_, key, _) = app.person_with_passkey(ADA).await;
    app.apply("[[realm]]\nname = \"default\"\nrequire_verified_email = true\n").await;
    assert_eq!(app.show_passkey(&key).await.brief(), "403 email_unverified");
    let token = app.token(ADA).await;
    assert_eq!(app.post("/api/v1/verify-email", json!({"token": token})).await.status, 200);
    assert_eq!(app.show_passkey(&key).await.status, 200);
}

/// A passkey is of one realm, also where two share an address.
#[tokio::test]
async fn a_passkey_of_another_realm_is_none() {
    let app = TestApp::with("[[realm]]\nname = \"other\"\n").await;
    let (_, key, _) = app.person_with_passkey(ADA).await;
    let elsewhere = app.post("/r/other/api/v1/login/passkey/options", Value::Null).await;
    let options = elsewhere.json()["options"].clone();
    assert_eq!(options["rpId"], "localhost");
    let answer =
        app.post("/r/other/api/v1/login/passkey", json!({"credential": given(&key, &options)})).await;
    assert_eq!(answer.brief(), "403 invalid_passkey");
}

/// A realm with a host of its own is known by it, whatever a request says.
#[tokio::test]
async fn wa_02_the_domain_is_that_of_the_realm_and_never_of_a_header() {
    let app = TestApp::with_settings(
        "[[realm]]\nname = \"acme\"\nhosts = [\"auth.acme.test\"]\n",
        &[("GATEPOST_SERVER__PUBLIC_URL", "https://auth.example.com")],
    )
    .await;
    let ask = async |path: &str, headers: &[(&str, &str)]| {
        let mut request = request(Method::POST, path, None, Some(Value::Null));
        for (name, value) in headers {
            request
                .headers_mut()
                .insert(axum::http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        app.send(request).await.json()["options"]["rpId"].clone()
    };
    let path = "/api/v1/login/passkey/options";
    assert_eq!(ask(path, &[]).await, "auth.example.com");
    for header in ["x-forwarded-host", "forwarded", "origin", "x-original-url"] {
        assert_eq!(ask(path, &[(header, "evil.example")]).await, "auth.example.com", "{header}");
    }
    assert_eq!(ask(path, &[("host", "evil.example")]).await, "auth.example.com");
    assert_eq!(ask(path, &[("host", "auth.acme.test")]).await, "auth.acme.test");
    assert_eq!(ask("/r/acme/api/v1/login/passkey/options", &[]).await, "auth.acme.test");
}
