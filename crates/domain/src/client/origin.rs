//! How a client came to be, and with it how far it is trusted.

use crate::{SecretDigest, Timestamp};

/// How a client came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientOrigin {
    /// Whoever manages the realm made it.
    Managed,
    /// It registered itself (RFC 7591).
    Registered {
        /// What let it.
        by: RegisteredBy,
        /// SHA-256 of its registration access token (RFC 7592).
        token: SecretDigest,
    },
    /// A document describes it, at the address that is its id.
    Document {
        /// When the document was last read.
        read_at: Timestamp,
        /// From when it is read again before the client is used.
        fresh_until: Timestamp,
    },
}

/// What let a client register itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RegisteredBy {
    /// The realm lets anybody.
    Anybody,
    /// An initial access token.
    InitialAccessToken,
}

impl ClientOrigin {
    /// The stable name, as the database and the API have it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Managed => "managed",
            Self::Registered { by: RegisteredBy::Anybody, .. } => "open",
            Self::Registered { by: RegisteredBy::InitialAccessToken, .. } => "initial_access_token",
            Self::Document { .. } => "document",
        }
    }

    /// Whether somebody of the realm knows of the client: made it, or handed out the token that let it in.
    pub const fn is_vouched_for(&self) -> bool {
        match self {
            Self::Managed | Self::Registered { by: RegisteredBy::InitialAccessToken, .. } => true,
            Self::Registered { by: RegisteredBy::Anybody, .. } | Self::Document { .. } => false,
        }
    }
}
