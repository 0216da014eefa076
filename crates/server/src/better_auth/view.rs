//! What the contract shows: users and sessions.

use gatepost_domain::{OrganizationId, Session, TeamId, User};
use serde::Serialize;

use super::caller::{Person, expiry};
use crate::accounts;

/// The role of those who administer the realm.
pub(super) const ADMIN: &str = "admin";
/// That of everybody else. Roles of the realm's own are for its APIs, and not of this contract.
pub(super) const USER: &str = "user";

/// A user, as an application sees them; also what a token says of them.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserView {
    id: String,
    name: String,
    email: Option<String>,
    email_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_username: Option<String>,
    two_factor_enabled: bool,
    role: &'static str,
    banned: bool,
    created_at: String,
    updated_at: String,
}

impl UserView {
    pub(super) fn new(user: &User, person: &Person) -> Self {
        let username = user.username.as_ref().map(|username| username.as_str().to_owned());
        Self {
            id: user.id.to_string(),
            name: user.name.as_ref().map(|name| name.as_str().to_owned()).unwrap_or_default(),
            // The contract has addresses in small letters, whatever was typed.
            email: user.email.as_ref().map(|email| email.as_str().to_lowercase()),
            email_verified: user.email_verified,
            image: person.claims.picture.clone(),
            username: username.as_ref().map(|username| username.to_lowercase()),
            display_username: username,
            two_factor_enabled: person.has_factor,
            role: if accounts::is_administrator(user) { ADMIN } else { USER },
            banned: user.is_disabled(),
            created_at: user.created_at.to_millis(),
            updated_at: user.updated_at.to_millis(),
        }
    }

    /// What names the user.
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

/// A session, with what names it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionView {
    id: String,
    token: String,
    user_id: String,
    expires_at: String,
    created_at: String,
    updated_at: String,
    ip_address: String,
    user_agent: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_organization_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_team_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impersonated_by: Option<String>,
}

impl SessionView {
    /// With the token that the application has, which authenticates.
    pub(super) fn held(session: &Session, token: String) -> Self {
        Self {
            id: session.id.to_string(),
            token,
            user_id: session.user.to_string(),
            expires_at: expiry(session).to_millis(),
            created_at: session.created_at.to_millis(),
            updated_at: session.last_seen_at.to_millis(),
            ip_address: session.origin.address.map(|address| address.to_string()).unwrap_or_default(),
            user_agent: session.origin.user_agent.clone().unwrap_or_default(),
            active_organization_id: None,
            active_team_id: None,
            impersonated_by: session.impersonator.map(|by| by.to_string()),
        }
    }

    /// With the organization that is active in it, and the team.
    pub(super) fn within(self, organization: Option<OrganizationId>, team: Option<TeamId>) -> Self {
        let active_organization_id = organization.map(|id| id.to_string());
        Self { active_organization_id, active_team_id: team.map(|id| id.to_string()), ..self }
    }

    /// In a list: what is shown in place of the token ends the session, and signs nobody in.
    pub(super) fn listed(session: &Session) -> Self {
        Self::held(session, session.id.to_string())
    }
}
