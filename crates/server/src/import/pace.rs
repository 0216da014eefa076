//! How many users go into one transaction.
//!
//! The more, the fewer trips to the disk; but a server on the same file writes nothing meanwhile, and PostgreSQL ends what takes two
//! seconds. So it is decided by the time that the last ones took.

use std::time::Duration;

/// How long a transaction is to take.
const AIM: Duration = Duration::from_millis(150);
/// The first one: small, for nothing is known yet.
const FIRST: usize = 256;
const LEAST: usize = 32;
const MOST: usize = 8_192;

/// How many rows the next transaction has.
pub(super) struct Pace {
    rows: usize,
    /// What a row took in the last transaction.
    before: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { rows: FIRST, before: Duration::ZERO }
    }
}

impl Pace {
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Notes how long a transaction took.
    ///
    /// One that was slower than the one before counts as that one did: every now and then SQLite moves its log into the file after a
    /// transaction, which keeps nobody waiting.
    pub(super) fn took(&mut self, rows: usize, time: Duration) {
        let each = time / u32::try_from(rows.max(1)).unwrap_or(u32::MAX);
        let counts = if self.before.is_zero() { each } else { each.min(self.before) };
        self.before = each;
        let fits = AIM.as_nanos() / counts.as_nanos().max(1);
        // Never far more than what was tried.
        self.rows = usize::try_from(fits).unwrap_or(MOST).min(self.rows * 2).clamp(LEAST, MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many rows the transactions have when a row takes so long.
    fn after(pace: &mut Pace, each: Duration, transactions: usize) -> Vec<usize> {
        let one = |_| {
            let rows = pace.rows();
            pace.took(rows, each * u32::try_from(rows).unwrap());
            pace.rows()
        };
        (0..transactions).map(one).collect()
    }

    #[test]
    fn transactions_grow_to_what_fits_into_the_time() {
        let mut pace = Pace::default();
        assert_eq!(after(&mut pace, Duration::from_micros(50), 5), [512, 1_024, 2_048, 3_000, 3_000]);
        // A disk that became slow is believed the second time.
        assert_eq!(after(&mut pace, Duration::from_micros(500), 2), [3_000, 300]);
        assert_eq!(after(&mut pace, Duration::from_micros(50), 1), [600]);
    }

    #[test]
    fn one_that_waited_for_the_log_changes_nothing() {
        let mut pace = Pace::default();
        after(&mut pace, Duration::from_micros(50), 5);
        pace.took(3_000, Duration::from_secs(1));
        assert_eq!(pace.rows(), 3_000);
        assert_eq!(after(&mut pace, Duration::from_micros(50), 1), [3_000]);
    }

    #[test]
    fn they_are_never_endless_and_never_nothing() {
        let mut pace = Pace::default();
        assert_eq!(after(&mut pace, Duration::ZERO, 9)[8], MOST);
        assert_eq!(after(&mut pace, Duration::from_secs(9), 2)[1], LEAST);
        pace.took(0, Duration::ZERO);
        assert!(pace.rows() >= LEAST);
    }
}
