//! `/api/v1/admin/users`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{RoleName, Timestamp, User, UserId};
use gatepost_store::users;
use serde::{Deserialize, Serialize};

use crate::{
    App, accounts,
    api::{Enrolment, Password, UserView},
    http::{
        Admin, IfMatch, Json, Now, PathId, PathIdIf, Problem, Query, Shown, Where,
        page::{self, Limit},
        problem::ProblemDocument,
    },
    realm::InRealm,
};

/// An account, as an administrator sees it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ManagedUser {
    #[serde(flatten)]
    user: UserView,
    /// A disabled account cannot sign in, and its sessions have ended.
    disabled: bool,
    #[schema(value_type = String)]
    updated_at: Timestamp,
}

impl From<&User> for ManagedUser {
    fn from(user: &User) -> Self {
        Self { user: user.into(), disabled: user.disabled_at.is_some(), updated_at: user.updated_at }
    }
}

/// Which users to list.
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
    cursor: Option<UserId>,
    /// Only accounts whose address or user name contains this text.
    search: Option<String>,
    /// Only accounts whose address begins so.
    email: Option<String>,
    /// Only accounts whose user name begins so.
    username: Option<String>,
    /// Only accounts that were given this role.
    #[param(value_type = Option<String>)]
    role: Option<RoleName>,
    /// Only disabled accounts, or only the others.
    disabled: Option<bool>,
    /// `none`: only accounts without a second factor; `enrolled`: only those that have one. Of 10,000 accounts at a time: a page may hold
    /// fewer than asked for, or nobody, and have a `next_cursor` all the same.
    #[param(value_type = Option<String>)]
    mfa: Option<Enrolment>,
}

/// One page of users, in the order they were made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct UserPage {
    users: Vec<ManagedUser>,
    /// Present when there are more.
    next_cursor: Option<String>,
}

/// List users
#[utoipa::path(
    get, path = "/api/v1/admin/users", tag = "Administration", operation_id = "list_users", params(Listing),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "One page", body = UserPage),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    _admin: Admin,
    realm: InRealm,
    State(app): State<App>,
    Query(listing): Query<Listing>,
) -> Result<Json<UserPage>, Problem> {
    for (name, text) in
        [("search", &listing.search), ("email", &listing.email), ("username", &listing.username)]
    {
        page::searchable(name, text.as_deref())?;
    }
    let limit = listing.limit;
    let cursor = listing.cursor;
    let filter = users::UserFilter {
        search: listing.search,
        email: listing.email,
        username: listing.username,
        role: listing.role,
        disabled: listing.disabled,
        has_factor: listing.mfa.map(Enrolment::has_factor),
    };
    let users::Listed { users: found, until } =
        accounts::list(&app, realm.id(), filter, cursor, limit.and_one()).await?;
    let (found, next_cursor) = page::cut(found, limit, |last| last.id.to_string());
    // Behind those that were looked at there may be more.
    let next_cursor = next_cursor.or(until.map(|until| until.to_string()));
    Ok(Json(UserPage { users: found.iter().map(ManagedUser::from).collect(), next_cursor }))
}

/// A new account made by an administrator.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "grace@example.com", "name": "Grace Hopper", "password": "the compiler keeps a diary"}))]
pub(super) struct NewUser {
    #[schema(example = "grace@example.com")]
    email: Option<String>,
    #[schema(example = "grace")]
    username: Option<String>,
    #[schema(example = "Grace Hopper")]
    name: Option<String>,
    /// Without one the account cannot sign in with a password.
    password: Option<Password>,
    #[serde(default)]
    email_verified: bool,
    #[serde(default)]
    roles: Vec<String>,
}

/// Make a user
#[utoipa::path(
    post, path = "/api/v1/admin/users", tag = "Administration", operation_id = "create_user", request_body = NewUser,
    security(("bearer" = [])),
    responses(
        (status = 201, description = "The account", body = ManagedUser, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 409, description = "`email_taken` or `username_taken`", body = ProblemDocument),
        (status = 422, description = "`invalid_field` or `weak_password`", body = ProblemDocument),
    )
)]
pub(super) async fn create(
    Admin(admin): Admin,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<NewUser>,
) -> Result<(StatusCode, Shown<ManagedUser>), Problem> {
    let profile =
        accounts::Profile::parse(body.email.as_deref(), body.username.as_deref(), body.name.as_deref())?
            .verified(body.email_verified)
            .roles(&realm, &body.roles)?;
    let hash = match &body.password {
        None => None,
        Some(password) => Some({
            let password = password.accept(realm.settings(), &profile.words())?;
            app.hash_chosen(&realm, &password, &origin, now).await?
        }),
    };
    let who = accounts::Who::administrator(&admin, origin);
    let user = accounts::create(&app, &realm, profile, hash, who, now).await?;
    Ok((StatusCode::CREATED, Shown::new(&user, ManagedUser::from(&user))))
}

