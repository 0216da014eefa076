//! PBKDF2 (RFC 8018) with HMAC-SHA-1, -256 or -512: passlib, Django, and the PHC string form.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2::{self, Algorithm};

use super::stored::{HashUnusable, MAX_SALT, base64, fields, number, pairs};

/// Rounds at the most, counted for each block of the hash that they are done for. Django 6.0 does 1,200,000.
const MAX_ROUNDS: u64 = 4_000_000;

pub(super) struct Pbkdf2 {
    algorithm: Algorithm,
    rounds: NonZeroU32,
    salt: Vec<u8>,
    expected: Vec<u8>,
}

impl Pbkdf2 {
    /// `None`: another format.
    pub(super) fn parse(text: &str) -> Option<Result<Self, HashUnusable>> {
        let named = |name: &str| text.strip_prefix(name);
        if let Some(rest) = named("pbkdf2_sha256$") {
            Some(Self::django(pbkdf2::PBKDF2_HMAC_SHA256, rest))
        } else if let Some(rest) = named("pbkdf2_sha1$") {
            Some(Self::django(pbkdf2::PBKDF2_HMAC_SHA1, rest))
        } else if let Some(rest) = named("$pbkdf2-sha256$") {
            Some(Self::passlib(pbkdf2::PBKDF2_HMAC_SHA256, rest))
        } else if let Some(rest) = named("$pbkdf2-sha512$") {
            Some(Self::passlib(pbkdf2::PBKDF2_HMAC_SHA512, rest))
        } else {
            let rest = named("$pbkdf2-sha1$").or_else(|| named("$pbkdf2$"))?;
            Some(Self::passlib(pbkdf2::PBKDF2_HMAC_SHA1, rest))
        }
    }

    /// `100000$salt$hash`: the salt as it stands.
    fn django(algorithm: Algorithm, text: &str) -> Result<Self, HashUnusable> {
        let [rounds, salt, expected] = fields(text)?;
        Self::new(algorithm, rounds, salt.as_bytes().to_vec(), base64(expected)?)
    }

    /// `29000$salt$hash` with both in base 64; or, as a PHC string, `i=29000,l=32$salt$hash`.
    fn passlib(algorithm: Algorithm, text: &str) -> Result<Self, HashUnusable> {
        let [params, salt, expected] = fields(text)?;
        let expected = base64(expected)?;
        let rounds = if params.contains('=') {
            let [rounds, length] = pairs(params, ["i", "l"])?;
            if length.is_some_and(|length| number(length).ok() != u32::try_from(expected.len()).ok()) {
                return Err(HashUnusable::Malformed);
            }
            rounds.ok_or(HashUnusable::Malformed)?
        } else {
            params
        };
        Self::new(algorithm, rounds, base64(salt)?, expected)
    }

    fn new(
        algorithm: Algorithm,
        rounds: &str,
        salt: Vec<u8>,
        expected: Vec<u8>,
    ) -> Result<Self, HashUnusable> {
        let rounds = NonZeroU32::new(number(rounds)?).ok_or(HashUnusable::Malformed)?;
        if !(16..=64).contains(&expected.len()) || salt.is_empty() || salt.len() > MAX_SALT {
            return Err(HashUnusable::Malformed);
        }
        let block: u64 = if algorithm == pbkdf2::PBKDF2_HMAC_SHA1 {
            20
        } else if algorithm == pbkdf2::PBKDF2_HMAC_SHA256 {
            32
        } else {
            64
        };
        if u64::from(rounds.get()) * (expected.len() as u64).div_ceil(block) > MAX_ROUNDS {
            return Err(HashUnusable::TooCostly(
                "PBKDF2 with more than 4,000,000 rounds over all its blocks",
            ));
        }
        Ok(Self { algorithm, rounds, salt, expected })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        pbkdf2::verify(self.algorithm, self.rounds, &self.salt, password, &self.expected).is_ok()
    }
}
