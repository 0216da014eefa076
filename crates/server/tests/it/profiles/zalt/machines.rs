//! `/machines`

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::{Value, json};

use super::{ADA, brief, get, login, parts, person, post, someone};
use crate::support::{Answer, PASSWORD, Person, TestApp};

/// One realm as the profile has it, and one that signs with another algorithm.
async fn world() -> (TestApp, Person) {
    let realm = |name: &str, more: &str| {
        format!(
            "[[realm]]\nname = \"{name}\"\nprofile = \"zalt\"\n{more}\n[[realm.user]]\nemail = \"root@example.com\"\n\
             password = \"{PASSWORD}\"\nroles = [\"realm-admin\"]\n"
        )
    };
    let web = "[[realm.client]]\nid = \"web\"\nsecret = \"a secret of the web app, long enough\"\n\
               redirect_uris = [\"http://localhost/\"]\n";
    let file = format!("{}{web}{}", realm("default", ""), realm("acme", "signing_alg = \"ES256\""));
    let app = TestApp::with(&file).await;
    let root = someone(&login(&app, "root@example.com").await);
    (app, root)
}

fn text(answer: &Answer, pointer: &str) -> String {
    let json = answer.json();
    json.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}: {json}")).to_owned()
}

async fn make(app: &TestApp, who: &Person, prefix: &str) -> (String, String) {
    let body = json!({"name": "Printer", "scopes": ["pages:read", "pages:print"]});
    let made = post(app, who, &format!("{prefix}/machines"), body).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(text(&made, "/clientId"), text(&made, "/client_id"), "in both spellings");
    (text(&made, "/machine/client_id"), text(&made, "/client_secret"))
}

async fn by_form(app: &TestApp, path: &str, form: &str) -> Answer {
    let request = Request::post(path)
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    app.send(request.body(Body::from(form.to_owned())).unwrap()).await
}

fn asked(id: &str, secret: &str) -> Value {
    json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret})
}

#[tokio::test]
async fn an_administrator_makes_rotates_and_removes_machines() {
    let (app, root) = world().await;
    let (id, secret) = make(&app, &root, "").await;
    assert!(id.starts_with("zalt_m2m_"), "{id}");
    let (other, _) = make(&app, &root, "").await;
    let listed = get(&app, &root, "/machines?limit=1").await;
    assert!(!String::from_utf8_lossy(&listed.body).contains("gp_cs_"), "no secret is shown again");
    let cursor = text(&listed, "/next_cursor");
    let rest = get(&app, &root, &format!("/machines?cursor={cursor}")).await;
    let mut ids = [text(&listed, "/machines/0/id"), text(&rest, "/machines/0/id")];
    ids.sort();
    let mut both = [id.clone(), other];
    both.sort();
    assert_eq!((ids, rest.json()["next_cursor"].clone()), (both, Value::Null));

    let path = format!("/machines/{id}");
    let shown = get(&app, &root, &path).await.json();
    assert_eq!(
        (&shown["machine"]["name"], &shown["machine"]["realm_id"], &shown["machine"]["scopes"]),
        (&json!("Printer"), &json!("default"), &json!(["pages:read", "pages:print"]))
    );
    let rotated = post(&app, &root, &format!("/machines/{id}/rotate"), json!({})).await;
    let new = text(&rotated, "/client_secret");
    assert_ne!(new, secret);
    assert_eq!(brief(&app.post("/machines/token", asked(&id, &secret)).await), "401 INVALID_CLIENT");
    assert_eq!(app.post("/machines/token", asked(&id, &new)).await.status, 200);

    let ada = person(&app, ADA).await;
    assert_eq!(brief(&get(&app, &ada, "/machines").await), "403 FORBIDDEN");
    assert_eq!(
        brief(&post(&app, &ada, "/machines", json!({"name": "x", "scopes": ["a:b"]})).await),
        "403 FORBIDDEN"
    );
    assert_eq!(brief(&app.ask(&ada, Method::DELETE, &path, None).await), "403 FORBIDDEN");
    // What is no machine is none, also where it is a client, and in another realm.
    let elsewhere =
        someone(&app.post("/r/acme/login", json!({"email": "root@example.com", "password": PASSWORD})).await);
    for (who, path) in [
        (&root, "/machines/web".to_owned()),
        (&root, "/machines/x".to_owned()),
        (&elsewhere, format!("/r/acme{path}")),
    ] {
        for (method, path) in [
            (Method::GET, path.clone()),
            (Method::DELETE, path.clone()),
            (Method::POST, format!("{path}/rotate")),
        ] {
            assert_eq!(brief(&app.ask(who, method, &path, None).await), "404 MACHINE_NOT_FOUND", "{path}");
        }
    }
    assert_eq!(app.ask(&root, Method::DELETE, &path, None).await.status, 200);
    assert_eq!(brief(&app.ask(&root, Method::DELETE, &path, None).await), "404 MACHINE_NOT_FOUND");
    assert_eq!(brief(&app.post("/machines/token", asked(&id, &new)).await), "401 INVALID_CLIENT");
}

