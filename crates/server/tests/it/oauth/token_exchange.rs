//! A client exchanges a person's token (RFC 8693): for less, and with who acts for whom written in it. TX-01.

mod ended;

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{
    proof_key::Key,
    relying_party::{self as rp, REALM, ada, asking, claims, error},
};
use crate::support::{Answer, PASSWORD, TestApp, person, request};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const SECRET: &str = "a-secret-of-all-of-these-programs-0123456789";

/// The web application of people, and APIs that call one another as clients of their own names.
fn realm() -> String {
    let service = |id: &str, more: &str| {
        format!(
            "[[realm.client]]\nid = \"{id}\"\nsecret = \"{SECRET}\"\ngrants = [\"{EXCHANGE}\", \"client_credentials\", \"authorization_code\"]\n\
             scopes = [\"openid\", \"email\", \"notes:*\", \"reports\"]\nredirect_uris = [\"https://{id}.test/cb\"]\nrequire_pkce = false\n{more}\n"
        )
    };
    let first = REALM.replacen(
        r#"audience = ["notes-api", "files-api"]"#,
        r#"audience = ["notes-api", "files-api", "desk", "quiet"]"#,
        1,
    );
    let user = format!(
        "[[realm.user]]\nemail = \"grace@example.com\"\npassword = \"{PASSWORD}\"\nroles = [\"reader\"]\n"
    );
    let plain = format!(
        "[[realm.client]]\nid = \"plain\"\nsecret = \"{SECRET}\"\nscopes = [\"notes:read\"]\ngrants = [\"client_credentials\"]\n"
    );
    [
        first,
        service("notes-api", ""),
        service("files-api", ""),
        service("desk", ""),
        service("quiet", "may_impersonate = true"),
        service("elsewhere", ""),
        plain,
        user,
        "[[realm]]\nname = \"other\"\naudience = [\"notes-api\"]\n".to_owned(),
        "[[realm.user]]\nemail = \"ada@example.com\"\npassword = \"the engine weaves algebra\"\n".to_owned(),
    ]
    .join("")
}

async fn world() -> TestApp {
    TestApp::with(&realm()).await
}

async fn post(
    app: &TestApp,
    client: Option<&str>,
    path: &str,
    proof: Option<&str>,
    form: &[(&str, &str)],
) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let mut request = Request::post(path)
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some(client) = client {
        let pair = BASE64.encode(format!("{client}:{SECRET}").as_bytes());
        request = request.header(header::AUTHORIZATION, format!("Basic {pair}"));
    }
    if let Some(proof) = proof {
        request = request.header("dpop", proof);
    }
    app.send(request.body(Body::from(body)).unwrap()).await
}

async fn exchange(app: &TestApp, client: &str, token: &str, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![("grant_type", EXCHANGE), ("subject_token", token), ("subject_token_type", TOKEN)];
    form.extend(more);
    post(app, Some(client), "/oauth/token", None, &form).await
}

async fn exchanged(app: &TestApp, client: &str, token: &str, more: &[(&str, &str)]) -> String {
    let answer = exchange(app, client, token, more).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["issued_token_type"], TOKEN);
    assert!(answer.json().get("refresh_token").is_none());
    answer.text("access_token")
}

/// The token that ada's agreement brings the web application.
async fn adas(app: &TestApp, scope: &str) -> String {
    let code = rp::code(&ada(app).await, &asking().with("scope", scope)).await;
    rp::redeem(app, &code).await.text("access_token")
}

/// The token that somebody's agreement brings one of the services.
async fn given_to(app: &TestApp, client: &str, email: &str) -> String {
    let browser = crate::pages::browser::Browser::new(app);
    browser.sign_in(email).await;
    let callback = format!("https://{client}.test/cb");
    let asking = asking()
        .with("client_id", client)
        .with("redirect_uri", &callback)
        .with("scope", "openid email notes:read");
    let asking = asking.without("code_challenge").without("code_challenge_method");
    let code = rp::code(&browser, &asking).await;
    let form = [("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", &*callback)];
    let answer = post(app, Some(client), "/oauth/token", None, &form).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text("access_token")
}

