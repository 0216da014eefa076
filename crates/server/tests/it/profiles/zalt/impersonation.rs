//! `/admin/users/{id}/impersonate` and `/impersonation`

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{ADA, brief, get, login, parts, person, post, someone};
use crate::support::{Answer, PASSWORD, Person, TestApp};

const ROOT: &str = "root@example.com";
const SECRET: &str = "a-secret-of-the-api-0123456789abcdef";

async fn world() -> (TestApp, Person) {
    let admin = |email: &str| {
        format!("[[realm.user]]\nemail = \"{email}\"\npassword = \"{PASSWORD}\"\nroles = [\"realm-admin\"]\n")
    };
    let realm = "[[realm]]\nname = \"default\"\nprofile = \"zalt\"\n[[realm.role]]\nname = \"editor\"\n\
                 permissions = [\"notes:write\"]\n";
    let ada = format!("[[realm.user]]\nemail = \"{ADA}\"\npassword = \"{PASSWORD}\"\nroles = [\"editor\"]\n");
    let other = "[[realm]]\nname = \"acme\"\nprofile = \"zalt\"\n";
    let api = format!(
        "[[realm.client]]\nid = \"api\"\nsecret = \"{SECRET}\"\ngrants = [\"client_credentials\"]\nscopes = [\"notes:read\"]\n"
    );
    let file = format!("{realm}{api}{}{}{ada}{other}", admin(ROOT), admin("second@example.com"));
    let app = TestApp::with(&file).await;
    let root = someone(&login(&app, ROOT).await);
    (app, root)
}

async fn id_of(app: &TestApp, email: &str) -> String {
    someone(&login(app, email).await).id
}

async fn impersonate(app: &TestApp, who: &Person, id: &str, minutes: Option<u32>) -> Answer {
    let body = json!({"reason": "Ticket 7", "duration_minutes": minutes});
    post(app, who, &format!("/admin/users/{id}/impersonate"), body).await
}

/// Whoever has the token of an answer.
fn acting(answer: &Answer) -> Person {
    assert_eq!(answer.status, 200, "{answer:?}");
    let json = answer.json();
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{json}")).to_owned();
    assert!(json["tokens"]["refresh_token"].is_null());
    Person {
        id: text(&json["session"]["user_id"]),
        access_token: text(&json["tokens"]["access_token"]),
        refresh_token: String::new(),
    }
}

#[tokio::test]
async fn an_administrator_acts_in_the_place_of_a_user() {
    let (app, root) = world().await;
    let ada = id_of(&app, ADA).await;
    let begun = impersonate(&app, &root, &ada, Some(5)).await;
    let in_place = acting(&begun);
    assert_eq!(in_place.id, ada);
    let session = begun.json()["session"].clone();
    assert_eq!(
        (&session["impersonator_id"], &begun.json()["tokens"]["expires_in"]),
        (&json!(root.id), &json!(300))
    );
    let claims = parts(&in_place.access_token).1;
    assert_eq!(
        (&claims["sub"], &claims["act"], &claims["type"], &claims["impersonator_id"]),
        (&json!(ada), &json!({"sub": root.id}), &json!("impersonation"), &json!(root.id))
    );
    assert_eq!((&claims["impersonation_session_id"], &claims["sid"]), (&session["id"], &session["id"]));
    assert_eq!((&claims["iss"], &claims["permissions"]), (&json!("zalt.io"), &json!(["notes:write"])));
    assert_eq!((&claims["scope"], claims["amr"].is_null()), (&json!("openid profile email"), true));
    assert!(claims["restrictions"].as_array().unwrap().len() > 3);

    let status = async |who: &Person| get(&app, who, "/impersonation/status").await.json();
    assert_eq!(
        (&status(&in_place).await["is_impersonating"], &status(&in_place).await["data"]["session"]),
        (&json!(true), &session)
    );
    assert_eq!(
        (&status(&root).await["is_impersonating"], &status(&root).await["session"]),
        (&json!(false), &Value::Null)
    );
    let me = get(&app, &in_place, "/me").await.json();
    assert_eq!((&me["user"]["email"], &me["user"]["last_login"]), (&json!(ADA), &Value::Null));
    // The user sees it, and so does whoever reads the trail.
    let hers = someone(&login(&app, ADA).await);
    let listed = get(&app, &hers, "/sessions").await.json();
    let marked = |session: &&Value| session["impersonator_id"] == json!(root.id);
    assert_eq!(listed["sessions"].as_array().unwrap().iter().filter(marked).count(), 1, "{listed}");
    let activity = app.ask(&hers, Method::GET, "/api/v1/me/activity", None).await;
    assert!(String::from_utf8_lossy(&activity.body).contains("impersonation-begun"), "{activity:?}");

    assert_eq!(brief(&post(&app, &root, "/impersonation/end", json!({})).await), "400 NOT_IMPERSONATING");
    assert_eq!(post(&app, &in_place, "/impersonation/end", json!({})).await.status, 200);
    for path in ["/impersonation/status", "/me"] {
        assert_eq!(brief(&get(&app, &in_place, path).await), "401 INVALID_TOKEN", "{path}");
    }
    let trail = app.ask(&root, Method::GET, "/api/v1/admin/audit?limit=100", None).await.json();
    for event in ["impersonation-begun", "impersonation-ended"] {
        let found = trail["events"].as_array().unwrap().iter().find(|one| one["event"] == event);
        let found = found.unwrap_or_else(|| panic!("{event}: {trail}"));
        assert_eq!(
            (&found["actor"], &found["user"]),
            (&json!(format!("user:{}", root.id)), &json!(ada)),
            "{found}"
        );
    }
}

