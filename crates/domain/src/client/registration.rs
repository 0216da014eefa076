//! What a client may say of itself (RFC 7591 section 2, OpenID Connect Dynamic Client Registration 1.0 section 2), and how it is
//! told what was kept.

mod name;

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::{ClientAuthMethod, ClientSettings, GrantType, RegisteredBy};
use crate::{Scope, Scopes, SettingRefused, SigningAlg};

pub use name::resembles;

/// What a client can register, and the setting it is where that has another name.
const REGISTRABLE: [(&str, &str); 29] = [
    ("client_name", "name"),
    ("redirect_uris", "redirect_uris"),
    ("post_logout_redirect_uris", "post_logout_redirect_uris"),
    ("backchannel_logout_uri", "backchannel_logout_uri"),
    ("backchannel_logout_session_required", "backchannel_logout_session_required"),
    ("initiate_login_uri", "initiate_login_uri"),
    ("grant_types", "grants"),
    ("scope", "scopes"),
    ("token_endpoint_auth_method", "token_endpoint_auth_method"),
    ("token_endpoint_auth_signing_alg", "token_endpoint_auth_signing_alg"),
    ("jwks", "jwks"),
    ("jwks_uri", "jwks_uri"),
    ("require_pushed_authorization_requests", "require_pushed_authorization_requests"),
    ("require_signed_request_object", "require_signed_request_object"),
    ("request_object_signing_alg", "request_object_signing_alg"),
    ("request_uris", "request_uris"),
    ("dpop_bound_access_tokens", "dpop_bound_access_tokens"),
    ("id_token_signed_response_alg", "id_token_signed_response_alg"),
    ("userinfo_signed_response_alg", "userinfo_signed_response_alg"),
    ("introspection_signed_response_alg", "introspection_signed_response_alg"),
    ("subject_type", "subject_type"),
    ("sector_identifier_uri", "sector_identifier_uri"),
    ("default_max_age", "default_max_age"),
    ("require_auth_time", "require_auth_time"),
    ("client_uri", "client_uri"),
    ("logo_uri", "logo_uri"),
    ("policy_uri", "policy_uri"),
    ("tos_uri", "tos_uri"),
    ("contacts", "contacts"),
];

/// The longest list of redirect URIs of a client that nobody of the realm's made.
const MOST_URIS: usize = 20;

/// What clients that nobody of the realm's made are kept within.
#[derive(Debug, Clone, Copy)]
pub struct Policy<'a> {
    /// What lets them register.
    pub by: RegisteredBy,
    /// What they may ask people for, or have of their own.
    pub scopes: &'a Scopes,
    /// What the realm signs access tokens with; ID tokens can be signed so, too.
    pub signing_alg: SigningAlg,
}

impl Policy<'_> {
    /// How such a client may obtain tokens. Devices are left to those that somebody vouches for: who is asked to connect one sees
    /// nothing of where it stands (RFC 8628 section 5.4). Exchange and passwords are for clients that the realm made.
    pub(super) fn allows(self, grant: GrantType) -> bool {
        match grant {
            GrantType::AuthorizationCode | GrantType::RefreshToken => true,
            GrantType::ClientCredentials | GrantType::DeviceCode => {
                self.by == RegisteredBy::InitialAccessToken
            }
            GrantType::TokenExchange | GrantType::Password => false,
        }
    }

    /// The scope itself, or a permission that the realm opens to registered clients with `resource:*`.
    pub(super) fn opens(self, scope: &Scope) -> bool {
        let opened = ClientSettings { scopes: self.scopes.clone(), ..ClientSettings::default() };
        opened.may_ask_for(scope)
    }
}

