//! The one writer of a SQLite file: closures queue up, all that are waiting are committed together.
//!
//! A durable commit costs a trip to the disk. Thirty-two callers who each make their own pay for thirty-two; here
//! all run in one transaction, one commit is made, and then all are answered.
//!
//! Nearly all of them keep what they write, so none has a savepoint at first: for each SQLite would keep a copy of every page
//! that is touched. Where one writes and then takes it back, everything is taken back, and the group runs once more, now
//! with a savepoint each.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;

use tokio::sync::{Notify, oneshot};

use crate::db::BoxFuture;
use crate::error::Outage;
use crate::{Error, Tx};

/// Writes that may wait at once. At twenty thousand a second a full queue is a fifth of a second of waiting.
const QUEUE: usize = 4_096;
/// Writes in one commit at most, so that the first of them does not wait for ever.
const GROUP: usize = 256;

/// What came out of a closure: its result, or the panic to be continued where it was called from.
pub(crate) type Outcome<T, E> = Result<Result<T, E>, Box<dyn Any + Send>>;

/// Whether a closure runs so that it can be undone by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Undo {
    /// By itself.
    Alone,
    /// Only with the whole transaction.
    Together,
}

trait Job: Send {
    /// Runs inside the open transaction, once more if need be. False: what it wrote must not stay, and that is left to the caller
    /// where it cannot be undone by itself.
    fn run(&mut self, tx: &mut Tx, undo: Undo) -> bool;
    /// Tells the caller what came of it, now that it is known whether the group was committed.
    fn settle(self: Box<Self>, fate: Result<(), Error>);
}

struct Write<T, E, F> {
    closure: F,
    /// A single statement undoes itself when it fails: it needs no savepoint.
    single: bool,
    /// What came of it when it ran last.
    outcome: Option<Outcome<T, E>>,
    reply: oneshot::Sender<Outcome<T, E>>,
}

impl<T, E, F> Job for Write<T, E, F>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
    F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send,
{
    fn run(&mut self, tx: &mut Tx, undo: Undo) -> bool {
        tx.reset();
        let closure = &self.closure;
        let in_savepoint = undo == Undo::Alone && !self.single;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            if in_savepoint { in_savepoint_of_its_own(tx, closure) } else { settled(tx, closure) }
        }));
        let kept = self.single || in_savepoint || matches!(outcome, Ok(Ok(_)));
        self.outcome = Some(outcome);
        kept
    }

    fn settle(self: Box<Self>, fate: Result<(), Error>) {
        let answer = match (self.outcome, fate) {
            (Some(Ok(Ok(_))) | None, Err(error)) => Ok(Err(E::from(error))),
            (Some(outcome), _) => outcome,
            (None, Ok(())) => Ok(Err(E::from(Error::broken("a write that never ran")))),
        };
        // A caller who went away is not waiting.
        let _ = self.reply.send(answer);
    }
}

/// How many commits and writes there were.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) commits: AtomicU64,
    pub(crate) writes: AtomicU64,
}

/// The writer's end that callers see. Dropping it commits what is waiting and closes the file.
pub(crate) struct Writer {
    jobs: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    pub(crate) counters: Arc<Counters>,
}

impl Writer {
    pub(crate) fn start(connection: rusqlite::Connection, bell: Arc<Notify>) -> Result<Self, Error> {
        let (jobs, waiting) = sync_channel::<Box<dyn Job>>(QUEUE);
        let counters = Arc::new(Counters::default());
        let counted = Arc::clone(&counters);
        let thread = std::thread::Builder::new()
            .name("gatepost-writer".to_owned())
            .spawn(move || work(Tx::sqlite(connection), &waiting, &counted, &bell))
            .map_err(|_| Error::Disk("no thread for the writer".to_owned()))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), counters })
    }

    /// Queues a closure. What comes back is for [`answered`].
    pub(crate) fn submit<T, E, F>(
        &self,
        closure: F,
        single: bool,
    ) -> Result<oneshot::Receiver<Outcome<T, E>>, Error>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or(Error::Unavailable(Outage::Closed))?;
        match jobs.try_send(Box::new(Write { closure, single, outcome: None, reply })) {
            Ok(()) => Ok(answer),
            Err(TrySendError::Full(_)) => Err(Error::Unavailable(Outage::QueueFull)),
            Err(TrySendError::Disconnected(_)) => Err(Error::Unavailable(Outage::Closed)),
        }
    }
}