async fn introspected(app: &TestApp, token: &str) -> Value {
    post(app, Some("plain"), "/oauth/introspect", None, &[("token", token)]).await.json()
}

#[tokio::test]
async fn tx_01_who_acts_for_a_person_is_named_and_nobody_is_lost() {
    let app = world().await;
    let first = adas(&app, "openid email notes:read").await;
    app.advance(Duration::from_mins(5));
    let second = exchanged(&app, "notes-api", &first, &[]).await;
    let (before, said) = (claims(&first), claims(&second));
    for same in ["iss", "sub", "sid", "grant_id", "auth_time", "realm_id", "permissions"] {
        assert_eq!(said[same], before[same], "{same}");
    }
    assert_eq!((&said["client_id"], &said["act"]), (&json!("notes-api"), &json!({ "sub": "notes-api" })));
    assert_eq!((&said["exchanged_from"], &said["scope"]), (&json!("web"), &json!("email notes:read")));
    // It ends with the first.
    assert_eq!(said["exp"], before["exp"]);
    let third = exchanged(&app, "files-api", &second, &[("audience", "files-api")]).await;
    let said = claims(&third);
    assert_eq!(said["act"], json!({ "sub": "files-api", "act": { "sub": "notes-api" } }));
    assert_eq!(
        (&said["aud"], &said["exp"], &said["exchanged_from"]),
        (&json!("files-api"), &before["exp"], &json!("web"))
    );
    // Whoever asks learns of it.
    let told = introspected(&app, &third).await;
    assert_eq!(
        (&told["active"], &told["act"], &told["client_id"]),
        (&json!(true), &said["act"], &json!("files-api"))
    );
    // Exchanged for less by the client it was given to, it is still the same chain.
    let narrow = exchanged(&app, "files-api", &third, &[("scope", "email")]).await;
    assert_eq!((&claims(&narrow)["act"], claims(&narrow).get("permissions")), (&said["act"], None));
    // A chain without end is none.
    let mut token = first;
    for service in ["notes-api", "files-api", "notes-api", "files-api", "notes-api"] {
        token = exchanged(&app, service, &token, &[]).await;
    }
    assert_eq!(error(&exchange(&app, "files-api", &token, &[]).await), "400 invalid_request");
}

#[tokio::test]
async fn tx_01_nothing_is_widened() {
    let app = world().await;
    let token = adas(&app, "openid email notes:read").await;
    for (scope, expected) in [
        ("email", "200 -"),
        ("notes:read", "200 -"),
        ("email notes:read", "200 -"),
        ("notes:write", "400 invalid_scope"),
        ("notes:*", "400 invalid_scope"),
        ("notes:read notes:write", "400 invalid_scope"),
        ("reports", "400 invalid_scope"),
        ("profile", "400 invalid_scope"),
        ("openid", "400 invalid_scope"),
        ("account", "400 invalid_scope"),
        ("offline_access", "400 invalid_scope"),
        ("a  b", "400 invalid_scope"),
    ] {
        assert_eq!(
            error(&exchange(&app, "notes-api", &token, &[("scope", scope)]).await),
            expected,
            "{scope}"
        );
    }
    // A word leaves no permission that was agreed on, and so none at all.
    let word = exchanged(&app, "notes-api", &token, &[("scope", "email")]).await;
    assert_eq!(claims(&word).get("permissions"), None);
    let again = exchanged(&app, "notes-api", &word, &[]).await;
    assert_eq!(claims(&again).get("permissions"), None);
    assert_eq!(
        error(&exchange(&app, "notes-api", &word, &[("scope", "notes:read")]).await),
        "400 invalid_scope"
    );

    for (target, expected) in [
        ("files-api", "200 -"),
        (rp::ISSUER, "400 invalid_target"),
        ("elsewhere", "400 invalid_target"),
        ("https://evil.test", "400 invalid_target"),
    ] {
        for name in ["audience", "resource"] {
            let answer = exchange(&app, "notes-api", &token, &[(name, target)]).await;
            assert_eq!(error(&answer), expected, "{name} {target}");
        }
    }
    let narrow = exchanged(&app, "notes-api", &token, &[("audience", "notes-api")]).await;
    assert_eq!(
        error(&exchange(&app, "notes-api", &narrow, &[("audience", "files-api")]).await),
        "400 invalid_target"
    );
    // A right that the person lost is in none, whatever the first token says.
    app.apply(&realm().replacen("roles = [\"reader\"]", "roles = []", 1)).await;
    let late = exchanged(&app, "notes-api", &token, &[]).await;
    assert_eq!((claims(&late).get("permissions"), claims(&late).get("roles")), (None, None));
}

