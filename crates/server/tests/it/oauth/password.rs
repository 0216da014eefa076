//! `grant_type=password`: only where the realm allows it, and only by one's own applications (RFC 6749 section 4.3).

use std::{net::SocketAddr, time::Duration};

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request, header},
};
use serde_json::json;

use super::{
    proof_key::Key,
    relying_party::{self as rp, REALM, SECRET, claims, error, token, userinfo},
};
use crate::support::{Answer, PASSWORD, TestApp};

const HOUSE: (&str, &str) = ("house", "a-secret-of-the-house-app-0123456789");

/// The house application may take passwords, and so may its public sister.
fn realm(allowed: bool) -> String {
    let allowed = if allowed { "name = \"default\"\npassword_grant = true" } else { "name = \"default\"" };
    let file = REALM.replacen("name = \"default\"", allowed, 1).replacen(
        "skip_consent = true",
        "skip_consent = true\ngrants = [\"password\", \"refresh_token\"]",
        1,
    );
    format!(
        "{file}[[realm.client]]\nid = \"pocket\"\npublic = true\nskip_consent = true\ngrants = [\"password\", \"refresh_token\"]\n\
         scopes = [\"openid\", \"notes:read\"]\n"
    )
}

async fn ask(app: &TestApp, client: (&str, &str), more: &[(&str, &str)]) -> Answer {
    let mut form = vec![("grant_type", "password")];
    form.extend(more);
    token(app, Some(client), &form).await
}

const ADA: [(&str, &str); 2] = [("username", "ada@example.com"), ("password", PASSWORD)];

#[tokio::test]
async fn an_application_of_the_house_signs_a_person_in() {
    let app = TestApp::with(&realm(true)).await;
    for username in ["ada", "ada@example.com", "ADA@example.com"] {
        let form = [("username", username), ("password", PASSWORD), ("scope", "openid email notes:read")];
        let answer = ask(&app, HOUSE, &form).await;
        assert_eq!(error(&answer), "200 -", "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let said = claims(&answer.text("access_token"));
        assert_eq!((&said["client_id"], &said["amr"]), (&json!("house"), &json!(["pwd"])));
        assert_eq!(
            (&said["aud"], &said["permissions"]),
            (&json!(["notes-api", "files-api"]), &json!(["notes:read"]))
        );
        assert!(said.get("grant_id").is_some());
        assert_eq!(claims(&answer.text("id_token"))["email"], "ada@example.com");
        assert_eq!(userinfo(&app, &answer.text("access_token")).await.json()["email"], "ada@example.com");
        let form = [("grant_type", "refresh_token"), ("refresh_token", &*answer.text("refresh_token"))];
        assert_eq!(token(&app, Some(HOUSE), &form).await.status, 200);
        // Our own API takes no token of an application without the scope `account`.
        let own =
            crate::support::request(Method::GET, "/api/v1/me", Some(&answer.text("access_token")), None);
        assert_eq!(app.send(own).await.status, 401);
    }
    let public = [("grant_type", "password"), ("client_id", "pocket"), ADA[0], ADA[1]];
    assert_eq!(error(&token(&app, None, &public).await), "200 -");
    let metadata = app.get("/.well-known/openid-configuration").await.json();
    assert!(metadata["grant_types_supported"].as_array().unwrap().contains(&json!("password")));
    // Signed in and authorized, in the trail.
    let admin = app.admin().await;
    for event in ["signed-in", "grant-begun"] {
        let trail = app.ask(&admin, Method::GET, &format!("/api/v1/admin/audit?event={event}"), None).await;
        assert!(trail.json().to_string().contains("\"house\""), "{event}");
    }
}

/// As at every sign-in: what was not seen before is told to the owner.
#[tokio::test]
async fn a_sign_in_by_an_application_on_a_device_not_seen_before_is_told() {
    let app = TestApp::with(&realm(true)).await;
    let sign_in = async |address: [u8; 4], agent: &str| {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("grant_type", "password"), ("client_id", "pocket"), ADA[0], ADA[1]])
            .finish();
        let mut request = Request::post("/oauth/token")
            .header(header::HOST, "127.0.0.1:8400")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::USER_AGENT, agent)
            .body(Body::from(body))
            .unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((address, 4711))));
        assert_eq!(app.send(request).await.status, 200);
        let told = app.subjects("ada@example.com").await;
        told.iter().filter(|subject| *subject == "New sign-in to default").count()
    };
    assert_eq!(sign_in([192, 0, 2, 1], "Pocket/1.0").await, 0, "the first");
    assert_eq!(sign_in([192, 0, 2, 9], "Pocket/1.1").await, 0, "the same after an update, next door");
    assert_eq!(sign_in([198, 51, 100, 1], "Pocket/1.1").await, 1, "elsewhere");
    assert_eq!(sign_in([198, 51, 100, 1], "curl/8.9").await, 2, "another program");
    assert_eq!(sign_in([198, 51, 100, 1], "curl/8.9").await, 2, "it is known by now");
}

