//! The profile `module04`, endpoint by endpoint, as `runbook.rs` has the other.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use super::{ask, form, part, with};
use crate::{
    pages::browser::Browser,
    social::Provider,
    support::{Answer, PASSWORD, Person, TestApp},
};

const REALM: &str = r#"
[[realm]]
name = "default"
profile = "module04"
cookie_domain = ".example.com"
organization_roles = ["editor"]
[[realm.role]]
name = "editor"
permissions = ["posts:read", "posts:write"]
[[realm.role]]
name = "admin"
permissions = ["users:read", "users:write"]
inherits = ["editor"]
[[realm.user]]
email = "ada@example.com"
name = "Ada"
password = "the engine weaves algebra"
roles = ["editor"]
[[realm.user]]
email = "root@example.com"
name = "Root"
password = "the engine weaves algebra"
roles = ["admin"]
[[realm.user]]
email = "chief@example.com"
password = "the engine weaves algebra"
roles = ["realm-admin"]
"#;

async fn world() -> TestApp {
    TestApp::with(REALM).await
}

async fn token(app: &TestApp, email: &str, scope: &str) -> Answer {
    form(app, "/auth/token", &[("username", email), ("password", PASSWORD), ("scope", scope)], &[]).await
}

async fn access(app: &TestApp, email: &str, scope: &str) -> String {
    token(app, email, scope).await.text("access_token")
}

async fn refresh(app: &TestApp, token: &str) -> Answer {
    ask(app, Method::POST, &format!("/auth/token/refresh?refresh_token={token}"), &[]).await
}

