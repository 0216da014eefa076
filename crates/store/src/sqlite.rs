//! Opening a SQLite file, and binding parameters.

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use gatepost_domain::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::schema::{self, NEWEST};
use crate::value::Param;
use crate::{Error, OpenError, error::Outage};

/// `GPst`: says that a file is ours.
const APPLICATION_ID: i32 = 0x4750_7374;

/// How often a connection that finds the file locked tries again. Short, for a process that commits back to back
/// leaves the file free for some microseconds only; SQLite's own waiting grows to a tenth of a second and starves.
const RETRY_EVERY: Duration = Duration::from_micros(300);

/// How long a process that is bringing the file up to date is waited for.
const MIGRATION: Duration = Duration::from_mins(1);

/// A cached statement with its parameters bound: `$3` to the third, wherever it stands.
///
/// To SQLite `$3` is a name, numbered by where it first appears; binding by position would mix parameters up.
pub(crate) fn bound<'c>(
    connection: &'c Connection,
    sql: &str,
    params: &[Param<'_>],
) -> Result<rusqlite::CachedStatement<'c>, Error> {
    let mut statement = connection.prepare_cached(sql)?;
    for position in 1..=expecting(&statement, params.len())? {
        let number = number_at(&statement, position, params.len())?;
        statement.raw_bind_parameter(position, params[number])?;
    }
    Ok(statement)
}

/// Runs one statement for each row of parameters, in their order: how many rows of the table each run changed.
pub(crate) fn run_each<const N: usize>(
    connection: &Connection,
    sql: &str,
    rows: &[[Param<'_>; N]],
) -> Result<Vec<u64>, Error> {
    let mut statement = connection.prepare_cached(sql)?;
    let numbers = (1..=expecting(&statement, N)?)
        .map(|position| number_at(&statement, position, N))
        .collect::<Result<Vec<_>, _>>()?;
    let mut run = |params: &[Param<'_>; N]| -> Result<u64, Error> {
        for (before, number) in numbers.iter().enumerate() {
            statement.raw_bind_parameter(before + 1, params[*number])?;
        }
        Ok(statement.raw_execute()? as u64)
    };
    rows.iter().map(&mut run).collect()
}

/// How many parameters a statement has, which are so many as there are.
fn expecting(statement: &rusqlite::Statement<'_>, there: usize) -> Result<usize, Error> {
    match statement.parameter_count() {
        count if count == there => Ok(count),
        _ => Err(Error::broken("a statement with other parameters")),
    }
}

/// Which parameter of so many stands at a position, counted from 0.
fn number_at(statement: &rusqlite::Statement<'_>, position: usize, there: usize) -> Result<usize, Error> {
    let number = statement
        .parameter_name(position)
        .and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok()?.checked_sub(1));
    number.filter(|number| *number < there).ok_or_else(|| Error::broken("a statement with other parameters"))
}

/// So many pages the log has, 16 MiB, before they are moved into the file. Most of them are the same few pages, and so are written
/// there the less often the longer the log is. To look a page up costs the same as in a shorter one: the log's index has one block
/// for up to 4,062 pages.
const LOG: u32 = 4_000;

/// What a connection for the one writer must be told: above all that a commit is durable when it returns.
fn prepare_to_write(connection: &Connection) -> Result<(), Error> {
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;
         PRAGMA cache_size = -8000;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG)?;
    keep_plans(connection)
}

/// So many pages the log has while a writer brings in very much: 64 MiB, which is what is kept of it afterwards.
const LONG_LOG: u32 = 16_000;

/// Readies the writer's connection for bringing in very much: the log is moved into the file a quarter as often, and the upper levels
/// of every index stay in memory beside what is being written.
pub(crate) fn expect_much(connection: &Connection) -> Result<(), Error> {
    connection.pragma_update(None, "cache_size", -32_000)?;
    Ok(connection.pragma_update(None, "wal_autocheckpoint", LONG_LOG)?)
}

