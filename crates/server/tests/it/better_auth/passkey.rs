use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{ADA, COOKIE, Client, ada, attributes, bearer};
use crate::support::{Answer, ELIGIBLE, PASSWORD, SoftPasskey, TestApp, given, made};

const EVE: &str = "eve@example.com";
const CHALLENGE: &str = "better-auth.better-auth-passkey";

/// Adds a passkey to the account of whoever is signed in.
pub(super) async fn add(client: &Client<'_>, key: &mut SoftPasskey) -> Answer {
    let options = client.get("/passkey/generate-register-options").await;
    assert_eq!(options.status, StatusCode::OK, "{options:?}");
    let body = json!({"response": made(key, &options.json()), "name": "The blue key"});
    let answer = client.post("/passkey/verify-registration", body).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer
}

/// What a browser answers that is asked for a passkey.
async fn answer_of(client: &Client<'_>, key: &SoftPasskey) -> Value {
    let options = client.get("/passkey/generate-authenticate-options").await;
    assert_eq!(options.status, StatusCode::OK, "{options:?}");
    json!({"response": given(key, &options.json())})
}

async fn show(client: &Client<'_>, key: &SoftPasskey) -> Answer {
    let body = answer_of(client, key).await;
    client.post("/passkey/verify-authentication", body).await
}

/// Somebody with a passkey.
async fn with_passkey<'a>(app: &'a TestApp, email: &str) -> (Client<'a>, SoftPasskey, Value) {
    let client = Client::new(app);
    client.sign_up(email).await;
    let mut key = SoftPasskey::es256();
    let added = add(&client, &mut key).await.json();
    (client, key, added)
}

#[tokio::test]
async fn a_passkey_is_added_and_signs_in() {
    let app = TestApp::new().await;
    let client = ada(&app).await;
    let path = "/passkey/generate-register-options?authenticatorAttachment=platform&name=Ada%20at%20home";
    let options = client.get(path).await;
    let kept = "Max-Age=300; Path=/; HttpOnly; SameSite=Lax";
    assert_eq!(attributes(&options, CHALLENGE).as_deref(), Some(kept));
    let options = options.json();
    assert_eq!(
        (&options["rp"]["id"], &options["user"]["name"]),
        (&json!("localhost"), &json!("Ada at home"))
    );
    let selection = &options["authenticatorSelection"];
    assert_eq!(
        (&selection["authenticatorAttachment"], &selection["userVerification"]),
        (&json!("platform"), &json!("required"))
    );
    let mut key = SoftPasskey::es256();
    (key.flags, key.aaguid) =
        (key.flags | ELIGIBLE, *b"\xba\xda\x55\x66\xa7\xaa\x40\x1f\xbd\x96\x45\x61\x9a\x55\x12\x0d");
    let body = json!({"response": made(&mut key, &options)});
    let added = client.post("/passkey/verify-registration", body.clone()).await;
    assert_eq!(added.status, StatusCode::OK, "{added:?}");
    let user = client.get("/get-session").await.json()["user"].clone();
    let added = added.json();
    assert_eq!((&added["name"], &added["userId"]), (&json!("1Password"), &user["id"]));
    assert_eq!((&added["deviceType"], &added["backedUp"]), (&json!("multiDevice"), &json!(false)));
    assert_eq!((&added["transports"], &added["counter"]), (&json!("internal,hybrid"), &json!(0)));
    assert_eq!(added["aaguid"], "bada5566-a7aa-401f-bd96-45619a55120d");
    assert_eq!(added["createdAt"], "2027-01-15T08:00:00.000Z");
    // It is a second factor, too: these are for the day it is lost.
    assert_eq!(
        (user["twoFactorEnabled"].clone(), added["backupCodes"].as_array().unwrap().len()),
        (json!(true), 10)
    );
    assert_eq!(client.post("/passkey/verify-registration", body).await.status, StatusCode::FORBIDDEN, "once");

    let other = Client::new(&app);
    let options = other.get("/passkey/generate-authenticate-options").await;
    assert_eq!(attributes(&options, CHALLENGE).as_deref(), Some(kept));
    let options = options.json();
    // The same for everybody (WA-06).
    let members: Vec<_> = options.as_object().unwrap().keys().collect();
    assert_eq!(members, ["challenge", "rpId", "timeout", "userVerification"]);
    let body = json!({"response": given(&key, &options)});
    let begun = other.post("/passkey/verify-authentication", body.clone()).await;
    assert_eq!(begun.status, StatusCode::OK, "{begun:?}");
    let answer = begun.json();
    assert_eq!((&answer["user"]["id"], &answer["session"]["userId"]), (&user["id"], &user["id"]));
    assert!(attributes(&begun, COOKIE).unwrap().starts_with("Max-Age=2592000;"), "{begun:?}");
    assert_eq!(bearer(&app, answer["session"]["token"].as_str().unwrap()).await.as_deref(), Some(ADA));
    assert_eq!(bearer(&app, begun.header("set-auth-token").unwrap()).await.as_deref(), Some(ADA));
    assert_eq!(other.email().await.as_deref(), Some(ADA));
    // WA-01: a challenge is good once.
    let again = other.post("/passkey/verify-authentication", body).await;
    assert_eq!(again.brief(), "400 CHALLENGE_NOT_FOUND");
}

