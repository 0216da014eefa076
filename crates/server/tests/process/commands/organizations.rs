//! `gatepost org`, and organizations of a file

use std::fs;

use insta::assert_snapshot;
use serde_json::json;

use super::{command, refusal, serve};
use crate::support::{Tokens, install, sign_up};

/// Ids as `[id]`.
fn hide_ids(text: &str) -> String {
    let mut shown = text.to_owned();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        if word.len() == 30 && ["usr_", "org_"].iter().any(|kind| word.starts_with(kind)) {
            shown = shown.replace(word, "[id]");
        }
    }
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_is_made_staffed_and_deleted_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = serve(data);
    let mut http = server.http();
    let ada: Tokens = sign_up(&mut http, "ada@orgs.test").await;
    sign_up(&mut http, "bob@orgs.test").await;

    let create = "org create acme --owner ada@orgs.test --name";
    let made = command(data, create).arg("Acme Ltd").done();
    assert_snapshot!(hide_ids(&made), @"made organization [id]");
    command(data, "org create zebra").done();
    let id = made.rsplit(' ').next().unwrap().trim().to_owned();
    let listed = http.get_as("/api/v1/organizations", &ada.access).await.unwrap().json();
    assert_eq!(listed["organizations"][0]["roles"], json!(["owner"]), "{listed}");

    assert_snapshot!(hide_ids(&command(data, "org list").done()), @r"
    ID                              SLUG   NAME
    [id]  acme   Acme Ltd
    [id]  zebra  zebra
    ");
    let shown = command(data, "org show acme --json").json();
    assert_eq!((&shown["slug"], &shown["name"]), (&json!("acme"), &json!("Acme Ltd")));
    assert_eq!(shown, command(data, "org show --json").arg(&id).json());
    assert_eq!(command(data, "org list --json --limit 1").json().as_array().unwrap().len(), 1);

    let set = command(data, "org set-member acme bob@orgs.test --role owner").done();
    assert_snapshot!(hide_ids(&set), @"[id] is a member of acme");
    let members = command(data, "org members acme --json").json();
    assert_eq!(members.as_array().unwrap().len(), 2);
    for (which, count) in [("none", 2), ("enrolled", 0)] {
        for list in ["org members acme", "user list"] {
            let listed = command(data, &format!("{list} --mfa {which} --json")).json();
            assert_eq!(listed.as_array().unwrap().len(), count, "{list} --mfa {which}");
        }
    }
    assert_snapshot!(refusal(data, "user list --mfa totp"), @"2 error: invalid value 'totp' for '--mfa <WHICH>' [possible values: none, enrolled]; see gatepost user list --help");
    assert_eq!((&members[1]["email"], &members[1]["roles"]), (&json!("bob@orgs.test"), &json!(["owner"])));
    let removed = command(data, "org remove-member acme ada@orgs.test").done();
    assert_snapshot!(hide_ids(&removed), @"removed [id] from acme");
    let path = format!("/api/v1/organizations/{id}");
    assert_eq!(http.get_as(&path, &ada.access).await.unwrap().brief(), "404 not_found");
    assert_snapshot!(hide_ids(&command(data, "org members acme").done()), @r"
    ID                              EMAIL          USERNAME  ROLES
    [id]  bob@orgs.test  -         owner
    ");
    assert_snapshot!(refusal(data, "org remove-member acme bob@orgs.test"), @"1 error: the last owner of an organization must stay; make another member an owner first, or delete the organization");
    assert_snapshot!(hide_ids(&refusal(data, "org remove-member acme ada@orgs.test")), @"1 error: [id] is no member of acme");

    assert_snapshot!(refusal(data, "org delete acme"), @"1 error: this removes organization acme with its members, invitations and API keys; say so with --yes");
    assert_snapshot!(hide_ids(&command(data, "org delete acme --yes").done()), @"deleted organization [id]");
    assert_snapshot!(refusal(data, "org show acme"), @"1 error: realm default has no organization acme; `gatepost org list` shows all");
    server.stop();
}

#[test]
fn what_an_organization_cannot_be_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    install(data);
    command(data, "org create acme").done();
    command(data, "user create --username ada").done();
    assert_snapshot!(refusal(data, "org create acme"), @"1 error: organization acme in default: another organization of the realm has this slug; choose another");
    assert_snapshot!(refusal(data, "org create Acme"), @"1 error: slug: a slug is 2 to 63 of a-z, 0-9 and -, and neither starts nor ends with -");
    assert_snapshot!(refusal(data, "org create beta --owner nobody"), @"1 error: realm default has no user nobody; `gatepost user list` shows all, --realm names another realm");
    assert_snapshot!(refusal(data, "org set-member acme ada --role edtor"), @"1 error: roles: realm default has no role edtor");
    assert_snapshot!(refusal(data, "org set-member acme ada --role realm-admin"), @"1 error: roles: realm-admin is of the realm, not of an organization");
    assert_eq!(command(data, "org list --json").json().as_array().unwrap().len(), 1);
    let path = data.join("realms.toml");
    fs::write(&path, "[[realm]]\nname = \"default\"\norganization_roles = [\"edtor\"]\n[[realm.role]]\nname = \"editor\"\n").unwrap();
    assert_snapshot!(refusal(data, &format!("apply {}", path.display())), @"1 error: realm default, organization_roles: there is no role edtor; did you mean editor?");
}

