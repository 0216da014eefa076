//! What can be said of a provider.

use serde::{Deserialize, Serialize};

use super::{Preset, is_tenant};
use crate::setting::{SettingRefused, is_word, refuse};
use crate::{DisplayName, EmailAddress, Scope, WebUri};

/// A provider's settings, with the names and defaults of the declarative file. An unknown key is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct ProviderSettings {
    /// The provider whose ways are known: `google`, `microsoft`, `apple`, `github` or `gitlab`.
    pub preset: Option<Preset>,
    /// What people know it as; the preset's name or its id when absent.
    pub name: Option<DisplayName>,
    /// The issuer. Its metadata are read from there (OpenID Connect Discovery). A preset has its own.
    pub issuer: Option<WebUri>,
    /// What we are called there.
    pub client_id: String,
    /// What is asked for; who somebody is, their address and their name when empty.
    pub scopes: Vec<Scope>,
    /// Whether an address that it says is verified counts as proven, and may connect somebody to the account that has it.
    pub trust_email: bool,
    /// Whether it is in use. Nobody signs in by one that is not, and what is connected stays so.
    pub enabled: bool,
    /// Whether somebody without an account is given one, where the realm lets everybody make one.
    pub create_accounts: bool,
    /// Whether a proven address connects somebody to the account that has it.
    pub link_accounts: bool,
    /// Whether what it gives with a sign-in is kept, for the person to use at its API: its access token, refresh token and ID token.
    pub keep_tokens: bool,
    /// The domains of the verified addresses that may sign in; every address when empty.
    pub allowed_domains: Vec<String>,
    /// Microsoft: a tenant's id, `organizations`, `consumers`, or `common` for both.
    pub tenant: Option<String>,
    /// Microsoft: the tenants that may sign in, where there are several; all when empty.
    pub tenants: Vec<String>,
    /// Apple: the team.
    pub team_id: Option<String>,
    /// Apple: the id of the key.
    pub key_id: Option<String>,
}

impl Default for ProviderSettings {
    fn default() -> Self {
        Self {
            preset: None,
            name: None,
            issuer: None,
            client_id: String::new(),
            scopes: Vec::new(),
            trust_email: false,
            enabled: true,
            create_accounts: true,
            link_accounts: true,
            keep_tokens: false,
            allowed_domains: Vec::new(),
            tenant: None,
            tenants: Vec::new(),
            team_id: None,
            key_id: None,
        }
    }
}

impl ProviderSettings {
    /// The names of all settings.
    pub fn keys() -> Vec<String> {
        match serde_json::to_value(Self::default()) {
            Ok(serde_json::Value::Object(members)) => members.into_iter().map(|(name, _)| name).collect(),
            _ => Vec::new(),
        }
    }

