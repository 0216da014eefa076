//! TN-01, from the route table: every route that names something answers a stranger as if it named nothing.

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Value, json};

use crate::{
    mfa, social,
    support::{Answer, PASSWORD, Person, SoftPasskey, TestApp, person, request},
};

const WORLD: &str = r#"
[[realm]]
name = "default"
api_key_scopes = ["ci"]
teams = true
trusted_device_ttl = "30d"
[[realm.role]]
name = "editor"
permissions = ["notes:write"]
[[realm.client]]
id = "web"
public = true
[[realm.user]]
email = "ada@example.com"
email_verified = true
password = "the engine weaves algebra"
roles = ["editor"]
[[realm.user]]
email = "eve@example.com"
password = "the engine weaves algebra"
[[realm.user]]
email = "root@example.com"
password = "the engine weaves algebra"
roles = ["realm-admin"]
[[realm]]
name = "other"
api_key_scopes = ["ci"]
teams = true
[[realm.user]]
email = "admin@example.com"
password = "the engine weaves algebra"
roles = ["realm-admin"]
[[realm.user]]
email = "ada@example.com"
email_verified = true
password = "the engine weaves algebra"
"#;

/// What Ada has in the default realm, by the parameter that names it.
struct Belongings {
    ada: Person,
    ids: BTreeMap<&'static str, String>,
}

impl Belongings {
    async fn of_ada(app: &TestApp) -> Self {
        let ada = app.sign_in("ada@example.com").await;
        let make = async |path: &str, body: Value| {
            let made = app.ask(&ada, Method::POST, path, Some(body)).await;
            assert_eq!(made.status, 201, "{path}: {made:?}");
            made.json()
        };
        let organization = make("/api/v1/organizations", json!({"name": "Acme", "slug": "acme"})).await;
        let organization = organization["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/organizations/{organization}/teams");
        let team = make(&path, json!({"name": "Engines"})).await;
        let path = format!("/api/v1/organizations/{organization}/invitations");
        let invitation = make(&path, json!({"email": "new@example.com", "roles": []})).await;
        let path = format!("/api/v1/organizations/{organization}/api-keys");
        let shared = make(&path, json!({"name": "shared", "scopes": ["ci"]})).await;
        let key = make("/api/v1/me/api-keys", json!({"name": "ci", "scopes": ["notes:write"]})).await;
        let sessions = app.ask(&ada, Method::GET, "/api/v1/me/sessions", None).await.json();
        // Before the passkey, which is asked for from then on.
        let identity = social::connected(app).await;
        let passkey = app.add_passkey(&ada, &mut SoftPasskey::es256()).await.json();
        // With one of the codes that came with it.
        let (half, code) = (mfa::half(app, "ada@example.com").await, &passkey["recovery_codes"][0]);
        let step = json!({"mfa_token": half, "recovery_code": code, "trust_device": true});
        assert_eq!(app.post("/api/v1/login/mfa", step).await.status, 200);
        let devices = app.ask(&ada, Method::GET, "/api/v1/me/mfa/trusted-devices", None).await.json();
        let webhook = webhook(app).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let ids = BTreeMap::from([
            ("user", ada.id.clone()),
            ("organization", organization),
            ("team", text(&team["id"])),
            ("invitation", text(&invitation["id"])),
            ("key", text(&key["id"])),
            ("organization key", text(&shared["id"])),
            ("passkey", text(&passkey["passkey"]["id"])),
            ("trusted device", text(&devices["trusted_devices"][0]["id"])),
            ("session", text(&sessions["sessions"][0]["id"])),
            ("initial access token", initial_access_token(app).await),
            ("webhook", webhook.0),
            ("delivery", webhook.1),
            ("identity", identity),
            ("role", "editor".to_owned()),
            ("client", "web".to_owned()),
        ]);
        Self { ada, ids }
    }

    /// Everything of hers, as she sees it.
    async fn seen(&self, app: &TestApp) -> Vec<Value> {
        let organization = format!("/api/v1/organizations/{}", self.ids["organization"]);
        let mut seen = Vec::new();
        for path in [
            "/api/v1/me",
            "/api/v1/me/api-keys",
            "/api/v1/me/passkeys",
            "/api/v1/me/mfa/trusted-devices",
            "/api/v1/me/sessions",
            "/api/v1/me/identities",
            &organization,
            &format!("{organization}/members"),
            &format!("{organization}/teams"),
            &format!("{organization}/teams/{}/members", self.ids["team"]),
            "/api/v1/me/teams",
            &format!("{organization}/invitations"),
            &format!("{organization}/api-keys"),
        ] {
            let answer = app.ask(&self.ada, Method::GET, path, None).await;
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
            seen.push(answer.json());
        }
        seen
    }
}

