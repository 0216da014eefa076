//! `/oauth/token` with `client_credentials`: programs that act on their own.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use data_encoding::BASE64;
use gatepost_jose::{Claims, KeySet, Verifier};
use serde_json::json;

use crate::support::{Answer, Person, TestApp};

const SECRET: &str = "a secret of thirty-two characters: 1";
const GRANT: &str = "grant_type=client_credentials";

const FILE: &str = r#"
[[realm]]
name = "default"
audience = ["notes-api", "billing-api"]
[[realm.client]]
id = "worker"
secret = "a secret of thirty-two characters: 1"
grants = ["client_credentials"]
scopes = ["openid", "notes:read", "users:*", "reports"]
[[realm.client]]
id = "web"
secret = "a secret of thirty-two characters: 2"
scopes = ["openid", "notes:read"]
[[realm.client]]
id = "spa"
public = true
[[realm]]
name = "other"
[[realm.client]]
id = "worker"
secret = "a secret of thirty-two characters: 3"
grants = ["client_credentials"]
scopes = ["notes:read"]
"#;

fn request(path: &str, authorization: &[&str], body: &str) -> Request<Body> {
    let mut request = Request::builder().method(Method::POST).uri(path).header("host", "127.0.0.1:8400");
    for value in authorization {
        request = request.header("authorization", *value);
    }
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request.body(Body::from(body.to_owned())).unwrap()
}

/// By HTTP Basic, form-encoded inside (RFC 6749 section 2.3.1).
fn basic(id: &str, secret: &str) -> String {
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", BASE64.encode(format!("{}:{}", encoded(id), encoded(secret)).as_bytes()))
}

async fn as_worker(app: &TestApp, more: &str) -> Answer {
    app.send(request("/oauth/token", &[&basic("worker", SECRET)], &format!("{GRANT}{more}"))).await
}

/// `400 invalid_request`, or only the status.
fn brief(answer: &Answer) -> String {
    match answer.json()["error"].as_str() {
        Some(error) => format!("{} {error}", answer.status.as_u16()),
        None => answer.status.as_u16().to_string(),
    }
}

/// What an API learns of the caller, as it would verify it.
async fn verified(app: &TestApp, answer: &Answer, audience: &str) -> Option<Arc<Claims>> {
    let keys = KeySet::parse(&app.get("/.well-known/jwks.json").await.body).unwrap();
    let verifier = Verifier::new("http://127.0.0.1:8400", audience, keys);
    verifier.verify(&answer.text("access_token"), app.clock.now().unix_seconds()).ok()
}

#[tokio::test]
async fn a_client_gets_a_token_of_its_own() {
    let app = TestApp::with(FILE).await;
    let answer = as_worker(&app, "").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let (kind, lifetime) = (answer.text("token_type"), &answer.json()["expires_in"]);
    assert_eq!((kind.as_str(), lifetime), ("Bearer", &json!(900)));
    assert_eq!(answer.text("scope"), "notes:read users:* reports", "nothing that is for people");
    for absent in ["refresh_token", "issued_token_type", "id_token"] {
        assert_eq!(answer.json().get(absent), None);
    }
    // RFC 9068 section 2.2: the client is the subject.
    let claims = verified(&app, &answer, "notes-api").await.unwrap();
    assert_eq!((claims.subject(), claims.client_id()), ("worker", Some("worker")));
    assert!(claims.is_of_client() && claims.session_id().is_none() && claims.roles().is_empty());
    assert!(claims.has_permission("notes:read") && claims.has_permission("users:delete"));
    assert!(!claims.has_permission("notes:write") && claims.has_scope("reports"));
    assert!(verified(&app, &answer, "billing-api").await.is_some());
    assert!(verified(&app, &answer, "http://127.0.0.1:8400").await.is_none(), "not for our own API");

    let post = format!("{GRANT}&client_id=worker&client_secret={}", SECRET.replace(' ', "+"));
    assert_eq!(app.send(request("/oauth/token", &[], &post)).await.status, StatusCode::OK);
    let both = format!("{GRANT}&client_id=worker");
    let answer = app.send(request("/oauth/token", &[&basic("worker", SECRET)], &both)).await;
    assert_eq!(answer.status, StatusCode::OK, "the id may be in both");
}

