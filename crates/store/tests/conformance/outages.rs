//! A database that is gone, silent, or comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gatepost_store::{Db, Error, Location, OpenError, Options, Outage, meta, users};

use crate::support::{NOW, Store, at_once, run_on_server, server};

async fn open_and_time(url: &str) -> (Result<Db, OpenError>, Duration) {
    let begun = Instant::now();
    let opened = Db::open(&Location::Postgres(url.to_owned()), Options::new(NOW)).await;
    (opened, begun.elapsed())
}

#[tokio::test]
async fn postgres_that_is_not_there_is_named_without_its_password() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let (opened, took) = open_and_time(&format!("postgres://ada:hunter2@127.0.0.1:{port}/auth")).await;
    let line = opened.unwrap_err().to_string();
    assert!(
        line.contains(&format!("postgres://127.0.0.1:{port}/auth")) && line.contains("no connection"),
        "{line}"
    );
    assert!(!line.contains("hunter2"));
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[tokio::test]
async fn postgres_that_says_nothing_is_given_up_within_the_deadline() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let silent = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            held.push(connection);
        }
    });
    let (opened, took) =
        open_and_time(&format!("postgres://ada:x@127.0.0.1:{port}/auth?sslmode=disable")).await;
    assert!(opened.is_err());
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(4), "{took:?}");
    silent.abort();
}

/// A relay between us and the server, that can fall silent or hang up.
struct Relay {
    url: String,
    state: Arc<tokio::sync::watch::Sender<Flow>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Flow {
    Open,
    Silent,
    HungUp,
}

impl Relay {
    /// Over the socket of `scripts/postgres`, to the database of the store.
    async fn to(store: &Store) -> Option<Self> {
        let Location::Postgres(url) = &store.location else {
            return None;
        };
        let (folder, database) = url.split_once('@')?.1.rsplit_once('/')?;
        let socket = format!("{}/.s.PGSQL.5432", folder.replace("%2F", "/"));
        if !std::path::Path::new(&socket).exists() {
            eprintln!("SKIPPED: a relay needs the unix socket of scripts/postgres");
            return None;
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.ok()?;
        let url = format!(
            "postgres://postgres@127.0.0.1:{}/{database}?sslmode=disable",
            listener.local_addr().ok()?.port()
        );
        let state = Arc::new(tokio::sync::watch::channel(Flow::Open).0);
        let watched = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *watched.borrow() == Flow::HungUp {
                    continue;
                }
                let server = tokio::net::UnixStream::connect(&socket).await.unwrap();
                tokio::spawn(carry(client, server, watched.subscribe()));
            }
        });
        Some(Self { url, state })
    }

    fn set(&self, flow: Flow) {
        self.state.send_replace(flow);
    }
}

async fn carry(
    mut client: tokio::net::TcpStream,
    mut server: tokio::net::UnixStream,
    mut state: tokio::sync::watch::Receiver<Flow>,
) {
    loop {
        let flow = *state.borrow_and_update();
        let changed = state.changed();
        match flow {
            Flow::HungUp => return,
            Flow::Silent => drop(changed.await),
            Flow::Open => tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut client, &mut server) => return,
                _ = changed => {}
            },
        }
    }
}

async fn relayed(case: &str) -> Option<(Store, Relay)> {
    server(case)?;
    let store = Store::postgres(case).await?;
    let relay = Relay::to(&store).await?;
    let db = Db::open(&Location::Postgres(relay.url.clone()), Options::new(NOW)).await.unwrap();
    Some((Store { db, ..store }, relay))
}

async fn find(store: &Store) -> Result<Option<String>, Error> {
    read!(store, [] tx => meta::find(tx, "a").await)
}

async fn put(store: &Store) -> Result<(), Error> {
    write!(store, [] tx => meta::put(tx, "a", "b").await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_that_falls_silent_is_unavailable_in_two_seconds_and_serves_again() {
    let Some((store, relay)) = relayed("a silent server").await else {
        return;
    };
    put(&store).await.unwrap();
    relay.set(Flow::Silent);
    let begun = Instant::now();
    let results = at_once(24, |n| {
        let store = store.clone();
        async move { if n % 2 == 0 { put(&store).await } else { find(&store).await.map(|_| ()) } }
    })
    .await;
    let took = begun.elapsed();
    assert!(results.iter().all(|r| matches!(r, Err(Error::Unavailable(_)))), "{results:?}");
    assert!(took < Duration::from_millis(2_900), "{took:?}");
    relay.set(Flow::Open);
    assert_eq!(find(&store).await, Ok(Some("b".into())));
    put(&store).await.unwrap();
    store.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_that_hangs_up_is_unavailable_at_once_and_serves_again() {
    let Some((store, relay)) = relayed("a server that hangs up").await else {
        return;
    };
    put(&store).await.unwrap();
    relay.set(Flow::HungUp);
    let begun = Instant::now();
    assert!(matches!(put(&store).await, Err(Error::Unavailable(_))));
    assert!(matches!(find(&store).await, Err(Error::Unavailable(_))));
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    relay.set(Flow::Open);
    assert_eq!(find(&store).await, Ok(Some("b".into())), "the first read after it is back");
    put(&store).await.unwrap();
    store.remove().await;
}

/// A server that ends all connections again and again: it is restarted, or another becomes the primary.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_that_ends_every_connection_fails_no_read_and_loses_no_write() {
    let Some(store) = Store::postgres("ended connections").await else { return };
    let Location::Postgres(url) = store.location.clone() else { return };
    let answered = Arc::new(AtomicUsize::new(0));
    let ending = tokio::spawn({
        let answered = Arc::clone(&answered);
        async move {
            for round in 1..=10 {
                while answered.load(Ordering::SeqCst) < round * 20 {
                    tokio::task::yield_now().await;
                }
                run_on_server(
                    &url,
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE datname = current_database() AND application_name = 'gatepost'",
                )
                .await;
            }
        }
    });
    let results = at_once(8, |n| {
        let (store, answered) = (store.clone(), Arc::clone(&answered));
        async move {
            let mut answers = Vec::new();
            for m in 0..40 {
                let user = store.stranger(&format!("user{n}-{m}"));
                let answer = write!(store, [user] tx => users::create(tx, &user).await);
                // Reading may be repeated, so it always succeeds.
                assert_eq!(find(&store).await, Ok(None));
                answered.fetch_add(1, Ordering::SeqCst);
                answers.push((user, answer));
            }
            answers
        }
    })
    .await;
    ending.await.unwrap();
    let (mut acknowledged, mut unsure) = (0, 0);
    for (user, answer) in results.into_iter().flatten() {
        match answer {
            Ok(()) => {
                assert!(store.find_user(&user).await.is_some(), "acknowledged and lost");
                acknowledged += 1;
            }
            Err(Error::Unavailable(Outage::Lost)) => unsure += 1,
            Err(other) => panic!("{other}"),
        }
    }
    // Only a connection that ends in the middle of a commit leaves somebody unsure.
    assert!(unsure < 100, "{acknowledged} acknowledged, {unsure} unsure");
    store.remove().await;
}
