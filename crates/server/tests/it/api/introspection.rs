//! `/oauth/introspect`: what is good at this moment, and who may ask.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Person, TestApp, person, send};

const SECRET: &str = "a_secret_of_thirty-two_characters";

fn file() -> String {
    let users = ["ada", "bob"].map(|name| {
        format!(
            "[[realm.user]]\nemail = \"{name}@example.com\"\nemail_verified = true\npassword = \"{PASSWORD}\"\n\
             roles = [\"reader\"]\n"
        )
    });
    let client = format!("[[realm.client]]\nid = \"notes-api\"\nsecret = \"{SECRET}\"\ngrants = []\n");
    format!(
        "[[realm]]\nname = \"default\"\naudience = [\"notes-api\"]\norganization_roles = [\"reader\"]\n\
         [[realm.role]]\nname = \"reader\"\npermissions = [\"notes:read\"]\n{}{client}\
         [[realm.client]]\nid = \"worker\"\nsecret = \"{SECRET}\"\ngrants = [\"client_credentials\"]\n\
         scopes = [\"notes:read\"]\n[[realm.client]]\nid = \"spa\"\npublic = true\n\
         [[realm]]\nname = \"other\"\naudience = [\"notes-api\"]\n{client}",
        users.concat()
    )
}

fn form(path: &str, client: Option<(&str, &str)>, body: &str) -> Request<Body> {
    let mut request = Request::post(path).header("host", "127.0.0.1:8400");
    if let Some((id, secret)) = client {
        let basic = BASE64.encode(format!("{id}:{secret}").as_bytes());
        request = request.header("authorization", format!("Basic {basic}"));
    }
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request.body(Body::from(body.to_owned())).unwrap()
}

fn question(token: &str) -> Request<Body> {
    form("/oauth/introspect", Some(("notes-api", SECRET)), &format!("token={token}"))
}

async fn ask(app: &TestApp, token: &str) -> Value {
    let answer = app.send(question(token)).await;
    assert_eq!(
        (answer.status, answer.header("cache-control")),
        (StatusCode::OK, Some("no-store")),
        "{answer:?}"
    );
    answer.json()
}

/// It is not good, and nothing else is said.
async fn inactive(app: &TestApp, token: &str) -> bool {
    let said = ask(app, token).await;
    if said["active"] == false {
        assert_eq!(said, json!({"active": false}));
    }
    said["active"] == false
}

async fn with_ada() -> (TestApp, Person) {
    let app = TestApp::with(&file()).await;
    let ada = app.sign_in("ada@example.com").await;
    (app, ada)
}

async fn key_of(app: &TestApp, person: &Person) -> Answer {
    let wish = json!({"name": "ci", "scopes": ["notes:read"], "expires_in": 600});
    app.ask(person, Method::POST, "/api/v1/me/api-keys", Some(wish)).await
}

async fn exchange(app: &TestApp, kind: &str, token: &str, more: &str) -> Answer {
    let body = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={token}&subject_token_type={kind}{more}"
    );
    app.send(form("/oauth/token", None, &body)).await
}

#[tokio::test]
async fn a_good_token_is_told_with_what_it_says() {
    let (app, ada) = with_ada().await;
    let now = app.clock.now().unix_seconds();
    let said = ask(&app, &ada.access_token).await;
    assert!(said["jti"].is_string());
    assert_eq!(
        said,
        json!({
            "active": true, "token_type": "Bearer", "iss": "http://127.0.0.1:8400", "sub": ada.id,
            "aud": ["notes-api", "http://127.0.0.1:8400"], "exp": now + 900, "iat": now, "jti": said["jti"],
            "client_id": "gatepost", "scope": "account openid profile email offline_access",
            "username": "ada@example.com", "roles": ["reader"], "permissions": ["notes:read"],
        })
    );
    let said = ask(&app, &ada.refresh_token).await;
    assert_eq!((&said["active"], &said["token_type"]), (&json!(true), &json!("refresh_token")));
    assert_eq!((&said["sub"], said["exp"].as_i64().unwrap() - now), (&json!(ada.id), 30 * 24 * 3600));

    let key = key_of(&app, &ada).await.text("key");
    let said = ask(&app, &key).await;
    assert_eq!((&said["token_type"], &said["sub"]), (&json!("api_key"), &json!(ada.id)));
    assert_eq!((&said["scope"], &said["permissions"]), (&json!("notes:read"), &json!(["notes:read"])));
    assert_eq!((&said["exp"], &said["roles"]), (&json!(now + 600), &Value::Null));
    let of_key = exchange(&app, "urn:gatepost:params:oauth:token-type:api-key", &key, "").await;
    assert_eq!(ask(&app, &of_key.text("access_token")).await["token_type"], "Bearer");

    let own = app.send(form("/oauth/token", Some(("worker", SECRET)), "grant_type=client_credentials")).await;
    let said = ask(&app, &own.text("access_token")).await;
    assert_eq!((&said["sub"], &said["client_id"]), (&json!("worker"), &json!("worker")));
    assert_eq!((&said["permissions"], &said["username"]), (&json!(["notes:read"]), &Value::Null));
    app.apply(&file().replace("[\"client_credentials\"]", "[]")).await;
    assert!(inactive(&app, &own.text("access_token")).await, "its grant was taken away");
}

