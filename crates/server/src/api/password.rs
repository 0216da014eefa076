//! A password as it arrives.

use gatepost_domain::{
    RealmSettings,
    password::{self, TooWeak},
};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::http::Problem;

/// A password in a request body: never shown, wiped when dropped.
#[derive(utoipa::ToSchema)]
#[schema(value_type = String, format = Password, example = "the engine weaves algebra")]
pub struct Password(Zeroizing<String>);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl Password {
    /// The bytes to check, in the spelling they were stored in. Too long is refused before any work.
    pub fn spelled(&self) -> Result<password::Password, TooWeak> {
        password::Password::to_verify(&self.0)
    }

    /// As it arrived, for whoever asks the realm's policy about it.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// A new password, once it meets the realm's policy. `about` is what the account and the realm say of themselves:
    /// a password may not be made of it.
    pub fn accept(&self, settings: &RealmSettings, about: &[&str]) -> Result<password::Password, Problem> {
        password::Policy::of(settings.password).accept(&self.0, about).map_err(Problem::WeakPassword)
    }
}
