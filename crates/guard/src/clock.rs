//! The one place where this crate reads the clock.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where a guard takes the time from. Tests move it.
#[derive(Clone)]
pub(crate) enum Clock {
    System,
    Given(Arc<dyn Fn() -> i64 + Send + Sync>),
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Given(_) => "Given",
        })
    }
}

impl Clock {
    /// Unix seconds.
    pub(crate) fn now(&self) -> i64 {
        match self {
            Self::System => system_now(),
            Self::Given(clock) => clock(),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the edge: every check below takes this moment as a value")]
fn system_now() -> i64 {
    // A clock before 1970 is broken; time 0 makes every token expired or not yet valid, never good.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
