use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{PASSWORD, TestApp};

const USERS: &str = "/api/v1/admin/users";

#[tokio::test]
async fn an_administrator_makes_shows_changes_and_deletes_users() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let body = json!({"email": "grace@example.com", "password": PASSWORD, "email_verified": true});
    let made = app.ask(&admin, Method::POST, USERS, Some(body)).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let path = format!("{USERS}/{}", made.text("id"));
    assert_eq!(app.ask(&admin, Method::GET, &path, None).await.json(), made.json());
    let grace = app.sign_in("grace@example.com").await;

    let change = json!({"name": "Grace Hopper", "roles": ["realm-admin"]});
    let changed = app.ask(&admin, Method::PATCH, &path, Some(change)).await;
    assert_eq!(
        (changed.text("name"), &changed.json()["roles"]),
        ("Grace Hopper".to_owned(), &json!(["realm-admin"]))
    );
    assert_eq!(
        app.ask(&grace, Method::GET, USERS, None).await.status,
        StatusCode::OK,
        "the role counts at once"
    );

    assert_eq!(app.ask(&admin, Method::DELETE, &path, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.ask(&admin, Method::GET, &path, None).await.brief(), "404 not_found");
    assert_eq!(app.ask(&grace, Method::GET, "/api/v1/me", None).await.brief(), "401 invalid_token");
    assert_eq!(app.refresh(&grace.refresh_token).await.brief(), "401 invalid_refresh_token");
}

#[tokio::test]
async fn only_an_administrator_of_the_realm_may() {
    let app = TestApp::with("[[realm]]\nname = \"acme\"\n").await;
    let admin = app.admin().await;
    let eve = app.person("eve@example.com").await;
    assert_eq!(app.ask(&eve, Method::GET, USERS, None).await.brief(), "403 missing_role");
    assert_eq!(app.get(USERS).await.brief(), "401 unauthenticated");
    let path = format!("/r/acme{USERS}");
    assert_eq!(
        app.ask(&admin, Method::GET, &path, None).await.brief(),
        "401 invalid_token",
        "another realm's issuer"
    );
}

/// SE-07: a disabled user is out at once, with sessions and refresh tokens.
#[tokio::test]
async fn se_07_disabling_a_user_ends_everything_of_theirs() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let eve = app.person("eve@example.com").await;
    let path = format!("{USERS}/{}", eve.id);
    let disabled = app.ask(&admin, Method::PATCH, &path, Some(json!({"disabled": true}))).await;
    assert_eq!(disabled.json()["disabled"], true);
    assert_eq!(app.ask(&eve, Method::GET, "/api/v1/me", None).await.brief(), "401 invalid_token");
    assert_eq!(app.refresh(&eve.refresh_token).await.brief(), "401 invalid_refresh_token");
    assert_eq!(app.login("eve@example.com").await.brief(), "401 invalid_credentials");
    app.advance(std::time::Duration::from_secs(1));
    app.ask(&admin, Method::PATCH, &path, Some(json!({"disabled": false}))).await;
    assert_eq!(app.login("eve@example.com").await.status, StatusCode::OK);
    assert_eq!(
        app.refresh(&eve.refresh_token).await.brief(),
        "401 invalid_refresh_token",
        "what ended stays ended"
    );
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let path = format!("{USERS}/{}", admin.id);
    for change in [json!({"disabled": true}), json!({"roles": []})] {
        assert_eq!(
            app.ask(&admin, Method::PATCH, &path, Some(change)).await.brief(),
            "409 last_administrator"
        );
    }
    assert_eq!(app.ask(&admin, Method::DELETE, &path, None).await.brief(), "409 last_administrator");
}

#[tokio::test]
async fn nobody_deletes_the_account_they_are_signed_in_to() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let body = json!({"email": "grace@example.com", "password": PASSWORD, "roles": ["realm-admin"]});
    assert_eq!(app.ask(&admin, Method::POST, USERS, Some(body)).await.status, 201);
    let grace = app.sign_in("grace@example.com").await;
    let path = format!("{USERS}/{}", grace.id);
    assert_eq!(app.ask(&grace, Method::DELETE, &path, None).await.brief(), "409 own_account");
    let bulk = json!({"operations": [{"user": grace.id, "action": "delete"}]});
    let answer = app.ask(&grace, Method::POST, &format!("{USERS}/bulk"), Some(bulk)).await;
    assert_eq!(answer.json()["results"][0]["problem"]["code"], "own_account", "{answer:?}");
    assert_eq!(app.ask(&admin, Method::DELETE, &path, None).await.status, 204, "another does");
}

