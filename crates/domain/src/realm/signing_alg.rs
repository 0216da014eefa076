use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a realm signs its access tokens with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SigningAlg {
    /// ECDSA with P-256 (RFC 7518 section 3.4).
    #[default]
    ES256,
    /// Ed25519 (RFC 8037).
    EdDSA,
    /// RSA with 2048 bits (RFC 7518 section 3.3).
    RS256,
    /// A shared secret (RFC 7518 section 3.2): only for the profiles that define it, and there for their own sign-in alone.
    HS256,
}

impl SigningAlg {
    /// The `alg` of a JOSE header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ES256 => "ES256",
            Self::EdDSA => "EdDSA",
            Self::RS256 => "RS256",
            Self::HS256 => "HS256",
        }
    }

    /// What is signed with that anybody may check with the published keys: tokens of clients, of keys and of our own sign-in. A secret
    /// that an application knows is never what proves somebody to another.
    #[must_use]
    pub const fn published(self) -> Self {
        match self {
            Self::HS256 => Self::ES256,
            other => other,
        }
    }
}

impl fmt::Display for SigningAlg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no algorithm a realm can sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a realm signs with ES256, EdDSA, RS256 or HS256")]
pub struct SigningAlgRefused;

impl FromStr for SigningAlg {
    type Err = SigningAlgRefused;

    fn from_str(text: &str) -> Result<Self, SigningAlgRefused> {
        [Self::ES256, Self::EdDSA, Self::RS256, Self::HS256]
            .into_iter()
            .find(|alg| alg.as_str() == text)
            .ok_or(SigningAlgRefused)
    }
}