/// The settings of a client that describes itself so: everything it can register is as it says, or as RFC 7591 has it where it says
/// nothing. What it cannot register stays as it is in `before`, and so may what an administrator gave it beyond the policy.
///
/// The member that is refused has its registered name. Members that are not known are skipped (section 2).
pub fn settings(
    metadata: &Map<String, Value>,
    before: &ClientSettings,
    policy: Policy<'_>,
) -> Result<ClientSettings, SettingRefused> {
    let mut changes = Map::new();
    for (registered, setting) in REGISTRABLE {
        changes.insert(setting.to_owned(), said(metadata, registered, policy)?);
    }
    let settings = before.with(&changes).map_err(as_registered)?;
    check_policy(&settings, before, policy)?;
    if is_trusted(before, policy) {
        check_identity(&settings, before)?;
    }
    check_flow(metadata, &settings)?;
    let public = settings.token_endpoint_auth_method == Some(ClientAuthMethod::Public);
    settings.check(public).map_err(as_registered)?;
    Ok(settings)
}

/// The value of a member, as settings have it. Null and the empty text are as if it were not there, for clients write both.
fn said(
    metadata: &Map<String, Value>,
    registered: &'static str,
    policy: Policy<'_>,
) -> Result<Value, SettingRefused> {
    let value = metadata.get(registered).filter(|value| !value.is_null() && *value != "");
    Ok(match (registered, value) {
        ("scope", None) => json!(policy.scopes),
        ("scope", Some(value)) => {
            let words = value.as_str().and_then(|text| text.parse::<Scopes>().ok());
            let words =
                words.ok_or_else(|| SettingRefused::new("scope", "write words with spaces between"))?;
            json!(words)
        }
        ("grant_types", None) => json!([GrantType::AuthorizationCode]),
        (_, value) => value.cloned().unwrap_or_default(),
    })
}

/// The same, of the member as a client knows it.
fn as_registered(refused: SettingRefused) -> SettingRefused {
    let known = REGISTRABLE.iter().find(|(_, setting)| *setting == refused.member);
    match known {
        Some((registered, _)) => SettingRefused { member: Cow::Borrowed(registered), ..refused },
        None => refused,
    }
}

/// Grants, response types and kind of application go together (RFC 7591 section 2.1).
fn check_flow(metadata: &Map<String, Value>, settings: &ClientSettings) -> Result<(), SettingRefused> {
    let refuse = |member: &'static str, reason: &'static str| Err(SettingRefused::new(member, reason));
    let code = settings.allows(GrantType::AuthorizationCode);
    if let Some(types) = metadata.get("response_types").filter(|types| !types.is_null()) {
        let types = types.as_array().map_or(std::slice::from_ref(types), Vec::as_slice);
        if types.iter().any(|one| *one != "code") {
            return refuse("response_types", "the only response type is code");
        }
        if types.is_empty() == code {
            return refuse("response_types", "code goes with the grant authorization_code, and only with it");
        }
    }
    let native = match metadata.get("application_type").filter(|kind| !kind.is_null()) {
        None => None,
        Some(kind) if kind == "native" => Some(true),
        Some(kind) if kind == "web" => Some(false),
        Some(_) => return refuse("application_type", "this takes web or native"),
    };
    let own_scheme = |uri: &super::RedirectUri| !uri.as_str().starts_with("http");
    if native == Some(false) && settings.redirect_uris.iter().any(own_scheme) {
        return refuse("redirect_uris", "a scheme of its own is for an application_type of native");
    }
    if code && settings.redirect_uris.is_empty() {
        return refuse("redirect_uris", "name at least one: the code is sent there");
    }
    if settings.redirect_uris.len() > MOST_URIS || settings.post_logout_redirect_uris.len() > MOST_URIS {
        return refuse("redirect_uris", "there are more than 20; leave out those that are not in use");
    }
    Ok(())
}

/// Whether an administrator gave a client more than it could register.
fn is_trusted(settings: &ClientSettings, policy: Policy<'_>) -> bool {
    settings.skip_consent
        || settings.may_impersonate
        || !settings.administers.is_empty()
        || settings.organization.is_some()
        || settings.scopes.iter().any(|scope| !policy.opens(scope))
        || settings.grants.iter().any(|grant| !policy.allows(*grant))
}

