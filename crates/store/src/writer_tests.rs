use std::sync::mpsc;
use std::time::Duration;

use super::*;

/// A file with one table, and its writer.
struct Store {
    folder: tempfile::TempDir,
    writer: Writer,
}

const PUT: &str = "INSERT INTO t (a) VALUES ($1)";

const TABLES: &str =
    "CREATE TABLE p (id TEXT PRIMARY KEY); CREATE TABLE t (a TEXT, p TEXT REFERENCES p (id))";

fn store_with(settings: &str) -> Store {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let now = gatepost_domain::Timestamp::from_micros(0);
    let connection = crate::sqlite::open(&path, true, Duration::from_millis(50), now).unwrap();
    connection.execute_batch(TABLES).unwrap();
    connection.execute_batch(settings).unwrap();
    let writer = Writer::start(connection, Arc::default()).unwrap();
    Store { folder, writer }
}

type Answer<T> = oneshot::Receiver<Outcome<T, Error>>;

impl Store {
    fn put(&self, size: usize) -> Answer<()> {
        let text = "x".repeat(size);
        let put = move |tx: &mut Tx| {
            let text = text.clone();
            let done: Result<(), Error> =
                ready(async { tx.execute(PUT, &[text.as_str().into()]).await.map(|_| ()) });
            done
        };
        self.submit(put)
    }

    fn submit<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx) -> Result<T, Error> + Send + 'static,
    ) -> Answer<T> {
        self.writer.submit(move |tx| Box::pin(std::future::ready(work(tx))), false).unwrap()
    }

    /// Holds the writer inside a write until the sender is dropped or used; returns once it is held.
    fn hold(&self) -> (mpsc::Sender<()>, Answer<()>) {
        let (release, held) = mpsc::channel::<()>();
        let (tell, begun) = mpsc::channel::<()>();
        let held = std::sync::Mutex::new(held);
        let answer = self.submit(move |_| {
            tell.send(()).unwrap();
            let _ = held.lock().unwrap().recv();
            Ok(())
        });
        begun.recv().unwrap();
        (release, answer)
    }

    fn rows(&self) -> i64 {
        let connection = rusqlite::Connection::open(self.folder.path().join("t.db")).unwrap();
        connection.query_row("SELECT COUNT(*) FROM t", [], |row| row.get(0)).unwrap()
    }
}

fn answer<T: Send + 'static>(answer: Answer<T>) -> Result<T, Error> {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(answered(answer))
}

fn pragma(sql: &'static str) -> impl Fn(&mut Tx) -> Result<(), Error> {
    move |tx| Ok(tx.sqlite_connection().unwrap().execute_batch(sql)?)
}

#[test]
fn all_that_wait_are_committed_together() {
    let store = store_with("");
    let (release, held) = store.hold();
    let waiting: Vec<_> = (0..100).map(|_| store.put(10)).collect();
    assert_eq!(store.rows(), 0);
    drop(release);
    assert_eq!(answer(held), Ok(()));
    for put in waiting {
        assert_eq!(answer(put), Ok(()));
    }
    assert_eq!(store.rows(), 100);
    assert_eq!(store.writer.counters.commits.load(Ordering::Relaxed), 1);
    assert_eq!(store.writer.counters.writes.load(Ordering::Relaxed), 101);
}

#[test]
fn what_is_answered_is_in_the_file_and_not_before() {
    let store = store_with("");
    for n in 1..=20 {
        assert_eq!(answer(store.put(10)), Ok(()));
        assert_eq!(store.rows(), n);
    }
}

#[test]
fn a_full_disk_fails_the_whole_group_changes_nothing_and_is_survived() {
    let store = store_with("PRAGMA max_page_count = 100");
    assert_eq!(answer(store.put(10)), Ok(()));
    let (release, held) = store.hold();
    let (small, large) = (store.put(10), store.put(1_000_000));
    drop(release);
    assert_eq!(answer(large), Err(Error::StorageFull));
    // SQLite may keep the neighbours or undo them with it; what counts is that the answers are true.
    let kept = [answer(held), answer(small)].into_iter().flatten().count();
    assert!(kept == 0 || kept == 2, "{kept}");
    assert_eq!(store.rows(), if kept == 2 { 2 } else { 1 });
    let before = store.rows();
    assert_eq!(answer(store.submit(pragma("PRAGMA max_page_count = 100000"))), Ok(()));
    assert_eq!(answer(store.put(1_000_000)), Ok(()), "somebody made room: it goes on by itself");
    assert_eq!(store.rows(), before + 1);
}

#[test]
fn a_commit_that_fails_fails_every_write_in_it() {
    let store = store_with("");
    let (release, held) = store.hold();
    let good = store.put(10);
    // A rule that is checked only at the commit.
    let bad =
        store.submit(pragma("PRAGMA defer_foreign_keys = ON; INSERT INTO t (a, p) VALUES ('x', 'nobody')"));
    drop(release);
    for refused in [answer(held), answer(good), answer(bad)] {
        assert!(refused.is_err(), "{refused:?}");
    }
    assert_eq!(store.rows(), 0);
    assert_eq!(answer(store.put(10)), Ok(()));
    assert_eq!(store.rows(), 1);
}

#[test]
fn more_than_the_queue_holds_is_refused_at_once() {
    let store = store_with("");
    let (release, held) = store.hold();
    let waiting: Vec<_> = (0..QUEUE).map(|_| store.put(1)).collect();
    let refused =
        store.writer.submit(|_| Box::pin(std::future::ready(Ok(()))), false).map(|_: Answer<()>| ());
    assert_eq!(refused, Err(Error::Unavailable(Outage::QueueFull)));
    drop(release);
    assert_eq!(answer(held), Ok(()));
    assert!(waiting.into_iter().all(|put| answer(put) == Ok(())));
    assert_eq!(answer(store.put(1)), Ok(()));
    // Groups are bounded, so that the first of them does not wait for the last.
    assert!(store.writer.counters.commits.load(Ordering::Relaxed) >= (QUEUE / GROUP) as u64);
}