/// One of the default realm.
async fn initial_access_token(app: &TestApp) -> String {
    let admin = app.sign_in("root@example.com").await;
    let path = "/api/v1/admin/initial-access-tokens";
    app.ask(&admin, Method::POST, path, Some(json!({}))).await.text("id")
}

/// One of the default realm, and a message that waits for it.
async fn webhook(app: &TestApp) -> (String, String) {
    let admin = app.sign_in("root@example.com").await;
    let path = "/api/v1/admin/webhooks";
    let body = json!({"url": "https://app.test/hook", "events": ["*"]});
    let id = app.ask(&admin, Method::POST, path, Some(body)).await.text("id");
    let queued = app.ask(&admin, Method::POST, &format!("{path}/{id}/test"), None).await.text("id");
    (id, queued)
}

/// What the parameter of a route names. A new route has to say so here.
fn named(path: &str, parameter: &str) -> &'static str {
    match (path, parameter) {
        (_, "user_id") => "user",
        (_, "team_id") => "team",
        (_, "invitation_id") => "invitation",
        (_, "session_id") => "session",
        (_, "delivery_id") => "delivery",
        (path, "id") if path.contains("/webhooks/{id}") => "webhook",
        (path, "key_id") if path.contains("/users/{id}") => "key",
        (_, "key_id") => "organization key",
        (path, "id") if path.contains("/organizations/{id}") => "organization",
        (path, "id") if path.contains("/users/{id}") => "user",
        (path, "id") if path.contains("/roles/{id}") => "role",
        (path, "id") if path.contains("/clients/{id}") => "client",
        (path, "id") if path.contains("/initial-access-tokens/{id}") => "initial access token",
        ("/oauth/register/{client_id}", "client_id") => "client",
        (path, "id") if path.contains("/api-keys/{id}") => "key",
        (path, "id") if path.contains("/passkeys/{id}") => "passkey",
        (path, "id") if path.contains("/trusted-devices/{id}") => "trusted device",
        (path, "id") if path.contains("/sessions/{id}") => "session",
        (path, "id") if path.contains("/identities/{id}") => "identity",
        _ => panic!("what does {parameter} of {path} name? tell the matrix"),
    }
}

/// A body the route accepts. A new one has to be written here.
fn body(schema: &str) -> Option<Value> {
    Some(match schema {
        "" => return None,
        "OrganizationChange" | "UserChange" | "PasskeyChange" | "WebhookChange" | "TeamName" => {
            json!({"name": "Mallory"})
        }
        "MemberChange" => json!({"roles": []}),
        "NewInvitation" => json!({"email": "mallory@example.com", "roles": []}),
        "ClientChange" => json!({"settings": {"name": "Mallory"}}),
        "WebhookReplay" => json!({"since": "2026-01-01T00:00:00Z"}),
        "Rotation" | "SecretRotation" | "WebhookSecretRotation" => json!({}),
        "NewKey" => json!({"name": "mallory", "scopes": ["ci"]}),
        "ClientMetadata" => json!({"client_id": "web", "redirect_uris": ["https://app.test/cb"]}),
        "RoleContent" => json!({"permissions": [], "inherits": []}),
        _ => panic!("what is a good {schema}? tell the matrix"),
    })
}

/// An id of the same kind that nobody has.
fn nobodys(id: &str) -> String {
    match id.split_once('_') {
        Some((kind, _)) => format!("{kind}_00000000000000000000000000"),
        None => "nobody".to_owned(),
    }
}

/// Where the parameters stand, filled in.
fn filled(path: &str, fill: impl Fn(&str) -> String) -> String {
    let parts = path.split('/').map(|part| {
        let parameter = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        parameter.map_or_else(|| part.to_owned(), &fill)
    });
    parts.collect::<Vec<_>>().join("/")
}