/// An id of ours as the contract writes it.
pub fn uuid(id: &str) -> String {
    const LETTERS: &str = "0123456789abcdefghjkmnpqrstvwxyz";
    let (_, text) = id.split_once('_').unwrap();
    let value =
        text.chars().fold(0_u128, |value, letter| (value << 5) | LETTERS.find(letter).unwrap() as u128);
    let digits = format!("{value:032x}");
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

async fn chief(app: &TestApp) -> Person {
    app.sign_in("chief@example.com").await
}

async fn disable(app: &TestApp, id: &str, disabled: bool) {
    let (chief, path) = (chief(app).await, format!("/api/v1/admin/users/{id}"));
    let answer = app.ask(&chief, Method::PATCH, &path, Some(json!({"disabled": disabled}))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn a_token_has_the_scopes_that_the_user_may_have() {
    let app = world().await;
    let answer = token(&app, "ada@example.com", "posts:read admin users:read posts:write nothing").await;
    assert_eq!((answer.status.as_u16(), answer.text("token_type")), (200, "bearer".into()));
    let (access, refresh_token) = (answer.text("access_token"), answer.text("refresh_token"));
    let now = app.clock.now().unix_seconds();
    let ada = app.sign_in("ada@example.com").await;
    for (token, kind, life) in [(&access, "access", 900), (&refresh_token, "refresh", 604_800)] {
        assert_eq!(part(token, 0), json!({"alg": "HS256", "typ": "JWT"}));
        let claims = part(token, 1);
        assert_eq!((&claims["sub"], &claims["type"]), (&json!(uuid(&ada.id)), &json!(kind)));
        assert_eq!(&claims["exp"], &json!(now + life));
    }
    assert_eq!(part(&access, 1)["scopes"], json!(["posts:read", "posts:write"]));
    let of_root = self::access(&app, "root@example.com", "admin users:read posts:write").await;
    assert_eq!(part(&of_root, 1)["scopes"], json!(["admin", "users:read", "posts:write"]));
    assert_eq!(part(&self::access(&app, "ada@example.com", "").await, 1)["scopes"], json!([]));
    // They stay when the token is refreshed, as far as the user may still have them.
    let next = refresh(&app, &refresh_token).await;
    assert_eq!(part(&next.text("access_token"), 1)["scopes"], json!(["posts:read", "posts:write"]));
    let path = format!("/api/v1/admin/users/{}", ada.id);
    app.ask(&chief(&app).await, Method::PATCH, &path, Some(json!({"roles": []}))).await;
    let next = refresh(&app, &next.text("refresh_token")).await;
    assert_eq!(part(&next.text("access_token"), 1)["scopes"], json!([]));
    let wrong = r#"401 {"detail":"Incorrect username or password"} Bearer"#;
    let bad = form(&app, "/auth/token", &[("username", "ada@example.com"), ("password", "x")], &[]).await;
    assert_eq!(bad.with_challenge(), wrong);
    assert_eq!(
        app.post("/auth/token", json!({})).await.json()["detail"][0]["loc"],
        json!(["body", "username"])
    );
    disable(&app, &ada.id, true).await;
    assert_eq!(token(&app, "ada@example.com", "").await.with_challenge(), wrong);
}

#[tokio::test]
async fn reuse_of_a_refresh_token_ends_every_session_of_the_user() {
    let app = world().await;
    let refused = |detail: &str| format!(r#"401 {{"detail":"{detail}"}} -"#);
    let first = token(&app, "ada@example.com", "").await;
    let elsewhere = token(&app, "ada@example.com", "").await;
    let native = app.sign_in("ada@example.com").await;
    assert_eq!(refresh(&app, "x").await.with_challenge(), refused("Invalid refresh token"));
    assert_eq!(
        refresh(&app, &first.text("access_token")).await.with_challenge(),
        refused("Not a refresh token")
    );
    let missing = ask(&app, Method::POST, "/auth/token/refresh", &[]).await;
    assert_eq!(missing.json()["detail"][0]["loc"], json!(["query", "refresh_token"]));
    let second = refresh(&app, &first.text("refresh_token")).await;
    assert_eq!(second.status, 200);
    app.advance(Duration::from_secs(11));
    assert_eq!(refresh(&app, &first.text("refresh_token")).await.with_challenge(), refused("Token revoked"));
    for token in [&second, &elsewhere] {
        assert_eq!(
            refresh(&app, &token.text("refresh_token")).await.with_challenge(),
            refused("Token revoked")
        );
        let me = with(&app, Method::GET, "/users/me", &token.text("access_token")).await;
        assert_eq!(me.with_challenge(), r#"401 {"detail":"Invalid credentials"} Bearer"#);
    }
    assert_eq!(
        app.ask(&native, Method::GET, "/api/v1/me", None).await.status,
        401,
        "wherever they were signed in"
    );
}

#[tokio::test]
async fn a_cookie_is_set_for_the_configured_domain() {
    let app = world().await;
    let fields = [("username", "ada@example.com"), ("password", PASSWORD)];
    let answer = form(&app, "/auth/login", &fields, &[]).await;
    assert_eq!(answer.whole(), r#"200 {"message":"Login successful"}"#);
    let cookies: Vec<_> =
        answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    let (value, attributes) = cookies[0].strip_prefix("access_token=").unwrap().split_once(';').unwrap();
    assert_eq!(attributes, " Domain=.example.com; HttpOnly; Max-Age=900; Path=/; SameSite=lax; Secure");
    assert_eq!(with(&app, Method::GET, "/users/me", value).await.status, 200);
    // It is for applications: no route here takes it, so that no page of another site acts by it.
    let by_cookie =
        ask(&app, Method::GET, "/users/me", &[("cookie", &format!("access_token={value}"))]).await;
    assert_eq!(by_cookie.status, 401);
    let wrong = [("username", "ada@example.com"), ("password", "x")];
    let refused = form(&app, "/auth/login", &wrong, &[]).await;
    assert_eq!(refused.with_challenge(), r#"401 {"detail":"Unauthorized"} -"#);
    assert!(refused.header("set-cookie").is_none());
    // OA-13: a page of another site signs nobody in as somebody else.
    for (origin, status) in [("https://evil.example", 403), ("http://127.0.0.1:8400", 200), ("null", 403)] {
        let answer = form(&app, "/auth/login", &fields, &[("origin", origin)]).await;
        assert_eq!(answer.status, status, "{origin}");
    }
    // Nor one that somebody wrote who reads along.
    for (name, value) in [
        ("origin", "https://127.0.0.1:8400"),
        ("origin", "ftp://127.0.0.1:8400"),
        ("sec-fetch-site", "cross-site"),
    ] {
        assert_eq!(form(&app, "/auth/login", &fields, &[(name, value)]).await.status, 403, "{name}: {value}");
    }
    // Without a domain it is this host's alone.
    let app = TestApp::with(&REALM.replace("cookie_domain = \".example.com\"\n", "")).await;
    let answer = form(&app, "/auth/login", &fields, &[]).await;
    assert!(!answer.header("set-cookie").unwrap().contains("Domain"), "{answer:?}");
}

#[tokio::test]
async fn who_asks_is_told_as_the_original_tells_it() {
    let app = world().await;
    let ada = app.sign_in("ada@example.com").await;
    let answer = token(&app, "ada@example.com", "").await;
    let token = answer.text("access_token");
    let me = async |token: &str| with(&app, Method::GET, "/users/me", token).await.with_challenge();
    let whole = format!(
        r#"200 {{"id":"{}","email":"ada@example.com","name":"Ada","is_active":true}} -"#,
        uuid(&ada.id)
    );
    assert_eq!(me(&token).await, whole);
    assert_eq!(app.get("/users/me").await.with_challenge(), r#"401 {"detail":"Not authenticated"} Bearer"#);
    let refused = r#"401 {"detail":"Invalid credentials"} Bearer"#;
    for bad in ["x", &answer.text("refresh_token"), &ada.access_token] {
        assert_eq!(me(bad).await, refused);
    }
    disable(&app, &ada.id, true).await;
    assert_eq!(me(&token).await, r#"403 {"detail":"Inactive user"} -"#);
    disable(&app, &ada.id, false).await;
    assert_eq!(me(&token).await, refused, "the session has ended");
    let path = format!("/api/v1/admin/users/{}", ada.id);
    let token = access(&app, "ada@example.com", "").await;
    app.ask(&chief(&app).await, Method::DELETE, &path, None).await;
    assert_eq!(me(&token).await, r#"401 {"detail":"User not found"} -"#);
}

#[tokio::test]
async fn a_token_or_a_key_says_who_asks() {
    let app = world().await;
    let ada = app.sign_in("ada@example.com").await;
    let made = app
        .ask(&ada, Method::POST, "/api/v1/me/api-keys", Some(json!({"name": "ci", "scopes": ["posts:read"]})))
        .await;
    let (key, token) = (made.text("key"), access(&app, "ada@example.com", "").await);
    let bearer = format!("Bearer {token}");
    let who = async |headers: &[(&str, &str)]| ask(&app, Method::GET, "/users/authenticated", headers).await;
    assert_eq!(who(&[]).await.with_challenge(), r#"401 {"detail":"Authentication required"} -"#);
    assert_eq!(who(&[("x-api-key", "x")]).await.with_challenge(), r#"401 {"detail":"Invalid API key"} -"#);
    let whole = format!(
        r#"200 {{"id":"{}","email":"ada@example.com","name":"Ada","is_active":true}}"#,
        uuid(&ada.id)
    );
    assert_eq!(who(&[("authorization", &bearer)]).await.whole(), whole);
    // Of a key also what it may be used for.
    let of_key = who(&[("x-api-key", &key)]).await;
    assert_eq!((of_key.whole(), of_key.header("x-api-key-scopes")), (whole, Some("posts:read")));
    // What is shown must be good, whatever else is shown.
    let bad_token = [("authorization", "Bearer x"), ("x-api-key", key.as_str())];
    assert_eq!(who(&bad_token).await.with_challenge(), r#"401 {"detail":"Invalid credentials"} Bearer"#);
    let bad_key = [("authorization", bearer.as_str()), ("x-api-key", "x")];
    assert_eq!(who(&bad_key).await.with_challenge(), r#"401 {"detail":"Invalid API key"} -"#);
    // In an organization it takes a membership, whatever the organization is called by.
    let acme = app
        .ask(&ada, Method::POST, "/api/v1/organizations", Some(json!({"name": "Acme", "slug": "acme"})))
        .await
        .text("id");
    for id in [acme.clone(), uuid(&acme)] {
        // A key is nobody there but what its scopes name.
        let roles = [json!([]), json!(["owner"])];
        let credentials = [("x-api-key", key.as_str()), ("authorization", bearer.as_str())];
        for (credential, roles) in credentials.into_iter().zip(roles) {
            let within = who(&[credential, ("x-organization-id", &id)]).await.json();
            assert_eq!(within["organization"]["id"], json!(uuid(&acme)));
            assert_eq!(within["organization"]["roles"], roles);
        }
    }
    let root = format!("Bearer {}", access(&app, "root@example.com", "admin").await);
    let no_member = r#"403 {"detail":"Not a member of this organization"}"#;
    for id in [acme.as_str(), "org_00000000000000000000000000", "x", "11111111-1111-1111-1111-111111111111"] {
        for path in ["/users/authenticated", "/users/me", "/admin/users"] {
            let headers = [("authorization", root.as_str()), ("x-organization-id", id)];
            assert_eq!(ask(&app, Method::GET, path, &headers).await.whole(), no_member, "TN-01: {id} {path}");
        }
    }
}

#[tokio::test]
async fn administration_takes_the_scope_and_the_role() {
    let app = world().await;
    let (ada, root) = (app.sign_in("ada@example.com").await, access(&app, "root@example.com", "admin").await);
    let list = async |token: &str| with(&app, Method::GET, "/admin/users", token).await;
    assert_eq!(
        app.get("/admin/users").await.with_challenge(),
        r#"401 {"detail":"Not authenticated"} Bearer"#
    );
    assert_eq!(
        list("x").await.with_challenge(),
        r#"401 {"detail":"Invalid credentials"} Bearer scope="admin""#
    );
    let of_ada = access(&app, "ada@example.com", "admin").await;
    assert_eq!(list(&of_ada).await.whole(), r#"403 {"detail":"Missing scope: admin"}"#);
    assert_eq!(
        list(&access(&app, "root@example.com", "").await).await.whole(),
        r#"403 {"detail":"Missing scope: admin"}"#
    );
    let all = list(&root).await.json();
    let emails: Vec<_> = all.as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap()).collect();
    assert_eq!(emails.len(), 3, "{emails:?}");
    let delete = async |token: &str, id: &str| {
        with(&app, Method::DELETE, &format!("/admin/users/{id}"), token).await.whole()
    };
    assert_eq!(delete(&of_ada, "x").await, r#"403 {"detail":"Requires role: admin"}"#);
    assert_eq!(
        delete(&root, "x").await,
        r#"422 {"detail":[{"type":"uuid_parsing","loc":["path","user_id"],"msg":"Input should be a valid UUID, invalid character: found `x` at 0","input":"x","ctx":{"error":"invalid character: found `x` at 0"}}]}"#
    );
    assert_eq!(delete(&root, "11111111-1111-1111-1111-111111111111").await, r#"404 {"detail":"Not Found"}"#);
    let chief = chief(&app).await;
    assert_eq!(delete(&root, &uuid(&chief.id)).await, r#"403 {"detail":"Requires role: admin"}"#);
    assert_eq!(delete(&root, &uuid(&ada.id)).await, "200 null");
    assert_eq!(
        with(&app, Method::GET, "/users/me", &of_ada).await.whole(),
        r#"401 {"detail":"User not found"}"#
    );
    // The role that is taken away counts at once, whatever the token still says.
    let users = app.ask(&chief, Method::GET, "/api/v1/admin/users?email=root", None).await.json();
    let path = format!("/api/v1/admin/users/{}", users["users"][0]["id"].as_str().unwrap());
    app.ask(&chief, Method::PATCH, &path, Some(json!({"roles": []}))).await;
    assert_eq!(list(&root).await.whole(), r#"403 {"detail":"Missing scope: admin"}"#);
    assert_eq!(delete(&root, "x").await, r#"403 {"detail":"Requires role: admin"}"#);
}

#[tokio::test]
async fn a_key_is_rotated_by_its_owner() {
    let app = world().await;
    let ada = app.sign_in("ada@example.com").await;
    let made = app
        .ask(&ada, Method::POST, "/api/v1/me/api-keys", Some(json!({"name": "ci", "scopes": ["posts:read"]})))
        .await
        .json();
    let key = made["key"].as_str().unwrap().to_owned();
    let listed = app.ask(&ada, Method::GET, "/api/v1/me/api-keys", None).await.json();
    let own = first(&listed)["id"].as_str().unwrap().to_owned();
    let id = uuid(&own);
    let token = access(&app, "ada@example.com", "posts:read").await;
    let rotate = async |token: &str, id: &str| {
        with(&app, Method::POST, &format!("/api-keys/rotate/{id}"), token).await
    };
    let not_found = r#"404 {"detail":"Not Found"}"#;
    assert_eq!(rotate(&access(&app, "root@example.com", "admin").await, &id).await.whole(), not_found);
    assert_eq!(rotate(&token, "11111111-1111-1111-1111-111111111111").await.whole(), not_found);
    for bad in ["x", "%ff"] {
        let answer = rotate(&token, bad).await;
        assert_eq!(answer.json()["detail"][0]["loc"], json!(["path", "key_id"]), "{answer:?}");
    }
    // A token that was made for less does not come by a key for more.
    for less in ["", "posts:write"] {
        let less = access(&app, "ada@example.com", less).await;
        let refused = r#"403 {"detail":"Missing scope: posts:read"}"#;
        assert_eq!(rotate(&less, &id).await.whole(), refused);
    }
    // So that the newest is known by its id.
    app.advance(std::time::Duration::from_secs(1));
    let next = rotate(&token, &id).await;
    assert_eq!(
        (next.status.as_u16(), next.text("message")),
        (200, "Store securely. Will not be shown again.".into())
    );
    let who =
        async |key: &str| ask(&app, Method::GET, "/users/authenticated", &[("x-api-key", key)]).await.status;
    assert_eq!((who(&key).await.as_u16(), who(&next.text("key")).await.as_u16()), (401, 200));
    for over in [&id, &own] {
        assert_eq!(rotate(&token, over).await.whole(), not_found, "it is over");
    }
    let listed = app.ask(&ada, Method::GET, "/api/v1/me/api-keys", None).await.json();
    let live = first(&listed);
    assert_eq!((&live["name"], &live["scopes"]), (&json!("ci"), &json!(["posts:read"])));
    // By the id that our own API and the commands say.
    let again = rotate(&token, live["id"].as_str().unwrap()).await;
    assert_eq!((again.status.as_u16(), who(&again.text("key")).await.as_u16()), (200, 200));
}

/// RT-15: what was narrowed stays narrow at every door.
#[tokio::test]
async fn a_refresh_token_of_few_scopes_brings_no_more_at_our_own_api() {
    let app = world().await;
    for (scope, permissions) in [("", json!(null)), ("posts:read", json!(["posts:read"]))] {
        let shell = token(&app, "root@example.com", scope).await.text("refresh_token");
        let ours = part(&shell, 1)["jti"].clone();
        let answer = app.post("/api/v1/refresh", json!({ "refresh_token": ours })).await;
        let claims = part(&answer.text("access_token"), 1);
        assert_eq!((&claims["roles"], &claims["permissions"]), (&json!(null), &permissions), "{claims}");
        let own = with(&app, Method::GET, "/api/v1/me", &answer.text("access_token")).await;
        assert_eq!(own.status, 401);
    }
}

#[tokio::test]
async fn what_is_no_text_in_a_path_is_told_as_the_framework_tells_it() {
    let app = world().await;
    let root = access(&app, "root@example.com", "admin").await;
    let answer = with(&app, Method::DELETE, "/admin/users/%ff", &root).await;
    assert_eq!(answer.json()["detail"][0]["loc"], json!(["path", "user_id"]), "{answer:?}");
}

/// The newest key of a page.
fn first(listed: &Value) -> Value {
    let keys = listed.as_object().unwrap().values().find_map(Value::as_array).unwrap();
    keys.iter().max_by_key(|key| key["id"].as_str().unwrap().to_owned()).unwrap().clone()
}

#[tokio::test]
async fn a_provider_signs_in_with_307_and_back() {
    let provider = Provider::new().await;
    let app = TestApp::with(&format!(
        "{REALM}[[realm.provider]]\nid = \"google\"\nissuer = \"{}\"\nclient_id = \"ours\"\nclient_secret = \"a secret of ours\"\ntrust_email = true\n",
        provider.address
    ))
    .await;
    let browser = Browser::new(&app);
    let begun = browser.get("/auth/google/login").await;
    assert_eq!(begun.status, 307, "{begun:?}");
    let url = begun.location().to_owned();
    for part in ["client_id=ours", "response_type=code", "access_type=offline", "scope=openid+email+profile"]
    {
        assert!(url.contains(part), "{part}: {url}");
    }
    let missing =
        r#"422 {"detail":[{"type":"missing","loc":["query","code"],"msg":"Field required","input":null}]}"#;
    assert_eq!(browser.get("/auth/google/callback").await.whole(), missing);
    assert_eq!(browser.get("/auth/google/callback?code=x").await.status, 400, "SO-03: nothing was begun");
    let ada = json!({ "sub": "a1", "email": "ada@example.com", "email_verified": true });
    let back = provider.sends_back(&url, &ada, app.clock.now().unix_seconds());
    let tokens = browser.get(&back).await;
    assert_eq!((tokens.status.as_u16(), tokens.text("token_type")), (200, "bearer".into()));
    let shown = with(&app, Method::GET, "/users/me", &tokens.text("access_token")).await;
    assert_eq!(shown.json()["email"], "ada@example.com");
    // Whoever the provider refuses is signed in nowhere.
    let url = browser.get("/auth/google/login").await.location().to_owned();
    let state = crate::social::parameters(&url)["state"].clone();
    let denied = browser
        .get(&format!("/auth/google/callback?error=access_denied&state={state}&iss={}", provider.address))
        .await;
    assert_eq!(denied.with_challenge(), r#"401 {"detail":"Could not validate credentials"} Bearer"#);
}
