use std::fmt;
use std::str::FromStr;

use crate::{Entropy, Timestamp};

/// The text is not an id of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind: it starts with {prefix} and 26 letters and digits follow")]
pub struct IdRefused {
    /// What an id of the kind starts with.
    pub prefix: &'static str,
}

/// Crockford's base 32 in lower case: no i, l, o, u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// 16 bytes as 26 letters, most significant bits first, so that text and bytes sort alike.
fn write_base32(bytes: &[u8; 16], out: &mut [u8; 26]) {
    let mut rest = u128::from_be_bytes(*bytes);
    for letter in out.iter_mut().rev() {
        *letter = ALPHABET[(rest & 31) as usize];
        rest >>= 5;
    }
}

fn read_base32(text: &[u8]) -> Option<[u8; 16]> {
    // 26 letters carry 130 bits: the first may only use three of its five.
    if text.len() != 26 || !(b'0'..=b'7').contains(&text[0]) {
        return None;
    }
    let mut value: u128 = 0;
    for letter in text {
        let digit = ALPHABET.iter().position(|known| known == letter)?;
        value = (value << 5) | digit as u128;
    }
    Some(value.to_be_bytes())
}

/// Any number of whole fives of bytes, as eight letters each.
pub(crate) fn write_base32_bytes(bytes: &[u8], out: &mut String) {
    for five in bytes.chunks(5) {
        let group = five.iter().fold(0_u64, |group, byte| (group << 8) | u64::from(*byte));
        out.extend((0..8).rev().map(|n| char::from(ALPHABET[((group >> (5 * n)) & 31) as usize])));
    }
}

/// Reads what [`write_base32_bytes`] wrote: eight letters for every five bytes.
pub(crate) fn read_base32_bytes<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() * 5 != N * 8 {
        return None;
    }
    for (five, letters) in bytes.chunks_mut(5).zip(text.chunks(8)) {
        let mut group = 0_u64;
        for letter in letters {
            group = (group << 5) | ALPHABET.iter().position(|known| known == letter)? as u64;
        }
        five.copy_from_slice(&group.to_be_bytes()[3..]);
    }
    Some(bytes)
}

/// 48 bits of milliseconds, then 80 random bits: ids made later sort later, and none can be guessed.
fn fresh(now: Timestamp, entropy: &dyn Entropy) -> [u8; 16] {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes[6..]);
    let millis = u64::try_from(now.micros() / 1_000).unwrap_or(0);
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    bytes
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        ///
        /// 16 bytes: 48 bits of time in milliseconds and 80 random bits. As text: a prefix and 26 letters of
        /// Crockford's base 32 in lower case. Text and bytes sort by time of making.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// What the text of every such id starts with.
            pub const PREFIX: &'static str = $prefix;
            /// Sorts before every real id: where a listing starts.
            pub const MIN: Self = Self([0; 16]);
            /// Sorts after every real id: where a listing from the newest starts.
            pub const MAX: Self = Self([0xff; 16]);

            /// A fresh id, of now.
            pub fn new(now: Timestamp, entropy: &dyn Entropy) -> Self {
                Self(fresh(now, entropy))
            }

            /// Sorts before every id that is made at this moment or later, and after all that were made in an earlier
            /// millisecond.
            pub fn first_at(moment: Timestamp) -> Self {
                struct Zeros;
                impl Entropy for Zeros {
                    fn fill(&self, _: &mut [u8]) {}
                }
                Self(fresh(moment, &Zeros))
            }

            /// The one after it, for what comes of the same cause. There is nearly surely no other: ids are random.
            #[must_use]
            pub const fn next(&self) -> Self {
                Self(u128::from_be_bytes(self.0).wrapping_add(1).to_be_bytes())
            }

            /// From the bytes [`as_bytes`](Self::as_bytes) gave.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The bytes, as the database keeps them.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0; 26];
                write_base32(&self.0, &mut text);
                f.write_str($prefix)?;
                f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdRefused;

            fn from_str(text: &str) -> Result<Self, IdRefused> {
                text.strip_prefix($prefix)
                    .and_then(|rest| read_base32(rest.as_bytes()))
                    .map(Self)
                    .ok_or(IdRefused { prefix: $prefix })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::name::parse_text(deserializer)
            }
        }
    };
}

