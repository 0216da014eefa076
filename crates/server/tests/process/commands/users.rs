//! `gatepost realm` and `gatepost user`

use insta::assert_snapshot;
use serde_json::json;

use super::{command, refusal, serve};
use crate::support::{PASSWORD, Tokens, install, login, sign_up};

/// The id at the end of `made user usr_…`.
fn hide_ids(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let bare = word.trim_end_matches([';', '\n']);
        if bare.starts_with("usr_") || bare.starts_with("rlm_") {
            word.replace(bare, "[id]")
        } else {
            word.to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn realms_are_made_listed_and_shown_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = serve(data);
    assert_snapshot!(command(data, "realm create acme").done(), @"made realm acme with issuer http://127.0.0.1:8400/r/acme");
    assert_snapshot!(command(data, "realm list").done(), @r"
    NAME     DEFAULT  ISSUER
    default  yes      http://127.0.0.1:8400
    acme              http://127.0.0.1:8400/r/acme
    ");
    let shown = command(data, "realm show acme --json").json();
    assert_eq!(shown["issuer"], "http://127.0.0.1:8400/r/acme");
    assert_eq!(shown["settings"]["registration"], "open");
    assert_eq!(shown["audience"], serde_json::json!(["http://127.0.0.1:8400/r/acme"]));
    let shown = command(data, "realm show acme").done();
    assert!(
        shown.lines().any(|line| line.split_whitespace().eq(["registration", "open", "(default)"])),
        "{shown}"
    );
    for (setting, value) in [
        ("default ", "no"),
        ("profile", "native"),
        ("audit_retention", "for ever (default)"),
        ("hosts", "none (default)"),
        ("sms_url", "none (default)"),
        ("display_name", "none (default)"),
        ("audience", "http://127.0.0.1:8400/r/acme (default)"),
    ] {
        let said = shown.lines().find_map(|line| line.strip_prefix(setting)).unwrap_or_default();
        assert_eq!(said.trim(), value, "{setting}");
    }
    let metadata = server.get("/r/acme/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["issuer"], "http://127.0.0.1:8400/r/acme");
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_made_disabled_enabled_and_deleted_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = serve(data);
    let mut http = server.http();

    let create =
        command(data, "user create --email ada@users.test --username ada --password-stdin --email-verified");
    assert_snapshot!(hide_ids(&create.arg("--name").arg("Ada Lovelace").stdin(PASSWORD).done()), @"made user [id]");
    let tokens = Tokens::of(&login(&mut http, "ada@users.test").await.unwrap());
    let me = http.get_as("/api/v1/me", &tokens.access).await.unwrap().json();
    assert_eq!((&me["name"], &me["email_verified"]), (&json!("Ada Lovelace"), &json!(true)));

    // By address, by name, by id.
    let shown = command(data, "user show ada@users.test --json").json();
    assert_eq!(shown, command(data, "user show ada --json").json());
    assert_eq!(shown, command(data, "user show --json").arg(shown["id"].as_str().unwrap()).json());
    assert_eq!(shown["disabled"], false);
    let listed = command(data, "user list").done();
    assert!(listed.lines().next().unwrap().starts_with("ID    "), "{listed}");
    assert!(listed.contains("  ada@users.test  ada"), "{listed}");

    // Disabling ends what is under way, at once.
    assert_snapshot!(hide_ids(&command(data, "user disable ada").done()), @"disabled user [id]; their sessions have ended, and their API keys are revoked");
    assert_eq!(http.get_as("/api/v1/me", &tokens.access).await.unwrap().brief(), "401 invalid_token");
    let refresh = json!({ "refresh_token": tokens.refresh });
    assert_eq!(
        http.post("/api/v1/refresh", refresh.clone()).await.unwrap().brief(),
        "401 invalid_refresh_token"
    );
    assert_eq!(login(&mut http, "ada@users.test").await.unwrap().brief(), "401 invalid_credentials");
    let listed = command(data, "user list").done();
    assert!(listed.ends_with("disabled"), "{listed}");

    // Enabling does not bring the old sessions back.
    assert_snapshot!(hide_ids(&command(data, "user enable ada").done()), @"enabled user [id]");
    assert_eq!(http.post("/api/v1/refresh", refresh).await.unwrap().status, 401);
    assert_eq!(http.get_as("/api/v1/me", &tokens.access).await.unwrap().status, 401);
    let tokens = Tokens::of(&login(&mut http, "ada@users.test").await.unwrap());

    // Another password ends the sessions of the old one.
    let set = command(data, "user set-password ada").stdin("another zebra stapler for outside\n").done();
    assert_snapshot!(hide_ids(&set), @"set the password of [id]; their sessions have ended, and their API keys are revoked");
    assert_eq!(http.get_as("/api/v1/me", &tokens.access).await.unwrap().status, 401);
    assert_eq!(login(&mut http, "ada@users.test").await.unwrap().status, 401);
    let body = json!({ "username": "ada", "password": "another zebra stapler for outside" });
    let tokens = Tokens::of(&http.post("/api/v1/login", body).await.unwrap());

    assert_snapshot!(hide_ids(&refusal(data, "user reset-mfa ada")), @"1 error: this removes the second factors of [id] and ends their sessions; say so with --yes");
    assert_snapshot!(hide_ids(&command(data, "user reset-mfa ada --yes").done()), @"[id] has no second factor");
    assert_eq!(command(data, "user show ada --json").json()["second_factors"], json!([]));
    assert_snapshot!(hide_ids(&refusal(data, "user delete ada")), @"1 error: this removes user [id] with their sessions, memberships and API keys; say so with --yes");
    assert_snapshot!(hide_ids(&command(data, "user delete ada --yes").done()), @"deleted user [id]");
    assert_eq!(http.get_as("/api/v1/me", &tokens.access).await.unwrap().status, 401);
    assert_snapshot!(refusal(data, "user show ada"), @"1 error: realm default has no user ada; `gatepost user list` shows all, --realm names another realm");
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_given_by_command_counts_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = serve(data);
    let mut http = server.http();
    let create = "user create --email root@users.test --role realm-admin --password-stdin";
    command(data, create).stdin(PASSWORD).done();
    let root = Tokens::of(&login(&mut http, "root@users.test").await.unwrap());
    assert_eq!(http.get_as("/api/v1/admin/users", &root.access).await.unwrap().status, 200);
    let ada = sign_up(&mut http, "ada@users.test").await;
    assert_eq!(http.get_as("/api/v1/admin/users", &ada.access).await.unwrap().brief(), "403 missing_role");
    // The last administrator stays.
    assert_snapshot!(refusal(data, "user disable root@users.test"), @"1 error: user root@users.test in default: the last administrator of the realm must stay; give another user the role realm-admin first");
    assert_snapshot!(refusal(data, "user delete root@users.test --yes"), @"1 error: user root@users.test in default: the last administrator of the realm must stay; give another user the role realm-admin first");
    server.stop();
}

#[test]
fn what_a_user_cannot_be_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    install(data);
    command(data, "user create --email ada@users.test").done();
    assert_snapshot!(refusal(data, "user create"), @"1 error: email: give an address or a user name");
    assert_snapshot!(refusal(data, "user create --email nonsense"), @"1 error: email: not an e-mail address: write it as name@example.com");
    assert_snapshot!(refusal(data, "user create --email ADA@users.test"), @"1 error: user ADA@users.test in default: another user of the realm has this e-mail address; choose another");
    assert_snapshot!(refusal(data, "user create --email b@users.test --role edtor"), @"1 error: roles: realm default has no role edtor");
    assert_snapshot!(refusal(data, "user create --email b@users.test --password-stdin"), @"1 error: the password has fewer than 12 characters; choose another");
    let weak = command(data, "user create --email b@users.test --password-stdin").stdin("password1234");
    assert_snapshot!(weak.run().refusal(&[]), @"1 error: the password is one that many people use; choose another");
    let own =
        command(data, "user create --email barbara@users.test --password-stdin").stdin("barbara@users.test");
    assert_snapshot!(own.run().refusal(&[]), @"1 error: the password contains the name or address of its owner, or the name of the service; choose another");
    assert_snapshot!(refusal(data, "user disable nobody@users.test"), @"1 error: realm default has no user nobody@users.test; `gatepost user list` shows all, --realm names another realm");
    assert_eq!(command(data, "user list --json").json().as_array().unwrap().len(), 1);
}
