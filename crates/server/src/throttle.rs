//! What is written down once a minute and not each time: refusals, which whoever is refused can repeat as fast as they like, and what an
//! application is given over and over again.

use std::time::Duration;

use gatepost_domain::{
    ClientId, Timestamp,
    audit::{Actor, Record},
};
use quick_cache::sync::Cache;

/// How long after one another like it is not written down.
const PAUSE: Duration = Duration::from_mins(1);
/// How many kinds are remembered. With more of them at once, some are written down again sooner.
const REMEMBERED: usize = 10_000;

/// Remembers what was written down of late. Each process has its own.
pub(crate) struct Throttle(Cache<String, Timestamp>);

impl Throttle {
    pub(crate) fn new() -> Self {
        Self(Cache::new(REMEMBERED))
    }

    /// Whether to write this refusal down: none like it, of the same actor in the same realm, organization, client and limit, was in
    /// the last minute. Of nobody known, the account counts that it was about.
    pub(crate) fn admits(&self, record: &Record) -> bool {
        let is_due = self.is_due(record);
        if is_due {
            self.note(record);
        }
        is_due
    }

    /// The same, of what is no refusal, and counts for each session and account elsewhere. Whoever writes it down [notes](Self::note) it
    /// then: what is given up before is written down the next time.
    pub(crate) fn is_due(&self, record: &Record) -> bool {
        self.0.get(&kind(record)).is_none_or(|last| record.at.since(last) >= PAUSE)
    }

    /// It was written down.
    pub(crate) fn note(&self, record: &Record) {
        self.0.insert(kind(record), record.at);
    }
}

fn kind(record: &Record) -> String {
    let organization = record.detail.get("organization").map_or("", String::as_str);
    let client = record.client.as_ref().map_or("", ClientId::as_str);
    let limit = record.detail.get("limit").map_or("", String::as_str);
    let about = record.user.filter(|_| record.actor == Actor::Anonymous).map(|user| user.to_string());
    let about = about.unwrap_or_default();
    let identity = record.detail.get("identity").map_or("", String::as_str);
    let session = record.session.filter(|_| !record.event.is_refusal()).map(|session| session.to_string());
    let session = session.unwrap_or_default();
    let Record { realm, actor, event, .. } = record;
    format!("{realm} {actor} {event} {organization} {client} {limit} {about} {identity} {session}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatepost_domain::{EventId, RealmId, SessionId, UserId, audit::Event};

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

    #[test]
    fn what_is_given_is_due_until_it_was_written_down_for_each_session_and_account_elsewhere() {
        let throttle = Throttle::new();
        let given = |second: i64, session, identity: &str| {
            let at = Timestamp::from_unix_seconds(1_000_000 + second);
            let (event, actor) = (Event::ProviderTokenGiven, Actor::User(UserId::MIN));
            let record = Record::new(EventId::MIN, RealmId::MIN, at, event, actor);
            record.session(session).with("identity", identity)
        };
        let one = given(0, SessionId::MIN, "a");
        assert!(throttle.is_due(&one) && throttle.is_due(&one), "nobody has written it down");
        throttle.note(&one);
        assert!(!throttle.is_due(&given(59, SessionId::MIN, "a")));
        for other in
            [given(60, SessionId::MIN, "a"), given(1, SessionId::MAX, "a"), given(1, SessionId::MIN, "b")]
        {
            assert!(throttle.is_due(&other), "{other:?}");
        }
    }
}