/// It opens nothing of the account, at this door or at any other.
#[tokio::test]
async fn mf_06_nothing_of_the_account_is_changed_in_the_place_of_its_owner() {
    const OPEN: [&str; 5] = ["/me", "/auth/me", "/users/me", "/impersonation/end", "/impersonation/status"];
    let (app, root) = world().await;
    let ada = id_of(&app, ADA).await;
    let in_place = acting(&impersonate(&app, &root, &ada, None).await);
    let mut closed = 0;
    for (method, path, _) in gatepost_server::testing::zalt_served() {
        let method: Method = method.parse().unwrap();
        let path = path.replace("{realm}", "default");
        let path = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        let body = (method != Method::GET).then(|| json!({}));
        if OPEN.contains(&&*path)
            || app.send(crate::support::request(method.clone(), &path, None, body.clone())).await.status
                != 401
        {
            continue;
        }
        let answer = app.ask(&in_place, method.clone(), &path, body).await;
        let flat = path.starts_with("/v1/admin/organizations") || path.starts_with("/v1/admin/roles");
        let expected = if flat { "403 FORBIDDEN" } else { "403 IMPERSONATION_RESTRICTED" };
        assert_eq!(brief(&answer), expected, "{method} {path}");
        closed += 1;
    }
    assert!(closed > 60, "{closed}");
    for (method, path) in [
        (Method::GET, "/api/v1/me"),
        (Method::PATCH, "/api/v1/me"),
        (Method::GET, "/api/v1/me/mfa"),
        (Method::POST, "/api/v1/me/api-keys"),
        (Method::POST, "/api/v1/me/mfa/totp"),
        (Method::GET, "/api/v1/admin/users"),
    ] {
        let body = (method != Method::GET).then(|| json!({}));
        let answer = app.ask(&in_place, method.clone(), path, body).await;
        assert_eq!(answer.brief(), "401 invalid_token", "{method} {path}");
    }
    let native = app
        .send(crate::support::request(
            Method::GET,
            "/api/auth/get-session",
            Some(&in_place.access_token),
            None,
        ))
        .await;
    assert!(!String::from_utf8_lossy(&native.body).contains(ADA), "{native:?}");
}

