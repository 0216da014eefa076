//! The threads that hash, and the door in front of them.

use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use gatepost_domain::{Entropy, password::Password};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::argon2id::{self, Arena, Cost, HashUnusable, Stored};

/// How long an idle thread keeps its memory.
const KEEP_MEMORY: Duration = Duration::from_secs(10);
/// How far below the rest of the server the relief thread is scheduled (the `nice` increment).
const NICENESS: i32 = 10;
/// How long a job waits before the relief thread takes it.
const RELIEF_AFTER: Duration = Duration::from_secs(1);

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
/// The threads only take what the rest of the server leaves of the cores. So that sign-ins go on where it leaves
/// nothing, one more thread, the relief, takes a modest share for jobs that have waited long.
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

struct Job {
    password: Zeroizing<Vec<u8>>,
    work: Work,
    since: Instant,
}

/// Which jobs a thread takes, and how it is scheduled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Duty {
    /// The next, whenever nobody else wants the core.
    Regular,
    /// One that has waited long, whoever wants the core.
    Relief,
}

enum Work {
    Hash(oneshot::Sender<Result<String, HashUnusable>>),
    Verify(Box<Stored>, oneshot::Sender<Result<bool, HashUnusable>>),
}

impl Work {
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Hash(reply) => reply.is_closed(),
            Self::Verify(_, reply) => reply.is_closed(),
        }
    }
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
        let (reply, answer) = oneshot::channel();
        self.enqueue(password, Work::Hash(reply))?;
        Ok(answer.await.map_err(|_| PoolError::Closed)??)
    }

    /// Checks `password` against a stored hash, or against nothing at the same cost.
    pub async fn check(&self, password: &Password, stored: Option<&str>) -> Result<Checked, PoolError> {
        let target = Stored::parse(stored.unwrap_or(&self.shared.decoy))?;
        let outdated = target.is_outdated(self.shared.settings.cost);
        let (reply, answer) = oneshot::channel();
        self.enqueue(password, Work::Verify(Box::new(target), reply))?;
        let right = answer.await.map_err(|_| PoolError::Closed)??;
        Ok(if right && stored.is_some() { Checked::Right { outdated } } else { Checked::Wrong })
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
        if state.waiting.len() > state.threads - state.hashing {
            if state.threads < threads {
                state.threads += usize::from(Shared::start(&self.shared, Duty::Regular));
            } else if !state.has_relief {
                state.has_relief = Shared::start(&self.shared, Duty::Relief);
            }
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

    /// Whether a thread was started.
    fn start(shared: &Arc<Self>, duty: Duty) -> bool {
        let shared = Arc::clone(shared);
        thread::Builder::new().name("gatepost-hash".into()).spawn(move || shared.run(duty)).is_ok()
    }

    fn run(&self, duty: Duty) {
        // Signing and reading must not queue behind hashing for a core: a thread of the idle class gives way at once, one
        // that is merely nice after some milliseconds. Where the system refuses, hashing competes.
        match duty {
            Duty::Regular => drop(idle_class()),
            Duty::Relief => drop(rustix::process::nice(NICENESS)),
        }
        let mut arena = Arena::default();
        while let Some(job) = self.next(duty, &mut arena) {
            let Job { password, work, .. } = job;
            match work {
                Work::Hash(reply) => {
                    let mut salt = [0; 16];
                    self.entropy.fill(&mut salt);
                    let _ = reply.send(argon2id::hash(&password, salt, self.settings.cost, &mut arena));
                }
                Work::Verify(stored, reply) => {
                    let _ = reply.send(stored.verify(&password, &mut arena));
                }
            }
            let mut state = self.lock();
            state.hashing -= 1;
            let now = Instant::now();
            state.pace = (state.pace * 7 + now.duration_since(state.since)) / 8;
            state.since = now;
        }
        let mut state = self.lock();
        match duty {
            Duty::Regular => state.threads -= 1,
            Duty::Relief => state.has_relief = false,
        }
    }

    /// The next job somebody still waits for; `None` when the pool is closed and empty.
    fn next(&self, duty: Duty, arena: &mut Arena) -> Option<Job> {
        let wake = match duty {
            Duty::Regular => &self.wake,
            Duty::Relief => &self.wake_relief,
        };
        let mut state = self.lock();
        loop {
            while state.waiting.front().is_some_and(|job| job.work.is_abandoned()) {
                state.waiting.pop_front();
            }
            let patience = state.waiting.front().map(|job| match duty {
                Duty::Regular => Duration::ZERO,
                Duty::Relief => RELIEF_AFTER.saturating_sub(job.since.elapsed()),
            });
            let sleep = match patience {
                Some(Duration::ZERO) => {
                    state.hashing += 1;
                    return state.waiting.pop_front();
                }
                None if state.closed => return None,
                Some(patience) => patience,
                None if arena.is_empty() => {
                    state = wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
                None => KEEP_MEMORY,
            };
            let (guard, timeout) = wake.wait_timeout(state, sleep).unwrap_or_else(PoisonError::into_inner);
            state = guard;
            if timeout.timed_out() && state.waiting.is_empty() {
                arena.release();
            }
        }
    }
}

fn idle_class() -> Result<(), thread_priority::Error> {
    use thread_priority::{
        NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, thread_native_id,
    };
    thread_priority::set_thread_priority_and_policy(
        thread_native_id(),
        ThreadPriority::Min,
        ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle),
    )
}
