//! The life of a signing key: published, signing, retired, gone.
//!
//! Nothing about a key's state is stored but when it begins to sign: all else follows from that, so two replicas
//! looking at the same rows at the same time agree. A key is published a day before it signs, so that a verifier
//! that caches the key set knows it in time, and stays published until the last token it signed has expired.

use std::fmt;
use std::time::Duration;

use crate::{RealmId, SigningAlg, Timestamp};

/// A signing key as the database keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// The realm it signs for.
    pub realm: RealmId,
    /// The key id, as in a token's header; unique in the realm.
    pub kid: String,
    /// Its one algorithm.
    pub alg: SigningAlg,
    /// Its place among the keys of the realm and the algorithm: 1, 2, 3. Unique, so that two replicas that make
    /// the next key at once end with one.
    pub sequence: u32,
    /// The public key as a JWK, in JSON; none for a shared secret.
    pub public_jwk: Option<String>,
    /// The private key, sealed with the master key.
    pub sealed: Vec<u8>,
    /// When it was made, and published.
    pub created_at: Timestamp,
    /// When it takes over.
    pub signs_from: Timestamp,
    /// When it was withdrawn: no longer published, its tokens refused.
    pub withdrawn_at: Option<Timestamp>,
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKey")
            .field("kid", &self.kid)
            .field("alg", &self.alg)
            .field("sequence", &self.sequence)
            .field("signs_from", &self.signs_from)
            .field("withdrawn_at", &self.withdrawn_at)
            .finish_non_exhaustive()
    }
}

/// How keys follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPolicy {
    /// How long a key signs before the next takes over; `None`: until told otherwise.
    pub rotate_every: Option<Duration>,
    /// How long before it signs a key is published: at least what verifiers cache the key set for.
    pub publish_before: Duration,
    /// How long a token lives at most, leeway included: how long a retired key is still published.
    pub keep_for: Duration,
}

impl KeyPolicy {
    /// A day of notice, and retired keys kept for the longest token and an hour more.
    pub fn new(rotate_every: Option<Duration>, longest_token: Duration) -> Self {
        Self {
            rotate_every,
            publish_before: Duration::from_hours(24),
            keep_for: longest_token.saturating_add(Duration::from_hours(1)),
        }
    }
}

/// A key to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewKey {
    /// Its place in the row.
    pub sequence: u32,
    /// When it takes over.
    pub signs_from: Timestamp,
}

/// What holds at a moment, and what is to be done, for the keys of one algorithm of one realm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The key id that signs now; `None` only until the first key is made.
    pub signer: Option<String>,
    /// The key ids to be published, the newest first.
    pub published: Vec<String>,
    /// The key to be made now.
    pub create: Option<NewKey>,
    /// The key ids whose last token has expired.
    pub delete: Vec<String>,
    /// When to look again, if nothing else happens.
    pub next_change: Option<Timestamp>,
}

/// The earliest moment a set of moments after `now` has.
fn earliest(moments: impl IntoIterator<Item = Timestamp>, now: Timestamp) -> Option<Timestamp> {
    moments.into_iter().filter(|moment| *moment > now).min()
}

/// Keys that are not withdrawn, the oldest first.
fn in_order<'k>(keys: impl IntoIterator<Item = &'k StoredKey>) -> Vec<&'k StoredKey> {
    let mut live: Vec<_> = keys.into_iter().filter(|key| key.withdrawn_at.is_none()).collect();
    live.sort_by_key(|key| key.sequence);
    live
}

fn next_sequence(keys: &[StoredKey]) -> u32 {
    keys.iter().map(|key| key.sequence).max().unwrap_or(0).saturating_add(1)
}

/// Which of the live keys signs: the newest whose time has come; if the one that signed was withdrawn, the next,
/// at once.
fn signer_of(live: &[&StoredKey], now: Timestamp) -> Option<usize> {
    live.iter().rposition(|key| key.signs_from <= now).or(if live.is_empty() { None } else { Some(0) })
}

/// Says who signs, what is published, what to make and what to delete. `keys` are all keys of one algorithm of
/// one realm, in any order.
pub fn plan(keys: &[StoredKey], policy: &KeyPolicy, now: Timestamp) -> Plan {
    let live = in_order(keys);
    let mut delete: Vec<String> = keys
        .iter()
        .filter(|key| key.withdrawn_at.is_some_and(|at| now >= at.plus(policy.keep_for)))
        .map(|key| key.kid.clone())
        .collect();
    let Some(signer) = signer_of(&live, now) else {
        let create = NewKey { sequence: next_sequence(keys), signs_from: now };
        return Plan { create: Some(create), delete, ..Plan::default() };
    };
    // A key retires when the next live one takes over.
    let retired: Vec<(&StoredKey, Timestamp)> =
        live[..=signer].windows(2).map(|pair| (pair[0], pair[1].signs_from.plus(policy.keep_for))).collect();
    delete.extend(retired.iter().filter(|(_, gone_at)| now >= *gone_at).map(|(key, _)| key.kid.clone()));
    let published = live[signer..]
        .iter()
        .rev()
        .copied()
        .chain(retired.iter().rev().filter(|(_, gone_at)| now < *gone_at).map(|(key, _)| *key))
        .map(|key| key.kid.clone())
        .collect();

    let has_successor = signer + 1 < live.len();
    let due = match policy.rotate_every {
        Some(every) if !has_successor => Some(live[signer].signs_from.plus(every)),
        _ => None,
    };
    let create = due.filter(|due| now >= due.minus(policy.publish_before)).map(|due| NewKey {
        sequence: next_sequence(keys),
        signs_from: due.max(now.plus(policy.publish_before)),
    });
    let moments = live[signer..]
        .iter()
        .map(|key| key.signs_from)
        .chain(retired.iter().map(|(_, gone_at)| *gone_at))
        .chain(keys.iter().filter_map(|key| key.withdrawn_at).map(|at| at.plus(policy.keep_for)))
        .chain(due.map(|due| due.minus(policy.publish_before)));
    Plan {
        signer: Some(live[signer].kid.clone()),
        published,
        create,
        delete,
        next_change: earliest(moments, now),
    }
}

/// What a rotation comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// This key is made.
    Make(NewKey),
    /// The key of this id, which waits, signs from now on: it is published already, so that verifiers may know it.
    Advance(String),
    /// The next key is made and waits for its time.
    Waits,
}

/// What to do when somebody asks for a rotation now: the next key signs after the notice, or at once if `immediately` (then
/// verifiers that cached the key set may have to fetch it again).
pub fn rotate_now(keys: &[StoredKey], policy: &KeyPolicy, immediately: bool, now: Timestamp) -> Rotation {
    let live = in_order(keys);
    let waiting = signer_of(&live, now).and_then(|signer| live.get(signer + 1));
    match waiting {
        Some(next) if immediately => Rotation::Advance(next.kid.clone()),
        Some(_) => Rotation::Waits,
        None => {
            let notice = if immediately || live.is_empty() { Duration::ZERO } else { policy.publish_before };
            Rotation::Make(NewKey { sequence: next_sequence(keys), signs_from: now.plus(notice) })
        }
    }
}

#[cfg(test)]
#[path = "signing_key_tests.rs"]
mod tests;
