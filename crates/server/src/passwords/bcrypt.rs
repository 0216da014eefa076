//! bcrypt: `$2a$`, `$2b$` and `$2y$`, the same with what Django and passlib hash first.

use aws_lc_rs::{digest, hmac};
use zeroize::Zeroizing;

use super::stored::{HashUnusable, equal, fields, number, pairs};

/// Two to the power of this many rounds at the most; 12 is what most use today.
const MAX_COST: u32 = 15;
/// What bcrypt looks at of a password.
const MAX_PASSWORD: usize = 72;
const ALPHABET: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

pub(super) struct Bcrypt {
    cost: u32,
    salt: [u8; 16],
    expected: [u8; 23],
    before: Before,
}

/// What is done to a password so that all of it counts.
enum Before {
    Nothing,
    /// Django: SHA-256 in hexadecimal.
    Sha256,
    /// passlib: HMAC-SHA-256 with the salt, as it is spelled, as the key; in base 64.
    HmacSha256(String),
}

impl Bcrypt {
    /// `None`: another format.
    pub(super) fn parse(text: &str) -> Option<Result<Self, HashUnusable>> {
        let own = |text: &str| ["$2a$", "$2b$", "$2y$"].iter().any(|version| text.starts_with(version));
        if own(text) {
            Some(Self::plain(text, Before::Nothing))
        } else if let Some(text) = text.strip_prefix("bcrypt$").filter(|text| own(text)) {
            Some(Self::plain(text, Before::Nothing))
        } else if let Some(text) = text.strip_prefix("bcrypt_sha256$").filter(|text| own(text)) {
            Some(Self::plain(text, Before::Sha256))
        } else {
            text.strip_prefix("$bcrypt-sha256$").map(Self::passlib)
        }
    }

    fn plain(text: &str, before: Before) -> Result<Self, HashUnusable> {
        let [_, _, cost, rest] = fields(text)?;
        if cost.len() != 2 || !rest.is_ascii() || rest.len() != 53 {
            return Err(HashUnusable::Malformed);
        }
        let (salt, expected) = rest.split_at(22);
        Self::new(cost.strip_prefix('0').unwrap_or(cost), salt, expected, before)
    }

    /// `v=2,t=2b,r=12$salt$hash`.
    fn passlib(text: &str) -> Result<Self, HashUnusable> {
        let [params, salt, expected] = fields(text)?;
        let [Some("2"), Some("2b"), Some(cost)] = pairs(params, ["v", "t", "r"])? else {
            return Err(HashUnusable::Malformed);
        };
        Self::new(cost, salt, expected, Before::HmacSha256(salt.to_owned()))
    }

    fn new(cost: &str, salt: &str, expected: &str, before: Before) -> Result<Self, HashUnusable> {
        let cost = number(cost)?;
        if cost > MAX_COST {
            return Err(HashUnusable::TooCostly("bcrypt with a cost above 15"));
        }
        if cost < 4 {
            return Err(HashUnusable::Malformed);
        }
        Ok(Self { cost, salt: decode(salt)?, expected: decode(expected)?, before })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let mut key = Zeroizing::new(match &self.before {
            Before::Nothing => password.to_vec(),
            Before::Sha256 => data_encoding::HEXLOWER
                .encode(digest::digest(&digest::SHA256, password).as_ref())
                .into_bytes(),
            Before::HmacSha256(salt) => {
                let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt.as_bytes()), password);
                data_encoding::BASE64.encode(tag.as_ref()).into_bytes()
            }
        });
        // A password that bcrypt would cut is not the one whose first 72 bytes are the same, and one with a NUL in it is not the
        // one that ends there: bcrypt repeats the key, so that `a` and `a\0a` are one to it.
        let whole = key.len() <= MAX_PASSWORD && !key.contains(&0);
        key.push(0);
        key.truncate(MAX_PASSWORD);
        equal(&bcrypt::bcrypt(self.cost, self.salt, &key)[..23], &self.expected) && whole
    }
}

/// The base 64 of bcrypt. Bits of the last letter that belong to no byte are not looked at, as crypt(3) does not.
fn decode<const N: usize>(text: &str) -> Result<[u8; N], HashUnusable> {
    if text.len() != (N * 8).div_ceil(6) {
        return Err(HashUnusable::Malformed);
    }
    let mut bytes = Vec::with_capacity(N + 1);
    let (mut bits, mut have) = (0_u32, 0);
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter).ok_or(HashUnusable::Malformed)?;
        bits = (bits << 6) | u32::try_from(value).unwrap_or_default();
        have += 6;
        if have >= 8 {
            have -= 8;
            bytes.push((bits >> have).to_be_bytes()[3]);
        }
    }
    bytes.try_into().map_err(|_| HashUnusable::Malformed)
}
