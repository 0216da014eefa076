//! The notes, in a SQLite file of their own.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

/// One note, as it is stored and as it is answered.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) id: i64,
    /// The `sub` of whoever wrote it.
    pub(crate) owner: String,
    pub(crate) text: String,
    /// RFC 3339, UTC.
    pub(crate) created_at: String,
}

/// The store. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Notes(Arc<Mutex<Connection>>);

type Result<T> = std::result::Result<T, rusqlite::Error>;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS notes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        owner TEXT NOT NULL,
        text TEXT NOT NULL,
        created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    ) STRICT;
    CREATE INDEX IF NOT EXISTS notes_of_owner ON notes (owner, id);
    CREATE TABLE IF NOT EXISTS board (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        organization TEXT NOT NULL,
        author TEXT NOT NULL,
        text TEXT NOT NULL,
        created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    ) STRICT;
    CREATE INDEX IF NOT EXISTS board_of_organization ON board (organization, id);
";

impl Notes {
    /// Opens the file, and creates it when it is missing.
    pub(crate) fn open(file: &Path) -> Result<Self> {
        Self::of(Connection::open(file)?)
    }

    fn of(connection: Connection) -> Result<Self> {
        connection.execute_batch(SCHEMA)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    #[cfg(test)]
    pub(crate) fn in_memory() -> Self {
        Self::of(Connection::open_in_memory().unwrap()).unwrap()
    }

    /// Runs one piece of SQL away from the threads that serve requests.
    pub(crate) async fn with<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let connection = self.0.clone();
        let done = tokio::task::spawn_blocking(move || {
            work(&connection.lock().unwrap_or_else(PoisonError::into_inner))
        });
        // The task only fails when it panicked or the runtime stops.
        done.await.unwrap_or(Err(rusqlite::Error::InvalidQuery))
    }

    pub(crate) async fn write(&self, owner: String, text: String) -> Result<Note> {
        const SQL: &str =
            "INSERT INTO notes (owner, text) VALUES (?1, ?2) RETURNING id, owner, text, created_at";
        self.with(move |db| db.prepare_cached(SQL)?.query_row(params![owner, text], note)).await
    }

    pub(crate) async fn find(&self, id: i64) -> Result<Option<Note>> {
        const SQL: &str = "SELECT id, owner, text, created_at FROM notes WHERE id = ?1";
        self.with(move |db| db.prepare_cached(SQL)?.query_row([id], note).optional()).await
    }

    /// `None`: somebody deleted it meanwhile.
    pub(crate) async fn rewrite(&self, id: i64, text: String) -> Result<Option<Note>> {
        const SQL: &str = "UPDATE notes SET text = ?2 WHERE id = ?1 RETURNING id, owner, text, created_at";
        self.with(move |db| db.prepare_cached(SQL)?.query_row(params![id, text], note).optional()).await
    }

    pub(crate) async fn delete(&self, id: i64) -> Result<()> {
        const SQL: &str = "DELETE FROM notes WHERE id = ?1";
        self.with(move |db| db.prepare_cached(SQL)?.execute([id]).map(drop)).await
    }

    /// Newest first.
    pub(crate) async fn of_owner(&self, owner: String) -> Result<Vec<Note>> {
        const SQL: &str = "SELECT id, owner, text, created_at FROM notes WHERE owner = ?1 ORDER BY id DESC";
        self.with(move |db| db.prepare_cached(SQL)?.query_map([owner], note)?.collect()).await
    }

    /// Everybody's, newest first.
    pub(crate) async fn all(&self) -> Result<Vec<Note>> {
        const SQL: &str = "SELECT id, owner, text, created_at FROM notes ORDER BY id DESC";
        self.with(move |db| db.prepare_cached(SQL)?.query_map([], note)?.collect()).await
    }

    /// Whether the file can be read.
    pub(crate) async fn is_there(&self) -> Result<()> {
        self.with(|db| db.query_row("SELECT count(*) FROM (SELECT 1 FROM notes LIMIT 1)", [], |_| Ok(())))
            .await
    }
}

fn note(row: &Row<'_>) -> Result<Note> {
    Ok(Note { id: row.get(0)?, owner: row.get(1)?, text: row.get(2)?, created_at: row.get(3)? })
}
