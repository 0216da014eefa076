//! Snapshots of the realms in use: loaded at first use, checked against the database at most once a second.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use gatepost_domain::{RealmId, RealmName, SigningAlg, Timestamp};
use gatepost_store::{Error, Outage, realms};
use quick_cache::sync::Cache;

use super::{InRealm, Snapshot, SnapshotError, keys, snapshot::Means};
use crate::{App, http::Problem, signing::KeysUnusable};

/// How many realms are kept in memory, and how many names and hosts that lead to them.
const REALMS: usize = 2_000;
/// A change made by another process is noticed after this many milliseconds at the latest.
const STALE_AFTER_MS: u64 = 900;
/// For so many milliseconds after the database was asked a snapshot says what a realm is: as long as a check may be due, be waited
/// for, and come to nothing once.
const CONFIRMED_FOR_MS: u64 = 1_500;
/// How long a request waits to learn whether what is known is still so. A database that does not answer must not slow
/// down what is served from memory.
const PATIENCE: Duration = Duration::from_millis(100);

/// The realms in use.
pub struct RealmCache {
    started: Instant,
    snapshots: Cache<RealmId, Arc<Entry>>,
    aliases: Cache<Alias, Found>,
    making: tokio::sync::Mutex<()>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Alias {
    Name(String),
    Host(String),
}

/// What an alias led to, and when that was asked.
#[derive(Clone, Copy)]
struct Found {
    realm: Option<RealmId>,
    at_ms: u64,
}

struct Entry {
    snapshot: ArcSwap<Snapshot>,
    checked_ms: AtomicU64,
}

impl RealmCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
            snapshots: Cache::new(REALMS),
            aliases: Cache::new(REALMS * 2),
            making: tokio::sync::Mutex::default(),
        }
    }

    /// The realm with this name, if there is one.
    pub async fn named(&self, app: &App, name: &str) -> Result<Option<Arc<Snapshot>>, Problem> {
        let Ok(parsed) = name.parse::<RealmName>() else {
            return Ok(None);
        };
        let alias = Alias::Name(name.to_owned());
        self.follow(app, alias, move |tx| {
            let name = parsed.clone();
            Box::pin(async move { Ok(realms::find_by_name(tx, &name).await?.map(|realm| realm.id)) })
        })
        .await
    }

    /// The realm that `host` (with or without a port) leads to, else the default realm.
    pub async fn for_host(&self, app: &App, host: &str) -> Result<Option<Arc<Snapshot>>, Problem> {
        // What is no host name leads nowhere but to the default; and does not fill the cache.
        let host = if host.len() <= 253 { host.to_ascii_lowercase() } else { String::new() };
        let alias = Alias::Host(host.clone());
        self.follow(app, alias, move |tx| {
            let host = host.clone();
            Box::pin(async move {
                let mut found = if host.is_empty() { None } else { realms::find_by_host(tx, &host).await? };
                if found.is_none() {
                    let name = host.rsplit_once(':').map_or(host.as_str(), |(name, _port)| name);
                    // Without the dot that ends a fully qualified name.
                    let name = name.strip_suffix('.').unwrap_or(name);
                    found = if name.is_empty() { None } else { realms::find_by_host(tx, name).await? };
                }
                if found.is_none() {
                    found = realms::find_default(tx).await?;
                }
                Ok(found.map(|realm| realm.id))
            })
        })
        .await
    }

    /// The realm that `host` leads to, if that and the realm are in memory and need not be looked at again yet.
    pub fn host_at_hand(&self, app: &App, host: &str) -> Option<Arc<Snapshot>> {
        self.at_hand(app, &Alias::Host(host.to_ascii_lowercase()))
    }

    /// The realm with this name, if that and the realm are in memory and need not be looked at again yet.
    pub fn named_at_hand(&self, app: &App, name: &str) -> Option<Arc<Snapshot>> {
        if name.len() <= 64 { self.at_hand(app, &Alias::Name(name.to_owned())) } else { None }
    }

    fn at_hand(&self, app: &App, alias: &Alias) -> Option<Arc<Snapshot>> {
        let now_ms = self.elapsed_ms();
        let fresh = |at_ms: u64| now_ms.saturating_sub(at_ms) < STALE_AFTER_MS;
        let found = self.aliases.get(alias)?;
        let entry = self.snapshots.get(&found.realm?)?;
        if !fresh(found.at_ms) || !fresh(entry.checked_ms.load(Ordering::Relaxed)) {
            return None;
        }
        let snapshot = entry.snapshot.load_full();
        let changes = snapshot.keys().next_change().is_some_and(|change| app.clock().now() >= change);
        (!changes).then_some(snapshot)
    }

    /// The realm with this id, if there is one.
    pub async fn with_id(&self, app: &App, id: RealmId) -> Result<Option<Arc<Snapshot>>, SnapshotError> {
        let now = app.clock().now();
        let entry = if let Some(entry) = self.snapshots.get(&id) {
            entry
        } else {
            let Some(entry) = self.load(app, id, now).await? else {
                return Ok(None);
            };
            entry
        };
        if self.is_due(&entry, now)
            && let Err(error) = self.check(app, id, &entry, now).await
        {
            // Serving what was right a moment ago beats serving nothing: keys and settings outlive a database.
            tracing::warn!(%error, "a realm could not be checked for changes; the last known state is served");
        }
        Ok(Some(entry.snapshot.load_full()))
    }

    /// The realm with a key for ID tokens, which is made when it is first needed: making one takes a good part of a second, and many
    /// realms never need it.
    pub async fn with_id_token_key(
        &self,
        app: &App,
        realm: &InRealm,
    ) -> Result<Arc<Snapshot>, SnapshotError> {
        self.with_signer(app, realm, keys::ID_TOKENS).await
    }

    /// The same with a key for what Better Auth signs.
    pub async fn with_better_auth_key(
        &self,
        app: &App,
        realm: &InRealm,
    ) -> Result<Arc<Snapshot>, SnapshotError> {
        self.with_signer(app, realm, keys::BETTER_AUTH).await
    }

    async fn with_signer(
        &self,
        app: &App,
        realm: &InRealm,
        alg: SigningAlg,
    ) -> Result<Arc<Snapshot>, SnapshotError> {
        let has_one = |known: &Snapshot| known.keys().signer_with(alg).is_some();
        if has_one(realm) {
            return Ok(Arc::clone(&realm.0));
        }
        // One at a time; who waited finds it made.
        let _making = self.making.lock().await;
        let now = app.clock().now();
        let missing = || SnapshotError::from(KeysUnusable::None);
        let known = self.with_id(app, realm.id()).await?.ok_or_else(missing)?;
        if has_one(&known) {
            return Ok(known);
        }
        known.make_first_key(&means(app), alg, now).await?;
        self.forget(realm.id());
        let fresh = self.with_id(app, realm.id()).await?.ok_or_else(missing)?;
        if has_one(&fresh) { Ok(fresh) } else { Err(missing()) }
    }

    /// Whether the database said lately that the realm is still as this snapshot has it. It has not where it cannot be reached; the
    /// last known state is then served, and no more.
    pub fn is_confirmed(&self, snapshot: &Snapshot) -> bool {
        self.elapsed_ms().saturating_sub(snapshot.confirmed_ms()) < CONFIRMED_FOR_MS
    }

    /// Forgets a realm: the next request reads it afresh. Called after our own changes.
    pub fn forget(&self, id: RealmId) {
        self.snapshots.remove(&id);
        self.aliases.clear();
    }

    /// Forgets everything. Called after our own changes to many realms.
    pub fn forget_all(&self) {
        self.snapshots.clear();
        self.aliases.clear();
    }

    async fn follow<F>(&self, app: &App, alias: Alias, look_up: F) -> Result<Option<Arc<Snapshot>>, Problem>
    where
        F: for<'t> Fn(
                &'t mut gatepost_store::Tx,
            ) -> gatepost_store::BoxFuture<'t, Result<Option<RealmId>, Error>>
            + Send
            + 'static,
    {
        let now_ms = self.elapsed_ms();
        let known = self.aliases.get(&alias);
        let realm = match known {
            Some(found) if now_ms.saturating_sub(found.at_ms) < STALE_AFTER_MS => found.realm,
            Some(found) => {
                let realm = impatiently(app.db().read("find a realm", look_up)).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, "a realm could not be looked up; the last known one is served");
                    found.realm
                });
                // Also what could not be looked up counts as new: not every request is to try.
                self.aliases.insert(alias, Found { realm, at_ms: now_ms });
                realm
            }
            None => {
                let realm = app.db().read("find a realm", look_up).await?;
                self.aliases.insert(alias, Found { realm, at_ms: now_ms });
                realm
            }
        };
        match realm {
            None => Ok(None),
            Some(id) => Ok(self.with_id(app, id).await?),
        }
    }

    async fn load(
        &self,
        app: &App,
        id: RealmId,
        now: Timestamp,
    ) -> Result<Option<Arc<Entry>>, SnapshotError> {
        let loaded = self
            .snapshots
            .get_or_insert_async(&id, async {
                let asked_ms = self.elapsed_ms();
                let snapshot = Snapshot::load(&means(app), id, now).await.map_err(Some)?.ok_or(None)?;
                snapshot.confirm(asked_ms);
                let entry = Entry {
                    snapshot: ArcSwap::from_pointee(snapshot),
                    checked_ms: AtomicU64::new(self.elapsed_ms()),
                };
                Ok(Arc::new(entry))
            })
            .await;
        match loaded {
            Ok(entry) => Ok(Some(entry)),
            Err(None) => Ok(None),
            Err(Some(error)) => Err(error),
        }
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether this caller is the one to look; the others go on with what there is.
    fn is_due(&self, entry: &Entry, now: Timestamp) -> bool {
        if entry.snapshot.load().keys().next_change().is_some_and(|change| now >= change) {
            return true;
        }
        let (checked, now_ms) = (entry.checked_ms.load(Ordering::Relaxed), self.elapsed_ms());
        now_ms.saturating_sub(checked) >= STALE_AFTER_MS
            && entry.checked_ms.compare_exchange(checked, now_ms, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    async fn check(
        &self,
        app: &App,
        id: RealmId,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<(), SnapshotError> {
        let asked_ms = self.elapsed_ms();
        let version = impatiently(
            app.db().read("check a realm", move |tx| Box::pin(async move { realms::version(tx, id).await })),
        )
        .await?;
        let known = entry.snapshot.load();
        let changed_by_time = known.keys().next_change().is_some_and(|change| now >= change);
        match version {
            Some(version) if version == known.version() && !changed_by_time => known.confirm(asked_ms),
            Some(_) => match Snapshot::load(&means(app), id, now).await? {
                Some(fresh) => {
                    fresh.confirm(asked_ms);
                    entry.snapshot.store(Arc::new(fresh));
                }
                None => self.forget(id),
            },
            None => self.forget(id),
        }
        Ok(())
    }
}

/// What `read` returns, or that there was no answer within [`PATIENCE`].
async fn impatiently<T>(read: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::time::timeout(PATIENCE, read).await.unwrap_or(Err(Error::Unavailable(Outage::TimedOut)))
}

fn means(app: &App) -> Means<'_> {
    Means { db: app.db(), master: app.master_key(), entropy: app.entropy(), public_url: app.public_url() }
}
