//! Which settings a realm can have. Every front door asks this before they are kept: the file and the API.

use std::time::Duration;

use super::{Profile, RealmSettings, SigningAlg};
use crate::api_key;
use crate::client::ROLES;
use crate::interceptor::Interceptor;
use crate::role::{ADMINISTRATOR, RoleGraph};
use crate::setting::{MOST, SettingRefused, check_audience, is_word, refuse};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// The longest an access token lives: nothing takes one back from an API that verifies by itself.
const LONGEST_ACCESS: Duration = DAY;
/// The longest a refresh token that was exchanged is answered again: as long a stolen copy of it goes unnoticed.
const LONGEST_GRACE: Duration = Duration::from_mins(5);
/// The longest an account goes on without a second factor where one is required: what lasts longer is no requirement.
const LONGEST_MFA_GRACE: Duration = Duration::from_hours(90 * 24);
/// No browser keeps a cookie for much longer.
const LONGEST_TRUST: Duration = Duration::from_hours(24 * 366);
/// Which minimal lengths a password can be asked for: NIST SP 800-63B-4 section 3.1.1.2 has nothing shorter, and what is longer
/// nobody types.
const MIN_LENGTHS: std::ops::RangeInclusive<u32> = 8..=128;

impl RealmSettings {
    /// Whether a realm can have these settings.
    pub fn check(&self) -> Result<(), SettingRefused> {
        self.check_lists()?;
        self.check_lifetimes()?;
        self.check_words()?;
        Interceptor::check(&self.interceptors)?;
        match (self.profile.shares_secret(), self.signing_alg == SigningAlg::HS256) {
            (false, true) => {
                let reason = "HS256 is for the profiles that define it; choose ES256, EdDSA or RS256";
                return refuse("signing_alg", reason);
            }
            (true, false) => {
                let reason = "the profile's applications know HS256 and nothing else; leave it out";
                return refuse("signing_alg", reason);
            }
            _ => {}
        }
        match &self.cookie_domain {
            Some(_) if self.profile != Profile::Module04 => {
                return refuse("cookie_domain", "only the profile module04 sets such a cookie; leave it out");
            }
            Some(domain) if !is_cookie_domain(domain) => {
                return refuse("cookie_domain", "write a domain in lower case, as in example.com");
            }
            Some(domain)
                if !self.hosts.is_empty() && !self.hosts.iter().any(|host| is_under(host, domain)) =>
            {
                let reason = format!(
                    "no browser takes the cookie, for none of the realm's hosts is under {domain}; write the domain that {} and your \
                     APIs share, or leave it out",
                    self.hosts.join(", ")
                );
                return refuse("cookie_domain", reason);
            }
            _ => {}
        }
        if !MIN_LENGTHS.contains(&self.password.min_length) {
            let (least, most) = (MIN_LENGTHS.start(), MIN_LENGTHS.end());
            return refuse("password", format!("min_length is a whole number from {least} to {most}"));
        }
        Ok(())
    }

    /// Whether the roles for organizations are roles of the realm. `owner` needs no naming.
    pub fn check_roles(&self, graph: &RoleGraph) -> Result<(), SettingRefused> {
        match self.organization_roles.iter().find(|role| !graph.contains(role)) {
            None => Ok(()),
            Some(role) => {
                let near =
                    graph.nearest(role).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
                refuse("organization_roles", format!("there is no role {role}{near}"))
            }
        }
    }

    fn check_lists(&self) -> Result<(), SettingRefused> {
        let lists = [
            ("hosts", self.hosts.len()),
            ("audience", self.audience.len()),
            ("allowed_origins", self.allowed_origins.len()),
            ("organization_roles", self.organization_roles.len()),
            ("api_key_scopes", self.api_key_scopes.iter().count()),
            ("client_registration_scopes", self.client_registration_scopes.iter().count()),
            ("client_id_metadata_hosts", self.client_id_metadata_hosts.len()),
        ];
        if let Some((member, _)) = lists.iter().find(|(_, length)| *length > MOST) {
            return refuse(
                member,
                format!("there are more than {MOST}; leave out those that are not in use"),
            );
        }
        let hosts = [("hosts", &self.hosts), ("client_id_metadata_hosts", &self.client_id_metadata_hosts)];
        let wrong = hosts
            .iter()
            .find_map(|(member, hosts)| Some((*member, hosts.iter().find(|host| !is_host(host))?)));
        match wrong {
            None => {
                self.check_token_issuer()?;
                check_audience(&self.audience)
            }
            Some((member, host)) => {
                refuse(member, format!("{host:?} is no host name in lower case, as in auth.example.com"))
            }
        }
    }

