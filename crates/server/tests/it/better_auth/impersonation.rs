//! Administrators who act in the place of a user, in their own browser.

use std::{collections::BTreeSet, time::Duration};

use axum::http::{Method, StatusCode};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::{ADA, COOKIE, Client, OURS, bearer};
use crate::support::{Answer, PASSWORD, TestApp};

const ROOT: &str = "root@example.com";
const OWN: &str = "better-auth.admin_session";
const SEVERAL: &str = "multi_session = true";

/// Two administrators and Ada, who is an editor; `lines` more of the realm's settings.
async fn world(lines: &str) -> TestApp {
    let person = |email: &str, role: &str| {
        format!("[[realm.user]]\nemail = \"{email}\"\npassword = \"{PASSWORD}\"\nroles = [\"{role}\"]\n")
    };
    let role = "[[realm.role]]\nname = \"editor\"\npermissions = [\"notes:write\"]\n";
    let people = [(ROOT, "realm-admin"), ("second@example.com", "realm-admin"), (ADA, "editor")];
    let people = people.map(|(email, role)| person(email, role)).concat();
    let realm = format!("[[realm]]\nname = \"default\"\n{lines}\n{role}{people}[[realm]]\nname = \"acme\"\n");
    TestApp::with(&realm).await
}

async fn signed_in<'a>(app: &'a TestApp, email: &str) -> Client<'a> {
    let client = Client::new(app);
    client.sign_in(email).await;
    client
}

async fn id_of(client: &Client<'_>) -> String {
    client.get("/get-session").await.json()["user"]["id"].as_str().unwrap().to_owned()
}

async fn impersonate(client: &Client<'_>, id: &str) -> Answer {
    client.post("/admin/impersonate-user", json!({"userId": id})).await
}

async fn stop(client: &Client<'_>) -> Answer {
    client.post("/admin/stop-impersonating", json!({})).await
}

/// An administrator who acts in the place of Ada, and Ada's id.
async fn acting(app: &TestApp) -> (Client<'_>, String) {
    let (root, ada) = (signed_in(app, ROOT).await, id_of(&signed_in(app, ADA).await).await);
    let begun = impersonate(&root, &ada).await;
    assert_eq!(begun.status, StatusCode::OK, "{begun:?}");
    assert_eq!(root.email().await.as_deref(), Some(ADA));
    (root, ada)
}

