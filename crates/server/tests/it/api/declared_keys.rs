//! `[[realm.api_key]]`: keys that an operator makes.

use axum::{body::Body, http::Request};
use serde_json::{Value, json};

use crate::support::{PASSWORD, TestApp};

const REALM: &str = r#"
[[realm]]
name = "default"
audience = ["notes-api"]
organization_roles = ["reader"]
api_key_scopes = ["ci"]
[[realm.role]]
name = "reader"
permissions = ["notes:read"]
[[realm.client]]
id = "worker"
grants = ["client_credentials"]
scopes = ["notes:*", "reports"]
[[realm.organization]]
slug = "acme"
name = "Acme"
"#;

fn with(keys: &[(&str, &str, &str)]) -> String {
    let user = format!(
        "[[realm.user]]\nemail = \"ada@example.com\"\nusername = \"ada\"\npassword = \"{PASSWORD}\"\nroles = [\"reader\"]\n"
    );
    let keys = keys.iter().map(|(owner, name, scopes)| {
        format!("[[realm.api_key]]\n{owner}\nname = \"{name}\"\nscopes = {scopes}\n")
    });
    format!("{REALM}{user}{}", keys.collect::<String>())
}

/// The key in a line that says it was made.
fn key_in(line: &str) -> String {
    line.split(' ').find(|word| word.starts_with("gp_key_")).unwrap_or_else(|| panic!("{line}")).to_owned()
}

/// What the token of a key says, as its payload.
async fn token_of(app: &TestApp, key: &str) -> Value {
    let body = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={key}\
         &subject_token_type=urn:gatepost:params:oauth:token-type:api-key"
    );
    let request = Request::post("/oauth/token").header("host", "127.0.0.1:8400");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer = app.send(request.body(Body::from(body)).unwrap()).await;
    if answer.status != 200 {
        return Value::Null;
    }
    let token = gatepost_jose::dangerous_decode_without_verifying(&answer.text("access_token")).unwrap();
    serde_json::from_str(token.payload()).unwrap()
}

#[tokio::test]
async fn keys_of_users_organizations_and_clients_are_made_once() {
    let file = with(&[
        ("user = \"ada@example.com\"", "ci", "[\"notes:read\", \"ci\"]"),
        ("organization = \"acme\"", "sync", "[\"notes:read\"]"),
        ("client = \"worker\"", "night", "[\"notes:write\", \"reports\"]"),
    ]);
    let app = TestApp::new().await;
    let said = app.apply(&file).await;
    let made: Vec<&String> = said.iter().filter(|line| line.contains("API key")).collect();
    assert_eq!(made.len(), 3, "{said:?}");
    assert!(made[0].starts_with("created API key ci of user ada@example.com in default with secret gp_key_"));
    assert!(app.apply(&file).await.is_empty(), "the second time there is nothing to do");
    assert!(
        app.apply(&file.replace("user = \"ada@example.com\"\nname", "user = \"ada\"\nname")).await.is_empty()
    );

    let of_user = token_of(&app, &key_in(made[0])).await;
    assert_eq!(
        (&of_user["permissions"], &of_user["scope"]),
        (&json!(["notes:read"]), &json!("notes:read ci"))
    );
    let of_organization = token_of(&app, &key_in(made[1])).await;
    assert_eq!(of_organization["sub"], of_organization["org_id"]);
    assert!(of_organization["org_id"].as_str().unwrap().starts_with("org_"));
    let of_client = token_of(&app, &key_in(made[2])).await;
    assert_eq!((&of_client["sub"], &of_client["roles"]), (&json!("worker"), &Value::Null));
    assert_eq!(
        (&of_client["permissions"], &of_client["scope"]),
        (&json!(["notes:write"]), &json!("notes:write reports"))
    );
    assert!(of_client["api_key"].is_string(), "so that a guard does not take it for the client itself");

    // What the client has no more, its key has not either.
    app.apply(
        &file
            .replace("[\"notes:*\", \"reports\"]", "[\"notes:*\"]")
            .replace(", \"reports\"]", "]")
            .replace("night", "day"),
    )
    .await;
    assert_eq!(token_of(&app, &key_in(made[2])).await["scope"], "notes:write");
}

