//! `gatepost apply`

use std::{fs, path::Path};

use insta::assert_snapshot;
use serde_json::json;

use super::{command, refusal, serve};
use crate::support::{CHEAP_HASHES, Tokens, eventually, gatepost, install, login};

const FILE: &str = r#"
[[realm]]
name = "acme"
audience = ["notes-api"]
[[realm.role]]
name = "editor"
permissions = ["notes:write"]
[[realm.client]]
id = "web"
redirect_uris = ["http://localhost:8000/callback"]
[[realm.client]]
id = "app"
public = true
redirect_uris = ["http://localhost:8000/callback"]
[[realm.user]]
email = "ada@acme.test"
password = "correct zebra stapler in outside tests"
roles = ["editor"]
"#;

fn file(folder: &Path, text: &str) -> String {
    let path = folder.join("realms.toml");
    fs::write(&path, text).unwrap();
    format!("apply {}", path.display())
}

/// The output with each generated secret as `[secret]`, and the secrets.
fn hide_secrets(output: &str) -> (String, Vec<String>) {
    let secrets: Vec<String> = output
        .split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_' || letter == '-'))
        .filter(|word| word.starts_with("gp_cs_"))
        .map(str::to_owned)
        .collect();
    (secrets.iter().fold(output.to_owned(), |text, secret| text.replace(secret, "[secret]")), secrets)
}

