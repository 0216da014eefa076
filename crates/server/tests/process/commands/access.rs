//! `gatepost role`, `client`, `session`, `api-key`, and what `user` and `realm` do to them

use std::fs;

use insta::assert_snapshot;
use serde_json::json;

use super::{command, refusal, serve};
use crate::support::{Tokens, install, sign_up};

const FILE: &str = r#"
[[realm]]
name = "default"
[[realm.role]]
name = "editor"
permissions = ["notes:write"]
inherits = ["reader"]
[[realm.role]]
name = "reader"
permissions = ["notes:read"]
[[realm.client]]
id = "web"
name = "Web app"
public = true
scopes = ["openid", "notes:read"]
[[realm]]
name = "acme"
"#;

/// Ids as `[id]`.
fn hide_ids(text: &str) -> String {
    let mut shown = text.to_owned();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        if word.len() == 30 && word.as_bytes()[3] == b'_' {
            shown = shown.replace(word, "[id]");
        }
    }
    shown
}

#[test]
fn roles_and_clients_are_listed_and_a_users_roles_are_given_and_taken() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = folder.path().join("realms.toml");
    fs::write(&file, FILE).unwrap();
    command(&data, &format!("apply {}", file.display())).done();
    assert_snapshot!(command(&data, "role list").done(), @r"
    NAME    PERMISSIONS  INHERITS
    editor  notes:write  reader
    reader  notes:read
    ");
    let roles = command(&data, "role list --json").json();
    assert_eq!(roles[0], json!({"name": "editor", "permissions": ["notes:write"], "inherits": ["reader"]}));
    assert_snapshot!(command(&data, "client list").done(), @r"
    ID   NAME     KIND    SCOPES
    web  Web app  public  openid notes:read
    ");
    assert_eq!(command(&data, "client list --json").json()[0]["id"], "web");
    assert_eq!(command(&data, "client list --realm acme --json").json(), json!([]));

    command(&data, "user create --email ada@users.test --username ada").done();
    assert_snapshot!(hide_ids(&command(&data, "user roles ada").done()), @"[id] has no roles");
    let edit = "user roles ada --add editor --add realm-admin";
    assert_snapshot!(hide_ids(&command(&data, edit).done()), @"[id] has editor realm-admin");
    // One administrator stays, whoever takes the role.
    assert_snapshot!(refusal(&data, "user roles ada --remove realm-admin"), @"1 error: user ada in default: the last administrator of the realm must stay; give another user the role realm-admin first");
    command(&data, "user create --username bob --role realm-admin").done();
    let edited = command(&data, "user roles ada --remove realm-admin --add reader --json").json();
    assert_eq!(edited["roles"], json!(["editor", "reader"]));
    assert_snapshot!(refusal(&data, "user roles ada --add edtor"), @"1 error: roles: realm default has no role edtor; did you mean editor?");
    assert_snapshot!(refusal(&data, "user roles ada --remove realm-admn"), @"1 error: roles: realm default has no role realm-admn; did you mean realm-admin?");

    assert_eq!(edited["email_verified"], false);
    assert_snapshot!(hide_ids(&command(&data, "user verify ada").done()), @"the address of [id] is verified");
    assert_eq!(command(&data, "user show ada --json").json()["email_verified"], true);
    assert_snapshot!(hide_ids(&refusal(&data, "user verify bob")), @"1 error: [id] has no e-mail address");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_ended_and_keys_revoked_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let file = data.join("realms.toml");
    fs::write(&file, "[[realm]]\nname = \"default\"\napi_key_scopes = [\"ci\"]\n").unwrap();
    command(data, &format!("apply {}", file.display())).done();
    let server = serve(data);
    let mut http = server.http();
    let ada: Tokens = sign_up(&mut http, "ada@users.test").await;
    let sessions = command(data, "session list ada@users.test --json").json();
    let id = sessions[0]["id"].as_str().unwrap();
    assert!(command(data, "session list ada@users.test").done().contains(id));
    assert_snapshot!(hide_ids(&command(data, "session end ada@users.test").arg(id).done()), @"ended session [id]");
    assert_eq!(http.get_as("/api/v1/me", &ada.access).await.unwrap().brief(), "401 invalid_token");
    assert_snapshot!(hide_ids(&refusal(data, &format!("session end ada@users.test {id}"))), @"1 error: [id] has no session [id]");
    assert_snapshot!(hide_ids(&refusal(data, "session end ada@users.test x")), @"1 error: [id] has no session x");
    assert_snapshot!(hide_ids(&command(data, "session end ada@users.test --all").done()), @"ended every session of [id]");
    assert_eq!(command(data, "session list ada@users.test --json").json(), json!([]));

    let bob = sign_up(&mut http, "bob@users.test").await;
    for name in ["one", "two", "three"] {
        let body = json!({"name": name, "scopes": ["ci"]});
        let made = http.post_as("/api/v1/me/api-keys", &bob.access, body).await.unwrap();
        assert_eq!(made.status, 201);
    }
    let all = command(data, "api-key revoke --all-of bob@users.test").done();
    assert_snapshot!(hide_ids(&all), @"revoked 3 keys of [id]");
    assert_eq!(command(data, "api-key list --user bob@users.test --json").json(), json!([]));
    let events = command(data, "audit export --json --event api-key-revoked").json();
    assert_eq!(events.as_array().unwrap().len(), 3);
    assert!(events.as_array().unwrap().iter().all(|event| event["actor"] == "operator"));
    assert_eq!(command(data, "audit export --json --event realm-deleted").json(), json!([]));
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_realm_is_deleted_only_with_yes_and_never_the_default_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = serve(data);
    command(data, "realm create acme").done();
    command(data, "user create --realm acme --username ada").done();
    assert_snapshot!(refusal(data, "realm delete acme"), @"1 error: this removes realm acme with every user, client and key in it; say so with --yes");
    assert_snapshot!(refusal(data, "realm delete default --yes"), @"1 error: default is the default realm; make another the default in the declarative file first");
    assert_snapshot!(refusal(data, "realm delete amce --yes"), @"1 error: there is no realm amce; did you mean acme?");
    assert_eq!(command(data, "realm list --json").json().as_array().unwrap().len(), 2);
    assert_snapshot!(command(data, "realm delete acme --yes").done(), @"deleted realm acme and everything in it");
    assert_snapshot!(refusal(data, "user list --realm acme"), @"1 error: there is no realm acme; `gatepost realm list` shows all");
    assert_eq!(server.get("/r/acme/.well-known/openid-configuration").await.status, 404);
    server.stop();
}

#[test]
fn the_settings_in_effect_are_printed_as_json() {
    let folder = tempfile::tempdir().unwrap();
    install(folder.path());
    let settings = command(folder.path(), "config check --json").json();
    assert_eq!(settings["server"]["listen"], "127.0.0.1:8400");
    assert_eq!(settings["passwords"]["lanes"], 1);
}
