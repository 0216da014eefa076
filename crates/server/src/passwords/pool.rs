//! The threads that hash, and the door in front of them.

use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use gatepost_domain::{Entropy, password::Password};
use zeroize::Zeroizing;

use self::{
    job::{Job, Reply, Work},
    threads::Duty,
};
use super::{
    argon2id::Cost,
    stored::{HashUnusable, Stored},
};

mod job;
mod threads;

/// How the pool is sized.
#[derive(Clone, Copy, Debug)]
pub struct PoolSettings {
    /// Threads, each hashing one password at a time.
    pub threads: NonZeroUsize,
    /// The longest a request may be expected to wait before its own hash begins.
    pub wait_budget: Duration,
    /// The work of a new hash.
    pub cost: Cost,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            threads: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            wait_budget: Duration::from_secs(2),
            cost: Cost::default(),
        }
    }
}

/// The pool has more work than it can finish within its budget.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("too many sign-ins are waiting; retry in {} s", retry_after.as_secs())]
pub struct Busy {
    /// When to try again; whole seconds, at least one.
    pub retry_after: Duration,
}

/// Hashes and checks passwords off the async threads.
///
/// A request is turned away at once when the work already waiting would take longer than the budget: an early 503
/// is kinder than a late one. A caller that goes away before its turn costs nothing.
///
/// The threads only take what others leave of the cores. So that sign-ins go on where they leave nothing, one more
/// thread, the relief, takes a modest share for jobs that have waited long or were begun and then starved.
#[derive(Clone)]
pub struct HashPool {
    shared: Arc<Shared>,
}

struct Shared {
    settings: PoolSettings,
    entropy: Arc<dyn Entropy>,
    state: Mutex<State>,
    wake: Condvar,
    wake_relief: Condvar,
    /// A hash of nothing anybody knows, checked when the user does not exist so that both answers cost the same.
    decoy: String,
}

struct State {
    waiting: VecDeque<Job>,
    /// What a regular thread is at, and since when; until the relief does it as well.
    begun: Vec<(Arc<Job>, Instant)>,
    hashing: usize,
    threads: usize,
    has_relief: bool,
    /// From one finished job to the next while there was work: a moving average, which starts pessimistic. What one job
    /// takes would say little, for the threads share the cores with others and with each other.
    pace: Duration,
    /// When the job that is finished next could begin, or its predecessor was finished.
    since: Instant,
    closed: bool,
}

/// What a password check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// The password is right.
    Right {
        /// The stored hash should be replaced by a fresh one.
        outdated: bool,
    },
    /// The password is wrong, or there was nothing to check it against.
    Wrong,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PoolError {
    /// Turned away at the door.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The stored hash cannot be checked.
    #[error(transparent)]
    Unusable(#[from] HashUnusable),
    /// The server is shutting down.
    #[error("the server is shutting down")]
    Closed,
}

impl HashPool {
    /// A pool without threads yet: they start with the first request.
    pub fn new(settings: PoolSettings, entropy: Arc<dyn Entropy>) -> Self {
        let mut salt = [0; 16];
        entropy.fill(&mut salt);
        let mut unknown = [0; 32];
        entropy.fill(&mut unknown);
        let Cost { memory_kib, passes, lanes } = settings.cost;
        let encode = |bytes: &[u8]| data_encoding::BASE64_NOPAD.encode(bytes);
        let decoy = format!(
            "$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${}${}",
            encode(&salt),
            encode(&unknown)
        );
        let state = State {
            waiting: VecDeque::new(),
            begun: Vec::new(),
            hashing: 0,
            threads: 0,
            has_relief: false,
            pace: Duration::from_millis(50),
            since: Instant::now(),
            closed: false,
        };
        Self {
            shared: Arc::new(Shared {
                settings,
                entropy,
                state: Mutex::new(state),
                wake: Condvar::new(),
                wake_relief: Condvar::new(),
                decoy,
            }),
        }
    }

    /// Hashes `password` into a PHC string.
    pub async fn hash(&self, password: &Password) -> Result<String, PoolError> {
        let (reply, answer) = Reply::new();
        self.enqueue(password, Work::Hash(reply))?;
        Ok(answer.await.map_err(|_| PoolError::Closed)??)
    }

    /// Checks `password` against a stored hash, or against nothing at the same cost. A hash that cannot be checked is nothing: whoever
    /// asks must not learn that there is one.
    pub async fn check(&self, password: &Password, stored: Option<&str>) -> Result<Checked, PoolError> {
        let stored = stored.and_then(|text| {
            Stored::parse(text)
                .inspect_err(|error| tracing::warn!(%error, "a stored password hash cannot be checked"))
                .ok()
        });
        let known = stored.is_some();
        let target = match stored {
            Some(target) => target,
            None => Stored::parse(&self.shared.decoy)?,
        };
        let outdated = target.is_outdated(self.shared.settings.cost);
        let (reply, answer) = Reply::new();
        self.enqueue(password, Work::Verify(Box::new(target), reply))?;
        let right = answer.await.map_err(|_| PoolError::Closed)??;
        Ok(if right && known { Checked::Right { outdated } } else { Checked::Wrong })
    }

    /// Lets the threads finish what waits, and refuses the rest.
    pub fn close(&self) {
        self.shared.lock().closed = true;
        self.shared.wake.notify_all();
        self.shared.wake_relief.notify_all();
    }

    fn enqueue(&self, password: &Password, work: Work) -> Result<(), PoolError> {
        let mut state = self.shared.lock();
        if state.closed {
            return Err(PoolError::Closed);
        }
        let threads = self.shared.settings.threads.get();
        let ahead = state.waiting.len() + state.hashing;
        if ahead == 0 {
            state.since = Instant::now();
        }
        let before = u32::try_from((ahead + 1).saturating_sub(threads)).unwrap_or(u32::MAX);
        let wait = state.pace.saturating_mul(before);
        if wait > self.shared.settings.wait_budget {
            let retry_after = Duration::from_secs(wait.as_secs().max(1));
            return Err(Busy { retry_after }.into());
        }
        let password = Zeroizing::new(password.as_bytes().to_vec());
        state.waiting.push_back(Job { password, work, since: Instant::now() });
        if state.threads < threads && state.waiting.len() > state.threads.saturating_sub(state.hashing) {
            state.threads += usize::from(Shared::start(&self.shared, Duty::Regular));
        }
        if !state.has_relief {
            state.has_relief = Shared::start(&self.shared, Duty::Relief);
        }
        drop(state);
        self.shared.wake.notify_one();
        self.shared.wake_relief.notify_one();
        Ok(())
    }
}

impl Drop for HashPool {
    fn drop(&mut self) {
        // One reference of ours, one of each thread: the last handle lets the threads go.
        let state = self.shared.lock();
        let threads = state.threads + usize::from(state.has_relief);
        drop(state);
        if Arc::strong_count(&self.shared) <= threads + 1 {
            self.close();
        }
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Every update leaves the state consistent, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
