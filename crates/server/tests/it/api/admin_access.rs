//! Sessions and API keys of others, and what becomes of keys when an account may have been stolen.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Person, TestApp, request, send};

const WORLD: &str = r#"
[[realm]]
name = "default"
audience = ["notes-api"]
[[realm.role]]
name = "editor"
permissions = ["notes:write"]
[[realm.user]]
email = "ada@example.com"
password = "the engine weaves algebra"
roles = ["editor"]
"#;

async fn world() -> (TestApp, Person, Person) {
    let app = TestApp::with(WORLD).await;
    let admin = app.admin().await;
    let ada = app.sign_in("ada@example.com").await;
    (app, admin, ada)
}

async fn make_key(app: &TestApp, person: &Person) -> (String, String) {
    let body = json!({"name": "ci", "scopes": ["notes:write"]});
    let made = app.ask(person, Method::POST, "/api/v1/me/api-keys", Some(body)).await;
    assert_eq!(made.status, 201, "{made:?}");
    (made.text("id"), made.text("key"))
}

/// Whether the key is still exchanged for a token.
async fn works(app: &TestApp, key: &str) -> bool {
    let form = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange\
         &subject_token_type=urn:gatepost:params:oauth:token-type:api-key&subject_token={key}"
    );
    let (mut parts, _) = request(Method::POST, "/oauth/token", None, None).into_parts();
    parts.headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    let answer = send(&app.router, axum::http::Request::from_parts(parts, form.into())).await;
    answer.status == 200
}