/// IN-01: who does not prove to be a client of the realm learns nothing.
#[tokio::test]
async fn in_01_only_confidential_clients_ask() {
    let (app, ada) = with_ada().await;
    let body = format!("token={}", ada.access_token);
    for client in
        [None, Some(("notes-api", "wrong")), Some(("nobody", SECRET)), Some(("spa", "")), Some(("", ""))]
    {
        let answer = app.send(form("/oauth/introspect", client, &body)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text("error")),
            (401, "invalid_client".into()),
            "{client:?}"
        );
        assert!(answer.header("www-authenticate").unwrap().starts_with("Basic "));
    }
    let public = app.send(form("/oauth/introspect", None, &format!("{body}&client_id=spa"))).await;
    assert_eq!(public.status, StatusCode::UNAUTHORIZED);
    let post = format!("{body}&client_id=notes-api&client_secret={SECRET}");
    assert_eq!(app.send(form("/oauth/introspect", None, &post)).await.json()["active"], true);
    // A token is no client.
    let bearer = Request::post("/oauth/introspect")
        .header("host", "127.0.0.1:8400")
        .header("authorization", format!("Bearer {}", ada.access_token))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .unwrap();
    assert_eq!(app.send(bearer).await.status, StatusCode::UNAUTHORIZED);
    let nothing = app.send(form("/oauth/introspect", Some(("notes-api", SECRET)), "")).await;
    assert_eq!(nothing.text("error"), "invalid_request");
}

/// IN-01: a token of another realm, or for none of this realm's APIs, is not active.
#[tokio::test]
async fn in_01_what_is_not_for_the_realms_apis_is_not_active() {
    let (app, ada) = with_ada().await;
    let key = key_of(&app, &ada).await.text("key");
    for token in [&ada.access_token, &ada.refresh_token, &key] {
        assert!(!inactive(&app, token).await);
        let request =
            form("/r/other/oauth/introspect", Some(("notes-api", SECRET)), &format!("token={token}"));
        assert_eq!(app.send(request).await.json(), json!({"active": false}));
    }
    for garbage in ["x", "a.b.c", "gp_rt_x", "gp_key_x", &key[..70], &format!("{}x", ada.access_token)] {
        assert!(inactive(&app, garbage).await, "{garbage}");
    }
    // Signed in where there was another API.
    app.apply("[[realm]]\nname = \"default\"\naudience = [\"billing-api\"]\n").await;
    assert!(inactive(&app, &ada.access_token).await);
}

