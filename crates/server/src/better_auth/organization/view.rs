//! What the plugin shows: organizations, members, invitations.

use gatepost_domain::{
    EmailAddress, Invitation, InvitationId, LogoUrl, Membership, Organization, OrganizationId,
    PersonalClaims, Team, TeamMember, User, UserId,
};
use gatepost_store::memberships::Chosen;
use serde::Serialize;
use serde_json::Value;

use super::roles;
use crate::realm::Snapshot;

/// An organization. What is not kept is not shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrganizationView {
    id: String,
    name: String,
    slug: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo: Option<LogoUrl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Value>,
    created_at: String,
}

impl OrganizationView {
    /// As the answer to whoever made or changed it, where metadata is an object. Everywhere else the contract has its text.
    pub(super) fn written(organization: &Organization) -> Self {
        let metadata = organization.metadata.as_ref().map(|metadata| metadata.object().clone().into());
        Self { metadata, ..organization.into() }
    }
}

impl From<&Organization> for OrganizationView {
    fn from(organization: &Organization) -> Self {
        Self {
            id: organization.id.to_string(),
            name: organization.name.as_str().to_owned(),
            slug: organization.slug.to_string(),
            logo: organization.logo_url.clone(),
            metadata: organization.metadata.as_ref().map(|metadata| metadata.to_string().into()),
            created_at: organization.created_at.to_millis(),
        }
    }
}

/// An organization with those who belong to it.
#[derive(Debug, Serialize)]
pub(super) struct WithMembers {
    #[serde(flatten)]
    pub(super) organization: OrganizationView,
    pub(super) members: Vec<MemberView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) invitations: Option<Vec<InvitationView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) teams: Option<Vec<TeamView>>,
}

/// A team.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TeamView {
    id: String,
    name: String,
    organization_id: String,
    created_at: String,
    updated_at: String,
}

impl From<&Team> for TeamView {
    fn from(team: &Team) -> Self {
        Self {
            id: team.id.to_string(),
            name: team.name.as_str().to_owned(),
            organization_id: team.organization.to_string(),
            created_at: team.created_at.to_millis(),
            updated_at: team.updated_at.to_millis(),
        }
    }
}

/// That somebody is in a team: it has no id of its own here, and one in the contract.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TeamMemberView {
    id: String,
    team_id: String,
    user_id: String,
    created_at: String,
}

impl From<&TeamMember> for TeamMemberView {
    fn from(member: &TeamMember) -> Self {
        Self {
            id: format!("{}.{}", member.team, member.user),
            team_id: member.team.to_string(),
            user_id: member.user.to_string(),
            created_at: member.created_at.to_millis(),
        }
    }
}

/// What a membership is called: it has no id of its own here, and one in the contract.
fn member_id(organization: OrganizationId, user: UserId) -> String {
    format!("{organization}.{user}")
}

/// The user of a membership in the organization. `None`: it is of none there.
pub(super) fn member_of(organization: OrganizationId, id: &str) -> Option<UserId> {
    let (there, user) = id.split_once('.')?;
    let user = user.parse().ok()?;
    (there.parse() == Ok(organization)).then_some(user)
}

/// The address as the contract has it, in small letters.
fn address(email: &EmailAddress) -> String {
    email.as_str().to_lowercase()
}

/// Who has an account that belongs to an organization.
#[derive(Debug, Serialize)]
struct PersonView {
    id: String,
    name: String,
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
}

impl PersonView {
    fn new(user: &User, claims: &PersonalClaims) -> Self {
        Self {
            id: user.id.to_string(),
            name: user.name.as_ref().map(|name| name.as_str().to_owned()).unwrap_or_default(),
            email: user.email.as_ref().map(address),
            image: claims.picture.clone(),
        }
    }
}

/// A member.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MemberView {
    id: String,
    organization_id: String,
    user_id: String,
    role: String,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<PersonView>,
}

impl From<&Membership> for MemberView {
    fn from(member: &Membership) -> Self {
        Self {
            id: member_id(member.organization, member.user),
            organization_id: member.organization.to_string(),
            user_id: member.user.to_string(),
            role: roles::shown(&member.roles),
            created_at: member.created_at.to_millis(),
            user: None,
        }
    }
}

impl From<&Chosen> for MemberView {
    fn from(chosen: &Chosen) -> Self {
        let user = Some(PersonView::new(&chosen.user, &chosen.claims));
        Self { user, ..Self::from(&chosen.member) }
    }
}

/// What became of an invitation.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// It can be accepted.
    Pending,
    /// It was.
    Accepted,
    /// Who was invited does not want to be a member.
    Rejected,
    /// It was taken back.
    Canceled,
}

/// An invitation, without the secret of its letter.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InvitationView {
    id: String,
    organization_id: String,
    email: String,
    role: String,
    status: Status,
    inviter_id: Option<String>,
    /// Into which teams, with commas between; `null` where into none. Where the realm has no teams it is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    team_id: Option<Option<String>>,
    expires_at: String,
    created_at: String,
}

impl InvitationView {
    pub(super) fn new(realm: &Snapshot, invitation: &Invitation, status: Status) -> Self {
        let teams = invitation.teams.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        Self {
            id: invitation.id.to_string(),
            organization_id: invitation.organization.to_string(),
            email: address(&invitation.email),
            role: roles::shown(&invitation.roles),
            status,
            inviter_id: invitation.invited_by.map(|user| user.to_string()),
            team_id: realm.settings().teams.then(|| Some(teams).filter(|teams| !teams.is_empty())),
            expires_at: invitation.expires_at.to_millis(),
            created_at: invitation.created_at.to_millis(),
        }
    }
}

/// An invitation, as whoever is invited sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MyInvitationView {
    #[serde(flatten)]
    invitation: InvitationView,
    organization_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_slug: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inviter_email: Option<String>,
}

impl MyInvitationView {
    /// In a list.
    pub(super) fn listed(realm: &Snapshot, (invitation, organization): &(Invitation, Organization)) -> Self {
        Self {
            invitation: InvitationView::new(realm, invitation, Status::Pending),
            organization_name: organization.name.as_str().to_owned(),
            organization_slug: None,
            inviter_email: None,
        }
    }

    /// By itself, with who invited.
    pub(super) fn whole(realm: &Snapshot, found: &(Invitation, Organization), inviter: &User) -> Self {
        let organization_slug = Some(found.1.slug.to_string());
        let inviter_email = inviter.email.as_ref().map(address);
        Self { organization_slug, inviter_email, ..Self::listed(realm, found) }
    }
}

/// What was sent as the id of an invitation.
pub(super) fn invitation_id(text: &str) -> Option<InvitationId> {
    text.parse().ok()
}
