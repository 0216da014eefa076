use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gatepost_domain::Timestamp;
use tokio::sync::{Notify, oneshot};

use crate::error::Outage;
use crate::postgres::Postgres;
use crate::writer::{Outcome, Writer, answered, ready};
use crate::{Error, Location, OpenError, Tx, sqlite};

/// What a store closure returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How to open a database.
#[derive(Debug, Clone)]
pub struct Options {
    /// The time, recorded with migrations.
    pub now: Timestamp,
    /// Whether to bring the schema up to date; otherwise an older one is refused.
    pub migrate: bool,
    /// PostgreSQL: connections at most.
    pub connections: usize,
    /// How long anything may take before the database counts as unavailable.
    pub deadline: Duration,
}

impl Options {
    /// Migrates; 16 connections; two seconds.
    pub const fn new(now: Timestamp) -> Self {
        Self { now, migrate: true, connections: 16, deadline: Duration::from_secs(2) }
    }
}

/// The store. Cheap to clone; all clones are one store.
///
/// # Where a read runs on SQLite
///
/// On the calling thread, with a connection of a pool; not on a thread of its own. A session with its user, by id,
/// took 6.6 us here and 16.7 us with a hop to a reader thread and back (29 us over tokio's blocking pool); with 32
/// tasks on two cores 143,000 a second against 57,000 and 22,000 (`examples/read_rate.rs`, November 2026, two
/// virtual cores that others were using too). What is given up: a page that is not in memory makes an async thread
/// wait for the disk, and a long listing keeps it busy. So listings have limits, and whoever wants to read a table
/// whole does so by pages.
///
/// A write always goes to the one writer thread; the closures of all who wait are committed together.
#[derive(Clone)]
pub struct Db(Arc<Store>);

struct Store {
    kind: Kind,
    bell: Arc<Notify>,
}

enum Kind {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

struct Sqlite {
    path: PathBuf,
    deadline: Duration,
    writer: Mutex<Option<Writer>>,
    readers: Mutex<Vec<Tx>>,
}

/// Connections kept open for reading. More are opened when more threads read at once, and closed again.
const READERS: usize = 8;

/// What the writer has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriteCounts {
    /// Durable commits.
    pub commits: u64,
    /// Writes in them.
    pub writes: u64,
}

impl Db {
    /// Opens the database, making or updating it where allowed. Safe when several processes do so at once.
    pub async fn open(location: &Location, options: Options) -> Result<Self, OpenError> {
        let bell = Arc::new(Notify::new());
        let kind = match location {
            Location::Sqlite(path) => {
                Kind::Sqlite(Self::open_sqlite(path.clone(), &options, Arc::clone(&bell))?)
            }
            Location::Postgres(url) => {
                Kind::Postgres(Postgres::open(url, &options, Arc::clone(&bell)).await?)
            }
        };
        Ok(Self(Arc::new(Store { kind, bell })))
    }

    fn open_sqlite(path: PathBuf, options: &Options, bell: Arc<Notify>) -> Result<Sqlite, OpenError> {
        let writer =
            Writer::start(sqlite::open(&path, options.migrate, options.deadline, options.now)?, bell)?;
        // Opened now, so that the first reader finds it and a failure is told at the start.
        let first = Tx::sqlite(sqlite::reader(&path, options.deadline)?);
        Ok(Sqlite {
            path,
            deadline: options.deadline,
            writer: Mutex::new(Some(writer)),
            readers: Mutex::new(vec![first]),
        })
    }

