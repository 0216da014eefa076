//! The key sets that clients publish, kept in memory and read again when they are old or a key is missing.

use std::sync::Arc;

use gatepost_domain::{ClientAlg, Timestamp, WebUri};
use gatepost_jose::{FetchReason, KeyCache, KeySet, KeyState};
use quick_cache::sync::Cache;
use tokio::sync::Mutex;

use super::{Outgoing, Reader, Unfetched};
use crate::clients::keys;

/// So many key sets are kept.
const SETS: usize = 1_000;
/// Seconds between two fetches of one, whatever assertions say: who sends garbage must not make us ask again and again.
const COOLDOWN: u64 = 30;
/// Seconds after which one is read again, while it still serves.
const FRESH_FOR: u64 = 300;
/// Seconds after which one serves no longer.
const MAX_AGE: u64 = 24 * 3_600;

/// The key sets of clients that name an address for theirs.
pub(super) struct KeysOfClients {
    sets: Cache<String, Arc<Known>>,
}

struct Known {
    keys: KeyCache,
    /// Held by who fetches; the others wait for what comes.
    fetching: Mutex<()>,
}

impl KeysOfClients {
    pub(super) fn new() -> Self {
        Self { sets: Cache::new(SETS) }
    }

    fn of(&self, name: &str) -> Arc<Known> {
        if let Some(known) = self.sets.get(name) {
            return known;
        }
        let keys = KeyCache::new(COOLDOWN, MAX_AGE).fresh_for(FRESH_FOR);
        let new = Arc::new(Known { keys, fetching: Mutex::new(()) });
        self.sets.insert(name.to_owned(), Arc::clone(&new));
        // Another may have been quicker, or the place may be gone already: what is there counts.
        self.sets.get(name).unwrap_or(new)
    }
}

impl Outgoing {
    /// The keys at an address. `unknown_kid`: those at hand lack one, so they are read again unless that was done of late.
    /// Keys without `alg` are for the registered algorithm.
    pub async fn keys_of_client(
        &self,
        (uri, reader): (&WebUri, &Reader),
        registered: Option<ClientAlg>,
        unknown_kid: bool,
        now: Timestamp,
    ) -> Option<KeySet> {
        let now = now.unix_seconds();
        let known = self.keys.of(&format!("{} {uri}", registered.map_or("", ClientAlg::as_str)));
        let reason = match known.keys.state(now) {
            KeyState::Fresh if unknown_kid => FetchReason::UnknownKid,
            KeyState::Fresh => return known.keys.keys(now),
            KeyState::Empty => FetchReason::Never,
            KeyState::Stale | KeyState::Expired => FetchReason::Stale,
        };
        let _one_at_a_time = known.fetching.lock().await;
        if known.keys.should_fetch(reason, now) {
            match self.fetch(uri, reader, registered).await {
                Ok(keys) => known.keys.fetched(now, keys),
                // Nobody was asked: whoever comes next may ask at once.
                Err(error @ Unfetched::Busy) => {
                    tracing::warn!(%error, client.jwks_uri = %uri, "the keys of a client were not read");
                }
                Err(error) => {
                    known.keys.failed(now);
                    tracing::warn!(%error, client.jwks_uri = %uri, "the keys of a client could not be read");
                }
            }
        }
        known.keys.keys(now)
    }

    async fn fetch(
        &self,
        uri: &WebUri,
        reader: &Reader,
        registered: Option<ClientAlg>,
    ) -> Result<KeySet, Unfetched> {
        let document = self.get(uri, reader).await?;
        let document = serde_json::from_slice(&document.body)
            .map_err(|_| Unfetched::Content("the document is not JSON".to_owned()))?;
        keys::usable(document, registered).map_err(|refused| Unfetched::Content(refused.to_string()))
    }
}
