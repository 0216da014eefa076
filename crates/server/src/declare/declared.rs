//! What a declarative file says, checked.

use gatepost_domain::{
    ClientId, ClientSettings, DisplayName, EmailAddress, PasswordHash, PersonalClaims, RealmName,
    RealmSettings, Role, RoleName, Scopes, Secret, Slug, Username, mfa::OrganizationMfa,
};
use gatepost_store::users::Login;
use serde::{Deserialize, Deserializer};

use super::providers::DeclaredProvider;

/// A file that parsed.
pub struct Declared {
    pub(super) realms: std::sync::Arc<[DeclaredRealm]>,
}

pub(super) struct DeclaredRealm {
    pub(super) name: RealmName,
    pub(super) is_default: Option<bool>,
    /// What the file says, over the defaults.
    pub(super) settings: RealmSettings,
    /// The settings the file names; the others of a realm that exists stay as they are.
    pub(super) named: Vec<String>,
    /// The file, and the line that names its hosts.
    pub(super) hosts_at: (std::path::PathBuf, usize),
    pub(super) roles: Vec<Role>,
    pub(super) clients: Vec<DeclaredClient>,
    pub(super) users: Vec<DeclaredUser>,
    pub(super) organizations: Vec<DeclaredOrganization>,
    pub(super) api_keys: Vec<DeclaredApiKey>,
    pub(super) providers: Vec<DeclaredProvider>,
}

/// An organization. One that is there keeps its members: people join and leave, and none comes back because a file is applied
/// again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclaredOrganization {
    pub(super) slug: Slug,
    pub(super) name: DisplayName,
    /// What it says of second factors; what is there stays where the file says nothing.
    pub(super) mfa: Option<OrganizationMfa>,
    #[serde(default)]
    pub(super) members: Vec<DeclaredMember>,
}

/// One of the first members of an organization.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclaredMember {
    pub(super) user: String,
    #[serde(default)]
    pub(super) roles: Vec<RoleName>,
}

/// The address or user name of a user.
pub(super) fn login(user: &str) -> Result<Login, String> {
    if user.contains('@') {
        user.parse().map(Login::Email).map_err(|no| no.to_string())
    } else {
        user.parse().map(Login::Username).map_err(|no| no.to_string())
    }
}

/// An API key. One of that owner and name that is there stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclaredApiKey {
    user: Option<String>,
    organization: Option<Slug>,
    client: Option<ClientId>,
    pub(super) name: DisplayName,
    pub(super) scopes: Scopes,
}

/// Whose key it is.
pub(super) enum DeclaredOwner<'a> {
    User(Login),
    Organization(&'a Slug),
    Client(&'a ClientId),
}

impl DeclaredApiKey {
    /// The one owner, or what is wrong.
    pub(super) fn owner(&self) -> Result<DeclaredOwner<'_>, String> {
        match (&self.user, &self.organization, &self.client) {
            (Some(user), None, None) => login(user).map(DeclaredOwner::User),
            (None, Some(organization), None) => Ok(DeclaredOwner::Organization(organization)),
            (None, None, Some(client)) => Ok(DeclaredOwner::Client(client)),
            _ => Err("an API key has one owner: write `user`, `organization` or `client`".to_owned()),
        }
    }

    /// The owner as an operator knows them.
    pub(super) fn shown_owner(&self) -> String {
        let named = [
            ("user", self.user.clone()),
            ("organization", self.organization.as_ref().map(Slug::to_string)),
            ("client", self.client.as_ref().map(ClientId::to_string)),
        ];
        let named = named.into_iter().filter_map(|(kind, name)| name.map(|name| format!("{kind} {name}")));
        named.collect::<Vec<_>>().join(", ")
    }
}

pub(super) struct DeclaredClient {
    pub(super) id: ClientId,
    pub(super) secret: Option<Secret>,
    pub(super) settings: ClientSettings,
}

/// A user. An account that exists keeps its password: its owner may have changed it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclaredUser {
    pub(super) email: Option<EmailAddress>,
    pub(super) username: Option<Username>,
    pub(super) name: Option<DisplayName>,
    #[serde(default, deserialize_with = "secret")]
    pub(super) password: Option<Secret>,
    #[serde(default, deserialize_with = "hash")]
    pub(super) password_hash: Option<PasswordHash>,
    #[serde(default)]
    pub(super) email_verified: Option<bool>,
    pub(super) roles: Option<Vec<RoleName>>,
    #[serde(default, deserialize_with = "personal")]
    pub(super) claims: Option<PersonalClaims>,
}

/// What could not be shown is refused with the name of the claim.
fn personal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PersonalClaims>, D::Error> {
    let claims = PersonalClaims::deserialize(deserializer)?;
    claims.check().map_err(serde::de::Error::custom)?;
    Ok(Some(claims))
}

impl DeclaredRealm {
    /// The settings of a realm that exists, with those that the file names. With another profile come its defaults.
    pub(super) fn over(&self, present: &RealmSettings) -> RealmSettings {
        let profile = self.settings.profile;
        if self.named.iter().any(|name| name == "profile") && profile != present.profile {
            return present.moved_to(profile, &self.named).taking(&self.named, &self.settings);
        }
        present.taking(&self.named, &self.settings)
    }
}

impl DeclaredUser {
    /// What the user signs in with: the address if there is one.
    pub(super) fn login(&self) -> Login {
        match (&self.email, &self.username) {
            (Some(email), _) => Login::Email(email.clone()),
            (None, Some(username)) => Login::Username(username.clone()),
            (None, None) => unreachable!("a user without both is refused when the file is read"),
        }
    }

    /// As an operator knows them.
    pub(super) fn shown(&self) -> String {
        let email = self.email.as_ref().map(|email| email.as_str().to_owned());
        email
            .or_else(|| self.username.as_ref().map(|username| username.as_str().to_owned()))
            .unwrap_or_default()
    }

    /// What a password may not be made of.
    pub(super) fn words(&self) -> Vec<&str> {
        let email = self.email.as_ref().map(EmailAddress::as_str);
        let username = self.username.as_ref().map(Username::as_str);
        email.into_iter().chain(username).chain(self.name.as_ref().map(DisplayName::as_str)).collect()
    }
}

pub(super) fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Option::<String>::deserialize(deserializer).map(|text| text.map(Secret::received))
}

fn hash<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<PasswordHash>, D::Error> {
    Option::<String>::deserialize(deserializer).map(|text| text.map(PasswordHash::new))
}
