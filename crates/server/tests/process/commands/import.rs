//! `gatepost user import`

use std::fs;

use insta::assert_snapshot;
use serde_json::json;

use super::{command, refusal, serve};
use crate::support::{eventually, install};

const HASH: &str = "$2b$10$U00QmOzrNJgdKo1eJBlNaOv2fMcKHnRJDH6JgJ.tnCcJA4YE0twM.";

#[tokio::test(flavor = "multi_thread")]
async fn users_are_imported_while_the_server_runs_and_sign_in_with_their_old_password() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = serve(&data);
    let file = folder.path().join("users.ndjson");
    let report = folder.path().join("report.ndjson");
    let rows = [
        json!({"email": "ada@users.test", "password_hash": HASH}),
        json!({"email": "ada@users.test@"}),
        json!({"email": "bob@users.test", "email_verified": true}),
    ];
    fs::write(&file, rows.map(|row| row.to_string()).join("\n")).unwrap();
    let import = format!("user import {} --report {}", file.display(), report.display());

    let dry = command(&data, &format!("{import} --dry-run")).run();
    assert_snapshot!(dry.stdout, @r"
    line 2: email: not an e-mail address: write it as name@example.com
    2 users would be made; 0 would be there already; 1 refused
    ");
    assert_eq!(command(&data, "user list --json").json(), json!([]));
    let done = command(&data, &import).run();
    assert_eq!(done.code, Some(1));
    assert_snapshot!(done.stderr, @"error: 1 of 3 rows were refused; mend them and import the file again: who is there is left alone");
    let told: serde_json::Value = serde_json::from_str(&fs::read_to_string(&report).unwrap()).unwrap();
    assert_eq!((&told["line"], &told["outcome"]), (&json!(2), &json!("refused")));

    let mut http = server.http();
    let sign_in = json!({"email": "ada@users.test", "password": "correct horse battery staple"});
    for _ in 0..2 {
        let answer = http.post("/api/v1/login", sign_in.clone()).await.unwrap();
        assert_eq!(answer.status, 200);
    }
    let again = command(&data, &format!("{import} --json")).run();
    let counts: serde_json::Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!((&counts["made"], &counts["existing"], &counts["refused"]), (&json!(0), &json!(2), &json!(1)));
    server.stop();
}

#[test]
fn what_cannot_be_imported_is_said_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    install(data);
    assert_snapshot!(refusal(data, "user import nowhere.ndjson"), @"1 error: cannot read nowhere.ndjson: No such file or directory (os error 2)");
    assert_snapshot!(refusal(data, "user import /"), @"1 error: / is a folder; name a file");
    assert_snapshot!(refusal(data, "user import x.json --format firebase"), @"2 error: the following required arguments were not provided: --firebase-hash-config <FILE>; see gatepost user import --help");
    let read = command(data, "user import - --format csv").stdin("email\nada@users.test\n").done();
    assert_snapshot!(read, @"1 user made; 0 were there already; 0 refused");
}

/// Wherever it is stopped, everybody who is there has the password of their line, and the same command makes the others.
#[tokio::test]
async fn an_import_that_is_killed_leaves_nobody_by_half_and_is_gone_on_with() {
    const USERS: u32 = 6_000;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    install(&data);
    let file = folder.path().join("users.ndjson");
    let rows =
        (0..USERS).map(|n| json!({"email": format!("u{n}@users.test"), "password_hash": HASH}).to_string());
    fs::write(&file, rows.collect::<Vec<_>>().join("\n")).unwrap();
    let database = rusqlite::Connection::open(data.join("gatepost.db")).unwrap();
    let count = |from: &str| -> u32 {
        database.query_row(&format!("SELECT COUNT(*) FROM {from}"), [], |row| row.get(0)).unwrap()
    };
    let mut import = command(&data, &format!("user import {}", file.display())).start();
    eventually("the first users", async || (count("users") > 0).then_some(())).await;
    import.kill();
    let there = count("users");
    let whole = format!(
        "users u JOIN passwords p ON p.realm_id = u.realm_id AND p.user_id = u.id AND p.hash = '{HASH}'"
    );
    assert_eq!(count(&whole), there);
    assert_eq!(count("audit WHERE event = 'user-import-begun'"), 1);
    let again = command(&data, &format!("user import {} --json", file.display())).json();
    assert_eq!((&again["made"], &again["existing"]), (&json!(USERS - there), &json!(there)));
    assert_eq!((count("users"), count(&whole)), (USERS, USERS));
}