/// AD-02: two administrators demote one another at the same moment.
#[tokio::test]
async fn ad_02_two_administrators_cannot_demote_each_other() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for round in 0..5 {
        let email = format!("second{round}@example.com");
        let body = json!({"email": email, "password": PASSWORD, "roles": ["realm-admin"]});
        let made = app.ask(&admin, Method::POST, USERS, Some(body)).await;
        let second = app.sign_in(&email).await;
        let (path_first, path_second) =
            (format!("{USERS}/{}", admin.id), format!("{USERS}/{}", made.text("id")));
        let (one, other) = futures_util::future::join(
            app.ask(&second, Method::PATCH, &path_first, Some(json!({"roles": []}))),
            app.ask(&admin, Method::PATCH, &path_second, Some(json!({"roles": []}))),
        )
        .await;
        let won = [&one, &other].iter().filter(|answer| answer.status == StatusCode::OK).count();
        assert_eq!(won, 1, "{one:?} {other:?}");
        // Whoever won, the first is the administrator again for the next round.
        app.apply("[[realm]]\nname = \"default\"\n[[realm.user]]\nemail = \"admin@example.com\"\nroles = [\"realm-admin\"]\n").await;
        app.ask(&admin, Method::DELETE, &path_second, None).await;
    }
}

/// AD-03: a page has a size, whatever is asked for.
#[tokio::test]
async fn ad_03_users_come_in_pages() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for index in 0..5 {
        let body = json!({"email": format!("user{index}@example.com")});
        assert_eq!(app.ask(&admin, Method::POST, USERS, Some(body)).await.status, StatusCode::CREATED);
    }
    let mut seen = Vec::new();
    let mut path = format!("{USERS}?limit=2");
    loop {
        let page = app.ask(&admin, Method::GET, &path, None).await.json();
        seen.extend(page["users"].as_array().unwrap().iter().map(|user| user["email"].clone()));
        match &page["next_cursor"] {
            Value::String(cursor) => path = format!("{USERS}?limit=2&cursor={cursor}"),
            _ => break,
        }
    }
    assert_eq!(seen.len(), 6);
    let found = app.ask(&admin, Method::GET, &format!("{USERS}?search=user3"), None).await.json();
    assert_eq!(found["users"].as_array().unwrap().len(), 1);
    for query in
        ["limit=0", "limit=101", "limit=1000000000", "limit=-1", "limit=x", "cursor=x", "sort=password_hash"]
    {
        let answer = app.ask(&admin, Method::GET, &format!("{USERS}?{query}"), None).await;
        assert_eq!(answer.brief(), "400 invalid_query", "{query}");
    }
}

#[tokio::test]
async fn a_role_that_does_not_exist_is_named_with_the_nearest() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\n[[realm.role]]\nname = \"editor\"\n").await;
    let admin = app.admin().await;
    let body = json!({"email": "a@example.com", "roles": ["edtor"]});
    let answer = app.ask(&admin, Method::POST, USERS, Some(body)).await;
    assert_eq!(answer.brief(), "422 invalid_field");
    assert_eq!(answer.text("detail"), "`roles`: realm default has no role edtor; did you mean editor?");
}

/// A request whose sender was signed out, demoted or deleted before it was carried out changes nothing.
#[tokio::test]
async fn a_request_held_back_until_after_the_sign_out_is_refused() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let changes: [(&str, Value); 3] = [
        ("signed out", json!({"disabled": false})),
        ("disabled", json!({"disabled": true})),
        ("demoted", json!({"roles": []})),
    ];
    for (what, change) in changes {
        let email = format!("{}@example.com", what.replace(' ', "-"));
        let body = json!({"email": email, "password": PASSWORD, "roles": ["realm-admin"]});
        let evil = app.ask(&admin, Method::POST, USERS, Some(body)).await.text("id");
        let session = app.sign_in(&email).await;
        // The head arrives, and with it the proof; the body when it is too late.
        let (send, body) = crate::support::held_body();
        let request = axum::http::Request::post(USERS)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", session.access_token))
            .body(body)
            .unwrap();
        let mut held = std::pin::pin!(app.send(request));
        assert!(futures_util::poll!(held.as_mut()).is_pending(), "{what}: the request waits for its body");
        if what == "signed out" {
            app.ask(&session, Method::POST, "/api/v1/logout", Some(json!({}))).await;
        } else {
            app.ask(&admin, Method::PATCH, &format!("{USERS}/{evil}"), Some(change)).await;
        }
        let backdoor =
            json!({"email": "backdoor@example.com", "password": PASSWORD, "roles": ["realm-admin"]});
        send.send(backdoor.to_string()).unwrap();
        let answer = held.await;
        assert!(
            matches!(answer.brief().as_str(), "401 invalid_token" | "403 missing_role"),
            "{what} {answer:?}"
        );
        assert_eq!(app.login("backdoor@example.com").await.brief(), "401 invalid_credentials", "{what}");
    }
}

