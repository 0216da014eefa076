//! How the messages show what there is.

use std::collections::HashMap;

use gatepost_domain::{
    Membership, Notes, Organization, Permission, PermissionNotes, PersonalClaims, Role, RoleName, RoleNotes,
    User, role::RoleGraph,
};

use super::{
    grpc::{Call, Refusal},
    messages::{commons, moment, organizations as messages, roles as messages_of_roles, users},
};
use crate::{
    accounts::{self, About},
    organizations,
    realm::Snapshot,
    roles,
};

/// `commons.MembershipStatus`: whoever belongs to an organization here belongs to it at once.
const ACTIVE: i32 = 1;

/// Users with all they belong to, in their order.
pub(super) async fn users(call: &Call, found: &[User]) -> Result<Vec<users::User>, Refusal> {
    let about = accounts::about_each(&call.app, found).await?;
    let shown = roles::notes(&call.app, call.realm.id()).await?;
    Ok(found.iter().zip(about).map(|(user, about)| user_of(&call.realm, &shown, user, about)).collect())
}

/// One of them.
pub(super) async fn user(call: &Call, found: &User) -> Result<users::UserResponse, Refusal> {
    let user = users(call, std::slice::from_ref(found)).await?.pop();
    Ok(users::UserResponse { user })
}

fn user_of(realm: &Snapshot, shown: &Shown, user: &User, (about, notes): (About, Notes)) -> users::User {
    users::User {
        id: user.id.to_string(),
        environment_id: realm.id().to_string(),
        create_time: moment(user.created_at),
        update_time: moment(user.updated_at),
        email: user.email.as_ref().map_or_else(String::new, |email| email.as_str().to_owned()),
        external_id: notes.external_id,
        memberships: about
            .organizations
            .iter()
            .map(|(within, as_what)| member(realm, shown, within, as_what))
            .collect(),
        user_profile: Some(profile(user, &about.known.claims)),
        metadata: notes.metadata.into_iter().collect(),
    }
}

fn profile(user: &User, claims: &PersonalClaims) -> commons::UserProfile {
    let text = |claim: &Option<String>| claim.clone().unwrap_or_default();
    commons::UserProfile {
        id: user.id.to_string(),
        given_name: text(&claims.given_name),
        family_name: text(&claims.family_name),
        name: user.name.as_ref().map_or_else(String::new, |name| name.as_str().to_owned()),
        locale: text(&claims.locale),
        email_verified: user.email_verified,
        phone_number: text(&claims.phone_number),
        metadata: HashMap::new(),
        custom_attributes: HashMap::new(),
        preferred_username: user.username.as_ref().map_or_else(String::new, |name| name.as_str().to_owned()),
        phone_number_verified: claims.phone_number_verified.unwrap_or_default(),
        picture: text(&claims.picture),
        gender: text(&claims.gender),
        first_name: text(&claims.given_name),
        last_name: text(&claims.family_name),
    }
}

fn member(
    realm: &Snapshot,
    shown: &Shown,
    organization: &Organization,
    member: &Membership,
) -> commons::OrganizationMembership {
    let name = Some(organization.name.as_str().to_owned());
    commons::OrganizationMembership {
        organization_id: organization.id.to_string(),
        join_time: moment(member.created_at),
        membership_status: ACTIVE,
        roles: member.roles.iter().map(|role| member_role(role, shown)).collect(),
        name: name.clone(),
        metadata: HashMap::new(),
        display_name: name,
        created_at: moment(member.created_at),
        accepted_at: moment(member.created_at),
        permissions: permissions(realm.organization_roles(), &member.roles),
    }
}

/// How roles are shown.
pub(super) type Shown = HashMap<RoleName, RoleNotes>;

/// A role that a member has. Its id is its name.
pub(super) fn member_role(role: &RoleName, shown: &Shown) -> commons::Role {
    let name = role.to_string();
    commons::Role { id: name.clone(), display_name: display_name(role, shown), name }
}

fn display_name(role: &RoleName, shown: &Shown) -> String {
    let notes = shown.get(role).and_then(|notes| notes.display_name.as_ref());
    notes.map_or_else(|| role.to_string(), |name| name.as_str().to_owned())
}

/// What these roles come to.
pub(super) fn permissions(graph: &RoleGraph, roles: &[RoleName]) -> Vec<String> {
    graph.rights(roles).permissions.iter().map(ToString::to_string).collect()
}

/// Organizations with what is kept with them, in their order.
pub(super) async fn organizations(
    call: &Call,
    found: &[Organization],
) -> Result<Vec<messages::Organization>, Refusal> {
    let ids = found.iter().map(|one| one.id).collect();
    let notes = organizations::notes_of(&call.app, call.realm.id(), ids).await?;
    Ok(found.iter().zip(notes).map(|(one, notes)| organization(one, notes)).collect())
}

fn organization(found: &Organization, notes: Notes) -> messages::Organization {
    messages::Organization {
        id: found.id.to_string(),
        create_time: moment(found.created_at),
        update_time: moment(found.updated_at),
        display_name: found.name.as_str().to_owned(),
        region_code: 0,
        external_id: notes.external_id,
        metadata: notes.metadata.into_iter().collect(),
        slug: Some(found.slug.to_string()),
        logo_url: found.logo_url.as_ref().map(ToString::to_string),
    }
}

/// A role of the realm, among all there are.
pub(super) fn role(role: &Role, all: &[Role], shown: &Shown) -> messages_of_roles::Role {
    let name = role.name.to_string();
    let permission = |text: &Permission| messages_of_roles::RolePermission {
        id: text.to_string(),
        name: text.to_string(),
        description: String::new(),
        role_name: name.clone(),
    };
    let notes = shown.get(&role.name);
    messages_of_roles::Role {
        id: name.clone(),
        display_name: display_name(&role.name, shown),
        description: notes.and_then(|notes| notes.description.clone()).unwrap_or_default(),
        default_creator: false,
        default_member: false,
        extends: role.inherits.first().map(ToString::to_string),
        permissions: role.permissions.iter().map(permission).collect(),
        dependent_roles_count: i32::try_from(dependents(&role.name, all).count()).unwrap_or(i32::MAX),
        is_org_role: false,
        name,
    }
}

/// The roles that inherit this one.
pub(super) fn dependents<'r>(name: &'r RoleName, all: &'r [Role]) -> impl Iterator<Item = &'r Role> {
    all.iter().filter(move |role| role.inherits.contains(name))
}

/// A permission, and what is known of it.
pub(super) fn permission(
    name: &Permission,
    notes: Option<&PermissionNotes>,
) -> messages_of_roles::Permission {
    messages_of_roles::Permission {
        id: name.to_string(),
        name: name.to_string(),
        description: notes.map(|notes| notes.description.clone()).unwrap_or_default(),
        create_time: notes.and_then(|notes| moment(notes.created_at)),
        update_time: notes.and_then(|notes| moment(notes.updated_at)),
        is_scalekit_permission: false,
    }
}
