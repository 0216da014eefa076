//! Every public function of the store has a case. (That every case is listed, the compiler says: one that is not
//! would be dead code.)

use std::fs;
use std::path::{Path, PathBuf};

/// Every file below `src`.
fn sources() -> Vec<PathBuf> {
    let mut waiting = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut files = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { waiting.push(path) } else { files.push(path) }
        }
    }
    files
}

/// What a file below `src` is about: `grants` is in `grants.rs` and in the files of the folder `grants`.
fn noun_of(path: &Path) -> String {
    let below = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    below.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

#[test]
fn every_public_function_is_called_in_the_file_of_its_noun() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = sources();
    let mut missing = Vec::new();
    let mut functions = 0;
    for noun in [
        "api_keys",
        "attempts",
        "audit",
        "authorization_codes",
        "clients",
        "consents",
        "device_codes",
        "grants",
        "identities",
        "identity_tokens",
        "interceptor_secrets",
        "invitations",
        "mailed_links",
        "memberships",
        "meta",
        "organization_notes",
        "organizations",
        "outbox",
        "passkeys",
        "passwords",
        "permission_notes",
        "personal_claims",
        "phone_numbers",
        "providers",
        "pushed_requests",
        "realms",
        "recovery_codes",
        "role_notes",
        "roles",
        "sessions",
        "signing_keys",
        "sms_codes",
        "sms_secrets",
        "team_members",
        "teams",
        "totp_seeds",
        "trusted_devices",
        "used_ids",
        "user_notes",
        "user_numbers",
        "users",
        "webhooks",
    ] {
        let of_noun = sources.iter().filter(|path| noun_of(path) == noun);
        let source: String = of_noun.map(|path| fs::read_to_string(path).unwrap()).collect();
        let cases = fs::read_to_string(home.join(format!("tests/conformance/{noun}.rs"))).unwrap();
        for line in source.lines() {
            let Some(rest) = line.strip_prefix("pub async fn ") else {
                continue;
            };
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            functions += 1;
            if !cases.contains(&format!("{noun}::{name}(")) {
                missing.push(format!("{noun}::{name}"));
            }
        }
    }
    assert!(functions > 75, "only {functions} functions were found");
    assert!(missing.is_empty(), "no case calls {missing:?}");
}

#[test]
fn every_file_of_the_store_that_has_sql_is_a_noun_or_known() {
    let known = ["schema.rs", "sqlite.rs", "sqlite_tests.rs", "postgres.rs", "writer.rs", "writer_tests.rs"];
    for path in sources() {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let has_sql =
            ["\"SELECT ", "\"INSERT ", "\"UPDATE ", "\"DELETE "].iter().any(|verb| text.contains(verb));
        let is_noun = text.contains("pub async fn ") && text.contains("&mut Tx");
        assert!(!has_sql || is_noun || known.contains(&name.as_str()), "{name} has SQL");
    }
}
