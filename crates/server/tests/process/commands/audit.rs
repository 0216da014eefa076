//! `gatepost audit`

use std::fs;

use insta::assert_snapshot;
use serde_json::Value;

use super::{command, refusal, serve};
use crate::support::{install, login, sign_up};

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_is_exported_a_line_an_event_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = serve(data);
    let mut http = server.http();
    sign_up(&mut http, "ada@audit.test").await;
    login(&mut http, "ada@audit.test").await.unwrap();
    let exported = command(data, "audit export --user ada@audit.test").done();
    let events: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["signed-in", "signed-in", "user-registered"]);
    let signed_in = command(data, "audit export --event signed-in --since 2020-01-01").done();
    assert_eq!(signed_in.lines().count(), 2);
    assert_eq!(command(data, "audit export --until 2020-01-01T00:00:00Z").done(), "");
    server.stop();
}

#[test]
fn what_cannot_be_asked_for_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    install(data);
    assert_snapshot!(refusal(data, "audit export --event signed-inn"), @"2 error: invalid value 'signed-inn' for '--event <EVENT>': no event has this name; did you mean signed-in?; see gatepost audit export --help");
    assert_snapshot!(refusal(data, "audit export --since yesterday"), @"2 error: invalid value 'yesterday' for '--since <SINCE>': write a day, or a moment as in 2026-11-01T08:30:00Z (UTC); see gatepost audit export --help");
    assert_snapshot!(refusal(data, "audit export --realm acmee"), @"1 error: there is no realm acmee; did you mean acme?");
}

/// A serving process keeps the trail as long as the realm says.
#[test]
fn what_is_older_than_the_realm_keeps_is_deleted_when_the_server_starts() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = folder.path().join("realms.toml");
    fs::write(&file, "[[realm]]\nname = \"default\"\naudit_retention = \"30d\"\n").unwrap();
    command(&data, &format!("apply {}", file.display())).done();
    let database = rusqlite::Connection::open(data.join("gatepost.db")).unwrap();
    // An event of 1970.
    let old = "INSERT INTO audit (realm_id, id, at, event, actor, detail)
        SELECT id, zeroblob(16), 0, 'signed-in', 'operator', '{}' FROM realms";
    database.execute(old, []).unwrap();
    drop(database);
    assert!(command(&data, "audit export").done().contains("1970-01-01"));
    let server = serve(&data);
    assert!(server.stderr.wait_for("deleting audit events of before").is_some());
    let kept = command(&data, "audit export").done();
    assert!(!kept.contains("1970-01-01") && kept.contains("realm-created"), "{kept}");
    assert!(kept.contains("audit-trimmed"), "{kept}");
    server.stop();
}
