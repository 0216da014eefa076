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
mod tests;
