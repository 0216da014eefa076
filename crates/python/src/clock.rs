//! The one place of the package's native half that reads the clock: when a caller gives no `now`.

use std::time::{SystemTime, UNIX_EPOCH};

/// Unix seconds now; 0 on a machine whose clock stands before 1970, where every token is then "not valid yet".
pub(crate) fn now() -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the edge of the package: Python callers may leave `now` out"
    )]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).map_or(0, |elapsed| i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX))
}
