//! `gatepost api-key`, and keys of a file

use std::fs;

use insta::assert_snapshot;
use serde_json::json;

use super::{command, refusal};

const FILE: &str = r#"
[[realm]]
name = "default"
[[realm.client]]
id = "worker"
grants = ["client_credentials"]
scopes = ["notes:read"]
[[realm.organization]]
slug = "acme"
name = "Acme"
[[realm.api_key]]
client = "worker"
name = "nightly"
scopes = ["notes:read"]
"#;

/// Secrets and ids as what they are.
fn hide(output: &str) -> String {
    let mut shown = output.to_owned();
    for word in output.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != '-')
    {
        for (prefix, length) in [("gp_cs_", 49), ("gp_key_", 71), ("key_", 30)] {
            if word.starts_with(prefix) && word.len() == length {
                shown = shown.replace(word, &format!("[{prefix}]"));
            }
        }
    }
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_the_file_is_shown_once_listed_and_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let path = folder.path().join("realms.toml");
    fs::write(&path, FILE).unwrap();
    let apply = format!("apply {}", path.display());
    assert_snapshot!(hide(&command(&data, &apply).done()), @r"
    created client worker in default with secret [gp_cs_] (shown this once)
    created organization acme in default
    created API key nightly of client worker in default with secret [gp_key_] (shown this once)
    ");
    assert_eq!(command(&data, &apply).done(), "nothing to change");
    let listed = command(&data, "api-key list --client worker --json").json();
    assert_eq!((&listed[0]["name"], &listed[0]["created_by"]), (&json!("nightly"), &json!(null)));
    let start = listed[0]["start"].as_str().unwrap();
    assert!(start.starts_with("gp_key_") && start.len() == 23, "how it begins, and no more: {start}");
    assert_snapshot!(hide(&command(&data, "api-key list --client worker").done()), @r"
    ID                              NAME     SCOPES      EXPIRES  LAST USED
    [key_]  nightly  notes:read  -        -
    ");
    assert_eq!(command(&data, "api-key list --org acme --json").json(), json!([]));

    let id = listed[0]["id"].as_str().unwrap();
    assert_snapshot!(hide(&command(&data, &format!("api-key revoke {id}")).done()), @"revoked [key_]");
    assert_eq!(command(&data, "api-key list --client worker --json").json(), json!([]));
    let trail = command(&data, "audit export --event api-key-revoked").done();
    assert!(trail.contains("\"client\":\"worker\"") && trail.contains("operator"), "{trail}");
    let again = refusal(&data, &format!("api-key revoke {id}"));
    assert_snapshot!(hide(&again), @"1 error: realm default has no API key [key_] that is not revoked");
    assert_snapshot!(refusal(&data, "api-key list --client wroker"), @"1 error: realm default has no client wroker; `gatepost client list` shows all");
    assert!(refusal(&data, "api-key list").starts_with("2 error: "), "whose?");
    assert!(command(&data, &apply).done().contains("API key nightly"), "the file makes another");
}