#[tokio::test]
async fn an_account_keeps_something_to_sign_in_with() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let made = app.ask(&admin, Method::POST, USERS, Some(json!({"email": "ada@example.com"}))).await;
    let path = format!("{USERS}/{}", made.text("id"));
    let change = json!({"email": null, "username": null});
    assert_eq!(app.ask(&admin, Method::PATCH, &path, Some(change)).await.brief(), "422 invalid_field");
    // LG-13: how one signs in oneself is changed with every factor, and not by being an administrator.
    let own = format!("{USERS}/{}", admin.id);
    for change in [
        json!({"email": null}),
        json!({"email": "evil@example.com"}),
        json!({"email_verified": true}),
        json!({"password": "another engine weaves"}),
    ] {
        assert_eq!(app.ask(&admin, Method::PATCH, &own, Some(change)).await.brief(), "409 own_account");
    }
    assert_eq!(
        app.ask(&admin, Method::PATCH, &own, Some(json!({"name": "Chief"}))).await.status,
        StatusCode::OK
    );
    assert_eq!(app.login("admin@example.com").await.status, StatusCode::OK);
    for query in ["search=%00", &format!("search={}", "a".repeat(50_010))] {
        let answer = app.ask(&admin, Method::GET, &format!("{USERS}?{query}"), None).await;
        assert_eq!(answer.brief(), "400 invalid_query");
    }
}

#[tokio::test]
async fn users_are_found_by_how_they_are_called_what_they_are_given_and_whether_they_may_sign_in() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\n[[realm.role]]\nname = \"editor\"\n").await;
    let admin = app.admin().await;
    for (email, username, roles) in [
        ("ada@example.com", "ada", json!(["editor"])),
        ("adele@example.com", "a_dele", json!([])),
        ("mada@example.com", "axdele", json!(["editor"])),
    ] {
        let body = json!({"email": email, "username": username, "roles": roles});
        assert_eq!(app.ask(&admin, Method::POST, USERS, Some(body)).await.status, StatusCode::CREATED);
    }
    let found = async |query: &str| -> Vec<String> {
        let answer = app.ask(&admin, Method::GET, &format!("{USERS}?{query}"), None).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}: {answer:?}");
        let users = answer.json()["users"].as_array().unwrap().clone();
        let mut names: Vec<String> =
            users.iter().filter_map(|user| user["username"].as_str().map(str::to_owned)).collect();
        // What was made in one millisecond has no order.
        names.sort();
        names
    };
    assert_eq!(found("email=AD").await, ["a_dele", "ada"]);
    assert_eq!(found("email=ada@example.com").await, ["ada"]);
    assert_eq!(found("username=a_").await, ["a_dele"], "a letter like any other");
    assert_eq!(found("role=editor").await, ["ada", "axdele"]);
    assert_eq!(found("role=editor&email=ada").await, ["ada"]);
    assert_eq!(found("role=edit").await, [""; 0]);
    assert_eq!(found("role=editor&disabled=true").await, [""; 0]);
    assert_eq!(found("mfa=none&role=editor").await, ["ada", "axdele"]);
    assert_eq!(found("mfa=enrolled").await, [""; 0]);
    for (query, detail) in [
        ("emial=a", "unknown parameter `emial`; did you mean `email`?"),
        ("limit=1000", "limit: give a whole number from 1 to 100"),
    ] {
        let answer = app.ask(&admin, Method::GET, &format!("{USERS}?{query}"), None).await;
        assert_eq!((answer.brief().as_str(), answer.text("detail").as_str()), ("400 invalid_query", detail));
    }
    for query in [
        "role=a%20b",
        "disabled=maybe",
        "mfa=totp",
        "mfa=",
        "email=%00",
        &format!("username={}", "a".repeat(300)),
    ] {
        let answer = app.ask(&admin, Method::GET, &format!("{USERS}?{query}"), None).await;
        assert_eq!(answer.brief(), "400 invalid_query", "{query}");
    }
}
