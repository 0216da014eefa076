//! What an issuer made of API keys and of tokens for another organization (RFC 8693): a bounded memory of it. Asks for I/O,
//! does none.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};

/// What every API key of Gatepost starts with.
const PREFIX: &str = "gp_key_";

/// Letters of base 32 behind the prefix: 36 bytes, and a checksum of four.
const LETTERS: usize = 64;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Nothing is remembered for longer, whatever the issuer says: a revoked key is refused after a minute at the latest.
const LONGEST: i64 = 60;

/// For so long a subject that was good counts as one that likely is, although it must be exchanged anew.
const LATELY: i64 = 24 * 60 * 60;

/// For so long a refusal stands, so that a bad key does not make an API ask its issuer at every request.
const REFUSED_FOR: i64 = 5;

/// Entries that share a place. A place is searched under its own short lock and ordered by last use.
const WAYS: usize = 8;
const GOOD_PLACES: usize = 512;
const REFUSED_PLACES: usize = 128;

/// Whether a text says that it is an API key. Whether it can be one, [`is_api_key`] tells.
pub fn claims_to_be_api_key(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// Whether a text can be an API key of Gatepost: its shape and checksum are right. Says nothing about whether it is good.
pub fn is_api_key(text: &str) -> bool {
    let Some(letters) = text.strip_prefix(PREFIX).filter(|letters| letters.len() == LETTERS) else {
        return false;
    };
    let mut bytes = Vec::with_capacity(LETTERS / 8 * 5);
    for eight in letters.as_bytes().chunks(8) {
        let mut group = 0_u64;
        for letter in eight {
            match ALPHABET.iter().position(|known| known == letter) {
                Some(digit) => group = (group << 5) | digit as u64,
                None => return false,
            }
        }
        bytes.extend_from_slice(&group.to_be_bytes()[3..]);
    }
    let (body, checksum) = bytes.split_at(bytes.len() - 4);
    digest(&[body])[..4] == *checksum
}

/// What is exchanged, as a digest: the memory of it holds no secret that could be presented.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Subject([u8; 32]);

impl Subject {
    /// An API key.
    pub fn api_key(key: &str) -> Self {
        Self(digest(&[key.as_bytes()]))
    }

    /// A token, for an organization other than its own.
    pub fn organization(token: &str, organization: &str) -> Self {
        // No token and no key begins with a zero byte, and none contains one.
        Self(digest(&[b"\0", token.as_bytes(), b"\0", organization.as_bytes()]))
    }
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}

/// What is known of a [`Subject`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exchanged {
    /// The access token it was exchanged for. Verify it each time: keys may have been withdrawn since.
    Token(Arc<str>),
    /// The issuer refused it a moment ago.
    Refused,
    /// The same, and said that the organization asks for a second factor which the session has not shown.
    SecondFactorMissing,
}

/// Remembers exchanged tokens until they expire, a minute at the most, and refusals for five seconds.
///
/// Bounded: some 4096 tokens and 1024 refusals, in places of their own, so that made-up keys push out no good one. A token that
/// is over keeps its place while there is room: see [`was_good`](Self::was_good).
pub struct Exchanges {
    hasher: RandomState,
    good: Box<[Mutex<Vec<Entry>>]>,
    refused: Box<[Mutex<Vec<Entry>>]>,
}

struct Entry {
    subject: Subject,
    what: Exchanged,
    until: i64,
}

impl Entry {
    /// A clock set back must not make an entry live longer.
    fn holds_at(&self, now: i64) -> bool {
        (1..=LONGEST).contains(&self.until.saturating_sub(now))
    }
}

impl Default for Exchanges {
    fn default() -> Self {
        let places = |count| (0..count).map(|_| Mutex::default()).collect();
        Self { hasher: RandomState::new(), good: places(GOOD_PLACES), refused: places(REFUSED_PLACES) }
    }
}

impl Exchanges {
    /// What is known of the subject at `now`; `None`: ask the issuer.
    pub fn find(&self, subject: &Subject, now: i64) -> Option<Exchanged> {
        [&self.good, &self.refused].into_iter().find_map(|places| {
            let mut place = self.place(places, subject);
            let at = place.iter().position(|entry| entry.subject == *subject)?;
            if !place[at].holds_at(now) {
                return None;
            }
            place[..=at].rotate_right(1);
            Some(place[0].what.clone())
        })
    }

    /// Whether the subject was exchanged for a good token in the day before `now`, and not refused since. Exchange such a one before
    /// others when the issuer is busy: anybody can make up keys that nothing but an exchange tells from real ones, but none
    /// that were good.
    pub fn was_good(&self, subject: &Subject, now: i64) -> bool {
        let place = self.place(&self.good, subject);
        place.iter().any(|entry| entry.subject == *subject && now.saturating_sub(entry.until) < LATELY)
    }

    /// The issuer answered with a token, which was verified, and ends at `expires_at`.
    pub fn exchanged(&self, subject: Subject, token: Arc<str>, expires_at: i64, now: i64) {
        let until = expires_at.min(now.saturating_add(LONGEST));
        self.keep(&self.good, Entry { subject, what: Exchanged::Token(token), until });
    }