#[tokio::test]
async fn elsewhere_no_application_takes_a_password() {
    let app = TestApp::with(&realm(false)).await;
    assert_eq!(error(&ask(&app, HOUSE, &ADA).await), "400 unsupported_grant_type");
    let metadata = app.get("/.well-known/openid-configuration").await.json();
    assert!(!metadata["grant_types_supported"].as_array().unwrap().contains(&json!("password")));
    app.apply(&realm(true)).await;
    assert_eq!(error(&ask(&app, ("web", SECRET), &ADA).await), "400 unauthorized_client");
    assert_eq!(error(&ask(&app, ("house", SECRET), &ADA).await), "401 invalid_client");
    let native = [("grant_type", "password"), ("client_id", "native"), ADA[0], ADA[1]];
    assert_eq!(error(&token(&app, None, &native).await), "400 unauthorized_client");
    let nobody = [("grant_type", "password"), ADA[0], ADA[1]];
    assert_eq!(error(&token(&app, None, &nobody).await), "401 invalid_client");
    // An application of somebody else cannot be registered for it.
    let refused = app.refused(&realm(true).replacen("skip_consent = true\n", "", 1)).await;
    assert!(refused.contains("skip_consent"), "{refused}");
}

#[tokio::test]
async fn whatever_is_wrong_with_account_or_password_is_answered_alike() {
    let app = TestApp::with(&realm(true)).await;
    let first = ask(&app, HOUSE, &[("username", "ada"), ("password", "wrong")]).await;
    assert_eq!(error(&first), "400 invalid_grant");
    let long = "x".repeat(5_000);
    for (username, password) in [
        ("nobody@example.com", PASSWORD),
        ("nobody", PASSWORD),
        ("ada", &*long),
        ("not an address@", "x"),
        ("\u{0}", "x"),
    ] {
        let answer = ask(&app, HOUSE, &[("username", username), ("password", password)]).await;
        assert_eq!((answer.status, &answer.body), (first.status, &first.body), "{username}");
    }
    for form in [vec![ADA[0]], vec![ADA[1]], vec![]] {
        assert_eq!(error(&ask(&app, HOUSE, &form).await), "400 invalid_request");
    }
    for (name, value, expected) in [
        ("scope", "openid phone", "400 invalid_scope"),
        ("scope", "users:read", "400 invalid_scope"),
        ("resource", "elsewhere", "400 invalid_target"),
    ] {
        assert_eq!(
            error(&ask(&app, HOUSE, &[ADA[0], ADA[1], (name, value)]).await),
            expected,
            "{name} {value}"
        );
    }
    let admin = app.admin().await;
    let trail = app
        .ask(&admin, Method::GET, "/api/v1/admin/audit?event=sign-in-refused", None)
        .await
        .json()
        .to_string();
    assert!(
        trail.contains("sign-in-refused") && !trail.contains("wrong") && !trail.contains("nobody"),
        "{trail}"
    );
    // Whoever is disabled is nobody.
    let ada = app.sign_in("ada@example.com").await;
    let path = format!("/api/v1/admin/users/{}", ada.id);
    app.ask(&admin, Method::PATCH, &path, Some(json!({ "disabled": true }))).await;
    let disabled = ask(&app, HOUSE, &ADA).await;
    assert_eq!((disabled.status, &disabled.body), (first.status, &first.body));
}

/// OA-08, LO-04: what it began ends like what begins with a code.
#[tokio::test]
async fn what_began_with_a_password_ends_with_it() {
    let app = TestApp::with(&realm(true)).await;
    let tokens = ask(&app, HOUSE, &[ADA[0], ADA[1], ("scope", "openid")]).await;
    assert_eq!(userinfo(&app, &tokens.text("access_token")).await.status, 200);
    let ada = app.sign_in("ada@example.com").await;
    let change = json!({ "current_password": PASSWORD, "new_password": "another engine weaves algebra" });
    app.advance(Duration::from_secs(1));
    let changed = app.ask(&ada, Method::POST, "/api/v1/me/password", Some(change)).await;
    assert!(changed.status.is_success(), "{changed:?}");
    assert_eq!(userinfo(&app, &tokens.text("access_token")).await.status, 401);
    let form = [("grant_type", "refresh_token"), ("refresh_token", &*tokens.text("refresh_token"))];
    assert_eq!(error(&token(&app, Some(HOUSE), &form).await), "400 invalid_grant");
    assert_eq!(error(&ask(&app, HOUSE, &ADA).await), "400 invalid_grant");
}

/// RT-06
#[tokio::test]
async fn refresh_tokens_of_a_public_application_are_bound_to_its_key() {
    let app = TestApp::with(&realm(true)).await;
    let key = Key::new();
    let post = async |form: &[(&str, &str)], proof: Option<String>| {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request = axum::http::Request::post("/oauth/token")
            .header("host", "127.0.0.1:8400")
            .header("content-type", "application/x-www-form-urlencoded");
        if let Some(proof) = proof {
            request = request.header("dpop", proof);
        }
        app.send(request.body(axum::body::Body::from(body)).unwrap()).await
    };
    let form = [("grant_type", "password"), ("client_id", "pocket"), ADA[0], ADA[1]];
    let tokens = post(&form, Some(key.at_token(&app))).await;
    assert_eq!(tokens.json()["token_type"], "DPoP", "{tokens:?}");
    let refresh = tokens.text("refresh_token");
    let form = [("grant_type", "refresh_token"), ("client_id", "pocket"), ("refresh_token", &*refresh)];
    assert_eq!(rp::error(&post(&form, None).await), "400 invalid_grant");
    assert_eq!(rp::error(&post(&form, Some(key.at_token(&app))).await), "200 -");
}
