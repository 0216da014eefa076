//! Tokens that were verified before: a bounded cache in front of the signature check.

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

pub(crate) struct Seen {
    hasher: RandomState,
    places: Box<[Mutex<Vec<Entry>>]>,
}

struct Entry {
    hash: u64,
    /// The generation of keys under which the token was verified.
    generation: u64,
    token: Box<[u8]>,
    claims: Arc<Claims>,
}

impl Seen {
    /// A cache of about `entries` tokens (rounded up to a power of two); `None` for zero.
    pub(crate) fn new(entries: usize) -> Option<Self> {
        if entries == 0 {
            return None;
        }
        let places = entries.div_ceil(WAYS).next_power_of_two();
        Some(Self { hasher: RandomState::new(), places: (0..places).map(|_| Mutex::default()).collect() })
    }

    /// What a token is looked up by. Computed once a verification.
    pub(crate) fn hash(&self, token: &[u8]) -> u64 {
        self.hasher.hash_one(&token[token.len().saturating_sub(HASHED)..])
    }

    fn place(&self, hash: u64) -> MutexGuard<'_, Vec<Entry>> {
        let place = usize::try_from(hash >> 32).unwrap_or_default() & (self.places.len() - 1);
        self.places[place].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The claims of this very token, if it was verified with the keys of this generation.
    pub(crate) fn find(&self, hash: u64, token: &[u8], generation: u64) -> Option<Arc<Claims>> {
        let mut place = self.place(hash);
        let at = place.iter().position(|entry| {
            entry.hash == hash && entry.generation == generation && same(&entry.token, token)
        })?;
        place[..=at].rotate_right(1);
        Some(Arc::clone(&place[0].claims))
    }

    /// Remembers a token that has just been verified. The one used least recently makes room.
    pub(crate) fn keep(&self, hash: u64, token: &[u8], generation: u64, claims: &Arc<Claims>) {
        if token.len() > LONGEST {
            return;
        }
        let entry = Entry { hash, generation, token: token.into(), claims: Arc::clone(claims) };
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

    /// Carries over to `generation` the tokens whose key is still in `keys`, and drops the others.
    pub(crate) fn renew(&self, keys: &KeySet, generation: u64) {
        for place in &self.places {
            let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
            // The generation before only: an entry that missed a change of keys may not come back.
            place.retain_mut(|entry| {
                let stays = entry.generation == generation
                    || entry.generation + 1 == generation && keys.holds(entry.claims.key());
                entry.generation = generation;
                stays
            });
        }
    }
}

/// Compares in a time that does not depend on where two tokens differ: tokens are secrets.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && black_box(a.iter().zip(b).fold(0, |differences, (a, b)| differences | (a ^ b))) == 0
}