/// Statements are parsed once a connection. Without the planner's stability guarantee SQLite plans a join anew each
/// time its parameters change, in case their values make another plan better: half the time of a point read.
fn keep_plans(connection: &Connection) -> Result<(), Error> {
    connection.set_prepared_statement_cache_capacity(256);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// A connection to read with.
pub(crate) fn reader(path: &Path, busy: Duration) -> Result<Connection, Error> {
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    wait_when_busy(&mut connection, busy)?;
    connection.execute_batch(
        "PRAGMA query_only = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;
         PRAGMA cache_size = -2000;",
    )?;
    keep_plans(&connection)?;
    Ok(connection)
}

fn wait_when_busy(connection: &mut Connection, busy: Duration) -> Result<(), Error> {
    let mut since = Instant::now();
    connection.busy_handler(Some(move |tries: i32| {
        if tries == 0 {
            since = Instant::now();
        }
        std::thread::sleep(RETRY_EVERY);
        since.elapsed() < busy
    }))?;
    Ok(())
}

/// Makes sure that there is a file of ours, in a folder of ours, of the newest schema, and gives the connection to
/// write it with; it waits for other processes as long as `busy`.
pub(crate) fn open(
    path: &Path,
    migrate: bool,
    busy: Duration,
    now: Timestamp,
) -> Result<Connection, OpenError> {
    if !migrate && !path.exists() {
        return Err(OpenError::OlderSchema { found: 0, needed: NEWEST });
    }
    make_file(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(Error::from)?;
    // A migration may take its time; another process that is at it is waited for.
    wait_when_busy(&mut connection, MIGRATION)?;
    let began = Instant::now();
    loop {
        match make_ready(&connection, path, migrate, now) {
            // Turning to the write-ahead log, and the end of the last process that used one, lock the file without
            // asking whoever waits.
            Err(OpenError::Store(Error::Unavailable(Outage::Busy))) if began.elapsed() < MIGRATION => {
                std::thread::sleep(RETRY_EVERY);
            }
            other => break other?,
        }
    }
    wait_when_busy(&mut connection, busy)?;
    Ok(connection)
}

/// Nothing is written before it is known that the file is ours; what was done is not done twice.
fn make_ready(connection: &Connection, path: &Path, migrate: bool, now: Timestamp) -> Result<(), OpenError> {
    let not_ours = || OpenError::NotOurs { path: path.display().to_string() };
    // The order matters: a process that migrates makes both answers change at once.
    let ours = (|| {
        let empty: bool = query(connection, "SELECT NOT EXISTS (SELECT 1 FROM sqlite_master)")?;
        let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        Ok(application == APPLICATION_ID || (application == 0 && empty))
    })();
    match ours {
        Ok(true) => {}
        Ok(false) | Err(Error::Broken(_)) => return Err(not_ours()),
        Err(other) => return Err(OpenError::Store(other)),
    }
    prepare_to_write(connection)?;
    bring_up_to_date(connection, migrate, now)
}

fn make_file(path: &Path) -> Result<(), OpenError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let refused = |error: std::io::Error| OpenError::Folder {
        folder: folder.display().to_string(),
        reason: error.to_string(),
    };
    if !folder.exists() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(refused)?;
    }
    refuse_network_file_system(path, folder)?;
    // SQLite gives the files it puts beside the database the same mode.
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(refused)?;
    Ok(())
}

fn bring_up_to_date(connection: &Connection, migrate: bool, now: Timestamp) -> Result<(), OpenError> {
    let known = history(connection)?;
    let version = known.as_ref().map_or(0, |(version, _)| *version);
    if schema::pending(known)?.is_empty() {
        return Ok(());
    }
    if !migrate {
        return Err(OpenError::OlderSchema { found: version, needed: NEWEST });
    }
    let applied = (|| {
        connection.execute_batch("BEGIN IMMEDIATE").map_err(Error::from)?;
        connection.execute_batch(schema::CREATE_HISTORY).map_err(Error::from)?;
        // Asked again: another process may have been faster.
        for migration in schema::pending(history(connection)?)? {
            connection.execute_batch(&schema::uncovered(migration.sql, "sqlite")).map_err(Error::from)?;
            let row = [
                Param::Int(migration.version),
                Param::Text(migration.name),
                Param::Text(schema::RELEASE),
                Param::Int(now.micros()),
            ];
            bound(connection, schema::WRITE_HISTORY, &row)?.raw_execute().map_err(Error::from)?;
        }
        connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(Error::from)?;
        connection.execute_batch("COMMIT").map_err(Error::from)?;
        Ok(())
    })();
    if applied.is_err() && !connection.is_autocommit() {
        // The first error is the one to be told.
        let _ = connection.execute_batch("ROLLBACK");
    }
    applied
}

fn history(connection: &Connection) -> Result<Option<(i64, String)>, Error> {
    let exists: bool =
        query(connection, "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'schema_history')")?;
    if !exists {
        return Ok(None);
    }
    let mut statement = connection.prepare(schema::READ_HISTORY)?;
    let mut rows = statement.query([])?;
    match rows.next()? {
        Some(row) => Ok(Some((row.get(0)?, row.get(1)?))),
        None => Ok(None),
    }
}

fn query<T: rusqlite::types::FromSql>(connection: &Connection, sql: &str) -> Result<T, Error> {
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

fn refuse_network_file_system(path: &Path, folder: &Path) -> Result<(), OpenError> {
    let Ok(found) = rustix::fs::statfs(folder) else {
        return Ok(());
    };
    match network_file_system(i128::from(found.f_type) & 0xffff_ffff) {
        Some(kind) => Err(OpenError::NetworkFileSystem { path: path.display().to_string(), kind }),
        None => Ok(()),
    }
}

/// The file systems that share files between machines, by the number Linux knows them by (statfs(2)).
fn network_file_system(number: i128) -> Option<&'static str> {
    match number {
        0x6969 => Some("NFS"),
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => Some("SMB"),
        0x5346_414f => Some("AFS"),
        0x7375_7245 => Some("Coda"),
        0x564c => Some("NCP"),
        0x0bd0_0bd0 => Some("Lustre"),
        0x00c3_6400 => Some("Ceph"),
        0x0116_1970 => Some("GFS2"),
        0x7461_636f => Some("OCFS2"),
        0x0102_1997 => Some("9P"),
        _ => None,
    }
}

#[cfg(test)]
#[path = "sqlite_tests.rs"]
mod tests;
