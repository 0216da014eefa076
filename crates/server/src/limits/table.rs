//! What is spent, by key, in memory that does not grow.
//!
//! A key has sixteen places where it may stand. Where all of them are taken, the one with the least spent makes room, and how much that
//! was is kept for the sixteen together: whoever is not found among them counts as having spent that. So a key may count as more spent
//! than it is, when hundreds of thousands are tried at once, but never as less: it cannot be pushed out to begin anew. (It is the
//! "Space-Saving" algorithm of Metwally, Agrawal and El Abbadi, with times in place of counts.)

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use gatepost_domain::{
    Timestamp,
    rate_limit::{Exhausted, Limit, Spent},
};

/// Places of a key.
const WAYS: usize = 16;
/// Parts with a lock each.
const SHARDS: usize = 16;

/// A key, and when all is back: seconds of Unix time, those of the first quota in the higher half. Plain numbers, for memory of zeros
/// takes no room until it is written to. The key 0 is a place that is free.
type Entry = [u64; 2];

/// When all is back of both quotas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Back {
    quota: u32,
    lasting: u32,
}

impl Back {
    fn read(packed: u64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "the halves")]
        Self { quota: (packed >> 32) as u32, lasting: packed as u32 }
    }

    fn packed(self) -> u64 {
        (u64::from(self.quota) << 32) | u64::from(self.lasting)
    }

    fn of(spent: Spent, now: u32) -> Self {
        let at = |spent: Duration| {
            // Nothing that is spent is noted as no time at all, so that the place is free again.
            let seconds = u32::try_from(spent.as_secs()).unwrap_or(u32::MAX);
            if seconds == 0 { 0 } else { now.saturating_add(seconds) }
        };
        Self { quota: at(spent.quota), lasting: at(spent.lasting) }
    }

    fn spent(self, now: u32) -> Spent {
        let left = |back: u32| Duration::from_secs(back.saturating_sub(now).into());
        Spent { quota: left(self.quota), lasting: left(self.lasting) }
    }

    fn is_over(self, now: u32) -> bool {
        self.quota <= now && self.lasting <= now
    }

    /// Which of two has less spent.
    fn order(self) -> (u32, u32) {
        (self.lasting, self.quota)
    }

    fn or_later(self, other: Self) -> Self {
        Self { quota: self.quota.max(other.quota), lasting: self.lasting.max(other.lasting) }
    }
}

struct Shard {
    /// Sixteen by sixteen.
    entries: Vec<Entry>,
    /// What those count as having spent that are not among the sixteen.
    others: Vec<u64>,
}

/// What is spent of one limit.
pub(super) struct Table {
    limit: Limit,
    shards: [Mutex<Shard>; SHARDS],
    sets: usize,
}

/// A key among its sixteen places.
struct Found<'s> {
    entries: &'s mut [Entry],
    others: &'s mut u64,
    at: Option<usize>,
    spent: Spent,
}

impl Table {
    /// With room for so many keys.
    pub(super) fn of(limit: Limit, keys: usize) -> Self {
        let sets = keys.div_ceil(WAYS * SHARDS).max(1);
        let shard = || Mutex::new(Shard { entries: vec![[0, 0]; sets * WAYS], others: vec![0; sets] });
        Self { limit, shards: std::array::from_fn(|_| shard()), sets }
    }

    /// Spends one of a key's quotas, if there is one left of each.
    pub(super) fn take(&self, key: u64, now: Timestamp) -> Result<(), Exhausted> {
        let now = seconds(now);
        self.find(key, now, |found| {
            let spent = self.limit.take(found.spent)?;
            found.keep(key, spent, now);
            Ok(())
        })
    }

    /// Whether there is one left.
    pub(super) fn look(&self, key: u64, now: Timestamp) -> Result<(), Exhausted> {
        let now = seconds(now);
        self.find(key, now, |found| self.limit.take(found.spent).map(drop))
    }

    /// Gives one back that was taken. Who had to make room meanwhile keeps what they count as having spent.
    pub(super) fn give_back(&self, key: u64, now: Timestamp) {
        let now = seconds(now);
        self.find(key, now, |found| {
            if found.at.is_some() {
                found.keep(key, self.limit.give_back(found.spent), now);
            }
        });
    }

    fn find<T>(&self, key: u64, now: u32, then: impl FnOnce(&mut Found<'_>) -> T) -> T {
        // 0 is a free place.
        let key = key.max(1);
        #[expect(clippy::cast_possible_truncation, reason = "any part of the key chooses as well as another")]
        let (shard, set) = ((key >> 60) as usize, key as usize % self.sets);
        let mut shard = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        let Shard { entries, others } = &mut *shard;
        let entries = &mut entries[set * WAYS..(set + 1) * WAYS];
        let others = &mut others[set];
        let at = entries.iter().position(|entry| entry[0] == key);
        let back = at.map_or(*others, |at| entries[at][1]);
        then(&mut Found { entries, others, at, spent: Back::read(back).spent(now) })
    }
}

impl Found<'_> {
    fn keep(&mut self, key: u64, spent: Spent, now: u32) {
        let at = self.at.unwrap_or_else(|| self.make_room(now));
        self.entries[at] = [key.max(1), Back::of(spent, now).packed()];
    }

