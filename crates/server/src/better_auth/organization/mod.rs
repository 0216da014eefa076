//! Better Auth's plugin for organizations, over those of every door: who may do what to whom is decided there.
//!
//! An organization that the caller does not belong to is answered as one that is not there.

mod active;
mod collection;
mod fields;
mod invitations;
mod invited;
mod listing;
mod members;
mod permissions;
mod refusal;
mod roles;
mod single;
mod team_members;
mod teams;
mod view;

use gatepost_domain::{Organization, OrganizationId, Session};

use super::{asked::Asked, caller::Caller, refusal::Refusal};
use crate::{
    http::Problem,
    organizations::{self, By},
};
use refusal::Said;

pub(super) use active::{active_member, active_member_role, has_permission, set_active};
pub(super) use collection::{check_slug, create, list};
pub(super) use invitations::{cancel, invite, list as list_invitations};
pub(super) use invited::{accept, get as get_invitation, list as list_user_invitations, reject};
pub(super) use members::{
    leave, list as list_members, remove as remove_member, update_role as update_member_role,
};
pub(super) use single::{delete, get, get_full, update};
pub(super) use team_members::{
    add as add_team_member, list as list_team_members, remove as remove_team_member,
};
pub(super) use teams::{
    active_of as active_team_of, create as create_team, list as list_teams, list_of_user as list_user_teams,
    remove as remove_team, set_active as set_active_team, update as update_team,
};

/// The organization that is active in the session, if its user may act in it: whoever was removed is in none.
pub(super) async fn active_of(asked: &Asked, caller: &Caller) -> Result<Option<OrganizationId>, Problem> {
    let Some(organization) = caller.session().organization else { return Ok(None) };
    let who = (caller.user().id, Some(caller.session()));
    let member = Box::pin(organizations::acting(&asked.app, &asked.realm, organization, who, asked.now));
    Ok(member.await?.map(|member| member.organization))
}

/// By what right the caller acts in organizations.
fn by(asked: &Asked, caller: &Caller) -> By {
    By::member(&caller.known, &asked.realm, asked.now)
}

/// The organization that was named by its id, or else the one that is active in the session. Whether the caller belongs to it is asked
/// where something is done.
fn named(
    caller: &Caller,
    id: Option<String>,
    (none, missing): (Said, Said),
) -> Result<OrganizationId, Refusal> {
    match id.filter(|id| !id.is_empty()) {
        // What is no id names nothing.
        Some(id) => id.parse().map_err(|_| missing.into()),
        None => caller.session().organization.ok_or_else(|| none.into()),
    }
}

/// The same where it may be named by its slug, which then counts.
async fn named_or_slugged(
    asked: &Asked,
    caller: &Caller,
    (id, slug): (Option<String>, Option<String>),
    (none, missing): (Said, Said),
) -> Result<OrganizationId, Refusal> {
    match slug.filter(|slug| !slug.is_empty()) {
        Some(slug) => Ok(slugged(asked, caller, &slug, missing).await?.id),
        None => named(caller, id, (none, missing)),
    }
}

async fn slugged(asked: &Asked, caller: &Caller, slug: &str, missing: Said) -> Result<Organization, Refusal> {
    let Ok(slug) = slug.parse() else { return Err(missing.into()) };
    let (realm, user) = (asked.realm.id(), caller.user().id);
    match organizations::find_by_slug_of(&asked.app, realm, slug, user).await {
        Err(Problem::NotFound) => Err(missing.into()),
        found => Ok(found?.0),
    }
}

/// Makes an organization, or none, the active one of the caller's session.
async fn activate(
    asked: &Asked,
    caller: &Caller,
    organization: Option<OrganizationId>,
) -> Result<Session, Problem> {
    let who = caller.who(asked);
    organizations::activate(&asked.app, &asked.realm, &caller.known, organization, who, asked.now).await
}
