//! What the API shows and reads of organizations, to members and to administrators.

use std::time::Duration;

use gatepost_domain::{
    LogoUrl, Membership, Metadata, Organization, RoleName, Timestamp, User, UserId, mfa::OrganizationMfa,
};
use gatepost_store::organizations::OrganizationChanges;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    App, accounts,
    api::Enrolment,
    http::{
        Problem,
        page::{self, Limit},
    },
    mfa, organizations,
    realm::Snapshot,
};

/// An organization.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Organization)]
pub struct OrganizationView {
    #[schema(example = "org_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    id: String,
    /// Unique in the realm.
    #[schema(example = "analytical")]
    slug: String,
    #[schema(example = "Analytical Engines")]
    name: String,
    /// What it asks of members beside a password: `required`, a second factor of whoever acts in it; `inherit`, what the realm asks.
    #[schema(value_type = String, example = "inherit")]
    mfa: OrganizationMfa,
    /// Since when it is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    mfa_required_since: Option<Timestamp>,
    /// Where its picture is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "https://analytical.example/logo.png")]
    logo_url: Option<LogoUrl>,
    /// What its owners keep with it. Its members see it, and nothing of it decides anything here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, example = json!({"plan": "pro"}))]
    metadata: Option<Metadata>,
    #[schema(value_type = String)]
    created_at: Timestamp,
    #[schema(value_type = String)]
    updated_at: Timestamp,
}

impl From<&Organization> for OrganizationView {
    fn from(organization: &Organization) -> Self {
        Self {
            id: organization.id.to_string(),
            slug: organization.slug.to_string(),
            name: organization.name.as_str().to_owned(),
            mfa: organization.mfa(),
            mfa_required_since: organization.mfa_required_since,
            logo_url: organization.logo_url.clone(),
            metadata: organization.metadata.clone(),
            created_at: organization.created_at,
            updated_at: organization.updated_at,
        }
    }
}

/// An organization, and what the caller is in it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct MyOrganization {
    #[serde(flatten)]
    organization: OrganizationView,
    /// The caller's roles there.
    #[schema(example = json!(["owner"]))]
    roles: Vec<String>,
    /// Until when the caller may act in it without a second factor, where it requires one and the caller has none. Past, it is closed
    /// to them until they have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    mfa_setup_required_by: Option<Timestamp>,
}

impl MyOrganization {
    pub(super) fn new((organization, member): &(Organization, Membership), set_up_by: &SetUpBy) -> Self {
        Self {
            organization: organization.into(),
            roles: names(&member.roles),
            mfa_setup_required_by: set_up_by.to_act_in(organization),
        }
    }
}

/// By when a caller sets up a second factor, to act in organizations that ask for one.
pub(super) struct SetUpBy {
    created_at: Timestamp,
    grace: Duration,
    lacks: bool,
}

impl SetUpBy {
    /// Of one who belongs to these organizations. What they have set up is looked at where any of these asks.
    pub(super) async fn of(
        app: &App,
        realm: &Snapshot,
        caller: &User,
        found: &[(Organization, Membership)],
    ) -> Result<Self, Problem> {
        let asked = found.iter().any(|(organization, _)| organization.mfa() == OrganizationMfa::Required);
        let lacks = asked && !mfa::has_factor(app, caller).await?;
        Ok(Self { created_at: caller.created_at, grace: realm.settings().mfa_grace, lacks })
    }

    fn to_act_in(&self, organization: &Organization) -> Option<Timestamp> {
        organization.due(self.grace, self.created_at).filter(|_| self.lacks)
    }
}

