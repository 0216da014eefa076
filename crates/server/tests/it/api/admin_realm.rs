//! The realm, its clients and its signing keys, to be looked at; and the realm's settings, to be changed.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::{Value, json};

use crate::support::{Answer, Person, TestApp};

const WORLD: &str = r#"
[[realm]]
name = "default"
audience = ["notes-api"]
access_token_ttl = "10m"
[[realm.client]]
id = "robot"
secret = "correct horse battery staple, and then some"
grants = ["client_credentials"]
scopes = ["notes:read"]
[[realm.client]]
id = "web"
public = true
redirect_uris = ["https://app.test/cb"]
[[realm]]
name = "acme"
[[realm.client]]
id = "theirs"
public = true
"#;

#[tokio::test]
async fn an_administrator_sees_the_realm_its_clients_and_its_keys_and_no_secret() {
    let app = TestApp::with(WORLD).await;
    let admin = app.admin().await;
    let get = async |path: &str| app.ask(&admin, Method::GET, &format!("/api/v1/admin/{path}"), None).await;
    let realm = get("realm").await.json();
    assert_eq!((&realm["name"], &realm["default"]), (&json!("default"), &json!(true)));
    assert_eq!(realm["issuer"], "http://127.0.0.1:8400");
    assert_eq!(realm["settings"]["access_token_ttl"], "10m");
    assert_eq!(realm["settings"]["audience"], json!(["notes-api"]));

    let clients = get("clients").await;
    let listed = clients.json();
    let ids: Vec<_> = listed["clients"].as_array().unwrap().iter().map(|client| &client["id"]).collect();
    assert_eq!(ids, ["robot", "web"]);
    assert_eq!(
        (&listed["clients"][0]["public"], &listed["clients"][1]["public"]),
        (&json!(false), &json!(true))
    );
    let text = String::from_utf8_lossy(&clients.body);
    assert!(!text.contains("horse") && !text.contains("digest"), "{text}");
    let web = get("clients/web").await.json();
    assert_eq!(web, listed["clients"][1]);
    assert_eq!(web["settings"]["redirect_uris"], json!(["https://app.test/cb"]));
    for missing in ["clients/theirs", "clients/gone", "clients/a%20b"] {
        assert_eq!(get(missing).await.brief(), "404 not_found", "{missing}");
    }
    let first = get("clients?limit=1").await.json();
    assert_eq!((first["clients"].as_array().unwrap().len(), &first["next_cursor"]), (1, &json!("robot")));
    assert_eq!(get("clients?cursor=robot").await.json()["clients"][0], web);

    let keys = get("keys").await;
    let published = app.get("/.well-known/jwks.json").await.json();
    let listed = keys.json();
    assert_eq!(listed["keys"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&listed["keys"][0]["kid"], &listed["keys"][0]["state"]),
        (&published["keys"][0]["kid"], &json!("signing"))
    );
    let text = String::from_utf8_lossy(&keys.body);
    assert!(!text.contains("sealed") && !text.contains("\"d\""), "{text}");
}

const REALM: &str = "/api/v1/admin/realm";

async fn change(app: &TestApp, person: &Person, settings: Value) -> Answer {
    app.ask(person, Method::PATCH, REALM, Some(json!({ "settings": settings }))).await
}

