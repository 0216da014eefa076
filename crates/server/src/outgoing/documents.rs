//! Who reads the document of a client, and who waits: one at a time for each address, and not again at once where it failed.

use std::{sync::Arc, time::Duration};

use gatepost_domain::{Timestamp, WebUri};
use quick_cache::sync::Cache;
use tokio::sync::{Mutex, MutexGuard};

use super::Outgoing;

/// So many addresses are remembered.
const ADDRESSES: usize = 1_000;
/// How long after a failure an address is not asked again, whoever names it.
const PAUSE: Duration = Duration::from_mins(1);

/// What is known of addresses that were read of late.
pub(super) struct Documents(Cache<String, Arc<Known>>);

/// When reading failed last. Held by who reads; the others wait for what comes.
#[derive(Default)]
pub struct Known(Mutex<Option<Timestamp>>);

/// The right to read one document.
pub struct Reading<'k>(MutexGuard<'k, Option<Timestamp>>);

impl Documents {
    pub(super) fn new() -> Self {
        Self(Cache::new(ADDRESSES))
    }
}

impl Outgoing {
    /// What is known of the document at an address.
    pub fn document(&self, uri: &WebUri) -> Arc<Known> {
        let documents = &self.documents.0;
        if let Some(known) = documents.get(uri.as_str()) {
            return known;
        }
        let new = Arc::new(Known::default());
        documents.insert(uri.as_str().to_owned(), Arc::clone(&new));
        // Another may have been quicker, or the place may be gone already: what is there counts.
        documents.get(uri.as_str()).unwrap_or(new)
    }
}

impl Known {
    /// Waits until nobody else reads it.
    pub async fn reading(&self) -> Reading<'_> {
        Reading(self.0.lock().await)
    }
}

impl Reading<'_> {
    /// Whether reading failed a moment ago.
    pub fn has_just_failed(&self, now: Timestamp) -> bool {
        self.0.is_some_and(|failed| now.since(failed) < PAUSE)
    }

    /// Reading failed.
    pub fn failed(mut self, now: Timestamp) {
        *self.0 = Some(now);
    }
}