/// Another name, slug or logo, other metadata, or what it asks of its members. A member that is left out stays as it is.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganizationChange {
    #[schema(example = "Analytical Engines Ltd")]
    name: Option<String>,
    #[schema(example = "analytical-engines")]
    slug: Option<String>,
    /// `required`: whoever acts in it must have shown a second factor. `inherit`: it is as the realm says.
    #[schema(example = "required")]
    mfa: Option<String>,
    /// Where its picture is: an address of up to 400 bytes. `null` takes it away.
    #[serde(default, deserialize_with = "accounts::given")]
    #[schema(value_type = Option<String>, example = "https://analytical.example/logo.png")]
    logo_url: Option<Option<String>>,
    /// Replaces what its owners keep with it: any JSON object of up to 4 KiB, which its members see. `null` takes it away.
    #[serde(default, deserialize_with = "accounts::given")]
    #[schema(value_type = Option<Object>, example = json!({"plan": "pro"}))]
    metadata: Option<Option<Map<String, Value>>>,
}

impl OrganizationChange {
    /// What is to change, checked.
    pub fn parse(self) -> Result<OrganizationChanges, Problem> {
        Ok(OrganizationChanges {
            slug: self.slug.as_deref().map(organizations::slug).transpose()?,
            name: self.name.as_deref().map(organizations::name).transpose()?,
            mfa: self.mfa.as_deref().map(organizations::mfa).transpose()?,
            logo_url: self
                .logo_url
                .map(|url| organizations::logo_url(&url.unwrap_or_default()))
                .transpose()?,
            metadata: self
                .metadata
                .map(|object| object.map(organizations::metadata).transpose())
                .transpose()?,
        })
    }
}

/// Somebody who belongs to an organization.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Member)]
pub struct MemberView {
    #[schema(example = "usr_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    user_id: String,
    #[schema(example = "ada@example.com")]
    email: Option<String>,
    #[schema(example = "ada")]
    username: Option<String>,
    #[schema(example = "Ada Lovelace")]
    name: Option<String>,
    /// Roles in the organization.
    #[schema(example = json!(["editor"]))]
    roles: Vec<String>,
    /// Since when.
    #[schema(value_type = String)]
    created_at: Timestamp,
}

impl MemberView {
    /// Of a member and their account.
    pub fn new((member, user): &(Membership, User)) -> Self {
        Self {
            user_id: user.id.to_string(),
            email: user.email.as_ref().map(|email| email.as_str().to_owned()),
            username: user.username.as_ref().map(|username| username.as_str().to_owned()),
            name: user.name.as_ref().map(|name| name.as_str().to_owned()),
            roles: names(&member.roles),
            created_at: member.created_at,
        }
    }
}

impl MemberView {
    /// For a table of `gatepost org members`.
    pub fn row(&self) -> Vec<String> {
        let text = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
        vec![self.user_id.clone(), text(&self.email), text(&self.username), self.roles.join(" ")]
    }
}

/// Which members to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MemberListing {
    /// How many at the most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Limit,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    pub cursor: Option<UserId>,
    /// `none`: only members without a second factor; `enrolled`: only those who have one. For those who manage members.
    #[param(value_type = Option<String>)]
    mfa: Option<Enrolment>,
}

impl MemberListing {
    /// How many.
    pub fn limit(&self) -> Limit {
        self.limit
    }

    /// Whether those who have a second factor, or those who have none.
    pub fn has_factor(&self) -> Option<bool> {
        self.mfa.map(Enrolment::has_factor)
    }
}

/// One page of members, in the order their accounts were made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MemberPage {
    members: Vec<MemberView>,
    /// Present when there are more.
    next_cursor: Option<String>,
}

impl MemberPage {
    /// Of one more than a page holds.
    pub fn cut(found: Vec<(Membership, User)>, limit: Limit) -> Self {
        let (found, next_cursor) = page::cut(found, limit, |(_, user)| user.id.to_string());
        Self { members: found.iter().map(MemberView::new).collect(), next_cursor }
    }
}

/// Other roles of a member.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberChange {
    /// Replaces all roles. Roles of the realm, and `owner`.
    #[schema(example = json!(["editor"]))]
    pub roles: Vec<String>,
}

pub(super) fn names(roles: &[RoleName]) -> Vec<String> {
    roles.iter().map(ToString::to_string).collect()
}