/// AD-01: nobody acts for whoever may as much, and nobody without having just proved who they are.
#[tokio::test]
async fn ad_01_nobody_acts_for_administrators_or_without_being_one() {
    let (app, root) = world().await;
    let (ada, eve) = (id_of(&app, ADA).await, person(&app, "eve@example.com").await);
    let second = id_of(&app, "second@example.com").await;
    assert_eq!(brief(&impersonate(&app, &eve, &ada, None).await), "403 FORBIDDEN");
    for admin in [&second, &root.id.clone()] {
        assert_eq!(brief(&impersonate(&app, &root, admin, None).await), "403 FORBIDDEN", "{admin}");
    }
    for nobody in ["x", "usr_00000000000000000000000000"] {
        assert_eq!(brief(&impersonate(&app, &root, nobody, None).await), "404 USER_NOT_FOUND");
    }
    assert_eq!(brief(&impersonate(&app, &root, &ada, Some(0)).await), "400 INVALID_REQUEST");
    let path = format!("/admin/users/{ada}/impersonate");
    for body in [json!({}), json!({"reason": ""}), json!({"reason": "a\u{0}b"})] {
        assert_eq!(brief(&post(&app, &root, &path, body).await), "400 INVALID_REQUEST");
    }
    let suspend = format!("/v1/admin/users/{}/suspend", eve.id);
    assert_eq!(post(&app, &root, &suspend, json!({})).await.status, 200);
    assert_eq!(brief(&impersonate(&app, &root, &eve.id, None).await), "403 FORBIDDEN", "disabled");
    // Whoever acts for somebody does not go on to act for the next.
    let in_place = acting(&impersonate(&app, &root, &ada, None).await);
    assert_eq!(brief(&impersonate(&app, &in_place, &ada, None).await), "403 IMPERSONATION_RESTRICTED");
    let trail = app.ask(&root, Method::GET, "/api/v1/admin/audit?limit=100", None).await.json();
    assert!(trail.to_string().contains("impersonation-refused"), "{trail}");

    app.advance(Duration::from_mins(10));
    let stale = impersonate(&app, &root, &ada, None).await;
    assert_eq!(brief(&stale), "403 REVERIFICATION_REQUIRED");
    assert_eq!(stale.json()["error"]["required_level"], json!("password"));
    let again = post(&app, &root, "/reverify/password", json!({"password": PASSWORD})).await;
    assert_eq!(again.status, 200, "{again:?}");
    assert_eq!(impersonate(&app, &root, &ada, None).await.status, 200);
}

/// It is as short as an access token, and ends with what it lives by.
#[tokio::test]
async fn it_ends_with_its_time_and_with_either_of_the_two() {
    let (app, root) = world().await;
    let ada = id_of(&app, ADA).await;
    let long = impersonate(&app, &root, &ada, Some(600)).await;
    assert_eq!(long.json()["tokens"]["expires_in"], json!(900));
    let in_place = acting(&long);
    let active = async |who: &Person| get(&app, who, "/impersonation/status").await.status == 200;
    app.advance(Duration::from_secs(899));
    assert!(active(&in_place).await);
    app.advance(Duration::from_secs(1));
    assert!(!active(&in_place).await);

    let root = someone(&login(&app, ROOT).await);
    let second = someone(&login(&app, "second@example.com").await);
    // The user signs out everywhere.
    let in_place = acting(&impersonate(&app, &root, &ada, None).await);
    let hers = someone(&login(&app, ADA).await);
    post(&app, &hers, "/logout", json!({"logout_all": true})).await;
    assert!(!active(&in_place).await);
    // The administrator does, is an administrator no more, or is disabled.
    app.advance(Duration::from_secs(1));
    let in_place = acting(&impersonate(&app, &root, &ada, None).await);
    app.advance(Duration::from_secs(1));
    post(&app, &root, "/logout", json!({"logout_all": true})).await;
    assert!(!active(&in_place).await);
    app.advance(Duration::from_secs(1));
    let root = someone(&login(&app, ROOT).await);
    let in_place = acting(&impersonate(&app, &root, &ada, None).await);
    assert!(active(&in_place).await);
    let demoted = json!({"roles": []});
    let path = format!("/api/v1/admin/users/{}", root.id);
    assert_eq!(app.ask(&second, Method::PATCH, &path, Some(demoted)).await.status, 200);
    assert!(!active(&in_place).await);
    // A realm knows nothing of another's.
    let elsewhere = app.ask(&second, Method::GET, "/r/acme/impersonation/status", None).await;
    assert_eq!(brief(&elsewhere), "401 INVALID_TOKEN");
}

