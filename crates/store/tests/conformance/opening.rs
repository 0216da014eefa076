//! Opening a database that is not there, not ours, newer, read-only, or opened by others at the same time.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use gatepost_store::{Db, Location, OpenError, Options, meta};

use crate::support::{NOW, Store, at_once, run_on_server};

on_every_backend!(
    a_database_is_opened_again_as_it_was,
    a_newer_schema_is_refused_with_a_clear_line,
    several_processes_may_open_at_once,
    without_migration_an_up_to_date_database_opens,
);

async fn open(location: &Location) -> Result<Db, OpenError> {
    Db::open(location, Options::new(NOW)).await
}

async fn a_database_is_opened_again_as_it_was(store: Store) {
    write!(store, [] tx => meta::put(tx, "a", "b").await).unwrap();
    store.db.close().await;
    let again = store.another().await;
    assert_eq!(read!(again, [] tx => meta::find(tx, "a").await), Ok(Some("b".into())));
    again.db.close().await;
}

async fn a_newer_schema_is_refused_with_a_clear_line(store: Store) {
    const SQL: &str =
        "INSERT INTO schema_history (version, name, release, applied_at) VALUES (999, 'x', '9.9.9', 0)";
    store.db.close().await;
    match &store.location {
        Location::Sqlite(path) => rusqlite::Connection::open(path).unwrap().execute_batch(SQL).unwrap(),
        Location::Postgres(url) => run_on_server(url, SQL).await,
    }
    let refused = open(&store.location).await.unwrap_err();
    let line = refused.to_string();
    assert!(matches!(refused, OpenError::NewerSchema { found: 999, .. }));
    assert!(line.contains("schema 999") && line.contains("start release 9.9.9 or newer"), "{line}");
}

async fn several_processes_may_open_at_once(store: Store) {
    // An empty database, so that all of them want to migrate.
    let location = match &store.location {
        Location::Sqlite(path) => Location::Sqlite(path.with_file_name("fresh.db")),
        Location::Postgres(url) => {
            run_on_server(url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
            store.location.clone()
        }
    };
    let opened = at_once(6, |_| {
        let location = location.clone();
        async move {
            let options =
                Options { connections: 2, deadline: std::time::Duration::from_secs(20), ..Options::new(NOW) };
            Db::open(&location, options).await
        }
    })
    .await;
    for db in opened {
        let store = Store { db: db.unwrap(), ..store.clone() };
        write!(store, [] tx => meta::put(tx, "a", "b").await).unwrap();
        store.db.close().await;
    }
}

async fn without_migration_an_up_to_date_database_opens(store: Store) {
    let options = Options { migrate: false, ..Options::new(NOW) };
    let db = Db::open(&store.location, options.clone()).await.unwrap();
    db.close().await;
    if let Location::Sqlite(path) = &store.location {
        let empty = Location::Sqlite(path.with_file_name("empty.db"));
        let refused = Db::open(&empty, options).await.unwrap_err();
        assert!(matches!(refused, OpenError::OlderSchema { found: 0, .. }), "{refused}");
        assert!(!path.with_file_name("empty.db").exists(), "and nothing was made");
    }
}

async fn refusal(path: &Path) -> String {
    open(&Location::Sqlite(path.to_owned())).await.unwrap_err().to_string()
}

#[tokio::test]
async fn sqlite_folder_and_files_belong_to_the_server_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made/here/auth.db");
    let db = open(&Location::Sqlite(path.clone())).await.unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for file in path.parent().unwrap().read_dir().unwrap() {
        let file = file.unwrap().path();
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    db.close().await;
    assert!(!path.with_extension("db-wal").exists(), "closed cleanly, the file is whole by itself");
}

#[tokio::test]
async fn sqlite_a_file_that_is_something_else_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, but long enough to have a header ".repeat(90)).unwrap();
    assert!(refusal(&text).await.contains("not a Gatepost database"));
    assert!(std::fs::read_to_string(&text).unwrap().starts_with("not a database"));
    let foreign = folder.path().join("foreign.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    let line = refusal(&foreign).await;
    assert!(line.contains("foreign.db is not a Gatepost database"), "{line}");
    let tables: i64 = rusqlite::Connection::open(&foreign)
        .unwrap()
        .query_row("SELECT COUNT(*) FROM sqlite_master", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tables, 1, "nothing was added");
    let header = std::fs::read(&foreign).unwrap();
    assert_eq!(header[18..20], [1, 1], "and it was not turned into a file with a write-ahead log");
}

#[tokio::test]
async fn sqlite_a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let line = refusal(&file.join("auth.db")).await;
    assert!(line.contains("cannot use the folder") && line.contains("file"), "{line}");
    let line = refusal(Path::new("/proc/gatepost/auth.db")).await;
    assert!(line.contains("/proc/gatepost") && line.contains("right to write to it"), "{line}");
}
