//! `OrganizationService`

use gatepost_domain::{DisplayName, Notes, NotesChange, Organization, OrganizationId};
use gatepost_store::organizations::OrganizationChanges;

use super::{
    grpc::{Answer, Call, Refusal, given, id, page},
    messages::{FieldMask, organizations as messages},
    users::external_id,
    view,
};
use crate::{
    accounts::field,
    http::{
        Problem,
        page::{self as pages, searchable},
    },
    organizations::{self, By, NewOrganization},
};

/// The organization that the call names, by its id or by what it is called elsewhere.
async fn which(
    call: &Call,
    by_id: Option<&str>,
    by_external_id: Option<String>,
) -> Result<OrganizationId, Refusal> {
    match (by_id, by_external_id) {
        (None, Some(external_id)) => {
            Ok(organizations::find_by_external_id(&call.app, call.realm.id(), external_id).await?)
        }
        (by_id, _) => id("id", by_id.unwrap_or_default()),
    }
}

async fn answered(call: &Call, found: &Organization) -> Answer<messages::OrganizationResponse> {
    let organization = view::organizations(call, std::slice::from_ref(found)).await?.pop();
    Ok(messages::OrganizationResponse { organization })
}

fn display_name(text: &str) -> Result<DisplayName, Refusal> {
    Ok(text.parse().map_err(|refused| field("display_name", refused))?)
}

pub(super) async fn get(
    call: Call,
    asked: messages::GetOrganizationRequest,
) -> Answer<messages::OrganizationResponse> {
    let id = which(&call, asked.id.as_deref(), asked.external_id).await?;
    answered(&call, &organizations::find(&call.app, call.realm.id(), id).await?).await
}

/// It belongs to nobody until a member is made its owner.
pub(super) async fn create(
    call: Call,
    asked: messages::CreateOrganizationRequest,
) -> Answer<messages::OrganizationResponse> {
    let wanted = given("organization", asked.organization)?;
    let notes = Notes {
        external_id: wanted.external_id.and_then(external_id),
        metadata: wanted.metadata.into_iter().collect(),
    };
    let name = display_name(&wanted.display_name)?;
    let slug = match wanted.slug.as_deref().filter(|slug| !slug.is_empty()) {
        Some(slug) => organizations::slug(slug)?,
        None => organizations::free_slug(&call.app, &name)?,
    };
    let logo_url = organizations::logo_url(wanted.logo_url.as_deref().unwrap_or_default())?;
    let wanted = NewOrganization { logo_url, notes, ..NewOrganization::called(name, slug) };
    let made = organizations::create_with(&call.app, &call.realm, wanted, None, call.who(), call.now).await?;
    answered(&call, &made).await
}

pub(super) async fn update(
    call: Call,
    asked: messages::UpdateOrganizationRequest,
) -> Answer<messages::OrganizationResponse> {
    let id = which(&call, asked.id.as_deref(), asked.external_id).await?;
    let wanted = given("organization", asked.organization)?;
    let masked = |member: &str| masks(asked.update_mask.as_ref(), member);
    let name = wanted.display_name.filter(|_| masked("display_name"));
    let slug = wanted.slug.filter(|_| masked("slug"));
    let logo_url = wanted.logo_url.filter(|_| masked("logo_url"));
    let changes = OrganizationChanges {
        name: name.as_deref().map(display_name).transpose()?,
        slug: slug.as_deref().map(organizations::slug).transpose()?,
        logo_url: logo_url.as_deref().map(organizations::logo_url).transpose()?,
        ..OrganizationChanges::default()
    };
    let notes = NotesChange {
        external_id: wanted.external_id.filter(|_| masked("external_id")).map(external_id),
        metadata: wanted.metadata.into_iter().filter(|_| masked("metadata")).collect(),
    };
    let acting = (call.who(), By::Realm);
    let changes = (changes, notes);
    let changed = organizations::change_with(&call.app, &call.realm, id, changes, acting, call.now).await?;
    answered(&call, &changed).await
}

/// Whether a member is to be changed: of a mask that names some, only those.
fn masks(mask: Option<&FieldMask>, member: &str) -> bool {
    mask.is_none_or(|mask| mask.paths.is_empty() || mask.paths.iter().any(|path| path == member))
}

pub(super) async fn delete(call: Call, asked: messages::DeleteOrganizationRequest) -> Answer<()> {
    let id = which(&call, asked.id.as_deref(), asked.external_id).await?;
    let acting = (call.who(), By::Realm);
    organizations::delete(&call.app, &call.realm, id, acting, call.now).await?;
    Ok(())
}

pub(super) async fn list(
    call: Call,
    asked: messages::ListOrganizationsRequest,
) -> Answer<messages::ListOrganizationsResponse> {
    if let Some(external_id) = asked.external_id.filter(|text| !text.is_empty()) {
        return called(&call, external_id).await;
    }
    listed(&call, None, asked.page_size, &asked.page_token).await
}

/// The one that is called so elsewhere, or none.
async fn called(call: &Call, external_id: String) -> Answer<messages::ListOrganizationsResponse> {
    let found = match which(call, None, Some(external_id)).await {
        Ok(id) => vec![organizations::find(&call.app, call.realm.id(), id).await?],
        Err(Refusal::Problem(problem)) if matches!(*problem, Problem::NotFound) => Vec::new(),
        Err(other) => return Err(other),
    };
    let organizations = view::organizations(call, &found).await?;
    Ok(messages::ListOrganizationsResponse { next_page_token: String::new(), organizations })
}

/// By slug: names are not searched.
pub(super) async fn search(
    call: Call,
    asked: messages::SearchOrganizationsRequest,
) -> Answer<messages::ListOrganizationsResponse> {
    searchable("query", Some(&asked.query))?;
    let search = Some(asked.query).filter(|text| !text.is_empty());
    listed(&call, search, asked.page_size, &asked.page_token).await
}

async fn listed(
    call: &Call,
    search: Option<String>,
    size: u32,
    token: &str,
) -> Answer<messages::ListOrganizationsResponse> {
    let (limit, after) = page(size, token)?;
    let found = organizations::list(&call.app, call.realm.id(), search, after, limit.and_one()).await?;
    let (found, next) = pages::cut(found, limit, |last| last.id.to_string());
    let organizations = view::organizations(call, &found).await?;
    Ok(messages::ListOrganizationsResponse { next_page_token: next.unwrap_or_default(), organizations })
}
