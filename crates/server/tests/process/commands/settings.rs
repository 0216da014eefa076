//! `gatepost doctor` and `gatepost config check`

use std::fs;

use insta::assert_snapshot;

use super::{command, serve};
use crate::support::{gatepost, install};

#[test]
fn config_check_prints_the_settings_in_effect_and_hides_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gatepost.toml");
    let text = "[server]\npublic_url = \"https://auth.example.com\"\n\
        [store]\ndata_dir = \"/var/lib/gatepost\"\ndatabase_url = \"postgres://ada:hunter2@db.test/auth?password=hunter2\"\n\
        [passwords]\nthreads = 3\n";
    fs::write(&file, text).unwrap();
    let said = gatepost("config check --listen 127.0.0.1:9000 --config")
        .arg(file.to_str().unwrap())
        .env("GATEPOST_MASTER_KEY__KEY", "aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMmh1bnQ=")
        .env("GATEPOST_LOG__LEVEL", "warn")
        .done();
    assert!(!said.contains("hunter2") && !said.contains("aHVudGVy"), "{said}");
    assert_snapshot!(said, @r#"
    [server]
    listen = "127.0.0.1:9000"
    public_url = "https://auth.example.com"
    shutdown_grace = "20s"

    [store]
    data_dir = "/var/lib/gatepost"
    database_url = "postgres://ada:hidden@db.test/auth"

    [master_key]
    key = "(hidden)"

    [log]
    level = "warn"
    format = "text"

    [passwords]
    threads = 3
    wait_budget = "2s"
    memory_kib = 19456
    passes = 2
    lanes = 1

    [outgoing]
    private_addresses = false
    "#);
    // What it prints is a settings file that it takes.
    let again = folder.path().join("again.toml");
    fs::write(&again, said.replace("key = \"(hidden)\"", "")).unwrap();
    gatepost("config check --config").arg(again.to_str().unwrap()).done();
}

#[test]
fn config_check_refuses_what_serve_would() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = |args: &str| gatepost(args).data(folder.path()).run().refusal(&[]);
    assert_snapshot!(refusal("config check --tls-cert a.pem"), @"1 error: --tls-cert needs --tls-key");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_a_sound_installation_sound_while_it_serves() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path());
    let address = server.address().to_string();
    let said = command(folder.path(), "doctor --listen").arg(&address).done();
    assert_snapshot!(said.replace(&address, "[address]"), @r"
    ok    settings                 read
    ok    public URL               http://[address], good on this machine only
    ok    store and master key     opened; the key is the right one
    ok    realms and signing keys  1 of 1 can sign
    ok    mail                     no mail server is configured: whoever loses a password asks an administrator
    ok    listening                [address] is in use, by a running server most likely
    ");
    let found = command(folder.path(), "doctor --json --listen").arg(&address).json();
    assert!(found.as_array().unwrap().iter().all(|finding| finding["ok"] == true), "{found}");
    server.stop();
}

#[test]
fn doctor_makes_no_installation() {
    let folder = tempfile::tempdir().unwrap();
    let said = command(&folder.path().join("data"), "doctor --listen 127.0.0.1:0").run();
    assert_eq!(said.code, Some(1));
    assert!(said.stdout.contains("there is no installation in"), "{}", said.stdout);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn doctor_says_what_is_wrong_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    install(folder.path());
    fs::write(folder.path().join("master.key"), data_encoding::BASE64.encode(&[7; 32])).unwrap();
    let said = command(folder.path(), "doctor --listen 0.0.0.0:0").run();
    assert_eq!(said.code, Some(1));
    let wrong: Vec<&str> = said.stdout.lines().filter(|line| line.starts_with("WRONG")).collect();
    assert_eq!(wrong.len(), 2, "{}", said.stdout);
    assert!(wrong[0].contains("listening on 0.0.0.0:0 needs --public-url"), "{}", wrong[0]);
    assert!(wrong[1].contains("the master key does not match this database"), "{}", wrong[1]);
    assert_eq!(said.stderr, "error: 2 checks failed");
}

const PROVIDERS: &str = r#"
[[realm]]
name = "default"
email_sign_in = true
[[realm.provider]]
id = "google"
preset = "google"
client_id = "123.apps.example"
client_secret = "hunter2 is the secret"
[[realm]]
name = "acme"
require_verified_email = true
[[realm.provider]]
id = "company"
name = "Example Corp"
issuer = "https://id.example.com"
client_id = "web"
[[realm.provider]]
id = "old"
issuer = "https://old.example.com"
client_id = "web"
enabled = false
keep_tokens = true
"#;

