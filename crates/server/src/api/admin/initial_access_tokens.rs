//! `/api/v1/admin/initial-access-tokens`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{
    InitialAccessToken, InitialAccessTokenId, Timestamp, client::initial_access, lifetime,
};
use gatepost_store::initial_access_tokens as stored;
use serde::{Deserialize, Serialize};

use crate::{
    App,
    accounts::{Who, field},
    clients::initial_access::{self as tokens, Wanted},
    http::{
        Admin, Json, Now, PathId, Problem, Query, Where,
        page::{self, Limit},
        problem::ProblemDocument,
    },
    realm::InRealm,
};

/// A token with which applications register themselves as clients, without its secret.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = InitialAccessToken)]
pub struct InitialAccessTokenView {
    #[schema(value_type = String, example = "iat_06fj5k2m8nqv3w1t7x9y4z0abc")]
    id: InitialAccessTokenId,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<String>,
    /// How many clients may be registered with it.
    uses: u32,
    /// How many were.
    used: u32,
    #[schema(value_type = String)]
    created_at: Timestamp,
    #[schema(value_type = String)]
    expires_at: Timestamp,
}

impl From<&InitialAccessToken> for InitialAccessTokenView {
    fn from(token: &InitialAccessToken) -> Self {
        Self {
            id: token.id,
            name: token.name.as_ref().map(|name| name.as_str().to_owned()),
            uses: token.uses,
            used: token.used,
            created_at: token.created_at,
            expires_at: token.expires_at,
        }
    }
}

impl InitialAccessTokenView {
    /// For a table of `gatepost client token list`.
    pub fn row(&self) -> Vec<String> {
        let name = self.name.clone().unwrap_or_else(|| "-".to_owned());
        vec![
            self.id.to_string(),
            name,
            format!("{} of {}", self.used, self.uses),
            self.expires_at.to_string(),
        ]
    }
}

/// Which tokens to list.
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
    cursor: Option<InitialAccessTokenId>,
}

/// One page of tokens, in the order they were made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct InitialAccessTokenPage {
    initial_access_tokens: Vec<InitialAccessTokenView>,
    /// Present when there are more.
    next_cursor: Option<String>,
}

/// List initial access tokens
///
/// Until a month after they expired.
#[utoipa::path(
    get, path = "/api/v1/admin/initial-access-tokens", tag = "Administration",
    operation_id = "list_initial_access_tokens", params(Listing), security(("bearer" = [])),
    responses(
        (status = 200, description = "One page", body = InitialAccessTokenPage),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    _admin: Admin,
    realm: InRealm,
    State(app): State<App>,
    Query(listing): Query<Listing>,
) -> Result<Json<InitialAccessTokenPage>, Problem> {
    let (realm, limit, cursor) = (realm.id(), listing.limit, listing.cursor);
    let found = app.db().read("list initial access tokens", move |tx| {
        Box::pin(async move { stored::list(tx, realm, cursor, limit.and_one()).await })
    });
    let (found, next_cursor) = page::cut(found.await?, limit, |last| last.id.to_string());
    let initial_access_tokens = found.iter().map(InitialAccessTokenView::from).collect();
    Ok(Json(InitialAccessTokenPage { initial_access_tokens, next_cursor }))
}

/// A token to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewInitialAccessToken {
    /// What it is for.
    #[schema(nullable = false, example = "Partners")]
    name: Option<String>,
    /// How many clients may be registered with it: 1 unless given, 1000 at most.
    #[schema(nullable = false, example = 1)]
    uses: Option<u32>,
    /// How long it is good: `24h` unless given, `365d` at most.
    #[schema(nullable = false, example = "24h")]
    expires_in: Option<String>,
}

/// A token and its secret.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct FreshInitialAccessToken {
    #[serde(flatten)]
    token: InitialAccessTokenView,
    /// What is sent to `/oauth/register` as a bearer token. Shown this once; only its digest is kept.
    #[schema(example = "gp_iat_…")]
    secret: String,
}

/// Make an initial access token
///
/// Whoever has it registers clients at `/oauth/register`, in a realm with the `client_registration` of `initial_access_token` or
/// `open`.
#[utoipa::path(
    post, path = "/api/v1/admin/initial-access-tokens", tag = "Administration",
    operation_id = "create_initial_access_token", request_body = NewInitialAccessToken, security(("bearer" = [])),
    responses(
        (status = 201, description = "The token, shown this once", body = FreshInitialAccessToken),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`", body = ProblemDocument),
    )
)]
pub(super) async fn create(
    Admin(admin): Admin,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<NewInitialAccessToken>,
) -> Result<(StatusCode, Json<FreshInitialAccessToken>), Problem> {
    let expires_in = body.expires_in.as_deref().map(lifetime::parse).transpose();
    let wanted = Wanted {
        name: body.name.map(|name| name.parse()).transpose().map_err(|refused| field("name", refused))?,
        uses: body.uses.unwrap_or(1),
        lifetime: expires_in
            .map_err(|refused| field("expires_in", refused))?
            .unwrap_or(initial_access::LIFETIME),
    };
    let who = Who::administrator(&admin, origin);
    let (token, secret) = tokens::create(&app, realm.id(), wanted, who, now).await?;
    let fresh = FreshInitialAccessToken { token: (&token).into(), secret: secret.reveal().to_owned() };
    Ok((StatusCode::CREATED, Json(fresh)))
}

/// Take back an initial access token
///
/// The clients that were registered with it stay.
#[utoipa::path(
    delete, path = "/api/v1/admin/initial-access-tokens/{id}", tag = "Administration",
    operation_id = "revoke_initial_access_token", security(("bearer" = [])), params(("id" = String, Path)),
    responses(
        (status = 204, description = "Taken back"),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn revoke(
    Admin(admin): Admin,
    realm: InRealm,
    PathId(id): PathId<InitialAccessTokenId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    tokens::revoke(&app, realm.id(), id, Who::administrator(&admin, origin), now).await?;
    Ok(StatusCode::NO_CONTENT)
}
