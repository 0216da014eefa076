//! `/v1/admin/organizations`: organizations of the realm and their members, for those who administer it.

use axum::extract::State;
use gatepost_domain::{Membership, Organization, OrganizationId, RoleName, User, UserId};
use gatepost_store::organizations::OrganizationChanges;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Refusal,
    envelope::Said,
    sent::{Body, Id, Ids, In},
};
use crate::{
    App,
    accounts::{self, Who},
    http::{
        Admin, Now, Problem, Query, Where,
        page::{self, Limit},
    },
    organizations::{self, By},
    realm::InRealm,
};

fn view(organization: &Organization) -> Value {
    json!({
        "id": organization.id,
        "name": organization.name.as_str(),
        "slug": organization.slug.to_string(),
        "logo_url": organization.logo_url,
        "created_at": organization.created_at,
        "updated_at": organization.updated_at,
    })
}

/// A member goes by the id of the account.
fn member((member, user): &(Membership, User)) -> Value {
    let roles: Vec<&str> = member.roles.iter().map(RoleName::as_str).collect();
    json!({
        "id": user.id,
        "user_id": user.id,
        "organization_id": member.organization,
        "email": user.email.as_ref().map(gatepost_domain::EmailAddress::as_str),
        "name": user.name.as_ref().map(gatepost_domain::DisplayName::as_str),
        "roles": roles,
        "status": "active",
        "joined_at": member.created_at,
    })
}

/// Which to list.
#[derive(Deserialize)]
pub struct Listing<Cursor> {
    #[serde(default)]
    limit: Limit,
    cursor: Option<Cursor>,
    search: Option<String>,
}

/// One page of them, in the order they were made.
pub async fn list(
    In(Admin(_)): In<Admin>,
    In(realm): In<InRealm>,
    State(app): State<App>,
    In(Query(asked)): In<Query<Listing<OrganizationId>>>,
) -> Result<Said, Refusal> {
    page::searchable("search", asked.search.as_deref())?;
    let limit = asked.limit;
    let found = organizations::list(&app, realm.id(), asked.search, asked.cursor, limit.and_one()).await?;
    let (found, next_cursor) = page::cut(found, limit, |last| last.id.to_string());
    let all: Vec<Value> = found.iter().map(view).collect();
    Ok(Said::ok(json!({"organizations": all, "next_cursor": next_cursor})))
}

/// An organization to be made.
#[derive(Deserialize)]
pub struct New {
    name: String,
    slug: String,
    owner_id: Option<String>,
    #[serde(flatten)]
    owners: OfOwners,
}

/// What an organization's owners say of it.
#[derive(Deserialize)]
struct OfOwners {
    logo_url: Option<Value>,
    metadata: Option<Value>,
}

impl OfOwners {
    /// An administrator says none of it. Passed over, it would be lost without a word.
    fn none(&self) -> Result<(), Refusal> {
        if self.logo_url.is_none() && self.metadata.is_none() {
            return Ok(());
        }
        let message =
            "`logo_url` and `metadata` are for the owners to set: PATCH /api/v1/organizations/{id}.";
        Err(Refusal::invalid(message))
    }
}

/// Makes one.
pub async fn create(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<New>,
) -> Result<Said, Refusal> {
    body.owners.none()?;
    let (name, slug) = (organizations::name(&body.name)?, organizations::slug(&body.slug)?);
    let owner: Option<UserId> =
        body.owner_id.map(|id| id.parse().map_err(|_| Problem::NotFound)).transpose()?;
    if let Some(owner) = owner {
        accounts::find(&app, realm.id(), owner).await?;
    }
    let who = Who::administrator(&admin, origin);
    let made = organizations::create(&app, &realm, name, slug, owner, who, now).await?;
    Ok(Said::created(json!({"organization": view(&made)})))
}

