//! What is known of a client beside its id and secret.

use serde::{Deserialize, Serialize};

use super::{
    ClientAlg, ClientAuthMethod, ClientKeys, GrantType, RedirectUri, RequestUri, SecurityProfile,
    SubjectType, TokenFormat, WebUri, permissions_of,
};
use crate::setting::{SettingRefused, Settings};
use crate::{DisplayName, OrganizationId, Permission, Scope, Scopes, SigningAlg, api_key::permission_of};

/// What a client may do, with the names and defaults of the declarative file; where RFC 7591 or OpenID Connect has a name
/// for a member, it is that.
///
/// Unknown keys are skipped here, for a newer release may have written them; the file's reader refuses them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a registered member of its own")]
pub struct ClientSettings {
    /// The name shown to people.
    pub name: Option<DisplayName>,
    /// Where users may be sent back to.
    pub redirect_uris: Vec<RedirectUri>,
    /// Where users may be sent after signing out.
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// Who is told when a session ends (OpenID Connect Back-Channel Logout 1.0).
    pub backchannel_logout_uri: Option<WebUri>,
    /// Whether a logout token must name the session.
    pub backchannel_logout_session_required: bool,
    /// Where a sign-in may be started for the client (OpenID Connect Core section 4).
    pub initiate_login_uri: Option<WebUri>,
    /// How it may obtain tokens.
    pub grants: Vec<GrantType>,
    /// What it may ask for.
    pub scopes: Scopes,
    /// Whom its tokens may be for, named by `resource` (RFC 8707); the realm's audience when empty.
    pub audience: Vec<String>,
    /// The named set of settings it has.
    pub security_profile: Option<SecurityProfile>,
    /// How it proves who it is. Absent: with its secret, in the header or in the form; without one it is public.
    pub token_endpoint_auth_method: Option<ClientAuthMethod>,
    /// What its assertions are signed with; any algorithm its keys can have when absent.
    pub token_endpoint_auth_signing_alg: Option<ClientAlg>,
    /// Its public keys.
    pub jwks: Option<ClientKeys>,
    /// Where its public keys are.
    pub jwks_uri: Option<WebUri>,
    /// Whether an authorization request must carry a challenge (RFC 7636).
    pub require_pkce: bool,
    /// Whether an authorization request must be pushed (RFC 9126).
    pub require_pushed_authorization_requests: bool,
    /// Whether an authorization request must be signed (RFC 9101).
    pub require_signed_request_object: bool,
    /// What its request objects are signed with; any algorithm its keys can have when absent.
    pub request_object_signing_alg: Option<ClientAlg>,
    /// Where it keeps request objects that `request_uri` may name (OpenID Connect Core section 6.2).
    pub request_uris: Vec<RequestUri>,
    /// Whether its tokens are bound to a key (RFC 9449).
    pub dpop_bound_access_tokens: bool,
    /// Whether a refresh token is good once, and the next is given with the answer.
    pub refresh_token_rotation: bool,
    /// Whether a token that it exchanges may be as if the person themselves had it (RFC 8693 section 1.1).
    pub may_impersonate: bool,
    /// What of its realm it administers on its own: nothing of it is a scope, and no token says it.
    pub administers: Vec<Permission>,
    /// The organization that it is a client of: its own tokens speak of it, and it ends with it.
    pub organization: Option<OrganizationId>,
    /// The shape of its tokens.
    pub token_format: TokenFormat,
    /// What ID tokens are signed with.
    pub id_token_signed_response_alg: SigningAlg,
    /// What answers of the userinfo endpoint are signed with; they are plain JSON when absent.
    pub userinfo_signed_response_alg: Option<SigningAlg>,
    /// What answers of the introspection endpoint are signed with where it asks for that (RFC 9701).
    pub introspection_signed_response_alg: SigningAlg,
    /// Whether `sub` is the same for all clients.
    pub subject_type: SubjectType,
    /// What lists the redirect URIs of all clients of one sector.
    pub sector_identifier_uri: Option<WebUri>,
    /// After how many seconds a user must sign in again.
    pub default_max_age: Option<u32>,
    /// Whether every ID token says when the user signed in.
    pub require_auth_time: bool,
    /// Whether users are not asked to consent: the client is one's own.
    pub skip_consent: bool,
    /// Its home page.
    pub client_uri: Option<WebUri>,
    /// Its logo.
    pub logo_uri: Option<WebUri>,
    /// How it deals with data of users.
    pub policy_uri: Option<WebUri>,
    /// Its terms of service.
    pub tos_uri: Option<WebUri>,
    /// Addresses of those who answer for it.
    pub contacts: Vec<String>,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            name: None,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            backchannel_logout_session_required: false,
            initiate_login_uri: None,
            grants: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            scopes: Scopes::default(),
            audience: Vec::new(),
            security_profile: None,
            token_endpoint_auth_method: None,
            token_endpoint_auth_signing_alg: None,
            jwks: None,
            jwks_uri: None,
            require_pkce: true,
            require_pushed_authorization_requests: false,
            require_signed_request_object: false,
            request_object_signing_alg: None,
            request_uris: Vec::new(),
            dpop_bound_access_tokens: false,
            refresh_token_rotation: true,
            may_impersonate: false,
            administers: Vec::new(),
            organization: None,
            token_format: TokenFormat::Standard,
            id_token_signed_response_alg: SigningAlg::RS256,
            userinfo_signed_response_alg: None,
            introspection_signed_response_alg: SigningAlg::RS256,
            subject_type: SubjectType::Public,
            sector_identifier_uri: None,
            default_max_age: None,
            require_auth_time: false,
            skip_consent: false,
            client_uri: None,
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
            contacts: Vec::new(),
        }
    }
}

