//! `RolesService`: roles. They are the realm's, and those that are made here can be given in organizations.

use gatepost_domain::{DisplayName, Permission, Role, RoleName, RoleNotes};

use super::{
    grpc::{Answer, Call, Refusal, given, id},
    messages::roles as messages,
    view::{self, Shown},
};
use crate::{
    accounts::field,
    http::Problem,
    organizations,
    roles::{self, RoleChange},
};

/// Roles with how they are shown.
struct Known {
    all: Vec<Role>,
    shown: Shown,
}

impl Known {
    /// The roles of the realm, and the built-in one of whoever owns an organization.
    async fn in_realm(call: &Call) -> Result<Self, Refusal> {
        let mut all = roles::list(&call.app, call.realm.id()).await?;
        if !all.iter().any(|role| role.name == RoleName::owner()) {
            all.push(Role { name: RoleName::owner(), permissions: Vec::new(), inherits: Vec::new() });
        }
        Ok(Self { all, shown: roles::notes(&call.app, call.realm.id()).await? })
    }

    /// Of those, what an organization gives.
    async fn in_organization(call: &Call, organization: &str) -> Result<Self, Refusal> {
        organizations::find(&call.app, call.realm.id(), id("org_id", organization)?).await?;
        let graph = call.realm.organization_roles();
        let mut known = Self::in_realm(call).await?;
        known.all.retain(|role| graph.contains(&role.name) || role.name == RoleName::owner());
        Ok(known)
    }

    fn find(&self, name: &str) -> Result<&Role, Refusal> {
        let name: RoleName = id("role_name", name)?;
        Ok(self.all.iter().find(|role| role.name == name).ok_or(Problem::NotFound)?)
    }

    fn show(&self, role: &Role) -> messages::Role {
        view::role(role, &self.all, &self.shown)
    }

    fn one(&self, name: &str) -> Answer<messages::RoleResponse> {
        Ok(messages::RoleResponse { role: Some(self.show(self.find(name)?)) })
    }

    fn every(&self) -> messages::RolesResponse {
        messages::RolesResponse { roles: self.all.iter().map(|role| self.show(role)).collect() }
    }
}

pub(super) async fn get(call: Call, asked: messages::GetRoleRequest) -> Answer<messages::RoleResponse> {
    Known::in_realm(&call).await?.one(&asked.role_name)
}

pub(super) async fn list(call: Call, _: messages::ListRolesRequest) -> Answer<messages::RolesResponse> {
    Ok(Known::in_realm(&call).await?.every())
}

pub(super) async fn get_in_organization(
    call: Call,
    asked: messages::GetOrganizationRoleRequest,
) -> Answer<messages::RoleResponse> {
    Known::in_organization(&call, &asked.org_id).await?.one(&asked.role_name)
}

pub(super) async fn list_in_organization(
    call: Call,
    asked: messages::ListOrganizationRolesRequest,
) -> Answer<messages::RolesResponse> {
    Ok(Known::in_organization(&call, &asked.org_id).await?.every())
}

pub(super) async fn dependents(
    call: Call,
    asked: messages::ListDependentRolesRequest,
) -> Answer<messages::RolesResponse> {
    let known = Known::in_realm(&call).await?;
    let base = known.find(&asked.role_name)?;
    let roles = view::dependents(&base.name, &known.all).map(|role| known.show(role)).collect();
    Ok(messages::RolesResponse { roles })
}

/// Reads the names of permissions.
pub(super) fn permissions(names: &[String]) -> Result<Vec<Permission>, Refusal> {
    let read = names.iter().map(|name| name.parse().map_err(|refused| field("permissions", refused)));
    Ok(read.collect::<Result<_, Problem>>()?)
}

/// How a role is to be shown; an empty text is none.
fn display_name(text: &str) -> Result<Option<DisplayName>, Refusal> {
    let text = Some(text).filter(|text| !text.is_empty());
    Ok(text.map(str::parse).transpose().map_err(|refused| field("display_name", refused))?)
}

