//! How a client proves who it is, and what it signs with.

use std::fmt;

use serde::{Deserialize, Serialize};

/// `token_endpoint_auth_method` (RFC 7591 section 2, OpenID Connect Core section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthMethod {
    /// Id and secret in the header `Authorization` (RFC 6749 section 2.3.1).
    ClientSecretBasic,
    /// Id and secret in the form.
    ClientSecretPost,
    /// A JWT under the secret (RFC 7523).
    ClientSecretJwt,
    /// A JWT under a key of which only the client has the private half (RFC 7523).
    PrivateKeyJwt,
    /// None: the client is public.
    #[serde(rename = "none")]
    Public,
}

impl ClientAuthMethod {
    /// The name, as registered.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::Public => "none",
        }
    }

    /// Whether the client has a secret for it.
    pub const fn needs_secret(self) -> bool {
        match self {
            Self::ClientSecretBasic | Self::ClientSecretPost | Self::ClientSecretJwt => true,
            Self::PrivateKeyJwt | Self::Public => false,
        }
    }

    /// Whether the client sends a JWT in place of a secret.
    pub const fn is_assertion(self) -> bool {
        matches!(self, Self::ClientSecretJwt | Self::PrivateKeyJwt)
    }
}

impl fmt::Display for ClientAuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a client signs with: its assertions and its request objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ClientAlg {
    /// RSA, PKCS #1 v1.5 (RFC 7518 section 3.3).
    RS256,
    /// RSA, PSS (RFC 7518 section 3.5).
    PS256,
    /// ECDSA with P-256 (RFC 7518 section 3.4).
    ES256,
    /// Ed25519 (RFC 8037).
    EdDSA,
    /// The client's secret (RFC 7518 section 3.2).
    HS256,
}

impl ClientAlg {
    /// Those with a public key.
    pub const ASYMMETRIC: [Self; 4] = [Self::RS256, Self::PS256, Self::ES256, Self::EdDSA];

    /// The `alg` of a JOSE header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::PS256 => "PS256",
            Self::ES256 => "ES256",
            Self::EdDSA => "EdDSA",
            Self::HS256 => "HS256",
        }
    }
}

/// Whether all applications know a user by one `sub`, or each sector by its own (OpenID Connect Core section 8).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectType {
    /// One for all.
    #[default]
    Public,
    /// One for each sector.
    Pairwise,
}