#[tokio::test]
async fn tx_01_a_token_of_our_own_sign_in_gives_no_more_either() {
    let app = world().await;
    let ada = app.sign_in("ada@example.com").await;
    let answer = exchange(&app, "notes-api", &ada.access_token, &[("scope", "email notes:read")]).await;
    assert_eq!(error(&answer), "200 -");
    let said = claims(&answer.text("access_token"));
    assert_eq!(
        (&said["permissions"], &said["act"]),
        (&json!(["notes:read"]), &json!({ "sub": "notes-api" }))
    );
    assert!(!said["aud"].as_array().unwrap().contains(&json!(rp::ISSUER)), "{said}");
    // It opens nothing of the account.
    let own = request(Method::GET, "/api/v1/me", Some(&answer.text("access_token")), None);
    assert_eq!(app.send(own).await.status, 401);
    assert_eq!(
        error(&exchange(&app, "notes-api", &ada.access_token, &[("scope", "notes:write")]).await),
        "400 invalid_scope"
    );
    app.ask(&ada, Method::POST, "/api/v1/logout", Some(json!({}))).await;
    assert_eq!(
        error(&exchange(&app, "notes-api", &ada.access_token, &[("scope", "email")]).await),
        "400 invalid_request"
    );
    assert_eq!(introspected(&app, &answer.text("access_token")).await, json!({ "active": false }));
}

#[tokio::test]
async fn tx_01_a_foreign_token_is_not_exchanged() {
    let app = world().await;
    let code = rp::code(
        &ada(&app).await,
        &asking().with("scope", "openid email notes:read").with("resource", "files-api"),
    )
    .await;
    let tokens = rp::redeem(&app, &code).await;
    let token = tokens.text("access_token");
    let elsewhere =
        app.post("/r/other/api/v1/login", json!({ "email": "ada@example.com", "password": PASSWORD })).await;
    let own = post(
        &app,
        Some("notes-api"),
        "/oauth/token",
        None,
        &[("grant_type", "client_credentials"), ("scope", "reports")],
    )
    .await;
    let ada = app.sign_in("ada@example.com").await;
    let key = json!({ "name": "k", "scopes": ["notes:read"], "expires_in": 3600 });
    let key = app.ask(&ada, Method::POST, "/api/v1/me/api-keys", Some(key)).await.text("key");
    let form = [
        ("grant_type", EXCHANGE),
        ("subject_token", &*key),
        ("subject_token_type", "urn:gatepost:params:oauth:token-type:api-key"),
    ];
    let of_key = post(&app, None, "/oauth/token", None, &form).await.text("access_token");
    let (head, _) = token.rsplit_once('.').unwrap();
    for (token, why) in [
        (token.clone(), "neither given to the client nor for it"),
        (person(&elsewhere).access_token, "of another realm"),
        (tokens.text("id_token"), "an ID token"),
        (tokens.text("refresh_token"), "a refresh token"),
        (own.text("access_token"), "the client's own"),
        (of_key, "of an API key"),
        (key, "an API key"),
        (format!("{head}."), "unsigned"),
        ("x".to_owned(), "nothing"),
    ] {
        assert_eq!(error(&exchange(&app, "notes-api", &token, &[]).await), "400 invalid_request", "{why}");
    }
    // It was for this one.
    assert_eq!(error(&exchange(&app, "files-api", &token, &[]).await), "200 -");
    app.advance(Duration::from_mins(15));
    assert_eq!(error(&exchange(&app, "files-api", &token, &[]).await), "400 invalid_request", "expired");
}