    /// It stands in `iss` (RFC 7519 section 4.1.1). Those tokens are for the realm's audience alone: without one they would be for
    /// nobody.
    fn check_token_issuer(&self) -> Result<(), SettingRefused> {
        let Some(issuer) = &self.token_issuer else { return Ok(()) };
        if !is_word(issuer) || issuer.contains('#') {
            return refuse(
                "token_issuer",
                "write a name or an absolute URI without fragment, of up to 255 letters",
            );
        }
        if self.audience.is_empty() {
            return refuse("token_issuer", "say in `audience` whom the tokens are for");
        }
        Ok(())
    }

    fn check_lifetimes(&self) -> Result<(), SettingRefused> {
        if !(SECOND..=LONGEST_ACCESS).contains(&self.access_token_ttl) {
            return refuse("access_token_ttl", "write a time from 1s to 24h");
        }
        let lifetimes = [
            ("refresh_token_ttl", self.refresh_token_ttl),
            ("session_idle_ttl", self.session_idle_ttl),
            ("session_ttl", self.session_ttl),
            ("browser_session_ttl", self.browser_session_ttl),
        ];
        if let Some((member, _)) = lifetimes.iter().find(|(_, lifetime)| *lifetime < MINUTE) {
            return refuse(member, "a minute at least");
        }
        if self.refresh_grace > LONGEST_GRACE {
            return refuse("refresh_grace", "five minutes at most");
        }
        if self.mfa_grace > LONGEST_MFA_GRACE {
            return refuse(
                "mfa_grace",
                "90 days at most; what is not to be required is `mfa = \"optional\"`",
            );
        }
        let short = |time: Duration| !time.is_zero() && time < DAY;
        if short(self.key_rotation) {
            return refuse(
                "key_rotation",
                "a day at least, which verifiers have to learn the next key, or \"0s\" for never",
            );
        }
        if short(self.audit_retention) {
            return refuse("audit_retention", "a day at least, or \"0s\" for ever");
        }
        if short(self.trusted_device_ttl) || self.trusted_device_ttl > LONGEST_TRUST {
            return refuse("trusted_device_ttl", "a day to a year, or \"0s\" for never");
        }
        Ok(())
    }

    /// A key's permissions are its owner's, whatever the realm says, and our own scopes are for people.
    fn check_words(&self) -> Result<(), SettingRefused> {
        if self.organization_roles.iter().any(|role| role.as_str() == ADMINISTRATOR) {
            let reason = "realm-admin is built in, and given to users only; leave it out";
            return refuse("organization_roles", reason);
        }
        // What strangers may register never manages an account, and has no more than single permissions.
        for scope in ["account", ROLES] {
            if self.client_registration_scopes.contains(scope) {
                let reason = format!(
                    "{scope} opens all that a person may do, and is for clients that the realm makes; leave it out"
                );
                return refuse("client_registration_scopes", reason);
            }
        }
        for scope in &self.api_key_scopes {
            if scope.is_personal() {
                let reason = format!("{scope} is for people who sign in, and not for keys");
                return refuse("api_key_scopes", reason);
            }
            if api_key::permission_of(scope).is_some() {
                let reason = format!("{scope} is a permission, which a key has of its owner; leave it out");
                return refuse("api_key_scopes", reason);
            }
        }
        Ok(())
    }
}

/// A host name in its one spelling, with or without a port.
fn is_host(text: &str) -> bool {
    let parsed = url::Url::parse(&format!("http://{text}"));
    let plain = |url: &url::Url| {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        url.host_str().is_some_and(|host| !host.is_empty() && format!("{host}{port}") == text)
    };
    parsed.is_ok_and(|url| plain(&url))
}

/// A domain whose hosts are given a cookie (RFC 6265 section 5.2.3): not one label, which would be everybody's, and no address. A dot
/// before it says nothing and is left to whoever is used to it.
fn is_cookie_domain(text: &str) -> bool {
    let domain = text.strip_prefix('.').unwrap_or(text);
    let is_name = matches!(url::Host::parse(domain), Ok(url::Host::Domain(parsed)) if parsed == domain);
    is_name
        && domain.contains('.')
        && !domain.ends_with('.')
        && domain.split('.').all(|label| !label.is_empty())
}

