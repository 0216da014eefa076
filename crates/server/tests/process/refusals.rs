//! What cannot be is refused with one line that names the thing and the remedy; and nothing is left behind.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _, path::Path};

use insta::assert_snapshot;

use crate::support::{Certificate, Invocation, gatepost, install};

/// A folder for the files of a test; `[dir]` in what is compared.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// What the call says, which must leave no data folder behind.
    fn refusal(&self, call: Invocation) -> String {
        let data = self.path().join("data");
        let said = call.data(&data).run().refusal(&[(self.path().to_str().unwrap(), "[dir]")]);
        assert!(!data.exists(), "something was written: {:?}", fs::read_dir(&data).map(Iterator::count));
        said
    }
}

fn serve() -> Invocation {
    gatepost("serve --listen 127.0.0.1:0")
}

#[test]
fn a_command_line_that_is_not_understood_is_refused_with_the_nearest_that_is() {
    let folder = Folder::new();
    let refusal = |args: &str| folder.refusal(gatepost(args));
    assert_snapshot!(refusal("serv"), @"2 error: unrecognized subcommand 'serv'; did you mean 'serve'? See gatepost --help");
    assert_snapshot!(refusal("user crate"), @"2 error: unrecognized subcommand 'crate'; did you mean 'create'? See gatepost user --help");
    assert_snapshot!(refusal("serve --lsten 127.0.0.1:0"), @"2 error: unexpected argument '--lsten' found; did you mean '--listen'? See gatepost serve --help");
    assert_snapshot!(refusal("serve --frobnicate"), @"2 error: unexpected argument '--frobnicate' found; see gatepost serve --help");
    assert_snapshot!(refusal("serve --listen 8400"), @"2 error: invalid value '8400' for '--listen <ADDRESS>': write an address and a port, as in 127.0.0.1:8400; see gatepost serve --help");
    assert_snapshot!(refusal("serve --public-url auth"), @"2 error: invalid value 'auth' for '--public-url <URL>': write it as in https://auth.example.com; see gatepost serve --help");
    assert_snapshot!(refusal("serve --log-format xml"), @"2 error: invalid value 'xml' for '--log-format <FORMAT>' [possible values: text, json]; see gatepost serve --help");
    assert_snapshot!(refusal("apply"), @"2 error: the following required arguments were not provided: <FILE>; see gatepost apply --help");
    assert_snapshot!(refusal("realm create Acme"), @"2 error: invalid value 'Acme' for '<NAME>': a realm's name is 3 to 64 of a-z, 0-9 and -, and neither starts nor ends with -; see gatepost realm create --help");
}

#[test]
fn help_and_version_are_no_refusals() {
    let help = gatepost("--help").run();
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    assert!(help.stdout.contains("Usage: gatepost [OPTIONS] <COMMAND>"), "{}", help.stdout);
    let version = gatepost("--version").run();
    assert_eq!(version.stdout, format!("gatepost {}", env!("CARGO_PKG_VERSION")));
    let nothing = gatepost("").run();
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(2), ""));
    assert!(nothing.stderr.contains("Usage: gatepost [OPTIONS] <COMMAND>"), "{}", nothing.stderr);
}

