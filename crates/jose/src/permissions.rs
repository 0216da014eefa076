//! The permissions of a token, and a quick answer to whether one is among them.

use std::sync::OnceLock;

/// So many are searched one by one.
const FEW: usize = 8;

/// No place of the index holds this one: a token of 16 KiB has fewer permissions.
const NOBODY: u16 = u16::MAX;

pub(crate) struct Permissions {
    all: Box<[Box<str>]>,
    /// Where each stands, at the place that its hash names or the next free one. Made when many are first asked about, so
    /// that taking in a token does not pay for it.
    index: OnceLock<Box<[u16]>>,
}

impl Permissions {
    pub(crate) const fn new(all: Box<[Box<str>]>) -> Self {
        Self { all, index: OnceLock::new() }
    }

    pub(crate) const fn all(&self) -> &[Box<str>] {
        &self.all
    }

    /// Whether the permission is among them: itself, or as `resource:*`. The action is what follows the last colon.
    pub(crate) fn hold(&self, permission: &str) -> bool {
        let bytes = permission.as_bytes();
        let resource = memchr::memrchr(b':', bytes).map(|colon| &bytes[..=colon]);
        let is_it = |one: &[u8]| {
            one == bytes || resource.is_some_and(|resource| one.strip_suffix(b"*") == Some(resource))
        };
        if self.all.len() <= FEW {
            return self.all.iter().any(|one| is_it(one.as_bytes()));
        }
        let index = self.index.get_or_init(|| self.indexed());
        // The two names share the resource, and so the beginning of their hashes.
        let shared = hash(START, resource.unwrap_or_default());
        let action = &bytes[resource.map_or(0, <[u8]>::len)..];
        let is_at = |hash: u64| {
            probe(index, hash)
                .map_while(|at| self.all.get(usize::from(index[at])))
                .any(|one| is_it(one.as_bytes()))
        };
        is_at(hash(shared, action)) || resource.is_some() && is_at(hash(shared, b"*"))
    }

    fn indexed(&self) -> Box<[u16]> {
        let mut index = vec![NOBODY; (self.all.len() * 2).next_power_of_two()].into_boxed_slice();
        for (number, one) in self.all.iter().enumerate() {
            let free = probe(&index, hash(START, one.as_bytes())).find(|at| index[*at] == NOBODY);
            if let (Some(at), Ok(number)) = (free, u16::try_from(number)) {
                index[at] = number;
            }
        }
        index
    }
}

/// FNV-1a. Whoever can make its values collide names the permissions of a realm, and wins a search one by one.
const START: u64 = 0xcbf2_9ce4_8422_2325;

fn hash(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Every place of the index, from the one that the hash names.
fn probe(index: &[u16], hash: u64) -> impl Iterator<Item = usize> + use<> {
    let places = index.len();
    let first = usize::try_from(hash ^ (hash >> 32)).unwrap_or_default();
    (0..places).map(move |step| first.wrapping_add(step) & (places - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Few and many answer alike: as the sentence says that defines it.
        #[test]
        fn a_permission_is_held_by_name_or_by_resource(
            all in proptest::collection::vec("[ab]{1,2}(:[ab*]){0,2}", 0..40),
            asked in "[ab]{0,2}(:[ab*]){0,2}",
        ) {
            let permissions = Permissions::new(all.iter().map(|one| one.as_str().into()).collect());
            let resource = asked.rsplit_once(':').map(|(resource, _)| resource);
            let expected = all.iter().any(|one| {
                *one == asked || resource.is_some_and(|resource| one.strip_suffix(":*") == Some(resource))
            });
            prop_assert_eq!(permissions.hold(&asked), expected);
        }
    }

    #[test]
    fn every_one_of_many_is_found() {
        let all: Box<[Box<str>]> = (0..2000).map(|number| format!("thing-{number}:read").into()).collect();
        let permissions = Permissions::new(all);
        assert!(permissions.all().iter().all(|one| permissions.hold(one)));
        assert!(
            !permissions.hold("thing-2000:read")
                && !permissions.hold("thing-1:write")
                && !permissions.hold("")
        );
    }
}
