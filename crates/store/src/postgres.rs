//! A pool of connections to PostgreSQL, and running closures on them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, PoolError, RecyclingMethod};
use gatepost_domain::Timestamp;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::db::BoxFuture;
use crate::error::{Outage, is_connection_loss};
use crate::schema::{self, NEWEST};
use crate::{Error, Location, OpenError, Options, Tx, postgres_tls};

/// How often a transaction that lost against others is tried; the deadline usually ends it earlier.
const ATTEMPTS: u32 = 30;

/// How often a connection is tried, and a read whose connection broke.
const CONNECTING: u32 = 6;

/// The lock under which one process migrates: any number nobody else uses.
const MIGRATION_LOCK: &str = "SELECT pg_advisory_xact_lock(5147123801)";

pub(crate) struct Postgres {
    pool: Pool,
    /// Rung when something was queued that a job waits for.
    bell: Arc<Notify>,
    deadline: Duration,
    /// Makes the pauses of transactions that collided differ.
    spread: AtomicU32,
}

impl Postgres {
    pub(crate) async fn open(url: &str, options: &Options, bell: Arc<Notify>) -> Result<Self, OpenError> {
        let location = Location::Postgres(url.to_owned());
        let refused = |reason: String| OpenError::Refused { location: location.clone(), reason };
        let (mut config, tls) = postgres_tls::configure(url)?;
        // A plan that reads a small table whole makes SERIALIZABLE collide with every writer of that table.
        let own =
            "-c enable_seqscan=off -c idle_in_transaction_session_timeout=15000 -c statement_timeout=15000";
        let given = config.get_options().unwrap_or_default().to_owned();
        config.options(format!("{own} {given}"));
        if config.get_application_name().is_none() {
            config.application_name("gatepost");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(options.deadline);
        }
        config.tcp_user_timeout(options.deadline * 2);
        let manager =
            Manager::from_config(config, tls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = Pool::builder(manager)
            .max_size(options.connections)
            .runtime(deadpool_postgres::Runtime::Tokio1)
            .build()
            .map_err(|e| refused(e.to_string()))?;
        let store = Self { pool, bell, deadline: options.deadline, spread: AtomicU32::new(0) };
        store.bring_up_to_date(options.migrate, options.now).await.map_err(|error| match error {
            Setup::Open(error) => error,
            Setup::Pool(error) => refused(describe_pool(&error)),
            Setup::Driver(error) => refused(describe(&error)),
            Setup::TimedOut => refused("no answer in time".to_owned()),
        })?;
        Ok(store)
    }

    async fn bring_up_to_date(&self, migrate: bool, now: Timestamp) -> Result<(), Setup> {
        let connection = timeout(self.deadline, self.pool.get()).await.map_err(|_| Setup::TimedOut)??;
        let known = history(&connection).await?;
        let version = known.as_ref().map_or(0, |(version, _)| *version);
        if schema::pending(known)?.is_empty() {
            return Ok(());
        }
        if !migrate {
            return Err(OpenError::OlderSchema { found: version, needed: NEWEST }.into());
        }
        // If anything fails, the connection is dropped and the server undoes it all.
        let connection = deadpool_postgres::Object::take(connection);
        connection.batch_execute("BEGIN; SET LOCAL statement_timeout = 0").await?;
        connection.batch_execute(MIGRATION_LOCK).await?;
        // Asked again, for another process may have been faster; not with `to_regclass`, which may still remember
        // from before the lock that there is no such table.
        connection.batch_execute(schema::CREATE_HISTORY).await?;
        for migration in schema::pending(newest(&connection).await?)? {
            connection.batch_execute(&schema::uncovered(migration.sql, "postgres")).await?;
            connection
                .execute(
                    schema::WRITE_HISTORY,
                    &[&migration.version, &migration.name, &schema::RELEASE, &now.micros()],
                )
                .await?;
        }
        Ok(connection.batch_execute("COMMIT").await?)
    }

    pub(crate) fn close(&self) {
        self.pool.close();
    }

    /// A connection. One that breaks while it is being made is tried again, for nothing has been said over it yet.
    async fn begin(&self) -> Result<Tx, Error> {
        let mut attempt = 1;
        loop {
            match self.pool.get().await {
                Ok(connection) => return Ok(Tx::postgres(connection)),
                Err(PoolError::Closed) => return Err(Error::Unavailable(Outage::Closed)),
                Err(_) if attempt == CONNECTING => return Err(Error::Unavailable(Outage::NoConnection)),
                Err(_) => self.pause(attempt).await,
            }
            attempt += 1;
        }
    }

    /// Waits a little, longer after each attempt and each time another length.
    async fn pause(&self, attempt: u32) {
        let spread = self.spread.fetch_add(1, Ordering::Relaxed).wrapping_mul(2_654_435_761) >> 27;
        let steps = (1_u64 << attempt.min(6)) * (8 + u64::from(spread));
        tokio::time::sleep(Duration::from_micros(25 * steps)).await;
    }

    fn ring(&self, tx: &mut Tx) {
        if tx.has_rung() {
            self.bell.notify_one();
        }
    }

    /// Load, decide, save: SERIALIZABLE, again when it collides.
    pub(crate) async fn write<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        E: From<Error>,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
    {
        let work = async {
            let mut attempt = 0;
            loop {
                attempt += 1;
                let mut tx = self.begin().await?;
                let again = match control(&mut tx, "BEGIN ISOLATION LEVEL SERIALIZABLE").await {
                    Ok(()) => {
                        let outcome = closure(&mut tx).await;
                        match (outcome, tx.failure().cloned()) {
                            (Ok(value), None) => match control(&mut tx, "COMMIT").await {
                                Ok(()) => {
                                    self.ring(&mut tx);
                                    tx.finish();
                                    return Ok(value);
                                }
                                Err(error @ Error::Unavailable(Outage::Contention)) => {
                                    tx.finish();
                                    error
                                }
                                // Lost during the commit: it may have happened, so it must not be repeated.
                                Err(error) => return Err(E::from(error)),
                            },
                            (outcome, failure) => {
                                if control(&mut tx, "ROLLBACK").await.is_ok() {
                                    tx.finish();
                                }
                                match (outcome, failure) {
                                    (_, Some(error)) if is_worth_repeating(&error) => error,
                                    (Err(refused), _) => return Err(refused),
                                    (Ok(_), failure) => {
                                        let error =
                                            failure.unwrap_or_else(|| Error::broken("a failed transaction"));
                                        return Err(E::from(error));
                                    }
                                }
                            }
                        }
                    }
                    Err(error) if is_worth_repeating(&error) => error,
                    Err(error) => return Err(E::from(error)),
                };
                if attempt == ATTEMPTS {
                    return Err(E::from(again));
                }
                self.pause(attempt).await;
            }
        };
        timeout(self.deadline, work)
            .await
            .unwrap_or_else(|_| Err(E::from(Error::Unavailable(Outage::TimedOut))))
    }

    /// One statement, committed by itself.
    pub(crate) async fn write_one<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        E: From<Error>,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
    {
        let work = async {
            let mut attempt = 0;
            loop {
                attempt += 1;
                let mut tx = self.begin().await?;
                let outcome = closure(&mut tx).await;
                let (contended, lost) = (tx.is_contended(), is_lost(&tx));
                self.ring(&mut tx);
                if !lost {
                    tx.finish();
                }
                if !contended || attempt == ATTEMPTS {
                    return outcome;
                }
                self.pause(attempt).await;
            }
        };
        timeout(self.deadline, work)
            .await
            .unwrap_or_else(|_| Err(E::from(Error::Unavailable(Outage::TimedOut))))
    }

    /// Reading may be repeated whenever the connection turns out to be gone.
    pub(crate) async fn read<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        E: From<Error>,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
    {
        let work = async {
            let mut attempt = 0;
            loop {
                attempt += 1;
                let mut tx = self.begin().await?;
                let outcome = closure(&mut tx).await;
                if !is_lost(&tx) {
                    tx.finish();
                    return outcome;
                }
                if attempt == CONNECTING {
                    return outcome;
                }
                // Others in the pool may have broken with it, and need a moment to notice.
                drop(tx);
                self.pause(attempt).await;
            }
        };
        timeout(self.deadline, work)
            .await
            .unwrap_or_else(|_| Err(E::from(Error::Unavailable(Outage::TimedOut))))
    }
}

// `&mut`, not `&`: a shared reference to a transaction may not be sent to another thread, and this is held over an await.
async fn control(tx: &mut Tx, sql: &str) -> Result<(), Error> {
    let connection = tx.postgres_connection().ok_or(Error::Unavailable(Outage::Closed))?;
    Ok(connection.batch_execute(sql).await?)
}

/// Before the commit was sent nothing has happened, so also a lost connection may be repeated.
fn is_worth_repeating(error: &Error) -> bool {
    matches!(error, Error::Unavailable(Outage::Contention | Outage::Lost))
}

/// Whether the connection is of no more use: gone, or to a server that was demoted.
fn is_lost(tx: &Tx) -> bool {
    matches!(tx.failure(), Some(Error::Unavailable(Outage::Lost | Outage::NoConnection) | Error::ReadOnly))
}

async fn history(
    connection: &tokio_postgres::Client,
) -> Result<Option<(i64, String)>, tokio_postgres::Error> {
    let exists = connection.query_one("SELECT to_regclass('schema_history') IS NOT NULL", &[]).await?;
    if !exists.try_get::<_, bool>(0)? {
        return Ok(None);
    }
    newest(connection).await
}

async fn newest(connection: &tokio_postgres::Client) -> Result<Option<(i64, String)>, tokio_postgres::Error> {
    match connection.query_opt(schema::READ_HISTORY, &[]).await? {
        Some(row) => Ok(Some((row.try_get(0)?, row.try_get(1)?))),
        None => Ok(None),
    }
}

/// What can go wrong while a database is being opened.
enum Setup {
    Open(OpenError),
    Pool(PoolError),
    Driver(tokio_postgres::Error),
    TimedOut,
}

impl From<OpenError> for Setup {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl From<PoolError> for Setup {
    fn from(error: PoolError) -> Self {
        Self::Pool(error)
    }
}

impl From<tokio_postgres::Error> for Setup {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Driver(error)
    }
}

fn describe_pool(error: &PoolError) -> String {
    match error {
        PoolError::Backend(error) => describe(error),
        PoolError::Timeout(_) => "no answer in time".to_owned(),
        PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => error.to_string(),
    }
}

/// For the operator who starts the server: what the server or the system said. Used only before there are any
/// values that it could repeat.
fn describe(error: &tokio_postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        return said.message().to_owned();
    }
    let cause = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    if is_connection_loss(error) { format!("no connection ({cause})") } else { cause }
}