    fn make_room(&mut self, now: u32) -> usize {
        let back = |entry: &Entry| Back::read(entry[1]);
        let least = |(_, entry): &(usize, &Entry)| {
            if entry[0] == 0 || back(entry).is_over(now) { (0, 0) } else { back(entry).order() }
        };
        // There are sixteen.
        let Some((at, entry)) = self.entries.iter().enumerate().min_by_key(least) else { return 0 };
        if entry[0] != 0 && !back(entry).is_over(now) {
            *self.others = Back::read(*self.others).or_later(back(entry)).packed();
        }
        at
    }
}

/// Whole seconds are fine enough; of a clock far off, the nearest there are.
fn seconds(now: Timestamp) -> u32 {
    let seconds = now.unix_seconds();
    u32::try_from(seconds).unwrap_or(if seconds < 0 { 0 } else { u32::MAX })
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher as _, RandomState};

    use super::*;

    const LIMIT: Limit = Limit::of(5, Duration::from_mins(15)).and(30, Duration::from_hours(24));

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix_seconds(1_800_000_000 + second)
    }

    fn let_through(table: &Table, key: u64, now: Timestamp) -> usize {
        (0..100).filter(|_| table.take(key, now).is_ok()).count()
    }

    #[test]
    fn one_key_has_its_quota_and_no_other_is_the_less_for_it() {
        let table = Table::of(LIMIT, 1 << 12);
        for key in [0, 1, 2, u64::MAX] {
            let expected = if key == 1 { 0 } else { 5 };
            assert_eq!(let_through(&table, key, at(0)), expected, "{key}: 0 counts with 1");
        }
        let refused = table.take(2, at(1)).unwrap_err();
        assert_eq!((refused.wait, refused.lasting), (Duration::from_secs(179), false));
        assert!(table.look(2, at(179)).is_err());
        assert!(
            table.look(2, at(180)).is_ok()
                && table.take(2, at(180)).is_ok()
                && table.take(2, at(180)).is_err()
        );
        assert_eq!(let_through(&table, 2, at(2 * 3600)), 5);
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let table = Table::of(LIMIT, 1 << 12);
        for _ in 0..1_000 {
            table.take(7, at(0)).unwrap();
            table.give_back(7, at(0));
        }
        assert_eq!(let_through(&table, 7, at(0)), 5);
        table.give_back(7, at(0));
        assert_eq!(let_through(&table, 7, at(0)), 1);
        // Of what was never taken nothing comes back.
        table.give_back(8, at(0));
        assert_eq!(let_through(&table, 8, at(0)), 5);
    }

    /// RL-03: neither does the memory grow, nor is a key forgotten that was tried too often.
    #[test]
    fn rl_03_a_million_keys_push_nobody_out_who_is_under_attack() {
        let table = Table::of(LIMIT, 1 << 10);
        let hasher = RandomState::new();
        let victim = hasher.hash_one("ada@example.com");
        assert_eq!(let_through(&table, victim, at(0)), 5);
        for other in 0..1_000_000 {
            let _ = table.take(hasher.hash_one(other), at(other / 10_000));
        }
        assert!(table.take(victim, at(100)).is_err());
        let held = |shard: &Mutex<Shard>| {
            let shard = shard.lock().unwrap();
            shard.entries.capacity() * size_of::<Entry>() + shard.others.capacity() * size_of::<u64>()
        };
        let held: usize = table.shards.iter().map(held).sum();
        assert!(held <= (1 << 10) * 17, "{held} bytes for {} keys", 1 << 10);
        // When the storm is over everybody is as before.
        assert_eq!(let_through(&table, hasher.hash_one("new"), at(48 * 3600)), 5);
    }

    /// Against one that remembers everything: a full table refuses more, and lets through nothing that the other refuses.
    #[test]
    fn rl_03_a_table_that_is_too_small_is_stricter_and_never_laxer() {
        let (small, large) = (Table::of(LIMIT, 1), Table::of(LIMIT, 1 << 16));
        let hasher = RandomState::new();
        let (mut state, mut stricter) = (42_u64, 0);
        for step in 0..200_000_i64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // A few keys often, and many once.
            let key = if state >> 63 == 0 { (state >> 40) & 15 } else { state >> 33 };
            let (key, now) = (hasher.hash_one(key), at(step / 20));
            match (small.take(key, now), large.look(key, now)) {
                (Ok(()), exact) => {
                    assert_eq!(exact, Ok(()), "at step {step}");
                    large.take(key, now).unwrap();
                }
                (Err(_), Ok(())) => stricter += 1,
                (Err(_), Err(_)) => {}
            }
        }
        assert!(stricter > 0, "the small one was never full");
    }

    /// RL-02: set back by an hour, nobody waits longer than the pace of the quota that is spent.
    #[test]
    fn rl_02_a_clock_set_back_keeps_nobody_out() {
        let table = Table::of(Limit::of(5, Duration::from_mins(15)), 1 << 12);
        assert_eq!(let_through(&table, 9, at(3_600)), 5);
        assert_eq!(table.take(9, at(0)).unwrap_err().wait, Duration::from_mins(3));
    }

    #[test]
    fn lg_04_of_many_at_once_no_more_get_through() {
        let table = Table::of(LIMIT, 1 << 12);
        let through: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| let_through(&table, 3, at(0)))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(through, 5);
    }
}
