use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Accent, DisplayName, RealmId, RealmName, RoleName, Scopes, Timestamp, WebOrigin, lifetime};

/// An isolated tenant: its users, clients, keys and settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Realm {
    /// The id.
    pub id: RealmId,
    /// The name, as in `/r/{name}`.
    pub name: RealmName,
    /// Whether it answers at the root, without `/r/{name}`.
    pub is_default: bool,
    /// The settings.
    pub settings: RealmSettings,
    /// When it was made.
    pub created_at: Timestamp,
    /// Grows with every change of its settings, roles, clients or keys.
    pub version: u64,
}

/// Which front door owns a realm's bare paths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Gatepost's own.
    #[default]
    Native,
    /// The wire contract of Zalt.
    Zalt,
    /// The wire contract of the FastAPI runbook.
    Runbook,
    /// The wire contract of module 04.
    Module04,
}

/// What a realm signs its access tokens with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SigningAlg {
    /// ECDSA with P-256 (RFC 7518 section 3.4).
    #[default]
    ES256,
    /// Ed25519 (RFC 8037).
    EdDSA,
    /// RSA with 2048 bits (RFC 7518 section 3.3).
    RS256,
    /// A shared secret (RFC 7518 section 3.2): only for the profiles that define it.
    HS256,
}

impl SigningAlg {
    /// The `alg` of a JOSE header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ES256 => "ES256",
            Self::EdDSA => "EdDSA",
            Self::RS256 => "RS256",
            Self::HS256 => "HS256",
        }
    }
}

impl fmt::Display for SigningAlg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no algorithm a realm can sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a realm signs with ES256, EdDSA, RS256 or HS256")]
pub struct SigningAlgRefused;

impl FromStr for SigningAlg {
    type Err = SigningAlgRefused;

    fn from_str(text: &str) -> Result<Self, SigningAlgRefused> {
        [Self::ES256, Self::EdDSA, Self::RS256, Self::HS256]
            .into_iter()
            .find(|alg| alg.as_str() == text)
            .ok_or(SigningAlgRefused)
    }
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Anybody.
    #[default]
    Open,
    /// Who was invited.
    Invited,
    /// Nobody; administrators make users.
    Closed,
}

/// Whether applications may register themselves as clients (RFC 7591).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientRegistration {
    /// None; administrators make clients.
    #[default]
    Closed,
    /// Those that bring an initial access token.
    InitialAccessToken,
    /// Any, within narrow limits; and within wider ones those that bring an initial access token.
    Open,
}

/// Whether a second factor is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mfa {
    /// Never.
    Off,
    /// From those who set one up.
    #[default]
    Optional,
    /// From everybody.
    Required,
}

/// Whether requests are counted and limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RateLimits {
    /// The limits of the manual.
    #[default]
    Default,
    /// None: for tests.
    Off,
}

/// What a realm asks of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordRules {
    /// Characters at least.
    pub min_length: u32,
}

impl Default for PasswordRules {
    fn default() -> Self {
        Self { min_length: crate::password::DEFAULT_MIN_LENGTH }
    }
}

/// A realm's issuer: an `https` URL (or `http` on loopback) without query, fragment and trailing slash, kept to
/// the byte, for verifiers compare it so (RFC 8414 section 2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Issuer(Box<str>);

/// The text is not an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an issuer is an https URL (http only on loopback) without query, fragment, user name and trailing slash"
)]
pub struct IssuerRefused;

impl Issuer {
    /// The issuer, as it stands in `iss`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Issuer {
    type Err = IssuerRefused;

    fn from_str(text: &str) -> Result<Self, IssuerRefused> {
        let url = url::Url::parse(text).map_err(|_| IssuerRefused)?;
        let loopback = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => return Err(IssuerRefused),
        };
        let allowed = match url.scheme() {
            "https" => true,
            "http" => loopback,
            _ => false,
        };
        // What the parser repairs (case, default port, dots) would no longer be equal to the byte.
        let normal = url.as_str().strip_suffix('/').unwrap_or(url.as_str()) == text;
        let bare = url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if allowed && normal && bare && !text.ends_with('/') {
            Ok(Self(text.into()))
        } else {
            Err(IssuerRefused)
        }
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Issuer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Issuer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::name::parse_text(deserializer)
    }
}