/// Whom it was given to stays whom it is for: where people are sent back to, what the client proves itself with and what it is called.
fn check_identity(settings: &ClientSettings, before: &ClientSettings) -> Result<(), SettingRefused> {
    let changed = [
        ("redirect_uris", settings.redirect_uris != before.redirect_uris),
        ("request_uris", settings.request_uris != before.request_uris),
        ("jwks", settings.jwks != before.jwks),
        ("jwks_uri", settings.jwks_uri != before.jwks_uri),
        (
            "token_endpoint_auth_method",
            settings.token_endpoint_auth_method.unwrap_or(ClientAuthMethod::ClientSecretBasic)
                != before.token_endpoint_auth_method.unwrap_or(ClientAuthMethod::ClientSecretBasic),
        ),
        ("backchannel_logout_uri", settings.backchannel_logout_uri != before.backchannel_logout_uri),
        ("client_name", settings.name != before.name),
    ];
    match changed.into_iter().find(|(_, changed)| *changed) {
        Some((member, _)) => Err(SettingRefused::new(
            member,
            "an administrator gave this client more than it could register, and changes this for it; write what it is",
        )),
        None => Ok(()),
    }
}

fn check_policy(
    settings: &ClientSettings,
    before: &ClientSettings,
    policy: Policy<'_>,
) -> Result<(), SettingRefused> {
    if let Some(grant) =
        settings.grants.iter().find(|grant| !policy.allows(**grant) && !before.allows(**grant))
    {
        return Err(SettingRefused::new(
            "grant_types",
            format!("{} is for clients that the realm makes; leave it out", grant.as_str()),
        ));
    }
    let beyond = |scope: &&Scope| !policy.opens(scope) && !before.scopes.contains(scope.as_str());
    if settings.scopes.iter().any(|scope| beyond(&scope)) {
        return Err(SettingRefused::new(
            "scope",
            format!("clients that register themselves can have {}", policy.scopes),
        ));
    }
    let signs = |alg: SigningAlg| alg == SigningAlg::RS256 || alg == policy.signing_alg;
    let signed = format!("this takes RS256 or {}", policy.signing_alg);
    if !signs(settings.id_token_signed_response_alg) {
        return Err(SettingRefused::new("id_token_signed_response_alg", signed));
    }
    if settings.userinfo_signed_response_alg.is_some_and(|alg| !signs(alg)) {
        return Err(SettingRefused::new("userinfo_signed_response_alg", signed));
    }
    if !signs(settings.introspection_signed_response_alg) {
        return Err(SettingRefused::new("introspection_signed_response_alg", signed));
    }
    match &settings.name {
        Some(name) if name::is_deceptive(name.as_str()) => Err(SettingRefused::new(
            "client_name",
            "write it in letters of one script (Unicode TS 39), so that it cannot be taken for another",
        )),
        _ => Ok(()),
    }
}

/// What a client has registered, under the registered names (RFC 7591 section 3.2.1). What is not set is left out.
pub fn metadata(settings: &ClientSettings) -> Map<String, Value> {
    let all = serde_json::to_value(settings).unwrap_or_default();
    let members = REGISTRABLE.iter().map(|(registered, setting)| (*registered, all[*setting].clone()));
    let set = members.filter(|(_, value)| !value.is_null() && *value != json!([]));
    let mut metadata: Map<String, Value> = set.map(|(name, value)| (name.to_owned(), value)).collect();
    if !settings.scopes.is_empty() {
        metadata.insert("scope".to_owned(), settings.scopes.to_string().into());
    }
    // The form is taken as well where a client names no method, for that is what some libraries use unless they are told.
    let method = settings.token_endpoint_auth_method.unwrap_or(ClientAuthMethod::ClientSecretBasic);
    metadata.insert("token_endpoint_auth_method".to_owned(), method.as_str().into());
    let types: &[&str] = if settings.allows(GrantType::AuthorizationCode) { &["code"] } else { &[] };
    metadata.insert("response_types".to_owned(), json!(types));
    metadata
}

#[cfg(test)]
mod tests;
