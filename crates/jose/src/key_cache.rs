//! When to fetch an issuer's keys, and how long to live with the ones at hand. Asks for I/O, does none.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::KeySet;

/// A fetch that has neither succeeded nor failed after so many seconds is taken for lost, and another caller may try.
const LOST_AFTER: i64 = 30;

/// Why a caller would like to fetch keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchReason {
    /// There are none yet.
    Never,
    /// A token names a key that is not among them.
    UnknownKid,
    /// They are old, but may still be used meanwhile.
    Stale,
}

/// How good the keys at hand are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Never fetched.
    Empty,
    /// Fetched lately.
    Fresh,
    /// To be fetched again, and still good to verify with.
    Stale,
    /// Too old to verify with: the issuer may have withdrawn them long ago.
    Expired,
}

/// The keys of one issuer and the rules for fetching them: one fetch at a time, never two attempts within the cooldown whatever
/// the tokens say, the last good set kept until its maximum age.
///
/// ```
/// # use gatepost_jose::{FetchReason, KeyCache, KeySet};
/// # let now = 0;
/// let cache = KeyCache::new(30, 24 * 3600).fresh_for(300);
/// if cache.should_fetch(FetchReason::Never, now) {
///     // Fetch, then say how it went: `cache.fetched(now, keys)` or `cache.failed(now)`.
///     cache.fetched(now, KeySet::empty());
/// }
/// assert!(cache.keys(now).is_some());
/// ```
#[derive(Debug)]
pub struct KeyCache {
    cooldown: i64,
    fresh_for: i64,
    max_age: i64,
    now: Mutex<Now>,
}

#[derive(Debug, Default)]
struct Now {
    keys: Option<KeySet>,
    fetched_at: i64,
    /// When the last fetch was granted, whatever came of it.
    tried_at: Option<i64>,
    fetching: bool,
}

impl KeyCache {
    /// A cache without keys. Between two fetches lie at least `cooldown` seconds (30 is usual); keys older than `max_age` seconds
    /// are no longer given out. They count as stale after a quarter of that; see [`fresh_for`](Self::fresh_for).
    pub fn new(cooldown: u64, max_age: u64) -> Self {
        let max_age = seconds(max_age);
        Self { cooldown: seconds(cooldown), fresh_for: max_age / 4, max_age, now: Mutex::default() }
    }

    /// After how many seconds keys are to be fetched again, while the old ones still serve.
    #[must_use]
    pub fn fresh_for(mut self, fresh_for: u64) -> Self {
        self.fresh_for = seconds(fresh_for).min(self.max_age);
        self
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this caller is to fetch the keys now. `true` goes to one caller; it must then call [`fetched`](Self::fetched) or
    /// [`failed`](Self::failed). All others go on with the keys at hand.
    pub fn should_fetch(&self, reason: FetchReason, now: i64) -> bool {
        let mut state = self.lock();
        let wanted = match reason {
            FetchReason::Never => state.keys.is_none(),
            FetchReason::UnknownKid => true,
            FetchReason::Stale => self.state_of(&state, now) != KeyState::Fresh,
        };
        // A clock set back must not keep the keys from being fetched: then the last attempt lies in the future.
        let since = state.tried_at.map_or(i64::MAX, |tried_at| now.saturating_sub(tried_at));
        let pause = if state.fetching { LOST_AFTER.max(self.cooldown) } else { self.cooldown };
        if !wanted || (0..pause).contains(&since) {
            return false;
        }
        state.tried_at = Some(now);
        state.fetching = true;
        true
    }

    /// The fetch succeeded with these keys.
    pub fn fetched(&self, now: i64, keys: KeySet) {
        let mut state = self.lock();
        state.keys = Some(keys);
        state.fetched_at = now;
        state.fetching = false;
    }

    /// The fetch failed, or what came was refused. The last good keys stay.
    pub fn failed(&self, _now: i64) {
        self.lock().fetching = false;
    }

    /// The keys to verify with; `None` when there are none or they are too old.
    pub fn keys(&self, now: i64) -> Option<KeySet> {
        let state = self.lock();
        match self.state_of(&state, now) {
            KeyState::Fresh | KeyState::Stale => state.keys.clone(),
            KeyState::Empty | KeyState::Expired => None,
        }
    }

    /// How good the keys are at `now`.
    pub fn state(&self, now: i64) -> KeyState {
        self.state_of(&self.lock(), now)
    }

    /// In how many seconds the next fetch may start, for `Retry-After`. 0: now.
    pub fn retry_after(&self, now: i64) -> u64 {
        let state = self.lock();
        let since = state.tried_at.map_or(i64::MAX, |tried_at| now.saturating_sub(tried_at));
        if since < 0 { 0 } else { u64::try_from(self.cooldown.saturating_sub(since)).unwrap_or_default() }
    }

    fn state_of(&self, state: &Now, now: i64) -> KeyState {
        let age = now.saturating_sub(state.fetched_at);
        match &state.keys {
            None => KeyState::Empty,
            Some(_) if age > self.max_age => KeyState::Expired,
            Some(_) if age >= self.fresh_for => KeyState::Stale,
            Some(_) => KeyState::Fresh,
        }
    }
}

fn seconds(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