#[test]
fn dropping_the_writer_commits_what_is_waiting() {
    let store = store_with("");
    let (release, held) = store.hold();
    let waiting: Vec<_> = (0..50).map(|_| store.put(10)).collect();
    drop(release);
    let Store { folder, writer } = store;
    drop(writer);
    assert_eq!(answer(held), Ok(()));
    assert!(waiting.into_iter().all(|put| answer(put) == Ok(())));
    let connection = rusqlite::Connection::open(folder.path().join("t.db")).unwrap();
    let rows: i64 = connection.query_row("SELECT COUNT(*) FROM t", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 50);
}

#[test]
fn another_process_that_holds_the_file_makes_it_busy_and_no_more() {
    let store = store_with("");
    let other = rusqlite::Connection::open(store.folder.path().join("t.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(answer(store.put(10)), Err(Error::Unavailable(Outage::Busy)));
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(answer(store.put(10)), Ok(()));
}

#[test]
fn a_closure_that_awaits_something_else_is_refused_and_undone() {
    let store = store_with("");
    let submitted = store.writer.submit(
        |tx| {
            Box::pin(async move {
                tx.execute(PUT, &["x".into()]).await?;
                std::future::pending::<()>().await;
                Ok(())
            })
        },
        false,
    );
    let refused: Result<(), Error> = answer(submitted.unwrap());
    assert!(matches!(refused, Err(Error::Broken(_))), "{refused:?}");
    assert_eq!(answer(store.put(10)), Ok(()));
    assert_eq!(store.rows(), 1);
}

#[test]
fn a_caller_who_left_does_not_stop_the_others() {
    let store = store_with("");
    let (release, held) = store.hold();
    drop(store.put(10));
    let stays = store.put(10);
    drop(release);
    assert_eq!((answer(held), answer(stays)), (Ok(()), Ok(())));
}

/// Counts how often it ran.
fn counted(
    count: &Arc<AtomicU64>,
    work: impl Fn(&mut Tx) -> Result<(), Error> + Send + 'static,
) -> impl Fn(&mut Tx) -> Result<(), Error> + Send + 'static {
    let count = Arc::clone(count);
    move |tx| {
        count.fetch_add(1, Ordering::Relaxed);
        work(tx)
    }
}

fn put(tx: &mut Tx) -> Result<(), Error> {
    ready(async { tx.execute(PUT, &["x".into()]).await.map(|_| ()) })
}

/// Waits until the writer holds the group open, then lets it go on; what is submitted between is one group.
fn together(store: &Store, submit: impl FnOnce()) {
    let (release, held) = mpsc::channel::<()>();
    let (tell, begun) = mpsc::channel::<()>();
    let held = std::sync::Mutex::new(Some(held));
    let first = store.submit(move |_| {
        // Once; it may run again.
        if let Some(held) = held.lock().unwrap().take() {
            tell.send(()).unwrap();
            let _ = held.recv();
        }
        Ok(())
    });
    begun.recv().unwrap();
    submit();
    drop(release);
    assert_eq!(answer(first), Ok(()));
}

#[test]
fn what_one_takes_back_is_undone_and_its_neighbours_stay() {
    let store = store_with("");
    let (good, bad, after) = (Arc::default(), Arc::default(), Arc::default());
    let mut answers = Vec::new();
    together(&store, || {
        answers.push(store.submit(counted(&good, put)));
        answers.push(store.submit(counted(&bad, |tx| {
            put(tx)?;
            Err(Error::broken("no"))
        })));
        answers.push(store.submit(|tx| {
            put(tx)?;
            panic!("in the middle")
        }));
        answers.push(store.submit(counted(&after, put)));
    });
    let mut answers = answers.into_iter();
    assert_eq!(answer(answers.next().unwrap()), Ok(()));
    assert!(matches!(answer(answers.next().unwrap()), Err(Error::Broken(_))));
    let panicking = answers.next().unwrap();
    assert!(
        catch_unwind(AssertUnwindSafe(|| answer(panicking))).is_err(),
        "goes on where it was called from"
    );
    assert_eq!(answer(answers.next().unwrap()), Ok(()));
    assert_eq!(store.rows(), 2);
    // Whoever had run before ran once more, and whoever came later only once.
    let runs = [&good, &bad, &after].map(|count: &Arc<AtomicU64>| count.load(Ordering::Relaxed));
    assert_eq!(runs, [2, 2, 1]);
    assert_eq!(store.writer.counters.commits.load(Ordering::Relaxed), 1);
}

#[test]
fn who_takes_back_nothing_makes_nobody_run_again() {
    let store = store_with("");
    let good = Arc::default();
    let mut answers = Vec::new();
    together(&store, || {
        answers.push(store.submit(counted(&good, put)));
        answers.push(store.submit(|_| Err(Error::broken("no"))));
        // A statement that fails has changed nothing.
        answers.push(store.submit(|tx| {
            ready(async {
                tx.execute("INSERT INTO t (a, p) VALUES ($1, $1)", &["x".into()]).await.map(|_| ())
            })
        }));
    });
    let kept: Vec<bool> = answers.into_iter().map(|one| answer(one).is_ok()).collect();
    assert_eq!((kept, store.rows(), good.load(Ordering::Relaxed)), (vec![true, false, false], 1, 1));
}
