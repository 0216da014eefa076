//! No session and no account begins anywhere else than where somebody is asked.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { sources(&path, files) } else { files.push(path) }
    }
}

/// The files of the server that have this text, below `src`.
fn files_with(text: &str) -> Vec<String> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&home, &mut files);
    let mut found: Vec<String> = files
        .iter()
        .filter(|path| fs::read_to_string(path).is_ok_and(|source| source.contains(text)))
        .map(|path| path.strip_prefix(&home).unwrap().to_string_lossy().replace('\\', "/"))
        .collect();
    found.sort();
    found
}

/// A new way to sign in goes through one of these, or is added here with the question.
#[test]
fn a_session_begins_in_these_places_and_no_other() {
    assert_eq!(
        files_with("sessions::create("),
        [
            // For a client, from a session that was asked about.
            "grants/begin.rs",
            "grants/device.rs",
            "grants/password.rs",
            // What the next two begin with.
            "session/first.rs",
            // An administrator in the place of a user.
            "session/in_place.rs",
        ]
    );
    assert_eq!(files_with("first::begin("), ["session/begin.rs", "session/in_browser.rs"]);
    assert_eq!(
        files_with("Trigger::PreSessionCreation"),
        ["grants/device.rs", "grants/password.rs", "session/begin.rs", "session/in_browser.rs"]
    );
}

#[test]
fn people_make_accounts_in_these_places_and_no_other() {
    assert_eq!(files_with("Event::UserRegistered,"), ["accounts/create.rs", "social/enter.rs"]);
    assert_eq!(files_with("Trigger::PreSignup"), ["accounts/create.rs", "social/enter.rs"]);
}

#[test]
fn people_are_invited_in_these_places_and_no_other() {
    assert_eq!(
        files_with("record(Event::MemberInvited)"),
        ["organizations/invitations.rs", "organizations/resend.rs"]
    );
    assert_eq!(
        files_with("Trigger::PreUserInvitation"),
        ["organizations/invitations.rs", "organizations/resend.rs"]
    );
}

#[test]
fn programs_get_tokens_of_their_own_in_one_place() {
    assert_eq!(files_with("clients::issue("), ["oauth/token/client_credentials.rs"]);
    assert_eq!(files_with("Trigger::PreM2mTokenCreation"), ["oauth/token/client_credentials.rs"]);
}
