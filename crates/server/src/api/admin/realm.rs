//! `/api/v1/admin/realm`

use gatepost_domain::{RealmSettings, Timestamp};
use serde::Serialize;

use crate::{
    http::{Admin, Json, problem::ProblemDocument},
    realm::InRealm,
};

/// The realm that is asked.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Realm)]
pub(super) struct RealmView {
    #[schema(example = "rlm_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    id: String,
    #[schema(example = "default")]
    name: String,
    /// Whether it answers at the root.
    default: bool,
    #[schema(example = "https://auth.example.com")]
    issuer: String,
    #[schema(value_type = String)]
    created_at: Timestamp,
    /// All of them, with the names of the declarative file.
    #[schema(value_type = Object)]
    settings: RealmSettings,
}

/// Show the realm and its settings
///
/// Settings are changed by `gatepost apply`.
#[utoipa::path(
    get, path = "/api/v1/admin/realm", tag = "Administration", operation_id = "get_realm",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The realm", body = RealmView),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
    )
)]
pub(super) async fn show(_admin: Admin, realm: InRealm) -> Json<RealmView> {
    Json(RealmView {
        id: realm.id().to_string(),
        name: realm.name().to_owned(),
        default: realm.is_default(),
        issuer: realm.issuer().to_owned(),
        created_at: realm.created_at(),
        settings: realm.settings().clone(),
    })
}
