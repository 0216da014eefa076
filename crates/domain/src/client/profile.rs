//! Security profiles: names for settings that belong together.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{ClientAlg, ClientSettings, GrantType};
use crate::SigningAlg;
use crate::setting::SettingRefused;

/// A named set of settings. Whoever names it gets the settings that it needs, and none that it forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SecurityProfile {
    /// FAPI 2.0 Security Profile: the client proves itself with a key, sends its requests ahead, and its tokens are bound to a key.
    #[serde(rename = "fapi2")]
    Fapi2,
}

impl SecurityProfile {
    /// The name, as in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fapi2 => "fapi2",
        }
    }

    /// The settings that it needs to be just so.
    pub fn implied(self) -> Map<String, Value> {
        let Self::Fapi2 = self;
        let members = [
            // Section 5.3.2.1.
            ("token_endpoint_auth_method", json!("private_key_jwt")),
            ("require_pushed_authorization_requests", json!(true)),
            ("require_pkce", json!(true)),
            ("dpop_bound_access_tokens", json!(true)),
            ("refresh_token_rotation", json!(false)),
        ];
        members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }

    /// Settings it needs to have one of several values, with that which they get unless they are named.
    pub fn suggested(self) -> Map<String, Value> {
        let Self::Fapi2 = self;
        // Section 5.4.1: not RS256. What the realm signs with otherwise than by default is named.
        let members = ["id_token_signed_response_alg", "introspection_signed_response_alg"];
        members.map(|name| (name.to_owned(), json!("ES256"))).into_iter().collect()
    }

    /// What a client may sign with that names no algorithm (section 5.4.1).
    pub const fn algorithms(self) -> [ClientAlg; 3] {
        [ClientAlg::PS256, ClientAlg::ES256, ClientAlg::EdDSA]
    }

    /// Whether the settings are within it.
    pub(super) fn check(self, settings: &ClientSettings) -> Result<(), SettingRefused> {
        let name = self.as_str();
        let no = |member: &str, reason: String| Err(SettingRefused::new(member.to_owned(), reason));
        let members = serde_json::to_value(settings).unwrap_or_default();
        for (member, needed) in self.implied() {
            if members[&member] != needed {
                return no(
                    &member,
                    format!("the security profile {name} needs {needed} here; leave this out"),
                );
            }
        }
        let signed_with = [
            ("token_endpoint_auth_signing_alg", settings.token_endpoint_auth_signing_alg),
            ("request_object_signing_alg", settings.request_object_signing_alg),
        ];
        let allowed = self.algorithms();
        if let Some((member, _)) =
            signed_with.iter().find(|(_, alg)| alg.is_some_and(|alg| !allowed.contains(&alg)))
        {
            return no(member, format!("the security profile {name} takes PS256, ES256 or EdDSA"));
        }
        let signed_for = [
            ("id_token_signed_response_alg", Some(settings.id_token_signed_response_alg)),
            ("userinfo_signed_response_alg", settings.userinfo_signed_response_alg),
            ("introspection_signed_response_alg", Some(settings.introspection_signed_response_alg)),
        ];
        if let Some((member, _)) = signed_for.iter().find(|(_, alg)| *alg == Some(SigningAlg::RS256)) {
            return no(member, format!("the security profile {name} takes the realm's ES256 or EdDSA"));
        }
        if settings.allows(GrantType::Password) {
            return no(
                "grants",
                format!("the security profile {name} forbids the grant password; leave it out"),
            );
        }
        if settings.redirect_uris.iter().any(|uri| !uri.is_web()) {
            let reason = format!("the security profile {name} takes https, and http on loopback, only");
            return no("redirect_uris", reason);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(changes: &Value) -> Result<ClientSettings, SettingRefused> {
        let settings = ClientSettings::default().with(changes.as_object().unwrap())?;
        settings.check(false).map(|()| settings)
    }

    #[test]
    fn whoever_names_the_profile_has_its_settings() {
        let key = json!({ "keys": [{ "kty": "EC" }] });
        let settings = with(&json!({ "security_profile": "fapi2", "jwks": key })).unwrap();
        assert!(settings.require_pushed_authorization_requests && settings.dpop_bound_access_tokens);
        assert!(settings.require_pkce && !settings.refresh_token_rotation);
        assert_eq!(settings.id_token_signed_response_alg, SigningAlg::ES256);
        assert_eq!(settings.algorithms(None), SecurityProfile::Fapi2.algorithms());
        assert_eq!(settings.algorithms(Some(ClientAlg::ES256)), [ClientAlg::ES256]);
        // What is stored is read back as it was.
        let stored = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<ClientSettings>(&stored).unwrap(), settings);
        // Without the profile they stay, and may be changed.
        let later = settings.with(json!({ "security_profile": null }).as_object().unwrap()).unwrap();
        assert!(later.security_profile.is_none() && later.dpop_bound_access_tokens);
        assert_eq!(ClientSettings::default().algorithms(None), ClientAlg::ASYMMETRIC);
    }

    #[test]
    fn what_is_outside_of_the_profile_is_refused_by_name() {
        let key = json!({ "keys": [{ "kty": "EC" }] });
        for (member, value) in [
            ("token_endpoint_auth_method", json!("client_secret_basic")),
            ("token_endpoint_auth_method", json!(null)),
            ("require_pushed_authorization_requests", json!(false)),
            ("require_pkce", json!(false)),
            ("dpop_bound_access_tokens", json!(false)),
            ("refresh_token_rotation", json!(true)),
            ("token_endpoint_auth_signing_alg", json!("RS256")),
            ("request_object_signing_alg", json!("RS256")),
            ("id_token_signed_response_alg", json!("RS256")),
            ("userinfo_signed_response_alg", json!("RS256")),
            ("introspection_signed_response_alg", json!("RS256")),
            ("redirect_uris", json!(["com.example.app:/cb"])),
        ] {
            let refused = with(&json!({ "security_profile": "fapi2", "jwks": key, member: value }));
            assert_eq!(refused.unwrap_err().member, member, "{value}");
            // Nor does it get there later.
            let within = with(&json!({ "security_profile": "fapi2", "jwks": key })).unwrap();
            let changed = within.with(json!({ member: value }).as_object().unwrap()).unwrap();
            assert_eq!(changed.check(false).unwrap_err().member, member, "{value}");
        }
        let password =
            json!({ "security_profile": "fapi2", "jwks": key, "grants": ["password"], "skip_consent": true });
        assert_eq!(with(&password).unwrap_err().member, "grants");
        assert_eq!(
            with(&json!({ "security_profile": "fapi2" })).unwrap_err().member,
            "token_endpoint_auth_method"
        );
        assert_eq!(with(&json!({ "security_profile": "fapi1" })).unwrap_err().member, "security_profile");
    }
}