/// The parent that a role has by `extends`; an empty name is none.
fn parents(extends: &str) -> Result<Vec<RoleName>, Refusal> {
    if extends.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![extends.parse().map_err(|refused| field("extends", refused))?])
}

pub(super) async fn create(call: Call, asked: messages::CreateRoleRequest) -> Answer<messages::RoleResponse> {
    let wanted = given("role", asked.role)?;
    let notes = RoleNotes {
        display_name: display_name(&wanted.display_name)?,
        description: wanted.description.as_deref().map(roles::description).transpose()?,
    };
    let name: RoleName = wanted.name.parse().map_err(|refused| field("name", refused))?;
    let role = Role {
        name: name.clone(),
        permissions: permissions(&wanted.permissions)?,
        inherits: parents(wanted.extends.as_deref().unwrap_or_default())?,
    };
    let role = call.realm.settings().profile.completed(role);
    roles::create_given(&call.app, call.realm.id(), (role, notes), call.who(), call.now).await?;
    Known::in_realm(&call).await?.one(name.as_str())
}

pub(super) async fn update(call: Call, asked: messages::UpdateRoleRequest) -> Answer<messages::RoleResponse> {
    let name: RoleName = id("role_name", &asked.role_name)?;
    let wanted = given("role", asked.role)?;
    let change = RoleChange {
        // An empty list is one that was not sent.
        permissions: Some(permissions(&wanted.permissions)?).filter(|given| !given.is_empty()),
        inherits: wanted.extends.as_deref().map(parents).transpose()?,
        display_name: display_name(wanted.display_name.as_deref().unwrap_or_default())?,
        description: wanted.description.as_deref().map(roles::description).transpose()?,
        ..RoleChange::default()
    };
    changed(&call, name, change).await
}

async fn changed(call: &Call, name: RoleName, change: RoleChange) -> Answer<messages::RoleResponse> {
    let realm = call.realm.id();
    roles::change(&call.app, realm, name.clone(), change, call.who(), call.now).await?;
    Known::in_realm(call).await?.one(name.as_str())
}

pub(super) async fn delete(call: Call, asked: messages::DeleteRoleRequest) -> Answer<()> {
    let name = id("role_name", &asked.role_name)?;
    if asked.reassign_role_id.is_some() || asked.reassign_role_name.is_some() {
        return Err(Refusal::Unimplemented(
            "Members are not given another role with it: do so by UpdateMembership, and then delete the role.",
        ));
    }
    Ok(roles::remove_given(&call.app, call.realm.id(), name, call.who(), call.now).await?)
}

/// The role inherits nothing any more.
pub(super) async fn delete_base(call: Call, asked: messages::DeleteRoleBaseRequest) -> Answer<()> {
    let name = id("role_name", &asked.role_name)?;
    let change = RoleChange { inherits: Some(Vec::new()), ..RoleChange::default() };
    changed(&call, name, change).await.map(drop)
}

pub(super) async fn count_users(
    call: Call,
    asked: messages::GetRoleUsersCountRequest,
) -> Answer<messages::CountResponse> {
    let name = Known::in_realm(&call).await?.find(&asked.role_name)?.name.clone();
    let count = organizations::count_with_role(&call.app, call.realm.id(), None, name).await?;
    Ok(messages::CountResponse { count: i64::try_from(count).unwrap_or(i64::MAX) })
}

pub(super) async fn count_users_in_organization(
    call: Call,
    asked: messages::GetOrganizationRoleUsersCountRequest,
) -> Answer<messages::CountResponse> {
    let organization = id("org_id", &asked.org_id)?;
    let name = Known::in_organization(&call, &asked.org_id).await?.find(&asked.role_name)?.name.clone();
    let count = organizations::count_with_role(&call.app, call.realm.id(), Some(organization), name).await?;
    Ok(messages::CountResponse { count: i64::try_from(count).unwrap_or(i64::MAX) })
}