/// RFC 6749 section 3.3: less than asked for is said; RFC 8707: a token for one API is none for another.
#[tokio::test]
async fn a_client_gets_less_if_it_asks_for_less() {
    let app = TestApp::with(FILE).await;
    let answer = as_worker(&app, "&scope=notes:read+notes:write+users:read+admin&audience=notes-api").await;
    assert_eq!(answer.text("scope"), "notes:read users:read");
    let claims = verified(&app, &answer, "notes-api").await.unwrap();
    assert!(claims.has_permission("users:read") && !claims.has_permission("users:delete"));
    assert!(verified(&app, &answer, "billing-api").await.is_none());
    let both = as_worker(&app, "&resource=notes-api&resource=billing-api").await;
    assert_eq!(verified(&app, &both, "billing-api").await.unwrap().audience().len(), 2);

    for (more, expected) in [
        ("&scope=admin", "400 invalid_scope"),
        ("&scope=openid", "400 invalid_scope"),
        ("&scope=a%22b", "400 invalid_scope"),
        ("&scope=notes:read&scope=users:read", "400 invalid_request"),
        ("&audience=other-api", "400 invalid_target"),
        ("&audience=http://127.0.0.1:8400", "400 invalid_target"),
        ("&resource=notes-api&resource=other-api", "400 invalid_target"),
    ] {
        assert_eq!(brief(&as_worker(&app, more).await), expected, "{more}");
    }
}

/// No verifier takes a token over 16 KiB, so none is given, and what would do is said.
#[tokio::test]
async fn a_token_that_no_verifier_would_take_is_not_given() {
    let long = "x".repeat(60);
    let scopes: Vec<String> = (0..100).map(|number| format!("{long}-{number}:read")).collect();
    let app =
        TestApp::with(&FILE.replace("\"users:*\"", &format!("\"{}\"", scopes[..97].join("\", \"")))).await;
    let refused = as_worker(&app, "").await;
    assert_eq!(brief(&refused), "400 invalid_scope");
    assert_eq!(
        refused.text("error_description"),
        "The token for these scopes would be longer than 16 KiB; ask for fewer of them with scope."
    );
    let fewer = as_worker(&app, &format!("&scope={}", scopes[..40].join("+"))).await;
    assert_eq!(fewer.status, StatusCode::OK);
    assert!(verified(&app, &fewer, "notes-api").await.unwrap().has_permission(&scopes[39]));
}

/// RFC 6749 section 5.2. Which part is wrong is not said.
#[tokio::test]
async fn who_is_not_the_client_gets_nothing() {
    let app = TestApp::with(FILE).await;
    let good = basic("worker", SECRET);
    let ask = async |path: &str, authorization: &[&str], body: &str| {
        app.send(request(path, authorization, body)).await
    };
    let wrong = ask("/oauth/token", &[&basic("worker", "wrong")], GRANT).await;
    assert_eq!(brief(&wrong), "401 invalid_client");
    assert_eq!(wrong.header("www-authenticate"), Some("Basic realm=\"client\""));
    assert_eq!(wrong.header("cache-control"), Some("no-store"));
    let others = basic("worker", "a secret of thirty-two characters: 3");
    for refused in [
        &basic("nobody", SECRET),
        &basic("no body", SECRET),
        &others,
        &basic("worker", ""),
        &basic("WORKER", SECRET),
        &basic("web", SECRET),
        &basic("spa", SECRET),
        &good.replace("Basic", "Bearer"),
        "Basic",
        "Basic %",
    ] {
        let answer = ask("/oauth/token", &[refused], GRANT).await;
        assert_eq!((answer.status, &answer.body), (wrong.status, &wrong.body), "{refused}");
    }
    for body in ["", "&client_id=worker", "&client_secret=x", "&client_id=nobody&client_secret=x"] {
        let answer = ask("/oauth/token", &[], &format!("{GRANT}{body}")).await;
        assert_eq!((answer.status, &answer.body), (wrong.status, &wrong.body), "{body}");
    }
    // TN-04: a client of one realm is none in another.
    assert_eq!(brief(&ask("/r/other/oauth/token", &[&good], GRANT).await), "401 invalid_client");
    assert_eq!(ask("/r/other/oauth/token", &[&others], GRANT).await.status, StatusCode::OK);

    for (authorization, body, expected) in [
        (vec![good.as_str()], "&client_secret=x", "400 invalid_request"),
        (vec![&good], "&client_id=web", "400 invalid_request"),
        (vec![&good, &good], "", "400 invalid_request"),
        (vec![], "&client_id=spa", "400 unauthorized_client"),
        (vec![&basic("web", "a secret of thirty-two characters: 2")], "", "400 unauthorized_client"),
    ] {
        let answer = ask("/oauth/token", &authorization, &format!("{GRANT}{body}")).await;
        assert_eq!(brief(&answer), expected, "{authorization:?} {body}");
    }
}

