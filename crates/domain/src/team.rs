//! Teams: parts of an organization, in which some of its members work together.

use crate::{DisplayName, OrganizationId, RealmId, TeamId, Timestamp, UserId};

/// A part of an organization. It has members of the organization in it, and gives them no right: what somebody may do is in their
/// roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// The id.
    pub id: TeamId,
    /// The realm.
    pub realm: RealmId,
    /// Of which it is a part.
    pub organization: OrganizationId,
    /// The name shown to people. Two teams may have the same.
    pub name: DisplayName,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Grows with every change.
    pub version: u64,
}

impl Team {
    /// One that is made now, with nobody in it.
    pub fn begin(
        id: TeamId,
        realm: RealmId,
        organization: OrganizationId,
        name: DisplayName,
        now: Timestamp,
    ) -> Self {
        Self { id, realm, organization, name, created_at: now, updated_at: now, version: 1 }
    }

    /// That a member of the organization is in it from now on.
    pub fn with(&self, user: UserId, now: Timestamp) -> TeamMember {
        let Self { realm, organization, id: team, .. } = *self;
        TeamMember { realm, organization, team, user, created_at: now }
    }
}

/// That a member of an organization is in one of its teams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamMember {
    /// The realm.
    pub realm: RealmId,
    /// The organization.
    pub organization: OrganizationId,
    /// The team.
    pub team: TeamId,
    /// Who.
    pub user: UserId,
    /// Since when.
    pub created_at: Timestamp,
}
