//! How much is read at once: so much in all, less of it for a realm, and still less for a client.
//!
//! Everybody who opens a link or brings an assertion makes us read what its client keeps somewhere, and that may be kept by a
//! server that never answers. So a client has no more than its share of its realm's places, and a realm no more than its share of all:
//! whoever keeps their own busy takes none of another's.

use std::sync::{Mutex, PoisonError};

use gatepost_domain::{ClientId, ProviderId, RealmId};

/// So much is read at once: 16 MiB, and as many connections.
const IN_ALL: usize = 256;
/// So much of it in a realm.
const OF_A_REALM: usize = 16;
/// So much of that for a client.
const OF_A_CLIENT: usize = 6;

/// For whom something is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// In which realm.
    pub realm: RealmId,
    /// For which client or provider; `None`: for a client that is not there yet.
    whom: Option<String>,
}

impl Reader {
    /// A client.
    pub fn client(realm: RealmId, client: &ClientId) -> Self {
        Self { realm, whom: Some(format!("client {client}")) }
    }

    /// A provider.
    pub fn provider(realm: RealmId, provider: &ProviderId) -> Self {
        Self { realm, whom: Some(format!("provider {provider}")) }
    }

    /// One that wants to be a client.
    pub fn newcomer(realm: RealmId) -> Self {
        Self { realm, whom: None }
    }
}

/// Whose are taken, once for each.
#[derive(Default)]
pub(super) struct Places(Mutex<Vec<Reader>>);

impl Places {
    /// A place until it is dropped. `None`: the reader has as many as it may, or all are taken.
    pub(super) fn take(&self, reader: &Reader) -> Option<Place<'_>> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_realm = taken.iter().filter(|one| one.realm == reader.realm).count();
        let of_client = taken.iter().filter(|one| reader.whom.is_some() && *one == reader).count();
        if taken.len() >= IN_ALL || of_realm >= OF_A_REALM || of_client >= OF_A_CLIENT {
            return None;
        }
        taken.push(reader.clone());
        Some(Place { places: self, reader: reader.clone() })
    }
}

/// The right to read one document.
pub(super) struct Place<'p> {
    places: &'p Places,
    reader: Reader,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = taken.iter().position(|one| *one == self.reader) {
            taken.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn realm(number: u8) -> RealmId {
        RealmId::from_bytes([number; 16])
    }

    #[test]
    fn oa_19_nobody_takes_the_places_of_another() {
        let places = Places::default();
        let web = Reader::client(realm(1), &"web".parse().unwrap());
        let first: Vec<_> = (0..OF_A_CLIENT).map(|_| places.take(&web).unwrap()).collect();
        assert!(places.take(&web).is_none(), "a client has its share");
        // Newcomers share what is left of their realm.
        let newcomer = Reader::newcomer(realm(1));
        let rest: Vec<_> = (OF_A_CLIENT..OF_A_REALM).map(|_| places.take(&newcomer).unwrap()).collect();
        assert!(places.take(&newcomer).is_none(), "a realm has its share");
        assert!(places.take(&Reader::client(realm(1), &"native".parse().unwrap())).is_none());
        // A client of the same name elsewhere is another.
        assert!(places.take(&Reader::client(realm(2), &"web".parse().unwrap())).is_some());
        drop((first, rest));
        assert!(places.take(&web).is_some(), "and has it again");
        let all: Vec<_> = (0..=u8::MAX)
            .map_while(|number| places.take(&Reader::newcomer(realm(number / 16 + 100))))
            .collect();
        assert_eq!(all.len(), IN_ALL);
        assert!(places.take(&Reader::newcomer(realm(3))).is_none(), "and all together have an end");
    }
}
