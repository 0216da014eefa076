//! Passwords that are known from accounts broken into elsewhere, asked of a service that learns no password (k-anonymity): it is sent
//! five digits of a hash, which more than a thousand of the passwords that it knows share, and answers with the rest of each of those.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use data_encoding::HEXUPPER;
use gatepost_domain::{
    Timestamp, WebUri,
    password::{Password, TooWeak},
};
use tokio::sync::Semaphore;

use crate::{
    http::Problem,
    outgoing::{Outgoing, Unfetched},
};

/// Digits of the hash that the service learns.
const PREFIX: usize = 5;
/// Questions under way at once. Whoever waits for a place is among those who wait for an answer.
const AT_ONCE: usize = 16;
/// When to try again where no answer is no consent.
const AGAIN: Duration = Duration::from_mins(1);
/// A service that is down is told of this often, however many passwords are chosen meanwhile.
const TOLD: Duration = Duration::from_mins(1);

/// Whom to ask, and what it means when there is no answer.
#[derive(Clone, Debug)]
pub struct BreachSettings {
    /// The address that the first five digits of a hash are appended to.
    pub url: WebUri,
    /// How long an answer may take.
    pub timeout: Duration,
    /// What happens to a password that could not be asked about.
    pub unanswered: Unanswered,
}

/// What happens to a password that could not be asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unanswered {
    /// It is accepted: a service that is down keeps nobody from an account.
    #[default]
    Accept,
    /// It is refused, for now.
    Refuse,
}

impl Unanswered {
    /// As it is written in the settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Refuse => "refuse",
        }
    }
}

/// Asks, where the settings name somebody to ask.
pub struct Breaches(Option<Service>);

struct Service {
    settings: BreachSettings,
    outgoing: Outgoing,
    places: Semaphore,
    told: Mutex<Option<Timestamp>>,
}

impl Breaches {
    /// Asks whom `settings` name; nobody without.
    pub fn new(settings: Option<BreachSettings>) -> Self {
        Self(settings.map(|settings| Service {
            settings,
            // The operator names it, and may have one of their own.
            outgoing: Outgoing::new(true),
            places: Semaphore::new(AT_ONCE),
            told: Mutex::new(None),
        }))
    }

    /// Whether anybody is asked.
    pub fn asks(&self) -> bool {
        self.0.is_some()
    }

    /// Refuses a password that is known from elsewhere. Whoever lets strangers ask has counted how often.
    pub async fn refuse_known(&self, password: &Password, now: Timestamp) -> Result<(), Problem> {
        let Some(service) = &self.0 else { return Ok(()) };
        match service.times(password).await {
            Ok(0) => Ok(()),
            Ok(times) => Err(Problem::WeakPassword(TooWeak::Breached { times })),
            Err(reason) => {
                let unanswered = service.settings.unanswered;
                if service.tells(now) {
                    tracing::warn!(%reason, password = unanswered.name(), "a password could not be looked up among those known from elsewhere");
                }
                match unanswered {
                    Unanswered::Accept => Ok(()),
                    Unanswered::Refuse => Err(Problem::PasswordUnchecked { retry_after: AGAIN }),
                }
            }
        }
    }
}

impl Service {
    /// How often the password was seen.
    async fn times(&self, password: &Password) -> Result<u64, Unfetched> {
        let hash = HEXUPPER.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes()).as_ref());
        let (prefix, rest) = hash.split_at(PREFIX);
        let url = format!("{}{prefix}", self.settings.url.as_str());
        let url = url.parse().map_err(|_| Unfetched::Address("not an address"))?;
        let until = tokio::time::Instant::now() + self.settings.timeout;
        let place = tokio::time::timeout_at(until, self.places.acquire()).await;
        let _place = place.map_err(|_| Unfetched::Busy)?;
        let answer = tokio::time::timeout_at(until, self.outgoing.range(&url)).await;
        let answer = answer.map_err(|_| Unfetched::Connection("it took too long".to_owned()))??;
        seen(&answer.body, rest)
    }

    /// Whether the last time this was told is a while ago.
    fn tells(&self, now: Timestamp) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_some_and(|last| now.since(last) < TOLD) {
            return false;
        }
        *told = Some(now);
        true
    }
}

/// How often a range says that the rest of a hash was seen. Lines with zero only make it as long as others.
fn seen(range: &[u8], rest: &str) -> Result<u64, Unfetched> {
    // A page that says something else with status 200 is not a range without this hash.
    let no_range = || Unfetched::Content("the answer is not a list of hashes".to_owned());
    let text = std::str::from_utf8(range).map_err(|_| no_range())?;
    let mut times = 0;
    let mut lines = 0;
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (hash, count) = line.split_once(':').ok_or_else(no_range)?;
        let count: u64 = count.trim().parse().map_err(|_| no_range())?;
        if hash.len() != rest.len() || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(no_range());
        }
        if hash.eq_ignore_ascii_case(rest) {
            times = count;
        }
        lines += 1;
    }
    if lines == 0 { Err(no_range()) } else { Ok(times) }
}

impl std::fmt::Debug for Breaches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Breaches")
            .field(&self.0.as_ref().map(|service| service.settings.url.as_str()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::seen;

    const REST: &str = "0018A45C4D1DEF81644B54AB7F969B88D65";

    #[test]
    fn a_range_says_how_often_a_hash_was_seen() {
        let other = "00D4F6E8FA6EECAD2A3AA415EEC418D38EC:2";
        for (range, times) in [
            (format!("{REST}:3\r\n{other}"), 3),
            (format!("{other}\r\n{}:17\r\n", REST.to_lowercase()), 17),
            (format!("{other}\n"), 0),
            // Padding.
            (format!("{other}\n{REST}:0\n"), 0),
        ] {
            assert_eq!(seen(range.as_bytes(), REST).unwrap(), times, "{range}");
        }
    }

    #[test]
    fn what_is_no_range_is_no_answer() {
        for range in [
            "",
            "\r\n",
            "<h1>It works!</h1>",
            "0018A:1",
            "nothing:here",
            "0018A45C4D1DEF81644B54AB7F969B88D65:-1",
        ] {
            assert!(seen(range.as_bytes(), REST).is_err(), "{range}");
        }
        assert!(seen(&[0xff, 0xfe], REST).is_err());
    }
}
