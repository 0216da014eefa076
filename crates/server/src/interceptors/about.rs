//! What an interceptor is told.

use gatepost_domain::{
    ClientId, DisplayName, EmailAddress, OrganizationId, RealmId, Scopes, Timestamp, User, UserId, Username,
    interceptor::Trigger,
};
use serde_json::{Value, json};

use crate::http::Where;

/// What is about to happen.
pub enum About {
    /// Somebody makes an account with these. Whether there is one already is not told.
    Signup {
        /// The address.
        email: Option<EmailAddress>,
        /// The user name.
        username: Option<Username>,
        /// The name.
        name: Option<DisplayName>,
    },
    /// Somebody is signed in.
    Session {
        /// Who.
        user: Box<User>,
        /// What they have shown (RFC 8176).
        amr: Vec<String>,
    },
    /// Somebody is invited.
    Invitation {
        /// The address.
        email: EmailAddress,
        /// Where to.
        organization: OrganizationId,
        /// By whom.
        by: UserId,
    },
    /// A program is given a token.
    Token {
        /// Which.
        client: ClientId,
        /// Whose it is.
        organization: Option<OrganizationId>,
        /// What the token is to be good for.
        scopes: Scopes,
    },
}

impl About {
    /// Whose account it is about.
    pub(super) fn user(&self) -> Option<UserId> {
        match self {
            Self::Session { user, .. } => Some(user.id),
            Self::Signup { .. } | Self::Invitation { .. } | Self::Token { .. } => None,
        }
    }

    /// Which program it is about.
    pub(super) fn client(&self) -> Option<&ClientId> {
        match self {
            Self::Token { client, .. } => Some(client),
            Self::Signup { .. } | Self::Session { .. } | Self::Invitation { .. } => None,
        }
    }

    /// Under whom refusals are counted. Accounts are counted where they are asked for, and programs are not.
    pub(super) fn counted(&self) -> Option<UserId> {
        match self {
            Self::Session { user, .. } => Some(user.id),
            Self::Invitation { by, .. } => Some(*by),
            Self::Signup { .. } | Self::Token { .. } => None,
        }
    }

    fn email(&self) -> Option<&str> {
        match self {
            Self::Signup { email, .. } => email.as_ref(),
            Self::Session { user, .. } => user.email.as_ref(),
            Self::Invitation { email, .. } => Some(email),
            Self::Token { .. } => None,
        }
        .map(EmailAddress::as_str)
    }

    fn data(&self) -> Value {
        match self {
            Self::Signup { email, username, name } => json!({ "signup": {
                "email": email.as_ref().map(EmailAddress::as_str),
                "username": username.as_ref().map(Username::as_str),
                "name": name.as_ref().map(DisplayName::as_str),
            } }),
            Self::Session { user, amr } => json!({
                "user": {
                    "id": user.id,
                    "email": user.email.as_ref().map(EmailAddress::as_str),
                    "email_verified": user.email_verified,
                    "username": user.username.as_ref().map(Username::as_str),
                    "name": user.name.as_ref().map(DisplayName::as_str),
                    "created_at": user.created_at,
                    "updated_at": user.updated_at,
                },
                "amr": amr,
            }),
            Self::Invitation { organization, by, .. } => json!({
                "organization": { "id": organization },
                "invited_by": { "id": by },
            }),
            Self::Token { client, organization, scopes } => json!({ "m2m_token_claims": {
                "client_id": client,
                "claims": {
                    "oid": organization,
                    "scope": scopes.to_string(),
                    "scopes": scopes.iter().map(ToString::to_string).collect::<Vec<_>>(),
                },
            } }),
        }
    }

    /// The document. Nothing is in it that opens anything: no password, code or token.
    pub(super) fn document(
        &self,
        trigger: Trigger,
        realm: RealmId,
        origin: &Where,
        now: Timestamp,
    ) -> String {
        let from = origin.session_origin();
        let organization = match self {
            Self::Invitation { organization, .. } => Some(organization),
            Self::Token { organization, .. } => organization.as_ref(),
            Self::Signup { .. } | Self::Session { .. } => None,
        };
        json!({
            "display_name": trigger.name(),
            "trigger_point": trigger.trigger_point(),
            "interceptor_context": {
                "environment_id": realm,
                "client_id": self.client(),
                "user_id": self.user(),
                "user_email": self.email(),
                "organization_id": organization,
                "ip_address": from.address,
                "user_agent": from.user_agent,
                "triggered_at": now,
            },
            "data": self.data(),
        })
        .to_string()
    }
}
