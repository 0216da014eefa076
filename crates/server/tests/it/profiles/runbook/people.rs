//! Who asks, and what they do with accounts.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use super::{NOT_RIGHT, SEED, chief, refresh, register, sign_in, token, token_wrong, world};
use crate::{
    profiles::{ask, send, with},
    support::{PASSWORD, request},
};

#[tokio::test]
async fn who_asks_is_known_by_their_token() {
    let app = world().await;
    register(&app, "testuser").await;
    let (access, refresh_token) = sign_in(&app, "testuser", SEED).await;
    let me = async |authorization: &str| {
        ask(&app, Method::GET, "/users/me", &[("authorization", authorization)]).await.with_challenge()
    };
    let whole = r#"200 {"id":1,"username":"testuser","email":"testuser@example.com","full_name":null,"role":"user","is_active":true} -"#;
    assert_eq!(me(&format!("Bearer {access}")).await, whole);
    assert_eq!(me(&format!("bearer  {access}")).await, whole);
    let nobody = r#"401 {"detail":"Not authenticated"} Bearer"#;
    assert_eq!(app.get("/users/me").await.with_challenge(), nobody);
    assert_eq!(me("Basic x").await, nobody);
    for bad in ["Bearer", "Bearer ", "Bearer x", &format!("Bearer {access}x")] {
        assert_eq!(me(bad).await, NOT_RIGHT, "{bad}");
    }
    let twice = [("authorization", format!("Bearer {access}")), ("authorization", "Bearer x".to_owned())];
    let twice = twice.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(ask(&app, Method::GET, "/users/me", &twice).await.with_challenge(), NOT_RIGHT);
    // Disabled: told apart from what is not good at all.
    let chief = chief(&app).await;
    let users = app.ask(&chief, Method::GET, "/api/v1/admin/users?username=testuser", None).await.json();
    let path = format!("/api/v1/admin/users/{}", users["users"][0]["id"].as_str().unwrap());
    let disabled = app.ask(&chief, Method::PATCH, &path, Some(json!({"disabled": true}))).await;
    assert_eq!(disabled.status, 200, "{disabled:?}");
    let inactive = r#"400 {"detail":"Inactive user"} -"#;
    assert_eq!(me(&format!("Bearer {access}")).await, inactive);
    assert_eq!(token(&app, "testuser", SEED).await.with_challenge(), inactive);
    assert_eq!(
        token_wrong(&app, "testuser").await,
        r#"401 {"detail":"Incorrect username or password"} Bearer"#
    );
    let over = r#"401 {"detail":"User not found or inactive"} -"#;
    assert_eq!(refresh(&app, &refresh_token).await.with_challenge(), over);
    // An access token that has expired, and one whose user has another name by now.
    app.ask(&chief, Method::PATCH, &path, Some(json!({"disabled": false}))).await;
    let (access, _) = sign_in(&app, "testuser", SEED).await;
    app.ask(&chief, Method::PATCH, &path, Some(json!({"username": "renamed"}))).await;
    assert_eq!(me(&format!("Bearer {access}")).await, NOT_RIGHT);
    let (access, _) = sign_in(&app, "renamed", SEED).await;
    app.advance(Duration::from_mins(30));
    assert_eq!(me(&format!("Bearer {access}")).await, NOT_RIGHT);
}

/// RL-11: who has one account does not ask of which addresses there are others.
#[tokio::test]
async fn whose_addresses_there_are_is_told_as_often_as_by_registering() {
    let app = world().await;
    register(&app, "testuser").await;
    let (access, _) = sign_in(&app, "testuser", SEED).await;
    let mut told = Vec::new();
    for number in 0..40 {
        let other =
            if number % 2 == 0 { "root@example.com".to_owned() } else { format!("free{number}@example.com") };
        told.push(
            send(&app, Method::PUT, "/users/me", &access, json!({ "email": other })).await.status.as_u16(),
        );
    }
    assert_eq!(told[0], 400);
    assert_eq!(told[told.len() - 2..], [429, 429], "alike for both: {told:?}");
    // And to nobody whose sign-in is not of a moment ago.
    app.advance(Duration::from_mins(11));
    for other in ["root@example.com", "free@example.com"] {
        let answer = send(&app, Method::PUT, "/users/me", &access, json!({ "email": other })).await;
        assert_eq!(answer.with_challenge(), NOT_RIGHT, "{other}");
    }
}

