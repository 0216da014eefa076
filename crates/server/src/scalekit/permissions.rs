//! `RolesService`: permissions. There are those that roles of the realm have, and those that were written down.

use std::collections::BTreeMap;

use gatepost_domain::{Permission, RoleName, role::RoleGraph};

use super::{
    grpc::{Answer, Call, Refusal, given, id, page},
    messages::roles as messages,
    roles::permissions,
    view,
};
use crate::{
    accounts::field,
    http::{Problem, page as pages},
    roles::{self, Described, RoleChange},
};

/// `PermissionType`, of those that the vendor's own product has.
const OF_VENDOR: i32 = 1;

/// Every permission, with what is known of it.
type Known = BTreeMap<Permission, Described>;

async fn known(call: &Call) -> Result<Known, Refusal> {
    Ok(roles::list_permissions(&call.app, call.realm.id()).await?)
}

fn show(name: &Permission, known: &Known) -> messages::Permission {
    view::permission(name, known.get(name).and_then(Option::as_ref))
}

async fn answered<'p>(
    call: &Call,
    names: impl IntoIterator<Item = &'p Permission>,
) -> Answer<messages::PermissionsResponse> {
    let known = known(call).await?;
    Ok(messages::PermissionsResponse {
        permissions: names.into_iter().map(|name| show(name, &known)).collect(),
    })
}

pub(super) async fn get(
    call: Call,
    asked: messages::GetPermissionRequest,
) -> Answer<messages::PermissionResponse> {
    let name: Permission = id("permission_name", &asked.permission_name)?;
    let known = known(&call).await?;
    if !known.contains_key(&name) {
        return Err(Problem::NotFound.into());
    }
    Ok(messages::PermissionResponse { permission: Some(show(&name, &known)) })
}

pub(super) async fn list(
    call: Call,
    asked: messages::ListPermissionsRequest,
) -> Answer<messages::ListPermissionsResponse> {
    let token = asked.page_token.unwrap_or_default();
    let (limit, after) = page::<Permission>(asked.page_size.unwrap_or_default(), &token)?;
    // None is the vendor's.
    let known = if asked.kind == OF_VENDOR { Known::new() } else { known(&call).await? };
    let found = known.keys().filter(|name| after.as_ref().is_none_or(|after| *name > after)).collect();
    let (found, next) = pages::cut(found, limit, ToString::to_string);
    Ok(messages::ListPermissionsResponse {
        permissions: found.into_iter().map(|name| show(name, &known)).collect(),
        next_page_token: next.unwrap_or_default(),
    })
}

pub(super) async fn create(
    call: Call,
    asked: messages::CreatePermissionRequest,
) -> Answer<messages::PermissionResponse> {
    let wanted = given("permission", asked.permission)?;
    let name = wanted.name.parse().map_err(|refused| field("name", refused))?;
    describe(&call, name, &wanted.description, true).await
}

pub(super) async fn update(
    call: Call,
    asked: messages::UpdatePermissionRequest,
) -> Answer<messages::PermissionResponse> {
    let name: Permission = id("permission_name", &asked.permission_name)?;
    let wanted = given("permission", asked.permission)?;
    if !wanted.name.is_empty() && wanted.name != name.as_str() {
        return Err(Refusal::field("name", "a permission keeps its name: create another, and delete this"));
    }
    describe(&call, name, &wanted.description, false).await
}

async fn describe(
    call: &Call,
    name: Permission,
    description: &str,
    is_new: bool,
) -> Answer<messages::PermissionResponse> {
    let what = (name, roles::description(description)?);
    let realm = call.realm.id();
    let notes = roles::describe_permission(&call.app, realm, what, is_new, call.who(), call.now).await?;
    Ok(messages::PermissionResponse { permission: Some(view::permission(&notes.permission, Some(&notes))) })
}

/// From every role that has it.
pub(super) async fn delete(call: Call, asked: messages::DeletePermissionRequest) -> Answer<()> {
    let name = id("permission_name", &asked.permission_name)?;
    Ok(roles::delete_permission(&call.app, call.realm.id(), name, call.who(), call.now).await?)
}

pub(super) async fn of_role(
    call: Call,
    asked: messages::ListRolePermissionsRequest,
) -> Answer<messages::PermissionsResponse> {
    let name: RoleName = id("role_name", &asked.role_name)?;
    let role = roles::find(&call.app, call.realm.id(), &name).await?;
    answered(&call, &role.permissions).await
}

/// With what the role inherits.
pub(super) async fn effective(
    call: Call,
    asked: messages::ListEffectiveRolePermissionsRequest,
) -> Answer<messages::PermissionsResponse> {
    let name: RoleName = id("role_name", &asked.role_name)?;
    let all = roles::list(&call.app, call.realm.id()).await?;
    let graph = RoleGraph::new(&all).map_err(Problem::internal)?;
    if !graph.contains(&name) {
        return Err(Problem::NotFound.into());
    }
    answered(&call, graph.rights([&name]).permissions).await
}

pub(super) async fn add_to_role(
    call: Call,
    asked: messages::AddPermissionsToRoleRequest,
) -> Answer<messages::PermissionsResponse> {
    let change = RoleChange { add: permissions(&asked.permission_names)?, ..RoleChange::default() };
    let name: RoleName = id("role_name", &asked.role_name)?;
    let changed = roles::change(&call.app, call.realm.id(), name, change, call.who(), call.now).await?;
    answered(&call, &changed.permissions).await
}

pub(super) async fn remove_from_role(
    call: Call,
    asked: messages::RemovePermissionFromRoleRequest,
) -> Answer<()> {
    let name: Permission = id("permission_name", &asked.permission_name)?;
    let role: RoleName = id("role_name", &asked.role_name)?;
    if !roles::find(&call.app, call.realm.id(), &role).await?.permissions.contains(&name) {
        return Err(Problem::NotFound.into());
    }
    let change = RoleChange { remove: vec![name], ..RoleChange::default() };
    roles::change(&call.app, call.realm.id(), role, change, call.who(), call.now).await?;
    Ok(())
}
