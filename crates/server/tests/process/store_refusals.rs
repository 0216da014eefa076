//! A store that cannot be used is refused at the start, and left as it was.

use std::{fs, net::TcpListener, path::Path};

use insta::assert_snapshot;

use crate::support::{Invocation, Mounts, Postgres, gatepost, install};

fn serve(folder: &Path) -> Invocation {
    gatepost("serve --listen 127.0.0.1:0").data(folder)
}

fn shown(folder: &Path) -> [(&str, &str); 1] {
    [(folder.to_str().unwrap(), "[dir]")]
}

#[test]
fn a_data_folder_that_cannot_be_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let refusal = |data: &Path| serve(data).run().refusal(&shown(folder.path()));
    assert_snapshot!(refusal(&file.join("data")), @"1 error: the data folder [dir]/file/data cannot be used: Not a directory (os error 20); give it write permission or choose another with --data-dir");
    assert_snapshot!(refusal(&file), @"1 error: [dir]/file is a file and not a folder; choose another with --data-dir");
}

#[test]
fn a_read_only_data_folder_is_refused_and_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = |folder: &Path| {
        let mounts = Mounts::read_only(folder)?;
        Some(serve(folder).within(mounts).run().refusal(&shown(folder)))
    };
    // Not even root writes to a read-only mount.
    let Some(said) = refusal(folder.path()) else { return };
    assert_snapshot!(said, @"1 error: cannot use the folder [dir]: Read-only file system (os error 30); give the server the right to write to it, or choose another with --data-dir");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

    // And an installation that was moved to one.
    install(folder.path());
    let database = fs::read(folder.path().join("gatepost.db")).unwrap();
    assert_snapshot!(refusal(folder.path()).unwrap(), @"1 error: cannot use the folder [dir]: Read-only file system (os error 30); give the server the right to write to it, or choose another with --data-dir");
    assert!(fs::read(folder.path().join("gatepost.db")).unwrap() == database);
}

#[test]
fn a_disk_without_room_for_a_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mounts) = Mounts::small(folder.path(), 64) else { return };
    assert_snapshot!(serve(folder.path()).within(mounts).run().refusal(&shown(folder.path())), @"1 error: cannot open the database: the disk of the database is full: make room on it");
}

#[test]
fn a_file_that_is_no_database_of_ours_is_refused_and_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gatepost.db");
    fs::write(&file, "dear diary, ".repeat(1_000)).unwrap();
    assert_snapshot!(serve(folder.path()).run().refusal(&shown(folder.path())), @"1 error: [dir]/gatepost.db is not a Gatepost database: name another file");
    assert_eq!(fs::read_to_string(&file).unwrap(), "dear diary, ".repeat(1_000));

    // Somebody else's SQLite file.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gatepost.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch("CREATE TABLE diary (text TEXT)").unwrap();
    assert_snapshot!(serve(folder.path()).run().refusal(&shown(folder.path())), @"1 error: [dir]/gatepost.db is not a Gatepost database: name another file");
    let tables: u32 = rusqlite::Connection::open(&file)
        .unwrap()
        .query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tables, 1);
}

#[test]
fn a_sqlite_database_of_a_newer_release_is_refused_and_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    install(folder.path());
    let database = rusqlite::Connection::open(folder.path().join("gatepost.db")).unwrap();
    let newer =
        "INSERT INTO schema_history (version, name, release, applied_at) VALUES (99, 'later', '9.9.9', 0)";
    database.execute_batch(newer).unwrap();
    assert_snapshot!(with_any_newest(serve(folder.path()).run().refusal(&[])), @"1 error: the database has schema 99, made by release 9.9.9, and this release knows schemas up to [newest]: start release 9.9.9 or newer");
    assert_snapshot!(with_any_newest(gatepost("user list").data(folder.path()).run().refusal(&[])), @"1 error: the database has schema 99, made by release 9.9.9, and this release knows schemas up to [newest]: start release 9.9.9 or newer");
    let names: u32 =
        database.query_row("SELECT count(*) FROM realms WHERE name = 'acme'", [], |row| row.get(0)).unwrap();
    assert_eq!(names, 1);
}

/// The refusal, whichever schema is the newest.
fn with_any_newest(refusal: String) -> String {
    let known = "schemas up to ";
    let Some((before, after)) = refusal.split_once(known) else { return refusal };
    format!("{before}{known}[newest]{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_database_of_a_newer_release_is_refused() {
    let Some(postgres) = Postgres::database().await else { return };
    let folder = tempfile::tempdir().unwrap();
    gatepost("realm create acme").data(folder.path()).arg("--database-url").arg(postgres.url()).done();
    let newer =
        "INSERT INTO schema_history (version, name, release, applied_at) VALUES (99, 'later', '9.9.9', 0)";
    postgres.connect().await.batch_execute(newer).await.unwrap();
    let call = serve(folder.path()).arg("--database-url").arg(postgres.url());
    assert_snapshot!(with_any_newest(call.run().refusal(&[])), @"1 error: the database has schema 99, made by release 9.9.9, and this release knows schemas up to [newest]: start release 9.9.9 or newer");
}

#[test]
fn a_postgres_that_is_down_at_the_start_is_refused_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let call = |url: &str| serve(&data).arg("--database-url").arg(url);
    let said = call(&format!("postgres://ada:hunter2@127.0.0.1:{port}/auth"))
        .run()
        .refusal(&[(&port.to_string(), "[port]")]);
    assert_snapshot!(said, @"1 error: cannot open postgres://127.0.0.1:[port]/auth: no connection (Connection refused (os error 111)); start the database server, or correct --database-url");
    assert_snapshot!(call("mysql://ada:hunter2@127.0.0.1/auth").run().refusal(&[]), @"1 error: the database URL is not a database: write sqlite:///path/to/auth.db or postgres://user:password@host/database");
    assert!(!data.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_refuses_us_is_said_in_its_own_words() {
    let Some(postgres) = Postgres::database().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let call = serve(&data).arg("--database-url").arg(format!("{}_not_there", postgres.url()));
    let (location, _) = postgres.url().rsplit_once('/').unwrap();
    let location = location.rsplit_once('@').map_or(location, |(_, host)| host);
    let said = call.run().refusal(&[(location, "[host]"), (postgres.name(), "[database]")]);
    assert_snapshot!(said, @r#"1 error: cannot open postgres://[host]/[database]_not_there: database "[database]_not_there" does not exist; start the database server, or correct --database-url"#);
    assert!(!data.exists());
}