    /// Reads stored settings, which a newer release may have written: what this one does not know is left out.
    pub fn from_stored(json: &str) -> Result<Self, serde_json::Error> {
        let mut stored: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json)?;
        let known = Self::keys();
        stored.retain(|key, _| known.iter().any(|one| one == key));
        serde_json::from_value(serde_json::Value::Object(stored))
    }

    /// Whether the settings fit together; `has_secret` says whether there is a secret.
    pub fn check(&self, has_secret: bool) -> Result<(), SettingRefused> {
        if !is_word(&self.client_id) {
            return refuse("client_id", "write what the provider calls us, as it says");
        }
        match (&self.issuer, self.preset) {
            (None, None) => {
                return refuse("issuer", "write the provider's issuer, or a `preset`, as in \"google\"");
            }
            (Some(issuer), _) if issuer.as_str().contains('?') => {
                return refuse("issuer", "an issuer has no query");
            }
            _ => {}
        }
        let speaks_openid = self.preset != Some(Preset::Github);
        if speaks_openid && !self.scopes.is_empty() && !self.scopes.iter().any(|one| one.as_str() == "openid")
        {
            return refuse("scopes", "`openid` must be among them: without it nobody says who signed in");
        }
        let domain = |text: &String| {
            format!("x@{text}")
                .parse::<EmailAddress>()
                .is_ok_and(|address| address.key() == format!("x@{text}"))
        };
        if !self.allowed_domains.iter().all(domain) {
            return refuse("allowed_domains", "write domains in lower case, as in [\"example.com\"]");
        }
        self.check_microsoft()?;
        self.check_apple(has_secret)
    }

    fn check_microsoft(&self) -> Result<(), SettingRefused> {
        if self.preset != Some(Preset::Microsoft) {
            return match (&self.tenant, self.tenants.as_slice()) {
                (None, []) => Ok(()),
                (Some(_), _) => refuse("tenant", "this is for the preset \"microsoft\""),
                (None, _) => refuse("tenants", "this is for the preset \"microsoft\""),
            };
        }
        let several = ["common", "organizations", "consumers"];
        if let Some(tenant) = self.tenant.as_deref()
            && !several.contains(&tenant)
            && !is_tenant(tenant)
        {
            return refuse(
                "tenant",
                "write the tenant's id in lower case, \"organizations\", \"consumers\" or \"common\"",
            );
        }
        if !self.tenants.iter().all(|tenant| is_tenant(tenant)) {
            return refuse("tenants", "write ids of tenants, in lower case");
        }
        Ok(())
    }

    fn check_apple(&self, has_secret: bool) -> Result<(), SettingRefused> {
        let parts = [("team_id", &self.team_id), ("key_id", &self.key_id)];
        for (member, part) in parts {
            match (self.preset == Some(Preset::Apple), part) {
                (false, None) => {}
                (false, Some(_)) => return refuse(member, "this is for the preset \"apple\""),
                (true, Some(part)) if is_word(part) => {}
                (true, _) => return refuse(member, "Apple wants it: ten letters and digits, as it says"),
            }
        }
        if self.preset == Some(Preset::Apple) && !has_secret {
            return refuse(
                "private_key_file",
                "Apple wants a signature: name the file of the key it gave you",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_do_not_fit_together_are_refused_by_name() {
        for (json, secret, expected) in [
            (r#"{"client_id":"x"}"#, false, "issuer: "),
            (r#"{"preset":"google"}"#, true, "client_id: "),
            (r#"{"issuer":"https://id.test/?x","client_id":"x"}"#, true, "issuer: "),
            (r#"{"preset":"google","client_id":"x","scopes":["email"]}"#, true, "scopes: "),
            (
                r#"{"preset":"google","client_id":"x","allowed_domains":["@a.test"]}"#,
                true,
                "allowed_domains: ",
            ),
            (
                r#"{"preset":"google","client_id":"x","allowed_domains":["A.test"]}"#,
                true,
                "allowed_domains: ",
            ),
            (r#"{"preset":"google","client_id":"x","tenant":"common"}"#, true, "tenant: "),
            (r#"{"preset":"microsoft","client_id":"x","tenant":"acme"}"#, true, "tenant: "),
            (r#"{"preset":"microsoft","client_id":"x","tenants":["common"]}"#, true, "tenants: "),
            (r#"{"preset":"google","client_id":"x","team_id":"T"}"#, true, "team_id: "),
            (r#"{"preset":"apple","client_id":"x","key_id":"K"}"#, true, "team_id: "),
            (r#"{"preset":"apple","client_id":"x","team_id":"T","key_id":"K"}"#, false, "private_key_file: "),
        ] {
            let settings: ProviderSettings = serde_json::from_str(json).unwrap();
            let refused = settings.check(secret).unwrap_err().to_string();
            assert!(refused.starts_with(expected), "{json}: {refused}");
        }
        for json in [
            r#"{"issuer":"https://id.test","client_id":"x"}"#,
            r#"{"preset":"github","client_id":"x","scopes":["user:email"]}"#,
            r#"{"preset":"microsoft","client_id":"x","tenant":"organizations","allowed_domains":["a.test"]}"#,
            r#"{"preset":"apple","client_id":"x","team_id":"T","key_id":"K"}"#,
        ] {
            let settings: ProviderSettings = serde_json::from_str(json).unwrap();
            assert_eq!(settings.check(true), Ok(()), "{json}");
        }
        assert!(serde_json::from_str::<ProviderSettings>(r#"{"client":"x"}"#).is_err());
        assert!(ProviderSettings::from_stored(r#"{"client_id":"x","from_the_future":1}"#).is_ok());
    }
}