#[test]
fn an_operator_changes_what_an_organization_is_called_and_asks_of_its_members() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    install(data);
    command(data, "org create acme").done();
    assert_snapshot!(refusal(data, "org update acme"), @"1 error: name what to change, as in --mfa required");
    let shown =
        command(data, "org update acme --slug acme-ltd --mfa required --json --name").arg("Acme Ltd").json();
    assert_eq!(
        (&shown["slug"], &shown["name"], &shown["mfa"]),
        (&json!("acme-ltd"), &json!("Acme Ltd"), &json!("required"))
    );
    let told = command(data, "org show acme-ltd").done();
    assert!(told.contains("mfa       required"), "{told}");
    let wrong = command(data, "org update acme-ltd --mfa optional").run();
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("an organization says"), "{}", wrong.stderr);
    let path = data.join("off.toml");
    fs::write(&path, "[[realm]]\nname = \"default\"\nmfa = \"off\"\n").unwrap();
    let apply = format!("apply {}", path.display());
    let said = refusal(data, &apply);
    assert!(said.starts_with("1 error: realm default, mfa: ") && said.contains("acme-ltd"), "{said}");
    command(data, "org update acme-ltd --mfa inherit").done();
    command(data, &apply).done();
    assert_snapshot!(refusal(data, "org update acme-ltd --mfa required"), @r#"1 error: organization acme-ltd in default: mfa: the realm default has second factors off, so that nobody could set one up; have its setting `mfa` made "optional" first"#);
}

#[test]
fn a_file_makes_and_renames_organizations_and_leaves_their_members_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let path = folder.path().join("realms.toml");
    let apply = |name: &str| {
        let text = format!(
            "[[realm]]\nname = \"default\"\n[[realm.organization]]\nslug = \"acme\"\nname = \"{name}\"\n"
        );
        fs::write(&path, text).unwrap();
        format!("apply {}", path.display())
    };
    let file = apply("Acme");
    assert_snapshot!(command(&data, &format!("{file} --dry-run")).done(), @"would create organization acme in default");
    assert_snapshot!(command(&data, &file).done(), @"created organization acme in default");
    assert_eq!(command(&data, &file).done(), "nothing to change");
    command(&data, "user create --username ada").done();
    command(&data, "org set-member acme ada --role owner").done();
    assert_snapshot!(command(&data, &apply("Acme Ltd")).done(), @"changed organization acme in default: name Acme -> Acme Ltd");
    assert_eq!(command(&data, "org show acme --json").json()["name"], "Acme Ltd");
    assert_eq!(command(&data, "org members acme --json").json().as_array().unwrap().len(), 1);
}

#[test]
fn a_file_says_who_is_in_a_new_organization_and_brings_nobody_back() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = folder.path().join("realms.toml");
    let apply = format!("apply {}", file.display());
    let write = |members: &str| {
        let text = format!(
            "[[realm]]\nname = \"default\"\norganization_roles = [\"editor\"]\n[[realm.role]]\nname = \"editor\"\n\
             [[realm.role]]\nname = \"admin\"\n[[realm.user]]\nemail = \"ada@orgs.test\"\n[[realm.user]]\nusername = \"bob\"\n\
             [[realm.organization]]\nslug = \"acme\"\nname = \"Acme\"\nmembers = [{members}]\n"
        );
        fs::write(&file, text).unwrap();
    };
    for (members, why) in [
        (
            r#"{ user = "bob", roles = ["admin"] }"#,
            "the role admin is not among the organization_roles of the realm",
        ),
        (r#"{ user = "eve" }"#, "there is no such user; describe them in the file, or make them first"),
        (r#"{ user = "bob" }, { user = "bob" }"#, "is there twice; remove one"),
    ] {
        write(members);
        let said = command(&data, &apply).run();
        assert_eq!(said.code, Some(1));
        assert!(
            said.stderr.contains("realm default, organization acme, member") && said.stderr.contains(why),
            "{}",
            said.stderr
        );
    }
    write(r#"{ user = "ada@orgs.test", roles = ["owner"] }, { user = "bob", roles = ["editor"] }"#);
    command(&data, &apply).done();
    assert_snapshot!(command(&data, &apply).done(), @"nothing to change");
    let members = || command(&data, "org members acme --json").json().as_array().unwrap().len();
    assert_eq!(members(), 2);
    command(&data, "org remove-member acme bob").done();
    command(&data, &apply).done();
    assert_eq!(members(), 1, "who was removed stays away");
}