#[tokio::test]
async fn tx_01_only_a_client_with_the_grant_exchanges_and_only_with_the_right_unseen() {
    let app = world().await;
    let token = adas(&app, "openid email notes:read").await;
    assert_eq!(error(&exchange(&app, "plain", &token, &[]).await), "400 unauthorized_client");
    let form = [("grant_type", EXCHANGE), ("subject_token", &*token), ("subject_token_type", TOKEN)];
    assert_eq!(error(&post(&app, None, "/oauth/token", None, &form).await), "401 invalid_client");
    let public: Vec<_> = form.into_iter().chain([("client_id", "native")]).collect();
    assert_eq!(error(&post(&app, None, "/oauth/token", None, &public).await), "400 unauthorized_client");
    // Without the right nobody passes for the person.
    assert_eq!(claims(&exchanged(&app, "desk", &token, &[]).await)["act"], json!({ "sub": "desk" }));
    let unseen = exchanged(&app, "quiet", &token, &[]).await;
    assert_eq!((claims(&unseen).get("act"), &claims(&unseen)["client_id"]), (None, &json!("quiet")));
    // With it nobody who acted before is lost.
    let chained = exchanged(&app, "quiet", &exchanged(&app, "notes-api", &token, &[]).await, &[]).await;
    assert_eq!(claims(&chained)["act"], json!({ "sub": "notes-api" }));
    let admin = app.admin().await;
    let trail = app.ask(&admin, Method::GET, "/api/v1/admin/audit?event=token-exchanged", None).await.json();
    let noted = trail["events"].as_array().or(trail["items"].as_array()).unwrap().clone();
    assert_eq!(noted.len(), 4, "{trail}");
    assert!(!trail.to_string().contains(&token[..40]));
}

#[tokio::test]
async fn tx_01_the_actor_is_somebody_who_authorized_the_client() {
    let app = world().await;
    let subject = adas(&app, "openid email notes:read").await;
    let actor = given_to(&app, "desk", "grace@example.com").await;
    let with = |token: &str| [("actor_token", token.to_owned()), ("actor_token_type", TOKEN.to_owned())];
    let ask = async |client: &str, actor: &str| {
        let with = with(actor);
        let more: Vec<_> = with.iter().map(|(name, value)| (*name, value.as_str())).collect();
        exchange(&app, client, &subject, &more).await
    };
    let answer = ask("desk", &actor).await;
    assert_eq!(error(&answer), "200 -");
    let said = claims(&answer.text("access_token"));
    assert_eq!((&said["act"]["sub"], &said["sub"]), (&claims(&actor)["sub"], &claims(&subject)["sub"]));
    assert_ne!(said["act"]["sub"], said["sub"]);
    // Also of the client with the right: who is named is named.
    let quiet = given_to(&app, "quiet", "grace@example.com").await;
    assert_eq!(claims(&ask("quiet", &quiet).await.text("access_token"))["act"]["sub"], claims(&quiet)["sub"]);
    // The client itself, by a token of its own.
    let own = [("grant_type", "client_credentials"), ("scope", "reports")];
    let own = post(&app, Some("desk"), "/oauth/token", None, &own).await.text("access_token");
    assert_eq!(claims(&ask("desk", &own).await.text("access_token"))["act"], json!({ "sub": "desk" }));
    let acted = exchanged(&app, "desk", &subject, &[]).await;
    for (client, token, why) in [
        ("notes-api", actor.as_str(), "given to another client"),
        ("desk", subject.as_str(), "given to another client, and for this one"),
        ("desk", acted.as_str(), "acted for"),
        ("desk", "x", "nothing"),
    ] {
        assert_eq!(error(&ask(client, token).await), "400 invalid_request", "{why}");
    }
    for more in [
        vec![("actor_token", actor.as_str())],
        vec![("actor_token_type", TOKEN)],
        vec![("actor_token", actor.as_str()), ("actor_token_type", "urn:ietf:params:oauth:token-type:jwt")],
    ] {
        assert_eq!(error(&exchange(&app, "desk", &subject, &more).await), "400 invalid_request");
    }
    // Who acts must be there, too.
    let admin = app.admin().await;
    let path = format!("/api/v1/admin/users/{}", claims(&actor)["sub"].as_str().unwrap());
    app.ask(&admin, Method::PATCH, &path, Some(json!({ "disabled": true }))).await;
    assert_eq!(error(&ask("desk", &actor).await), "400 invalid_request");
}

