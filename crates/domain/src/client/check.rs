//! Which settings fit together. Every front door asks this before a client is kept: the file, the commands, the API and
//! registration.

use super::{ClientAlg, ClientAuthMethod, ClientSettings, FIRST_PARTY, GrantType, SubjectType, TokenFormat};
use crate::setting::{MOST, SettingRefused, check_audience, is_word, refuse};
use crate::{ClientId, Permission, SigningAlg};

/// What of a realm a client can administer.
pub const ADMINISTERED: [&str; 6] = ["users", "memberships", "organizations", "roles", "sessions", "clients"];

/// A client that acts on its own is the subject of its tokens: it must not look like somebody else.
pub fn check_id(id: &ClientId) -> Result<(), SettingRefused> {
    let ours = ["usr_", "org_", "key_"].into_iter().find(|prefix| id.as_str().starts_with(prefix));
    if id.document().is_some() {
        return Err(SettingRefused::new(
            "id",
            "an address is the id of a client that is described there; choose a name",
        ));
    }
    match ours {
        Some(prefix) => {
            Err(SettingRefused::new("id", format!("what begins with {prefix} is an id of something else")))
        }
        None if id.as_str() == FIRST_PARTY => {
            Err(SettingRefused::new("id", "this is the server's own client; choose another"))
        }
        None => Ok(()),
    }
}

impl ClientSettings {
    /// Whether a client can have these settings together. `public`: it has neither a secret nor a key to prove itself with.
    pub fn check(&self, public: bool) -> Result<(), SettingRefused> {
        let rules = [
            Self::check_lists,
            Self::check_keys,
            Self::check_algorithms,
            Self::check_sector,
            Self::check_grants,
            Self::check_format,
            Self::check_administration,
            Self::check_organization,
            Self::check_logout,
        ];
        // First: what it needs is more than what would do otherwise.
        if let Some(profile) = self.security_profile {
            profile.check(self)?;
        }
        if public {
            self.check_public()?;
        }
        rules.into_iter().try_for_each(|rule| rule(self))
    }

    fn check_lists(&self) -> Result<(), SettingRefused> {
        let lists = [
            ("redirect_uris", self.redirect_uris.len()),
            ("post_logout_redirect_uris", self.post_logout_redirect_uris.len()),
            ("request_uris", self.request_uris.len()),
            ("scopes", self.scopes.iter().count()),
            ("audience", self.audience.len()),
            ("contacts", self.contacts.len()),
            ("administers", self.administers.len()),
        ];
        if let Some((name, _)) = lists.iter().find(|(_, length)| *length > MOST) {
            return refuse(name, format!("there are more than {MOST}; leave out those that are not in use"));
        }
        check_audience(&self.audience)?;
        if !self.contacts.iter().all(|one| is_word(one)) {
            return refuse("contacts", "write e-mail addresses, of up to 255 letters");
        }
        Ok(())
    }

    fn check_keys(&self) -> Result<(), SettingRefused> {
        let has_keys = self.jwks.is_some() || self.jwks_uri.is_some();
        if self.jwks.is_some() && self.jwks_uri.is_some() {
            return refuse("jwks_uri", "a client has `jwks` or `jwks_uri`, not both; remove one of the two");
        }
        let for_what = [
            (
                self.token_endpoint_auth_method == Some(ClientAuthMethod::PrivateKeyJwt),
                "token_endpoint_auth_method",
                "private_key_jwt",
            ),
            (self.require_signed_request_object, "require_signed_request_object", "a signed request"),
            (!self.request_uris.is_empty(), "request_uris", "a signed request"),
        ];
        match for_what.iter().find(|(wanted, ..)| *wanted && !has_keys) {
            Some((_, name, what)) => {
                refuse(name, format!("{what} needs the client's public keys; add `jwks` or `jwks_uri`"))
            }
            None => Ok(()),
        }
    }

    fn check_algorithms(&self) -> Result<(), SettingRefused> {
        let symmetric = "HS256 would sign with a secret that several know; choose RS256, ES256 or EdDSA";
        if self.id_token_signed_response_alg == SigningAlg::HS256 {
            return refuse("id_token_signed_response_alg", symmetric);
        }
        if self.userinfo_signed_response_alg == Some(SigningAlg::HS256) {
            return refuse("userinfo_signed_response_alg", symmetric);
        }
        if self.introspection_signed_response_alg == SigningAlg::HS256 {
            return refuse("introspection_signed_response_alg", symmetric);
        }
        if self.request_object_signing_alg == Some(ClientAlg::HS256) {
            return refuse("request_object_signing_alg", "choose RS256, PS256, ES256 or EdDSA");
        }
        let name = "token_endpoint_auth_signing_alg";
        match (self.token_endpoint_auth_method, self.token_endpoint_auth_signing_alg) {
            (Some(ClientAuthMethod::PrivateKeyJwt), Some(ClientAlg::HS256)) => {
                refuse(name, "private_key_jwt takes RS256, PS256, ES256 or EdDSA")
            }
            (_, None)
            | (Some(ClientAuthMethod::ClientSecretJwt), Some(ClientAlg::HS256))
            | (Some(ClientAuthMethod::PrivateKeyJwt), Some(_)) => Ok(()),
            (Some(ClientAuthMethod::ClientSecretJwt), Some(_)) => {
                refuse(name, "client_secret_jwt takes HS256")
            }
            (_, Some(_)) => refuse(name, "this is for private_key_jwt and client_secret_jwt; leave it out"),
        }
    }

