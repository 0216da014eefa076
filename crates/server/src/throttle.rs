//! What is written down once a minute and not each time: refusals, which whoever is refused can repeat as fast as they like.

use std::time::Duration;

use gatepost_domain::{
    ClientId, Timestamp,
    audit::{Actor, Record},
};
use quick_cache::sync::Cache;

/// How long after a refusal one like it is not written down again.
const PAUSE: Duration = Duration::from_mins(1);
/// How many kinds of refusals are remembered. With more of them at once, some are written down again sooner.
const REMEMBERED: usize = 10_000;

/// Remembers which refusals were written down of late. Each process has its own.
pub(crate) struct Throttle(Cache<String, Timestamp>);

impl Throttle {
    pub(crate) fn new() -> Self {
        Self(Cache::new(REMEMBERED))
    }

    /// Whether to write this refusal down: none like it, of the same actor in the same realm, organization, client and limit, was in
    /// the last minute. Of nobody known, the account counts that it was about.
    pub(crate) fn admits(&self, record: &Record) -> bool {
        let organization = record.detail.get("organization").map_or("", String::as_str);
        let client = record.client.as_ref().map_or("", ClientId::as_str);
        let limit = record.detail.get("limit").map_or("", String::as_str);
        let about = record.user.filter(|_| record.actor == Actor::Anonymous).map(|user| user.to_string());
        let about = about.unwrap_or_default();
        let Record { realm, actor, event, .. } = record;
        let kind = format!("{realm} {actor} {event} {organization} {client} {limit} {about}");
        if self.0.get(&kind).is_some_and(|last| record.at.since(last) < PAUSE) {
            return false;
        }
        self.0.insert(kind, record.at);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatepost_domain::{EventId, RealmId, UserId, audit::Event};

    #[test]
    fn a_refusal_is_written_down_once_a_minute_for_each_who_what_and_where() {
        let throttle = Throttle::new();
        let refusal = |second: i64, actor, event, organization: &str| {
            let at = Timestamp::from_unix_seconds(1_000_000 + second);
            Record::new(EventId::MIN, RealmId::MIN, at, event, actor).with("organization", organization)
        };
        let (ada, event) = (Actor::User(UserId::MIN), Event::MemberChangeRefused);
        assert!(throttle.admits(&refusal(0, ada.clone(), event, "acme")));
        assert!(!throttle.admits(&refusal(59, ada.clone(), event, "acme")));
        assert!(throttle.admits(&refusal(0, ada.clone(), event, "other")));
        assert!(throttle.admits(&refusal(0, Actor::User(UserId::MAX), event, "acme")));
        assert!(throttle.admits(&refusal(0, ada.clone(), Event::OrganizationChangeRefused, "acme")));
        assert!(throttle.admits(&refusal(60, ada, event, "acme")));
        let limited = |limit: &str, about| {
            let record = refusal(0, Actor::Anonymous, Event::AttemptRefused, "").with("limit", limit);
            throttle.admits(&Record { user: about, ..record })
        };
        assert!(limited("sign-in-account", None) && !limited("sign-in-account", None));
        assert!(limited("sign-in-account", Some(UserId::MIN)) && limited("register", None));
    }
}