/// A realm's settings, with the names and defaults of the declarative file. An unknown key is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RealmSettings {
    /// Which front door owns the bare paths.
    pub profile: Profile,
    /// Host names that lead to this realm, in lower case. Each belongs to one realm.
    pub hosts: Vec<String>,
    /// The issuer; the realm's URL when absent.
    pub issuer: Option<Issuer>,
    /// Whom tokens are for; the issuer when empty.
    pub audience: Vec<String>,
    /// What access tokens are signed with.
    pub signing_alg: SigningAlg,
    /// How long an access token lives.
    #[serde(with = "lifetime")]
    pub access_token_ttl: Duration,
    /// How long a refresh token lives unused.
    #[serde(with = "lifetime")]
    pub refresh_token_ttl: Duration,
    /// How long a client that lost the answer may repeat the previous refresh token.
    #[serde(with = "lifetime")]
    pub refresh_grace: Duration,
    /// How long a session lives unused.
    #[serde(with = "lifetime")]
    pub session_idle_ttl: Duration,
    /// How long a session lives at most; refresh tokens end with it.
    #[serde(with = "lifetime")]
    pub session_ttl: Duration,
    /// How often a new signing key takes over; never when zero.
    #[serde(with = "lifetime")]
    pub key_rotation: Duration,
    /// How long the audit trail is kept; for ever when zero.
    #[serde(with = "lifetime")]
    pub audit_retention: Duration,
    /// How long a browser stays signed in where the person did not ask to be kept signed in.
    #[serde(with = "lifetime")]
    pub browser_session_ttl: Duration,
    /// What the realm calls itself on its pages; its name when absent.
    pub display_name: Option<DisplayName>,
    /// The colour of its pages: `#rrggbb`. Text on it stays readable whatever it is.
    pub accent: Option<Accent>,
    /// Who may make an account.
    pub registration: Registration,
    /// Whether applications may register themselves as clients.
    pub client_registration: ClientRegistration,
    /// The scopes that clients may have which nobody of the realm's made: those that registered themselves, and those that are
    /// described by a document.
    pub client_registration_scopes: Scopes,
    /// How many such clients there may be that came without an initial access token.
    pub client_registration_limit: u32,
    /// Whether a client may be described by a document at the address that is its id.
    pub client_id_metadata_documents: bool,
    /// The hosts whose documents are read; every host's when empty.
    pub client_id_metadata_hosts: Vec<String>,
    /// Whether one signs in only with a verified address.
    pub require_verified_email: bool,
    /// The roles that can be given in organizations, with what they inherit. None but `owner` unless named here: an
    /// owner gives them as they like, and a route that asks for one may not ask for an organization.
    pub organization_roles: Vec<RoleName>,
    /// The scopes without the form of a permission that API keys may carry. None unless named here: people make their keys
    /// themselves, and a route may open to a word.
    pub api_key_scopes: Scopes,
    /// The browser applications of other origins that may call the API and the endpoints of clients.
    pub allowed_origins: Vec<WebOrigin>,
    /// What a password must be.
    pub password: PasswordRules,
    /// Whether a second factor is asked for.
    pub mfa: Mfa,
    /// Whether requests are limited.
    pub rate_limits: RateLimits,
}

impl Default for RealmSettings {
    fn default() -> Self {
        Self {
            profile: Profile::Native,
            hosts: Vec::new(),
            issuer: None,
            audience: Vec::new(),
            signing_alg: SigningAlg::ES256,
            access_token_ttl: MINUTE * 15,
            refresh_token_ttl: DAY * 30,
            refresh_grace: Duration::from_secs(10),
            session_idle_ttl: DAY * 30,
            session_ttl: DAY * 90,
            key_rotation: DAY * 90,
            audit_retention: Duration::ZERO,
            browser_session_ttl: DAY,
            display_name: None,
            accent: None,
            registration: Registration::Open,
            client_registration: ClientRegistration::Closed,
            client_registration_scopes: Scopes::of_people(),
            client_registration_limit: 1_000,
            client_id_metadata_documents: false,
            client_id_metadata_hosts: Vec::new(),
            require_verified_email: false,
            organization_roles: Vec::new(),
            api_key_scopes: Scopes::default(),
            allowed_origins: Vec::new(),
            password: PasswordRules::default(),
            mfa: Mfa::Optional,
            rate_limits: RateLimits::Default,
        }
    }
}

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

