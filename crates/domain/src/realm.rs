use serde::{Deserialize, Serialize};

use crate::{RealmId, RealmName, Timestamp};

mod check;
mod issuer;
mod profile;
mod settings;
mod signing_alg;

pub use issuer::{Issuer, IssuerRefused};
pub use profile::Profile;
pub use settings::RealmSettings;
pub use signing_alg::SigningAlg;

/// An isolated tenant: its users, clients, keys and settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Realm {
    /// The id.
    pub id: RealmId,
    /// The name, as in `/r/{name}`.
    pub name: RealmName,
    /// Whether it answers at the root, without `/r/{name}`.
    pub is_default: bool,
    /// The settings.
    pub settings: RealmSettings,
    /// When it was made.
    pub created_at: Timestamp,
    /// Grows with every change of its settings, roles, clients or keys.
    pub version: u64,
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Anybody.
    #[default]
    Open,
    /// Who was invited.
    Invited,
    /// Nobody; administrators make users.
    Closed,
}

/// Whether applications may register themselves as clients (RFC 7591).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientRegistration {
    /// None; administrators make clients.
    #[default]
    Closed,
    /// Those that bring an initial access token.
    InitialAccessToken,
    /// Any, within narrow limits; and within wider ones those that bring an initial access token.
    Open,
}

/// Whether a second factor is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mfa {
    /// Never.
    Off,
    /// From those who set one up.
    #[default]
    Optional,
    /// From everybody.
    Required,
}

/// Whether requests are counted and limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RateLimits {
    /// The limits of the manual.
    #[default]
    Default,
    /// None: for tests.
    Off,
}

/// What a realm asks of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordRules {
    /// Characters at least.
    pub min_length: u32,
}

impl Default for PasswordRules {
    fn default() -> Self {
        Self { min_length: crate::password::DEFAULT_MIN_LENGTH }
    }
}