#[tokio::test]
async fn what_no_machine_can_be_is_refused() {
    let (app, root) = world().await;
    for body in [
        json!({"name": "Printer"}),
        json!({"name": "Printer", "scopes": []}),
        // Those stand for a person.
        json!({"name": "Printer", "scopes": ["openid", "account"]}),
        json!({"name": "Printer", "scopes": ["a\"b"]}),
        json!({"name": "", "scopes": ["pages:print"]}),
        json!({"name": "Printer", "scopes": ["pages:print"], "allowed_targets": ["m2m_other"]}),
        json!({"scopes": ["pages:print"]}),
    ] {
        let answer = post(&app, &root, "/machines", body.clone()).await;
        assert_eq!(brief(&answer), "400 INVALID_REQUEST", "{body}: {answer:?}");
        // In the words of what was sent, not of a file.
        let said = text(&answer, "/error/message");
        assert!(
            !["grant", " = ", "`"].iter().any(|word| said.contains(word)) || body["name"].is_null(),
            "{said}"
        );
    }
    assert_eq!(get(&app, &root, "/machines").await.json()["machines"], json!([]));
}

#[tokio::test]
async fn a_machine_gets_a_token_by_form_or_json() {
    let (app, root) = world().await;
    let acme =
        someone(&app.post("/r/acme/login", json!({"email": "root@example.com", "password": PASSWORD})).await);
    for (who, prefix, name) in [(&root, "", "default"), (&acme, "/r/acme", "acme")] {
        let (id, secret) = make(&app, who, prefix).await;
        let path = format!("{prefix}/machines/token");
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let mut narrowed = asked(&id, &secret);
        narrowed["scope"] = json!("pages:read");
        let mut listed = asked(&id, &secret);
        listed["scopes"] = json!(["pages:read"]);
        for (answer, scopes) in [
            (by_form(&app, &path, &form).await, json!(["pages:read", "pages:print"])),
            (app.post(&path, asked(&id, &secret)).await, json!(["pages:read", "pages:print"])),
            (app.post(&path, narrowed).await, json!(["pages:read"])),
            (app.post(&path, listed).await, json!(["pages:read"])),
        ] {
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            let json = answer.json();
            assert_eq!((&json["token_type"], &json["expires_in"]), (&json!("Bearer"), &json!(900)));
            let (head, claims) = parts(json["access_token"].as_str().unwrap());
            assert_eq!((&head["alg"], head["kid"].is_string()), (&json!("RS256"), true));
            assert_eq!(
                (&claims["type"], &claims["machine_id"], &claims["sub"], &claims["realm_id"]),
                (&json!("m2m"), &json!(id), &json!(id), &json!(name))
            );
            assert_eq!((&claims["scopes"], &claims["target_machines"]), (&scopes, &json!([])));
            assert_eq!(claims["iss"], json!(format!("http://127.0.0.1:8400{prefix}")));
            assert!(claims["jti"].is_string() && claims["iat"].is_i64() && claims["exp"].is_i64());
            // It opens nothing of a person, and verifies by the keys that the realm shows.
            let token = json["access_token"].as_str().unwrap();
            let me = crate::support::request(Method::GET, &format!("{prefix}/me"), Some(token), None);
            assert_eq!(brief(&app.send(me).await), "401 INVALID_TOKEN");
            let keys = app.get(&format!("{prefix}/.well-known/jwks.json")).await.json();
            let known = keys["keys"].as_array().unwrap().iter().any(|key| key["kid"] == head["kid"]);
            assert!(known, "{keys}");
        }
    }
}

/// What RFC 6749 has a code for is refused by that, in this contract's envelope.
#[tokio::test]
async fn who_is_no_machine_gets_no_token() {
    let (app, root) = world().await;
    let (id, secret) = make(&app, &root, "").await;
    let path = "/machines/token";
    let with = |member: &str, value: &str| {
        let mut body = asked(&id, &secret);
        body[member] = json!(value);
        body
    };
    for (body, expected) in [
        (with("client_secret", "wrong"), "401 INVALID_CLIENT"),
        (with("client_id", "zalt_m2m_nobody"), "401 INVALID_CLIENT"),
        (with("grant_type", "password"), "400 UNSUPPORTED_GRANT_TYPE"),
        (with("grant_type", ""), "400 INVALID_REQUEST"),
        (with("scope", "pages:burn"), "400 INVALID_SCOPE"),
        (json!({"grant_type": "client_credentials"}), "401 INVALID_CLIENT"),
        (json!({"grant_type": 7}), "400 INVALID_REQUEST"),
        // A client that acts for people.
        (asked("web", "a secret of the web app, long enough"), "400 UNAUTHORIZED_CLIENT"),
    ] {
        let answer = app.post(path, body.clone()).await;
        assert_eq!(brief(&answer), expected, "{body}: {answer:?}");
        assert!(answer.json()["error"]["message"].is_string());
    }
    let twice = format!("grant_type=client_credentials&client_id={id}&client_id={id}&client_secret={secret}");
    assert_eq!(brief(&by_form(&app, path, &twice).await), "400 INVALID_REQUEST");
    // In another realm it is nobody.
    assert_eq!(brief(&app.post("/r/acme/machines/token", asked(&id, &secret)).await), "401 INVALID_CLIENT");
    // LG-03: nobody guesses a secret without end.
    let mut answers = Vec::new();
    for _ in 0..40 {
        answers.push(brief(&app.post(path, with("client_secret", "wrong")).await));
    }
    assert_eq!(answers.last().map(String::as_str), Some("429 RATE_LIMITED"), "{answers:?}");
}
