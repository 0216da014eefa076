//! `/api/v1/me/api-keys`, and what a key is exchanged for at `/oauth/token`.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use gatepost_jose::{Claims, KeySet, Verifier};
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Person, TestApp, send};

const KEYS: &str = "/api/v1/me/api-keys";
const EXCHANGE: &str = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange\
    &subject_token_type=urn:gatepost:params:oauth:token-type:api-key";

/// Somebody who knows the id and guesses the rest.
struct Guess;

impl gatepost_domain::Entropy for Guess {
    fn fill(&self, out: &mut [u8]) {
        out.fill(7);
    }
}

fn file(roles: &str) -> String {
    format!(
        "[[realm]]\nname = \"default\"\naudience = [\"notes-api\"]\napi_key_scopes = [\"ci\"]\n\
        [[realm.role]]\nname = \"editor\"\npermissions = [\"notes:*\", \"users:read\"]\n\
        [[realm.role]]\nname = \"reader\"\npermissions = [\"notes:read\"]\n\
        [[realm.user]]\nemail = \"ada@example.com\"\npassword = \"{PASSWORD}\"\nroles = [{roles}]\n"
    )
}

async fn with_editor() -> (TestApp, Person) {
    let app = TestApp::with(&file("\"editor\"")).await;
    let ada = app.sign_in("ada@example.com").await;
    (app, ada)
}

async fn make(app: &TestApp, person: &Person, scopes: Value) -> Answer {
    app.ask(person, Method::POST, KEYS, Some(json!({"name": "ci", "scopes": scopes}))).await
}

fn form(path: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::builder().method(Method::POST).uri(path).header("host", "127.0.0.1:8400");
    request.header("content-type", "application/x-www-form-urlencoded").body(body.into()).unwrap()
}

async fn exchange(app: &TestApp, key: &str) -> Answer {
    app.send(form("/oauth/token", format!("{EXCHANGE}&subject_token={key}"))).await
}

/// `400 invalid_request`, or only the status.
fn brief(answer: &Answer) -> String {
    match answer.json()["error"].as_str() {
        Some(error) => format!("{} {error}", answer.status.as_u16()),
        None => answer.status.as_u16().to_string(),
    }
}

/// What an API learns of the caller, as it would verify it.
async fn verified(app: &TestApp, answer: &Answer) -> std::sync::Arc<Claims> {
    let keys = KeySet::parse(&app.get("/.well-known/jwks.json").await.body).unwrap();
    let verifier = Verifier::new("http://127.0.0.1:8400", "notes-api", keys);
    verifier.verify(&answer.text("access_token"), app.clock.now().unix_seconds()).unwrap()
}

/// Whoever finds a key in a log or a file sees which one to revoke.
#[tokio::test]
async fn keys_are_told_apart_by_how_they_begin() {
    let (app, ada) = with_editor().await;
    let made = [make(&app, &ada, json!(["ci"])).await, make(&app, &ada, json!(["ci"])).await];
    let listed = app.ask(&ada, Method::GET, KEYS, None).await.json();
    for (this, other) in [(&made[0], &made[1]), (&made[1], &made[0])] {
        let all = listed["api_keys"].as_array().unwrap();
        let found = all.iter().find(|key| key["id"] == json!(this.text("id"))).unwrap();
        let start = found["start"].as_str().unwrap();
        assert_eq!((start, start.len()), (&*this.text("start"), 23));
        assert!(this.text("key").starts_with(start) && !other.text("key").starts_with(start));
    }
}

