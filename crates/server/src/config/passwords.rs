//! How passwords are hashed, and who is asked about new ones.

use std::{num::NonZeroUsize, time::Duration};

use gatepost_domain::{WebUri, WebUriRefused};
use serde::Deserialize;

use super::settings::{ConfigError, duration};
use crate::passwords::{BreachSettings, Cost, PoolSettings, Unanswered};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawPasswords {
    threads: Option<NonZeroUsize>,
    wait_budget: Option<String>,
    memory_kib: Option<u32>,
    passes: Option<u32>,
    lanes: Option<u32>,
    breaches_url: Option<String>,
    breaches_timeout: Option<String>,
    breaches_unanswered: Option<Unanswered>,
}

impl RawPasswords {
    /// Who is asked about new passwords, if anybody is.
    pub(super) fn breaches(&mut self) -> Result<Option<BreachSettings>, ConfigError> {
        let key = "passwords.breaches_timeout";
        let timeout = duration(key, self.breaches_timeout.take(), Duration::from_secs(1))?;
        // Whoever chooses a password waits for it.
        if timeout.is_zero() || timeout > Duration::from_secs(10) {
            return Err(ConfigError::Value(format!("{key}: choose a time from 1s to 10s")));
        }
        let Some(text) = self.breaches_url.take() else { return Ok(None) };
        // Not quoted, for there may be a secret in it.
        let wrong = |reason: &str| ConfigError::Value(format!("passwords.breaches_url: {reason}"));
        let url: WebUri = text.parse().map_err(|error: WebUriRefused| wrong(&error.to_string()))?;
        if !url.as_str().ends_with('/') || url.as_str().contains('?') {
            return Err(wrong("the digits are appended to it; write it with / at its end, and without ?"));
        }
        Ok(Some(BreachSettings { url, timeout, unanswered: self.breaches_unanswered.unwrap_or_default() }))
    }

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
