//! F-01: the server is killed in the middle of its work, again and again, and nothing it answered for is lost.

mod client;
mod ledger;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, task::JoinSet};

use crate::support::{CHEAP_HASHES, Invocation, Postgres, Server, gatepost};
use client::{Client, Extent};
use ledger::Ledger;

const KILLS: u32 = 20;
const CLIENTS: usize = 16;

/// What the clients of one round share.
pub(crate) struct Round {
    /// Answers so far.
    acknowledged: AtomicU64,
    /// How many there are when the server is killed.
    fatal: u64,
    reached: Notify,
    over: AtomicBool,
}

impl Round {
    /// Counts an answer; the one that reaches the number ends the server.
    fn count(&self) {
        if self.acknowledged.fetch_add(1, Ordering::Relaxed) + 1 == self.fatal {
            self.reached.notify_one();
        }
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

/// The same issuer whatever port the system chooses.
fn serve(folder: &Path) -> Invocation {
    gatepost("serve --listen 127.0.0.1:0 --public-url http://127.0.0.1:8400").data(folder).envs(CHEAP_HASHES)
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_minus_nine_loses_nothing_that_was_acknowledged_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = killed_again_and_again("sqlite", || serve(folder.path()).serve(), async || {}).await;
    let database = rusqlite::Connection::open(folder.path().join("gatepost.db")).unwrap();
    let sound: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    ledger.assert_nothing_lost();
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_minus_nine_loses_nothing_that_was_acknowledged_on_postgres() {
    let Some(postgres) = Postgres::database().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let start = || serve(folder.path()).arg("--database-url").arg(postgres.url()).serve();
    killed_again_and_again("postgres", start, async || postgres.wait_until_quiet().await)
        .await
        .assert_nothing_lost();
}

/// The control: a test of durability that cannot fail proves nothing. Here the store does forget: after the kill an
/// older copy of it is put in its place.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_forgets_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let [now, before] = ["data", "before"].map(|name| folder.path().join(name));
    let mut clients: Vec<Client> = (0..CLIENTS).map(Client::new).collect();
    let mut server = serve(&now).serve();
    clients = work_until(clients, 200, &mut server).await.0;
    copy(&now, &before);
    let mut server = serve(&now).serve();
    clients = read_back(clients, &server, Extent::Everything).await;
    clients = work_until(clients, 400, &mut server).await.0;
    std::fs::remove_dir_all(&now).unwrap();
    copy(&before, &now);
    let server = serve(&now).serve();
    let mut ledger = Ledger::default();
    for client in read_back(clients, &server, Extent::Everything).await {
        ledger.add(client.ledger);
    }
    println!("FAULT F-01c store=forgetful {ledger}");
    assert!(!ledger.lost.is_empty(), "lost registrations were not found");
    assert!(!ledger.resurrected.is_empty(), "sessions that live again were not found");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

/// Lets all clients work until they have had `fatal` answers together, and kills the server in the midst of it.
async fn work_until(clients: Vec<Client>, fatal: u64, server: &mut Server) -> (Vec<Client>, u64) {
    let round = Arc::new(Round {
        acknowledged: AtomicU64::new(0),
        fatal,
        reached: Notify::new(),
        over: AtomicBool::new(false),
    });
    let mut working = JoinSet::new();
    for mut client in clients {
        let (round, address) = (Arc::clone(&round), server.address());
        working.spawn(async move {
            client.work(address, &round).await;
            client
        });
    }
    round.reached.notified().await;
    server.kill();
    round.over.store(true, Ordering::Relaxed);
    let clients = working.join_all().await;
    (clients, round.acknowledged.load(Ordering::Relaxed))
}

async fn read_back(clients: Vec<Client>, server: &Server, extent: Extent) -> Vec<Client> {
    let mut reading = JoinSet::new();
    for mut client in clients {
        let address = server.address();
        reading.spawn(async move {
            client.read_back(address, extent).await;
            client
        });
    }
    reading.join_all().await
}

/// Kills the server `KILLS` times under load, and after each start reads back what was acknowledged. `settle` waits until
/// nothing of a killed server is at work any more.
async fn killed_again_and_again(store: &str, start: impl Fn() -> Server, settle: impl AsyncFn()) -> Ledger {
    let mut clients: Vec<Client> = (0..CLIENTS).map(Client::new).collect();
    let mut server = start();
    let (mut starts, mut acknowledged): (Vec<Duration>, u64) = (Vec::new(), 0);
    for kill in 0..KILLS {
        // From the first commits after the start to a server that has long been warm.
        let fatal = 20 + u64::from(kill * 7_919 % 13) * 30;
        let answered;
        (clients, answered) = work_until(clients, fatal, &mut server).await;
        acknowledged += answered;
        settle().await;
        server = start();
        starts.push(server.start_up);
        // At the end nothing is left out.
        let extent = if kill + 1 == KILLS { Extent::Everything } else { Extent::Sample };
        clients = read_back(clients, &server, extent).await;
        server.assert_sound();
    }
    let mut ledger = Ledger::default();
    for client in clients {
        ledger.add(client.ledger);
    }
    server.stop();
    let slowest = starts.iter().max().unwrap().as_millis();
    println!(
        "FAULT F-01 store={store} kills={KILLS} clients={CLIENTS} acked={acknowledged} {ledger} ready_ms_max={slowest}"
    );
    assert!(acknowledged > u64::from(KILLS) * 20, "there was hardly any load: {acknowledged} answers");
    ledger
}