/// AZ-03: a program's token opens nothing of an account, whatever its scopes are called.
#[tokio::test]
async fn az_03_a_clients_token_opens_nothing_of_our_own() {
    let app = TestApp::with(&FILE.replace("audience = [\"notes-api\", \"billing-api\"]\n", "")).await;
    let answer = as_worker(&app, "").await;
    assert!(verified(&app, &answer, "http://127.0.0.1:8400").await.is_some(), "there is no other audience");
    let token = answer.text("access_token");
    let worker = Person { id: String::new(), access_token: token.clone(), refresh_token: String::new() };
    for path in ["/api/v1/me", "/api/v1/organizations", "/api/v1/admin/users"] {
        assert_eq!(app.ask(&worker, Method::GET, path, None).await.brief(), "401 invalid_token", "{path}");
    }
    let exchange = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={token}\
         &subject_token_type=urn:ietf:params:oauth:token-type:access_token\
         &organization_id=org_00000000000000000000000000"
    );
    assert_eq!(brief(&app.send(request("/oauth/token", &[], &exchange)).await), "400 invalid_request");
}

#[tokio::test]
async fn a_refused_client_is_in_the_audit_trail_once_a_minute() {
    let app = TestApp::with(FILE).await;
    let admin = app.admin().await;
    // Nobody waits for the record, so it comes when it comes.
    let recorded = async |count: usize| loop {
        let path = "/api/v1/admin/audit?event=client-refused";
        let events =
            app.ask(&admin, Method::GET, path, None).await.json()["events"].as_array().unwrap().clone();
        if events.len() >= count {
            return events;
        }
        tokio::task::yield_now().await;
    };
    let guess = async |id: &str| {
        app.send(request("/oauth/token", &[&basic(id, "a guess")], GRANT)).await;
    };
    for _ in 0..5 {
        guess("worker").await;
        guess("nobody").await;
    }
    let events = recorded(1).await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!((&events[0]["client"], &events[0]["actor"]), (&json!("worker"), &json!("anonymous")));
    guess("web").await;
    app.advance(Duration::from_mins(1));
    guess("worker").await;
    assert_eq!(recorded(3).await.len(), 3);
}