async fn in_other(app: &TestApp, email: &str) -> Person {
    let body = json!({"email": email, "password": PASSWORD});
    person(&app.post("/r/other/api/v1/login", body).await)
}

#[tokio::test]
async fn a_token_of_another_realm_is_refused_with_the_way_there_and_a_forged_one_is_not() {
    let app = TestApp::with(WORLD).await;
    let (here, there) = (app.sign_in("ada@example.com").await, in_other(&app, "ada@example.com").await);
    let ask = async |prefix: &str, token: &str| {
        app.send(request(Method::GET, &format!("{prefix}/api/v1/me"), Some(token), None)).await
    };
    for (prefix, person) in [("/r/other", &here), ("", &there)] {
        let refused = ask(prefix, &person.access_token).await;
        assert_eq!(refused.brief(), "401 invalid_token", "{prefix}");
        assert!(refused.text("detail").contains("another realm of this server"), "{refused:?}");
        let (signed, signature) = person.access_token.rsplit_once('.').unwrap();
        let other = if signature.starts_with('A') { 'B' } else { 'A' };
        let forged = ask(prefix, &format!("{signed}.{other}{}", &signature[1..])).await;
        assert_eq!(
            (forged.brief().as_str(), forged.text("detail").contains("realm")),
            ("401 invalid_token", false)
        );
    }
    assert_eq!(ask("/r/other", &there.access_token).await.status, 200);
    app.advance(std::time::Duration::from_hours(1));
    let late = ask("", &there.access_token).await;
    assert_eq!(
        (late.brief().as_str(), late.text("detail").contains("another realm")),
        ("401 invalid_token", false)
    );
}

#[tokio::test]
async fn tn_01_every_route_answers_a_stranger_as_if_nothing_were_there() {
    let app = TestApp::with(WORLD).await;
    let hers = Belongings::of_ada(&app).await;
    let before = hers.seen(&app).await;
    let eve = app.sign_in("eve@example.com").await;
    let (foreign_admin, foreign_ada) =
        (in_other(&app, "admin@example.com").await, in_other(&app, "ada@example.com").await);
    // Who, and under which prefix their credential is good.
    let strangers = [
        ("eve", &eve, ""),
        ("the other realm's administrator", &foreign_admin, "/r/other"),
        ("her namesake in the other realm", &foreign_ada, "/r/other"),
    ];

    let api = app.get("/openapi.json").await.json();
    let mut asked = 0;
    for (path, item) in api["paths"].as_object().unwrap().iter().filter(|(path, _)| path.contains('{')) {
        for (method, operation) in item.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            // Putting a role makes it where it is put: in one's own realm.
            if method == Method::PUT && path.ends_with("/roles/{id}") {
                continue;
            }
            let schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str();
            let body = body(schema.unwrap_or_default().rsplit('/').next().unwrap());
            for (name, stranger, prefix) in strangers {
                let theirs = filled(path, |parameter| hers.ids[named(path, parameter)].clone());
                let nowhere = filled(path, |parameter| nobodys(&hers.ids[named(path, parameter)]));
                let ask = async |path: &str| -> Answer {
                    app.ask(stranger, method.clone(), &format!("{prefix}{path}"), body.clone()).await
                };
                let (answer, absent) = (ask(&theirs).await, ask(&nowhere).await);
                let route = format!("{method} {path}, {name}");
                assert_eq!((answer.status, &answer.body), (absent.status, &absent.body), "{route}");
                // A registered client manages itself, with a token of its own that nobody else has.
                let expected = if path.starts_with("/oauth/register/") {
                    "401"
                } else if path.contains("/admin/") && name != strangers[1].0 {
                    "403 missing_role"
                } else {
                    "404 not_found"
                };
                assert_eq!(answer.brief(), expected, "{route}");
                // TN-04: a credential of one realm is none in another.
                if !prefix.is_empty() {
                    let there = app.ask(stranger, method.clone(), &theirs, body.clone()).await;
                    let expected =
                        if path.starts_with("/oauth/register/") { "401" } else { "401 invalid_token" };
                    assert_eq!(there.brief(), expected, "{route}, in hers");
                }
                asked += 1;
            }
        }
    }
    assert!(asked >= 60, "the matrix has shrunk to {asked}");
    assert_eq!(hers.seen(&app).await, before, "and nothing of hers changed");
}
