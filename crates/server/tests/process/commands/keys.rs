//! `gatepost key`

use serde_json::Value;

use super::{command, refusal, serve};
use crate::support::{Http, Tokens, eventually, install, login, sign_up};
use insta::assert_snapshot;

/// The key ids that the running server publishes.
async fn published(http: &mut Http) -> Vec<String> {
    let keys = http.get("/.well-known/jwks.json").await.unwrap().json();
    let mut kids: Vec<String> =
        keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect();
    kids.sort();
    kids
}

fn in_state(keys: &Value, state: &str) -> Vec<String> {
    let keys = keys.as_array().unwrap().iter().filter(|key| key["state"] == state);
    keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn signed_with(token: &str) -> String {
    let (header, _) = token.split_once('.').unwrap();
    let header: Value =
        serde_json::from_slice(&data_encoding::BASE64URL_NOPAD.decode(header.as_bytes()).unwrap()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_publishes_the_next_key_and_goes_on_signing_with_the_present_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let mut server = serve(data);
    let mut http = server.http();
    let tokens = sign_up(&mut http, "ada@keys.test").await;
    let first = published(&mut http).await;
    assert_eq!(first.len(), 1);

    let keys = command(data, "key rotate --json").json();
    assert_eq!(in_state(&keys, "signing"), first);
    let next = in_state(&keys, "next");
    eventually("the running server to publish the next key", async || {
        let kids = published(&mut http).await;
        (kids.len() == 2 && kids.contains(&next[0])).then_some(())
    })
    .await;
    assert_eq!(http.get_as("/api/v1/me", &tokens.access).await.unwrap().status, 200);
    let signed_in = Tokens::of(&login(&mut http, "ada@keys.test").await.unwrap());
    assert_eq!(signed_with(&signed_in.access), first[0], "nobody is surprised by a key they could not know");
    assert_snapshot!(refusal(data, "key rotate"), @"1 error: the next key is made already and waits for its time; `gatepost key list` shows when, --now does not wait");
    server.assert_sound();
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_at_once_signs_with_the_new_key_and_refuses_no_token_signed_before() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let mut server = serve(data);
    let mut http = server.http();
    let before = sign_up(&mut http, "ada@keys.test").await;
    let first = published(&mut http).await;

    let keys = command(data, "key rotate --now --json").json();
    let signing = in_state(&keys, "signing");
    assert_eq!(in_state(&keys, "retired"), first);
    let after = eventually("the running server to sign with the new key", async || {
        let tokens = Tokens::of(&login(&mut http, "ada@keys.test").await.unwrap());
        // Meanwhile what was signed before stays good.
        assert_eq!(http.get_as("/api/v1/me", &before.access).await.unwrap().status, 200);
        (signed_with(&tokens.access) == signing[0]).then_some(tokens)
    })
    .await;
    assert_eq!(published(&mut http).await.len(), 2);
    assert_eq!(http.get_as("/api/v1/me", &after.access).await.unwrap().status, 200);
    assert_eq!(http.get_as("/api/v1/me", &before.access).await.unwrap().status, 200);
    // Offline too: a guard that has the published keys takes both.
    for token in [&before.access, &after.access] {
        command(data, "token explain --audience http://127.0.0.1:8400").arg(token).done();
    }
    server.assert_sound();
    server.stop();
}

#[test]
fn keys_are_listed_by_what_they_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    install(data);
    command(data, "key rotate").done();
    let listed = command(data, "key list").done();
    let columns = listed
        .lines()
        .map(|line| line.split_ascii_whitespace().skip(1).take(2).collect::<Vec<_>>().join(" "));
    assert_snapshot!(columns.collect::<Vec<_>>().join("\n"), @r"
    ID ALG
    ES256 signing
    ES256 next
    ");
    assert!(!listed.contains("sealed"), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_key_is_trusted_no_longer_and_another_signs() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let mut server = serve(data);
    let mut http = server.http();
    let tokens = sign_up(&mut http, "ada@keys.test").await;
    let leaked = published(&mut http).await.remove(0);
    assert_snapshot!(refusal(data, "key withdraw nobody"), @"1 error: realm default has no key nobody that is trusted; `gatepost key list` shows all");
    let keys = command(data, "key withdraw --json").arg(&leaked).json();
    assert_eq!(in_state(&keys, "withdrawn"), std::slice::from_ref(&leaked));
    eventually("the running server to publish another key", async || {
        let kids = published(&mut http).await;
        (kids.len() == 1 && !kids.contains(&leaked)).then_some(())
    })
    .await;
    assert_eq!(http.get_as("/api/v1/me", &tokens.access).await.unwrap().status, 401);
    let signed_in = Tokens::of(&login(&mut http, "ada@keys.test").await.unwrap());
    assert_ne!(signed_with(&signed_in.access), leaked);
    assert_eq!(http.get_as("/api/v1/me", &signed_in.access).await.unwrap().status, 200);
    server.assert_sound();
    server.stop();
}

#[test]
fn a_command_on_a_folder_without_an_installation_makes_none() {
    let folder = tempfile::tempdir().unwrap();
    for line in ["realm list", "user list", "key list", "audit export", "token mint ada"] {
        let refused = refusal(folder.path(), line);
        assert!(refused.starts_with("1 error: there is no installation in "), "{line}: {refused}");
        assert!(refused.ends_with("`gatepost serve` and `gatepost apply` make one"), "{line}: {refused}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_rotation_at_once_signs_with_the_key_that_waits_and_makes_no_third() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    install(data);
    let waiting = in_state(&command(data, "key rotate --json").json(), "next");
    let keys = command(data, "key rotate --now --json").json();
    assert_eq!(in_state(&keys, "signing"), waiting);
    assert_eq!(keys.as_array().unwrap().len(), 2, "{keys}");
    let trail = command(data, "audit export --event signing-key-advanced").done();
    assert!(trail.contains(&waiting[0]), "{trail}");
    // The next time there is none that waits.
    let keys = command(data, "key rotate --now --json").json();
    assert_eq!(keys.as_array().unwrap().len(), 3, "{keys}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_applications_know_is_shown_and_changes_when_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let file = data.join("realms.toml");
    std::fs::write(&file, "[[realm]]\nname = \"books\"\nprofile = \"runbook\"\n").unwrap();
    command(data, &format!("apply {}", file.display())).done();
    let secrets = || command(data, "key secret --realm books --json").json();
    let (first, again) = (secrets(), secrets());
    assert_eq!(first, again, "as often as it is needed");
    assert_eq!((first.as_array().unwrap().len(), &first[0]["state"]), (1, &Value::from("signing")));
    let value = || command(data, "key secret --realm books --value").done();
    assert_eq!(Value::from(value()), first[0]["secret"], "nothing but it");
    command(data, "key rotate --realm books --json").done();
    assert_eq!(Value::from(value()), first[0]["secret"], "it still signs");
    let next = secrets();
    let states: Vec<_> = next.as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["signing", "next"]);
    assert_ne!(next[0]["secret"], next[1]["secret"]);
    assert_snapshot!(
        refusal(data, "key secret"),
        @"1 error: realm default shares no secret with applications: its profile signs with keys that are published; `gatepost key list` shows them"
    );
}
