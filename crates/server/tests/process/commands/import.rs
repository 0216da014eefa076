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

    let at = format!("{}/", folder.path().display());
    let dry = command(&data, &format!("{import} --dry-run")).run();
    assert_snapshot!(dry.stdout.replace(&at, ""), @r"
    users.ndjson:2: email: not an e-mail address: write it as name@example.com
    2 users would be imported into realm default, 1 of them without a password, 0 would stay unchanged, 1 would be refused (all in report.ndjson)
    nothing was written: this is a dry run
    ");
    assert_snapshot!(dry.stderr, @"error: 1 of 3 rows would be refused; mend it before the file is imported");
    assert_eq!(command(&data, "user list --json").json(), json!([]));
    let done = command(&data, &import).run();
    assert_eq!(done.code, Some(1));
    assert_snapshot!(done.stderr, @"error: 1 of 3 rows was refused; mend it and import the file again: who is there is left alone");
    let counts = done.stdout.replace(&at, "");
    assert_snapshot!(counts.lines().last().unwrap(), @"2 users imported into realm default, 1 of them without a password, 0 unchanged, 1 refused (all in report.ndjson)");
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
    assert_snapshot!(refusal(data, "user import nowhere.ndjson"), @"1 error: there is no file nowhere.ndjson; name another, or - for standard input");
    assert_snapshot!(refusal(data, "user import /"), @"1 error: / is a folder; name a file");
    assert_snapshot!(refusal(data, "user import x.json --format firebase"), @"2 error: the following required arguments were not provided: --firebase-hash-config <FILE>; see gatepost user import --help");
    assert_snapshot!(refusal(data, "user import -"), @"1 error: standard input is empty, so there is nobody to import; look at what was to fill it");
    assert_snapshot!(refusal(data, "user import - --realm acmee"), @"1 error: there is no realm acmee; did you mean acme?");
    let said = |args: &str, stdin: &str| command(data, args).stdin(stdin).run();
    let csv = "email\nada@users.test\n";
    let wrong = said("user import -", csv);
    assert_snapshot!(wrong.stderr, @"error: standard input: the file is no JSON; --format csv reads CSV with a head line");
    let wrong = said("user import - --format csv", "emial\nada@users.test\n");
    assert_snapshot!(wrong.stderr, @r#"error: standard input:1: "emial": nothing that is read; did you mean email?"#);
    let wrong = said("user import - --format csv", "{\"email\":\"ada@users.test\"}\n");
    assert_snapshot!(wrong.stderr, @"error: standard input: the file is no CSV; --format ndjson reads JSON, an object a line");
    let wrong = said("user import - --format fastapi-users", "email,is_active\nada@users.test,t\n");
    assert_snapshot!(wrong.stderr, @"error: standard input:1: hashed_password: no such column, and the password hashes are there; export it too, or import the users without passwords by --format csv");
    let wrong = said("user import -", "{\"email\":\"ada@users.test\",\"full_name\":\"Ada\"}\n");
    assert_snapshot!(wrong.stdout.lines().next().unwrap(), @r#"standard input:1: "full_name": nothing that is read; did you mean name?"#);
    let wrong = said("user import - --format django", "[{\"fields\":{\"email\":\"d@users.test\"}},\n{");
    assert_snapshot!(wrong.stderr, @"error: standard input:2: the file ends too early, at column 1; export all of it; 1 user was imported before it, and a second run leaves it alone");
    let read = said("user import - --format csv", csv).stdout;
    assert_snapshot!(read, @"1 user imported into realm default, 1 of them without a password, 0 unchanged, 0 refused");
    let read = said("user import - --format csv", &format!("{csv}{}", "x\n".repeat(25)));
    let told: Vec<&str> = read.stdout.lines().collect();
    assert_eq!(told.len(), 21);
    assert_snapshot!(told[0], @"standard input:3: email: not an e-mail address: write it as name@example.com");
    assert_snapshot!(told[20], @"0 users imported into realm default, 1 unchanged, 25 refused (20 named above; --report FILE writes down all)");
    assert_snapshot!(read.stderr, @"error: 25 of 26 rows were refused; mend them and import the file again: who is there is left alone");
    let strict = said("user import - --format csv --strict", &format!("{csv}x\ny\n"));
    assert_snapshot!(strict.stderr, @"error: 1 of 2 rows was refused; --strict ends there; mend it and import the file again: who is there is left alone");
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