/// Whether a host, with or without a port, is given the cookies of a domain (RFC 6265 section 5.1.3).
fn is_under(host: &str, domain: &str) -> bool {
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    let name = host.rsplit_once(':').map_or(host, |(name, _port)| name);
    name.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;
    use serde_json::{Value, json};

    fn checked(changes: &Value) -> Result<(), String> {
        let changes = changes.as_object().unwrap();
        let settings = RealmSettings::default().with(changes).and_then(|settings| settings.check());
        settings.map_err(|refused| refused.to_string())
    }

    #[test]
    fn the_defaults_and_what_the_manual_shows_are_right() {
        assert_eq!(RealmSettings::default().check(), Ok(()));
        for good in [
            json!({"access_token_ttl": "1s", "refresh_grace": "0s", "key_rotation": "0s"}),
            json!({"access_token_ttl": "24h", "refresh_grace": "5m", "key_rotation": "24h"}),
            json!({"display_name": "Acme", "accent": "#0b5f73", "registration": "closed"}),
            json!({"password": {"min_length": 8}, "require_verified_email": true}),
            json!({"audience": ["notes-api", "https://api.test/"], "api_key_scopes": ["reports"]}),
            json!({"rate_limits": "off", "display_name": null}),
            json!({"rate_limits": "default"}),
            json!({"allowed_origins": ["https://app.example.com"]}),
        ] {
            assert_eq!(checked(&good), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_what_would_do() {
        for (changes, said) in [
            (json!({"access_token_ttl": "0s"}), "access_token_ttl: write a time from 1s to 24h"),
            (
                json!({"client_registration_scopes": ["openid", "account"]}),
                "client_registration_scopes: account opens all that a person may do, and is for clients that the realm makes; leave it out",
            ),
            (
                json!({"client_registration_scopes": ["openid", "roles"]}),
                "client_registration_scopes: roles opens all that a person may do, and is for clients that the realm makes; leave it out",
            ),
            (
                json!({"client_id_metadata_hosts": ["https://a.test"]}),
                "client_id_metadata_hosts: \"https://a.test\" is no host name in lower case, as in auth.example.com",
            ),
            (json!({"access_token_ttl": "25h"}), "access_token_ttl: write a time from 1s to 24h"),
            (json!({"refresh_token_ttl": "59s"}), "refresh_token_ttl: a minute at least"),
            (json!({"session_ttl": "0s"}), "session_ttl: a minute at least"),
            (json!({"trusted_device_ttl": "1h"}), "trusted_device_ttl: a day to a year, or \"0s\" for never"),
            (
                json!({"trusted_device_ttl": "400d"}),
                "trusted_device_ttl: a day to a year, or \"0s\" for never",
            ),
            (json!({"refresh_grace": "6m"}), "refresh_grace: five minutes at most"),
            (
                json!({"key_rotation": "1h"}),
                "key_rotation: a day at least, which verifiers have to learn the next key, or \"0s\" for never",
            ),
            (json!({"password": {"min_length": 7}}), "password: min_length is a whole number from 8 to 128"),
            (
                json!({"password": {"min_length": 129}}),
                "password: min_length is a whole number from 8 to 128",
            ),
            (
                json!({"signing_alg": "HS256"}),
                "signing_alg: HS256 is for the profiles that define it; choose ES256, EdDSA or RS256",
            ),
            (json!({"mfa": "always"}), "mfa: this takes one of `off`, `optional`, `required`"),
            (
                json!({"audience": ["a b"]}),
                "audience: write names or absolute URIs without fragment, of up to 255 letters",
            ),
            (
                json!({"organization_roles": ["realm-admin"]}),
                "organization_roles: realm-admin is built in, and given to users only; leave it out",
            ),
            (
                json!({"api_key_scopes": ["openid"]}),
                "api_key_scopes: openid is for people who sign in, and not for keys",
            ),
            (
                json!({"registraton": "open"}),
                "registraton: no realm has such a setting; did you mean `registration`?",
            ),
            (json!({"access_token_ttl": 7}), "access_token_ttl: this takes text"),
            (json!({"registration": 7}), "registration: this takes one of `open`, `invited`, `closed`"),
            (json!({"registration": "opne"}), "registration: this takes one of `open`, `invited`, `closed`"),
            (json!({"accent": "teal"}), "accent: a colour is # and six hexadecimal digits, as in #0b5f73"),
        ] {
            assert_eq!(checked(&changes), Err(said.to_owned()), "{changes}");
        }
        let many: Vec<String> = (0..=MOST).map(|number| format!("api-{number}")).collect();
        assert_eq!(
            checked(&json!({ "audience": many })).unwrap_err(),
            "audience: there are more than 100; leave out those that are not in use"
        );
    }

    #[test]
    fn what_belongs_to_the_installation_is_said_where_the_realm_is_declared() {
        for member in ["profile", "hosts", "issuer", "token_issuer", "audit_retention", "cookie_domain"] {
            let said = checked(&json!({ member: null })).unwrap_err();
            let where_to = "this is set where the realm is declared: in the file, by `gatepost apply`";
            assert_eq!(said, format!("{member}: {where_to}"));
        }
    }

    #[test]
    fn a_secret_goes_with_the_profiles_that_share_one_and_so_does_the_domain_of_a_cookie() {
        let of = RealmSettings::for_profile;
        let signing = |profile, signing_alg| RealmSettings { signing_alg, ..of(profile) };
        for profile in [Profile::Runbook, Profile::Module04] {
            assert_eq!(of(profile).check(), Ok(()), "{profile:?}");
            assert_eq!(signing(profile, SigningAlg::RS256).check().unwrap_err().member, "signing_alg");
        }
        let for_cookies =
            |profile, domain: &str| RealmSettings { cookie_domain: Some(domain.to_owned()), ..of(profile) };
        for good in ["example.com", ".example.com", "a.b.example"] {
            assert_eq!(for_cookies(Profile::Module04, good).check(), Ok(()), "{good}");
        }
        for bad in [
            "",
            "com",
            ".",
            "Example.com",
            "a..b",
            "example.com.",
            "1.2.3.4",
            "a b.c",
            "example.com; Secure",
            "..a.b",
        ] {
            assert_eq!(
                for_cookies(Profile::Module04, bad).check().unwrap_err().member,
                "cookie_domain",
                "{bad}"
            );
        }
        for other in [Profile::Native, Profile::Runbook] {
            assert_eq!(for_cookies(other, "example.com").check().unwrap_err().member, "cookie_domain");
        }
    }

    #[test]
    fn a_cookie_is_for_a_domain_that_a_host_of_the_realm_is_under() {
        let with = |hosts: &[&str], domain: &str| RealmSettings {
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            cookie_domain: Some(domain.to_owned()),
            ..RealmSettings::for_profile(Profile::Module04)
        };
        for (hosts, domain) in [
            (&[][..], "example.com"),
            (&["auth.example.com"], "example.com"),
            (&["auth.example.com:8443"], ".example.com"),
            (&["example.com"], "example.com"),
            (&["auth.posts.test", "auth.example.com"], "example.com"),
        ] {
            assert_eq!(with(hosts, domain).check(), Ok(()), "{hosts:?}");
        }
        for hosts in [&["auth.posts.test"][..], &["auth.badexample.com"], &["com"]] {
            let said = with(hosts, "example.com").check().unwrap_err().to_string();
            assert!(said.starts_with("cookie_domain: no browser takes the cookie, for none of"), "{said}");
        }
    }

    #[test]
    fn a_name_for_tokens_is_one_word_and_somebody_takes_them() {
        let saying = |issuer: &str, audience: &[&str]| RealmSettings {
            token_issuer: Some(issuer.to_owned()),
            audience: audience.iter().map(|name| (*name).to_owned()).collect(),
            ..RealmSettings::default()
        };
        assert_eq!(RealmSettings::for_profile(Profile::Zalt).check(), Ok(()));
        assert_eq!(saying("https://api.zalt.io", &["notes"]).check(), Ok(()));
        for (issuer, audience) in
            [("", &["notes"][..]), ("a b", &["notes"]), ("a#b", &["notes"]), ("zalt.io", &[])]
        {
            assert_eq!(saying(issuer, audience).check().unwrap_err().member, "token_issuer", "{issuer}");
        }
    }

    #[test]
    fn hosts_are_written_as_browsers_send_them() {
        let with = |host: &str| RealmSettings { hosts: vec![host.to_owned()], ..RealmSettings::default() };
        for good in ["auth.example.com", "localhost:8400", "[::1]", "127.0.0.1"] {
            assert_eq!(with(good).check(), Ok(()), "{good}");
        }
        for bad in ["", "Auth.example.com", "https://auth.example.com", "a/b", "a:80", "a b"] {
            assert_eq!(with(bad).check().unwrap_err().member, "hosts", "{bad}");
        }
    }

    #[test]
    fn roles_for_organizations_are_roles_of_the_realm() {
        let role = |name: &str| Role { name: name.parse().unwrap(), permissions: vec![], inherits: vec![] };
        let graph = RoleGraph::new(&[role("editor")]).unwrap();
        let naming = |role: &str| RealmSettings {
            organization_roles: vec![role.parse().unwrap()],
            ..RealmSettings::default()
        };
        assert_eq!(naming("editor").check_roles(&graph), Ok(()));
        assert_eq!(
            naming("edtor").check_roles(&graph).unwrap_err().to_string(),
            "organization_roles: there is no role edtor; did you mean editor?"
        );
    }
}
