//! What is asked of both runbooks.

use serde_json::{Value, json};

use super::{in_json, in_json_of, of, step};

pub(super) fn steps() -> Vec<Value> {
    let none = || json!({});
    let mut steps = vec![
        step(
            "register",
            "POST",
            "/register",
            in_json(r#"{"username":"testuser","email":"test@example.com","password":"testpass123"}"#),
        ),
        // Accounts are listed in the order of their making, to the millisecond.
        json!({ "do": "wait" }),
        step(
            "register root",
            "POST",
            "/register",
            in_json(
                r#"{"username":"root","email":"root@example.com","password":"testpass123","full_name":"R"}"#,
            ),
        ),
        step(
            "taken name",
            "POST",
            "/register",
            in_json(r#"{"username":"testuser","email":"test@example.com","password":"testpass123"}"#),
        ),
        step(
            "taken address",
            "POST",
            "/register",
            in_json(r#"{"username":"other","email":"test@EXAMPLE.com","password":"testpass123"}"#),
        ),
        json!({ "do": "promote", "who": "root" }),
    ];
    // Bodies that are not right.
    for (at, body) in [
        "{}",
        "[]",
        "null",
        "\"x\"",
        "",
        r#"{"a":"#,
        "{a:1}",
        "nope",
        r#"{"a":1} x"#,
        r#"{"a":1,}"#,
        r#"{"a" 1}"#,
        r#"{"a":"x"#,
        r#"{"a":"\q"}"#,
        r#"{"a":1 "b":2}"#,
        "[1 2]",
        "[1,",
        r#"{"a":"\u12"}"#,
        "  ",
        r#"{"username":1,"email":2,"password":null,"full_name":3}"#,
        r#"{"username":"x","email":"x","password":[1],"full_name":{"b":1,"a":[true,null,1.5]}}"#,
        r#"{"password":"testpass123","email":"a@b"}"#,
    ]
    .into_iter()
    .enumerate()
    {
        steps.push(step(&format!("body {at}"), "POST", "/register", in_json(body)));
        steps.push(step(&format!("body of nobody {at}"), "PUT", "/users/me", in_json(body)));
    }
    for (at, email) in [
        "x@",
        "@x.com",
        "a b@c.com",
        "a@b..com",
        "a@@b.com",
        "a@-x.com",
        ".a@x.com",
        "a.@x.com",
        "a@x.com.",
        "a@[1.2.3.4]",
        "a@x_y.com",
        "a@x.123",
        "a(b)@x.com",
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({ "username": "u", "email": email, "password": "testpass123" }).to_string();
        steps.push(step(&format!("address {at}"), "POST", "/register", in_json(&body)));
    }
    for (name, kind) in [
        ("text", "text/plain"),
        ("form", "application/x-www-form-urlencoded"),
        ("problem", "application/problem+json"),
    ] {
        let more = json!({ "raw": "{}", "headers": { "content-type": kind } });
        steps.push(step(&format!("body as {name}"), "POST", "/register", more));
    }
    // Tokens.
    let form = |fields: Value| json!({ "form": fields });
    let saving = |fields: Value, access: &str, refresh: &str| json!({ "form": fields, "save": { access: "access_token", refresh: "refresh_token" } });
    steps.extend([
        step("token", "POST", "/token", saving(json!({"username": "testuser", "password": "testpass123"}), "user", "refresh")),
        step("token of root", "POST", "/token", saving(json!({"username": "root", "password": "testpass123"}), "root", "refresh_root")),
        step("wrong password", "POST", "/token", form(json!({"username": "testuser", "password": "x"}))),
        step("nobody", "POST", "/token", form(json!({"username": "nobody", "password": "x"}))),
        step("no form", "POST", "/token", in_json("{}")),
        step("empty form", "POST", "/token", none()),
        step("no password", "POST", "/token", form(json!({"username": "testuser"}))),
        step("empty password", "POST", "/token", form(json!({"username": "testuser", "password": ""}))),
        step("other grant", "POST", "/token", form(json!({"username": "testuser", "password": "testpass123", "grant_type": "x"}))),
        step("other grant alone", "POST", "/token", form(json!({"grant_type": "x"}))),
        step("whole form", "POST", "/token", form(json!({"username": "testuser", "password": "testpass123", "grant_type": "password", "scope": "a b", "client_id": "x", "client_secret": "y"}))),
        step("refresh in the body", "POST", "/token/refresh", in_json(r#"{"refresh_token":"x"}"#)),
        step("refresh garbage", "POST", "/token/refresh?refresh_token=x", none()),
        step("refresh nothing", "POST", "/token/refresh?refresh_token=", none()),
        step("refresh by access", "POST", "/token/refresh?refresh_token={user}", none()),
        step("refresh", "POST", "/token/refresh?refresh_token={refresh}", json!({ "save": { "next": "refresh_token", "user": "access_token" } })),
        json!({ "do": "wait" }),
        step("refresh again", "POST", "/token/refresh?refresh_token={refresh}", none()),
        step("token anew", "POST", "/token", saving(json!({"username": "testuser", "password": "testpass123"}), "user", "refresh")),
    ]);
    // Who asks.
    for (name, header) in [
        ("no scheme", "{user}"),
        ("basic", "Basic x"),
        ("no token", "Bearer"),
        ("garbage", "Bearer x"),
        ("lower case", "bearer {user}"),
        ("two spaces", "Bearer  {user}"),
        ("refresh token", "Bearer {refresh}"),
    ] {
        steps.push(step(
            &format!("me by {name}"),
            "GET",
            "/users/me",
            json!({ "headers": { "authorization": header } }),
        ));
    }
    steps.push(step("me by nothing", "GET", "/users/me", none()));
    for (name, body) in [
        ("nothing", "{}"),
        ("a name", r#"{"full_name":"T U"}"#),
        ("null", r#"{"full_name":null,"email":null}"#),
        ("taken", r#"{"email":"root@example.com"}"#),
        ("their own", r#"{"email":"test@example.com"}"#),
        ("new", r#"{"email":"new@example.com"}"#),
        ("wrong", r#"{"email":"x","full_name":1}"#),
        ("a list", "[]"),
        ("empty", ""),
        ("an empty name", r#"{"full_name":""}"#),
        ("a name again", r#"{"full_name":"T U"}"#),
    ] {
        steps.push(step(&format!("change to {name}"), "PUT", "/users/me", in_json_of("user", body)));
    }
    // Administration.
    for query in [
        "",
        "?skip=1&limit=1",
        "?skip=x&limit=1.5",
        "?skip=-1",
        "?limit=-1",
        "?limit=0",
        "?skip=",
        "?skip=1.0",
        "?skip=%201",
        "?skip=1_0",
        "?skip=%2B1",
        "?limit=1e2",
        "?skip=1&skip=0",
        "?skip=01",
        "?skip=1.",
        "?skip=%D9%A1",
    ] {
        steps.push(step(&format!("list{query}"), "GET", &format!("/admin/users{query}"), of("root")));
    }
    for (who, more) in [("nobody", none()), ("user", of("user"))] {
        for (method, path) in [
            ("GET", "/admin/users?skip=x"),
            ("PUT", "/admin/users/abc/role?role=x"),
            ("DELETE", "/admin/users/abc"),
        ] {
            steps.push(step(&format!("{method} {path} by {who}"), method, path, more.clone()));
        }
    }
    for role in ["x", "", "ADMIN", "viewer", "admin", "user"] {
        steps.push(step(
            &format!("role {role}"),
            "PUT",
            &format!("/admin/users/1/role?role={role}"),
            of("root"),
        ));
        steps.push(step(&format!("me after role {role}"), "GET", "/users/me", of("user")));
    }
    for (method, path) in [
        ("PUT", "/admin/users/1/role"),
        ("PUT", "/admin/users/99/role?role=user"),
        ("PUT", "/admin/users/abc/role?role=x"),
        ("DELETE", "/admin/users/2"),
        ("DELETE", "/admin/users/99"),
        ("DELETE", "/admin/users/abc"),
        ("DELETE", "/admin/users/-1"),
    ] {
        steps.push(step(&format!("{method} {path}"), method, path, of("root")));
    }
    // Paths and methods.
    for (method, path) in [
        ("GET", "/token"),
        ("PUT", "/register"),
        ("DELETE", "/users/me"),
        ("POST", "/users/me"),
        ("PATCH", "/admin/users"),
        ("GET", "/admin/users/1"),
        ("GET", "/admin/users/1/role"),
        ("GET", "/nope"),
        ("GET", "/health"),
        ("GET", "/api/data"),
        ("POST", "/health"),
    ] {
        steps.push(step(&format!("{method} {path} plain"), method, path, none()));
    }
    steps.extend([
        step("wrong key", "GET", "/api/data", json!({ "headers": { "x-api-key": "x" } })),
        step("key", "GET", "/api/data", json!({ "headers": { "x-api-key": "{key}" } })),
        json!({ "do": "disable", "who": "testuser" }),
        step("disabled me", "GET", "/users/me", of("user")),
        step("disabled list", "GET", "/admin/users", of("user")),
        step(
            "disabled token",
            "POST",
            "/token",
            form(json!({"username": "testuser", "password": "testpass123"})),
        ),
        step("disabled wrong", "POST", "/token", form(json!({"username": "testuser", "password": "x"}))),
        step("disabled refresh", "POST", "/token/refresh?refresh_token={refresh}", none()),
        step("disabled in list", "GET", "/admin/users", of("root")),
        step("delete", "DELETE", "/admin/users/1", of("root")),
        step("deleted me", "GET", "/users/me", of("user")),
        step("deleted refresh", "POST", "/token/refresh?refresh_token={refresh}", none()),
    ]);
    steps
}
