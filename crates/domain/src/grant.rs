use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    ClientId, GrantId, OrganizationId, RealmId, RealmSettings, Scopes, Session, SessionId, Timestamp, UserId,
};

/// A client's authorization within a session. It owns the refresh tokens, of which one is good at a time: the
/// one of the present generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The id.
    pub id: GrantId,
    /// The realm.
    pub realm: RealmId,
    /// The session it lives in and ends with.
    pub session: SessionId,
    /// Whose authorization it is.
    pub user: UserId,
    /// The client that holds it.
    pub client: ClientId,
    /// What the client may do.
    pub scopes: Scopes,
    /// Whom its tokens are for; the realm's audience when empty.
    pub audience: Vec<String>,
    /// The organization its tokens speak of, as long as the user belongs to it.
    pub organization: Option<OrganizationId>,
    /// What else was agreed on.
    pub details: GrantDetails,
    /// Which refresh token is good.
    pub generation: u32,
    /// When it was given.
    pub created_at: Timestamp,
    /// When the present generation began, if it is not the first.
    pub rotated_at: Option<Timestamp>,
    /// When it ends if it is not used.
    pub idle_expires_at: Timestamp,
    /// When it ends whatever happens: with its session.
    pub expires_at: Timestamp,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
}

/// What was agreed on with an authorization and holds for every token of it. Unknown members are skipped: a newer release may
/// have written them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GrantDetails {
    /// Claims that were asked for one by one at userinfo (OpenID Connect Core section 5.5).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub userinfo_claims: Vec<String>,
    /// Claims that were asked for one by one in ID tokens.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub id_token_claims: Vec<String>,
    /// The thumbprint of the key the tokens are bound to (RFC 9449 section 6.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dpop_jkt: Option<String>,
    /// The browser's session in which the authorization was given, where the grant has a session of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub browser_session: Option<SessionId>,
}

impl GrantDetails {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Grant {
    /// A fresh grant within a session.
    pub fn begin(
        id: GrantId,
        session: &Session,
        client: ClientId,
        scopes: Scopes,
        audience: Vec<String>,
        settings: &RealmSettings,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            realm: session.realm,
            session: session.id,
            user: session.user,
            client,
            scopes,
            audience,
            organization: None,
            details: GrantDetails::default(),
            generation: 0,
            created_at: now,
            rotated_at: None,
            idle_expires_at: idle_end(settings.refresh_token_ttl, session.expires_at, now),
            expires_at: session.expires_at,
            revoked_at: None,
        }
    }

    /// The grant after its good token was exchanged for the next, unused for `idle` at most.
    #[must_use]
    pub fn rotated(self, idle: Duration, now: Timestamp) -> Self {
        Self {
            generation: self.generation + 1,
            rotated_at: Some(now),
            idle_expires_at: idle_end(idle, self.expires_at, now),
            ..self
        }
    }

    /// The grant after its good token was used and stays the good one, unused for `idle` at most from now on.
    #[must_use]
    pub fn prolonged(self, idle: Duration, now: Timestamp) -> Self {
        Self { idle_expires_at: idle_end(idle, self.expires_at, now), ..self }
    }

    /// Whether its lifetime is over, unused or absolute.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.idle_expires_at || now >= self.expires_at
    }
}

fn idle_end(ttl: Duration, end: Timestamp, now: Timestamp) -> Timestamp {
    now.plus(ttl).min(end)
}
