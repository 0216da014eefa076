//! `/api/v1/admin/users/{id}/mfa`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::UserId;

use crate::{
    App,
    accounts::{self, Who},
    api::MfaView,
    http::{Admin, Json, Now, PathId, Problem, Where, problem::ProblemDocument},
    mfa,
    realm::InRealm,
};

/// Show a user's second factors
#[utoipa::path(
    get, path = "/api/v1/admin/users/{id}/mfa", tag = "Administration", operation_id = "admin_get_mfa",
    security(("bearer" = [])), params(("id" = String, Path, description = "The user")),
    responses(
        (status = 200, description = "What was set up", body = MfaView),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn show(
    _admin: Admin,
    realm: InRealm,
    PathId(user): PathId<UserId>,
    Now(now): Now,
    State(app): State<App>,
) -> Result<Json<MfaView>, Problem> {
    let user = accounts::find(&app, realm.id(), user).await?;
    Ok(Json(MfaView::of(&app, &realm, &user, now).await?))
}

/// Reset a user's second factors
///
/// For somebody who has lost phone and recovery codes: removes both, and ends every session of the account. From then on the password
/// alone signs in, so be sure whom you do it for. Nothing is done to an account that has none.
#[utoipa::path(
    delete, path = "/api/v1/admin/users/{id}/mfa", tag = "Administration", operation_id = "admin_reset_mfa",
    security(("bearer" = [])), params(("id" = String, Path, description = "The user")),
    responses(
        (status = 204, description = "The account has no second factor"),
        (status = 401, description = "`unauthenticated`, `invalid_token`, or of one's own account `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn reset(
    Admin(admin): Admin,
    realm: InRealm,
    PathId(user): PathId<UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    // One's own are removed as everybody's own are: by whoever has just proved to have them.
    if admin.user.id == user {
        mfa::check_may_change(&app, &admin, now).await?;
    }
    let who = Who::administrator(&admin, origin);
    mfa::reset(&app, realm.id(), user, who, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
