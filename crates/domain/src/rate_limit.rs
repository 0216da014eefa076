//! How often something may be tried: the generic cell rate algorithm (GCRA, ITU-T I.371), as a rule without a clock.
//!
//! All that is kept of somebody is until when something of their quota is spent. Nothing has to be counted down or reset, and
//! whoever has nothing spent need not be remembered at all.

use std::time::Duration;

/// So often within a window: all at once if need be, and after that each time the window divided by `most` has gone by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    most: u32,
    window: Duration,
}

impl Quota {
    /// `most` times within `window`; once at least.
    pub const fn new(most: u32, window: Duration) -> Self {
        Self { most: if most == 0 { 1 } else { most }, window }
    }

    /// How often.
    pub const fn most(self) -> u32 {
        self.most
    }

    /// Within which time.
    pub const fn window(self) -> Duration {
        self.window
    }

    /// How long it takes until one that was spent is back.
    pub fn pace(self) -> Duration {
        self.window / self.most
    }

    /// Spends one more. `spent` is the time until all is back; what is returned is that time afterwards, or how long to wait if
    /// there is nothing left.
    ///
    /// No clock that was set back makes anybody wait longer than the pace.
    pub fn take(self, spent: Duration) -> Result<Duration, Duration> {
        let spent = spent.min(self.window);
        match (spent + self.pace()).checked_sub(self.window) {
            None | Some(Duration::ZERO) => Ok(spent + self.pace()),
            Some(wait) => Err(wait),
        }
    }

    /// Takes one back that was spent.
    pub fn give_back(self, spent: Duration) -> Duration {
        spent.min(self.window).saturating_sub(self.pace())
    }
}

/// What limits a thing that can be tried: a quota, and for what is tried all day a second one.
///
/// Both together are a delay that grows and never a lock: first none, then the pace of the one, then the pace of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// The first.
    pub quota: Quota,
    /// The second.
    pub lasting: Option<Quota>,
}

/// What is spent of a [`Limit`]: for each quota the time until all of it is back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Of the first.
    pub quota: Duration,
    /// Of the second.
    pub lasting: Duration,
}

/// Nothing is left of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exhausted {
    /// How long to wait.
    pub wait: Duration,
    /// It is the second quota that the wait is for.
    pub lasting: bool,
}

impl Limit {
    /// One quota alone.
    pub const fn of(most: u32, window: Duration) -> Self {
        Self { quota: Quota::new(most, window), lasting: None }
    }

    /// And a second one.
    #[must_use]
    pub const fn and(self, most: u32, window: Duration) -> Self {
        Self { lasting: Some(Quota::new(most, window)), ..self }
    }

    /// Spends one more of both, or of neither.
    pub fn take(&self, spent: Spent) -> Result<Spent, Exhausted> {
        let quota = self.quota.take(spent.quota);
        let lasting = self.lasting.map_or(Ok(Duration::ZERO), |lasting| lasting.take(spent.lasting));
        match (quota, lasting) {
            (Ok(quota), Ok(lasting)) => Ok(Spent { quota, lasting }),
            (Err(wait), Err(longer)) if longer >= wait => Err(Exhausted { wait: longer, lasting: true }),
            (Err(wait), _) => Err(Exhausted { wait, lasting: false }),
            (Ok(_), Err(wait)) => Err(Exhausted { wait, lasting: true }),
        }
    }

