//! What can be said of a realm, with its defaults.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ClientRegistration, Issuer, Mfa, PasswordRules, Profile, RateLimits, Registration, SigningAlg};
use crate::interceptor::{Interceptor, Trigger};
use crate::setting::{SettingRefused, Settings};
use crate::{Accent, DisplayName, Logo, RoleName, Scopes, WebOrigin, WebUri, lifetime};

/// A realm's settings, with the names and defaults of the declarative file. An unknown key is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct RealmSettings {
    /// Which front door owns the bare paths.
    pub profile: Profile,
    /// Host names that lead to this realm, in lower case. Each belongs to one realm.
    pub hosts: Vec<String>,
    /// The issuer; the realm's URL when absent.
    pub issuer: Option<Issuer>,
    /// Whom tokens are for; the issuer when empty.
    pub audience: Vec<String>,
    /// Who the tokens of the realm's own sign-in say they are of (`iss`), where that is not the issuer: a name that the APIs of another
    /// server's applications ask for. Such tokens are of the type `JWT`, and for `audience` alone. Those of clients stay as they are.
    pub token_issuer: Option<String>,
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
    /// The picture on its pages; the first letter of its name when absent. In the file it may be the path of a PNG.
    pub logo: Option<Logo>,
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
    /// Whether people sign in by a link or a code that is mailed to them, if they like.
    pub email_sign_in: bool,
    /// Whether applications written for Better Auth are answered, under `/api/auth`.
    pub better_auth: bool,
    /// Whether such an application may keep several accounts signed in in one browser, and change between them without a password.
    pub multi_session: bool,
    /// Whether people may delete their own accounts.
    pub account_deletion: bool,
    /// How long a device on which somebody has shown a second factor, and said so, is not asked for it again; every device always is
    /// when zero.
    #[serde(with = "lifetime")]
    pub trusted_device_ttl: Duration,
    /// The roles that can be given in organizations, with what they inherit. None but `owner` unless named here: an
    /// owner gives them as they like, and a route that asks for one may not ask for an organization.
    pub organization_roles: Vec<RoleName>,
    /// Whether organizations are divided into teams. One that is made has a first team of its name then, with its owner in it.
    pub teams: bool,
    /// The scopes without the form of a permission that API keys may carry. None unless named here: people make their keys
    /// themselves, and a route may open to a word.
    pub api_key_scopes: Scopes,
    /// Whether clients of one's own may take passwords themselves (RFC 6749 section 4.3). Every other way is better: people learn
    /// to type their password anywhere.
    pub password_grant: bool,
    /// The browser applications of other origins that may call the API and the endpoints of clients.
    pub allowed_origins: Vec<WebOrigin>,
    /// What a password must be.
    pub password: PasswordRules,
    /// Whether a second factor is asked for.
    pub mfa: Mfa,
    /// How long an account without a second factor may go on where one is required, from when that began or the account was made,
    /// whichever is later; not at all when zero.
    #[serde(with = "lifetime")]
    pub mfa_grace: Duration,
    /// Whether requests are limited.
    pub rate_limits: RateLimits,
    /// The domain whose hosts are given the cookie of a sign-in that sets one (profile `module04`); the realm's own host alone when
    /// absent. Every host below the domain is then sent the token.
    pub cookie_domain: Option<String>,
    /// Whether proofs of possession must have a nonce of the server (RFC 9449 section 8): none can then be made long before it is
    /// used.
    pub require_dpop_nonce: bool,
    /// Who is asked before an account is made, a session begins, an invitation is sent or a program gets a token, and says whether it may:
    /// one for each event.
    pub interceptors: Vec<Interceptor>,
    /// Where text messages are sent: Gatepost posts each to this address, and whoever is there delivers it. No codes are sent as text
    /// messages when absent, and nobody sets up a telephone number.
    pub sms_url: Option<WebUri>,
}

impl Default for RealmSettings {
    fn default() -> Self {
        Self {
            profile: Profile::Native,
            hosts: Vec::new(),
            issuer: None,
            audience: Vec::new(),
            token_issuer: None,
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
            logo: None,
            registration: Registration::Open,
            client_registration: ClientRegistration::Closed,
            client_registration_scopes: Scopes::of_people(),
            client_registration_limit: 1_000,
            client_id_metadata_documents: false,
            client_id_metadata_hosts: Vec::new(),
            require_verified_email: false,
            email_sign_in: false,
            better_auth: true,
            multi_session: false,
            account_deletion: false,
            trusted_device_ttl: Duration::ZERO,
            organization_roles: Vec::new(),
            teams: false,
            api_key_scopes: Scopes::default(),
            password_grant: false,
            allowed_origins: Vec::new(),
            password: PasswordRules::default(),
            mfa: Mfa::Optional,
            mfa_grace: Duration::ZERO,
            rate_limits: RateLimits::Default,
            cookie_domain: None,
            require_dpop_nonce: false,
            interceptors: Vec::new(),
            sms_url: None,
        }
    }
}

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// Who issues tokens, and whom they are for, where an application was written for Zalt.
const ZALT: &str = "zalt.io";

/// What an administrator of the realm cannot change, for it is not about the realm alone: which paths and hosts lead to it and
/// whom its tokens name belong to the installation, and whoever administers must not be able to have their own acts forgotten.
const DECLARED: [&str; 6] =
    ["profile", "hosts", "issuer", "token_issuer", "audit_retention", "cookie_domain"];

