use std::fmt;

use aws_lc_rs::{constant_time, digest};
use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use crate::Entropy;

/// A secret that is made, shown once and forgotten: a client secret, a mailed link, an API key.
///
/// It has no `Display`, no `Serialize`, no `Clone`; `Debug` hides it; its memory is wiped.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A fresh secret of 256 random bits: `prefix` and 43 letters of base64url.
    /// The prefix (`gp_cs_`) lets a scanner find a leaked one.
    pub fn generate(prefix: &str, entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        entropy.fill(bytes.as_mut());
        let mut text = String::with_capacity(prefix.len() + 43);
        text.push_str(prefix);
        BASE64URL_NOPAD.encode_append(bytes.as_ref(), &mut text);
        Self(Zeroizing::new(text))
    }

    /// A secret somebody sent us or wrote in a file.
    pub fn received(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The secret itself. For the one answer that shows it, and nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What the database keeps: SHA-256 of the secret.
    pub fn digest(&self) -> SecretDigest {
        SecretDigest::of(self.0.as_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// SHA-256 of a secret of full entropy: what is stored and compared in its place.
///
/// `==` is in constant time.
#[derive(Clone, Copy)]
pub struct SecretDigest([u8; 32]);

impl SecretDigest {
    /// The digest of a secret's bytes.
    pub fn of(secret: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, secret).as_ref());
        Self(bytes)
    }

    /// From the bytes the database kept.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes the database keeps.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether two digests are equal, in a time that says nothing about where they differ.
    pub fn ct_eq(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl PartialEq for SecretDigest {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other)
    }
}

impl Eq for SecretDigest {}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDigest(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::testing::Counting;

    #[test]
    fn a_secret_is_hidden_in_debug_and_shown_by_reveal_only() {
        let secret = Secret::generate("gp_cs_", &Counting::default());
        assert!(secret.reveal().starts_with("gp_cs_"));
        assert_eq!(secret.reveal().len(), 6 + 43);
        assert_eq!(format!("{secret:?} {:?}", secret.digest()), "Secret(…) SecretDigest(…)");
    }

    #[test]
    fn two_secrets_differ_and_one_digest_is_equal_to_itself_only() {
        let entropy = Counting::default();
        let (a, b) = (Secret::generate("x", &entropy), Secret::generate("x", &entropy));
        assert_ne!(a.reveal(), b.reveal());
        assert_eq!(a.digest(), Secret::received(a.reveal()).digest());
        assert_ne!(a.digest(), b.digest());
        // SHA-256 of "abc", FIPS 180-2 appendix B.1.
        assert_eq!(SecretDigest::of(b"abc").as_bytes()[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
}
