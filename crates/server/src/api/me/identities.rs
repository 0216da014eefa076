//! `/api/v1/me/identities`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{EmailAddress, Identity, IdentityId, Timestamp};
use serde::Serialize;

use crate::{
    App,
    http::{Json, Now, PathId, Problem, SignedIn, Where, problem::ProblemDocument},
    realm::{InRealm, Snapshot},
    social::{self, Held, Wants},
};

/// What is connected with an account.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Identities)]
pub(super) struct IdentitiesView {
    /// The oldest first.
    identities: Vec<IdentityView>,
}

/// An account elsewhere that signs in to this one.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Identity)]
struct IdentityView {
    #[schema(value_type = String, example = "idn_01k9x3v8q2m4n6p8r0t2v4x6z8")]
    id: IdentityId,
    /// The id of the provider, as the realm calls it.
    #[schema(example = "google")]
    provider: String,
    /// What people know the provider as.
    #[schema(example = "Google")]
    provider_name: String,
    /// Which issuer names it.
    #[schema(example = "https://accounts.google.com")]
    issuer: String,
    /// What it is called there.
    #[schema(example = "110169484474386276334")]
    subject: String,
    /// The address it had there when it was connected.
    #[schema(example = "ada@example.com")]
    email: Option<String>,
    #[schema(value_type = String)]
    connected_at: Timestamp,
    /// When it was last used to sign in.
    #[schema(value_type = Option<String>)]
    last_used_at: Option<Timestamp>,
}

impl IdentityView {
    fn of(realm: &Snapshot, identity: Identity) -> Self {
        Self {
            provider_name: realm.provider_name(&identity.provider).to_owned(),
            id: identity.id,
            provider: identity.provider.to_string(),
            issuer: identity.issuer,
            subject: identity.subject,
            email: identity.email.as_ref().map(EmailAddress::as_str).map(str::to_owned),
            connected_at: identity.created_at,
            last_used_at: identity.last_used_at,
        }
    }
}

/// List connected accounts
///
/// The accounts elsewhere that sign in to this one. One is connected on the page `/account/security`, in a browser.
#[utoipa::path(
    get, path = "/api/v1/me/identities", tag = "Account", operation_id = "list_my_identities", security(("bearer" = [])),
    responses(
        (status = 200, description = "What is connected", body = IdentitiesView),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    caller: SignedIn,
    realm: InRealm,
    State(app): State<App>,
) -> Result<Json<IdentitiesView>, Problem> {
    let found = social::list(&app, realm.id(), caller.user.id).await?;
    let identities = found.into_iter().map(|identity| IdentityView::of(&realm, identity)).collect();
    Ok(Json(IdentitiesView { identities }))
}

/// What a provider gave, to be used at its API.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ProviderToken)]
pub(super) struct ProviderTokenView {
    #[schema(example = "ya29.a0AfB_byC")]
    access_token: String,
    /// How the provider's API takes it: in the header `Authorization`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// When it is over; `null` where the provider does not say.
    #[schema(value_type = Option<String>)]
    expires_at: Option<Timestamp>,
    /// What it is for.
    #[schema(example = "openid email profile")]
    scope: Option<String>,
}

/// Use a connected account
///
/// The access token that its provider gave with the last sign-in, for the provider's API, where the provider's setting `keep_tokens` is on.
/// One that is over, or has less than five seconds left, is renewed first, if the provider gave a refresh token; that is never shown. For the
/// person themselves: neither for an application nor for an administrator in their place.
#[utoipa::path(
    post, path = "/api/v1/me/identities/{id}/token", tag = "Account", operation_id = "use_my_identity",
    params(("id" = String, Path, description = "The id of the connected account")), security(("bearer" = [])),
    responses(
        (status = 200, description = "A token that is good", body = ProviderTokenView),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`not_for_applications`", body = ProblemDocument),
        (status = 404, description = "`not_found`: the account has no such, or nothing is kept of it", body = ProblemDocument),
        (status = 409, description = "`provider_token_over`: it is over, and the provider renews it no more", body = ProblemDocument),
        (status = 429, description = "`too_many_attempts`: it was renewed too often, or could not be", body = ProblemDocument),
        (status = 503, description = "`provider_unanswered` or `provider_busy`", body = ProblemDocument),
    )
)]
pub(super) async fn token(
    caller: SignedIn,
    realm: InRealm,
    PathId(id): PathId<IdentityId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Json<ProviderTokenView>, Problem> {
    let Held { given, .. } = social::hand_out(&app, &realm, &caller, (id, Wants::Good), &origin, now).await?;
    Ok(Json(ProviderTokenView {
        access_token: given.access_token().to_owned(),
        token_type: "Bearer",
        expires_at: given.expires_at(),
        scope: given.scope().map(str::to_owned),
    }))
}

/// Disconnect an account
///
/// It signs in no longer. Takes a sign-in of the last ten minutes, with a second factor where the account has one. The last way to
/// sign in stays.
#[utoipa::path(
    delete, path = "/api/v1/me/identities/{id}", tag = "Account", operation_id = "disconnect_my_identity",
    params(("id" = String, Path, description = "The id of the connected account")), security(("bearer" = [])),
    responses(
        (status = 204, description = "It is disconnected"),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`not_for_applications`", body = ProblemDocument),
        (status = 404, description = "`not_found`: the account has no such", body = ProblemDocument),
        (status = 409, description = "`last_way_in`", body = ProblemDocument),
    )
)]
pub(super) async fn disconnect(
    caller: SignedIn,
    realm: InRealm,
    PathId(id): PathId<IdentityId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    social::disconnect(&app, &realm, &caller, id, origin, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
