//! `/api/v1/admin/realm`

use axum::extract::State;
use gatepost_domain::{Realm, RealmId, RealmSettings, Timestamp, lifetime};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    App,
    accounts::{Who, field},
    http::{Admin, IfMatch, Json, Now, Problem, Shown, SignedIn, Where, problem::ProblemDocument},
    realm::{self, InRealm, issuer_of},
    request_secrets::{self, Signs},
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

fn shown(app: &App, realm: &Realm) -> Shown<RealmView> {
    let view = RealmView {
        id: realm.id.to_string(),
        name: realm.name.to_string(),
        default: realm.is_default,
        issuer: issuer_of(realm, app.public_url()),
        created_at: realm.created_at,
        settings: realm.settings.clone(),
    };
    Shown::new(realm, view)
}

/// Show the realm and its settings
#[utoipa::path(
    get, path = "/api/v1/admin/realm", tag = "Administration", operation_id = "get_realm",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The realm", body = RealmView, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
    )
)]
pub(super) async fn show(
    _admin: Admin,
    realm: InRealm,
    State(app): State<App>,
) -> Result<Shown<RealmView>, Problem> {
    Ok(shown(&app, &realm::find(&app, realm.id()).await?))
}

/// What is to be different.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RealmChange {
    /// The settings that change; `null` for the default.
    #[schema(value_type = Object, example = json!({"display_name": "Acme", "registration": "closed"}))]
    settings: Map<String, Value>,
}

/// Change the realm's settings
///
/// Only those that are named. `profile`, `hosts`, `issuer`, `audit_retention` and `cookie_domain` are set in the declarative file alone. A setting
/// that the file names is what the file says again after the next `gatepost apply`.
#[utoipa::path(
    patch, path = "/api/v1/admin/realm", tag = "Administration", operation_id = "change_realm",
    request_body = RealmChange, security(("bearer" = [])), params(IfMatch),
    responses(
        (status = 200, description = "The realm", body = RealmView, headers(("ETag" = String, description = "For `If-Match`"))),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 412, description = "`changed_meanwhile`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`: it names the setting and what would do", body = ProblemDocument),
    )
)]
pub(super) async fn change(
    Admin(admin): Admin,
    realm: InRealm,
    states: IfMatch,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<RealmChange>,
) -> Result<Shown<RealmView>, Problem> {
    let who = Who::administrator(&admin, origin).meaning(states);
    Ok(shown(&app, &realm::update(&app, realm.id(), body.settings, who, now).await?))
}

/// How the secret of the interceptors is replaced.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InterceptorSecretRotation {
    /// How long requests are signed with the secret before, too: `24h` unless given, `0s` for one that leaked, `30d` at most.
    #[schema(nullable = false, example = "24h")]
    overlap: Option<String>,
}

/// What requests to interceptors are signed with.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct InterceptorSecret {
    /// Shown this once.
    #[schema(example = "whsec_…")]
    secret: String,
}

/// Make or replace the secret of the interceptors
///
/// Requests to the interceptors of the realm (the setting `interceptors`) are signed with it. The answer shows it, this once.
#[utoipa::path(
    post, path = "/api/v1/admin/realm/interceptor-secret", tag = "Administration", operation_id = "replace_interceptor_secret",
    request_body = InterceptorSecretRotation, security(("bearer" = [])),
    responses(
        (status = 200, description = "The secret", body = InterceptorSecret),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
    )
)]
pub(super) async fn replace_interceptor_secret(
    Admin(admin): Admin,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<InterceptorSecretRotation>,
) -> Result<Json<InterceptorSecret>, Problem> {
    let secret = replaced(&app, (realm.id(), Signs::Interceptors), body.overlap, &admin, origin, now).await?;
    Ok(Json(InterceptorSecret { secret }))
}

/// How the secret of the sender is replaced.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SmsSecretRotation {
    /// How long requests are signed with the secret before, too: `24h` unless given, `0s` for one that leaked, `30d` at most.
    #[schema(nullable = false, example = "24h")]
    overlap: Option<String>,
}

/// What requests to the sender of text messages are signed with.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct SmsSecret {
    /// Shown this once.
    #[schema(example = "whsec_…")]
    secret: String,
}

/// Make or replace the secret of the sender of text messages
///
/// Requests to the sender of the realm (the setting `sms_url`) are signed with it. The answer shows it, this once.
#[utoipa::path(
    post, path = "/api/v1/admin/realm/sms-secret", tag = "Administration", operation_id = "replace_sms_secret",
    request_body = SmsSecretRotation, security(("bearer" = [])),
    responses(
        (status = 200, description = "The secret", body = SmsSecret),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
    )
)]
pub(super) async fn replace_sms_secret(
    Admin(admin): Admin,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<SmsSecretRotation>,
) -> Result<Json<SmsSecret>, Problem> {
    let secret = replaced(&app, (realm.id(), Signs::Sms), body.overlap, &admin, origin, now).await?;
    Ok(Json(SmsSecret { secret }))
}

async fn replaced(
    app: &App,
    whose: (RealmId, Signs),
    overlap: Option<String>,
    admin: &SignedIn,
    origin: Where,
    now: Timestamp,
) -> Result<String, Problem> {
    let overlap = lifetime::parse(overlap.as_deref().unwrap_or("24h"));
    let overlap = overlap.map_err(|refused| field("overlap", refused))?;
    let who = Who::administrator(admin, origin);
    let made = request_secrets::replace_secret(app, whose, overlap, who, now).await?;
    Ok(made.reveal().to_owned())
}