fn payload(token: &str) -> Value {
    let payload = BASE64URL_NOPAD.decode(token.split('.').nth(1).unwrap().as_bytes()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

async fn trail(app: &TestApp) -> Vec<Value> {
    let second = app.sign_in("second@example.com").await;
    let found = app.ask(&second, Method::GET, "/api/v1/admin/audit?limit=100", None).await.json();
    found["events"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_administrator_acts_in_the_place_of_a_user_and_stops() {
    let app = world("").await;
    let (root, hers) = (signed_in(&app, ROOT).await, signed_in(&app, ADA).await);
    let (by, ada) = (id_of(&root).await, id_of(&hers).await);
    let own = root.cookie(COOKIE).unwrap();
    let begun = root.post("/admin/impersonate-user", json!({"userId": ada})).await;
    assert_eq!(begun.status, StatusCode::OK, "{begun:?}");
    let answer = begun.json();
    assert_eq!((&answer["user"]["id"], &answer["user"]["email"]), (&json!(ada), &json!(ADA)));
    assert_eq!(
        (&answer["session"]["userId"], &answer["session"]["impersonatedBy"]),
        (&json!(ada), &json!(by))
    );
    assert_eq!(answer["session"]["expiresAt"], "2027-01-15T08:15:00.000Z", "as long as a token for APIs");
    // SE-03: it is another session, and one's own waits.
    assert_ne!(root.cookie(COOKIE).unwrap(), own);
    assert_eq!(super::attributes(&begun, COOKIE).unwrap(), "Path=/; HttpOnly; SameSite=Lax");
    assert_eq!(super::attributes(&begun, OWN).unwrap(), "Max-Age=900; Path=/; HttpOnly; SameSite=Lax");
    let token = answer["session"]["token"].as_str().unwrap().to_owned();
    assert_eq!(bearer(&app, &token).await.as_deref(), Some(ADA));
    assert_eq!(bearer(&app, begun.header("set-auth-token").unwrap()).await.as_deref(), Some(ADA));

    let seen = root.get("/get-session").await;
    assert_eq!(seen.json()["session"], answer["session"]);
    app.advance(Duration::from_mins(5));
    let given = root.get("/token").await.json();
    let claims = payload(given["token"].as_str().unwrap());
    assert_eq!((&claims["sub"], &claims["act"]), (&json!(ada), &json!({"sub": by})));
    assert_eq!((&claims["type"], &claims["impersonator_id"]), (&json!("impersonation"), &json!(by)));
    assert_eq!(claims["impersonation_session_id"], answer["session"]["id"]);
    assert!(claims["restrictions"].as_array().unwrap().len() > 3);
    let lives = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(lives, 600, "no longer than the session");
    let beside = root.get("/get-session").await;
    assert_eq!(payload(beside.header("set-auth-jwt").unwrap())["act"], json!({"sub": by}));
    // The user sees it; their own tokens say nothing of it.
    let listed = hers.get("/list-sessions").await.json();
    let marked = |session: &&Value| session["impersonatedBy"] == json!(by);
    assert_eq!(listed.as_array().unwrap().iter().filter(marked).count(), 1, "{listed}");
    let own_claims = payload(hers.get("/token").await.json()["token"].as_str().unwrap());
    assert!(own_claims.get("act").is_none() && own_claims.get("type").is_none(), "{own_claims}");

    let stopped = root.post("/admin/stop-impersonating", json!({})).await;
    assert_eq!(stopped.status, StatusCode::OK, "{stopped:?}");
    let back = stopped.json();
    assert_eq!((&back["user"]["id"], &back["session"]["userId"]), (&json!(by), &json!(by)));
    assert!(back["session"].get("impersonatedBy").is_none());
    assert_eq!(root.email().await.as_deref(), Some(ROOT));
    assert_eq!(root.cookie(OWN), None);
    assert_eq!(bearer(&app, &token).await, None, "it is over");
    // SE-03: under a new token, and the one before is none.
    assert_ne!(root.cookie(COOKIE).unwrap(), own);
    assert_eq!(bearer(&app, &own).await, None);
    assert_eq!(root.get("/admin/list-users").await.status, StatusCode::OK);
    let trail = trail(&app).await;
    for event in ["impersonation-begun", "impersonation-ended"] {
        let found = trail.iter().find(|one| one["event"] == event);
        let found = found.unwrap_or_else(|| panic!("{event}: {trail:?}"));
        assert_eq!((&found["actor"], &found["user"]), (&json!(format!("user:{by}")), &json!(ada)), "{found}");
        let by_this_door = found.to_string().contains("/admin/impersonate-user");
        assert_eq!(by_this_door, event == "impersonation-begun", "{found}");
    }
}

/// AD-01: nobody acts for whoever may as much, and nobody without having just proved who they are.
#[tokio::test]
async fn ad_01_nobody_acts_for_administrators_or_without_being_one() {
    let app = world("").await;
    let (root, eve) = (signed_in(&app, ROOT).await, Client::new(&app));
    eve.sign_up("eve@example.com").await;
    let (ada, own) = (id_of(&signed_in(&app, ADA).await).await, id_of(&root).await);
    let second = id_of(&signed_in(&app, "second@example.com").await).await;
    assert_eq!(impersonate(&eve, &ada).await.brief(), "403 YOU_ARE_NOT_ALLOWED_TO_IMPERSONATE_USERS");
    let nobody = impersonate(&Client::new(&app), &ada).await;
    assert_eq!((nobody.status.as_u16(), nobody.body.len()), (401, 0));
    for admin in [&second, &own] {
        assert_eq!(impersonate(&root, admin).await.brief(), "403 YOU_CANNOT_IMPERSONATE_ADMINS");
    }
    let there = Client::under(&app, "/r/acme");
    there.sign_up(ADA).await;
    for unknown in ["x", "usr_00000000000000000000000000", &id_of(&there).await] {
        assert_eq!(impersonate(&root, unknown).await.brief(), "404 USER_NOT_FOUND", "{unknown}");
    }
    for body in [json!({}), json!({"userId": 5})] {
        let answer = root.post("/admin/impersonate-user", body).await;
        assert_eq!(answer.brief(), "400 VALIDATION_ERROR");
    }
    let banned = id_of(&eve).await;
    assert_eq!(root.post("/admin/ban-user", json!({"userId": banned})).await.status, StatusCode::OK);
    assert_eq!(impersonate(&root, &banned).await.brief(), "403 YOU_CANNOT_IMPERSONATE_ADMINS");
    let from_elsewhere = [("origin", "https://evil.test")];
    let body = json!({"userId": ada});
    let forged = root.ask(Method::POST, "/admin/impersonate-user", Some(body), &from_elsewhere).await;
    assert_eq!(forged.brief(), "403 INVALID_ORIGIN");
    assert_eq!(root.email().await.as_deref(), Some(ROOT), "nothing has happened");
    assert!(trail(&app).await.iter().any(|one| one["event"] == "impersonation-refused"));

    app.advance(Duration::from_mins(10));
    assert_eq!(impersonate(&root, &ada).await.brief(), "403 SESSION_NOT_FRESH");
    root.sign_in(ROOT).await;
    assert_eq!(impersonate(&root, &ada).await.status, StatusCode::OK);
    // Whoever acts for somebody does not go on to act for the next.
    assert_eq!(impersonate(&root, &ada).await.brief(), "403 IMPERSONATION_RESTRICTED");
}

/// MF-06: nothing but what says so is opened, for reading as for writing.
#[tokio::test]
async fn mf_06_nothing_of_the_account_is_opened_in_the_place_of_its_owner() {
    const OPEN: [&str; 4] = ["/get-session", "/token", "/sign-out", "/admin/stop-impersonating"];
    // These ask for nobody's session, or make one.
    const PUBLIC: [&str; 31] = [
        "/ok",
        "/sign-up/email",
        "/sign-in/email",
        "/sign-in/username",
        "/sign-in/magic-link",
        "/magic-link/verify",
        "/email-otp/send-verification-otp",
        "/sign-in/email-otp",
        "/email-otp/check-verification-otp",
        "/email-otp/verify-email",
        "/email-otp/request-password-reset",
        "/email-otp/reset-password",
        "/is-username-available",
        "/two-factor/verify-backup-code",
        "/two-factor/send-otp",
        "/two-factor/verify-otp",
        "/passkey/generate-authenticate-options",
        "/passkey/verify-authentication",
        "/multi-session/list-device-sessions",
        "/multi-session/set-active",
        "/device/code",
        "/device/token",
        "/request-password-reset",
        "/reset-password/{token}",
        "/reset-password",
        "/verify-email",
        "/sign-in/social",
        "/callback/{provider}",
        "/error",
        "/jwks",
        "/.well-known/jwks.json",
    ];
    let app = world("multi_session = true\nteams = true").await;
    let (root, ada) = acting(&app).await;
    let body = json!({
        "userId": ada, "token": "x", "sessionToken": "x", "id": "x", "keyId": "x", "code": "123456", "userCode": "BCDF-GHJK",
        "name": "Ada", "email": ADA, "newEmail": "b@example.com", "password": PASSWORD, "currentPassword": PASSWORD,
        "newPassword": "another engine weaves algebra", "data": {"name": "x"}, "role": "user", "response": {},
        "permissions": {"user": ["list"]}, "provider": "x", "providerId": "x", "otp": "12345678",
        "organizationId": "x", "slug": "a-slug", "memberId": "x", "memberIdOrEmail": "x", "invitationId": "x",
        "teamId": "x",
    });
    let (mut closed, mut others) = (BTreeSet::new(), BTreeSet::new());
    let table = gatepost_server::testing::better_auth_endpoints();
    let served = table.split("\nNot yet").next().unwrap().lines().skip(2);
    for line in served {
        let (method, path) = line.trim_start_matches("| ").split_once(' ').unwrap();
        let (method, path): (Method, _) = (method.parse().unwrap(), path.split('`').nth(1).unwrap());
        if OPEN.contains(&path) || PUBLIC.contains(&path) {
            continue;
        }
        // What is wrong with a request may be said first, so nothing is.
        let own = match path {
            "/admin/create-user" => Some(json!({"email": "b@example.com", "name": "x"})),
            "/api-key/create" => Some(json!({"name": "x"})),
            "/api-key/delete" => Some(json!({"keyId": "x"})),
            "/api-key/update" => Some(json!({"keyId": "x", "name": "y"})),
            "/delete-user/callback" => Some(json!({"token": "x", "csrf": "x"})),
            "/unlink-account" => Some(json!({"providerId": "x", "accountId": "x"})),
            _ => None,
        };
        let (asked, body) = match path {
            "/api-key/list" => (path.to_owned(), None),
            "/api-key/get" => (format!("{path}?id=x"), None),
            _ if method == Method::GET => {
                (format!("{path}?id=x&user_code=BCDFGHJK&organizationId=x&accountId=x&token=x"), None)
            }
            _ => (path.to_owned(), Some(own.unwrap_or_else(|| body.clone()))),
        };
        let answer = root.ask(method.clone(), &asked, body, &[("origin", OURS)]).await;
        if answer.brief() == "403 IMPERSONATION_RESTRICTED" {
            closed.insert(path);
        } else {
            others.insert(format!("{method} {path}: {}", answer.brief()));
        }
    }
    assert!(others.is_empty(), "{others:#?}");
    assert!(closed.len() > 60, "{closed:?}");
    // Nor at the other doors.
    for path in ["/api/v1/me", "/api/v1/me/sessions", "/api/v1/admin/users"] {
        for token in [root.cookie(COOKIE).unwrap(), root.get("/token").await.text("token")] {
            let request = crate::support::request(Method::GET, path, Some(&token), None);
            assert_eq!(app.send(request).await.status, StatusCode::UNAUTHORIZED, "{path}");
        }
    }
    assert_eq!(root.email().await.as_deref(), Some(ADA), "it goes on");
    let hers = signed_in(&app, ADA).await;
    assert_eq!(hers.get("/get-session").await.json()["user"]["name"], "", "nothing has changed");
}

/// It ends with its time, with either of the two, and with the session that it began in.
#[tokio::test]
async fn se_07_it_ends_for_good_with_whatever_it_lives_by() {
    let app = world("").await;
    let (root, _) = acting(&app).await;
    app.advance(Duration::from_secs(899));
    assert_eq!(root.email().await.as_deref(), Some(ADA));
    app.advance(Duration::from_secs(1));
    let over = stop(&root).await;
    assert_eq!((over.status.as_u16(), over.body.len()), (401, 0), "it is over by itself");

    for way in ["user", "administrator", "role", "ban", "promoted"] {
        app.advance(Duration::from_secs(1));
        let (root, ada) = acting(&app).await;
        app.advance(Duration::from_secs(1));
        let second = signed_in(&app, "second@example.com").await;
        let own = second.get("/admin/list-users?searchField=email&searchValue=root").await.json();
        let own = own["users"][0]["id"].as_str().unwrap().to_owned();
        let post = async |path: &str, body: Value| {
            let answer = second.post(path, body).await;
            assert_eq!(answer.status, StatusCode::OK, "{path} {answer:?}");
        };
        match way {
            "user" => {
                let hers = signed_in(&app, ADA).await;
                assert_eq!(hers.post("/revoke-other-sessions", json!({})).await.status, StatusCode::OK);
            }
            "administrator" => post("/admin/revoke-user-sessions", json!({"userId": own})).await,
            "role" => {
                post("/admin/set-role", json!({"userId": own, "role": "user"})).await;
                post("/admin/set-role", json!({"userId": own, "role": "admin"})).await;
            }
            "ban" => {
                post("/admin/ban-user", json!({"userId": own})).await;
                post("/admin/unban-user", json!({"userId": own})).await;
            }
            _ => {
                post("/admin/set-role", json!({"userId": ada, "role": "admin"})).await;
                post("/admin/set-role", json!({"userId": ada, "role": "user"})).await;
            }
        }
        let token = root.cookie(COOKIE).unwrap();
        assert_eq!(bearer(&app, &token).await, None, "{way}");
        assert_eq!(root.email().await, None, "{way}");
        assert_eq!(root.cookie(OWN), None, "{way}: nothing waits any more");
        assert_eq!(stop(&root).await.status, StatusCode::UNAUTHORIZED, "{way}");
    }
}

#[tokio::test]
async fn whoever_signs_out_in_the_place_of_a_user_is_signed_out_themselves() {
    for lines in ["", SEVERAL] {
        let app = world(lines).await;
        let root = signed_in(&app, ROOT).await;
        let own = root.cookie(COOKIE).unwrap();
        let hers = signed_in(&app, ADA).await;
        assert_eq!(impersonate(&root, &id_of(&hers).await).await.status, StatusCode::OK);
        let token = root.cookie(COOKIE).unwrap();
        assert_eq!(bearer(&app, &own).await.as_deref(), Some(ROOT));
        assert_eq!(root.post("/sign-out", json!({})).await.json(), json!({"success": true}));
        for token in [&own, &token] {
            assert_eq!(bearer(&app, token).await, None, "{lines}");
        }
        assert_eq!((root.cookie(COOKIE), root.cookie(OWN)), (None, None), "{lines}");
        assert_eq!(hers.email().await.as_deref(), Some(ADA), "the user stays signed in");
        let trail = trail(&app).await;
        let of = |event: &str| trail.iter().filter(|one| one["event"] == event).collect::<Vec<_>>();
        assert_eq!((of("impersonation-ended").len(), of("signed-out").len()), (1, 1), "{trail:?}");
        assert_eq!(of("signed-out")[0]["actor"], of("impersonation-ended")[0]["actor"]);
    }
}

/// LO-04, SE-08: what comes back is the session that it began in, and no other.
#[tokio::test]
async fn se_08_nobody_is_given_another_session_back() {
    let app = world("").await;
    let second = signed_in(&app, "second@example.com").await;
    let (root, ada) = acting(&app).await;
    let waits = root.cookie(OWN).unwrap();
    assert_eq!(stop(&second).await.brief(), "400");
    assert_eq!(stop(&Client::new(&app)).await.status, StatusCode::UNAUTHORIZED);
    // Signed by us, and the session of another administrator.
    assert_eq!(impersonate(&second, &ada).await.status, StatusCode::OK);
    let foreign = second.cookie(OWN).unwrap();
    let forged = format!("{}x", &waits[..waits.len() - 1]);
    let (in_place, bare) = (root.cookie(COOKIE).unwrap(), waits.split('.').next().unwrap().to_owned());
    for other in [&foreign, &forged, &in_place, &bare, "", "x"] {
        root.cookies.borrow_mut().insert(OWN.to_owned(), other.to_owned());
        assert_eq!(stop(&root).await.brief(), "400 ADMIN_SESSION_NOT_FOUND", "{other}");
        assert_eq!(root.email().await.as_deref(), Some(ADA), "it goes on");
    }
    root.cookies.borrow_mut().remove(OWN);
    assert_eq!(stop(&root).await.brief(), "400 ADMIN_SESSION_NOT_FOUND");
    root.cookies.borrow_mut().insert(OWN.to_owned(), waits.clone());
    let evil = [("origin", "https://evil.test")];
    let forged = root.ask(Method::POST, "/admin/stop-impersonating", Some(json!({})), &evil).await;
    assert_eq!(forged.brief(), "403 INVALID_ORIGIN");
    assert_eq!(stop(&root).await.status, StatusCode::OK);
    assert_eq!(root.email().await.as_deref(), Some(ROOT));
    // A browser in which somebody else signs in keeps nothing of the administrator's.
    assert_eq!(impersonate(&root, &ada).await.status, StatusCode::OK);
    root.sign_up("eve@example.com").await;
    assert_eq!(root.cookie(OWN), None);
    // A program without cookies ends it by signing out, and has its own token still.
    let token = second.cookie(COOKIE).unwrap();
    let headers = [("authorization", format!("Bearer {token}"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let program = Client::new(&app);
    let ended = program.ask(Method::POST, "/sign-out", Some(json!({})), &headers).await;
    assert_eq!(ended.status, StatusCode::OK);
    assert_eq!(bearer(&app, &token).await, None);
    assert_eq!(bearer(&app, &foreign).await.as_deref(), Some("second@example.com"));
}
