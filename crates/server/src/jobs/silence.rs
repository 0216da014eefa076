//! Who did not take what they were sent of late, and is left alone for a while: longer each time.

use std::{hash::Hash, time::Duration};

use gatepost_domain::Timestamp;
use quick_cache::sync::Cache;

/// How long somebody who did not take a message is sent none, at first.
const PAUSE: Duration = Duration::from_secs(2);
/// How many are remembered. With more of them at once some are tried again sooner.
const REMEMBERED: usize = 10_000;

/// Those who are left alone. Each process has its own.
pub(crate) struct Silent<K> {
    known: Cache<K, Silence>,
    /// How often the pause doubles.
    doublings: u32,
}

#[derive(Clone, Copy)]
struct Silence {
    until: Timestamp,
    times: u32,
}

impl<K: Clone + Eq + Hash> Silent<K> {
    /// Nobody yet. The pause is two seconds, and doubles so often at the most.
    pub(crate) fn new(doublings: u32) -> Self {
        Self { known: Cache::new(REMEMBERED), doublings }
    }

    /// Until when they are left alone; that may be over.
    pub(crate) fn until(&self, whom: &K) -> Option<Timestamp> {
        self.known.get(whom).map(|silence| silence.until)
    }

    pub(super) fn is_silent(&self, whom: &K, now: Timestamp) -> bool {
        self.until(whom).is_some_and(|until| now < until)
    }

    /// Keeps whether somebody took a message: one who does not is left alone for twice as long each time.
    pub(super) fn note(&self, whom: &K, took_it: bool, now: Timestamp) {
        if took_it {
            self.known.remove(whom);
            return;
        }
        let times = self.known.get(whom).map_or(0, |silence| silence.times);
        let pause = PAUSE.saturating_mul(1 << times.min(self.doublings));
        self.known.insert(whom.clone(), Silence { until: now.plus(pause), times: times + 1 });
    }

    /// They are not left alone any longer.
    pub(crate) fn forget(&self, whom: &K) {
        self.known.remove(whom);
    }
}