#[tokio::test]
async fn passkeys_are_listed_named_and_removed() {
    let app = TestApp::new().await;
    let (client, key, added) = with_passkey(&app, ADA).await;
    let listed = client.get("/passkey/list-user-passkeys").await.json();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["id"]), (1, &added["id"]));
    assert_eq!(
        (&listed[0]["name"], &listed[0]["credentialID"]),
        (&json!("The blue key"), &added["credentialID"])
    );
    let id = added["id"].clone();
    let renamed = client.post("/passkey/update-passkey", json!({"id": id, "name": " Work "})).await;
    assert_eq!((&renamed.json()["passkey"]["name"], &renamed.json()["passkey"]["id"]), (&json!("Work"), &id));
    let nameless = client.post("/passkey/update-passkey", json!({"id": id, "name": ""})).await;
    assert_eq!(nameless.brief(), "400 VALIDATION_ERROR");

    // TN-01: those of others are none.
    let eve = Client::new(&app);
    eve.sign_up(EVE).await;
    assert_eq!(eve.get("/passkey/list-user-passkeys").await.json(), json!([]));
    let stolen = eve.post("/passkey/update-passkey", json!({"id": id, "name": "mine"})).await;
    assert_eq!(stolen.brief(), "404 PASSKEY_NOT_FOUND");
    let stolen = eve.post("/passkey/delete-passkey", json!({"id": id})).await;
    assert_eq!(stolen.brief(), "404 PASSKEY_NOT_FOUND");

    // It takes both factors: the session is of before there was a second one.
    let early = client.post("/passkey/delete-passkey", json!({"id": id})).await;
    assert_eq!(early.brief(), "403 SESSION_NOT_FRESH");
    assert_eq!(show(&client, &key).await.status, StatusCode::OK);
    let unknown = client.post("/passkey/delete-passkey", json!({"id": "nobody's"})).await;
    assert_eq!(unknown.brief(), "404 PASSKEY_NOT_FOUND");
    let removed = client.post("/passkey/delete-passkey", json!({"id": id})).await;
    assert_eq!(removed.json(), json!({"status": true}));
    assert_eq!(client.get("/passkey/list-user-passkeys").await.json(), json!([]));
    assert_eq!(show(&Client::new(&app), &key).await.brief(), "400 AUTHENTICATION_FAILED");
}