/// LO-04, SE-07: what ended is not active, at once and on every replica.
#[tokio::test]
async fn lo_04_what_ended_is_not_active() {
    let (app, ada) = with_ada().await;
    let (_, replica) = app.replica().await;
    let made = key_of(&app, &ada).await;
    let key = made.text("key");
    let of_key =
        exchange(&app, "urn:gatepost:params:oauth:token-type:api-key", &key, "").await.text("access_token");
    assert!(!inactive(&app, &of_key).await);

    // A refresh token that was exchanged: within the grace it would be answered again.
    let next = app.refresh(&ada.refresh_token).await.text("refresh_token");
    assert!(!inactive(&app, &ada.refresh_token).await);
    app.advance(Duration::from_secs(11));
    assert!(
        inactive(&app, &ada.refresh_token).await && !inactive(&app, &next).await,
        "and asking ends nothing"
    );

    let revoke = format!("/api/v1/me/api-keys/{}", made.text("id"));
    app.ask(&ada, Method::DELETE, &revoke, None).await;
    assert!(inactive(&app, &key).await && inactive(&app, &of_key).await);

    app.ask(&ada, Method::POST, "/api/v1/logout", Some(json!({}))).await;
    for token in [&ada.access_token, &next] {
        assert!(inactive(&app, token).await);
        assert_eq!(send(&replica, question(token)).await.json(), json!({"active": false}));
    }

    let ada = app.sign_in("ada@example.com").await;
    let key = key_of(&app, &ada).await.text("key");
    let admin = app.admin().await;
    let disable = json!({"disabled": true});
    app.ask(&admin, Method::PATCH, &format!("/api/v1/admin/users/{}", ada.id), Some(disable)).await;
    for token in [&ada.access_token, &ada.refresh_token, &key] {
        assert!(inactive(&app, token).await);
    }

    let bob = app.sign_in("bob@example.com").await;
    app.advance(Duration::from_mins(15));
    assert!(inactive(&app, &bob.access_token).await, "no leeway here");
}

/// TN-02: a token of an organization is good as long as its user belongs to it.
#[tokio::test]
async fn tn_02_a_token_of_an_organization_ends_with_the_membership() {
    let (app, ada) = with_ada().await;
    let found = json!({"name": "Acme", "slug": "acme"});
    let organization = app.ask(&ada, Method::POST, "/api/v1/organizations", Some(found)).await.text("id");
    let more = format!("&organization_id={organization}");
    let kind = "urn:ietf:params:oauth:token-type:access_token";
    let token = exchange(&app, kind, &ada.access_token, &more).await.text("access_token");
    let said = ask(&app, &token).await;
    assert_eq!((&said["org_id"], &said["roles"]), (&json!(organization), &json!(["owner"])));
    let path = format!("/api/v1/organizations/{organization}");
    assert_eq!(app.ask(&ada, Method::DELETE, &path, None).await.status, StatusCode::NO_CONTENT);
    assert!(inactive(&app, &token).await && !inactive(&app, &ada.access_token).await);
    let other = app.post("/api/v1/login", json!({"email": "bob@example.com", "password": PASSWORD})).await;
    assert!(!inactive(&app, &person(&other).access_token).await);
}

/// What was taken away since a token was made is not in the answer, whatever the token says.
#[tokio::test]
async fn a_token_is_told_with_what_is_left_of_it() {
    let (app, ada) = with_ada().await;
    let key = key_of(&app, &ada).await.text("key");
    let of_key = exchange(&app, "urn:gatepost:params:oauth:token-type:api-key", &key, "").await;
    let of_key = of_key.text("access_token");
    let worker = app
        .send(form("/oauth/token", Some(("worker", SECRET)), "grant_type=client_credentials"))
        .await
        .text("access_token");
    for token in [&ada.access_token, &of_key, &worker] {
        assert_eq!(ask(&app, token).await["permissions"], json!(["notes:read"]));
    }
    let without = file()
        .replace("roles = [\"reader\"]\n", "roles = []\n")
        .replace("scopes = [\"notes:read\"]", "scopes = [\"notes:list\"]");
    app.apply(&without).await;
    app.advance(Duration::from_secs(2));
    for token in [&ada.access_token, &of_key, &worker] {
        let said = ask(&app, token).await;
        assert_eq!(
            (&said["active"], &said["permissions"], &said["roles"]),
            (&json!(true), &Value::Null, &Value::Null),
            "{said}"
        );
        assert!(!said["scope"].as_str().unwrap().contains("notes:read"), "{said}");
    }
}

/// A form is read in time that grows with its length, and has an end.
#[tokio::test]
async fn a_form_of_thousands_of_parameters_is_refused() {
    let app = TestApp::with(&file()).await;
    for path in ["/oauth/token", "/oauth/introspect"] {
        for (count, error) in [(9_000, "invalid_request"), (65, "invalid_request"), (10, "")] {
            let body: Vec<String> = (0..count).map(|n| format!("a{n}=")).collect();
            let answer = app.send(form(path, None, &body.join("&"))).await.json();
            let refused = answer["error_description"].as_str().unwrap().contains("more than 64 parameters");
            assert_eq!(refused, !error.is_empty(), "{path} {count}: {answer}");
        }
    }
}