/// One of them.
pub async fn show(
    In(Admin(_)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<OrganizationId>,
    State(app): State<App>,
) -> Result<Said, Refusal> {
    let found = organizations::find(&app, realm.id(), id.ok_or(Problem::NotFound)?).await?;
    Ok(Said::ok(json!({"organization": view(&found)})))
}

/// Another name or slug.
#[derive(Deserialize)]
pub struct Change {
    name: Option<String>,
    slug: Option<String>,
    #[serde(flatten)]
    owners: OfOwners,
}

/// Changes one.
pub async fn change(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<OrganizationId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<Change>,
) -> Result<Said, Refusal> {
    body.owners.none()?;
    let changes = OrganizationChanges {
        name: body.name.as_deref().map(organizations::name).transpose()?,
        slug: body.slug.as_deref().map(organizations::slug).transpose()?,
        ..OrganizationChanges::default()
    };
    let (id, acting) = (id.ok_or(Problem::NotFound)?, (Who::administrator(&admin, origin), By::Realm));
    let changed = organizations::change(&app, &realm, id, changes, acting, now).await?;
    Ok(Said::ok(json!({"organization": view(&changed)})))
}

/// Deletes one, with its members, invitations and keys.
pub async fn delete(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<OrganizationId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let (id, acting) = (id.ok_or(Problem::NotFound)?, (Who::administrator(&admin, origin), By::Realm));
    organizations::delete(&app, &realm, id, acting, now).await?;
    Ok(Said::ok(json!({"message": "The organization is deleted.", "id": id})))
}

/// One page of its members.
pub async fn members(
    In(Admin(_)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<OrganizationId>,
    State(app): State<App>,
    In(Query(asked)): In<Query<Listing<UserId>>>,
) -> Result<Said, Refusal> {
    let (id, limit) = (id.ok_or(Problem::NotFound)?, asked.limit);
    let found =
        organizations::list_members(&app, &realm, id, By::Realm, None, asked.cursor, limit.and_one()).await?;
    let (found, next_cursor) = page::cut(found, limit, |(_, last)| last.id.to_string());
    let all: Vec<Value> = found.iter().map(member).collect();
    Ok(Said::ok(json!({"members": all, "next_cursor": next_cursor})))
}

/// Somebody to become a member.
#[derive(Deserialize)]
pub struct NewMember {
    user_id: String,
    #[serde(default)]
    roles: Vec<String>,
}

/// Makes an account a member. One that is a member keeps the roles it has.
pub async fn add_member(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<OrganizationId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<NewMember>,
) -> Result<Said, Refusal> {
    let id = id.ok_or(Problem::NotFound)?;
    let user: UserId = body.user_id.parse().map_err(|_| Problem::NotFound)?;
    organizations::find(&app, realm.id(), id).await?;
    match organizations::find_of(&app, realm.id(), id, user).await {
        Ok(_) => return Err(Problem::AlreadyMember.into()),
        Err(Problem::NotFound) => {}
        Err(other) => return Err(other.into()),
    }
    let roles = organizations::roles(&realm, &body.roles)?;
    let acting = (Who::administrator(&admin, origin), By::Realm);
    let added = organizations::set_member(&app, &realm, (id, user), roles, acting, now).await?;
    Ok(Said::created(json!({"member": member(&added)})))
}

/// One of its members.
pub async fn show_member(
    In(Admin(_)): In<Admin>,
    In(realm): In<InRealm>,
    Ids(ids): Ids<OrganizationId, UserId>,
    State(app): State<App>,
) -> Result<Said, Refusal> {
    let (id, user) = ids.ok_or(Problem::NotFound)?;
    let (_, found) = organizations::find_of(&app, realm.id(), id, user).await?;
    let user = accounts::find(&app, realm.id(), user).await?;
    Ok(Said::ok(json!({"member": member(&(found, user))})))
}

/// Other roles of a member.
#[derive(Deserialize)]
pub struct MemberChange {
    roles: Vec<String>,
}

/// Gives a member other roles.
pub async fn change_member(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Ids(ids): Ids<OrganizationId, UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<MemberChange>,
) -> Result<Said, Refusal> {
    let (id, user) = ids.ok_or(Problem::NotFound)?;
    // Who is no member does not become one here.
    organizations::find_of(&app, realm.id(), id, user).await?;
    let roles = organizations::roles(&realm, &body.roles)?;
    let acting = (Who::administrator(&admin, origin), By::Realm);
    let changed = organizations::set_member(&app, &realm, (id, user), roles, acting, now).await?;
    Ok(Said::ok(json!({"member": member(&changed)})))
}

/// Removes a member.
pub async fn remove_member(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Ids(ids): Ids<OrganizationId, UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let (id, user) = ids.ok_or(Problem::NotFound)?;
    let acting = (Who::administrator(&admin, origin), By::Realm);
    organizations::remove_member(&app, &realm, (id, user), acting, now).await?;
    Ok(Said::ok(json!({"message": "The member is removed.", "user_id": user})))
}
