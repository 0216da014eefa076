//! How often something may be tried: sign in, make an account, ask for a message, try a code, prove to be a client.
//!
//! Whatever door somebody comes through, one rule and one key count together. A try is counted before anything is done for it, so
//! that no number of them at once gets more than their share; where only those that fail shall count, one that succeeds is given back.
//!
//! What is counted is in the memory of this process. Several processes count apart.

mod attempt;
mod rule;
mod table;
mod told;

use std::hash::{BuildHasher as _, Hash, RandomState};

use gatepost_domain::{RealmId, Timestamp, rate_limit::Exhausted};

pub use attempt::{Attempt, attempt, attempt_of, check, note};
pub use rule::Rule;
pub use told::{Limited, RATE_LIMIT, RATE_LIMIT_POLICY};

use table::Table;

/// What is counted of every rule.
pub(crate) struct Limits {
    tables: [Table; Rule::ALL.len()],
    /// With a secret of this process: nobody can choose keys that fall into one place.
    hasher: RandomState,
}

/// Where something is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    rule: Rule,
    key: u64,
}

impl Limits {
    pub(crate) fn new() -> Self {
        Self {
            tables: Rule::ALL.map(|rule| Table::of(rule.limit(), rule.keys())),
            hasher: RandomState::new(),
        }
    }

    fn place(&self, rule: Rule, realm: RealmId, key: impl Hash) -> Place {
        Place { rule, key: self.hasher.hash_one((realm, key)) }
    }

    fn table(&self, rule: Rule) -> &Table {
        &self.tables[rule as usize]
    }

    fn take(&self, place: Place, now: Timestamp) -> Result<(), Exhausted> {
        self.table(place.rule).take(place.key, now)
    }

    fn look(&self, place: Place, now: Timestamp) -> Result<(), Exhausted> {
        self.table(place.rule).look(place.key, now)
    }

    fn give_back(&self, place: Place, now: Timestamp) {
        self.table(place.rule).give_back(place.key, now);
    }

    /// Whether one more sign-in of this account is let through, in a realm of no matter.
    pub(crate) fn lets_through(&self, account: u64, now: Timestamp) -> bool {
        self.take(self.place(Rule::SignInAccount, RealmId::MIN, account), now).is_ok()
    }
}
