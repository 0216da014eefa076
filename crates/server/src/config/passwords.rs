//! How passwords are hashed.

use std::num::NonZeroUsize;

use serde::Deserialize;

use super::settings::{ConfigError, duration};
use crate::passwords::{Cost, PoolSettings};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawPasswords {
    threads: Option<NonZeroUsize>,
    wait_budget: Option<String>,
    memory_kib: Option<u32>,
    passes: Option<u32>,
    lanes: Option<u32>,
}

impl RawPasswords {
    pub(super) fn finish(self) -> Result<PoolSettings, ConfigError> {
        let default = PoolSettings::default();
        Ok(PoolSettings {
            threads: self.threads.unwrap_or(default.threads),
            wait_budget: duration("passwords.wait_budget", self.wait_budget, default.wait_budget)?,
            cost: Cost {
                memory_kib: within(
                    "passwords.memory_kib",
                    self.memory_kib,
                    default.cost.memory_kib,
                    8,
                    262_144,
                )?,
                passes: within("passwords.passes", self.passes, default.cost.passes, 1, 16)?,
                lanes: within("passwords.lanes", self.lanes, default.cost.lanes, 1, 16)?,
            },
        })
    }
}

fn within(key: &str, given: Option<u32>, default: u32, least: u32, most: u32) -> Result<u32, ConfigError> {
    let number = given.unwrap_or(default);
    if (least..=most).contains(&number) {
        return Ok(number);
    }
    Err(ConfigError::Value(format!("{key} = {number}: choose a number from {least} to {most}")))
}