/// What the file says counts at once, and the secret it does not say is made and shown once.
#[tokio::test]
async fn a_clients_secret_is_made_shown_once_and_replaced_by_the_file() {
    let app = TestApp::with(FILE).await;
    let made = "[[realm]]\nname = \"default\"\n[[realm.client]]\nid = \"made\"\n\
        grants = [\"client_credentials\"]\nscopes = [\"notes:read\"]\n";
    let said = app.apply(made).await.concat();
    let secret = said.split(' ').find(|word| word.starts_with("gp_cs_")).unwrap();
    assert!(app.apply(made).await.is_empty());
    let ask = async |id: &str, secret: &str| {
        app.send(request("/oauth/token", &[&basic(id, secret)], GRANT)).await.status
    };
    assert_eq!(ask("made", secret).await, StatusCode::OK);
    let other = "another secret of many characters, 42";
    app.apply(&made.replace("id = \"made\"", &format!("id = \"made\"\nsecret = \"{other}\""))).await;
    assert_eq!(
        (ask("made", secret).await, ask("made", other).await.as_u16()),
        (StatusCode::UNAUTHORIZED, 200)
    );
    app.apply(&made.replace("[\"client_credentials\"]", "[\"authorization_code\"]")).await;
    assert_eq!(ask("made", other).await, StatusCode::BAD_REQUEST, "the grant was taken away");
}

/// A client is known from memory once it asked for tokens.
#[tokio::test]
async fn ca_03_a_change_of_a_client_counts_at_once_where_it_was_made_and_soon_everywhere() {
    let app = TestApp::with(FILE).await;
    let admin = app.admin().await;
    let (_other, replica) = app.replica().await;
    let ask = |secret: &str| request("/oauth/token", &[&basic("worker", secret)], GRANT);
    let here = async |secret: &str| app.send(ask(secret)).await;
    let there = async |secret: &str| crate::support::send(&replica, ask(secret)).await;
    let soon_there = async |secret: &str, wanted: &str| {
        let deadline = std::time::Instant::now() + Duration::from_secs(5);
        while brief(&there(secret).await) != wanted {
            assert!(std::time::Instant::now() < deadline, "the other process never noticed");
            tokio::task::yield_now().await;
        }
    };
    for _ in 0..3 {
        assert_eq!((here(SECRET).await.status, there(SECRET).await.status), (StatusCode::OK, StatusCode::OK));
    }
    let path = "/api/v1/admin/clients/worker";
    let rotated =
        app.ask(&admin, Method::POST, &format!("{path}/secret"), Some(json!({ "overlap": "0s" }))).await;
    let secret = rotated.text("secret");
    assert_eq!(
        (brief(&here(SECRET).await).as_str(), here(&secret).await.status),
        ("401 invalid_client", StatusCode::OK)
    );
    soon_there(SECRET, "401 invalid_client").await;
    assert_eq!(there(&secret).await.status, StatusCode::OK);
    let fewer =
        json!({ "settings": { "grants": ["authorization_code"], "redirect_uris": ["https://app.test/cb"] } });
    let changed = app.ask(&admin, Method::PATCH, path, Some(fewer)).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    assert_eq!(brief(&here(&secret).await), "400 unauthorized_client");
    soon_there(&secret, "400 unauthorized_client").await;
    assert!(app.ask(&admin, Method::DELETE, path, None).await.status.is_success());
    assert_eq!(brief(&here(&secret).await), "401 invalid_client");
    soon_there(&secret, "401 invalid_client").await;
    // One that comes again is another.
    app.apply(FILE).await;
    assert_eq!(here(SECRET).await.status, StatusCode::OK);
    assert_eq!(brief(&here(&secret).await), "401 invalid_client");
}

/// Changes raise the version of the realm; where that cannot be looked at, what is known of a client is not believed for long.
#[tokio::test]
async fn ca_03_a_client_is_read_anew_when_nobody_can_tell_whether_it_changed() {
    let app = TestApp::with(FILE).await;
    assert_eq!(as_worker(&app, "").await.status, StatusCode::OK);
    // Past every rule: the version of the realm does not tell of it.
    app.execute("DELETE FROM clients WHERE id = 'worker'").await;
    assert_eq!(as_worker(&app, "").await.status, StatusCode::OK, "from memory");
    app.execute("ALTER TABLE realms RENAME TO elsewhere").await;
    let deadline = std::time::Instant::now() + Duration::from_secs(5);
    while brief(&as_worker(&app, "").await) != "401 invalid_client" {
        assert!(std::time::Instant::now() < deadline, "it was believed on and on");
        tokio::task::yield_now().await;
    }
}