impl RealmSettings {
    /// The defaults of a profile: what its wire contract promises where it differs from ours.
    pub fn for_profile(profile: Profile) -> Self {
        let ours = Self { profile, ..Self::default() };
        let legacy = PasswordRules { min_length: 8 };
        match profile {
            Profile::Native => ours,
            Profile::Zalt => Self {
                signing_alg: SigningAlg::RS256,
                refresh_token_ttl: DAY * 7,
                refresh_grace: Duration::from_secs(30),
                password: legacy,
                ..ours
            },
            Profile::Runbook => Self {
                signing_alg: SigningAlg::HS256,
                access_token_ttl: MINUTE * 30,
                password: legacy,
                ..ours
            },
            Profile::Module04 => {
                Self { signing_alg: SigningAlg::HS256, refresh_token_ttl: DAY * 7, password: legacy, ..ours }
            }
        }
    }

    /// Reads stored settings. Unlike the declarative file they may hold keys this release does not know, written
    /// by a newer one that is running beside it.
    pub fn from_stored(json: &str) -> Result<Self, serde_json::Error> {
        let mut stored: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json)?;
        let known = Self::keys();
        stored.retain(|key, _| known.iter().any(|k| k == key));
        if let Some(serde_json::Value::Object(rules)) = stored.get_mut("password") {
            rules.retain(|key, _| key == "min_length");
        }
        serde_json::from_value(serde_json::Value::Object(stored))
    }

    /// The names of all settings.
    pub fn keys() -> Vec<String> {
        match serde_json::to_value(Self::default()) {
            Ok(serde_json::Value::Object(map)) => map.into_iter().map(|(key, _)| key).collect(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_back_and_absent_ones_have_the_documented_defaults() {
        let empty: RealmSettings = serde_json::from_str("{}").unwrap();
        assert_eq!(empty, RealmSettings::default());
        assert_eq!((empty.access_token_ttl.as_secs(), empty.refresh_token_ttl.as_secs()), (900, 2_592_000));
        assert_eq!((empty.refresh_grace.as_secs(), empty.password.min_length), (10, 12));
        let json = serde_json::to_string(&RealmSettings::for_profile(Profile::Zalt)).unwrap();
        assert!(
            json.contains(r#""access_token_ttl":"15m""#) && json.contains(r#""signing_alg":"RS256""#),
            "{json}"
        );
        assert_eq!(
            serde_json::from_str::<RealmSettings>(&json).unwrap(),
            RealmSettings::for_profile(Profile::Zalt)
        );
    }

    #[test]
    fn an_unknown_key_is_refused_in_a_file_and_skipped_in_the_database() {
        let newer =
            r#"{"signing_alg":"EdDSA","from_the_future":1,"password":{"min_length":9,"breached":true}}"#;
        assert!(serde_json::from_str::<RealmSettings>(newer).is_err());
        let read = RealmSettings::from_stored(newer).unwrap();
        assert_eq!((read.signing_alg, read.password.min_length), (SigningAlg::EdDSA, 9));
        assert!(RealmSettings::from_stored(r#"{"signing_alg":"none"}"#).is_err());
    }

    #[test]
    fn an_issuer_is_kept_to_the_byte() {
        for good in [
            "https://auth.example.com",
            "https://auth.example.com/r/acme",
            "http://127.0.0.1:8400",
            "http://localhost:8400",
            "http://[::1]:8400",
        ] {
            assert_eq!(good.parse::<Issuer>().map(|i| i.to_string()), Ok(good.to_owned()));
        }
        for bad in [
            "https://auth.example.com/",
            "http://auth.example.com",
            "https://AUTH.example.com",
            "https://a.test?x=1",
            "https://a.test#x",
            "https://u@a.test",
            "https://a.test:443",
            "https://a.test/../x",
            "auth.example.com",
            "",
            "ftp://a.test",
            "https://",
        ] {
            assert_eq!(bad.parse::<Issuer>(), Err(IssuerRefused), "{bad}");
        }
    }
}
