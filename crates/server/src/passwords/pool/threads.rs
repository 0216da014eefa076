//! What the threads do: take a job, hash, take the next.

use std::{
    sync::{Arc, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::{
    Shared, State,
    job::{Job, Work},
};
use crate::passwords::argon2id::{self, Arena};

/// How long an idle thread keeps its memory.
const KEEP_MEMORY: Duration = Duration::from_secs(10);
/// How far below the rest of the server the relief thread is scheduled (the `nice` increment).
const NICENESS: i32 = 10;
/// How long a job waits for a thread before the relief takes it.
const WAITS_AT_MOST: Duration = Duration::from_secs(1);
/// How long a thread may take for a job before the relief does it as well: others want the cores, and a thread cannot
/// leave the idle class again.
const TAKES_AT_MOST: Duration = Duration::from_millis(250);

/// Which jobs a thread takes, and how it is scheduled.
#[derive(Clone, Copy)]
pub(super) enum Duty {
    /// The next, whenever nobody else wants the core.
    Regular,
    /// One that is late, whoever wants the core.
    Relief,
}

impl Shared {
    /// Whether a thread was started.
    pub(super) fn start(shared: &Arc<Self>, duty: Duty) -> bool {
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
            match &job.work {
                Work::Hash(reply) => {
                    let mut salt = [0; 16];
                    self.entropy.fill(&mut salt);
                    reply.give(argon2id::hash(&job.password, salt, self.settings.cost, &mut arena));
                }
                Work::Verify(stored, reply) => reply.give(stored.verify(&job.password, &mut arena)),
            }
            let mut state = self.lock();
            state.begun.retain(|(begun, _)| !Arc::ptr_eq(begun, &job));
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
    fn next(&self, duty: Duty, arena: &mut Arena) -> Option<Arc<Job>> {
        let wake = match duty {
            Duty::Regular => &self.wake,
            Duty::Relief => &self.wake_relief,
        };
        let mut state = self.lock();
        loop {
            let sleep = match state.take(duty) {
                Take::Job(job) => return Some(job),
                Take::NothingBefore(span) => span,
                Take::Nothing if state.closed => return None,
                Take::Nothing if arena.is_empty() => {
                    state = wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
                Take::Nothing => KEEP_MEMORY,
            };
            let (guard, timeout) = wake.wait_timeout(state, sleep).unwrap_or_else(PoisonError::into_inner);
            state = guard;
            if timeout.timed_out() && sleep == KEEP_MEMORY {
                arena.release();
            }
        }
    }
}

/// What there is to do.
enum Take {
    Job(Arc<Job>),
    /// Nothing yet for the relief, but perhaps after this.
    NothingBefore(Duration),
    Nothing,
}

impl State {
    fn take(&mut self, duty: Duty) -> Take {
        while self.waiting.front().is_some_and(Job::is_settled) {
            self.waiting.pop_front();
        }
        match duty {
            Duty::Regular => match self.waiting.pop_front() {
                Some(job) => {
                    let job = Arc::new(job);
                    self.begun.push((Arc::clone(&job), Instant::now()));
                    self.hashing += 1;
                    Take::Job(job)
                }
                None => Take::Nothing,
            },
            Duty::Relief => self.take_late(),
        }
    }

    /// The job that waits or is at work the longest over its time.
    fn take_late(&mut self) -> Take {
        self.begun.retain(|(job, _)| !job.is_settled());
        let starved = self.begun.first().map(|(_, since)| TAKES_AT_MOST.saturating_sub(since.elapsed()));
        let waiting = self.waiting.front().map(|job| WAITS_AT_MOST.saturating_sub(job.since.elapsed()));
        match (starved, waiting) {
            (Some(Duration::ZERO), _) => {
                self.hashing += 1;
                Take::Job(self.begun.remove(0).0)
            }
            (_, Some(Duration::ZERO)) => match self.waiting.pop_front() {
                Some(job) => {
                    self.hashing += 1;
                    Take::Job(Arc::new(job))
                }
                None => Take::Nothing,
            },
            (None, None) => Take::Nothing,
            (one, other) => Take::NothingBefore(one.into_iter().chain(other).min().unwrap_or(KEEP_MEMORY)),
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
