//! `gatepost audit`

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
