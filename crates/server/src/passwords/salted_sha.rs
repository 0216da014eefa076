//! One round of SHA over a password and a salt: `{SSHA}`, `{SSHA256}` and `{SSHA512}` of LDAP (RFC 2307 and what servers made of
//! it), and `sha1$` of old Django. Cheap to guess, so worth replacing soon; without a salt they are refused.

use aws_lc_rs::digest::{self, Algorithm};

use super::stored::{HashUnusable, MAX_SALT, base64, equal, fields, hexadecimal};

pub(super) struct SaltedSha {
    algorithm: &'static Algorithm,
    salt: Vec<u8>,
    expected: Vec<u8>,
    salt_comes_first: bool,
}

impl SaltedSha {
    /// `None`: another format.
    pub(super) fn parse(text: &str) -> Option<Result<Self, HashUnusable>> {
        let named = |name: &str| text.strip_prefix(name);
        if let Some(rest) = named("{SSHA}") {
            Some(Self::ldap(&digest::SHA1_FOR_LEGACY_USE_ONLY, rest))
        } else if let Some(rest) = named("{SSHA256}") {
            Some(Self::ldap(&digest::SHA256, rest))
        } else if let Some(rest) = named("{SSHA512}") {
            Some(Self::ldap(&digest::SHA512, rest))
        } else {
            named("sha1$").map(Self::django)
        }
    }

    /// Base 64 of the hash and, behind it, the salt.
    fn ldap(algorithm: &'static Algorithm, text: &str) -> Result<Self, HashUnusable> {
        let mut expected = base64(text)?;
        if expected.len() <= algorithm.output_len() {
            return Err(HashUnusable::Malformed);
        }
        let salt = expected.split_off(algorithm.output_len());
        Self::new(algorithm, salt, expected, false)
    }

    /// `salt$hash`: the salt as it stands, the hash in hexadecimal.
    fn django(text: &str) -> Result<Self, HashUnusable> {
        let [salt, expected] = fields(text)?;
        let salt = salt.as_bytes().to_vec();
        Self::new(&digest::SHA1_FOR_LEGACY_USE_ONLY, salt, hexadecimal(expected)?, true)
    }

    fn new(
        algorithm: &'static Algorithm,
        salt: Vec<u8>,
        expected: Vec<u8>,
        salt_comes_first: bool,
    ) -> Result<Self, HashUnusable> {
        if expected.len() != algorithm.output_len() || salt.is_empty() || salt.len() > MAX_SALT {
            return Err(HashUnusable::Malformed);
        }
        Ok(Self { algorithm, salt, expected, salt_comes_first })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let mut context = digest::Context::new(self.algorithm);
        let (first, second) =
            if self.salt_comes_first { (&*self.salt, password) } else { (password, &*self.salt) };
        context.update(first);
        context.update(second);
        equal(context.finish().as_ref(), &self.expected)
    }
}
