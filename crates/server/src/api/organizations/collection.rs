//! `/api/v1/organizations`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{Membership, OrganizationId, RoleName};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::view::{MyOrganization, SetUpBy};
use crate::{
    App,
    accounts::Who,
    http::{
        Entitled, Json, Now, Problem, Query, Where,
        page::{self, Limit},
        problem::ProblemDocument,
    },
    organizations,
    realm::InRealm,
};

/// Which organizations to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listing {
    /// How many at the most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Limit,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<OrganizationId>,
}

/// One page of organizations, in the order they were made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct MyOrganizationPage {
    organizations: Vec<MyOrganization>,
    /// Present when there are more.
    next_cursor: Option<String>,
}

/// List the organizations one belongs to
#[utoipa::path(
    get, path = "/api/v1/organizations", tag = "Organizations", operation_id = "list_my_organizations", params(Listing),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "One page", body = MyOrganizationPage),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    Entitled(caller): Entitled,
    realm: InRealm,
    State(app): State<App>,
    Query(listing): Query<Listing>,
) -> Result<Json<MyOrganizationPage>, Problem> {
    let limit = listing.limit;
    let found =
        organizations::list_of(&app, realm.id(), caller.user.id, listing.cursor, limit.and_one()).await?;
    let (found, next_cursor) = page::cut(found, limit, |(last, _)| last.id.to_string());
    let by = SetUpBy::of(&app, &realm, &caller.user, &found).await?;
    let organizations = found.iter().map(|one| MyOrganization::new(one, &by)).collect();
    Ok(Json(MyOrganizationPage { organizations, next_cursor }))
}

/// An organization to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOrganization {
    #[schema(example = "Analytical Engines")]
    name: String,
    /// 2 to 63 of a-z, 0-9 and -; unique in the realm.
    #[schema(example = "analytical")]
    slug: String,
    /// Where its picture is: an address of up to 400 bytes.
    #[schema(example = "https://analytical.example/logo.png")]
    logo_url: Option<String>,
    /// What its owners keep with it: any JSON object of up to 4 KiB, which its members see.
    #[schema(value_type = Option<Object>, example = json!({"plan": "pro"}))]
    metadata: Option<Map<String, Value>>,
}

/// Make an organization
///
/// It belongs to whoever makes it. One owns up to 100. Where the realm has teams, it begins with one of its name, in which they are.
#[utoipa::path(
    post, path = "/api/v1/organizations", tag = "Organizations", operation_id = "create_organization",
    request_body = NewOrganization, security(("bearer" = [])),
    responses(
        (status = 201, description = "The organization", body = MyOrganization),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 409, description = "`slug_taken` or `too_many`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
    )
)]
pub(super) async fn create(
    Entitled(caller): Entitled,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<NewOrganization>,
) -> Result<(StatusCode, Json<MyOrganization>), Problem> {
    let new = organizations::NewOrganization {
        logo_url: organizations::logo_url(body.logo_url.as_deref().unwrap_or_default())?,
        metadata: body.metadata.map(organizations::metadata).transpose()?,
        ..organizations::NewOrganization::called(
            organizations::name(&body.name)?,
            organizations::slug(&body.slug)?,
        )
    };
    let who = Who::themselves(&caller, origin);
    let (id, owner) = (realm.id(), caller.user.id);
    let made = organizations::create_with(&app, &realm, new, Some(owner), who, now).await?;
    let member = Membership::begin(id, made.id, owner, vec![RoleName::owner()], now);
    let made = (made, member);
    let by = SetUpBy::of(&app, &realm, &caller.user, std::slice::from_ref(&made)).await?;
    Ok((StatusCode::CREATED, Json(MyOrganization::new(&made, &by))))
}