/// WA-01: an answer is taken from the browser that asked, for what it asked, and no other.
#[tokio::test]
async fn wa_01_nobody_answers_for_another_browser() {
    let app = TestApp::with("[[realm]]\nname = \"acme\"\n").await;
    let (client, key, _) = with_passkey(&app, ADA).await;
    let (asked, other) = (Client::new(&app), Client::new(&app));
    let body = answer_of(&asked, &key).await;
    let none = other.post("/passkey/verify-authentication", body.clone()).await;
    assert_eq!(none.brief(), "400 CHALLENGE_NOT_FOUND", "no browser that asked");
    answer_of(&other, &key).await;
    let swapped = other.post("/passkey/verify-authentication", body.clone()).await;
    assert_eq!(swapped.brief(), "400 CHALLENGE_NOT_FOUND", "one that asked for something else");
    let forged = asked.cookie(CHALLENGE).unwrap().replace('.', "A.");
    other.cookies.borrow_mut().insert(CHALLENGE.into(), forged);
    assert_eq!(
        other.post("/passkey/verify-authentication", body.clone()).await.brief(),
        "400 CHALLENGE_NOT_FOUND"
    );
    assert_eq!(asked.post("/passkey/verify-authentication", body).await.status, StatusCode::OK);

    // What was asked to sign in does not make a passkey.
    let options = asked.get("/passkey/generate-authenticate-options").await.json();
    let mut new = SoftPasskey::ed_dsa();
    let wrong = json!({"user": {"id": "AAAA"}, "rp": {"id": "localhost"}, "challenge": options["challenge"]});
    let body = json!({"response": made(&mut new, &wrong)});
    let refused = asked.post("/passkey/verify-registration", body).await;
    assert_eq!(refused.brief(), "400 FAILED_TO_VERIFY_REGISTRATION");
    // Nor does that of one session in another.
    show(&client, &key).await;
    let options = client.get("/passkey/generate-register-options").await.json();
    let body = json!({"response": made(&mut new, &options)});
    let kept = client.cookie(CHALLENGE).unwrap();
    asked.cookies.borrow_mut().insert(CHALLENGE.into(), kept);
    let refused = asked.post("/passkey/verify-registration", body.clone()).await;
    assert_eq!(refused.brief(), "400 FAILED_TO_VERIFY_REGISTRATION");
    assert_eq!(client.post("/passkey/verify-registration", body).await.status, StatusCode::OK);

    // A realm of its own knows neither.
    let there = Client::under(&app, "/r/acme");
    assert_eq!(show(&there, &key).await.brief(), "400 AUTHENTICATION_FAILED");
}

/// WA-06: whoever's it is, and whatever is wrong with it.
#[tokio::test]
async fn wa_06_a_passkey_that_does_not_sign_in_is_refused_in_one_way() {
    let app = TestApp::new().await;
    let (_, key, added) = with_passkey(&app, ADA).await;
    let client = Client::new(&app);
    assert_eq!(show(&client, &SoftPasskey::es256()).await.brief(), "400 AUTHENTICATION_FAILED", "nobody's");
    let mut unverified = answer_of(&client, &key).await;
    unverified["response"]["response"]["signature"] = json!("AAAA");
    let refused = client.post("/passkey/verify-authentication", unverified).await;
    assert_eq!(refused.brief(), "400 AUTHENTICATION_FAILED");
    let malformed = client.post("/passkey/verify-authentication", json!({"response": {"id": "x"}})).await;
    assert_eq!(malformed.brief(), "400 AUTHENTICATION_FAILED");
    assert_eq!(
        client.post("/passkey/verify-authentication", json!({})).await.brief(),
        "400 VALIDATION_ERROR"
    );

    app.apply("[[realm]]\nname = \"default\"\nrequire_verified_email = true\n").await;
    assert_eq!(show(&client, &key).await.brief(), "403 EMAIL_NOT_VERIFIED");
    app.apply("[[realm]]\nname = \"default\"\nrequire_verified_email = false\n").await;

    let admin = app.admin().await;
    let path = format!("/api/v1/admin/users/{}", added["userId"].as_str().unwrap());
    app.ask(&admin, Method::PATCH, &path, Some(json!({"disabled": true}))).await;
    assert_eq!(show(&client, &key).await.brief(), "400 AUTHENTICATION_FAILED", "of a disabled account");
    app.ask(&admin, Method::PATCH, &path, Some(json!({"disabled": false}))).await;
    assert_eq!(show(&client, &key).await.status, StatusCode::OK);
    let trail = app.ask(&admin, Method::GET, "/api/v1/admin/audit?event=sign-in-refused", None).await.json();
    assert!(
        trail["events"].as_array().unwrap().iter().any(|one| one["detail"]["method"] == "passkey"),
        "{trail}"
    );
}

