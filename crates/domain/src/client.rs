//! OAuth clients: what is known of them, and what they may do.

pub mod assertion;
mod check;
pub mod document;
mod entrusted;
pub mod exchange;
pub mod initial_access;
mod keys;
mod method;
mod origin;
mod profile;
pub mod registration;
mod settings;
mod token_format;
mod uri;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::api_key::permission_of;
use crate::{ClientId, Permission, RealmId, Scopes, SecretDigest, Timestamp};

pub use check::{ADMINISTERED, check_id};
pub(crate) use document::is_address as is_document_address;
pub use entrusted::{Entrusted, ROLES};
pub use initial_access::InitialAccessToken;
pub use keys::{ClientKeys, ClientKeysRefused};
pub use method::{ClientAlg, ClientAuthMethod, SubjectType};
pub use origin::{ClientOrigin, RegisteredBy};
pub use profile::SecurityProfile;
pub use settings::ClientSettings;
pub use token_format::TokenFormat;
pub use uri::{RedirectUri, RedirectUriRefused, RequestUri, WebUri, WebUriRefused};

/// The client of our own sign-in: no row, and no other client's id.
pub const FIRST_PARTY: &str = "gatepost";

/// The fewest characters of a client secret. It is kept as SHA-256 and guessed by machines, so it is made by one, too.
pub const MIN_SECRET: usize = 32;

/// An OAuth client: an application that sends users to us, or that acts on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The `client_id`, unique in the realm.
    pub id: ClientId,
    /// The realm.
    pub realm: RealmId,
    /// SHA-256 of the client secret; a public client and one with a key have none.
    pub secret: Option<SecretDigest>,
    /// The secret before it, while it is being replaced wherever it is used.
    pub previous_secret: Option<PreviousSecret>,
    /// The secret itself under the master key: only where it must be known, to check what was signed with it.
    pub sealed_secret: Option<Vec<u8>>,
    /// What else is known about it.
    pub settings: ClientSettings,
    /// How it came to be.
    pub origin: ClientOrigin,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Grows with every change.
    pub version: u64,
}

/// A secret that has a successor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreviousSecret {
    /// SHA-256 of it.
    pub digest: SecretDigest,
    /// From when it is refused.
    pub until: Timestamp,
}

/// How long a secret may be good beside its successor.
pub const LONGEST_OVERLAP: Duration = Duration::from_hours(24 * 30);

impl Client {
    /// Whether this is the client's secret, or the one before while that is good. Both are compared in full.
    pub fn knows(&self, sent: &SecretDigest, now: Timestamp) -> bool {
        let present = self.secret.as_ref().is_some_and(|own| own.ct_eq(sent));
        let before =
            self.previous_secret.as_ref().is_some_and(|own| own.digest.ct_eq(sent) && now < own.until);
        present | before
    }

    /// Whether it may get tokens of its own (RFC 6749 section 4.4), by secret or by a key of its own.
    pub fn acts_on_its_own(&self) -> bool {
        !self.is_public() && self.settings.allows(GrantType::ClientCredentials)
    }

    /// Whether it may show its secret in this way. A client that names no method may in the header and in the form.
    pub fn takes_secret_by(&self, method: ClientAuthMethod) -> bool {
        let shown =
            matches!(method, ClientAuthMethod::ClientSecretBasic | ClientAuthMethod::ClientSecretPost);
        self.secret.is_some()
            && shown
            && self.settings.token_endpoint_auth_method.is_none_or(|own| own == method)
    }

    /// Whether the client proves nothing (RFC 6749 section 2.1): it says so, or it has no secret and names no other method.
    pub fn is_public(&self) -> bool {
        match self.settings.token_endpoint_auth_method {
            Some(method) => method == ClientAuthMethod::Public,
            None => self.secret.is_none(),
        }
    }
}

/// How a client may obtain tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum GrantType {
    /// RFC 6749 section 4.1.
    #[serde(rename = "authorization_code")]
    AuthorizationCode,
    /// RFC 6749 section 6.
    #[serde(rename = "refresh_token")]
    RefreshToken,
    /// RFC 6749 section 4.4.
    #[serde(rename = "client_credentials")]
    ClientCredentials,
    /// RFC 8628.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
    /// RFC 8693.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:token-exchange")]
    TokenExchange,
    /// RFC 6749 section 4.3: only for one's own clients, in a realm that allows it.
    #[serde(rename = "password")]
    Password,
}

impl GrantType {
    /// The `grant_type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
            Self::Password => "password",
        }
    }
}

/// The permissions that scopes name.
pub fn permissions_of(scopes: &Scopes) -> impl Iterator<Item = Permission> {
    scopes.iter().filter_map(permission_of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    #[test]
    fn ca_03_two_secrets_are_good_while_one_replaces_the_other() {
        let digest = |text: &str| Secret::received(text).digest();
        let at = Timestamp::from_unix_seconds;
        let mut client = Client {
            id: "web".parse().unwrap(),
            realm: RealmId::MIN,
            secret: Some(digest("new")),
            previous_secret: Some(PreviousSecret { digest: digest("old"), until: at(60) }),
            sealed_secret: None,
            settings: ClientSettings::default(),
            origin: ClientOrigin::Managed,
            created_at: at(0),
            updated_at: at(0),
            version: 1,
        };
        for (sent, now, good) in
            [("new", 0, true), ("old", 59, true), ("old", 60, false), ("new", 60, true), ("x", 0, false)]
        {
            assert_eq!(client.knows(&digest(sent), at(now)), good, "{sent} at {now}");
        }
        client.secret = None;
        client.previous_secret = None;
        assert!(!client.knows(&SecretDigest::from_bytes([0; 32]), at(0)), "who has none knows none");
    }

    #[test]
    fn a_client_gets_what_it_asks_for_of_what_it_has() {
        let settings = ClientSettings {
            scopes: "openid notes:read users:* reports".parse().unwrap(),
            ..ClientSettings::default()
        };
        for (wanted, granted) in [
            (None, "notes:read users:* reports"),
            (Some("reports notes:read"), "reports notes:read"),
            (Some("users:read notes:write admin"), "users:read"),
            (Some("notes:* openid"), ""),
            (Some("report users:a:b"), ""),
        ] {
            let wanted: Option<Scopes> = wanted.map(|wanted| wanted.parse().unwrap());
            assert_eq!(settings.granted(wanted.as_ref()).to_string(), granted, "{wanted:?}");
        }
        assert!(settings.allows(GrantType::RefreshToken) && !settings.allows(GrantType::ClientCredentials));
    }

    #[test]
    fn a_clients_settings_are_read_back_and_proof_keys_are_asked_for_by_default() {
        let settings = ClientSettings {
            name: Some("Web app".parse().unwrap()),
            redirect_uris: vec!["https://app.test/cb".parse().unwrap()],
            scopes: "openid email".parse().unwrap(),
            ..ClientSettings::default()
        };
        let json = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<ClientSettings>(&json).unwrap(), settings);
        assert!(serde_json::from_str::<ClientSettings>("{}").unwrap().require_pkce);
        assert!(json.contains("authorization_code"));
        for grant in [GrantType::DeviceCode, GrantType::TokenExchange, GrantType::Password] {
            assert_eq!(serde_json::to_value(grant).unwrap(), grant.as_str());
        }
    }
}