/// The revocations of keys in the trail: by whom, of which key, why.
async fn revocations(app: &TestApp, admin: &Person) -> Vec<(String, String, Value)> {
    let path = "/api/v1/admin/audit?event=api-key-revoked";
    let events = app.ask(admin, Method::GET, path, None).await.json()["events"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let row = |event: &Value| {
        (text(&event["actor"]), text(&event["detail"]["key"]), event["detail"]["reason"].clone())
    };
    events.iter().map(row).collect()
}

#[tokio::test]
async fn an_administrator_sees_and_ends_sessions_of_others() {
    let (app, admin, phone) = world().await;
    let laptop = app.sign_in("ada@example.com").await;
    let path = format!("/api/v1/admin/users/{}/sessions", phone.id);
    let list = app.ask(&admin, Method::GET, &path, None).await.json();
    let hers = app.ask(&phone, Method::GET, "/api/v1/me/sessions", None).await.json();
    let ids = |list: &Value| -> Vec<String> {
        let sessions = list["sessions"].as_array().unwrap();
        sessions.iter().map(|session| session["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&list), ids(&hers));
    assert!(list["sessions"].as_array().unwrap().iter().all(|session| session["current"] == false));
    let sessions = hers["sessions"].as_array().unwrap();
    let of_phone =
        sessions.iter().find(|session| session["current"] == true).unwrap()["id"].as_str().unwrap();

    let one = format!("{path}/{of_phone}");
    assert_eq!(app.ask(&admin, Method::DELETE, &one, None).await.status, 204);
    assert_eq!(app.ask(&admin, Method::DELETE, &one, None).await.brief(), "404 not_found");
    assert_eq!(app.ask(&phone, Method::GET, "/api/v1/me", None).await.brief(), "401 invalid_token");
    assert_eq!(app.ask(&laptop, Method::GET, "/api/v1/me", None).await.status, 200);
    // A session belongs to one user, whoever asks.
    let own = app.ask(&admin, Method::GET, "/api/v1/me/sessions", None).await.json();
    let foreign = format!("{path}/{}", ids(&own)[0]);
    assert_eq!(app.ask(&admin, Method::DELETE, &foreign, None).await.brief(), "404 not_found");

    assert_eq!(app.ask(&admin, Method::DELETE, &path, None).await.status, 204);
    assert_eq!(app.ask(&laptop, Method::GET, "/api/v1/me", None).await.brief(), "401 invalid_token");
    assert_eq!(app.refresh(&laptop.refresh_token).await.brief(), "401 invalid_refresh_token");
    let nobody = "/api/v1/admin/users/usr_00000000000000000000000000/sessions";
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(app.ask(&admin, method, nobody, None).await.brief(), "404 not_found");
    }
    let trail = format!("/api/v1/admin/audit?user={}", phone.id);
    let events = app.ask(&admin, Method::GET, &trail, None).await.json();
    let by_admin: Vec<&str> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["actor"] == format!("user:{}", admin.id))
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(by_admin.len(), 2);
    assert!(by_admin.contains(&"session-revoked") && by_admin.contains(&"signed-out-everywhere"));
}

/// AD-03: in pages, the newest first, and only of this realm.
#[tokio::test]
async fn an_administrator_lists_the_sessions_of_the_realm() {
    const ALL: &str = "/api/v1/admin/sessions";
    let (app, admin, ada) = world().await;
    app.apply("[[realm]]\nname = \"other\"\n").await;
    let body = json!({"email": "eve@example.com", "password": PASSWORD});
    assert_eq!(app.post("/r/other/api/v1/register", body.clone()).await.status, 201);
    assert_eq!(app.post("/r/other/api/v1/login", body).await.status, 200);
    let all = app.ask(&admin, Method::GET, ALL, None).await.json();
    let sessions = all["sessions"].as_array().unwrap();
    let mut whose: Vec<&str> = sessions.iter().map(|one| one["user"].as_str().unwrap()).collect();
    whose.sort_unstable();
    let mut both = [ada.id.as_str(), admin.id.as_str()];
    both.sort_unstable();
    assert_eq!((whose, &all["next_cursor"]), (both.to_vec(), &Value::Null));
    assert!(sessions.iter().all(|one| one["current"] == json!(one["user"] == json!(admin.id))), "{all}");
    let page = app.ask(&admin, Method::GET, &format!("{ALL}?limit=1"), None).await.json();
    let next = format!("{ALL}?cursor={}", page["next_cursor"].as_str().unwrap());
    let rest = app.ask(&admin, Method::GET, &next, None).await.json();
    assert_eq!(rest["sessions"], json!([all["sessions"][1]]));
    assert_eq!(app.ask(&ada, Method::GET, ALL, None).await.brief(), "403 missing_role");
}

#[tokio::test]
async fn ak_02_an_administrator_sees_and_revokes_keys_of_others() {
    let (app, admin, ada) = world().await;
    let (first, second, third) =
        (make_key(&app, &ada).await, make_key(&app, &ada).await, make_key(&app, &ada).await);
    let path = format!("/api/v1/admin/users/{}/api-keys", ada.id);
    let list = app.ask(&admin, Method::GET, &path, None).await;
    assert_eq!(list.json(), app.ask(&ada, Method::GET, "/api/v1/me/api-keys", None).await.json());
    let shown = String::from_utf8_lossy(&list.body).into_owned();
    for (_, key) in [&first, &second, &third] {
        assert!(shown.contains(&key[..23]) && !shown.contains(&key[..24]), "how it begins, and no secret");
    }

    let one = format!("{path}/{}", first.0);
    assert_eq!(app.ask(&admin, Method::DELETE, &one, None).await.status, 204);
    assert_eq!(app.ask(&admin, Method::DELETE, &one, None).await.brief(), "404 not_found");
    assert!(!works(&app, &first.1).await && works(&app, &second.1).await);
    let misplaced = format!("/api/v1/admin/users/{}/api-keys/{}", admin.id, second.0);
    assert_eq!(app.ask(&admin, Method::DELETE, &misplaced, None).await.brief(), "404 not_found");

    for _ in 0..2 {
        assert_eq!(app.ask(&admin, Method::DELETE, &path, None).await.status, 204);
    }
    assert!(!works(&app, &second.1).await && !works(&app, &third.1).await);
    let mut revoked = revocations(&app, &admin).await;
    revoked.sort_by(|a, b| a.1.cmp(&b.1));
    let mut keys = [first.0, second.0, third.0];
    keys.sort();
    let actor = format!("user:{}", admin.id);
    assert_eq!(revoked, keys.map(|key| (actor.clone(), key, Value::Null)));
    let nobody = "/api/v1/admin/users/usr_00000000000000000000000000/api-keys";
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(app.ask(&admin, method, nobody, None).await.brief(), "404 not_found");
    }
}

/// A key that a thief made does not outlive the theft, where whoever mends the account says that there was one.
#[tokio::test]
async fn ak_02_keys_end_with_a_password_that_others_know() {
    let (app, admin, ada) = world().await;
    let (id, key) = make_key(&app, &ada).await;
    let change = |current: &str, new: &str, revoke: Value| {
        let mut body = json!({"current_password": current, "new_password": new});
        if !revoke.is_null() {
            body["revoke_api_keys"] = revoke;
        }
        body
    };
    let path = "/api/v1/me/password";
    let second = "a difference of engines";
    let kept = app.ask(&ada, Method::POST, path, Some(change(PASSWORD, second, Value::Null))).await;
    assert_eq!(kept.status, 204, "{kept:?}");
    assert!(works(&app, &key).await, "programs go on unless they are to end");
    let wrong = change("not the password", "cards with holes in them", json!(true));
    assert_eq!(app.ask(&ada, Method::POST, path, Some(wrong)).await.brief(), "403 wrong_password");
    assert!(works(&app, &key).await, "nothing changed");
    let ended = change(second, "cards with holes in them", json!(true));
    assert_eq!(app.ask(&ada, Method::POST, path, Some(ended)).await.status, 204);
    assert!(!works(&app, &key).await);
    let expected = (format!("user:{}", ada.id), id, json!("password-changed"));
    assert_eq!(revocations(&app, &admin).await, [expected]);
}

#[tokio::test]
async fn ak_02_keys_end_with_every_session_where_that_is_asked_for() {
    let (app, admin, ada) = world().await;
    let (id, key) = make_key(&app, &ada).await;
    let logout = async |person: &Person, body: Value| -> Answer {
        app.ask(person, Method::POST, "/api/v1/logout", Some(body)).await
    };
    assert_eq!(logout(&ada, json!({"revoke_api_keys": true})).await.brief(), "422 invalid_field");
    assert_eq!(logout(&ada, json!({"everywhere": true})).await.status, 204);
    assert!(works(&app, &key).await);
    app.advance(std::time::Duration::from_secs(1));
    let ada = app.sign_in("ada@example.com").await;
    assert_eq!(logout(&ada, json!({"everywhere": true, "revoke_api_keys": true})).await.status, 204);
    assert!(!works(&app, &key).await);
    let expected = (format!("user:{}", ada.id), id, json!("signed-out-everywhere"));
    assert_eq!(revocations(&app, &admin).await, [expected]);
}

#[tokio::test]
async fn ak_02_keys_end_when_an_administrator_disables_the_user_or_sets_a_password() {
    let (app, admin, ada) = world().await;
    let user = format!("/api/v1/admin/users/{}", ada.id);
    let (first, key) = make_key(&app, &ada).await;
    app.ask(&admin, Method::PATCH, &user, Some(json!({"disabled": true}))).await;
    app.advance(std::time::Duration::from_secs(1));
    app.ask(&admin, Method::PATCH, &user, Some(json!({"disabled": false}))).await;
    assert!(!works(&app, &key).await, "what ended stays ended");
    let ada = app.sign_in("ada@example.com").await;
    let (second, key) = make_key(&app, &ada).await;
    app.ask(&admin, Method::PATCH, &user, Some(json!({"name": "Ada"}))).await;
    assert!(works(&app, &key).await);
    let set = json!({"password": "a difference of engines"});
    assert_eq!(app.ask(&admin, Method::PATCH, &user, Some(set)).await.status, 200);
    assert!(!works(&app, &key).await);
    let actor = format!("user:{}", admin.id);
    let expected =
        [(actor.clone(), second, json!("password-changed")), (actor, first, json!("user-disabled"))];
    assert_eq!(revocations(&app, &admin).await, expected);
}