#[test]
fn a_mistake_in_the_settings_file_is_named_with_its_line() {
    let folder = Folder::new();
    let refusal = |text: &str| {
        let file = folder.file("gatepost.toml", text);
        folder.refusal(serve().arg("--config").arg(file))
    };
    assert_snapshot!(refusal("[server]\nlissten = \"x\"\n"), @"1 error: [dir]/gatepost.toml:2: unknown key `lissten`; did you mean `listen`?");
    assert_snapshot!(refusal("zzz = 1\n"), @"1 error: [dir]/gatepost.toml:1: unknown key `zzz`; known here: server, store, master_key, log, passwords, outgoing, mail");
    assert_snapshot!(refusal("[server\n"), @"1 error: [dir]/gatepost.toml:1: unclosed table, expected `]`");
    assert_snapshot!(refusal("[log]\nlevel = 5\n"), @"1 error: [dir]/gatepost.toml:2: log.level: write a text in quotes");
    assert_snapshot!(refusal("[passwords]\nthreads = 0\n"), @"1 error: [dir]/gatepost.toml:2: passwords.threads: write a whole number above 0");
    assert_snapshot!(refusal("[passwords]\nmemory_kib = 1\n"), @"1 error: passwords.memory_kib = 1: choose a number from 8 to 262144");
    assert_snapshot!(refusal("[server]\nshutdown_grace = \"soon\"\n"), @r#"1 error: server.shutdown_grace = "soon": not a lifetime: write whole numbers with s, m, h, d or w, as in "15m", "30d" or "1h30m""#);
    assert_snapshot!(refusal("[log]\nlevel = \"louder\"\n"), @r#"1 error: log level "louder": write error, warn, info or debug, or targets as in gatepost_server=debug"#);
    let missing = folder.path().join("none.toml");
    assert_snapshot!(folder.refusal(serve().arg("--config").arg(missing.to_str().unwrap())), @"1 error: [dir]/none.toml: cannot be read: No such file or directory (os error 2)");
}

#[test]
fn a_mistake_in_the_environment_is_named_with_its_variable() {
    let folder = Folder::new();
    let refusal = |name: &str, value: &str| folder.refusal(serve().env(name, value));
    assert_snapshot!(refusal("GATEPOST_SERVER__LISTN", "x"), @"1 error: environment variable GATEPOST_SERVER__LISTN: unknown key `listn`; did you mean `listen`?");
    assert_snapshot!(refusal("GATEPOST_SERVR__LISTEN", "x"), @"1 error: environment variable GATEPOST_SERVR__LISTEN: unknown section `servr`; did you mean `server`?");
    assert_snapshot!(refusal("GATEPOST_PASSWORDS__THREADS", "two"), @"1 error: environment variable GATEPOST_PASSWORDS__THREADS: write a whole number above 0 here");
    assert_snapshot!(refusal("GATEPOST_LOG__FORMAT", "xml"), @"1 error: environment variable GATEPOST_LOG__FORMAT: unknown value `xml`; known here: text, json");
    assert_snapshot!(refusal("GATEPOST_MASTER_KEY__KEY", "hunter2"), @"1 error: the master key in the settings is not 32 bytes in base64; make one with: openssl rand -base64 32");
    assert_snapshot!(refusal("GATEPOST_MASTER_KEY__FILE", "/nowhere/key"), @"1 error: the master key /nowhere/key cannot be read: No such file or directory (os error 2)");
}

#[test]
fn a_mistake_in_the_declarative_file_is_named_with_its_line() {
    let folder = Folder::new();
    let refusal = |text: &str| {
        let file = folder.file("realms.toml", text);
        folder.refusal(gatepost("apply").arg(file))
    };
    assert_snapshot!(refusal("[[realm]]\nname = \"acme\n"), @r#"1 error: [dir]/realms.toml:2: invalid basic string, expected `"`"#);
    assert_snapshot!(refusal("[[realm]]\nname = \"acme\"\nsigning_algo = \"ES256\"\n"), @"1 error: [dir]/realms.toml:3: unknown key `signing_algo`; did you mean `signing_alg`?");
    assert_snapshot!(refusal("[[realm]]\nname = \"acme\"\nsigning_alg = \"ES265\"\n"), @"1 error: [dir]/realms.toml:3: signing_alg: unknown value `ES265`; did you mean `ES256`?");
    assert_snapshot!(refusal("[[realm]]\naudience = []\n"), @"1 error: [dir]/realms.toml:1: missing key `name`");
    assert_snapshot!(refusal("[[realm]]\nname = \"acme\"\nhosts = \"auth.acme.test\"\n"), @"1 error: [dir]/realms.toml:3: hosts: write a list in brackets");
    assert_snapshot!(refusal("[[realm]]\nname = \"acme\"\n[[realm.client]]\nid = \"web\"\nsecret = 123456\n"), @"1 error: [dir]/realms.toml:5: secret: write a text in quotes");
    let file = folder.path().join("none.toml");
    assert_snapshot!(folder.refusal(gatepost("apply").arg(file.to_str().unwrap())), @"1 error: [dir]/none.toml: cannot be read: No such file or directory (os error 2)");
    let file = folder.file("realms.toml", "[[relm]]\n");
    assert_snapshot!(folder.refusal(serve().arg("--apply").arg(file)), @"1 error: [dir]/realms.toml:1: unknown key `relm`; did you mean `realm`?");
}

#[test]
fn a_port_in_use_is_refused_before_anything_is_made() {
    let folder = Folder::new();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let said = |call: Invocation| folder.refusal(call).replace(&address, "[address]");
    assert_snapshot!(said(gatepost("serve --listen").arg(&address)), @"1 error: cannot listen on [address]: the address is in use; stop the other process or choose another with --listen");
    assert_snapshot!(said(serve().arg("--metrics-listen").arg(&address)), @"1 error: metrics: cannot listen on [address]: the address is in use; stop the other process or choose another with --metrics-listen");
    // RFC 5737: an address that is nobody's.
    let call = gatepost("serve --listen 192.0.2.1:8400 --public-url https://auth.example.com");
    assert_snapshot!(said(call), @"1 error: cannot listen on 192.0.2.1:8400: no network interface has this address; choose another with --listen");
}

#[test]
fn listening_to_the_world_needs_a_public_url() {
    let folder = Folder::new();
    assert_snapshot!(folder.refusal(gatepost("serve --listen 0.0.0.0:0")), @"1 error: listening on 0.0.0.0:0 needs --public-url: the URL people reach the server under, as in https://auth.example.com");
    assert_snapshot!(folder.refusal(gatepost("serve --listen [::]:0")), @"1 error: listening on [::]:0 needs --public-url: the URL people reach the server under, as in https://auth.example.com");
    assert_snapshot!(folder.refusal(gatepost("dev --listen 0.0.0.0:0")), @"1 error: gatepost dev listens on loopback only: its users and passwords are public; use gatepost serve");
    assert_snapshot!(folder.refusal(serve().arg("--public-url").arg("https://auth.example.com/?a=b")), @"1 error: public URL https://auth.example.com/?a=b: write it as in https://auth.example.com");
}

#[test]
fn broken_tls_files_are_refused_with_the_file_that_is_wrong() {
    let folder = Folder::new();
    let good = Certificate::make(folder.path(), "good");
    let other = Certificate::make(folder.path(), "other");
    let garbage = folder.file("garbage.pem", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n");
    let empty = folder.file("empty.pem", "");
    let (cert, key) = (good.file.to_str().unwrap(), good.key_file.to_str().unwrap());
    let refusal =
        |cert: &str, key: &str| folder.refusal(serve().arg("--tls-cert").arg(cert).arg("--tls-key").arg(key));
    assert_snapshot!(refusal("/nowhere/cert.pem", key), @"1 error: cannot read a certificate from /nowhere/cert.pem: I/O error: No such file or directory (os error 2); give a PEM file with --tls-cert");
    assert_snapshot!(refusal(&empty, key), @"1 error: cannot read a certificate from [dir]/empty.pem: there is none in it; give a PEM file with --tls-cert");
    assert_snapshot!(refusal(&garbage, key), @"1 error: cannot read a certificate from [dir]/garbage.pem: base64 decode error: InvalidCharacter(33); give a PEM file with --tls-cert");
    assert_snapshot!(refusal(cert, &empty), @"1 error: cannot read a private key from [dir]/empty.pem: there is none in it; give a PEM file with --tls-key");
    assert_snapshot!(refusal(cert, cert), @"1 error: cannot read a private key from [dir]/good.pem: there is none in it; give a PEM file with --tls-key");
    assert_snapshot!(refusal(cert, other.key_file.to_str().unwrap()), @"1 error: the certificate [dir]/good.pem and the key [dir]/other-key.pem cannot be used together: keys may not be consistent: KeyMismatch");
    assert_snapshot!(folder.refusal(serve().arg("--tls-cert").arg(cert)), @"1 error: --tls-cert needs --tls-key");
}

/// An installation whose master key was changed in some way.
fn with_master_key(change: impl FnOnce(&Path)) -> String {
    let folder = Folder::new();
    let data = folder.path().join("data");
    install(&data);
    // What is in the log yet goes into the file with the next process that opens it, which changes nothing.
    let file = data.join("gatepost.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let database = fs::read(&file).unwrap();
    change(&data.join("master.key"));
    let listed = |folder: &Path| {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.retain(|name| !name.to_str().unwrap().starts_with("gatepost.db-"));
        names.sort();
        names
    };
    let before = listed(&data);
    let said = serve().data(&data).run().refusal(&[(folder.path().to_str().unwrap(), "[dir]")]);
    assert_eq!(listed(&data), before, "nothing was made or removed");
    assert!(fs::read(data.join("gatepost.db")).unwrap() == database, "the database was changed");
    let hexadecimal = |word: &str| word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let words = said.split(' ').map(|word| {
        let bare = word.trim_matches([',', ')']);
        if hexadecimal(bare) { word.replace(bare, "[fingerprint]") } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_master_key_that_does_not_match_is_refused_and_nothing_is_changed() {
    use data_encoding::BASE64;
    let other = BASE64.encode(&[7; 32]);
    assert_snapshot!(with_master_key(|file| fs::write(file, other).unwrap()), @"1 error: the master key does not match this database: its signing keys cannot be unsealed with it; put back the key it was made with (fingerprint [fingerprint], this one has [fingerprint])");
    assert_snapshot!(with_master_key(|file| fs::write(file, "c2hvcnQ=").unwrap()), @"1 error: the master key [dir]/data/master.key is not 32 bytes in base64; make one with: openssl rand -base64 32");
    assert_snapshot!(with_master_key(|file| fs::remove_file(file).unwrap()), @"1 error: the master key [dir]/data/master.key is missing, and this database was made with one: its signing keys cannot be unsealed without it; put it back (fingerprint [fingerprint]), or name it with [master_key] file");
}

#[test]
fn ht_07_a_master_key_that_others_can_read_is_refused() {
    let open_to_others = |file: &Path| fs::set_permissions(file, fs::Permissions::from_mode(0o640)).unwrap();
    assert_snapshot!(with_master_key(open_to_others), @"1 error: the master key [dir]/data/master.key can be read by others; run: chmod 600 [dir]/data/master.key");
}

#[test]
fn a_realm_that_is_not_there_is_refused_with_the_nearest_that_is() {
    let folder = tempfile::tempdir().unwrap();
    install(folder.path());
    let refusal = |args: &str| gatepost(args).data(folder.path()).run().refusal(&[]);
    assert_snapshot!(refusal("user list --realm acmee"), @"1 error: there is no realm acmee; did you mean acme?");
    assert_snapshot!(refusal("realm show nothing-like-it"), @"1 error: there is no realm nothing-like-it; `gatepost realm list` shows all");
    assert_snapshot!(refusal("key list --realm acmee"), @"1 error: there is no realm acmee; did you mean acme?");
    assert_snapshot!(refusal("realm create acme"), @"1 error: there is a realm acme already");
}
