//! OAuth clients: what is known of them, and what they may do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::api_key::permission_of;
use crate::{ClientId, DisplayName, Permission, RealmId, Scope, Scopes, SecretDigest, Timestamp};

/// The fewest characters of a client secret. It is kept as SHA-256 and guessed by machines, so it is made by one, too.
pub const MIN_SECRET: usize = 32;

/// An OAuth client: an application that sends users to us, or that acts on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The `client_id`, unique in the realm.
    pub id: ClientId,
    /// The realm.
    pub realm: RealmId,
    /// SHA-256 of the client secret; a public client has none.
    pub secret: Option<SecretDigest>,
    /// What else is known about it.
    pub settings: ClientSettings,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Grows with every change.
    pub version: u64,
}

impl Client {
    /// Whether it may get tokens of its own (RFC 6749 section 4.4), by secret or by a key of its own.
    pub fn acts_on_its_own(&self) -> bool {
        !self.is_public() && self.settings.allows(GrantType::ClientCredentials)
    }

    /// Whether the client can keep no secret (RFC 6749 section 2.1).
    pub const fn is_public(&self) -> bool {
        self.secret.is_none()
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
}

/// Where a user is sent back to: an absolute URI without fragment, compared to the byte (RFC 9700 section 2.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RedirectUri(Box<str>);

/// The text is not a redirect URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a redirect URI is absolute, as browsers write it, without fragment and '*': https, http on loopback, or an application's \
     own scheme"
)]
pub struct RedirectUriRefused;

impl RedirectUri {
    /// The URI as registered.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RedirectUri {
    type Err = RedirectUriRefused;

    fn from_str(text: &str) -> Result<Self, RedirectUriRefused> {
        let url = url::Url::parse(text).map_err(|_| RedirectUriRefused)?;
        let loopback = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let allowed = match url.scheme() {
            "https" => url.host().is_some(),
            "http" => loopback,
            // An application's own scheme is a reversed domain name (RFC 8252 section 7.1); this keeps
            // `javascript:` and `data:` out.
            own => own.contains('.'),
        };
        let plain = url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
            && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\' && b != b'*');
        // What a browser would write differently (case, default port, dots) could be compared in two ways.
        let normal = url.as_str() == text || url.as_str().strip_suffix('/') == Some(text);
        if allowed && plain && normal && !text.contains('#') && text.len() <= 2_000 {
            Ok(Self(text.into()))
        } else {
            Err(RedirectUriRefused)
        }
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for RedirectUri {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RedirectUri {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::name::parse_text(deserializer)
    }
}

/// What a client may do, with the names and defaults of the declarative file.
///
/// Unknown keys are skipped here, for a newer release may have written them; the file's reader refuses them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientSettings {
    /// The name shown to people.
    pub name: Option<DisplayName>,
    /// Where users may be sent back to.
    pub redirect_uris: Vec<RedirectUri>,
    /// Where users may be sent after signing out.
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// Who is told when a session ends (OpenID Connect Back-Channel Logout 1.0).
    pub backchannel_logout_uri: Option<RedirectUri>,
    /// How it may obtain tokens.
    pub grants: Vec<GrantType>,
    /// What it may ask for.
    pub scopes: Scopes,
    /// Whether an authorization request must carry a challenge (RFC 7636).
    pub require_pkce: bool,
    /// Whether users are not asked to consent.
    pub skip_consent: bool,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            name: None,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            grants: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            scopes: Scopes::default(),
            require_pkce: true,
            skip_consent: false,
        }
    }
}

impl ClientSettings {
    /// Whether the client may obtain tokens in this way.
    pub fn allows(&self, grant: GrantType) -> bool {
        self.grants.contains(&grant)
    }

    /// What a client that acts on its own gets of the scopes it asks for: those it has, by themselves or as one action of a
    /// `resource:*`. Without asking, all of them; never those that stand for a person (RFC 6749 section 3.3).
    pub fn granted(&self, wanted: Option<&Scopes>) -> Scopes {
        let has = |scope: &Scope| {
            self.scopes.contains(scope.as_str())
                || permission_of(scope)
                    .is_some_and(|wanted| permissions_of(&self.scopes).any(|had| had.covers(&wanted)))
        };
        let wanted = wanted.unwrap_or(&self.scopes);
        wanted.iter().filter(|scope| !scope.is_personal() && has(scope)).cloned().collect()
    }

    /// The names of all settings.
    pub fn keys() -> Vec<String> {
        match serde_json::to_value(Self::default()) {
            Ok(serde_json::Value::Object(map)) => map.into_iter().map(|(key, _)| key).collect(),
            _ => Vec::new(),
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
    fn redirect_uris_that_could_be_turned_against_the_user_are_refused() {
        for good in [
            "https://app.test/cb?x=1",
            "http://localhost:8000/cb",
            "http://127.0.0.1/cb",
            "http://[::1]:9/cb",
            "com.example.app:/cb",
        ] {
            assert_eq!(good.parse::<RedirectUri>().map(|u| u.to_string()), Ok(good.to_owned()));
        }
        for bad in [
            "http://app.test/cb",
            "https://app.test/cb#",
            "https://app.test/cb#x",
            "javascript:alert(1)",
            "data:text/html,x",
            "/cb",
            "https://u:p@app.test/",
            "https://app.test/a b",
            "https://app.test\\@evil.test/",
            "https://app.test/\n",
            "",
            "https://",
        ] {
            assert_eq!(bad.parse::<RedirectUri>(), Err(RedirectUriRefused), "{bad}");
        }
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
    }
}