    fn check_sector(&self) -> Result<(), SettingRefused> {
        // The account's own API says which user it is.
        if self.subject_type == SubjectType::Pairwise && self.scopes.contains("account") {
            return refuse(
                "subject_type",
                "a pairwise client must not learn who a user is to others, and the scope account tells it; leave one of the two out",
            );
        }
        if self.subject_type == SubjectType::Pairwise
            && !self.redirect_uris.is_empty()
            && self.sector().is_none()
        {
            return refuse(
                "sector_identifier_uri",
                "the redirect URIs have several hosts; a pairwise client names with this the sector they belong to",
            );
        }
        Ok(())
    }

    fn check_grants(&self) -> Result<(), SettingRefused> {
        // In the format of Scalekit its own token is for itself, and need not be good for anything else.
        let speaks_to_apis = !self.token_format.is_scalekit();
        if self.allows(GrantType::ClientCredentials) && speaks_to_apis && self.granted(None).is_empty() {
            return refuse(
                "scopes",
                "the grant client_credentials needs some that stand for no person; name them, as in scopes = [\"notes:read\"]",
            );
        }
        if self.may_impersonate && !self.allows(GrantType::TokenExchange) {
            return refuse(
                "may_impersonate",
                "this is for clients with the grant urn:ietf:params:oauth:grant-type:token-exchange; add it, or leave this out",
            );
        }
        if self.allows(GrantType::Password) && !self.skip_consent {
            return refuse(
                "grants",
                "only one's own client may take passwords; set skip_consent = true, or leave the grant password out",
            );
        }
        Ok(())
    }

    fn check_format(&self) -> Result<(), SettingRefused> {
        if self.token_format.needs_rs256() && self.security_profile.is_some() {
            return refuse(
                "token_format",
                format!(
                    "tokens in the format {} are signed with RS256, which the security profile forbids; leave one of the two out",
                    self.token_format.name()
                ),
            );
        }
        if self.token_format == TokenFormat::Zalt && self.grants != [GrantType::ClientCredentials] {
            return refuse(
                "token_format",
                "the format zalt is that of programs that act on their own; write grants = [\"client_credentials\"], or leave this out",
            );
        }
        if self.token_format.is_scalekit() && self.id_token_signed_response_alg != SigningAlg::RS256 {
            return refuse(
                "id_token_signed_response_alg",
                "what is written for Scalekit takes RS256 only; leave this out, or token_format",
            );
        }
        Ok(())
    }

    fn check_administration(&self) -> Result<(), SettingRefused> {
        if self.administers.is_empty() {
            return Ok(());
        }
        let known = |had: &Permission| {
            had.as_str().split_once(':').is_some_and(|(resource, action)| {
                ADMINISTERED.contains(&resource) && ["read", "write", "*"].contains(&action)
            })
        };
        if !self.administers.iter().all(known) {
            let all = ADMINISTERED.join(", ");
            return refuse(
                "administers",
                format!("write one of {all}, each with :read, :write or :*, as in \"users:*\""),
            );
        }
        if !self.allows(GrantType::ClientCredentials) {
            return refuse(
                "administers",
                "it does so with tokens of its own; add the grant client_credentials",
            );
        }
        if !self.token_format.is_scalekit() {
            return refuse(
                "administers",
                "clients administer by the interface of Scalekit alone; set token_format = \"scalekit\"",
            );
        }
        if self.organization.is_some() {
            return refuse(
                "administers",
                "a client of an organization administers nothing; leave one of the two out",
            );
        }
        // Whom its token is for could use it as the client does.
        if !self.audience.is_empty() {
            return refuse(
                "audience",
                "a client that administers shows its tokens to nobody else; make another client for the APIs, or leave administers out",
            );
        }
        Ok(())
    }

    fn check_organization(&self) -> Result<(), SettingRefused> {
        let person = [
            GrantType::AuthorizationCode,
            GrantType::DeviceCode,
            GrantType::TokenExchange,
            GrantType::Password,
        ];
        if self.organization.is_some() && person.into_iter().any(|grant| self.allows(grant)) {
            return refuse(
                "organization",
                "a client of an organization acts on its own; set grants = [\"client_credentials\"]",
            );
        }
        Ok(())
    }

    fn check_logout(&self) -> Result<(), SettingRefused> {
        if self.backchannel_logout_session_required && self.backchannel_logout_uri.is_none() {
            return refuse(
                "backchannel_logout_session_required",
                "nobody is told without backchannel_logout_uri; add it",
            );
        }
        Ok(())
    }

    fn check_public(&self) -> Result<(), SettingRefused> {
        let proven = [GrantType::ClientCredentials, GrantType::TokenExchange];
        if let Some(grant) = proven.into_iter().find(|grant| self.allows(*grant)) {
            return refuse(
                "grants",
                format!(
                    "a public client proves nothing, so it cannot have {}; leave it out, or give the client a secret or a key",
                    grant.as_str()
                ),
            );
        }
        if !self.require_pkce {
            return refuse(
                "require_pkce",
                "a public client shows with it that a code is its own (RFC 9700 section 2.1.1); leave this out",
            );
        }
        // RFC 9700 section 4.14.2.
        if !self.refresh_token_rotation && !self.dpop_bound_access_tokens {
            return refuse(
                "refresh_token_rotation",
                "refresh tokens of a public client are rotated, or bound to a key by dpop_bound_access_tokens; leave this out",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
