//! `UserService`: what users are in organizations.

use gatepost_domain::{Membership, OrganizationId, RoleName, UserId};

use super::{
    grpc::{Answer, Call, Refusal, given, id, not_kept, page},
    messages::{commons, users as messages},
    users::which,
    view,
};
use crate::{
    accounts,
    http::{Problem, page as pages},
    organizations::{self, By, Wanted},
    roles as roles_of_realm,
};

/// The names of roles that a call gives. A role is its name here; the contract lets it be named by its id as well.
pub(super) fn roles(call: &Call, asked: Vec<commons::Role>) -> Result<Vec<RoleName>, Refusal> {
    let names = asked.into_iter().map(|role| if role.name.is_empty() { role.id } else { role.name });
    Ok(organizations::roles(&call.realm, &names.collect::<Vec<_>>())?)
}

pub(super) async fn put(
    call: &Call,
    within: (OrganizationId, UserId),
    wanted: Wanted,
) -> Result<Membership, Refusal> {
    let acting = (call.who(), By::Realm);
    let member = organizations::put_member(&call.app, &call.realm, within, wanted, acting, call.now).await?;
    Ok(member.0)
}

async fn find(call: &Call, (organization, user): (OrganizationId, UserId)) -> Result<Membership, Refusal> {
    let (_, member) = organizations::find_of(&call.app, call.realm.id(), organization, user).await?;
    Ok(member)
}

async fn shown(call: &Call, user: UserId) -> Answer<messages::UserResponse> {
    view::user(call, &accounts::find(&call.app, call.realm.id(), user).await?).await
}

pub(super) async fn list(
    call: Call,
    asked: messages::ListOrganizationUsersRequest,
) -> Answer<messages::FoundUsersResponse> {
    let organization = id("organization_id", &asked.organization_id)?;
    let (limit, after) = page(asked.page_size, &asked.page_token)?;
    let found = organizations::list_members(
        &call.app,
        &call.realm,
        organization,
        By::Realm,
        None,
        after,
        limit.and_one(),
    );
    let (found, next) = pages::cut(found.await?, limit, |(_, last)| last.id.to_string());
    let found: Vec<_> = found.into_iter().map(|(_, user)| user).collect();
    let users = view::users(&call, &found).await?;
    Ok(messages::FoundUsersResponse { next_page_token: next.unwrap_or_default(), users })
}

/// Whoever belongs to the organization already stays what they are there.
pub(super) async fn create(
    call: Call,
    asked: messages::CreateMembershipRequest,
) -> Answer<messages::UserResponse> {
    let organization = id("organization_id", &asked.organization_id)?;
    let user = which(&call, asked.id.as_deref(), asked.external_id).await?;
    let membership = asked.membership.unwrap_or_default();
    not_kept("membership.metadata", !membership.metadata.is_empty())?;
    let roles = roles(&call, membership.roles)?;
    put(&call, (organization, user), Wanted::New(roles)).await?;
    shown(&call, user).await
}

pub(super) async fn update(
    call: Call,
    asked: messages::UpdateMembershipRequest,
) -> Answer<messages::UserResponse> {
    let organization = id("organization_id", &asked.organization_id)?;
    let user = which(&call, asked.id.as_deref(), asked.external_id).await?;
    let membership = given("membership", asked.membership)?;
    not_kept("membership.metadata", !membership.metadata.is_empty())?;
    let roles = roles(&call, membership.roles)?;
    put(&call, (organization, user), Wanted::Changed(roles)).await?;
    shown(&call, user).await
}

pub(super) async fn delete(call: Call, asked: messages::DeleteMembershipRequest) -> Answer<()> {
    let organization = id("organization_id", &asked.organization_id)?;
    let user = which(&call, asked.id.as_deref(), asked.external_id).await?;
    if asked.cascade == Some(true) {
        return Err(Refusal::Unimplemented(
            "A user stays when a membership ends: DeleteUser deletes the user, too.",
        ));
    }
    let acting = (call.who(), By::Realm);
    organizations::remove_member(&call.app, &call.realm, (organization, user), acting, call.now).await?;
    Ok(())
}

async fn answered(call: &Call, member: &Membership) -> Answer<messages::UserRolesResponse> {
    let shown = roles_of_realm::notes(&call.app, call.realm.id()).await?;
    let roles = member.roles.iter().map(|role| view::member_role(role, &shown)).collect();
    Ok(messages::UserRolesResponse { roles })
}

pub(super) async fn list_roles(
    call: Call,
    asked: messages::ListUserRolesRequest,
) -> Answer<messages::UserRolesResponse> {
    let within = (id("organization_id", &asked.organization_id)?, id("user_id", &asked.user_id)?);
    answered(&call, &find(&call, within).await?).await
}

pub(super) async fn list_permissions(
    call: Call,
    asked: messages::ListUserPermissionsRequest,
) -> Answer<messages::ListUserPermissionsResponse> {
    let within = (id("organization_id", &asked.organization_id)?, id("user_id", &asked.user_id)?);
    let member = find(&call, within).await?;
    let names = view::permissions(call.realm.organization_roles(), &member.roles);
    let permission = |name: String| messages::Permission {
        id: name.clone(),
        name,
        description: String::new(),
        tags: Vec::new(),
    };
    Ok(messages::ListUserPermissionsResponse { permissions: names.into_iter().map(permission).collect() })
}

/// Roles beside those that the member has.
pub(super) async fn assign_roles(
    call: Call,
    asked: messages::AssignUserRolesRequest,
) -> Answer<messages::UserRolesResponse> {
    let within = (id("organization_id", &asked.organization_id)?, id("user_id", &asked.user_id)?);
    let name =
        |role: messages::AssignRoleRequest| if role.role_name.is_empty() { role.id } else { role.role_name };
    let more = organizations::roles(&call.realm, &asked.roles.into_iter().map(name).collect::<Vec<_>>())?;
    let wanted = Wanted::Edited { add: more, remove: Vec::new() };
    answered(&call, &put(&call, within, wanted).await?).await
}

pub(super) async fn remove_role(call: Call, asked: messages::RemoveUserRoleRequest) -> Answer<()> {
    let within = (id("organization_id", &asked.organization_id)?, id("user_id", &asked.user_id)?);
    let role: RoleName = id("role_name", &asked.role_name)?;
    if !find(&call, within).await?.roles.contains(&role) {
        return Err(Problem::NotFound.into());
    }
    put(&call, within, Wanted::Edited { add: Vec::new(), remove: vec![role] }).await.map(drop)
}
