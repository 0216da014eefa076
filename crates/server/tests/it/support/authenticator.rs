//! An authenticator app, as people have it on their phone.

use data_encoding::BASE32_NOPAD;
use gatepost_domain::{
    Timestamp,
    mfa::totp::{Seed, step_at},
};

use super::TestApp;

pub struct Authenticator(Seed);

impl Authenticator {
    /// One into which the key was typed.
    pub fn of(secret: &str) -> Self {
        Self(Seed::from_bytes(&BASE32_NOPAD.decode(secret.as_bytes()).unwrap()).unwrap())
    }

    /// What it shows now.
    pub fn code(&self, app: &TestApp) -> String {
        self.code_in(app, 0)
    }

    /// What it shows some steps later.
    pub fn code_in(&self, app: &TestApp, steps: i64) -> String {
        let now: Timestamp = app.clock.now();
        self.0.code(step_at(now).checked_add_signed(steps).unwrap()).digits().to_owned()
    }

    /// What it does not show anywhere near now.
    pub fn wrong(&self, app: &TestApp) -> String {
        let near: Vec<_> = (-2..=2).map(|steps| self.code_in(app, steps)).collect();
        (0..1_000_000).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap()
    }
}