    /// The issuer refused it.
    pub fn refused(&self, subject: Subject, now: i64) {
        self.keep_refusal(subject, Exchanged::Refused, now);
    }

    /// The issuer refused it for want of a second factor.
    pub fn lacks_second_factor(&self, subject: Subject, now: i64) {
        self.keep_refusal(subject, Exchanged::SecondFactorMissing, now);
    }

    fn keep_refusal(&self, subject: Subject, what: Exchanged, now: i64) {
        self.place(&self.good, &subject).retain(|known| known.subject != subject);
        self.keep(&self.refused, Entry { subject, what, until: now.saturating_add(REFUSED_FOR) });
    }

    fn keep(&self, places: &[Mutex<Vec<Entry>>], entry: Entry) {
        let mut place = self.place(places, &entry.subject);
        place.retain(|known| known.subject != entry.subject);
        place.truncate(WAYS - 1);
        place.insert(0, entry);
    }

    /// By a hash that nobody outside can compute: digests could be made to crowd one place.
    fn place<'a>(&self, places: &'a [Mutex<Vec<Entry>>], subject: &Subject) -> MutexGuard<'a, Vec<Entry>> {
        let hash = usize::try_from(self.hasher.hash_one(subject) >> 32).unwrap_or_default();
        places[hash % places.len()].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Exchanges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchanges").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes 0 to 35 and their checksum.
    const KEY: &str = "gp_key_000g40r40m30e209185gr38e1w8124gk2gahc5rr34d1p70x3rfj08924deqwbcv";

    #[test]
    fn a_key_is_told_from_what_only_looks_like_one() {
        assert!(is_api_key(KEY));
        let mut swapped = KEY.to_owned();
        swapped.replace_range(20..21, if &KEY[20..21] == "0" { "1" } else { "0" });
        for bad in
            ["", "gp_key_", &swapped, &KEY[1..], &KEY[..70], &format!("{KEY}0"), &KEY.to_uppercase(), "a.b.c"]
        {
            assert!(!is_api_key(bad), "{bad}");
        }
        assert!(!is_api_key(&format!("gp_key_{}", "ä".repeat(32))));
    }

    #[test]
    fn a_token_is_known_until_it_ends_and_for_a_minute_at_most() {
        let exchanges = Exchanges::default();
        let subject = Subject::api_key(KEY);
        assert_eq!(exchanges.find(&subject, 100), None);
        exchanges.exchanged(subject, "t".into(), 130, 100);
        assert_eq!(exchanges.find(&subject, 129), Some(Exchanged::Token("t".into())));
        assert_eq!(exchanges.find(&subject, 130), None);
        exchanges.exchanged(subject, "t".into(), 9_999, 100);
        assert!(exchanges.find(&subject, 159).is_some());
        assert_eq!(exchanges.find(&subject, 160), None);
        exchanges.exchanged(subject, "t".into(), 9_999, 100);
        assert_eq!(exchanges.find(&subject, 20), None, "the clock was set back");
    }

    #[test]
    fn a_refusal_stands_for_a_moment_and_pushes_out_nothing_good() {
        let exchanges = Exchanges::default();
        let good = Subject::api_key(KEY);
        exchanges.exchanged(good, "t".into(), 160, 100);
        for number in 0..20_000 {
            exchanges.refused(Subject::api_key(&number.to_string()), 100);
        }
        assert!(exchanges.find(&good, 100).is_some());
        let kept = exchanges.refused.iter().map(|place| place.lock().unwrap().len()).sum::<usize>();
        assert!((500..=REFUSED_PLACES * WAYS).contains(&kept), "{kept}");
        let last = Subject::api_key("19999");
        assert_eq!(exchanges.find(&last, 104), Some(Exchanged::Refused));
        assert_eq!(exchanges.find(&last, 105), None);
        exchanges.lacks_second_factor(last, 200);
        assert_eq!(exchanges.find(&last, 204), Some(Exchanged::SecondFactorMissing));
        assert_eq!(exchanges.find(&last, 205), None);
    }

    #[test]
    fn a_subject_was_good_for_a_day_unless_it_was_refused_since() {
        let exchanges = Exchanges::default();
        let (subject, other) = (Subject::api_key(KEY), Subject::api_key("other"));
        exchanges.exchanged(subject, "t".into(), 160, 100);
        assert_eq!(exchanges.find(&subject, 160), None, "the token is over");
        assert!(exchanges.was_good(&subject, 160 + LATELY - 1));
        assert!(!exchanges.was_good(&subject, 160 + LATELY));
        assert!(!exchanges.was_good(&other, 100));
        exchanges.refused(subject, 161);
        assert!(!exchanges.was_good(&subject, 161));
        assert_eq!(exchanges.find(&subject, 161), Some(Exchanged::Refused));
    }

    #[test]
    fn what_is_exchanged_is_told_apart() {
        let subjects = [
            Subject::api_key("t"),
            Subject::organization("t", "a"),
            Subject::organization("t", "b"),
            Subject::organization("ta", ""),
            Subject::organization("", "ta"),
        ];
        for (at, one) in subjects.iter().enumerate() {
            assert!(subjects[..at].iter().all(|other| other != one), "{at}");
        }
    }
}
