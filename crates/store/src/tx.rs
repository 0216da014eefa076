use futures_util::future::try_join_all;
use tokio_postgres::types::ToSql;

use crate::error::Outage;
use crate::value::{FromRow, Param, Row, Source};
use crate::{Error, sqlite};

/// A transaction, or a connection to read from. What the functions of this crate take as their first argument.
///
/// On SQLite its futures are ready at once; on PostgreSQL they wait for the server.
pub struct Tx {
    connection: Connection,
    /// A statement failed. PostgreSQL then refuses all others; so that both databases do the same, we do too.
    failure: Option<Error>,
    /// Something was queued that a job waits for.
    rings: bool,
}

enum Connection {
    Sqlite(rusqlite::Connection),
    Postgres(deadpool_postgres::Object),
    /// Taken out; only while the value is being dropped.
    Gone,
}

impl Tx {
    pub(crate) fn sqlite(connection: rusqlite::Connection) -> Self {
        Self { connection: Connection::Sqlite(connection), failure: None, rings: false }
    }

    pub(crate) fn postgres(connection: deadpool_postgres::Object) -> Self {
        Self { connection: Connection::Postgres(connection), failure: None, rings: false }
    }

    pub(crate) fn sqlite_connection(&self) -> Option<&rusqlite::Connection> {
        match &self.connection {
            Connection::Sqlite(connection) => Some(connection),
            Connection::Postgres(_) | Connection::Gone => None,
        }
    }

    pub(crate) fn postgres_connection(&self) -> Option<&deadpool_postgres::Object> {
        match &self.connection {
            Connection::Postgres(connection) => Some(connection),
            Connection::Sqlite(_) | Connection::Gone => None,
        }
    }

    /// Forgets what went wrong: a new transaction begins on the connection.
    pub(crate) fn reset(&mut self) {
        self.failure = None;
    }

    /// Something was queued that a job waits for: it is told when that is committed.
    pub(crate) fn rings(&mut self) {
        self.rings = true;
    }

    /// Whether a job is to be told, now that all is committed.
    pub(crate) fn has_rung(&mut self) -> bool {
        std::mem::take(&mut self.rings)
    }

    /// What went wrong with a statement, if one failed.
    pub(crate) fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// Whether what went wrong can be cured by trying again.
    pub(crate) fn is_contended(&self) -> bool {
        matches!(self.failure, Some(Error::Unavailable(Outage::Contention)))
    }

    /// The connection is in order: it may go back to the pool.
    pub(crate) fn finish(mut self) -> Option<rusqlite::Connection> {
        match std::mem::replace(&mut self.connection, Connection::Gone) {
            Connection::Sqlite(connection) => Some(connection),
            Connection::Postgres(_) | Connection::Gone => None,
        }
    }