#[tokio::test]
async fn an_administrator_changes_the_settings_that_are_named_and_they_count_at_once() {
    let app = TestApp::with(WORLD).await;
    let admin = app.admin().await;
    let read = app.ask(&admin, Method::GET, REALM, None).await;
    let changed = change(
        &app,
        &admin,
        json!({
            "display_name": "Acme", "accent": "#0b5f73", "registration": "closed", "require_verified_email": false,
            "access_token_ttl": "5m", "refresh_grace": "30s", "password": {"min_length": 15},
            "api_key_scopes": ["reports"],
        }),
    )
    .await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_ne!(changed.header("etag"), read.header("etag"));
    let again = app.ask(&admin, Method::GET, REALM, None).await;
    assert_eq!((again.json(), again.header("etag")), (changed.json(), changed.header("etag")));
    let settings = &changed.json()["settings"];
    assert_eq!((&settings["display_name"], &settings["access_token_ttl"]), (&json!("Acme"), &json!("5m")));
    assert_eq!(settings["audience"], json!(["notes-api"]), "what is not named stays");
    let new = json!({"email": "new@example.com", "password": crate::support::PASSWORD});
    assert_eq!(app.post("/api/v1/register", new).await.brief(), "403 registration_closed");
    let signed_in = app.sign_in("admin@example.com").await;
    let token = gatepost_jose::dangerous_decode_without_verifying(&signed_in.access_token).unwrap();
    let claims: Value = serde_json::from_str(token.payload()).unwrap();
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);

    // `null` is the default, and nothing is nothing.
    app.advance(Duration::from_secs(1));
    let back = change(&app, &admin, json!({"display_name": null, "access_token_ttl": null})).await.json();
    assert_eq!(
        (&back["settings"]["display_name"], &back["settings"]["access_token_ttl"]),
        (&Value::Null, &json!("15m"))
    );
    let trail = "/api/v1/admin/audit?event=realm-updated";
    let before = app.ask(&admin, Method::GET, trail, None).await.json();
    assert_eq!(change(&app, &admin, json!({"registration": "closed"})).await.status, 200);
    assert_eq!(change(&app, &admin, json!({})).await.status, 200);
    let events = app.ask(&admin, Method::GET, trail, None).await.json();
    assert_eq!(events, before, "what changes nothing is no event");
    let event = &events["events"][0];
    assert_eq!(event["actor"], format!("user:{}", admin.id));
    let told = |when: &str| event["detail"][when].as_str().unwrap().to_owned();
    assert_eq!(told("before"), r#"{"access_token_ttl":"5m","display_name":"Acme"}"#);
    assert_eq!(told("after"), r#"{"access_token_ttl":"15m","display_name":null}"#);
}

#[tokio::test]
async fn a_setting_that_is_not_right_is_named_and_nothing_changes() {
    let app = TestApp::with(WORLD).await;
    let admin = app.admin().await;
    let before = app.ask(&admin, Method::GET, REALM, None).await.json();
    for (settings, detail) in [
        (
            json!({"display_nme": "x"}),
            "`display_nme`: no realm has such a setting; did you mean `display_name`?",
        ),
        (json!({"access_token_ttl": "0s"}), "`access_token_ttl`: write a time from 1s to 24h."),
        (json!({"registration": 7}), "`registration`: this takes one of `open`, `invited`, `closed`."),
        (json!({"organization_roles": ["editr"]}), "`organization_roles`: there is no role editr."),
        (json!({"mfa": "required"}), "`mfa`: this release has no second factors; leave it out."),
        (
            json!({"profile": "native"}),
            "`profile`: this is set where the realm is declared: in the file, by `gatepost apply`.",
        ),
        (json!({"hosts": []}), "`hosts`: this is set where the realm is declared"),
        (json!({"issuer": null}), "`issuer`: this is set where the realm is declared"),
        (json!({"display_name": "x", "audit_retention": "24h"}), "`audit_retention`: this is set where"),
    ] {
        let answer = change(&app, &admin, settings.clone()).await;
        assert_eq!(answer.brief(), "422 invalid_field", "{settings}");
        assert!(answer.text("detail").starts_with(detail), "{settings}: {}", answer.text("detail"));
    }
    let body = json!({"settings": {"display_name": "x"}, "name": "other"});
    assert_eq!(app.ask(&admin, Method::PATCH, REALM, Some(body)).await.brief(), "400 invalid_body");
    assert_eq!(app.ask(&admin, Method::GET, REALM, None).await.json(), before);
}

/// Two readers could take it for two different changes.
#[tokio::test]
async fn ij_06_a_setting_that_is_named_twice_is_refused() {
    let app = TestApp::with(WORLD).await;
    let admin = app.admin().await;
    let client = "/api/v1/admin/clients/robot";
    for (path, body) in [
        (REALM, r#"{"settings":{"display_name":"Acme","display_name":"Evil"}}"#),
        (REALM, r#"{"settings":{"display_name":"Acme","display\u005fname":"Evil"}}"#),
        (REALM, r#"{"settings":{},"settings":{"display_name":"Evil"}}"#),
        (client, r#"{"settings":{"name":"Robot","name":"Evil"}}"#),
        (client, r#"{"settings":{"jwks":{"keys":[{"kty":"EC","kty":"RSA"}]}}}"#),
    ] {
        let request = Request::patch(path)
            .header(header::HOST, "127.0.0.1:8400")
            .header(header::AUTHORIZATION, format!("Bearer {}", admin.access_token))
            .header(header::CONTENT_TYPE, "application/json");
        let answer = app.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.brief(), "400 invalid_body", "{body}");
        assert!(answer.text("detail").starts_with("duplicate field"), "{body}: {}", answer.text("detail"));
    }
    assert_eq!(
        app.ask(&admin, Method::GET, REALM, None).await.json()["settings"]["display_name"],
        Value::Null
    );
}

#[tokio::test]
async fn nobody_but_an_administrator_of_the_realm_changes_it() {
    let app = TestApp::with(WORLD).await;
    let (admin, eve) = (app.admin().await, app.person("eve@example.com").await);
    let name = json!({"display_name": "Mallory"});
    assert_eq!(change(&app, &eve, name.clone()).await.brief(), "403 missing_role");
    let body = Some(json!({ "settings": name }));
    let there = app.ask(&admin, Method::PATCH, "/r/acme/api/v1/admin/realm", body).await;
    assert_eq!(there.brief(), "401 invalid_token");
}

/// The file says how what it names is to be, as of roles and clients. What it does not name stays as an administrator left it.
#[tokio::test]
async fn a_file_applied_afterwards_gives_back_what_it_names_and_leaves_the_rest() {
    let app = TestApp::with(WORLD).await;
    let admin = app.admin().await;
    let changed = json!({"access_token_ttl": "5m", "audience": ["other-api"], "display_name": "Acme"});
    assert_eq!(change(&app, &admin, changed).await.status, 200);
    app.advance(Duration::from_secs(1));
    let lines = app.apply(WORLD).await;
    assert_eq!(lines, ["changed realm default: access_token_ttl 5m -> 10m, audience other-api -> notes-api"]);
    let admin = app.sign_in("admin@example.com").await;
    let settings = app.ask(&admin, Method::GET, REALM, None).await.json()["settings"].clone();
    assert_eq!(
        (&settings["access_token_ttl"], &settings["audience"], &settings["display_name"]),
        (&json!("10m"), &json!(["notes-api"]), &json!("Acme"))
    );
    assert!(app.apply(WORLD).await.is_empty());
    // The trail tells what the file gave back.
    let trail =
        app.ask(&admin, Method::GET, "/api/v1/admin/audit?event=realm-updated&limit=1", None).await.json();
    assert_eq!(trail["events"][0]["actor"], "operator");
    assert_eq!(
        trail["events"][0]["detail"]["after"],
        r#"{"access_token_ttl":"10m","audience":["notes-api"]}"#
    );
}

/// PG-03: through the API a picture is drawn as well, and the audit trail names it without holding it.
#[tokio::test]
async fn pg_03_an_administrator_gives_the_realm_a_picture() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let mut png = Vec::new();
    let mut writer = png::Encoder::new(&mut png, 8, 8).write_header().unwrap();
    writer.write_image_data(&[1; 64]).unwrap();
    writer.finish().unwrap();
    png.extend_from_slice(b"<script>");
    let logo = gatepost_domain::Logo::from_png(&png).unwrap();
    let change = |logo: Value| json!({"settings": {"logo": logo}});
    let changed =
        app.ask(&admin, Method::PATCH, "/api/v1/admin/realm", Some(change(json!(logo.to_string())))).await;
    let kept = changed.json()["settings"]["logo"].as_str().unwrap().to_owned();
    assert_ne!(kept, logo.to_string(), "drawn anew");
    let page = String::from_utf8(app.get("/sign-in").await.body).unwrap();
    let version = kept.parse::<gatepost_domain::Logo>().unwrap().version();
    assert!(page.contains(&format!("/assets/logo/{version}")));
    let trail = app.ask(&admin, Method::GET, "/api/v1/admin/audit?event=realm-updated", None).await;
    let trail = String::from_utf8(trail.body).unwrap();
    assert!(trail.contains(&version) && !trail.contains("image/png"), "{trail}");
    for (bad, said) in [
        (json!("data:image/svg+xml;base64,PHN2Zz4="), "a logo is a PNG picture"),
        (json!("logo.png"), "a logo is a PNG picture"),
        (json!(7), "this takes"),
        (json!("data:image/png;base64,iVBORw0KGgo="), "the PNG of the logo is damaged"),
    ] {
        let refused = app.ask(&admin, Method::PATCH, "/api/v1/admin/realm", Some(change(bad))).await;
        assert_eq!(refused.brief(), "422 invalid_field");
        assert!(String::from_utf8_lossy(&refused.body).contains(said), "{refused:?}");
    }
    let removed = app.ask(&admin, Method::PATCH, "/api/v1/admin/realm", Some(change(Value::Null))).await;
    assert_eq!(removed.json()["settings"]["logo"], Value::Null);
}

#[tokio::test]
async fn a_realm_may_not_lock_all_of_its_administrators_out() {
    let app = TestApp::with(WORLD).await;
    let admin = app.admin().await;
    let verified = json!({"require_verified_email": true});
    let refused = change(&app, &admin, verified.clone()).await;
    assert_eq!(refused.brief(), "422 invalid_field");
    assert!(refused.text("detail").contains("gatepost user verify"), "{refused:?}");
    let file = "[[realm]]\nname = \"default\"\nrequire_verified_email = true\n";
    assert!(app.refused(file).await.starts_with("realm default, require_verified_email: no administrator"));
    assert_eq!(
        change(&app, &admin, json!({"access_token_ttl": "5m"})).await.status,
        200,
        "others are as before"
    );

    // The file that says whose address is verified may say both.
    let user = "[[realm.user]]\nemail = \"admin@example.com\"\nemail_verified = true\n";
    app.apply(&format!("{file}{user}")).await;
    assert_eq!(app.login("admin@example.com").await.status, 200);
    assert_eq!(change(&app, &admin, json!({"require_verified_email": false})).await.status, 200);
    assert_eq!(change(&app, &admin, verified).await.status, 200);
}
