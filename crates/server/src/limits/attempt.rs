//! One more try: counted before anything is done for it.

use std::{
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use gatepost_domain::{
    RateLimits, Timestamp, UserId,
    audit::{Actor, Event},
};
use gatepost_store::audit;

use super::{Limited, Limits, Place, Rule};
use crate::{
    App,
    http::{Problem, origin::Where},
    realm::Snapshot,
};

/// A try that was counted. It stays counted unless it is given back.
pub struct Attempt {
    limits: Arc<Limits>,
    counted: [Option<Place>; 3],
    at: Timestamp,
    is_right: Arc<AtomicBool>,
}

/// Says of a try that it is right, before its end: it is given back then, whatever comes of it, also where nobody waits for the end.
pub struct Right(Arc<AtomicBool>);

impl Right {
    /// It is.
    pub fn say(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Attempt {
    fn of(app: &App, counted: Option<Place>, now: Timestamp) -> Self {
        let limits = Arc::clone(app.limits());
        Self { limits, counted: [counted, None, None], at: now, is_right: Arc::default() }
    }

    /// What is not limited.
    pub fn unlimited(app: &App, now: Timestamp) -> Self {
        Self::of(app, None, now)
    }

    /// Only what fails counts: gives back what was counted.
    pub fn give_back(self) {
        self.right().say();
    }

    /// For whoever learns in between that it is right.
    pub fn right(&self) -> Right {
        Right(Arc::clone(&self.is_right))
    }

    /// What is counted for one try together: the ones before and this. None has more than three.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        for place in other.counted.iter().flatten() {
            if let Some(free) = self.counted.iter_mut().find(|counted| counted.is_none()) {
                *free = Some(*place);
            }
        }
        self
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.is_right.load(Ordering::Relaxed) {
            for place in self.counted.into_iter().flatten() {
                self.limits.give_back(place, self.at);
            }
        }
    }
}

/// Counts one more try, or refuses it: `429` with the time to wait, an audit event (once a minute) and a metric.
///
/// Whoever calls it does so before the work that is limited. What is returned can be ignored where every try counts; where only
/// failures do, it is [given back](Attempt::give_back) after a success.
pub fn attempt(
    app: &App,
    realm: &Snapshot,
    (rule, key): (Rule, impl Hash),
    origin: &Where,
    now: Timestamp,
) -> Result<Attempt, Problem> {
    attempt_of(app, realm, (rule, key), None, origin, now)
}

/// The same, where it is known whose account it is about: the audit event says so.
pub fn attempt_of(
    app: &App,
    realm: &Snapshot,
    (rule, key): (Rule, impl Hash),
    whose: Option<UserId>,
    origin: &Where,
    now: Timestamp,
) -> Result<Attempt, Problem> {
    if is_off(realm) {
        return Ok(Attempt::unlimited(app, now));
    }
    let limits = app.limits();
    let place = limits.place(rule, realm.id(), key);
    match limits.take(place, now) {
        Ok(()) => Ok(Attempt::of(app, Some(place), now)),
        Err(exhausted) => {
            let limited = Limited { rule, exhausted };
            note_refused(app, realm, limited, whose, origin, now);
            Err(Problem::Limited(limited))
        }
    }
}

/// Whether there is room for another failure, without counting one: for what is quick, succeeds far more often than it fails, and
/// may be under way many times at once. Those that fail are [noted](note).
pub fn check(
    app: &App,
    realm: &Snapshot,
    (rule, key): (Rule, impl Hash),
    origin: &Where,
    now: Timestamp,
) -> Result<(), Problem> {
    if is_off(realm) {
        return Ok(());
    }
    let limits = app.limits();
    limits.look(limits.place(rule, realm.id(), key), now).map_err(|exhausted| {
        let limited = Limited { rule, exhausted };
        note_refused(app, realm, limited, None, origin, now);
        Problem::Limited(limited)
    })
}

/// Counts a failure after a [`check`].
pub fn note(app: &App, realm: &Snapshot, (rule, key): (Rule, impl Hash), now: Timestamp) {
    if !is_off(realm) {
        // Nothing left to count: whoever else is under way at this moment has spent it.
        let _ = app.limits().take(app.limits().place(rule, realm.id(), key), now);
    }
}

fn is_off(realm: &Snapshot) -> bool {
    realm.settings().rate_limits == RateLimits::Off
}

/// Kept in the audit trail once a minute, for each limit and account. Nobody waits for it: the time of the answer would tell which
/// accounts there are.
fn note_refused(
    app: &App,
    realm: &Snapshot,
    limited: Limited,
    whose: Option<UserId>,
    origin: &Where,
    now: Timestamp,
) {
    metrics::counter!("gatepost_attempts_refused_total", "limit" => limited.rule.name()).increment(1);
    let record = origin.record(app, realm.id(), Event::AttemptRefused, Actor::Anonymous, now);
    let mut record = record.with("limit", limited.rule.name());
    record.user = whose;
    if !app.refusals().admits(&record) {
        return;
    }
    let app = app.clone();
    tokio::spawn(async move {
        let noted = app.db().write("record a refused attempt", move |tx| {
            let record = record.clone();
            Box::pin(async move { audit::append(tx, &record).await })
        });
        if let Err(error) = noted.await {
            tracing::warn!(%error, "a refused attempt could not be recorded");
        }
    });
}