    /// `"sqlite"` or `"postgres"`.
    pub fn kind(&self) -> &'static str {
        match &self.0.kind {
            Kind::Sqlite(_) => "sqlite",
            Kind::Postgres(_) => "postgres",
        }
    }

    /// Load, decide, save: runs `closure` in a transaction that behaves as if it were alone, and returns when it
    /// is durable. If the closure returns an error, nothing is changed.
    ///
    /// The closure may run more than once, and must await nothing but its transaction: effects only through it.
    /// `name` says in traces what was being done.
    pub async fn write<T, E, F>(&self, name: &'static str, closure: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    {
        tracing::trace!(name, "store write");
        match &self.0.kind {
            Kind::Sqlite(store) => answered(store.submit(closure, false)?).await,
            Kind::Postgres(store) => store.write(closure).await,
        }
    }

    /// A single statement whose predicate decides, durable when this returns. On PostgreSQL it is committed by
    /// itself, without a transaction around it; so the closure must not contain a second one.
    pub async fn write_one<T, E, F>(&self, name: &'static str, closure: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    {
        tracing::trace!(name, "store write");
        match &self.0.kind {
            Kind::Sqlite(store) => answered(store.submit(closure, true)?).await,
            Kind::Postgres(store) => store.write_one(closure).await,
        }
    }

    /// Reads. Each statement sees everything that was committed before it; several are not one snapshot.
    ///
    /// The closure may run more than once, and must await nothing but its transaction.
    pub async fn read<T, E, F>(&self, name: &'static str, closure: F) -> Result<T, E>
    where
        E: From<Error>,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send,
    {
        tracing::trace!(name, "store read");
        match &self.0.kind {
            Kind::Sqlite(store) => store.read(closure),
            Kind::Postgres(store) => store.read(closure).await,
        }
    }

    /// Readies the store for very many writes of this process, one after another: on SQLite the writer takes more memory (32 MiB at the
    /// most) and a longer log, and keeps them until it is closed.
    pub async fn expect_many_writes(&self) -> Result<(), Error> {
        match &self.0.kind {
            Kind::Sqlite(_) => {
                self.write("expect many writes", |tx| {
                    let prepared = tx.sqlite_connection().map_or(Ok(()), sqlite::expect_much);
                    Box::pin(std::future::ready(prepared))
                })
                .await
            }
            Kind::Postgres(_) => Ok(()),
        }
    }

    /// Rung when a message for a webhook was committed, by a write of this process.
    pub fn message_queued(&self) -> &Notify {
        &self.0.bell
    }

    /// How many commits and writes the SQLite writer made; zeros on PostgreSQL.
    pub fn write_counts(&self) -> WriteCounts {
        match &self.0.kind {
            Kind::Sqlite(store) => {
                store.writer().as_ref().map_or_else(WriteCounts::default, |writer| WriteCounts {
                    commits: writer.counters.commits.load(Ordering::Relaxed),
                    writes: writer.counters.writes.load(Ordering::Relaxed),
                })
            }
            Kind::Postgres(_) => WriteCounts::default(),
        }
    }

    /// Commits what is waiting and closes the database; what comes after is refused as unavailable. Dropping the
    /// last clone does the same.
    pub async fn close(&self) {
        match &self.0.kind {
            Kind::Sqlite(store) => {
                let writer = store.writer().take();
                store.readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
                // Waits for the thread, which is no work for an async one.
                let _ = tokio::task::spawn_blocking(move || drop(writer)).await;
            }
            Kind::Postgres(store) => store.close(),
        }
    }
}

impl Sqlite {
    fn writer(&self) -> MutexGuard<'_, Option<Writer>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a write. The lock is held for as long as that takes, never while waiting for the answer.
    fn submit<T, E, F>(&self, closure: F, single: bool) -> Result<oneshot::Receiver<Outcome<T, E>>, Error>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    {
        self.writer().as_ref().ok_or(Error::Unavailable(Outage::Closed))?.submit(closure, single)
    }

    fn read<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        E: From<Error>,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
    {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut tx = match idle {
            Some(tx) => tx,
            None if self.writer().is_none() => return Err(E::from(Error::Unavailable(Outage::Closed))),
            None => Tx::sqlite(sqlite::reader(&self.path, self.deadline)?),
        };
        tx.reset();
        let outcome = ready(closure(&mut tx));
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS {
            readers.push(tx);
        }
        outcome
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Db({})", self.kind())
    }
}
