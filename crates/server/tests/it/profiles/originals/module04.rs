//! What is asked of both of module 04.

use serde_json::{Value, json};

use super::{in_json, of, step};
use crate::support::PASSWORD;

pub(super) fn steps() -> Vec<Value> {
    let none = || json!({});
    let form = |fields: Value| json!({ "form": fields });
    let saving = |fields: Value, access: &str, refresh: &str| json!({ "form": fields, "save": { access: "access_token", refresh: "refresh_token" } });
    let who = |email: &str, scope: &str| json!({ "username": email, "password": PASSWORD, "scope": scope });
    let mut steps = vec![
        step("token", "POST", "/auth/token", saving(who("ada@example.com", "posts:read"), "ada", "refresh")),
        step(
            "token of root",
            "POST",
            "/auth/token",
            saving(who("root@example.com", "admin users:read"), "root", "refresh_root"),
        ),
        step(
            "wrong password",
            "POST",
            "/auth/token",
            form(json!({"username": "ada@example.com", "password": "x"})),
        ),
        step(
            "nobody",
            "POST",
            "/auth/token",
            form(json!({"username": "nobody@example.com", "password": "x"})),
        ),
        step("no address", "POST", "/auth/token", form(json!({"username": "ada", "password": PASSWORD}))),
        step("no form", "POST", "/auth/token", in_json("{}")),
        step("cookie", "POST", "/auth/login", form(who("ada@example.com", ""))),
        step(
            "cookie wrong",
            "POST",
            "/auth/login",
            form(json!({"username": "ada@example.com", "password": "x"})),
        ),
        step("cookie nothing", "POST", "/auth/login", none()),
    ];
    for (name, header) in [
        ("a token", "Bearer {ada}"),
        ("basic", "Basic x"),
        ("no token", "Bearer"),
        ("garbage", "Bearer x"),
        ("refresh token", "Bearer {refresh}"),
    ] {
        for path in ["/users/me", "/admin/users", "/users/authenticated"] {
            steps.push(step(
                &format!("{path} by {name}"),
                "GET",
                path,
                json!({ "headers": { "authorization": header } }),
            ));
        }
    }
    for path in [
        "/users/me",
        "/admin/users",
        "/users/authenticated",
        "/auth/google/callback",
        "/auth/token",
        "/api-keys/rotate/x",
        "/nope",
    ] {
        steps.push(step(&format!("GET {path} plain"), "GET", path, none()));
    }
    steps.extend([
        step("list", "GET", "/admin/users", of("root")),
        step("delete by nobody", "DELETE", "/admin/users/x", none()),
        step("delete by ada", "DELETE", "/admin/users/x", of("ada")),
    ]);
    for id in [
        "x",
        "12345678-1234-1234-1234-1234567890g2",
        "12345678-1234-1234-1234-1234567890",
        "1-2-3-4-5",
        "12345678-1234-1234-123456789012",
        "0",
    ] {
        steps.push(step(&format!("delete {id}"), "DELETE", &format!("/admin/users/{id}"), of("root")));
    }
    let keyed = |key: &str| json!({ "headers": { "x-api-key": key } });
    let both = |token: &str, key: &str| json!({ "headers": { "authorization": format!("Bearer {token}"), "x-api-key": key } });
    steps.extend([
        step("key", "GET", "/users/authenticated", keyed("{key}")),
        step("wrong key", "GET", "/users/authenticated", keyed("x")),
        step("wrong token, key", "GET", "/users/authenticated", both("x", "{key}")),
        step("token, wrong key", "GET", "/users/authenticated", both("{ada}", "x")),
        step("rotate by nobody", "POST", "/api-keys/rotate/{key_id}", none()),
        step("rotate by another", "POST", "/api-keys/rotate/{key_id}", of("root")),
        step("rotate nothing", "POST", "/api-keys/rotate/{nobody}", of("ada")),
        step("rotate garbage", "POST", "/api-keys/rotate/x", of("ada")),
        step(
            "rotate",
            "POST",
            "/api-keys/rotate/{key_id}",
            json!({ "headers": { "authorization": "Bearer {ada}" }, "save": { "next_key": "key" } }),
        ),
        step("old key", "GET", "/users/authenticated", keyed("{key}")),
        step("next key", "GET", "/users/authenticated", keyed("{next_key}")),
        step("refresh garbage", "POST", "/auth/token/refresh?refresh_token=x", none()),
        step("refresh nothing", "POST", "/auth/token/refresh", none()),
        step("refresh by access", "POST", "/auth/token/refresh?refresh_token={ada}", none()),
        step(
            "refresh",
            "POST",
            "/auth/token/refresh?refresh_token={refresh}",
            json!({ "save": { "next": "refresh_token", "ada": "access_token" } }),
        ),
        json!({ "do": "wait" }),
        step("reuse", "POST", "/auth/token/refresh?refresh_token={refresh}", none()),
        step("after reuse", "POST", "/auth/token/refresh?refresh_token={next}", none()),
        step("access after reuse", "GET", "/users/me", of("ada")),
        step("token again", "POST", "/auth/token", saving(who("ada@example.com", ""), "ada", "refresh")),
        json!({ "do": "disable", "who": "ada@example.com" }),
        step("disabled me", "GET", "/users/me", of("ada")),
        step("disabled token", "POST", "/auth/token", form(who("ada@example.com", ""))),
        step("delete nobody", "DELETE", "/admin/users/{nobody}", of("root")),
    ]);
    steps
}
