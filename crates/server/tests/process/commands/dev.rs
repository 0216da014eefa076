//! `gatepost dev`

use std::fs;

use serde_json::{Value, json};

use super::command;
use crate::support::{Tokens, gatepost, login, sign_up};

/// What stands after `label` on its line.
fn told(welcome: &str, label: &str) -> String {
    let (_, rest) = welcome.split_once(label).unwrap_or_else(|| panic!("no {label:?} in:\n{welcome}"));
    rest.lines().next().unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn dev_prints_what_to_try_and_what_it_prints_works_and_it_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let server = gatepost("dev --listen 127.0.0.1:0").env("TMPDIR", folder.path().to_str().unwrap()).serve();
    server.stdout.wait_for("Guard an API").unwrap();
    let welcome = server.stdout.text();
    assert_eq!(welcome.lines().filter(|line| line.contains("gatepost ready on")).count(), 1);
    assert!(welcome.starts_with(&format!("gatepost ready on {}\n", server.url())), "{welcome}");

    // The sign-in as printed for curl.
    let mut http = server.http();
    assert!(welcome.contains(&format!("curl -s {}/api/v1/login", server.url())), "{welcome}");
    let body: Value = serde_json::from_str(told(&welcome, "-d '").trim_end_matches('\'')).unwrap();
    let grace = Tokens::of(&http.post("/api/v1/login", body).await.unwrap());
    let me = http.get_as("/api/v1/me", &grace.access).await.unwrap().json();
    assert_eq!(me["email"], "grace@example.com");
    // The administrator as printed.
    let password = told(&welcome, "ada@example.com    password: ");
    let ada = http
        .post("/api/v1/login", json!({ "email": "ada@example.com", "password": password }))
        .await
        .unwrap();
    let ada = Tokens::of(&ada);
    assert_eq!(http.get_as("/api/v1/admin/users", &ada.access).await.unwrap().status, 200);
    assert_eq!(server.get("/docs").await.status, 200);
    let metadata = server.get("/.well-known/openid-configuration").await.json();
    assert_eq!(
        metadata["issuer"],
        told(&welcome, "Guard an API with the issuer ").split(' ').next().unwrap()
    );

    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    server.stop();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "the temporary folder is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn dev_in_a_named_folder_keeps_what_was_done() {
    let folder = tempfile::tempdir().unwrap();
    let dev = || gatepost("dev --listen 127.0.0.1:0").data(folder.path()).serve();
    let server = dev();
    sign_up(&mut server.http(), "new@dev.test").await;
    server.stop();
    let server = dev();
    assert_eq!(login(&mut server.http(), "new@dev.test").await.unwrap().status, 200);
    server.stop();
    // Also another realm at the root.
    let file = folder.path().join("acme.toml");
    fs::write(&file, "[[realm]]\nname = \"acme\"\ndefault = true\n").unwrap();
    command(folder.path(), &format!("apply {}", file.display())).done();
    dev().stop();
    let listed = command(folder.path(), "realm list --json").json();
    let default = listed.as_array().unwrap().iter().find(|realm| realm["default"] == true).unwrap();
    assert_eq!(default["name"], "acme");
}

/// A folder whose passwords are public is not shown to others by another command.
#[test]
fn a_demo_is_not_served_to_others() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("made-by-gatepost-dev"), "").unwrap();
    let said = command(folder.path(), "serve --listen 127.0.0.1:0 --public-url https://auth.test").run();
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.contains("its accounts have public passwords"), "{}", said.stderr);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "and nothing was made");
}