/// AK-04: nobody gets more by the file than the owner may do, and a key that is in use gets no other scopes.
#[tokio::test]
async fn ak_04_a_key_beyond_its_owner_is_refused_and_nothing_is_made() {
    let app = TestApp::with(&with(&[("user = \"ada\"", "ci", "[\"notes:read\"]")])).await;
    for (owner, name, scopes, reason) in [
        (
            "user = \"ada\"",
            "x",
            "[\"notes:write\"]",
            "API key x of user ada: the scope \"notes:write\" is more than",
        ),
        ("user = \"ada\"", "x", "[\"admin\"]", "neither a permission nor among the api_key_scopes"),
        (
            "organization = \"acme\"",
            "x",
            "[\"users:read\"]",
            "the scope \"users:read\" is more than this key may do: it takes a role that allows it",
        ),
        (
            "client = \"worker\"",
            "x",
            "[\"users:read\"]",
            "API key x of client worker: the client has no scope users:read",
        ),
        ("client = \"worker\"", "x", "[\"ci\"]", "the client has no scope ci"),
        ("user = \"bob\"", "x", "[\"ci\"]", "API key x of user bob: there is no such owner"),
        ("organization = \"acne\"", "x", "[\"ci\"]", "there is no such owner"),
        ("user = \"ada\"", "ci", "[\"notes:read\", \"ci\"]", "there is one of that name with other scopes"),
    ] {
        let said = app
            .refused(&with(&[("client = \"worker\"", "first", "[\"reports\"]"), (owner, name, scopes)]))
            .await;
        assert!(said.contains(reason), "{said}");
    }
    let said = app.apply(&with(&[("client = \"worker\"", "first", "[\"reports\"]")])).await;
    assert_eq!(said.len(), 1, "it was not made before: {said:?}");
}

/// Whoever made a key of their own of that name keeps it, and the operator is told why they see no secret. It is no error: nobody
/// is to keep a server from starting with a key of their own.
#[tokio::test]
async fn a_key_that_its_owner_made_is_kept_and_said_to_be() {
    let app = TestApp::with(&with(&[])).await;
    let ada = app.sign_in("ada@example.com").await;
    let body = json!({"name": "ci", "scopes": ["notes:read"]});
    let made = app.ask(&ada, axum::http::Method::POST, "/api/v1/me/api-keys", Some(body)).await;
    assert_eq!(made.status, 201, "{made:?}");
    for scopes in ["[\"notes:read\"]", "[\"ci\"]"] {
        let said = app.apply(&with(&[("user = \"ada\"", "ci", scopes)])).await;
        assert_eq!(
            said,
            [
                "kept API key ci of user ada in default, which was made by its owner and not from a file: no other is made, and its \
              secret is theirs. For one from the file, give it another name there"
            ]
        );
    }
    let keys = app.ask(&ada, axum::http::Method::GET, "/api/v1/me/api-keys", None).await.json();
    assert_eq!(keys["api_keys"].as_array().map(Vec::len), Some(1), "{keys}");
    // Under a name that is free it is made.
    let said = app.apply(&with(&[("user = \"ada\"", "nightly", "[\"notes:read\"]")])).await;
    assert!(said[0].contains("created API key nightly"), "{said:?}");
}

/// A client that is withdrawn has no key either: without the grant, or without a secret.
#[tokio::test]
async fn ak_02_a_key_of_a_client_ends_with_what_makes_it_one_on_its_own() {
    let file = with(&[("client = \"worker\"", "nightly", "[\"reports\"]")]);
    let app = TestApp::new().await;
    let lines = app.apply(&file).await;
    let key = key_in(lines.iter().find(|line| line.contains("API key nightly")).unwrap());
    assert_eq!(token_of(&app, &key).await["sub"], "worker");
    let grants = "grants = [\"client_credentials\"]";
    for instead in ["grants = []", "grants = []\npublic = true"] {
        app.apply(&with(&[]).replace(grants, instead)).await;
        assert_eq!(token_of(&app, &key).await, Value::Null, "{instead}");
    }
    app.apply(&with(&[])).await;
    assert_eq!(token_of(&app, &key).await["scope"], "reports");
    let refused = app.refused(&file.replace(grants, "grants = []").replace("nightly", "another")).await;
    assert!(
        refused.contains("a client has keys only with a secret and the grant client_credentials"),
        "{refused}"
    );
}
