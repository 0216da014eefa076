use serde::{Deserialize, Serialize};

use crate::{RealmId, RealmName, Timestamp, mfa::Demand};

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
    /// Since when it asks everybody for a second factor; absent: it does not, or did so before that was written down.
    pub mfa_required_since: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Grows with every change of its settings, roles, clients or keys.
    pub version: u64,
}

impl Realm {
    /// One that is made now, and is not the default.
    pub fn begin(id: RealmId, name: RealmName, settings: RealmSettings, now: Timestamp) -> Self {
        let mfa_required_since = (settings.mfa == Mfa::Required).then_some(now);
        Self { id, name, is_default: false, settings, mfa_required_since, created_at: now, version: 1 }
    }

    /// The same with other settings from now on. Who says once more that a second factor is required does not begin its grace anew.
    #[must_use]
    pub fn with_settings(&self, settings: RealmSettings, now: Timestamp) -> Self {
        let mfa_required_since = match (self.settings.mfa, settings.mfa) {
            (Mfa::Required, Mfa::Required) => self.mfa_required_since,
            (_, Mfa::Required) => Some(now),
            (_, Mfa::Off | Mfa::Optional) => None,
        };
        Self { settings, mfa_required_since, ..self.clone() }
    }

    /// What it asks everybody for.
    pub fn mfa_demand(&self) -> Option<Demand> {
        let since = self.mfa_required_since.unwrap_or(self.created_at);
        (self.settings.mfa == Mfa::Required).then_some(Demand { since, grace: self.settings.mfa_grace })
    }
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
    /// Whether a word that many use, or one of the account's own, makes a password with digits or signs around it. Without them it
    /// never does. For contracts that know no rule.
    pub allow_decorated: bool,
}

impl Default for PasswordRules {
    fn default() -> Self {
        Self { min_length: crate::password::DEFAULT_MIN_LENGTH, allow_decorated: false }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_grace_begins_when_a_second_factor_becomes_required_and_at_no_other_change() {
        let at = |seconds: i64| Timestamp::from_unix_seconds(1_800_000_000 + seconds);
        let saying =
            |mfa| RealmSettings { mfa, mfa_grace: Duration::from_hours(1), ..RealmSettings::default() };
        let realm = Realm::begin(RealmId::MIN, "acme".parse().unwrap(), saying(Mfa::Optional), at(0));
        assert_eq!(realm.mfa_demand(), None);
        let required = realm.with_settings(saying(Mfa::Required), at(1));
        let since = |realm: &Realm| realm.mfa_demand().map(|demand| demand.since);
        assert_eq!(since(&required), Some(at(1)));
        let again = RealmSettings { registration: Registration::Closed, ..saying(Mfa::Required) };
        assert_eq!(since(&required.with_settings(again, at(2))), Some(at(1)));
        let not = required.with_settings(saying(Mfa::Off), at(3));
        assert_eq!((since(&not), not.mfa_required_since), (None, None));
        assert_eq!(since(&not.with_settings(saying(Mfa::Required), at(4))), Some(at(4)));
        let from_the_start =
            Realm::begin(RealmId::MIN, "acme".parse().unwrap(), saying(Mfa::Required), at(5));
        assert_eq!(since(&from_the_start), Some(at(5)));
        // One that asked before that was written down.
        assert_eq!(since(&Realm { mfa_required_since: None, ..from_the_start }), Some(at(5)));
    }
}
