//! How often a refused client is kept in the audit trail.

use std::time::Duration;

use gatepost_domain::{ClientId, RealmId, Timestamp};
use quick_cache::sync::Cache;

/// Of one client, one record in this time.
const EVERY: Duration = Duration::from_mins(1);
/// Of how many clients the last record is remembered. Only clients there are count, so nobody drives others out by making
/// names up.
const CLIENTS: usize = 10_000;

/// When the refusal of a client was last recorded by this process.
pub struct Refusals(Cache<(RealmId, ClientId), Timestamp>);

impl Refusals {
    /// None yet.
    pub fn new() -> Self {
        Self(Cache::new(CLIENTS))
    }

    /// Whether to record one now; if so, that is remembered.
    pub fn is_due(&self, realm: RealmId, client: &ClientId, now: Timestamp) -> bool {
        let of = (realm, client.clone());
        let due = self.0.get(&of).is_none_or(|last| now.since(last) >= EVERY);
        if due {
            self.0.insert(of, now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_recorded_once_a_minute_whatever_others_do() {
        let (refusals, start) = (Refusals::new(), Timestamp::from_unix_seconds(1_800_000_000));
        let due = |realm, client: &str, seconds| {
            refusals.is_due(realm, &client.parse().unwrap(), start.plus(Duration::from_secs(seconds)))
        };
        assert!(due(RealmId::MIN, "web", 0) && !due(RealmId::MIN, "web", 0) && !due(RealmId::MIN, "web", 59));
        assert!(due(RealmId::MIN, "app", 1) && due(RealmId::MAX, "web", 1));
        assert!(due(RealmId::MIN, "web", 60) && !due(RealmId::MIN, "web", 119));
    }
}