impl RealmSettings {
    /// The defaults of a profile: what its wire contract promises where it differs from ours.
    pub fn for_profile(profile: Profile) -> Self {
        let ours = Self { profile, ..Self::default() };
        let legacy = PasswordRules { min_length: 8, allow_decorated: false };
        let without_rules = PasswordRules { allow_decorated: true, ..legacy };
        match profile {
            Profile::Native => ours,
            Profile::Zalt => Self {
                signing_alg: SigningAlg::RS256,
                audience: vec![ZALT.to_owned()],
                token_issuer: Some(ZALT.to_owned()),
                refresh_token_ttl: DAY * 7,
                refresh_grace: Duration::from_secs(30),
                ..ours
            },
            Profile::Runbook => Self {
                signing_alg: SigningAlg::HS256,
                access_token_ttl: MINUTE * 30,
                password: without_rules,
                ..ours
            },
            Profile::Module04 => Self {
                signing_alg: SigningAlg::HS256,
                refresh_token_ttl: DAY * 7,
                password: without_rules,
                ..ours
            },
        }
    }

    /// The settings as another profile has them: what `named` does not name, and is as the profile before would have it, is as the
    /// new one would. The domain of a cookie goes with the profile that sets one.
    #[must_use]
    pub fn moved_to(&self, profile: Profile, named: &[String]) -> Self {
        let (before, after) = (Self::for_profile(self.profile), Self::for_profile(profile));
        let differing = self.differing(&before);
        let follows: Vec<String> =
            Self::keys().into_iter().filter(|key| !differing.contains(key) && !named.contains(key)).collect();
        let moved = self.taking(&follows, &after);
        let cookie_domain = moved.cookie_domain.clone().filter(|_| profile == Profile::Module04);
        Self { cookie_domain, ..moved }
    }

    /// The settings with these as the others have them.
    #[must_use]
    pub fn taking(&self, names: &[String], others: &Self) -> Self {
        // Members of two that are settings make settings.
        self.with_those_of(names, others).unwrap_or_else(|_| self.clone())
    }

    /// Reads stored settings. Unlike the declarative file they may hold keys this release does not know, written
    /// by a newer one that is running beside it.
    pub fn from_stored(json: &str) -> Result<Self, serde_json::Error> {
        let mut stored: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json)?;
        let known = Self::keys();
        stored.retain(|key, _| known.iter().any(|k| k == key));
        if let Some(serde_json::Value::Object(rules)) = stored.get_mut("password") {
            rules.retain(|key, _| ["min_length", "allow_decorated"].contains(&key.as_str()));
        }
        if let Some(serde_json::Value::Array(interceptors)) = stored.get_mut("interceptors") {
            for interceptor in interceptors.iter_mut().filter_map(Value::as_object_mut) {
                interceptor.retain(|key, _| Interceptor::MEMBERS.contains(&key.as_str()));
            }
        }
        serde_json::from_value(serde_json::Value::Object(stored))
    }

    /// The settings with some of them given anew, by name, as an administrator does; `null` gives back the default. An unknown
    /// name is refused with the nearest there is, and what is only said where the realm is declared with a word on that. Whether
    /// they are right is asked by [`check`](Self::check).
    pub fn with(&self, changes: &Map<String, Value>) -> Result<Self, SettingRefused> {
        if let Some(member) = DECLARED.into_iter().find(|member| changes.contains_key(*member)) {
            let reason = "this is set where the realm is declared: in the file, by `gatepost apply`";
            return Err(SettingRefused::new(member, reason));
        }
        self.changed(changes)
    }

    /// Who is asked before something happens; `None`: nobody.
    pub fn interceptor(&self, before: Trigger) -> Option<&Interceptor> {
        self.interceptors.iter().find(|interceptor| interceptor.event == before)
    }

    /// The names of the settings in which two differ.
    pub fn differing(&self, other: &Self) -> Vec<String> {
        self.differences(other)
    }

    /// The names of all settings.
    pub fn keys() -> Vec<String> {
        Self::names()
    }
}

impl Settings for RealmSettings {
    const OF: &str = "realm";

    fn defaults(&self) -> Self {
        Self::for_profile(self.profile)
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
    fn a_profile_that_shares_a_secret_comes_with_it_and_goes_with_it() {
        for profile in [Profile::Runbook, Profile::Module04] {
            assert_eq!(RealmSettings::for_profile(profile).check(), Ok(()), "{profile:?}");
            let moved = RealmSettings::default().moved_to(profile, &[]);
            assert_eq!((moved.profile, moved.signing_alg), (profile, SigningAlg::HS256));
            let with_cookie = RealmSettings { cookie_domain: Some("example.com".to_owned()), ..moved };
            assert_eq!(with_cookie.moved_to(Profile::Native, &[]), RealmSettings::default());
        }
    }

    #[test]
    fn another_profile_brings_its_defaults_and_leaves_what_was_chosen() {
        let native = RealmSettings { access_token_ttl: MINUTE, ..RealmSettings::default() };
        let named = ["profile".to_owned(), "refresh_grace".to_owned()];
        let moved = native.moved_to(Profile::Zalt, &named);
        let zalt = RealmSettings::for_profile(Profile::Zalt);
        assert_eq!((moved.signing_alg, &moved.token_issuer), (zalt.signing_alg, &zalt.token_issuer));
        assert_eq!((moved.access_token_ttl, moved.refresh_grace), (MINUTE, native.refresh_grace));
        let back = zalt.moved_to(Profile::Native, &[]);
        assert_eq!(back, RealmSettings::default());
        // `null` gives back what the profile has.
        let changes = serde_json::json!({"refresh_token_ttl": null}).as_object().unwrap().clone();
        let longer = RealmSettings { refresh_token_ttl: DAY * 9, ..zalt.clone() };
        assert_eq!(longer.with(&changes).unwrap(), zalt);
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
}
