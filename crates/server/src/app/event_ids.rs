//! Ids of what happens, in the order in which it does.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use gatepost_domain::{Entropy, EventId, Timestamp};

/// Of so many milliseconds it is remembered what came last. A request tells one time from its begin to its end, and meanwhile others begin.
const REMEMBERED: usize = 512;

/// The last id of each of the last milliseconds. Each process has its own.
#[derive(Default)]
pub(super) struct EventIds(Mutex<VecDeque<EventId>>);

impl EventIds {
    /// A fresh id, after all that were made of the same millisecond.
    pub(super) fn next(&self, now: Timestamp, entropy: &dyn Entropy) -> EventId {
        let fresh = EventId::new(now, entropy);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |id: &&mut EventId| id.as_bytes()[..6] == fresh.as_bytes()[..6];
        if let Some(before) = last.iter_mut().rev().find(is_same) {
            *before = after(*before, entropy);
            return *before;
        }
        if last.len() >= REMEMBERED {
            last.pop_front();
        }
        last.push_back(fresh);
        fresh
    }
}

/// By a step that nobody can guess.
fn after(id: EventId, entropy: &dyn Entropy) -> EventId {
    let mut step = [0; 4];
    entropy.fill(&mut step);
    let step = u128::from(u32::from_be_bytes(step)) + (1 << 32);
    EventId::from_bytes(u128::from_be_bytes(*id.as_bytes()).wrapping_add(step).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    #[test]
    fn what_happens_later_in_a_millisecond_has_the_later_id() {
        let (ids, entropy) = (EventIds::default(), SystemEntropy::default());
        let at = |millis: i64| Timestamp::from_micros(1_800_000_000_000_000 + millis * 1_000);
        let mut last = [EventId::MIN; 3];
        for _ in 0..1_000 {
            // Three requests that go on at once.
            for (millis, last) in (0..).zip(&mut last) {
                let next = ids.next(at(millis), &entropy);
                assert!(*last < next && next < EventId::first_at(at(millis + 1)));
                *last = next;
            }
        }
        for millis in 3..10_000 {
            ids.next(at(millis), &entropy);
        }
        assert_eq!(ids.0.lock().unwrap().len(), REMEMBERED);
    }
}