/// A password that was sent is in no error.
#[tokio::test]
async fn what_is_wrong_is_told_without_the_password() {
    let app = world().await;
    let secret = "hunter2 is my secret";
    let bodies = [
        ("application/json", format!(r#"{{"username":"zed","password":"{secret}"}}"#)),
        ("application/json", format!(r#"[{{"password":"{secret}"}}]"#)),
        ("application/json", format!(r#"{{"username":"zed","password":["{secret}"]}}"#)),
        ("text/plain", format!(r#"{{"username":"zed","password":"{secret}"}}"#)),
    ];
    for (kind, body) in bodies {
        let request = axum::http::Request::post("/register")
            .header("host", "127.0.0.1:8400")
            .header("content-type", kind)
            .body(axum::body::Body::from(body.clone()))
            .unwrap();
        let answer = app.send(request).await;
        assert_eq!(answer.status, 422, "{body}");
        assert!(!answer.whole().contains(secret), "{answer:?}");
    }
}

#[tokio::test]
async fn one_changes_ones_own_name_and_address() {
    let app = world().await;
    register(&app, "testuser").await;
    let (access, _) = sign_in(&app, "testuser", SEED).await;
    let put = async |body: Value| send(&app, Method::PUT, "/users/me", &access, body).await;
    assert_eq!(put(json!({"full_name": "T U"})).await.json()["full_name"], "T U");
    assert_eq!(put(json!({"full_name": null, "email": null})).await.json()["full_name"], "T U");
    assert_eq!(put(json!({"full_name": ""})).await.json()["full_name"], Value::Null);
    assert_eq!(
        put(json!({"email": "root@example.com"})).await.whole(),
        r#"400 {"detail":"Email already in use"}"#
    );
    assert_eq!(put(json!({"email": "testuser@example.com"})).await.status, 200);
    assert_eq!(
        put(json!({"email": "x", "full_name": 1})).await.whole(),
        concat!(
            r#"422 {"detail":[{"type":"string_type","loc":["body","full_name"],"msg":"Input should be a valid string","input":1},"#,
            r#"{"type":"value_error","loc":["body","email"],"msg":"value is not a valid email address: An email address must have an @-sign.","input":"x","ctx":{"reason":"An email address must have an @-sign."}}]}"#
        )
    );
    // Where mail is sent, another address is confirmed first: who holds a token does not take the account.
    let asked = put(json!({"email": "new@example.com"})).await;
    assert_eq!((asked.status.as_u16(), &asked.json()["email"]), (200, &json!("testuser@example.com")));
    let token = app.token("new@example.com").await;
    assert_eq!(app.post("/api/v1/verify-email", json!({"token": token})).await.status, 200);
    let shown = with(&app, Method::GET, "/users/me", &access).await;
    assert_eq!(shown.json()["email"], "new@example.com");
    // And it takes a fresh sign-in.
    app.advance(Duration::from_mins(11));
    assert_eq!(put(json!({"email": "eve@example.com"})).await.with_challenge(), NOT_RIGHT);
    // What is no JSON is told to anybody, and what is none of theirs to nobody.
    let broken = axum::http::Request::put("/users/me")
        .header("host", "127.0.0.1:8400")
        .header("content-type", "application/json")
        .body(axum::body::Body::from("{"))
        .unwrap();
    assert_eq!(
        app.send(broken).await.whole(),
        r#"422 {"detail":[{"type":"json_invalid","loc":["body",1],"msg":"JSON decode error","input":{},"ctx":{"error":"Expecting property name enclosed in double quotes"}}]}"#
    );
    assert_eq!(
        ask(&app, Method::PUT, "/users/me", &[]).await.with_challenge(),
        r#"401 {"detail":"Not authenticated"} Bearer"#
    );
    // Without mail an address opens nothing, and is changed at once.
    let silent = app.without_mail().await;
    let (access, _) = sign_in(&app, "testuser", SEED).await;
    let request =
        request(Method::PUT, "/users/me", Some(&access), Some(json!({"email": "third@example.com"})));
    assert_eq!(crate::support::send(&silent, request).await.json()["email"], "third@example.com");
}

#[tokio::test]
async fn administrators_list_promote_and_delete_users() {
    let app = world().await;
    register(&app, "testuser").await;
    register(&app, "grace").await;
    let (user, _) = sign_in(&app, "testuser", SEED).await;
    let (root, _) = sign_in(&app, "root", PASSWORD).await;
    let forbidden = r#"403 {"detail":"Insufficient permissions"}"#;
    let nobody = r#"401 {"detail":"Not authenticated"} Bearer"#;
    for (method, path) in [
        (Method::GET, "/admin/users?skip=x"),
        (Method::PUT, "/admin/users/abc/role?role=x"),
        (Method::DELETE, "/admin/users/abc"),
    ] {
        assert_eq!(ask(&app, method.clone(), path, &[]).await.with_challenge(), nobody, "{path}");
        assert_eq!(with(&app, method, path, &user).await.whole(), forbidden, "{path}");
    }
    let admin = async |method: Method, path: &str| with(&app, method, path, &root).await;
    // Two were numbered when they registered; the others are when they are first seen.
    let listed = admin(Method::GET, "/admin/users").await.json();
    let shown = |user: &Value| {
        (
            user["id"].as_u64().unwrap(),
            user["username"].as_str().unwrap().to_owned(),
            user["role"].as_str().unwrap().to_owned(),
        )
    };
    let mut all: Vec<_> = listed.as_array().unwrap().iter().map(shown).collect();
    all.sort();
    let one = |id, name: &str, role: &str| (id, name.to_owned(), role.to_owned());
    assert_eq!(all[..2], [one(1, "testuser", "user"), one(2, "grace", "user")]);
    let mut rest: Vec<_> = all[2..].iter().map(|(_, name, role)| (name.as_str(), role.as_str())).collect();
    rest.sort_unstable();
    assert_eq!(rest, [("chief", "admin"), ("root", "admin")]);
    let again = admin(Method::GET, "/admin/users?skip=1&limit=2").await.json();
    assert_eq!(again.as_array().unwrap()[..], listed.as_array().unwrap()[1..3]);
    for (query, length) in
        [("limit=0", 0), ("limit=-1", 4), ("skip=-1", 4), ("skip=99999999999999999999", 0), ("skip=%201", 3)]
    {
        let listed = admin(Method::GET, &format!("/admin/users?{query}")).await;
        assert_eq!(listed.json().as_array().map(Vec::len), Some(length), "{query}: {listed:?}");
    }
    let no_int = |place: &str, input: &str| {
        format!(
            r#"{{"type":"int_parsing","loc":{place},"msg":"Input should be a valid integer, unable to parse string as an integer","input":"{input}"}}"#
        )
    };
    assert_eq!(
        admin(Method::GET, "/admin/users?skip=x&limit=1.5").await.whole(),
        format!(
            r#"422 {{"detail":[{},{}]}}"#,
            no_int(r#"["query","skip"]"#, "x"),
            no_int(r#"["query","limit"]"#, "1.5")
        )
    );
    let no_role = |input: &str| {
        format!(
            r#"{{"type":"enum","loc":["query","role"],"msg":"Input should be 'admin', 'user' or 'viewer'","input":"{input}","ctx":{{"expected":"'admin', 'user' or 'viewer'"}}}}"#
        )
    };
    assert_eq!(
        admin(Method::PUT, "/admin/users/abc/role?role=x").await.whole(),
        format!(r#"422 {{"detail":[{},{}]}}"#, no_int(r#"["path","user_id"]"#, "abc"), no_role("x"))
    );
    assert_eq!(
        admin(Method::PUT, "/admin/users/1/role").await.whole(),
        r#"422 {"detail":[{"type":"missing","loc":["query","role"],"msg":"Field required","input":null}]}"#
    );
    assert_eq!(
        admin(Method::PUT, "/admin/users/99/role?role=user").await.whole(),
        r#"404 {"detail":"User not found"}"#
    );
    for role in ["viewer", "admin", "user"] {
        let told = admin(Method::PUT, &format!("/admin/users/1/role?role={role}")).await;
        assert_eq!(told.whole(), format!(r#"200 {{"message":"User role updated to {role}"}}"#));
        assert_eq!(with(&app, Method::GET, "/users/me", &user).await.json()["role"], role);
    }
    let chief = listed.as_array().unwrap().iter().find(|user| user["username"] == "chief").unwrap()["id"]
        .as_u64()
        .unwrap();
    let own = listed.as_array().unwrap().iter().find(|user| user["username"] == "root").unwrap()["id"]
        .as_u64()
        .unwrap();
    let delete = async |id: &str| admin(Method::DELETE, &format!("/admin/users/{id}")).await.whole();
    assert_eq!(delete(&own.to_string()).await, r#"400 {"detail":"Cannot delete yourself"}"#);
    assert_eq!(delete("99").await, r#"404 {"detail":"User not found"}"#);
    assert_eq!(delete("-1").await, r#"404 {"detail":"User not found"}"#);
    assert_eq!(delete("99999999999999999999999").await, r#"404 {"detail":"User not found"}"#);
    // Whoever administers the realm is beyond an admin of the profile.
    assert_eq!(delete(&chief.to_string()).await, forbidden);
    assert_eq!(
        admin(Method::PUT, &format!("/admin/users/{chief}/role?role=viewer")).await.whole(),
        forbidden
    );
    assert_eq!(delete("1").await, r#"200 {"message":"User deleted"}"#);
    assert_eq!(delete("1").await, r#"404 {"detail":"User not found"}"#);
    assert_eq!(with(&app, Method::GET, "/users/me", &user).await.with_challenge(), NOT_RIGHT);
    // A number is nobody else's, ever.
    let made = register(&app, "late").await.json()["id"].as_u64().unwrap();
    assert_eq!(made, 5);
}
