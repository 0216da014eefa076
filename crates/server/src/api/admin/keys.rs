//! `/api/v1/admin/keys`

use axum::extract::State;
use serde::Serialize;

use crate::{
    App,
    http::{Admin, Json, Problem, problem::ProblemDocument},
    realm::InRealm,
    signing::{self, KeyView},
};

/// Every signing key of the realm.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct KeyList {
    /// By algorithm, the oldest of each first.
    keys: Vec<KeyView>,
}

/// List signing keys
///
/// Which signs, and which are published for tokens that are under way. `gatepost key` makes and withdraws them.
#[utoipa::path(
    get, path = "/api/v1/admin/keys", tag = "Administration", operation_id = "list_signing_keys",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The keys", body = KeyList),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    _admin: Admin,
    realm: InRealm,
    State(app): State<App>,
) -> Result<Json<KeyList>, Problem> {
    Ok(Json(KeyList { keys: signing::list(&app, &realm).await? }))
}
