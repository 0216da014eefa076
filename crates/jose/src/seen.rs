//! What was made of a text before, tokens that were verified above all: a bounded cache in front of work with keys.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::hint::black_box;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Claims, KeySet};

/// Tokens that share a place. A place is searched under its own short lock and ordered by last use.
const WAYS: usize = 8;

/// So much of the end of a token is hashed: bytes of the signature, which nobody can choose.
const HASHED: usize = 32;

/// Longer tokens are verified each time: the cache's memory is bounded by entries times this.
const LONGEST: usize = 4096;

pub(crate) struct Seen<V> {
    hasher: RandomState,
    places: Box<[Mutex<Vec<Entry<V>>>]>,
}

struct Entry<V> {
    hash: u64,
    /// The generation of keys under which the token was verified.
    generation: u64,
    token: Box<[u8]>,
    value: Arc<V>,
}

impl<V> Seen<V> {
    /// A cache of about `entries` tokens (rounded up to a power of two); `None` for zero.
    pub(crate) fn new(entries: usize) -> Option<Self> {
        (entries > 0).then(|| Self::of(entries))
    }

    fn of(entries: usize) -> Self {
        let places = entries.div_ceil(WAYS).next_power_of_two();
        Self { hasher: RandomState::new(), places: (0..places).map(|_| Mutex::default()).collect() }
    }

    /// What a token is looked up by. Computed once a verification.
    pub(crate) fn hash(&self, token: &[u8]) -> u64 {
        self.hasher.hash_one(&token[token.len().saturating_sub(HASHED)..])
    }

    fn place(&self, hash: u64) -> MutexGuard<'_, Vec<Entry<V>>> {
        let place = usize::try_from(hash >> 32).unwrap_or_default() & (self.places.len() - 1);
        self.places[place].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was made of this very token, if it was with the keys of this generation.
    pub(crate) fn find(&self, hash: u64, token: &[u8], generation: u64) -> Option<Arc<V>> {
        let mut place = self.place(hash);
        let at = place.iter().position(|entry| {
            entry.hash == hash && entry.generation == generation && same(&entry.token, token)
        })?;
        place[..=at].rotate_right(1);
        Some(Arc::clone(&place[0].value))
    }

    /// Remembers a token that has just been verified. The one used least recently makes room.
    pub(crate) fn keep(&self, hash: u64, token: &[u8], generation: u64, value: &Arc<V>) {
        if token.len() > LONGEST {
            return;
        }
        let entry = Entry { hash, generation, token: token.into(), value: Arc::clone(value) };
        let mut place = self.place(hash);
        place.retain(|entry| entry.hash != hash || !same(&entry.token, token));
        if place.len() == WAYS {
            place.pop();
        }
        if place.capacity() == 0 {
            place.reserve_exact(WAYS);
        }
        place.insert(0, entry);
    }

    /// Forgets one token, found to be too old.
    pub(crate) fn forget(&self, hash: u64, token: &[u8]) {
        self.place(hash).retain(|entry| entry.hash != hash || !same(&entry.token, token));
    }

    pub(crate) fn len(&self) -> usize {
        self.places.iter().map(|place| place.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }
}

impl Seen<Claims> {
    /// Carries over to `generation` the tokens whose key is still in `keys`, and drops the others.
    pub(crate) fn renew(&self, keys: &KeySet, generation: u64) {
        for place in &self.places {
            let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
            // The generation before only: an entry that missed a change of keys may not come back.
            place.retain_mut(|entry| {
                let stays = entry.generation == generation
                    || entry.generation + 1 == generation && keys.holds(entry.value.key());
                entry.generation = generation;
                stays
            });
        }
    }
}

/// What was made of a text, kept to be found again by the very same text: a bounded cache for work with keys. It says nothing of whether
/// that still holds, so it lives no longer than the keys do, and whoever finds something looks at its time. Texts of more than 4 KiB are
/// not kept. They should differ within their last 32 bytes.
pub struct Memo<V>(Seen<V>);

impl<V> Memo<V> {
    /// A cache of about `entries` texts (rounded up to a power of two); memory is taken as they come.
    pub fn new(entries: usize) -> Self {
        Self(Seen::of(entries.max(1)))
    }

    /// What was made of this text.
    pub fn find(&self, text: &[u8]) -> Option<Arc<V>> {
        self.0.find(self.0.hash(text), text, 0)
    }

    /// Remembers it. The one used least recently makes room.
    pub fn keep(&self, text: &[u8], value: &Arc<V>) {
        self.0.keep(self.0.hash(text), text, 0, value);
    }
}

/// Says how many there are, and nothing of them: the texts are secrets.
impl<V> fmt::Debug for Memo<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Memo").field(&self.0.len()).finish()
    }
}

/// Compares in a time that does not depend on where two tokens differ: tokens are secrets.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && black_box(a.iter().zip(b).fold(0, |differences, (a, b)| differences | (a ^ b))) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_of_a_text_is_found_by_the_whole_text() {
        let memo = Memo::new(8);
        let texts = ["a".repeat(40), format!("b{}", "a".repeat(39)), "a".repeat(LONGEST + 1)];
        for (value, text) in texts.iter().enumerate() {
            memo.keep(text.as_bytes(), &Arc::new(value));
        }
        assert_eq!(memo.find(texts[0].as_bytes()).as_deref(), Some(&0));
        assert_eq!(memo.find(texts[1].as_bytes()).as_deref(), Some(&1), "another text with the same end");
        assert_eq!(memo.find(texts[2].as_bytes()), None, "longer texts are not kept");
        assert_eq!(memo.find(b"a"), None);
        assert_eq!(format!("{memo:?}"), "Memo(2)");
    }

    #[test]
    fn the_text_used_least_recently_makes_room() {
        let memo = Memo::new(1);
        let text = |n: usize| n.to_string().into_bytes();
        for n in 0..WAYS {
            memo.keep(&text(n), &Arc::new(n));
        }
        assert!(memo.find(&text(0)).is_some());
        memo.keep(&text(WAYS), &Arc::new(WAYS));
        assert!(memo.find(&text(0)).is_some());
        assert!(memo.find(&text(1)).is_none());
    }
}