#[test]
fn providers_and_what_needs_mail_are_seen_before_anybody_signs_in() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("realms.toml");
    fs::write(&file, PROVIDERS).unwrap();
    let data = folder.path().join("data");
    command(&data, &format!("apply {}", file.display())).done();
    let doctor = "doctor --listen 127.0.0.1:0 --public-url https://auth.example.com";
    let said = command(&data, doctor).run();
    let about = |said: &str| -> String {
        let lines = said.lines().filter(|line| line.contains(" mail ") || line.contains("provider"));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(about(&said.stdout), @r"
    WRONG mail                        no mail server is configured, and there are settings that need one (require_verified_email of acme: whoever registers stays outside, for nobody is sent the link that proves an address; email_sign_in of default: nobody is sent a link or code to sign in with); name a mail server with mail.url and mail.from, or turn them off
    ok    provider company in acme    Example Corp (https://id.example.com), no secret; redirect URI to register there: https://auth.example.com/r/acme/sign-in/with/company/callback
    ok    provider old in acme        old (https://old.example.com), no secret, out of use, tokens kept; redirect URI to register there: https://auth.example.com/r/acme/sign-in/with/old/callback
    ok    provider google in default  Google (google), secret readable; redirect URI to register there: https://auth.example.com/sign-in/with/google/callback
    ");
    assert_eq!((said.code, said.stderr.as_str()), (Some(1), "error: one check failed"));
    let shown = command(&data, "realm show acme --public-url https://auth.example.com").done();
    assert!(
        shown.lines().any(|line| line.starts_with("provider company ") && line.contains("/company/callback")),
        "{shown}"
    );
    let shown = command(&data, "realm show default --json").json();
    let expected = serde_json::json!([{
        "id": "google", "name": "Google", "kind": "google", "issuer": "https://accounts.google.com",
        "client_id": "123.apps.example", "enabled": true, "trust_email": false, "keep_tokens": false,
        "secret": "readable",
        "redirect_uri": "http://127.0.0.1:8400/sign-in/with/google/callback",
    }]);
    assert_eq!(shown["providers"], expected);
    // Of another master key, as after a restore that was put together wrongly.
    let database = rusqlite::Connection::open(data.join("gatepost.db")).unwrap();
    let seals = "UPDATE providers SET sealed_secret = X'00' WHERE id = 'google'";
    assert_eq!(database.execute(seals, []).unwrap(), 1);
    let broken = command(&data, doctor).run();
    assert_snapshot!(about(&broken.stdout).lines().last().unwrap(), @"WRONG provider google in default  Google (google), secret cannot be read; redirect URI to register there: https://auth.example.com/sign-in/with/google/callback; apply the file that declares it again");
    for said in [said, broken] {
        assert!(!said.stdout.contains("hunter2"), "{}", said.stdout);
    }
}

#[test]
fn config_check_reads_keys_and_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let check = |more: &str, key: &str| {
        let mut call = command(folder.path(), &format!("config check {more}"));
        if !key.is_empty() {
            call = call.env("GATEPOST_MASTER_KEY__KEY", key);
        }
        call.run()
    };
    for (more, key, expected) in [
        ("", "abc", "is not 32 bytes in base64"),
        ("--listen 0.0.0.0:8400", "", "needs --public-url"),
        ("--tls-cert /nope --tls-key /nope", "", "cannot read a certificate from /nope"),
    ] {
        let said = check(more, key);
        assert_eq!(said.code, Some(1), "{more}");
        assert!(said.stderr.contains(expected), "{}", said.stderr);
    }
    assert_eq!(check("", "").code, Some(0));
}

#[test]
fn settings_stand_before_or_behind_the_command() {
    let folder = tempfile::tempdir().unwrap();
    install(folder.path());
    let place = folder.path().display();
    for args in
        [format!("--data-dir {place} user list --json"), format!("user list --json --data-dir {place}")]
    {
        assert_eq!(gatepost(&args).json(), serde_json::json!([]), "{args}");
    }
}

#[test]
fn a_command_logs_what_goes_wrong_and_no_more_whatever_the_settings_say_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = folder.path().join("gatepost.toml");
    fs::write(&file, "[log]\nlevel = \"info\"\n").unwrap();
    install(&data);
    // A realm's first key is made where the realm is first used, and that is logged at info.
    let make = |realm: &str, more: &str| {
        command(&data, &format!("user create --username ada --realm {realm} {more} --config"))
            .arg(file.to_str().unwrap())
            .env("GATEPOST_LOG__LEVEL", "debug")
            .run()
    };
    assert_eq!(make("default", "").stderr, "");
    // Whoever asks a command to is told.
    let told = make("acme", "--log-level info").stderr;
    assert!(told.contains("signing key made"), "{told}");
}