/// Waits until what was submitted is committed, or refused.
pub(crate) async fn answered<T, E: From<Error>>(answer: oneshot::Receiver<Outcome<T, E>>) -> Result<T, E> {
    match answer.await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(_) => Err(E::from(Error::Unavailable(Outage::Closed))),
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // With the sender gone the thread commits what is queued and ends.
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

fn work(mut tx: Tx, waiting: &Receiver<Box<dyn Job>>, counters: &Counters, bell: &Notify) {
    while let Ok(first) = waiting.recv() {
        commit_group(&mut tx, first, waiting, counters);
        // Also where nothing was kept in the end: whoever looks finds nothing.
        if tx.has_rung() {
            bell.notify_one();
        }
    }
    // Moves the log into the file, so that a copy of the file alone is whole. Another process may be in the way.
    if let Some(connection) = tx.sqlite_connection() {
        let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    }
}

fn commit_group(tx: &mut Tx, first: Box<dyn Job>, waiting: &Receiver<Box<dyn Job>>, counters: &Counters) {
    if let Err(error) = control(tx, "BEGIN IMMEDIATE") {
        // Those who wait have waited as long as this one. They are gathered before anybody is told: whoever comes
        // after that has not waited yet.
        let refused: Vec<_> = std::iter::once(first).chain(waiting.try_iter().take(GROUP)).collect();
        settle(refused, &Err(error));
        return;
    }
    let mut group: Vec<Box<dyn Job>> = Vec::new();
    let mut next = Some(first);
    let mut undo = Undo::Together;
    while let Some(mut job) = next {
        let before = changes(tx);
        let kept = job.run(tx, undo);
        group.push(job);
        if !kept && changes(tx) != before && !is_lost(tx) {
            undo = Undo::Alone;
            if let Err(error) = once_more(tx, &mut group) {
                settle(group, &Err(error));
                return;
            }
        }
        if is_lost(tx) {
            // A full disk or a failing one makes SQLite undo the whole transaction, the neighbours' part too.
            let error =
                tx.failure().cloned().unwrap_or_else(|| Error::Disk("the transaction was undone".to_owned()));
            settle(group, &Err(error));
            return;
        }
        next = if group.len() < GROUP { another(waiting) } else { None };
    }
    let fate = control(tx, "COMMIT");
    if fate.is_err() && !is_lost(tx) {
        let _ = control(tx, "ROLLBACK");
    }
    counters.commits.fetch_add(1, Ordering::Relaxed);
    counters.writes.fetch_add(group.len() as u64, Ordering::Relaxed);
    settle(group, &fate);
}

fn settle(group: Vec<Box<dyn Job>>, fate: &Result<(), Error>) {
    for job in group {
        job.settle(fate.clone());
    }
}

/// Takes back what all have written, for one of them must not have, and has each write anew so that it can be undone by itself.
fn once_more(tx: &mut Tx, group: &mut [Box<dyn Job>]) -> Result<(), Error> {
    control(tx, "ROLLBACK")?;
    control(tx, "BEGIN IMMEDIATE")?;
    for job in group {
        job.run(tx, Undo::Alone);
        if is_lost(tx) {
            break;
        }
    }
    Ok(())
}

/// How many rows were ever changed on the connection.
fn changes(tx: &Tx) -> u64 {
    tx.sqlite_connection().map_or(0, rusqlite::Connection::total_changes)
}

/// The next job that is there, or that comes when others get the core for a moment. With one core and no such moment,
/// whoever hands over a write is stopped at once by the writer, which then goes to the disk for that one alone.
fn another(waiting: &Receiver<Box<dyn Job>>) -> Option<Box<dyn Job>> {
    waiting.try_recv().ok().or_else(|| {
        std::thread::yield_now();
        waiting.try_recv().ok()
    })
}

/// Whether there is no open transaction any more.
fn is_lost(tx: &Tx) -> bool {
    tx.sqlite_connection().is_none_or(rusqlite::Connection::is_autocommit)
}

fn control(tx: &Tx, sql: &'static str) -> Result<(), Error> {
    let connection = tx.sqlite_connection().ok_or(Error::Unavailable(Outage::Closed))?;
    Ok(connection.prepare_cached(sql)?.execute([]).map(|_| ())?)
}

fn in_savepoint_of_its_own<T, E, F>(tx: &mut Tx, closure: &F) -> Result<T, E>
where
    E: From<Error>,
    F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
{
    control(tx, "SAVEPOINT job")?;
    // A panic must not leave the savepoint open; it goes on once it is closed.
    let outcome = catch_unwind(AssertUnwindSafe(|| settled(tx, closure)));
    let kept = matches!(outcome, Ok(Ok(_)));
    if !is_lost(tx) {
        if !kept {
            control(tx, "ROLLBACK TO job")?;
        }
        control(tx, "RELEASE job")?;
    }
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Runs the closure; an answer that was built over a failed statement is no answer.
fn settled<T, E, F>(tx: &mut Tx, closure: &F) -> Result<T, E>
where
    E: From<Error>,
    F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
{
    let outcome = ready(closure(tx))?;
    match tx.failure() {
        Some(error) => Err(E::from(error.clone())),
        None => Ok(outcome),
    }
}

/// Drives a future that never waits. One that does has awaited something other than its transaction.
pub(crate) fn ready<T, E: From<Error>>(future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => {
            Err(E::from(Error::broken("a store closure awaited something other than its transaction")))
        }
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