/// Every row of every table but the log that SQLite keeps of itself.
fn rows(data: &Path) -> Vec<(String, i64)> {
    let database = rusqlite::Connection::open(data.join("gatepost.db")).unwrap();
    let mut tables = database
        .prepare(
            // A lease is held while a job of the server runs.
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'leases'
             ORDER BY name",
        )
        .unwrap();
    let names: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let count = |name: &String| {
        database.query_row(&format!("SELECT count(*) FROM \"{name}\""), [], |row| row.get(0)).unwrap()
    };
    names.iter().map(|name| (name.clone(), count(name))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_makes_what_is_missing_shows_generated_secrets_once_and_changes_nothing_the_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = serve(&data);
    let apply = file(folder.path(), FILE);

    let (said, secrets) = hide_secrets(&command(&data, &apply).done());
    assert_snapshot!(said, @r"
    created realm acme
    created role editor in acme
    created client web in acme with secret [secret] (shown this once)
    created client app in acme
    created user ada@acme.test in acme
    ");
    assert_eq!(secrets.len(), 1);
    let before = rows(&data);
    assert_eq!(command(&data, &apply).done(), "nothing to change");
    assert_eq!(command(&data, &apply).arg("--json").json(), json!({ "dry_run": false, "changes": [] }));
    assert_eq!(rows(&data), before, "not even a line in the audit trail");

    // The running server has the realm.
    let mut http = server.http();
    let body = json!({ "email": "ada@acme.test", "password": crate::support::PASSWORD });
    let signed_in = http.post("/r/acme/api/v1/login", body).await.unwrap();
    Tokens::of(&signed_in);
    assert_eq!(
        login(&mut http, "ada@acme.test").await.unwrap().status,
        401,
        "not a user of the default realm"
    );
    server.stop();
}

#[test]
fn a_secret_that_serve_makes_is_printed_and_never_logged() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let start = || {
        let serve =
            gatepost("serve --listen 127.0.0.1:0 --public-url http://127.0.0.1:8400 --log-level debug");
        let file = file(folder.path(), FILE);
        serve.arg("--apply").arg(file.trim_start_matches("apply ")).data(&data).envs(CHEAP_HASHES).serve()
    };
    let mut server = start();
    server.terminate();
    assert!(server.wait().success());
    let (printed, secrets) = hide_secrets(&server.stdout.text());
    let line = "created client web in acme with secret [secret] (shown this once)";
    assert!(printed.lines().any(|printed| printed == line), "{printed}");
    let log = server.stderr.text();
    assert!(log.contains("created client web in acme") && log.contains("created user usr_"), "{log}");
    assert!(!log.contains("ada@acme.test"), "an address of a person is in the log: {log}");
    assert!(!log.contains("gp_cs_") && !log.contains(&secrets[0]), "{log}");
    let mut again = start();
    again.terminate();
    assert!(again.wait().success());
    assert_eq!(again.stdout.text().lines().count(), 1, "nothing is shown twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_would_change_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dry_run = format!("{} --dry-run", file(folder.path(), FILE));
    // Where nothing is, nothing is made.
    assert_snapshot!(command(&data, &dry_run).done(), @r"
    would create realm acme
    would create role editor in acme
    would create client web in acme
    would create client app in acme
    would create user ada@acme.test in acme
    ");
    assert!(!data.exists());

    let server = serve(&data);
    let before = rows(&data);
    assert_snapshot!(command(&data, &dry_run).arg("--json").json(), @r#"{"changes":[{"action":"created","what":"realm acme"},{"action":"created","what":"role editor in acme"},{"action":"created","what":"client web in acme"},{"action":"created","what":"client app in acme"},{"action":"created","what":"user ada@acme.test in acme"}],"dry_run":true}"#);
    assert_eq!(rows(&data), before);
    assert_eq!(server.get("/r/acme/.well-known/jwks.json").await.status, 404);

    // Against a store that has some of it.
    command(&data, &file(folder.path(), FILE)).done();
    let changed = FILE.replace("notes-api", "other-api").replace("[\"editor\"]", "[]").replace(
        "public = true\nredirect_uris = [\"http://localhost:8000",
        "public = true\nredirect_uris = [\"http://localhost:9000",
    );
    let dry_run = format!("{} --dry-run", file(folder.path(), &changed));
    let before = rows(&data);
    assert_snapshot!(command(&data, &dry_run).done(), @r"
    would change realm acme: audience notes-api -> other-api
    would change client app in acme: redirect_uris http://localhost:8000/callback -> http://localhost:9000/callback
    would change user ada@acme.test in acme: roles editor -> none
    ");
    let told = command(&data, &dry_run).arg("--json").json();
    assert_eq!(
        told["changes"][0],
        json!({"action": "changed", "what": "realm acme", "differences": [{"setting": "audience", "from": ["notes-api"], "to": ["other-api"]}]})
    );
    assert_eq!(rows(&data), before);
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_notices_what_was_applied() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = serve(&data);
    let mut http = server.http();
    command(&data, &file(folder.path(), FILE)).done();
    let body = json!({ "email": "new@acme.test", "password": crate::support::PASSWORD });
    assert_eq!(http.post("/r/acme/api/v1/register", body.clone()).await.unwrap().status, 201);
    let closed = FILE.replace("audience", "registration = \"closed\"\naudience");
    assert_snapshot!(command(&data, &file(folder.path(), &closed)).done(), @"changed realm acme: registration open -> closed");
    eventually("registration to be closed", async || {
        let answer = http.post("/r/acme/api/v1/register", body.clone()).await.unwrap();
        (answer.brief() == "403 registration_closed").then_some(())
    })
    .await;
    server.stop();
}

#[test]
fn a_file_that_cannot_be_applied_whole_is_not_applied_in_part() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    install(&data);
    let before = rows(&data);
    let weak = FILE.replace(crate::support::PASSWORD, "password1234");
    assert_snapshot!(refusal(&data, &file(folder.path(), &weak)), @"1 error: realm acme, user ada@acme.test: the password is one that many people use; choose another password");
    let role = FILE.replace("roles = [\"editor\"]", "roles = [\"edtor\"]");
    assert_snapshot!(refusal(&data, &file(folder.path(), &role)), @"1 error: realm acme, user ada@acme.test: there is no role edtor; did you mean editor?");
    let parent = FILE.replace("permissions = [", "inherits = [\"nobody\"]\npermissions = [");
    assert_snapshot!(refusal(&data, &file(folder.path(), &parent)), @r#"1 error: realm acme: role "editor" inherits from "nobody", which does not exist"#);
    assert_eq!(rows(&data), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_applies_a_file_before_it_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let path = file(folder.path(), FILE).replace("apply ", "");
    let serve = || command(&data, "serve --listen 127.0.0.1:0 --apply").arg(&path).serve();
    let server = serve();
    assert_eq!(server.get("/r/acme/.well-known/jwks.json").await.status, 200);
    server.stop();
    serve().stop();
}

#[test]
fn a_host_that_leads_elsewhere_is_named_with_its_realm_and_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    install(data);
    let two = "[[realm]]\nname = \"books\"\nhosts = [\"auth.books.test\"]\n[[realm]]\nname = \"posts\"\n\
               hosts = [\"auth.posts.test\", \"auth.books.test\"]\n";
    let said = "hosts: auth.books.test leads to realm books already; take it out of one of the two";
    let at = data.join("realms.toml");
    for text in [two, &two[two.find("[[realm]]\nname = \"posts\"").unwrap()..]] {
        let line = text.lines().count();
        let refused = refusal(data, &file(data, text));
        assert_eq!(refused, format!("1 error: {}:{line}: realm posts: {said}", at.display()));
        // For the second time the first one is there.
        command(data, &file(data, two.split_inclusive('\n').take(3).collect::<String>().as_str())).done();
    }
}
