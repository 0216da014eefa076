//! Who must have a second factor, and from when on: what a realm asks of everybody, and an organization of whoever acts in it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::is_multi_factor;
use crate::Timestamp;

/// That a second factor is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// Since when.
    pub since: Timestamp,
    /// How long whoever has none may go on without.
    pub grace: Duration,
}

impl Demand {
    /// From when an account must have one that was made then. Nothing that its owner does, or somebody who has the password, moves it.
    pub fn due(&self, created_at: Timestamp) -> Timestamp {
        self.since.max(created_at).plus(self.grace)
    }
}

/// What is missing of a sign-in when the first step was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Nothing.
    Nothing,
    /// A second factor that the user has.
    Factor,
    /// The user has none, and it is asked for.
    SetUp,
    /// The user has none, and is asked to set one up, but may go on without.
    Offer(Offer),
}

/// Why somebody is asked to set up a second factor who may go on without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// From then on there is no going on without.
    Until(Timestamp),
    /// An organization asks for it of whoever acts in it.
    Organization,
}

impl Missing {
    /// Whether a second factor may be set up now, by whoever has proved no more than the first.
    pub const fn is_set_up(self) -> bool {
        matches!(self, Self::SetUp | Self::Offer(_))
    }

    /// Whether one may go on without.
    pub const fn is_passed(self) -> bool {
        matches!(self, Self::Nothing | Self::Offer(_))
    }
}

/// What is missing for a user with or without a factor whose account was made then. What a user has set up is asked for whether
/// anybody demands it or not.
pub fn missing(demand: Option<Demand>, has_factor: bool, created_at: Timestamp, now: Timestamp) -> Missing {
    match demand.map(|demand| demand.due(created_at)) {
        _ if has_factor => Missing::Factor,
        None => Missing::Nothing,
        Some(due) if now < due => Missing::Offer(Offer::Until(due)),
        Some(_) => Missing::SetUp,
    }
}

/// By how many factors the user of a session proved to be the user: what `amr` and `acr` say. Nothing else about a session or the
/// device it is on counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// One.
    One,
    /// Two, or a passkey.
    Two,
}

impl Level {
    /// Of a session that was begun by these methods (RFC 8176).
    pub fn of(amr: &[String]) -> Self {
        if is_multi_factor(amr) { Self::Two } else { Self::One }
    }
}

/// What an organization says of second factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrganizationMfa {
    /// Nothing: it is as the realm says.
    Inherit,
    /// Whoever acts in it must have shown one.
    Required,
}

impl OrganizationMfa {
    /// As it stands in JSON, in the file and in the audit trail.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inherit => "inherit",
            Self::Required => "required",
        }
    }
}

/// The text is none of the two words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an organization says \"required\" or \"inherit\", which is as its realm says")]
pub struct OrganizationMfaRefused;

impl std::str::FromStr for OrganizationMfa {
    type Err = OrganizationMfaRefused;

    fn from_str(text: &str) -> Result<Self, OrganizationMfaRefused> {
        [Self::Inherit, Self::Required]
            .into_iter()
            .find(|one| one.name() == text)
            .ok_or(OrganizationMfaRefused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn at(days: u64) -> Timestamp {
        Timestamp::from_unix_seconds(1_800_000_000).plus(DAY * u32::try_from(days).unwrap())
    }

    #[test]
    fn what_somebody_set_up_is_asked_for_whatever_anybody_says() {
        let demand = Demand { since: at(0), grace: DAY };
        for demand in [None, Some(demand)] {
            assert_eq!(missing(demand, true, at(0), at(0)), Missing::Factor, "{demand:?}");
        }
        assert_eq!(missing(None, false, at(0), at(0)), Missing::Nothing);
        let at_once = Demand { since: at(0), grace: Duration::ZERO };
        assert_eq!(missing(Some(at_once), false, at(0), at(0)), Missing::SetUp);
    }

    #[test]
    fn the_grace_counts_from_the_account_or_the_demand_whichever_was_later() {
        let demand = Demand { since: at(10), grace: DAY * 7 };
        let told = |created_at, now| missing(Some(demand), false, created_at, now);
        let until = |due| Missing::Offer(Offer::Until(due));
        // An account from before.
        assert_eq!(told(at(1), at(10)), until(at(17)));
        assert_eq!(told(at(1), at(17).minus(Duration::from_micros(1))), until(at(17)));
        assert_eq!(told(at(1), at(17)), Missing::SetUp);
        // And one that came later.
        assert_eq!(told(at(20), at(20)), until(at(27)));
        assert_eq!(told(at(20), at(27)), Missing::SetUp);
    }

    #[test]
    fn a_level_is_what_was_shown() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(Level::of(&words("pwd")), Level::One);
        assert_eq!(Level::of(&words("pwd otp")), Level::One);
        assert_eq!(Level::of(&words("pwd otp mfa")), Level::Two);
        assert_eq!(Level::of(&[]), Level::One);
    }

    #[test]
    fn an_organization_says_one_of_two_words() {
        assert_eq!("required".parse(), Ok(OrganizationMfa::Required));
        assert_eq!("inherit".parse(), Ok(OrganizationMfa::Inherit));
        for other in ["", "off", "optional", "Required"] {
            assert_eq!(other.parse::<OrganizationMfa>(), Err(OrganizationMfaRefused), "{other}");
        }
    }
}
