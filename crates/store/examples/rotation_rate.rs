//! How many refresh tokens a second are rotated durably, beside the limit of the disk, measured in one run.
//!
//! `cargo run --release -p gatepost-store --example rotation_rate [-- FOLDER]`; with `GATEPOST_TEST_POSTGRES` also
//! on PostgreSQL, beside its own durable commits.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gatepost_domain::refresh::RefreshToken;
use gatepost_domain::{
    Entropy, EventId, Grant, GrantId, OutboxId, Realm, RealmId, RealmSettings, Session, SessionId,
    SessionOrigin, Timestamp, User, UserId,
};
use gatepost_store::grants::{self, Ends, OnReuse, Presented};
use gatepost_store::{Db, Error, Location, Options, realms, sessions, users};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
const LENGTH: Duration = Duration::from_secs(4);
const GRANTS: usize = 10_000;

/// Not random, but different each time: this measures, it protects nothing.
struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let n =
                self.0.fetch_add(1, Ordering::Relaxed).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&n.to_be_bytes()[..chunk.len()]);
        }
    }
}

/// Overwrites 4 KiB and waits for the disk, over and over.
fn fdatasync_rate(folder: &Path) -> Result<f64, std::io::Error> {
    let file = File::create(folder.join("fdatasync"))?;
    let block = [7_u8; 4_096];
    for n in 0..64 {
        file.write_all_at(&block, n * 4_096)?;
    }
    file.sync_all()?;
    let (begun, mut count) = (Instant::now(), 0_u32);
    while begun.elapsed() < LENGTH {
        file.write_all_at(&block, u64::from(count % 64) * 4_096)?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}

async fn fill(db: &Db, entropy: &Arc<Counter>) -> Result<(RealmId, Vec<Grant>), Error> {
    let settings = RealmSettings::default();
    let realm = Realm {
        id: RealmId::new(NOW, entropy),
        name: "default".parse().map_err(|_| Error::Broken("name".into()))?,
        is_default: true,
        settings: settings.clone(),
        mfa_required_since: None,
        created_at: NOW,
        version: 1,
    };
    let id = realm.id;
    db.write("make a realm", move |tx| {
        let realm = realm.clone();
        Box::pin(async move { realms::create(tx, &realm).await })
    })
    .await?;
    let mut all = Vec::new();
    for _ in 0..GRANTS / 500 {
        let entropy = Arc::clone(entropy);
        let settings = settings.clone();
        let made = db
            .write("make grants", move |tx| {
                let (entropy, settings) = (Arc::clone(&entropy), settings.clone());
                Box::pin(async move {
                    let mut made = Vec::new();
                    for _ in 0..500 {
                        let user = User::new(UserId::new(NOW, &entropy), id, NOW);
                        users::create(tx, &user).await?;
                        let session_id = SessionId::new(NOW, &entropy);
                        let session = Session::begin(
                            session_id,
                            id,
                            user.id,
                            vec![],
                            SessionOrigin::default(),
                            &settings,
                            NOW,
                        );
                        sessions::create(tx, &session, None).await?;
                        let client = "web".parse().map_err(|_| Error::Broken("client".into()))?;
                        let scopes = "openid".parse().map_err(|_| Error::Broken("scopes".into()))?;
                        let grant = Grant::begin(
                            GrantId::new(NOW, &entropy),
                            &session,
                            client,
                            scopes,
                            vec![],
                            &settings,
                            NOW,
                        );
                        grants::create(tx, &grant).await?;
                        made.push(grant);
                    }
                    Ok::<_, Error>(made)
                })
            })
            .await?;
        all.extend(made);
    }
    Ok((id, all))
}

/// Each task rotates the grants of its share in turn, each with the token it got before.
async fn rotate_for_a_while(
    db: Db,
    realm: RealmId,
    mut share: Vec<Grant>,
    entropy: Arc<Counter>,
) -> Result<(Vec<Grant>, Vec<Duration>), Error> {
    let (begun, mut took) = (Instant::now(), Vec::new());
    let mut next = 0;
    while begun.elapsed() < LENGTH {
        let grant = &mut share[next];
        let presented = Presented {
            realm,
            token: RefreshToken::of(grant),
            client: grant.client.clone(),
            now: NOW,
            idle: Duration::from_hours(24),
            grace: Duration::from_secs(10),
            mfa_grace: Duration::ZERO,
            rotates: true,
            on_reuse: OnReuse {
                event: EventId::new(NOW, &entropy),
                message: OutboxId::new(NOW, &entropy),
                ends: Ends::Grant,
            },
        };
        let asked = Instant::now();
        let exchanged = grants::exchange(&db, presented, |_| ()).await?;
        took.push(asked.elapsed());
        *grant = exchanged.map_err(|refused| Error::Broken(format!("{refused:?}")))?.0.grant;
        next = (next + 1) % share.len();
    }
    Ok((share, took))
}

async fn measure(
    db: &Db,
    realm: RealmId,
    grants: &mut [Grant],
    tasks: usize,
    entropy: &Arc<Counter>,
) -> Result<(f64, Duration, f64), Error> {
    let before = db.write_counts();
    let size = grants.len() / tasks;
    let running: Vec<_> = grants
        .chunks(size)
        .take(tasks)
        .map(|share| tokio::spawn(rotate_for_a_while(db.clone(), realm, share.to_vec(), Arc::clone(entropy))))
        .collect();
    let mut took = Vec::new();
    for (n, task) in running.into_iter().enumerate() {
        let (share, times) = task.await.map_err(|_| Error::Broken("a task".into()))??;
        grants[n * size..n * size + share.len()].clone_from_slice(&share);
        took.extend(times);
    }
    took.sort_unstable();
    let after = db.write_counts();
    let (commits, writes) = (after.commits - before.commits, after.writes - before.writes);
    #[expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]
    let (rate, group) = (took.len() as f64 / LENGTH.as_secs_f64(), writes as f64 / commits.max(1) as f64);
    Ok((rate, took[took.len() * 99 / 100], group))
}

#[expect(clippy::print_stdout, reason = "the table is what it is run for")]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = match std::env::args().nth(1) {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    println!("{:<34} {:>9} {:>7} {:>9} {:>10}", "", "a second", "ratio", "p99", "a commit");
    let mut stores = vec![("SQLite", Location::Sqlite(folder.path().join("auth.db")))];
    if let Ok(url) = std::env::var("GATEPOST_TEST_POSTGRES") {
        stores.push(("PostgreSQL", Location::Postgres(url)));
    }
    for (name, location) in stores {
        let entropy = Arc::new(Counter(AtomicU64::new(u64::from(std::process::id()) << 32)));
        let options = Options { connections: 32, deadline: Duration::from_secs(20), ..Options::new(NOW) };
        let db = Db::open(&location, options).await?;
        let (realm, mut grants) = fill(&db, &entropy).await?;
        for tasks in [1, 8, 32, 64] {
            // The limit is asked again each time: a disk has moods.
            let limit = fdatasync_rate(folder.path())?;
            let (rate, p99, group) = measure(&db, realm, &mut grants, tasks, &entropy).await?;
            println!("{:<34} {limit:>9.0}", "fdatasync of 4 KiB");
            println!(
                "{:<34} {rate:>9.0} {:>7.2} {p99:>9.1?} {group:>10.1}",
                format!("{name}: rotations, {tasks} tasks"),
                rate / limit
            );
        }
        db.close().await;
    }
    Ok(())
}