/// Show a user
#[utoipa::path(
    get, path = "/api/v1/admin/users/{id}", tag = "Administration", operation_id = "get_user",
    security(("bearer" = [])), params(("id" = String, Path, description = "As listed")),
    responses(
        (status = 200, description = "The account", body = ManagedUser, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn show(
    _admin: Admin,
    realm: InRealm,
    PathId(id): PathId<UserId>,
    State(app): State<App>,
) -> Result<Shown<ManagedUser>, Problem> {
    let found = accounts::find(&app, realm.id(), id).await?;
    Ok(Shown::new(&found, ManagedUser::from(&found)))
}

/// What an administrator may change. A member that is left out stays as it is; `null` clears it.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Grace Hopper", "email_verified": true}))]
pub(super) struct UserChange {
    #[serde(default, deserialize_with = "accounts::given")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
    email_verified: Option<bool>,
    #[serde(default, deserialize_with = "accounts::given")]
    #[schema(value_type = Option<String>)]
    username: Option<Option<String>>,
    #[serde(default, deserialize_with = "accounts::given")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    /// Replaces all roles.
    roles: Option<Vec<String>>,
    /// Disabling ends every session of the account and revokes its API keys, for good.
    disabled: Option<bool>,
    /// Sets a new password, ends every session of the account and revokes its API keys.
    password: Option<Password>,
}

/// Change a user
///
/// Each member changes only its own column, so two administrators changing different members do not undo one another.
#[utoipa::path(
    patch, path = "/api/v1/admin/users/{id}", tag = "Administration", operation_id = "change_user",
    request_body = UserChange, security(("bearer" = [])),
    params(("id" = String, Path, description = "As listed"), IfMatch),
    responses(
        (status = 200, description = "The account as it is now", body = ManagedUser, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 409, description = "`email_taken`, `username_taken` or `last_administrator`", body = ProblemDocument),
        (status = 412, description = "`changed_meanwhile`", body = ProblemDocument),
        (status = 422, description = "`invalid_field` or `weak_password`", body = ProblemDocument),
    )
)]
pub(super) async fn change(
    Admin(admin): Admin,
    realm: InRealm,
    PathIdIf(id, states): PathIdIf<UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<UserChange>,
) -> Result<Shown<ManagedUser>, Problem> {
    let mut change = accounts::Change::new()
        .email(body.email)?
        .email_verified(body.email_verified)
        .username(body.username)?
        .name(body.name)?
        .roles(&realm, body.roles.as_deref())?
        .disabled(body.disabled);
    if let Some(password) = &body.password {
        let text = password.accept(realm.settings(), &[])?;
        change = change.password(app.hash_chosen(&realm, &text, &origin, now).await?);
    }
    let who = accounts::Who::administrator(&admin, origin).meaning(states);
    let user = accounts::change(&app, realm.id(), id, change, who, now).await?;
    Ok(Shown::new(&user, ManagedUser::from(&user)))
}

/// Delete a user
///
/// Removes the account and everything of it: sessions, credentials, grants, and organizations of which it is the only
/// member. Its id is never given to anybody else.
#[utoipa::path(
    delete, path = "/api/v1/admin/users/{id}", tag = "Administration", operation_id = "delete_user",
    security(("bearer" = [])), params(("id" = String, Path, description = "As listed"), IfMatch),
    responses(
        (status = 204, description = "Deleted"),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
        (status = 409, description = "`last_administrator`, `own_account` or `last_owner`", body = ProblemDocument),
        (status = 412, description = "`changed_meanwhile`", body = ProblemDocument),
    )
)]
pub(super) async fn delete(
    Admin(admin): Admin,
    realm: InRealm,
    PathIdIf(id, states): PathIdIf<UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    let who = accounts::Who::administrator(&admin, origin).meaning(states);
    accounts::delete(&app, realm.id(), id, who, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