#[tokio::test]
async fn a_key_is_made_listed_used_rotated_and_revoked() {
    let (app, ada) = with_editor().await;
    let made = make(&app, &ada, json!(["notes:read", "ci"])).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let (key, id) = (made.text("key"), made.text("id"));
    let listed = app.ask(&ada, Method::GET, KEYS, None).await.json();
    assert_eq!(listed["api_keys"][0]["id"], id.as_str());
    assert_eq!(listed["api_keys"][0]["scopes"], json!(["notes:read", "ci"]));
    assert_eq!(listed["api_keys"][0]["last_used_at"], Value::Null);

    let answer = exchange(&app, &key).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!((answer.text("token_type"), &answer.json()["expires_in"]), ("Bearer".into(), &json!(60)));
    assert_eq!(answer.text("issued_token_type"), "urn:ietf:params:oauth:token-type:access_token");
    let claims = verified(&app, &answer).await;
    assert_eq!((claims.subject(), claims.scope()), (ada.id.as_str(), Some("notes:read ci")));
    assert!(claims.has_permission("notes:read") && !claims.has_permission("notes:write"));
    assert!(claims.roles().is_empty() && claims.email().is_none() && claims.session_id().is_none());
    assert_eq!(claims.get("api_key"), Some(json!(id)));
    assert_ne!(
        app.ask(&ada, Method::GET, KEYS, None).await.json()["api_keys"][0]["last_used_at"],
        Value::Null
    );

    let path = format!("{KEYS}/{id}");
    let successor = app.ask(&ada, Method::POST, &format!("{path}/rotate"), Some(json!({}))).await;
    assert_eq!(successor.status, StatusCode::CREATED, "{successor:?}");
    assert_eq!(
        (successor.text("name"), exchange(&app, &successor.text("key")).await.status),
        ("ci".into(), StatusCode::OK)
    );
    assert_eq!(exchange(&app, &key).await.status, StatusCode::OK, "both, for a day");
    app.advance(Duration::from_hours(24));
    let ada = app.sign_in("ada@example.com").await;
    assert_eq!(brief(&exchange(&app, &key).await), "400 invalid_request");
    assert_eq!(exchange(&app, &successor.text("key")).await.status, StatusCode::OK);

    let path = format!("{KEYS}/{}", successor.text("id"));
    assert_eq!(app.ask(&ada, Method::DELETE, &path, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(brief(&exchange(&app, &successor.text("key")).await), "400 invalid_request");
    assert_eq!(app.ask(&ada, Method::DELETE, &path, None).await.brief(), "404 not_found");
}

/// AK-01: a key belongs to whoever is signed in, whatever the body says.
#[tokio::test]
async fn ak_01_nobody_makes_a_key_for_another() {
    let (app, ada) = with_editor().await;
    let eve = app.person("eve@example.com").await;
    let body = |extra: &str| json!({"name": "x", "scopes": ["ci"], extra: ada.id});
    for member in ["user_id", "userId", "owner", "realm", "id"] {
        assert_eq!(app.post(KEYS, body(member)).await.brief(), "401 unauthenticated");
        let answer = app.ask(&eve, Method::POST, KEYS, Some(body(member))).await;
        assert_eq!(answer.brief(), "400 invalid_body", "{member}");
    }
    let id = make(&app, &ada, json!(["ci"])).await.text("id");
    for (method, path) in
        [(Method::DELETE, format!("{KEYS}/{id}")), (Method::POST, format!("{KEYS}/{id}/rotate"))]
    {
        let answer = app.ask(&eve, method, &path, Some(json!({}))).await;
        let missing =
            app.ask(&eve, Method::DELETE, &format!("{KEYS}/key_00000000000000000000000000"), None).await;
        assert_eq!((answer.brief(), &answer.body), ("404 not_found".into(), &missing.body));
    }
    assert_eq!(app.ask(&eve, Method::GET, KEYS, None).await.json()["api_keys"], json!([]));
}

/// AK-02: expired, rotated away, of a disabled or deleted owner, or in another realm: refused at once, on every replica.
#[tokio::test]
async fn ak_02_a_key_that_ended_is_refused_at_once() {
    let (app, ada) = with_editor().await;
    app.apply("[[realm]]\nname = \"acme\"\n").await;
    let (_, replica) = app.replica().await;
    let key = make(&app, &ada, json!(["ci"])).await.text("key");
    let body = json!({"name": "short", "scopes": ["ci"], "expires_in": 90});
    let short = app.ask(&ada, Method::POST, KEYS, Some(body)).await.text("key");
    let elsewhere = app.send(form("/r/acme/oauth/token", format!("{EXCHANGE}&subject_token={key}"))).await;
    assert_eq!(brief(&elsewhere), "400 invalid_request");

    app.advance(Duration::from_secs(50));
    let answer = exchange(&app, &short).await;
    assert_eq!(answer.json()["expires_in"], 40, "a token does not outlive its key");
    app.advance(Duration::from_secs(40));
    assert_eq!(brief(&exchange(&app, &short).await), "400 invalid_request");

    let admin = app.admin().await;
    let user = format!("/api/v1/admin/users/{}", ada.id);
    app.ask(&admin, Method::PATCH, &user, Some(json!({"disabled": true}))).await;
    for router in [&app.router, &replica] {
        let answer = send(router, form("/oauth/token", format!("{EXCHANGE}&subject_token={key}"))).await;
        assert_eq!(brief(&answer), "400 invalid_request");
    }
    app.ask(&admin, Method::PATCH, &user, Some(json!({"disabled": false}))).await;
    assert_eq!(brief(&exchange(&app, &key).await), "400 invalid_request", "what ended stays ended");
    app.advance(Duration::from_secs(1));
    let ada = app.sign_in("ada@example.com").await;
    let key = make(&app, &ada, json!(["ci"])).await.text("key");
    assert_eq!(exchange(&app, &key).await.status, StatusCode::OK);
    app.ask(&admin, Method::DELETE, &user, None).await;
    assert_eq!(brief(&exchange(&app, &key).await), "400 invalid_request");
}

/// AK-03: the key is in one answer and nowhere else; what is made up is refused.
#[tokio::test]
async fn ak_03_a_key_is_shown_once_and_kept_as_a_digest() {
    let (app, ada) = with_editor().await;
    let made = make(&app, &ada, json!(["ci"])).await;
    let key = made.text("key");
    assert!(key.starts_with("gp_key_") && !made.text("id").contains(&key[7..]));
    let listed = app.ask(&ada, Method::GET, KEYS, None).await;
    assert!(!String::from_utf8_lossy(&listed.body).contains(&key[33..]));
    let other = gatepost_domain::api_key::generate(made.text("id").parse().unwrap(), &Guess);
    for forged in [other.reveal(), &key[..70], "gp_key_", "x", &key.to_uppercase()] {
        let answer = exchange(&app, forged).await;
        assert_eq!(brief(&answer), "400 invalid_request", "{forged}");
        assert!(!String::from_utf8_lossy(&answer.body).contains(forged), "nothing of it is repeated");
    }
}

/// AK-04: a key does what its owner may do now, within its scopes, and nothing to the account.
#[tokio::test]
async fn ak_04_a_key_is_capped_by_the_present_rights_of_its_owner() {
    let (app, ada) = with_editor().await;
    for beyond in ["users:write", "users:*", "realm:delete"] {
        let answer = make(&app, &ada, json!(["notes:read", beyond])).await;
        assert_eq!(answer.brief(), "422 invalid_field", "{beyond}");
        assert!(answer.text("detail").contains(beyond), "{answer:?}");
    }
    for none in [json!([]), json!(["a b"]), json!([""])] {
        assert_eq!(make(&app, &ada, none).await.brief(), "422 invalid_field");
    }
    let key = make(&app, &ada, json!(["notes:read", "notes:write", "ci"])).await.text("key");
    let token = exchange(&app, &key).await.text("access_token");
    let as_key = Person { access_token: token, ..ada.clone() };
    for (method, path, body) in [
        (Method::GET, "/api/v1/me", None),
        (Method::POST, KEYS, Some(json!({"name": "x", "scopes": ["ci"]}))),
        (
            Method::POST,
            "/api/v1/me/password",
            Some(json!({"current_password": PASSWORD, "new_password": PASSWORD})),
        ),
        (Method::DELETE, "/api/v1/me/sessions", None),
    ] {
        assert_eq!(app.ask(&as_key, method, path, body).await.brief(), "401 invalid_token", "{path}");
    }

    let with_key = Person { access_token: key.clone(), ..ada.clone() };
    assert_eq!(app.ask(&with_key, Method::GET, "/api/v1/me", None).await.brief(), "401 wrong_credential");
    let header =
        Request::builder().uri("/api/v1/me").header("host", "127.0.0.1:8400").header("x-api-key", &key);
    assert_eq!(app.send(header.body(Body::empty()).unwrap()).await.brief(), "401 wrong_credential");

    app.apply(&file("\"reader\"")).await;
    let answer = exchange(&app, &key).await;
    assert_eq!(answer.text("scope"), "notes:read ci");
    let claims = verified(&app, &answer).await;
    assert!(claims.has_permission("notes:read") && !claims.has_permission("notes:write"));
    app.apply(&file("")).await;
    let claims = verified(&app, &exchange(&app, &key).await).await;
    assert!(claims.permissions().is_empty() && claims.scope() == Some("ci"));
}

#[tokio::test]
async fn an_owner_has_a_hundred_keys_at_the_most() {
    let (app, ada) = with_editor().await;
    for _ in 0..100 {
        assert_eq!(make(&app, &ada, json!(["ci"])).await.status, StatusCode::CREATED);
    }
    assert_eq!(make(&app, &ada, json!(["ci"])).await.brief(), "409 too_many");
    let first = app.ask(&ada, Method::GET, &format!("{KEYS}?limit=60"), None).await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = app.ask(&ada, Method::GET, &format!("{KEYS}?limit=60&cursor={cursor}"), None).await.json();
    assert_eq!(
        (first["api_keys"].as_array().unwrap().len(), second["api_keys"].as_array().unwrap().len()),
        (60, 40)
    );
    assert!(second.get("next_cursor").is_none_or(Value::is_null));
}

/// RFC 8693 section 2.1: a token for one API is none for another, so that neither can use it at the other.
#[tokio::test]
async fn an_exchanged_token_is_for_whom_it_was_asked_for() {
    let app =
        TestApp::with(&file("\"editor\"").replace("[\"notes-api\"]", "[\"notes-api\", \"billing-api\"]"))
            .await;
    let ada = app.sign_in("ada@example.com").await;
    let key = make(&app, &ada, json!(["ci"])).await.text("key");
    let found = json!({"name": "Acme", "slug": "acme"});
    let organization = app.ask(&ada, Method::POST, "/api/v1/organizations", Some(found)).await.text("id");
    let switch = EXCHANGE.replace(
        "urn:gatepost:params:oauth:token-type:api-key",
        "urn:ietf:params:oauth:token-type:access_token",
    );
    for subject in [
        format!("{EXCHANGE}&subject_token={key}"),
        format!("{switch}&subject_token={}&organization_id={organization}", ada.access_token),
    ] {
        let audience = async |more: &str| -> Vec<String> {
            let answer = app.send(form("/oauth/token", format!("{subject}{more}"))).await;
            let claims = verified(&app, &answer).await;
            claims.audience().iter().map(ToString::to_string).collect()
        };
        assert_eq!(audience("").await, ["notes-api", "billing-api"]);
        assert_eq!(audience("&audience=notes-api").await, ["notes-api"]);
        assert_eq!(audience("&resource=notes-api&audience=notes-api").await, ["notes-api"]);
        assert_eq!(audience("&resource=billing-api&resource=notes-api").await, ["billing-api", "notes-api"]);
    }
    // What was narrowed stays so.
    let narrow = app
        .send(form(
            "/oauth/token",
            format!(
                "{switch}&subject_token={}&organization_id={organization}&audience=notes-api",
                ada.access_token
            ),
        ))
        .await
        .text("access_token");
    let wide = format!("{switch}&subject_token={narrow}&organization_id={organization}&audience=billing-api");
    assert_eq!(brief(&app.send(form("/oauth/token", wide)).await), "400 invalid_target");
}

#[tokio::test]
async fn a_token_request_is_refused_for_its_reason() {
    let (app, ada) = with_editor().await;
    let key = make(&app, &ada, json!(["ci"])).await.text("key");
    let good = format!("{EXCHANGE}&subject_token={key}");
    for (body, expected) in [
        (String::new(), "400 invalid_request"),
        ("grant_type=password&username=ada&password=x".into(), "400 unsupported_grant_type"),
        (format!("{good}&subject_token={key}"), "400 invalid_request"),
        (format!("{good}&grant_type=x"), "400 invalid_request"),
        (good.replace("api-key", "jwt"), "400 invalid_request"),
        (format!("{good}&actor_token=x"), "400 invalid_request"),
        (format!("{good}&scope=admin"), "400 invalid_request"),
        (
            format!("{good}&requested_token_type=urn:ietf:params:oauth:token-type:refresh_token"),
            "400 invalid_request",
        ),
        (format!("{good}&audience=billing-api"), "400 invalid_target"),
        (format!("{good}&audience=http://127.0.0.1:8400"), "400 invalid_target"),
        (format!("{good}&audience=notes-api"), "200"),
        (format!("{good}&resource=notes-api"), "200"),
        (format!("{good}&audience=notes-api&resource=billing-api"), "400 invalid_target"),
        (EXCHANGE.to_owned(), "400 invalid_request"),
        ("a=%ff".into(), "400 invalid_request"),
    ] {
        assert_eq!(brief(&app.send(form("/oauth/token", body.clone())).await), expected, "{body}");
    }
    let in_address = app.send(form(&format!("/oauth/token?{good}"), "")).await;
    assert_eq!(brief(&in_address), "400 invalid_request");
    let as_json = app.post("/oauth/token", json!({"grant_type": "x"})).await;
    assert_eq!(brief(&as_json), "400 invalid_request");
    assert_eq!(app.get("/oauth/token").await.brief(), "405 method_not_allowed");
    let large = app.send(form("/oauth/token", vec![b'a'; 64 * 1024 + 1])).await;
    assert_eq!(brief(&large), "400 invalid_request");
}

/// AK-02: a key is rotated once, whatever its successor is for; or one key would become many.
#[tokio::test]
async fn ak_02_a_key_is_rotated_once() {
    let (app, ada) = with_editor().await;
    let made = app.ask(&ada, Method::POST, KEYS, Some(json!({"name": "ci", "scopes": ["notes:read"]}))).await;
    let rotate = format!("{KEYS}/{}/rotate", made.text("id"));
    let successor = app.ask(&ada, Method::POST, &rotate, Some(json!({}))).await;
    assert_eq!((successor.status.as_u16(), &successor.json()["expires_at"]), (201, &Value::Null));
    assert_eq!(app.ask(&ada, Method::POST, &rotate, Some(json!({}))).await.brief(), "409 already_rotated");
}

/// AK-04: a word that is no permission is for the realm to give, or an API that opens to `admin` opens to everybody.
#[tokio::test]
async fn ak_04_a_word_is_in_a_key_only_if_the_realm_names_it() {
    let (app, ada) = with_editor().await;
    let answer = make(&app, &ada, json!(["notes:read", "admin"])).await;
    assert_eq!(answer.brief(), "422 invalid_field");
    assert_eq!(
        answer.text("detail"),
        "`scopes`: the scope \"admin\" is neither a permission nor among the api_key_scopes of the realm."
    );
    for (wrong, near) in [("users-read", "did you mean users:read?"), ("cii", "did you mean ci?")] {
        let detail = make(&app, &ada, json!([wrong])).await.text("detail");
        assert!(detail.ends_with(near), "{detail}");
    }

    let made = make(&app, &ada, json!(["notes:read", "ci"])).await;
    assert_eq!(exchange(&app, &made.text("key")).await.text("scope"), "notes:read ci");
    app.apply("[[realm]]\nname = \"default\"\napi_key_scopes = [\"reports\"]\n").await;
    assert_eq!(exchange(&app, &made.text("key")).await.text("scope"), "notes:read");
    assert_eq!(make(&app, &ada, json!(["ci"])).await.brief(), "422 invalid_field");
    let rotate = format!("{KEYS}/{}/rotate", made.text("id"));
    assert_eq!(app.ask(&ada, Method::POST, &rotate, Some(json!({}))).await.brief(), "422 invalid_field");
    assert_eq!(make(&app, &ada, json!(["reports"])).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_key_that_would_be_over_at_once_is_not_made() {
    let (app, ada) = with_editor().await;
    let wish = json!({"name": "ci", "scopes": ["ci"], "expires_in": 0});
    let answer = app.ask(&ada, Method::POST, KEYS, Some(wish)).await;
    assert_eq!(answer.brief(), "422 invalid_field");
    assert!(answer.text("detail").starts_with("`expires_in`: "), "{answer:?}");
}

/// AK-04: what is said of people who sign in is no scope of a key.
#[tokio::test]
async fn ak_04_a_key_has_none_of_our_own_scopes() {
    let (app, ada) = with_editor().await;
    for scope in ["account", "openid", "offline_access"] {
        let wish = json!({"name": "ci", "scopes": ["notes:read", scope]});
        assert_eq!(app.ask(&ada, Method::POST, KEYS, Some(wish)).await.brief(), "422 invalid_field");
    }
}