/// Whether an API that asks is told that the token is good.
async fn introspected(app: &TestApp, token: &str) -> bool {
    let pair = BASE64.encode(format!("api:{SECRET}").as_bytes());
    let request = Request::post("/oauth/introspect")
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::AUTHORIZATION, format!("Basic {pair}"));
    let answer = app.send(request.body(Body::from(format!("token={token}"))).unwrap()).await;
    answer.json()["active"].as_bool().unwrap_or_else(|| panic!("{answer:?}"))
}

/// SE-07: the session of the administrator in which it began ends in whatever way, or their right to it does for a moment, or the user
/// is an administrator for one: it is over at once and wherever one looks, and nothing brings it back.
#[tokio::test]
async fn se_07_it_ends_for_good_with_the_session_it_began_in_and_with_the_right_to_it() {
    const NEW: &str = "another engine weaves algebra";
    const WAYS: [&str; 9] = [
        "signed out",
        "ended by id",
        "ended with the others",
        "another password",
        "another password in another session",
        "role",
        "disabled",
        "promoted",
        "expired",
    ];
    for way in WAYS {
        let (app, root) = world().await;
        let ada = id_of(&app, ADA).await;
        app.advance(Duration::from_secs(1));
        let other = someone(&login(&app, ROOT).await);
        let second = someone(&login(&app, "second@example.com").await);
        let in_place = acting(&impersonate(&app, &root, &ada, None).await);
        let (kept, hers) = (impersonate(&app, &second, &ada, None).await, someone(&login(&app, ADA).await));
        let kept = acting(&kept);
        let token = in_place.access_token.clone();
        assert!(introspected(&app, &token).await, "{way}");
        assert_eq!(get(&app, &in_place, "/me").await.status, 200, "{way}");
        app.advance(Duration::from_secs(1));
        let done = |answer: Answer| assert!(answer.status.is_success(), "{way}: {answer:?}");
        let set = async |id: &str, body: Value| {
            let path = format!("/api/v1/admin/users/{id}");
            done(app.ask(&second, Method::PATCH, &path, Some(body)).await);
        };
        match way {
            "signed out" => done(post(&app, &root, "/logout", json!({})).await),
            "ended by id" => {
                let sid = parts(&root.access_token).1["sid"].as_str().unwrap().to_owned();
                done(app.ask(&other, Method::DELETE, &format!("/sessions/{sid}"), None).await);
            }
            "ended with the others" => done(app.ask(&other, Method::DELETE, "/sessions", None).await),
            "another password" | "another password in another session" => {
                let who = if way == "another password" { &root } else { &other };
                let body = json!({"current_password": PASSWORD, "new_password": NEW});
                done(app.ask(who, Method::POST, "/api/v1/me/password", Some(body)).await);
            }
            "role" => {
                set(&root.id, json!({"roles": []})).await;
                assert!(!introspected(&app, &token).await, "{way}");
                set(&root.id, json!({"roles": ["realm-admin"]})).await;
            }
            "disabled" => {
                set(&root.id, json!({"disabled": true})).await;
                assert!(!introspected(&app, &token).await, "{way}");
                set(&root.id, json!({"disabled": false})).await;
            }
            "promoted" => {
                set(&ada, json!({"roles": ["realm-admin"]})).await;
                assert!(!introspected(&app, &token).await, "{way}");
                set(&ada, json!({"roles": ["editor"]})).await;
            }
            _ => {
                let file =
                    "UPDATE sessions SET idle_expires_at = created_at + 1 WHERE impersonator_id IS NULL";
                app.execute(file).await;
            }
        }
        assert!(!introspected(&app, &token).await, "{way}");
        for path in ["/me", "/impersonation/status"] {
            assert_eq!(brief(&get(&app, &in_place, path).await), "401 INVALID_TOKEN", "{way} {path}");
        }
        if way == "expired" {
            continue;
        }
        // The user sees it no more, and what another administrator does goes on, but where the user was one.
        let listed = get(&app, &hers, "/sessions").await.json();
        let marked = |session: &&Value| session["impersonator_id"] == json!(root.id);
        assert_eq!(
            listed["sessions"].as_array().unwrap().iter().filter(marked).count(),
            0,
            "{way}: {listed}"
        );
        assert_eq!(introspected(&app, &kept.access_token).await, way != "promoted", "{way}");
    }
}
