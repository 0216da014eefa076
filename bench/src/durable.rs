//! The store alone: rotations of refresh tokens, each durable when it is answered, without HTTP and without tokens.

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
use tokio::runtime::Runtime;

use crate::Outcome;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

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

/// A store with grants to rotate.
pub struct Durable {
    runtime: Runtime,
    db: Db,
    entropy: Arc<Counter>,
    realm: RealmId,
    grants: Vec<Grant>,
}

impl Durable {
    /// Makes `count` grants, each of a user and a session of its own. The threads run where the caller may.
    pub fn with(location: &Location, count: usize) -> Outcome<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let entropy = Arc::new(Counter(AtomicU64::new(u64::from(std::process::id()) << 32)));
        let (db, realm, grants) = runtime.block_on(async {
            let db = Db::open(location, Options::new(NOW)).await?;
            let (realm, grants) = fill(&db, &entropy, count).await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((db, realm, grants))
        })?;
        Ok(Self { runtime, db, entropy, realm, grants })
    }

    /// Rotations a second with so many tasks at once, and how many went into one commit.
    pub fn rotations(&mut self, tasks: usize, length: Duration) -> Outcome<(f64, f64)> {
        let size = self.grants.len() / tasks;
        let before = self.db.write_counts();
        let running: Vec<_> = self
            .grants
            .chunks(size)
            .take(tasks)
            .map(|share| {
                let (db, entropy) = (self.db.clone(), Arc::clone(&self.entropy));
                self.runtime.spawn(rotate(db, self.realm, share.to_vec(), entropy, length))
            })
            .collect();
        let mut total = 0;
        for (number, task) in running.into_iter().enumerate() {
            let (share, count) = self.runtime.block_on(task)??;
            self.grants[number * size..][..share.len()].clone_from_slice(&share);
            total += count;
        }
        let after = self.db.write_counts();
        let group = (after.writes - before.writes) as f64 / (after.commits - before.commits).max(1) as f64;
        Ok((f64::from(total) / length.as_secs_f64(), group))
    }
}

impl Drop for Durable {
    fn drop(&mut self) {
        self.runtime.block_on(self.db.close());
    }
}

async fn fill(db: &Db, entropy: &Arc<Counter>, count: usize) -> Result<(RealmId, Vec<Grant>), Error> {
    let settings = RealmSettings::default();
    let broken = |what: &str| Error::Broken(what.to_owned());
    let name = "bench".parse().map_err(|_| broken("name"))?;
    let realm = Realm::begin(RealmId::new(NOW, entropy), name, settings.clone(), NOW);
    let id = realm.id;
    db.write("make a realm", move |tx| {
        let realm = realm.clone();
        Box::pin(async move { realms::create(tx, &realm).await })
    })
    .await?;
    let mut all = Vec::new();
    while all.len() < count {
        let (entropy, settings) = (Arc::clone(entropy), settings.clone());
        let made = db
            .write("make grants", move |tx| {
                let (entropy, settings) = (Arc::clone(&entropy), settings.clone());
                Box::pin(async move {
                    let mut made = Vec::new();
                    for _ in 0..100 {
                        let user = User::new(UserId::new(NOW, &entropy), id, NOW);
                        users::create(tx, &user).await?;
                        let origin = SessionOrigin::default();
                        let session_id = SessionId::new(NOW, &entropy);
                        let session = Session::begin(session_id, id, user.id, vec![], origin, &settings, NOW);
                        sessions::create(tx, &session, None).await?;
                        let client = "web".parse().map_err(|_| Error::Broken("client".into()))?;
                        let scopes = "openid".parse().map_err(|_| Error::Broken("scopes".into()))?;
                        let grant_id = GrantId::new(NOW, &entropy);
                        let grant = Grant::begin(grant_id, &session, client, scopes, vec![], &settings, NOW);
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

/// Rotates the grants of one share in turn, each with the token it got before.
async fn rotate(
    db: Db,
    realm: RealmId,
    mut share: Vec<Grant>,
    entropy: Arc<Counter>,
    length: Duration,
) -> Result<(Vec<Grant>, u32), Error> {
    let (begun, mut count, mut next) = (Instant::now(), 0, 0);
    while begun.elapsed() < length {
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
        let exchanged = grants::exchange(&db, presented, |_| ()).await?;
        *grant = exchanged.map_err(|refused| Error::Broken(format!("{refused:?}")))?.0.grant;
        count += 1;
        next = (next + 1) % share.len();
    }
    Ok((share, count))
}