    /// Takes one back that was spent of both.
    pub fn give_back(&self, spent: Spent) -> Spent {
        Spent {
            quota: self.quota.give_back(spent.quota),
            lasting: self.lasting.map_or(Duration::ZERO, |lasting| lasting.give_back(spent.lasting)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: Duration = Duration::from_mins(1);
    const FIVE: Quota = Quota::new(5, Duration::from_mins(15));

    /// Tries at these moments, in order; says which were let through.
    fn tried(limit: Limit, moments: &[Duration]) -> Vec<bool> {
        let (mut all_back, mut lasting_back) = (Duration::ZERO, Duration::ZERO);
        moments
            .iter()
            .map(|now| {
                let spent = Spent {
                    quota: all_back.saturating_sub(*now),
                    lasting: lasting_back.saturating_sub(*now),
                };
                let taken = limit.take(spent);
                if let Ok(spent) = taken {
                    (all_back, lasting_back) = (*now + spent.quota, *now + spent.lasting);
                }
                taken.is_ok()
            })
            .collect()
    }

    #[test]
    fn five_at_once_and_then_one_each_three_minutes() {
        assert_eq!(FIVE.pace(), 3 * MINUTE);
        let mut spent = Duration::ZERO;
        for _ in 0..5 {
            spent = FIVE.take(spent).unwrap();
        }
        assert_eq!(spent, 15 * MINUTE);
        assert_eq!(FIVE.take(spent), Err(3 * MINUTE));
        assert_eq!(FIVE.take(spent.saturating_sub(MINUTE)), Err(2 * MINUTE));
        assert_eq!(FIVE.take(spent.saturating_sub(3 * MINUTE)), Ok(15 * MINUTE));
        assert_eq!(FIVE.give_back(spent), 12 * MINUTE);
        assert_eq!(FIVE.give_back(MINUTE), Duration::ZERO);
    }

    #[test]
    fn lg_05_the_delay_grows_and_never_becomes_a_lock() {
        let limit = Limit::of(5, Duration::from_mins(15)).and(30, Duration::from_hours(24));
        // As fast as it goes, for two days.
        let minutes: Vec<_> = (0..2 * 24 * 60).map(|minute| minute * MINUTE).collect();
        let at_once = vec![Duration::ZERO; 10];
        let let_through =
            |moments: &[Duration]| tried(limit, moments).iter().filter(|through| **through).count();
        assert_eq!(let_through(&at_once), 5);
        assert_eq!(let_through(&minutes[..60]), 5 + 19);
        let (first, second) = (let_through(&minutes[..24 * 60]), let_through(&minutes));
        assert_eq!((first, second - first), (59, 30));
        // In the end there is one every 48 minutes, and always one.
        assert!(tried(limit, &minutes).windows(49).all(|window| window.iter().any(|through| *through)));
    }

    #[test]
    fn rl_02_a_clock_that_is_set_back_keeps_nobody_out_for_longer() {
        assert_eq!(FIVE.take(Duration::from_hours(24 * 365)), Err(3 * MINUTE));
        assert_eq!(FIVE.give_back(Duration::MAX), 12 * MINUTE);
        assert_eq!(Quota::new(0, MINUTE).most(), 1);
    }

    proptest! {
        /// In any stretch of time no more get through than the quota, and one more for each pace of it.
        #[test]
        fn no_stretch_of_time_lets_more_through(
            most in 1_u32..40,
            seconds in 40_u64..4_000,
            steps in proptest::collection::vec(0_u64..200, 1..200),
        ) {
            let quota = Quota::new(most, Duration::from_secs(seconds));
            let moments: Vec<_> = steps.iter().scan(0, |now, step| { *now += step; Some(Duration::from_secs(*now)) }).collect();
            let through = tried(Limit { quota, lasting: None }, &moments);
            let passed: Vec<_> = moments.iter().zip(&through).filter(|(_, through)| **through).map(|(at, _)| *at).collect();
            for (first, from) in passed.iter().enumerate() {
                for (last, to) in passed.iter().enumerate().skip(first) {
                    let earned = to.saturating_sub(*from).as_secs_f64() / quota.pace().as_secs_f64();
                    let more = f64::from(u32::try_from(last - first)?);
                    prop_assert!(more <= f64::from(most - 1) + earned + 1e-6);
                }
            }
            // And whoever waits as long as they are told gets through.
            if let Err(wait) = quota.take(quota.window()) {
                prop_assert!(quota.take(quota.window().saturating_sub(wait)).is_ok());
            }
        }
    }
}