#[tokio::test]
async fn tx_01_an_exchanged_token_opens_nothing_of_the_provider() {
    let app = world().await;
    let token = exchanged(&app, "notes-api", &adas(&app, "openid email notes:read").await, &[]).await;
    assert_eq!(rp::userinfo(&app, &token).await.status, 403, "without openid");
    let revoked = post(&app, Some("notes-api"), "/oauth/revoke", None, &[("token", &token)]).await;
    assert_eq!(error(&revoked), "400 unsupported_token_type");
    assert_eq!(introspected(&app, &token).await["active"], true);
    let form = [
        ("grant_type", EXCHANGE),
        ("subject_token", &*token),
        ("subject_token_type", TOKEN),
        ("organization_id", "org_00000000000000000000000000"),
    ];
    assert_eq!(error(&post(&app, None, "/oauth/token", None, &form).await), "400 invalid_request");
}

#[tokio::test]
async fn tx_01_an_exchanged_token_is_bound_to_the_key_that_is_proved() {
    let app = world().await;
    let (token, key, other) = (adas(&app, "openid email notes:read").await, Key::new(), Key::new());
    let ask = async |token: &str, proof: Option<String>| {
        let form = [("grant_type", EXCHANGE), ("subject_token", token), ("subject_token_type", TOKEN)];
        post(&app, Some("notes-api"), "/oauth/token", proof.as_deref(), &form).await
    };
    let bound = ask(&token, Some(key.at_token(&app))).await;
    assert_eq!(bound.json()["token_type"], "DPoP", "{bound:?}");
    let bound = bound.text("access_token");
    assert_eq!(claims(&bound)["cnf"]["jkt"], *key.thumbprint());
    // The client's own bound token is not made an unbound one.
    assert_eq!(error(&ask(&bound, None).await), "400 invalid_request");
    assert_eq!(error(&ask(&bound, Some(other.at_token(&app))).await), "400 invalid_request");
    assert_eq!(error(&ask(&bound, Some(key.at_token(&app))).await), "200 -");
}

/// TX-01: no exchange tells an API who is behind the name that a client calls a person by.
#[tokio::test]
async fn tx_01_a_pairwise_name_is_exchanged_by_nobody_else() {
    let file = realm().replacen("id = \"web\"\n", "id = \"web\"\nsubject_type = \"pairwise\"\n", 1);
    let app = TestApp::with(&file).await;
    let token = adas(&app, "openid email notes:read").await;
    assert!(!claims(&token)["sub"].as_str().unwrap().starts_with("usr_"));
    assert_eq!(error(&exchange(&app, "notes-api", &token, &[]).await), "400 invalid_request");
}