    /// The first row of the answer, if there is one.
    pub(crate) async fn optional<T: FromRow>(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Option<T>, Error> {
        self.ready(params)?;
        let answer = match &self.connection {
            Connection::Sqlite(connection) => sqlite_optional(connection, sql, params),
            Connection::Postgres(connection) => postgres_optional(connection, sql, params).await,
            Connection::Gone => Err(Error::Unavailable(Outage::Closed)),
        };
        self.note(answer)
    }

    /// All rows of the answer.
    pub(crate) async fn all<T: FromRow>(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Vec<T>, Error> {
        self.ready(params)?;
        let answer = match &self.connection {
            Connection::Sqlite(connection) => sqlite_all(connection, sql, params),
            Connection::Postgres(connection) => postgres_all(connection, sql, params).await,
            Connection::Gone => Err(Error::Unavailable(Outage::Closed)),
        };
        self.note(answer)
    }

    /// How many rows were changed.
    pub(crate) async fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, Error> {
        self.ready(params)?;
        let answer = match &self.connection {
            Connection::Sqlite(connection) => sqlite_execute(connection, sql, params),
            Connection::Postgres(connection) => postgres_execute(connection, sql, params).await,
            Connection::Gone => Err(Error::Unavailable(Outage::Closed)),
        };
        self.note(answer)
    }

    /// Runs a statement once for each row of parameters, in their order: how many rows of the table each run changed. On PostgreSQL
    /// many are on their way before the first is answered, so that not each waits for a trip to the server and back.
    pub(crate) async fn execute_each<const N: usize>(
        &mut self,
        sql: &'static str,
        rows: &[[Param<'_>; N]],
    ) -> Result<Vec<u64>, Error> {
        for params in rows {
            self.ready(params)?;
        }
        let answer = match &self.connection {
            Connection::Sqlite(connection) => sqlite::run_each(connection, sql, rows),
            Connection::Postgres(connection) => postgres_execute_each(connection, sql, rows).await,
            Connection::Gone => Err(Error::Unavailable(Outage::Closed)),
        };
        self.note(answer)
    }

    fn ready(&self, params: &[Param<'_>]) -> Result<(), Error> {
        if self.failure.is_some() {
            return Err(Error::broken("a statement after one that failed"));
        }
        if params.iter().all(Param::is_storable) {
            Ok(())
        } else {
            Err(Error::broken("a text with a NUL in it"))
        }
    }

    fn note<T>(&mut self, answer: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &answer {
            self.failure = Some(error.clone());
        }
        answer
    }
}

impl Drop for Tx {
    /// Dropped before it was finished: by a panic, a time-out, a caller who went away. The connection may be in a
    /// transaction or in the middle of an answer, so it does not go back to the pool; the server rolls back.
    fn drop(&mut self) {
        if let Connection::Postgres(connection) = std::mem::replace(&mut self.connection, Connection::Gone) {
            drop(deadpool_postgres::Object::take(connection));
        }
    }
}

fn sqlite_optional<T: FromRow>(
    connection: &rusqlite::Connection,
    sql: &str,
    params: &[Param<'_>],
) -> Result<Option<T>, Error> {
    let mut statement = sqlite::bound(connection, sql, params)?;
    let mut rows = statement.raw_query();
    let Some(row) = rows.next()? else { return Ok(None) };
    let found = T::from_row(&mut Row::new(Source::Sqlite(row)))?;
    // A statement that changes rows and returns them must run to its end, or the change is undone.
    while rows.next()?.is_some() {}
    Ok(Some(found))
}

fn sqlite_all<T: FromRow>(
    connection: &rusqlite::Connection,
    sql: &str,
    params: &[Param<'_>],
) -> Result<Vec<T>, Error> {
    let mut statement = sqlite::bound(connection, sql, params)?;
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(T::from_row(&mut Row::new(Source::Sqlite(row)))?);
    }
    Ok(found)
}

fn sqlite_execute(connection: &rusqlite::Connection, sql: &str, params: &[Param<'_>]) -> Result<u64, Error> {
    Ok(sqlite::bound(connection, sql, params)?.raw_execute()? as u64)
}

async fn postgres_query(
    connection: &deadpool_postgres::Object,
    sql: &str,
    params: &[Param<'_>],
) -> Result<Vec<tokio_postgres::Row>, Error> {
    let statement = connection.prepare_cached(sql).await?;
    if statement.params().len() != params.len() {
        return Err(Error::broken("a statement with other parameters"));
    }
    let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|p| p as _).collect();
    Ok(connection.query(&statement, &params).await?)
}

async fn postgres_optional<T: FromRow>(
    connection: &deadpool_postgres::Object,
    sql: &str,
    params: &[Param<'_>],
) -> Result<Option<T>, Error> {
    let rows = postgres_query(connection, sql, params).await?;
    rows.first().map(|row| T::from_row(&mut Row::new(Source::Postgres(row)))).transpose()
}

async fn postgres_all<T: FromRow>(
    connection: &deadpool_postgres::Object,
    sql: &str,
    params: &[Param<'_>],
) -> Result<Vec<T>, Error> {
    let rows = postgres_query(connection, sql, params).await?;
    rows.iter().map(|row| T::from_row(&mut Row::new(Source::Postgres(row)))).collect()
}

async fn postgres_execute(
    connection: &deadpool_postgres::Object,
    sql: &str,
    params: &[Param<'_>],
) -> Result<u64, Error> {
    let statement = connection.prepare_cached(sql).await?;
    if statement.params().len() != params.len() {
        return Err(Error::broken("a statement with other parameters"));
    }
    let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|p| p as _).collect();
    Ok(connection.execute(&statement, &params).await?)
}

/// So many runs of a statement are on their way at once.
const ON_THEIR_WAY: usize = 30;

async fn postgres_execute_each<const N: usize>(
    connection: &deadpool_postgres::Object,
    sql: &str,
    rows: &[[Param<'_>; N]],
) -> Result<Vec<u64>, Error> {
    let statement = connection.prepare_cached(sql).await?;
    if statement.params().len() != N {
        return Err(Error::broken("a statement with other parameters"));
    }
    let mut changed = Vec::with_capacity(rows.len());
    for some in rows.chunks(ON_THEIR_WAY) {
        // Each is sent when its future is first polled, and that is done in their order.
        let runs = some.iter().map(|params| {
            let (params, statement) =
                (params.each_ref().map(|param| param as &(dyn ToSql + Sync)), &statement);
            async move { connection.execute(statement, &params).await }
        });
        changed.extend(try_join_all(runs).await?);
    }
    Ok(changed)
}
