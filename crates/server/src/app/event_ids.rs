//! Ids of what happens in one request, in the order in which it does.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use gatepost_domain::{Entropy, EventId, Timestamp};

use crate::http::observe::RequestId;

/// Of so many requests it is remembered what came last.
const REMEMBERED: usize = 512;

/// The last id of each of the last requests. Each process has its own.
///
/// What one request does has nothing to do with what another does: who sees the ids of theirs learns of nobody else's from the gaps.
#[derive(Default)]
pub(super) struct EventIds(Mutex<VecDeque<(RequestId, EventId)>>);

impl EventIds {
    /// A fresh id, after all that the request made of the same millisecond.
    pub(super) fn next(&self, request: RequestId, now: Timestamp, entropy: &dyn Entropy) -> EventId {
        let fresh = EventId::new(now, entropy);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, before)) = last.iter_mut().rev().find(|(of, _)| *of == request) {
            let is_same = before.as_bytes()[..6] == fresh.as_bytes()[..6];
            *before = if is_same { after(*before, entropy) } else { fresh };
            return *before;
        }
        if last.len() >= REMEMBERED {
            last.pop_front();
        }
        last.push_back((request, fresh));
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
    fn what_a_request_does_later_in_a_millisecond_has_the_later_id() {
        let (ids, entropy) = (EventIds::default(), SystemEntropy::default());
        let at = |millis: i64| Timestamp::from_micros(1_800_000_000_000_000 + millis * 1_000);
        let requests = [(); 3].map(|()| RequestId::next());
        let mut last = [EventId::MIN; 3];
        for _ in 0..1_000 {
            for (request, last) in requests.iter().zip(&mut last) {
                let next = ids.next(*request, at(0), &entropy);
                assert!(*last < next && next < EventId::first_at(at(1)));
                *last = next;
            }
        }
        assert!(EventId::first_at(at(1)) <= ids.next(requests[0], at(1), &entropy));
        for _ in 0..1_000 {
            ids.next(RequestId::next(), at(0), &entropy);
        }
        assert_eq!(ids.0.lock().unwrap().len(), REMEMBERED);
    }

    /// LG-01: or somebody could tell from the gaps between what is theirs whether a letter was sent to somebody else meanwhile.
    #[test]
    fn lg_01_ids_of_one_request_say_nothing_of_what_another_does() {
        let (ids, entropy) = (EventIds::default(), SystemEntropy::default());
        let now = Timestamp::from_unix_seconds(1_800_000_000);
        let (mine, other) = (RequestId::next(), RequestId::next());
        let number = |id: EventId| u128::from_be_bytes(*id.as_bytes());
        for _ in 0..100 {
            let before = number(ids.next(mine, now, &entropy));
            let theirs = number(ids.next(other, now, &entropy));
            let gap = number(ids.next(mine, now, &entropy)) - before;
            assert!((1 << 32..1 << 33).contains(&gap), "one step, whatever came between");
            assert!(theirs.abs_diff(before) > 1 << 34, "and nowhere near");
        }
    }
}
