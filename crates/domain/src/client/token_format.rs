//! What the tokens of a client look like.

use serde::{Deserialize, Serialize};

use super::ClientSettings;
use crate::Scopes;

/// `token_format`: the shape of the tokens that a client gets for people, and of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenFormat {
    /// RFC 9068 and OpenID Connect, as small as can be.
    #[default]
    Standard,
    /// What applications written for Scalekit expect: RS256, the client itself in `aud`, and `scopes`, `oid`, `nbf` and `azp` beside.
    Scalekit,
    /// What applications written for Zalt expect of a program that acts on its own: RS256, and `type`, `machine_id`, `scopes` and
    /// `target_machines` beside.
    Zalt,
}

impl TokenFormat {
    /// As it stands in JSON and in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Scalekit => "scalekit",
            Self::Zalt => "zalt",
        }
    }

    /// Whether RS256 signs every token of it, whatever the realm signs with.
    pub const fn needs_rs256(self) -> bool {
        !matches!(self, Self::Standard)
    }

    /// Whether it is that of Scalekit.
    pub const fn is_scalekit(self) -> bool {
        matches!(self, Self::Scalekit)
    }
}

impl ClientSettings {
    /// Whether what was agreed on goes on when the browser signs out. `offline_access` means that (OpenID Connect Core section 11);
    /// to an application written for Scalekit it means a refresh token, and who signs out has ended it.
    pub fn outlives_browser(&self, agreed: &Scopes) -> bool {
        agreed.contains("offline_access") && !self.token_format.is_scalekit()
    }

    /// Whether its tokens need the realm's RS256 key, whatever the realm signs with: ID tokens, and every token in the format of
    /// another server.
    pub fn needs_rs256(&self, scopes: &Scopes) -> bool {
        self.token_format.needs_rs256() || scopes.contains("openid")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offline_access_outlives_the_browser_but_for_scalekit() {
        for (token_format, agreed, outlives) in [
            (TokenFormat::Standard, "openid offline_access", true),
            (TokenFormat::Standard, "openid", false),
            (TokenFormat::Scalekit, "openid offline_access", false),
        ] {
            let settings = ClientSettings { token_format, ..ClientSettings::default() };
            assert_eq!(
                settings.outlives_browser(&agreed.parse().unwrap()),
                outlives,
                "{token_format:?} {agreed}"
            );
        }
    }

    #[test]
    fn every_token_for_another_server_is_rs256_and_else_id_tokens_are() {
        for (token_format, scopes, needed) in [
            (TokenFormat::Standard, "openid", true),
            (TokenFormat::Standard, "email", false),
            (TokenFormat::Scalekit, "email", true),
            (TokenFormat::Zalt, "email", true),
        ] {
            let settings = ClientSettings { token_format, ..ClientSettings::default() };
            assert_eq!(serde_json::to_value(token_format).unwrap(), token_format.name());
            assert_eq!(settings.needs_rs256(&scopes.parse().unwrap()), needed, "{token_format:?} {scopes}");
        }
    }
}