#[tokio::test]
async fn a_passkey_is_made_by_whoever_has_just_signed_in() {
    let app = TestApp::new().await;
    for (method, path, body) in [
        (Method::GET, "/passkey/generate-register-options", None),
        (Method::GET, "/passkey/list-user-passkeys", None),
        (Method::POST, "/passkey/verify-registration", Some(json!({"response": {}}))),
        (Method::POST, "/passkey/update-passkey", Some(json!({"id": "x", "name": "x"}))),
        (Method::POST, "/passkey/delete-passkey", Some(json!({"id": "x"}))),
    ] {
        let answer = Client::new(&app).ask(method, path, body, &[]).await;
        assert_eq!(answer.brief(), "401 UNAUTHORIZED", "{path}");
    }
    let client = ada(&app).await;
    let none = client.post("/passkey/verify-registration", json!({"response": {}})).await;
    assert_eq!(none.brief(), "400 CHALLENGE_NOT_FOUND");
    for query in ["?authenticatorAttachment=implant", "?context=invitation"] {
        let refused = client.get(&format!("/passkey/generate-register-options{query}")).await;
        assert_eq!(refused.brief(), "400 VALIDATION_ERROR", "{query}");
    }
    let again =
        client.post("/passkey/verify-registration", json!({"response": {}, "createSession": true})).await;
    assert_eq!(again.brief(), "400 VALIDATION_ERROR");
    app.advance(Duration::from_mins(11));
    assert_eq!(client.get("/passkey/generate-register-options").await.brief(), "403 SESSION_NOT_FRESH");
    let trusted = Client::new(&app);
    trusted.sign_in(ADA).await;
    add(&trusted, &mut SoftPasskey::es256()).await;
}

/// After the password it is asked for, and shown alone it is enough.
#[tokio::test]
async fn a_passkey_is_both_factors() {
    let app = TestApp::new().await;
    let (_, key, added) = with_passkey(&app, ADA).await;
    let client = Client::new(&app);
    let half = client.post("/sign-in/email", json!({"email": ADA, "password": PASSWORD})).await;
    assert_eq!(half.json(), json!({"twoFactorRedirect": true, "twoFactorMethods": []}));
    assert_eq!(client.email().await, None);
    assert_eq!(show(&client, &key).await.status, StatusCode::OK);
    assert_eq!(client.email().await.as_deref(), Some(ADA));
    client.post("/sign-out", json!({})).await;
    client.post("/sign-in/email", json!({"email": ADA, "password": PASSWORD})).await;
    let code = &added["backupCodes"][0];
    assert_eq!(
        client.post("/two-factor/verify-backup-code", json!({"code": code})).await.status,
        StatusCode::OK
    );
}

/// As every other sign-in is.
#[tokio::test]
async fn whoever_shows_a_passkey_is_kept_beside_the_others() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\nmulti_session = true\n").await;
    let (_, key, _) = with_passkey(&app, ADA).await;
    let client = Client::new(&app);
    client.sign_up(EVE).await;
    assert_eq!(show(&client, &key).await.status, StatusCode::OK);
    let listed = client.get("/multi-session/list-device-sessions").await.json();
    let mut emails: Vec<_> =
        listed.as_array().unwrap().iter().map(|kept| kept["user"]["email"].as_str().unwrap()).collect();
    emails.sort_unstable();
    assert_eq!(emails, [ADA, EVE]);
    assert_eq!(client.email().await.as_deref(), Some(ADA));
    assert_eq!(client.post("/sign-out", json!({})).await.status, StatusCode::OK);
    assert_eq!(
        client.get("/multi-session/list-device-sessions").await.json(),
        json!([]),
        "all of them ended"
    );
}
