//! F-01: the server is killed in the middle of its work, again and again, and nothing it answered for is lost.

mod client;
mod ledger;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, task::JoinSet};

use crate::support::{CHEAP_HASHES, Postgres, Server, gatepost};
use client::Client;
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

#[tokio::test(flavor = "multi_thread")]
async fn kill_minus_nine_loses_nothing_that_was_acknowledged_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    // The same issuer whatever port the system chooses.
    let start = || {
        let url = "http://127.0.0.1:8400";
        let call = gatepost("serve --listen 127.0.0.1:0 --public-url").arg(url).data(folder.path());
        call.envs(CHEAP_HASHES).serve()
    };
    let ledger = killed_again_and_again("sqlite", start, async || {}).await;
    let database = rusqlite::Connection::open(folder.path().join("gatepost.db")).unwrap();
    let sound: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    ledger.assert_nothing_lost();
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_minus_nine_loses_nothing_that_was_acknowledged_on_postgres() {
    let Some(postgres) = Postgres::database().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let url = "http://127.0.0.1:8400";
        let call = gatepost("serve --listen 127.0.0.1:0 --public-url").arg(url).data(folder.path());
        call.arg("--database-url").arg(postgres.url()).envs(CHEAP_HASHES).serve()
    };
    killed_again_and_again("postgres", start, async || postgres.wait_until_quiet().await)
        .await
        .assert_nothing_lost();
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
        clients = working.join_all().await;
        acknowledged += round.acknowledged.load(Ordering::Relaxed);

        settle().await;
        server = start();
        starts.push(server.start_up);
        let mut reading = JoinSet::new();
        for mut client in clients {
            let address = server.address();
            reading.spawn(async move {
                client.read_back(address).await;
                client
            });
        }
        clients = reading.join_all().await;
        server.assert_sound();
    }
    // At the end nothing is left out.
    let mut reading = JoinSet::new();
    for mut client in clients {
        let address = server.address();
        reading.spawn(async move {
            client.read_everything_back(address).await;
            client.ledger
        });
    }
    let mut ledger = Ledger::default();
    reading.join_all().await.into_iter().for_each(|of_one| ledger.add(of_one));
    server.stop();
    starts.sort_unstable();
    let slowest = starts.last().unwrap().as_millis();
    println!(
        "FAULT F-01 store={store} kills={KILLS} clients={CLIENTS} acked={acknowledged} {ledger} ready_ms_max={slowest}"
    );
    assert!(acknowledged > u64::from(KILLS) * 20, "there was hardly any load: {acknowledged} answers");
    ledger
}
