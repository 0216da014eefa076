use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{ADA, Client, ada, bearer};
use crate::support::{Answer, PASSWORD, TestApp};

const ROOT: &str = "admin@example.com";

/// The administrator of the default realm.
async fn root(app: &TestApp) -> Client<'_> {
    app.admin().await;
    let client = Client::new(app);
    client.sign_in(ROOT).await;
    client
}

/// Ada, who is an editor, beside the administrator.
async fn with_editor(permissions: &str) -> TestApp {
    TestApp::with(&format!(
        "[[realm]]\nname = \"default\"\n[[realm.role]]\nname = \"editor\"\npermissions = [{permissions}]\n\
         [[realm.user]]\nemail = \"{ADA}\"\npassword = \"{PASSWORD}\"\nroles = [\"editor\"]\n\
         [[realm.user]]\nemail = \"{ROOT}\"\npassword = \"{PASSWORD}\"\nroles = [\"realm-admin\"]\n"
    ))
    .await
}

async fn id_of(client: &Client<'_>) -> String {
    client.get("/get-session").await.json()["user"]["id"].as_str().unwrap().to_owned()
}

fn ok(answer: &Answer) -> Value {
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn an_account_is_made_shown_and_removed() {
    let app = TestApp::new().await;
    let admin = root(&app).await;
    let body = json!({
        "email": "Grace@Example.com", "name": "Grace", "password": PASSWORD,
        "data": {"username": "grace", "image": "https://example.com/g.png", "emailVerified": true},
    });
    let made = ok(&admin.post("/admin/create-user", body).await);
    let user = &made["user"];
    assert_eq!(
        (&user["email"], &user["username"], &user["image"]),
        (&json!("grace@example.com"), &json!("grace"), &json!("https://example.com/g.png"))
    );
    assert_eq!(
        (&user["role"], &user["banned"], &user["emailVerified"]),
        (&json!("user"), &json!(false), &json!(true))
    );
    let id = user["id"].as_str().unwrap();
    assert_eq!(ok(&admin.get(&format!("/admin/get-user?id={id}")).await), *user);
    let grace = Client::new(&app);
    grace.sign_in("grace@example.com").await;
    let taken = json!({"email": "grace@example.com", "name": "Another"});
    let again = admin.post("/admin/create-user", taken).await;
    assert_eq!(again.brief(), "400 USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL");

    let nameless = json!({"email": "nina@example.com", "name": "", "role": ["user", "admin"]});
    let nina = ok(&admin.post("/admin/create-user", nameless).await)["user"].clone();
    assert_eq!((&nina["role"], &nina["name"]), (&json!("admin"), &json!("")));
    for (change, code) in [
        (json!({"email": "nope"}), "400 INVALID_EMAIL"),
        (json!({"email": 5}), "400 VALIDATION_ERROR"),
        (json!({"password": "short"}), "400 PASSWORD_TOO_SHORT"),
        (json!({"password": "x y".repeat(43)}), "400 PASSWORD_TOO_LONG"),
        (json!({"role": "owner"}), "400 YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE"),
        (json!({"role": 5}), "400 VALIDATION_ERROR"),
        (json!({"data": {"plan": "gold"}}), "400 VALIDATION_ERROR"),
        (json!({"data": {"banned": true}}), "400 VALIDATION_ERROR"),
        (json!({"data": 5}), "400 VALIDATION_ERROR"),
    ] {
        let mut body = json!({"email": "eve@example.com", "name": "Eve"});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = admin.post("/admin/create-user", body).await;
        assert_eq!(answer.brief(), code, "{change}: {answer:?}");
    }

    let own = admin.post("/admin/remove-user", json!({"userId": id_of(&admin).await})).await;
    assert_eq!(own.brief(), "400 YOU_CANNOT_REMOVE_YOURSELF");
    assert_eq!(ok(&admin.post("/admin/remove-user", json!({"userId": id})).await), json!({"success": true}));
    assert_eq!(grace.email().await, None);
    for id in [id, "usr_00000000000000000000000000", "nobody"] {
        assert_eq!(admin.get(&format!("/admin/get-user?id={id}")).await.brief(), "404 USER_NOT_FOUND");
        let gone = admin.post("/admin/remove-user", json!({"userId": id})).await;
        assert_eq!(gone.brief(), "404 USER_NOT_FOUND");
    }
    assert_eq!(admin.get("/admin/get-user").await.brief(), "400 VALIDATION_ERROR");
}

/// What each endpoint says to somebody who may not, and to nobody.
#[tokio::test]
async fn ad_01_only_an_administrator_of_the_realm_may() {
    let app = TestApp::with("[[realm]]\nname = \"acme\"\n").await;
    let (admin, eve) = (root(&app).await, ada(&app).await);
    let id = id_of(&admin).await;
    let user = json!({"userId": id});
    let there = Client::under(&app, "/r/acme");
    there.sign_up(ADA).await;
    for (path, body, code) in [
        ("/admin/list-users", None, "LIST_USERS"),
        ("/admin/get-user?id=x", None, "GET_USER"),
        ("/admin/create-user", Some(json!({"email": "x@example.com", "name": "x"})), "CREATE_USERS"),
        ("/admin/update-user", Some(json!({"userId": id, "data": {"name": "x"}})), "UPDATE_USERS"),
        ("/admin/set-role", Some(json!({"userId": id, "role": "user"})), "CHANGE_USERS_ROLE"),
        (
            "/admin/set-user-password",
            Some(json!({"userId": id, "newPassword": PASSWORD})),
            "SET_USERS_PASSWORD",
        ),
        ("/admin/ban-user", Some(user.clone()), "BAN_USERS"),
        ("/admin/unban-user", Some(user.clone()), "BAN_USERS"),
        ("/admin/list-user-sessions", Some(user.clone()), "LIST_USERS_SESSIONS"),
        ("/admin/revoke-user-session", Some(json!({"sessionToken": "x"})), "REVOKE_USERS_SESSIONS"),
        ("/admin/revoke-user-sessions", Some(user.clone()), "REVOKE_USERS_SESSIONS"),
        ("/admin/remove-user", Some(user), "DELETE_USERS"),
    ] {
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let ask = async |client: &Client<'_>| {
            client.ask(method.clone(), path, body.clone(), &[("origin", super::OURS)]).await
        };
        for client in [&eve, &there] {
            assert_eq!(ask(client).await.brief(), format!("403 YOU_ARE_NOT_ALLOWED_TO_{code}"), "{path}");
        }
        let nobody = ask(&Client::new(&app)).await;
        assert_eq!((nobody.status.as_u16(), nobody.body.len()), (401, 0), "{path}");
    }
    assert_eq!(admin.email().await.as_deref(), Some(ROOT), "nothing has happened");
    // A session of one realm is none in another, and an administrator there none here.
    let token = eve.cookie(super::COOKIE).unwrap();
    let elsewhere = Client::under(&app, "/r/acme");
    let headers = [("authorization", format!("Bearer {token}"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(elsewhere.ask(Method::GET, "/admin/list-users", None, &headers).await.status, 401);
}

#[tokio::test]
async fn an_administrator_turns_the_pages_of_the_users() {
    let app = TestApp::with("[[realm]]\nname = \"acme\"\n").await;
    let admin = root(&app).await;
    for (n, name) in ["Bea", "cleo", "Ann_a"].iter().enumerate() {
        app.advance(Duration::from_secs(1));
        let email = format!("{}{n}@example.com", name.to_lowercase());
        ok(&admin
            .post("/admin/create-user", json!({"email": email, "name": name, "password": PASSWORD}))
            .await);
    }
    Client::under(&app, "/r/acme").sign_up("elsewhere@example.com").await;
    let list = async |query: &str| {
        let answer = ok(&admin.get(&format!("/admin/list-users{query}")).await);
        let users = answer["users"].as_array().unwrap().clone();
        let names = users.iter().map(|user| user["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        (names.join(" "), answer["total"].as_u64().unwrap())
    };
    let of = |names: &str, total| (names.to_owned(), total);
    assert_eq!(list("").await, of(" Bea cleo Ann_a", 4));
    assert_eq!(list("?limit=2&offset=1").await, of("Bea cleo", 4));
    assert_eq!(list("?sortBy=createdAt&sortDirection=desc&limit=2").await, of("Ann_a cleo", 4));
    assert_eq!(list("?sortBy=name&sortDirection=asc").await, of(" Ann_a Bea cleo", 4));
    assert_eq!(list("?sortBy=email&sortDirection=desc&limit=1").await, of("cleo", 4));
    assert_eq!(list("?searchValue=CLEO").await, of("cleo", 1));
    assert_eq!(list("?searchValue=e&searchField=name").await, of("Bea cleo", 2));
    assert_eq!(list("?searchValue=be&searchField=name&searchOperator=starts_with").await, of("Bea", 1));
    assert_eq!(list("?searchValue=0@example.com&searchOperator=ends_with").await, of("Bea", 1));
    assert_eq!(list("?searchValue=_&searchField=name").await, of("Ann_a", 1));
    assert_eq!(list("?searchValue=%25").await, of("", 0));
    assert_eq!(list("?filterField=role&filterValue=admin").await, of("", 1));
    assert_eq!(list("?filterField=role&filterValue=admin&filterOperator=ne&limit=1").await, of("Bea", 3));
    assert_eq!(list("?filterField=role&filterValue=user&limit=1").await, of("Bea", 3));
    assert_eq!(list("?filterField=banned&filterValue=true").await, of("", 0));
    assert_eq!(list("?filterField=emailVerified&filterValue=false&filterOperator=ne&limit=1").await.1, 0);
    assert_eq!(list("?filterField=name&filterValue=bea").await, of("Bea", 1));
    assert_eq!(list("?filterValue=bea0@example.com&searchValue=cleo").await, of("", 0), "both");
    let bea = ok(&admin.get("/admin/list-users?searchValue=bea").await)["users"][0]["id"].clone();
    assert_eq!(list(&format!("?filterField=id&filterValue={}", bea.as_str().unwrap())).await, of("Bea", 1));
    let page = ok(&admin.get("/admin/list-users?limit=1&offset=0").await);
    assert_eq!((&page["limit"], page.get("offset")), (&json!(1), None), "as the contract has it");
    assert_eq!(ok(&admin.get("/admin/list-users?limit=1&offset=3").await)["offset"], 3);

    // AD-03: what cannot be is refused, and not answered with something else.
    for query in [
        "limit=0",
        "limit=101",
        "limit=1000000000",
        "limit=x",
        "offset=-1",
        "sortBy=password",
        "sortBy=id%3B%20DROP%20TABLE%20users",
        "sortDirection=up",
        "searchField=password",
        "searchOperator=matches",
        "searchValue=%00",
        "filterField=password&filterValue=x",
        "filterField=banned&filterValue=perhaps",
        "filterField=role&filterValue=owner",
        "filterField=createdAt&filterOperator=gt&filterValue=2026-01-01",
        "filterField=email&filterOperator=in&filterValue=x",
    ] {
        let refused = admin.get(&format!("/admin/list-users?{query}")).await;
        assert_eq!(refused.brief(), "400 VALIDATION_ERROR", "{query}: {refused:?}");
    }
}

#[tokio::test]
async fn an_account_is_changed_member_by_member() {
    let app = TestApp::new().await;
    let (admin, client) = (root(&app).await, ada(&app).await);
    let id = id_of(&client).await;
    let update =
        async |data: Value| admin.post("/admin/update-user", json!({"userId": id, "data": data})).await;
    let data = json!({"name": "Ada L", "image": "https://example.com/a.png", "username": "ada", "emailVerified": true});
    let user = ok(&update(data).await);
    assert_eq!((&user["name"], &user["username"]), (&json!("Ada L"), &json!("ada")));
    assert_eq!((&user["image"], &user["emailVerified"]), (&json!("https://example.com/a.png"), &json!(true)));
    let user = ok(&update(json!({"image": null, "name": ""})).await);
    assert_eq!((user.get("image"), &user["name"], &user["username"]), (None, &json!(""), &json!("ada")));
    // Another address is as verified as is said.
    let user = ok(&update(json!({"email": "Countess@Example.com"})).await);
    assert_eq!((&user["email"], &user["emailVerified"]), (&json!("countess@example.com"), &json!(false)));
    let subjects = app.subjects(ADA).await;
    assert!(!subjects.is_empty(), "the owner is told at the address before");
    assert_eq!(ok(&update(json!({"role": "admin"})).await)["role"], "admin");
    assert_eq!(ok(&update(json!({"role": ["user"], "banned": true})).await)["banned"], true);
    assert_eq!(client.email().await, None);
    assert_eq!(ok(&update(json!({"banned": false})).await)["role"], "user");
    for (data, code) in [
        (json!({}), "400 NO_DATA_TO_UPDATE"),
        (json!({"password": PASSWORD}), "400 PASSWORD_CANNOT_BE_UPDATED_VIA_UPDATE_USER"),
        (json!({"id": "x"}), "400 USER_ID_CANNOT_BE_UPDATED"),
        (json!({"email": "nope"}), "400 INVALID_EMAIL"),
        (json!({"email": ROOT}), "400 USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"),
        (json!({"username": "a b"}), "400 INVALID_USERNAME"),
        (json!({"image": "x".repeat(500)}), "400 VALIDATION_ERROR"),
        (json!({"plan": "gold"}), "400 VALIDATION_ERROR"),
        (json!({"banReason": "spam"}), "400 VALIDATION_ERROR"),
        (json!({"role": "editor"}), "400 YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE"),
        (json!("x"), "400 VALIDATION_ERROR"),
    ] {
        assert_eq!(update(data.clone()).await.brief(), code, "{data}");
    }
    let own = json!({"userId": id_of(&admin).await, "data": {"banned": true}});
    assert_eq!(admin.post("/admin/update-user", own).await.brief(), "400 YOU_CANNOT_BAN_YOURSELF");
    let unknown = json!({"userId": "nobody", "data": {"name": "x"}});
    assert_eq!(admin.post("/admin/update-user", unknown).await.brief(), "404 USER_NOT_FOUND");
}

#[tokio::test]
async fn the_role_of_administrators_is_given_and_taken() {
    let app = with_editor("").await;
    let (admin, client) = (Client::new(&app), Client::new(&app));
    admin.sign_in(ROOT).await;
    client.sign_in(ADA).await;
    let id = id_of(&client).await;
    let set = async |id: &str, role: Value| {
        admin.post("/admin/set-role", json!({"userId": id, "role": role})).await
    };
    assert_eq!(
        client.get("/get-session").await.json()["user"]["role"],
        "user",
        "roles of the realm's own are not of the contract"
    );
    assert_eq!(ok(&set(&id, json!("admin")).await)["user"]["role"], "admin");
    assert_eq!(client.get("/get-session").await.json()["user"]["role"], "admin");
    assert_eq!(client.get("/admin/list-users").await.status, 200, "at once");
    assert_eq!(ok(&set(&id, json!(["user"])).await)["user"]["role"], "user");
    assert_eq!(client.get("/admin/list-users").await.status, 403, "and at once no more");
    let native = app.sign_in(ROOT).await;
    let shown = app.ask(&native, Method::GET, &format!("/api/v1/admin/users/{id}"), None).await.json();
    assert_eq!(shown["roles"], json!(["editor"]), "what else she is stays");
    let trail =
        app.ask(&native, Method::GET, "/api/v1/admin/audit?event=user-roles-changed", None).await.json();
    assert_eq!(trail["events"].as_array().unwrap().len(), 2);
    for role in [json!("editor"), json!("realm-admin"), json!(["admin", "editor"])] {
        let refused = set(&id, role.clone()).await;
        assert_eq!(refused.brief(), "400 YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE", "{role}");
    }
    for role in [Value::Null, json!(7), json!([]), json!([7])] {
        assert_eq!(set(&id, role.clone()).await.brief(), "400 VALIDATION_ERROR", "{role}");
    }
    assert_eq!(set("nobody", json!("user")).await.brief(), "404 USER_NOT_FOUND");
    // AD-02: the last one stays.
    let own = id_of(&admin).await;
    assert_eq!(set(&own, json!("user")).await.brief(), "409 LAST_ADMINISTRATOR");
}

#[tokio::test]
async fn a_password_that_is_set_ends_every_session() {
    let app = TestApp::new().await;
    let (admin, client) = (root(&app).await, ada(&app).await);
    let id = id_of(&client).await;
    let set = async |id: &str, password: &str| {
        admin.post("/admin/set-user-password", json!({"userId": id, "newPassword": password})).await
    };
    for (password, code) in [
        ("", "400 VALIDATION_ERROR"),
        ("short", "400 PASSWORD_TOO_SHORT"),
        ("correct horse battery staple", "400 PASSWORD_COMPROMISED"),
        ("ada@example.com", "400 PASSWORD_COMPROMISED"),
    ] {
        assert_eq!(set(&id, password).await.brief(), code, "{password}");
    }
    assert_eq!(client.email().await.as_deref(), Some(ADA));
    let new = "another engine weaves";
    assert_eq!(ok(&set(&id, new).await), json!({"status": true}));
    assert_eq!(client.email().await, None);
    let old = client.post("/sign-in/email", json!({"email": ADA, "password": PASSWORD})).await;
    assert_eq!(old.brief(), "401 INVALID_EMAIL_OR_PASSWORD");
    ok(&client.post("/sign-in/email", json!({"email": ADA, "password": new})).await);
    assert!(!app.subjects(ADA).await.is_empty(), "its owner is told");
    assert_eq!(set("nobody", new).await.brief(), "404 USER_NOT_FOUND");
}

/// SE-07: at once, at every door; and what the administrator said of it is in the trail.
#[tokio::test]
async fn somebody_who_is_banned_is_out_at_once() {
    let app = TestApp::new().await;
    let (admin, client) = (root(&app).await, ada(&app).await);
    let (id, token) = (id_of(&client).await, client.sign_in(ADA).await.text("token"));
    let native = app.sign_in(ADA).await;
    let banned = ok(&admin.post("/admin/ban-user", json!({"userId": id, "banReason": "sends spam"})).await);
    assert_eq!((&banned["user"]["banned"], &banned["user"]["id"]), (&json!(true), &json!(id)));
    assert_eq!((client.email().await, bearer(&app, &token).await), (None, None));
    assert_eq!(app.ask(&native, Method::GET, "/api/v1/me", None).await.brief(), "401 invalid_token");
    // Nobody is told that an account is disabled.
    let refused = client.post("/sign-in/email", json!({"email": ADA, "password": PASSWORD})).await;
    assert_eq!(refused.brief(), "401 INVALID_EMAIL_OR_PASSWORD");
    let native = app.sign_in(ROOT).await;
    let trail = app.ask(&native, Method::GET, "/api/v1/admin/audit?event=user-disabled", None).await.json();
    assert_eq!(trail["events"][0]["detail"]["reason"], "sends spam");
    for (body, code) in [
        (json!({"userId": id, "banExpiresIn": 60}), "400 VALIDATION_ERROR"),
        (json!({"userId": id, "banReason": "x".repeat(201)}), "400 VALIDATION_ERROR"),
        (json!({"userId": id, "banReason": 7}), "400 VALIDATION_ERROR"),
        (json!({"userId": "nobody"}), "404 USER_NOT_FOUND"),
        (json!({"userId": id_of(&admin).await}), "400 YOU_CANNOT_BAN_YOURSELF"),
    ] {
        assert_eq!(admin.post("/admin/ban-user", body.clone()).await.brief(), code, "{body}");
    }
    let free = ok(&admin.post("/admin/unban-user", json!({"userId": id})).await);
    assert_eq!(free["user"]["banned"], false);
    client.sign_in(ADA).await;
    assert_eq!(
        admin.post("/admin/unban-user", json!({"userId": "nobody"})).await.brief(),
        "404 USER_NOT_FOUND"
    );
}

/// What is listed ends sessions, and signs nobody in.
#[tokio::test]
async fn sessions_of_others_are_listed_and_ended() {
    let app = TestApp::with("[[realm]]\nname = \"acme\"\n").await;
    let (admin, client) = (root(&app).await, ada(&app).await);
    let id = id_of(&client).await;
    app.advance(Duration::from_secs(1));
    let other = Client::new(&app);
    let token = other.sign_in(ADA).await.text("token");
    let listed =
        ok(&admin.post("/admin/list-user-sessions", json!({"userId": id})).await)["sessions"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(listed[0]["userId"], json!(id));
    for session in listed.as_array().unwrap() {
        assert_eq!(bearer(&app, session["token"].as_str().unwrap()).await, None);
    }
    let end = async |named: &Value| {
        ok(&admin.post("/admin/revoke-user-session", json!({"sessionToken": named})).await)
    };
    assert_eq!(end(&json!("nobody's")).await, json!({"success": true}));
    assert_eq!(end(&listed[0]["token"]).await, json!({"success": true}));
    assert_eq!((client.email().await, other.email().await.as_deref()), (None, Some(ADA)));
    assert_eq!(end(&json!(token)).await, json!({"success": true}));
    assert_eq!(other.email().await, None);
    client.sign_in(ADA).await;
    other.sign_in(ADA).await;
    let ended = admin.post("/admin/revoke-user-sessions", json!({"userId": id})).await;
    assert_eq!(ok(&ended), json!({"success": true}));
    assert_eq!((client.email().await, other.email().await), (None, None));
    for path in ["/admin/list-user-sessions", "/admin/revoke-user-sessions"] {
        assert_eq!(admin.post(path, json!({"userId": "nobody"})).await.status, 200, "{path}");
        assert_eq!(admin.post(path, json!({})).await.brief(), "400 VALIDATION_ERROR", "{path}");
    }
    assert_eq!(admin.post("/admin/revoke-user-session", json!({})).await.brief(), "400 VALIDATION_ERROR");

    // Those of another realm are none of theirs.
    let there = Client::under(&app, "/r/acme");
    let token = there.sign_up(ADA).await.text("token");
    let session = there.get("/get-session").await.json()["session"].clone();
    for named in [&json!(token), &session["id"]] {
        end(named).await;
    }
    let elsewhere = ok(&admin.post("/admin/list-user-sessions", json!({"userId": session["userId"]})).await);
    assert_eq!((elsewhere, there.email().await.as_deref()), (json!({"sessions": []}), Some(ADA)));
    let own = admin.get("/get-session").await.json()["session"]["id"].clone();
    end(&own).await;
    assert_eq!(admin.email().await, None);
}

#[tokio::test]
async fn what_somebody_may_do_is_told_to_them() {
    let app = with_editor("\"notes:*\", \"user:list\"").await;
    let (admin, client) = (Client::new(&app), Client::new(&app));
    admin.sign_in(ROOT).await;
    client.sign_in(ADA).await;
    let asks = async |client: &Client<'_>, permissions: Value| {
        let body = json!({"permissions": permissions, "userId": "usr_x", "role": "admin"});
        let answer = ok(&client.post("/admin/has-permission", body).await);
        assert_eq!(answer["error"], Value::Null);
        answer["success"].as_bool().unwrap()
    };
    for (permissions, of_admin, of_editor) in [
        (json!({"user": ["create", "ban"], "session": ["revoke"]}), true, false),
        (json!({"user": ["impersonate"]}), true, false),
        (json!({"user": ["impersonate-admins"]}), false, false),
        (json!({"user": ["list"]}), true, false),
        (json!({"notes": ["write"]}), false, true),
        (json!({"notes": ["write"], "user": ["list"]}), false, false),
        (json!({"notes": ["*"]}), false, true),
        (json!({"Not a name": ["x"]}), false, false),
        (json!({"user": []}), false, false),
        (json!({}), false, false),
    ] {
        assert_eq!(asks(&admin, permissions.clone()).await, of_admin, "{permissions}");
        assert_eq!(asks(&client, permissions.clone()).await, of_editor, "{permissions}");
    }
    for body in [json!({}), json!({"permissions": {"user": "create"}}), json!({"permissions": null})] {
        assert_eq!(
            client.post("/admin/has-permission", body.clone()).await.brief(),
            "400 VALIDATION_ERROR",
            "{body}"
        );
    }
    let singular = client.post("/admin/has-permission", json!({"permission": {"user": ["create"]}})).await;
    assert_eq!(singular.brief(), "400");
    let nobody =
        Client::new(&app).post("/admin/has-permission", json!({"permissions": {"user": ["create"]}})).await;
    assert_eq!((nobody.status.as_u16(), nobody.body.len()), (401, 0));
}
