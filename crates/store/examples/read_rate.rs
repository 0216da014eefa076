//! A point read on SQLite, on the calling thread and on a thread of its own: the figures behind the choice that
//! `Db::read` documents.
//!
//! `cargo run --release -p gatepost-store --example read_rate`

use std::sync::mpsc;
use std::time::{Duration, Instant};

use gatepost_domain::{
    Entropy, Realm, RealmId, RealmSettings, Session, SessionId, SessionOrigin, Timestamp, User, UserId,
};
use gatepost_store::{Db, Error, Location, Options, realms, sessions, users};
use tokio::sync::oneshot;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
const LENGTH: Duration = Duration::from_secs(3);
const SESSIONS: usize = 5_000;

/// Not random, but different each time.
struct Counter(std::sync::atomic::AtomicU64);

impl Entropy for Counter {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let n =
                self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&n.to_be_bytes()[..chunk.len()]);
        }
    }
}

async fn fill(db: &Db) -> Result<(RealmId, Vec<SessionId>), Error> {
    db.write("fill", |tx| {
        Box::pin(async move {
            let entropy = Counter(1.into());
            let settings = RealmSettings::default();
            let realm = Realm {
                id: RealmId::new(NOW, &entropy),
                name: "default".parse().map_err(|_| Error::Broken("name".into()))?,
                is_default: true,
                settings: settings.clone(),
                mfa_required_since: None,
                created_at: NOW,
                version: 1,
            };
            realms::create(tx, &realm).await?;
            let mut ids = Vec::new();
            for _ in 0..SESSIONS {
                let user = User::new(UserId::new(NOW, &entropy), realm.id, NOW);
                users::create(tx, &user).await?;
                let id = SessionId::new(NOW, &entropy);
                let session =
                    Session::begin(id, realm.id, user.id, vec![], SessionOrigin::default(), &settings, NOW);
                sessions::create(tx, &session, None).await?;
                ids.push(id);
            }
            Ok((realm.id, ids))
        })
    })
    .await
}

async fn find(db: &Db, realm: RealmId, id: SessionId) -> Result<bool, Error> {
    let found = db.read("find a session", move |tx| {
        Box::pin(async move { sessions::find_live(tx, realm, id, NOW).await })
    });
    Ok(found.await?.is_some())
}

type Ask = (SessionId, oneshot::Sender<bool>);

/// A thread that reads for others.
fn reader(db: Db, realm: RealmId) -> mpsc::Sender<Ask> {
    let (asks, asked) = mpsc::channel::<Ask>();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let Ok(runtime) = runtime else { return };
        while let Ok((id, reply)) = asked.recv() {
            let found = runtime.block_on(find(&db, realm, id)).unwrap_or(false);
            let _ = reply.send(found);
        }
    });
    asks
}

#[derive(Clone)]
enum Way {
    Here,
    Thread(mpsc::Sender<Ask>),
    Blocking,
}

async fn read_for_a_while(
    db: Db,
    realm: RealmId,
    ids: Vec<SessionId>,
    way: Way,
) -> Result<Vec<Duration>, Error> {
    let (begun, mut took) = (Instant::now(), Vec::new());
    for id in ids.into_iter().cycle() {
        if begun.elapsed() > LENGTH {
            break;
        }
        let asked = Instant::now();
        let found = match &way {
            Way::Here => find(&db, realm, id).await?,
            Way::Thread(asks) => {
                let (reply, answer) = oneshot::channel();
                let _ = asks.send((id, reply));
                answer.await.unwrap_or(false)
            }
            Way::Blocking => {
                let (db, handle) = (db.clone(), tokio::runtime::Handle::current());
                let found = tokio::task::spawn_blocking(move || handle.block_on(find(&db, realm, id))).await;
                found.map_err(|_| Error::Broken("a task".into()))??
            }
        };
        took.push(asked.elapsed());
        if !found {
            return Err(Error::Broken("a session is missing".into()));
        }
        // An inline read never waits, so a task that only reads would keep its thread.
        tokio::task::consume_budget().await;
    }
    Ok(took)
}

#[expect(clippy::print_stdout, reason = "the table is what it is run for")]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let db = Db::open(&Location::Sqlite(folder.path().join("auth.db")), Options::new(NOW)).await?;
    let (realm, ids) = fill(&db).await?;
    println!("{:<44} {:>9} {:>9} {:>9}", "session with its user, by id", "a second", "p50", "p99");
    for tasks in [1, 32] {
        let ways = [
            ("on the calling thread", Way::Here),
            ("on a thread of its own", Way::Thread(reader(db.clone(), realm))),
            ("on the blocking pool", Way::Blocking),
        ];
        for (name, way) in ways {
            let running: Vec<_> = (0..tasks)
                .map(|_| tokio::spawn(read_for_a_while(db.clone(), realm, ids.clone(), way.clone())))
                .collect();
            let mut took = Vec::new();
            for task in running {
                took.extend(task.await??);
            }
            took.sort_unstable();
            let rate = took.len() as u128 * 1_000 / LENGTH.as_millis();
            let (p50, p99) = (took[took.len() / 2], took[took.len() * 99 / 100]);
            println!("{:<44} {rate:>9} {p50:>9.1?} {p99:>9.1?}", format!("{name}, {tasks} tasks"));
        }
    }
    Ok(())
}
