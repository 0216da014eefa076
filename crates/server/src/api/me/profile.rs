//! `/api/v1/me`

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;

use crate::{
    App, accounts,
    api::UserView,
    http::{IfMatch, Json, Now, Problem, Shown, SignedIn, Where, problem::ProblemDocument},
    realm::InRealm,
};

/// Show the signed-in account
#[utoipa::path(
    get, path = "/api/v1/me", tag = "Account", operation_id = "get_me", security(("bearer" = [])),
    responses(
        (status = 200, description = "The account", body = UserView, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
    )
)]
pub(super) async fn show(caller: SignedIn) -> Shown<UserView> {
    Shown::new(&caller.user, UserView::from(&caller.user))
}

/// What a person may change of their account. A member that is left out stays as it is; `null` clears it.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileChange {
    /// The name to show.
    #[serde(default, deserialize_with = "accounts::given")]
    #[schema(value_type = Option<String>, example = "Ada King")]
    name: Option<Option<String>>,
    /// The name to sign in with.
    #[serde(default, deserialize_with = "accounts::given")]
    #[schema(value_type = Option<String>, example = "ada")]
    username: Option<Option<String>>,
}

/// Change the signed-in account
#[utoipa::path(
    patch, path = "/api/v1/me", tag = "Account", operation_id = "change_me", request_body = ProfileChange,
    security(("bearer" = [])), params(IfMatch),
    responses(
        (status = 200, description = "The account as it is now", body = UserView, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 409, description = "`username_taken`", body = ProblemDocument),
        (status = 412, description = "`changed_meanwhile`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
    )
)]
pub(super) async fn change(
    caller: SignedIn,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    states: IfMatch,
    Json(body): Json<ProfileChange>,
) -> Result<Shown<UserView>, Problem> {
    let change = accounts::Change::new().name(body.name)?.username(body.username)?;
    let who = accounts::Who::themselves(&caller, origin).meaning(states);
    let user = accounts::change(&app, caller.user.realm, caller.user.id, change, who, now).await?;
    Ok(Shown::new(&user, UserView::from(&user)))
}

/// Delete the signed-in account
///
/// And everything of it, for good, where the realm lets people do so (`account_deletion`). It takes a sign-in of the last ten minutes, with
/// every factor the account has. An organization of which it is the only member goes too.
#[utoipa::path(
    delete, path = "/api/v1/me", tag = "Account", operation_id = "delete_me", security(("bearer" = [])),
    responses(
        (status = 204, description = "There is no such account any more"),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`account_deletion_off` or `not_for_applications`", body = ProblemDocument),
        (status = 409, description = "`last_administrator`, or `last_owner` of an organization that has other members", body = ProblemDocument),
    )
)]
pub(super) async fn delete(
    caller: SignedIn,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    accounts::delete_own(&app, &realm, &caller, origin, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