id!(
    /// A realm.
    RealmId, "rlm_"
);
id!(
    /// A user of a realm.
    UserId, "usr_"
);
id!(
    /// A signed-in browser or device.
    SessionId, "ses_"
);
id!(
    /// A client's authorization within a session.
    GrantId, "gnt_"
);
id!(
    /// An authorization code; not the code itself.
    CodeId, "cod_"
);
id!(
    /// A device that waits to be connected; not its code.
    DeviceCodeId, "dvc_"
);
id!(
    /// An audit event.
    EventId, "evt_"
);
id!(
    /// A message waiting in the outbox.
    OutboxId, "out_"
);
id!(
    /// An organization of a realm.
    OrganizationId, "org_"
);
id!(
    /// A team of an organization.
    TeamId, "tea_"
);
id!(
    /// An invitation into an organization.
    InvitationId, "inv_"
);
id!(
    /// An API key; not the secret itself.
    ApiKeyId, "key_"
);
id!(
    /// An initial access token; not the secret itself.
    InitialAccessTokenId, "iat_"
);
id!(
    /// A link that was mailed; not the link itself.
    MailedLinkId, "lnk_"
);
id!(
    /// A passkey of a user; not what its authenticator calls it.
    PasskeyId, "psk_"
);
id!(
    /// An account elsewhere that signs in to one here; not what it is called there.
    IdentityId, "idn_"
);
id!(
    /// A device on which a user is not asked for a second factor.
    TrustedDeviceId, "tdv_"
);
id!(
    /// Somebody who is told of what happens in a realm.
    WebhookId, "whk_"
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::testing::Counting;
    use proptest::prelude::*;

    #[test]
    fn ids_of_one_millisecond_differ_and_later_ids_sort_later() {
        let entropy = Counting::default();
        let early = Timestamp::from_unix_seconds(1_800_000_000);
        let (a, b) = (UserId::new(early, &entropy), UserId::new(early, &entropy));
        assert_ne!(a, b);
        let late = UserId::new(Timestamp::from_micros(early.micros() + 1_000), &entropy);
        assert!(late > a && late > b && late.to_string() > a.to_string());
        assert_eq!(a.to_string().len(), 30);
        let from = UserId::first_at(Timestamp::from_micros(early.micros() + 1_000));
        assert!(a < from && b < from && from < late && UserId::first_at(early) < a);
    }

    #[test]
    fn an_id_of_another_kind_another_case_or_another_length_is_refused() {
        let id = UserId::from_bytes([0xa5; 16]).to_string();
        assert!(id.parse::<UserId>().is_ok());
        assert!(id.parse::<SessionId>().is_err());
        assert!(id.to_uppercase().parse::<UserId>().is_err());
        assert!(format!("{id}0").parse::<UserId>().is_err());
        assert!(id[..29].parse::<UserId>().is_err());
        assert!(" usr_".parse::<UserId>().is_err());
        // i, l, o and u are not read as 1, 1, 0 and v; the 131st bit does not exist.
        for bad in [
            "usr_0000000000000000000000000i",
            "usr_0000000000000000000000000u",
            "usr_80000000000000000000000000",
        ] {
            assert_eq!(bad.parse::<UserId>(), Err(IdRefused { prefix: "usr_" }), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_id_is_read_back_and_sorts_like_its_bytes(a: [u8; 16], b: [u8; 16]) {
            let (x, y) = (GrantId::from_bytes(a), GrantId::from_bytes(b));
            prop_assert_eq!(x.to_string().parse::<GrantId>(), Ok(x));
            prop_assert_eq!(x.to_string().cmp(&y.to_string()), a.cmp(&b));
            prop_assert_eq!(serde_json::from_str::<GrantId>(&serde_json::to_string(&x).unwrap()).unwrap(), x);
        }

        #[test]
        fn no_two_texts_name_one_id(text in "gnt_[0-9a-zA-Z]{26}") {
            if let Ok(id) = text.parse::<GrantId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
