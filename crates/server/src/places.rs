//! How many wait at once for an answer of an application that a realm names, or of a provider about one account there. Each has places of
//! its own: one that is slow keeps nobody waiting who is to be asked about by another, and holds no more connections than these.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many are asked about at once.
const AT_ONCE: usize = 32;
/// So many are asked about or wait for a place. Whoever comes then has no answer.
const IN_ALL: usize = 256;

/// The places of applications of one kind, by what they are known by.
pub(crate) struct Places<K>(Mutex<HashMap<K, Arc<OfOne>>>);

/// The places of one.
pub(crate) struct OfOne {
    inside: Arc<Semaphore>,
    asking: Arc<Semaphore>,
}

impl<K> Default for Places<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// The right to ask once.
pub(crate) struct Place {
    _inside: OwnedSemaphorePermit,
    _asking: OwnedSemaphorePermit,
}

impl OfOne {
    /// So many ask at once; so many ask or wait for a place.
    pub(crate) fn new(at_once: usize, in_all: usize) -> Self {
        Self { inside: Arc::new(Semaphore::new(in_all)), asking: Arc::new(Semaphore::new(at_once)) }
    }

    /// Waits for a place, which is the caller's until it is dropped. `None`: too many wait already.
    pub(crate) async fn take(&self) -> Option<Place> {
        let inside = Arc::clone(&self.inside).try_acquire_owned().ok()?;
        // Never closed.
        let asking = Arc::clone(&self.asking).acquire_owned().await.ok()?;
        Some(Place { _inside: inside, _asking: asking })
    }
}

impl<K: Eq + Hash> Places<K> {
    /// Waits for a place, which is the caller's until it is dropped. `None`: too many wait already.
    pub(crate) async fn take(&self, whose: K) -> Option<Place> {
        let own = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(OfOne::new(AT_ONCE, IN_ALL));
            Arc::clone(all.entry(whose).or_insert_with(new))
        };
        own.take().await
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use gatepost_domain::{RealmId, interceptor::Trigger};

    use super::*;

    fn before(event: &str) -> Trigger {
        serde_json::from_value(event.into()).unwrap()
    }

    fn realm(number: u8) -> (RealmId, Trigger) {
        (RealmId::from_bytes([number; 16]), before("pre_session_creation"))
    }

    #[tokio::test]
    async fn a_realm_waits_for_its_own_interceptor_and_no_other() {
        let places = Places::default();
        let mut taken = Vec::new();
        for _ in 0..AT_ONCE {
            taken.push(places.take(realm(1)).await.unwrap());
        }
        let mut waiting: Vec<_> = (AT_ONCE..IN_ALL).map(|_| Box::pin(places.take(realm(1)))).collect();
        assert!(waiting.iter_mut().all(|one| one.now_or_never().is_none()), "they wait");
        assert!(places.take(realm(1)).await.is_none(), "and there is an end to it");
        assert!(places.take(realm(2)).await.is_some());
        assert!(places.take((realm(1).0, before("pre_m2m_token_creation"))).await.is_some());
        taken.pop();
        let first = waiting.remove(0).await;
        assert!(first.is_some(), "whoever waited longest is next");
        drop((taken, waiting, first));
        assert!(places.take(realm(1)).await.is_some(), "all are free again");
    }
}
