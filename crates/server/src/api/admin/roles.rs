//! `/api/v1/admin/roles`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{Role, RoleName};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    accounts::{Who, field},
    http::{
        Admin, IfMatch, Json, Now, PathId, PathIdIf, Problem, Query, Shown, Where,
        page::{self, Limit},
        problem::ProblemDocument,
    },
    realm::InRealm,
    roles,
};

/// A role as it is written down.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Role)]
pub struct RoleView {
    #[schema(example = "editor")]
    name: String,
    /// What it allows by itself.
    #[schema(example = json!(["notes:read", "notes:write"]))]
    permissions: Vec<String>,
    /// The roles it is more than.
    #[schema(example = json!(["reader"]))]
    inherits: Vec<String>,
}

impl From<&Role> for RoleView {
    fn from(role: &Role) -> Self {
        Self {
            name: role.name.to_string(),
            permissions: role.permissions.iter().map(ToString::to_string).collect(),
            inherits: role.inherits.iter().map(ToString::to_string).collect(),
        }
    }
}

impl RoleView {
    /// For a table of `gatepost role list`.
    pub fn row(&self) -> Vec<String> {
        vec![self.name.clone(), self.permissions.join(" "), self.inherits.join(" ")]
    }
}

/// Which roles to list.
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
    cursor: Option<RoleName>,
}

/// One page of the roles of the realm, by name; without the built-in `realm-admin`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct RolePage {
    roles: Vec<RoleView>,
    /// Present when there are more.
    next_cursor: Option<String>,
}

/// List roles
#[utoipa::path(
    get, path = "/api/v1/admin/roles", tag = "Administration", operation_id = "list_roles", params(Listing),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "One page", body = RolePage),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    _admin: Admin,
    realm: InRealm,
    State(app): State<App>,
    Query(listing): Query<Listing>,
) -> Result<Json<RolePage>, Problem> {
    let mut found = roles::list(&app, realm.id()).await?;
    found.retain(|role| listing.cursor.as_ref().is_none_or(|cursor| role.name > *cursor));
    let (found, next_cursor) = page::cut(found, listing.limit, |last| last.name.to_string());
    Ok(Json(RolePage { roles: found.iter().map(RoleView::from).collect(), next_cursor }))
}

/// Show a role
#[utoipa::path(
    get, path = "/api/v1/admin/roles/{id}", tag = "Administration", operation_id = "get_role",
    security(("bearer" = [])), params(("id" = String, Path, description = "The role's name")),
    responses(
        (status = 200, description = "The role", body = RoleView, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn show(
    _admin: Admin,
    realm: InRealm,
    PathId(name): PathId<RoleName>,
    State(app): State<App>,
) -> Result<Shown<RoleView>, Problem> {
    let found = roles::find(&app, realm.id(), &name).await?;
    Ok(Shown::new(&found, RoleView::from(&found)))
}

/// What a role is to be.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleContent {
    /// `resource:action`, or `resource:*` for every action of it.
    #[serde(default)]
    #[schema(example = json!(["notes:write"]))]
    permissions: Vec<String>,
    /// Roles of the realm that it is more than.
    #[serde(default)]
    #[schema(example = json!(["reader"]))]
    inherits: Vec<String>,
}

/// A role to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRole {
    #[schema(example = "editor")]
    name: String,
    /// `resource:action`, or `resource:*` for every action of it.
    #[serde(default)]
    #[schema(example = json!(["notes:write"]))]
    permissions: Vec<String>,
    /// Roles of the realm that it is more than.
    #[serde(default)]
    #[schema(example = json!(["reader"]))]
    inherits: Vec<String>,
}

/// Make a role
#[utoipa::path(
    post, path = "/api/v1/admin/roles", tag = "Administration", operation_id = "create_role",
    request_body = NewRole, security(("bearer" = [])),
    responses(
        (status = 201, description = "The role", body = RoleView, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 409, description = "`role_exists`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`: among others an unknown parent", body = ProblemDocument),
    )
)]
pub(super) async fn create(
    Admin(admin): Admin,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<NewRole>,
) -> Result<(StatusCode, Shown<RoleView>), Problem> {
    let name = body.name.parse().map_err(|refused| field("name", refused))?;
    let role = realm.settings().profile.completed(roles::parse(name, &body.permissions, &body.inherits)?);
    let view = Shown::new(&role, RoleView::from(&role));
    roles::create(&app, realm.id(), role, Who::administrator(&admin, origin), now).await?;
    Ok((StatusCode::CREATED, view))
}

/// Make or replace a role
///
/// What its holders may do changes at once for this API and for API keys, and with their next token elsewhere.
#[utoipa::path(
    put, path = "/api/v1/admin/roles/{id}", tag = "Administration", operation_id = "put_role",
    request_body = RoleContent, security(("bearer" = [])),
    params(("id" = String, Path, description = "The role's name"), IfMatch),
    responses(
        (status = 200, description = "The role was there, and is now this", body = RoleView),
        (status = 201, description = "The role was made", body = RoleView),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`: no role can have this name", body = ProblemDocument),
        (status = 412, description = "`changed_meanwhile`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`: among others an unknown parent, or a circle", body = ProblemDocument),
    )
)]
pub(super) async fn put(
    Admin(admin): Admin,
    realm: InRealm,
    PathIdIf(name, states): PathIdIf<RoleName>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<RoleContent>,
) -> Result<(StatusCode, Json<RoleView>), Problem> {
    let role = realm.settings().profile.completed(roles::parse(name, &body.permissions, &body.inherits)?);
    let view = RoleView::from(&role);
    let who = Who::administrator(&admin, origin).meaning(states);
    let is_new = roles::put(&app, realm.id(), role, who, now).await?;
    Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, Json(view)))
}

/// Remove a role
///
/// One that a user has or another role inherits is not removed.
#[utoipa::path(
    delete, path = "/api/v1/admin/roles/{id}", tag = "Administration", operation_id = "remove_role",
    security(("bearer" = [])), params(("id" = String, Path, description = "The role's name"), IfMatch),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 409, description = "`role_in_use` or `role_built_in`", body = ProblemDocument),
        (status = 412, description = "`changed_meanwhile`", body = ProblemDocument),
    )
)]
pub(super) async fn remove(
    Admin(admin): Admin,
    realm: InRealm,
    PathIdIf(name, states): PathIdIf<RoleName>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    let who = Who::administrator(&admin, origin).meaning(states);
    roles::remove(&app, realm.id(), name, who, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