impl ClientSettings {
    /// Whether the client may obtain tokens in this way.
    pub fn allows(&self, grant: GrantType) -> bool {
        self.grants.contains(&grant)
    }

    /// Whether the client has a secret, as far as its method says: without one it has none if nothing else is said.
    pub fn needs_secret(&self) -> bool {
        self.token_endpoint_auth_method.is_none_or(ClientAuthMethod::needs_secret)
    }

    /// Whether it knows people by another `sub` than every other client.
    pub fn is_pairwise(&self) -> bool {
        self.subject_type == SubjectType::Pairwise
    }

    /// Whether the client has this scope, by itself or as one action of a `resource:*`.
    pub fn may_ask_for(&self, scope: &Scope) -> bool {
        self.scopes.contains(scope.as_str())
            || permission_of(scope)
                .is_some_and(|wanted| permissions_of(&self.scopes).any(|had| had.covers(&wanted)))
    }

    /// Of scopes that were given to the client those that it still has.
    pub fn still_has(&self, given: &Scopes) -> Scopes {
        given.iter().filter(|scope| self.may_ask_for(scope)).cloned().collect()
    }

    /// What a client that acts on its own gets of the scopes it asks for: those it has, by themselves or as one action of a
    /// `resource:*`. Without asking, all of them; never those that stand for a person (RFC 6749 section 3.3).
    pub fn granted(&self, wanted: Option<&Scopes>) -> Scopes {
        let wanted = wanted.unwrap_or(&self.scopes);
        wanted.iter().filter(|scope| !scope.is_personal() && self.may_ask_for(scope)).cloned().collect()
    }

    /// Whether it may do this in the administration of its realm.
    pub fn may_administer(&self, wanted: &Permission) -> bool {
        self.administers.iter().any(|had| had.covers(wanted))
    }

    /// The host within which a pairwise `sub` is one (OpenID Connect Core section 8.1): that of `sector_identifier_uri`, or
    /// the one host of the redirect URIs. `None`: they have several, or none.
    pub fn sector(&self) -> Option<String> {
        if let Some(uri) = &self.sector_identifier_uri {
            return uri.host();
        }
        let mut hosts = self.redirect_uris.iter().map(RedirectUri::host);
        let first = hosts.next()??;
        hosts.all(|host| host.as_ref() == Some(&first)).then_some(first)
    }

    /// What it may sign with: the algorithm it registered for that, or else each that its profile takes.
    pub fn algorithms(&self, registered: Option<ClientAlg>) -> Vec<ClientAlg> {
        match (registered, self.security_profile) {
            (Some(alg), _) => vec![alg],
            (None, Some(profile)) => profile.algorithms().to_vec(),
            (None, None) => ClientAlg::ASYMMETRIC.to_vec(),
        }
    }

    /// The settings with what their profile needs, but for what is named: that is for [`check`](Self::check) to judge.
    #[must_use]
    pub fn within_profile(&self, is_named: impl Fn(&str) -> bool) -> Self {
        let Some(profile) = self.security_profile else { return self.clone() };
        let needed = profile.implied().into_iter().chain(profile.suggested());
        let needed = needed.filter(|(name, _)| !is_named(name)).collect();
        // Names and values are ours.
        self.changed(&needed).unwrap_or_else(|_| self.clone())
    }

    /// The settings with some of them given anew, by name; `null` gives back the default. An unknown name is refused with
    /// the nearest there is. Naming a profile gives what it needs, as far as nothing else is named. Whether they fit together is
    /// asked by [`check`](Self::check).
    pub fn with(&self, changes: &serde_json::Map<String, serde_json::Value>) -> Result<Self, SettingRefused> {
        let given = self.changed(changes)?;
        let names_profile = changes.contains_key("security_profile");
        Ok(if names_profile { given.within_profile(|name| changes.contains_key(name)) } else { given })
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

impl Settings for ClientSettings {
    const OF: &str = "client";
}
