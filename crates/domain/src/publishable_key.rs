//! Publishable keys: `pk_live_` or `pk_test_` and 32 letters that name a realm. They stand in the open, in browsers and apps, and open
//! nothing.
//!
//! The letters are the realm's id and a checksum, so that no row is kept of them: they outlive the master key, and a mistyped one names
//! no realm instead of another.

use crate::id::{read_base32_bytes, write_base32_bytes};
use crate::{RealmId, SecretDigest};

/// What a publishable key starts with. Both name the same realm: one that is for trying things is a realm of its own.
const PREFIXES: [&str; 2] = ["pk_live_", "pk_test_"];

/// Bytes of the id and of the checksum behind it: 32 letters together.
const ID: usize = 16;
const CHECKSUM: usize = 4;

/// The publishable key of a realm.
pub fn of(realm: RealmId) -> String {
    let mut bytes = [0; ID + CHECKSUM];
    bytes[..ID].copy_from_slice(realm.as_bytes());
    bytes[ID..].copy_from_slice(&checksum(realm));
    let mut text = PREFIXES[0].to_owned();
    write_base32_bytes(&bytes, &mut text);
    text
}

/// Whether a text is meant as a publishable key, and for no secret.
pub fn is_meant(text: &str) -> bool {
    text.starts_with("pk_")
}

/// The realm that a publishable key names. Whether there is one is for whoever looks it up.
pub fn realm(text: &str) -> Option<RealmId> {
    let letters = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix))?;
    let bytes: [u8; ID + CHECKSUM] = read_base32_bytes(letters.as_bytes())?;
    let (id, found) = bytes.split_first_chunk::<ID>()?;
    let realm = RealmId::from_bytes(*id);
    (checksum(realm) == *found).then_some(realm)
}

/// No secret and no proof.
fn checksum(realm: RealmId) -> [u8; CHECKSUM] {
    let mut four = [0; CHECKSUM];
    let digest = SecretDigest::of(format!("publishable key of {realm}").as_bytes());
    four.copy_from_slice(&digest.as_bytes()[..CHECKSUM]);
    four
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_publishable_key_is_what_programs_that_check_its_form_take() {
        let key = of(RealmId::from_bytes([0xa5; 16]));
        let letters = key.strip_prefix("pk_live_").unwrap();
        assert_eq!(letters.len(), 32);
        assert!(letters.bytes().all(|letter| letter.is_ascii_alphanumeric()), "{key}");
        assert_eq!(realm(&key.replace("live", "test")), realm(&key));
        assert!(is_meant(&key) && !is_meant("gp_key_0"));
    }

    #[test]
    fn what_is_no_publishable_key_names_no_realm() {
        let key = of(RealmId::MIN);
        for other in
            ["", "pk_live_", "pk_live_0", &key.to_uppercase(), &format!("{key}0"), &key["pk_".len()..]]
        {
            assert_eq!(realm(other), None, "{other}");
        }
        assert_eq!(realm(&key.replace("live", "prod")), None);
    }

    proptest! {
        #[test]
        fn every_realm_is_read_back_and_a_changed_letter_names_none(
            id: [u8; 16], at in 8_usize..40, letter in "[0-9a-z]"
        ) {
            let key = of(RealmId::from_bytes(id));
            prop_assert_eq!(realm(&key), Some(RealmId::from_bytes(id)));
            let mut changed = key.clone();
            changed.replace_range(at..=at, &letter);
            prop_assert_eq!(realm(&changed).is_some(), changed == key);
        }
    }
}
