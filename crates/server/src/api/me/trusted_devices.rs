//! `/api/v1/me/mfa/trusted-devices`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{Timestamp, TrustedDeviceId};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    api::{CookieHeader, cookie},
    http::{
        Json, Now, PathId, Problem, Query, SignedIn, Where,
        page::{self, Limit},
        problem::ProblemDocument,
    },
    mfa,
    realm::InRealm,
    session::{self, TrustCookie},
};

/// Which devices to list.
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
    cursor: Option<TrustedDeviceId>,
}

/// A device on which no second factor is asked for, because it was shown there.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = TrustedDevice)]
struct TrustedDeviceView {
    #[schema(example = "tdv_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    id: String,
    /// Whether it is the one this request comes from, as far as a cookie says so.
    current: bool,
    /// What the browser or program called itself.
    user_agent: Option<String>,
    /// Since when.
    #[schema(value_type = String)]
    trusted_at: Timestamp,
    /// From when the second factor is asked for again.
    #[schema(value_type = String)]
    expires_at: Timestamp,
}

/// One page of devices.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct TrustedDevicePage {
    /// The newest first.
    trusted_devices: Vec<TrustedDeviceView>,
    /// Present when there are more.
    next_cursor: Option<String>,
}

/// List the account's trusted devices
#[utoipa::path(
    get, path = "/api/v1/me/mfa/trusted-devices", tag = "Second factors", operation_id = "list_trusted_devices",
    security(("bearer" = [])), params(Listing),
    responses(
        (status = 200, description = "One page", body = TrustedDevicePage),
        (status = 400, description = "`invalid_query`", body = ProblemDocument),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    caller: SignedIn,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Query(Listing { limit, cursor }): Query<Listing>,
) -> Result<Json<TrustedDevicePage>, Problem> {
    let user = caller.user.id;
    let found = mfa::list_trusted_devices(&app, &realm, user, (cursor, limit.and_one()), now).await?;
    let (found, next_cursor) = page::cut(found, limit, |last| last.id.to_string());
    let here = session::this_device(&app, &realm, user, &origin);
    let shown = found.into_iter().map(|device| TrustedDeviceView {
        id: device.id.to_string(),
        current: here == Some(device.id),
        user_agent: device.user_agent,
        trusted_at: device.created_at,
        expires_at: device.expires_at,
    });
    Ok(Json(TrustedDevicePage { trusted_devices: shown.collect(), next_cursor }))
}

/// Trust this device
///
/// For somebody who did not say so when they signed in: the next sign-ins on it take the first step alone, for as long as the realm
/// says (`trusted_device_ttl`). The answer sets a cookie, which is what the device is known by. It takes a sign-in of the last ten
/// minutes, with a second factor.
#[utoipa::path(
    post, path = "/api/v1/me/mfa/trusted-devices", tag = "Second factors", operation_id = "trust_device",
    security(("bearer" = [])),
    responses(
        (status = 204, description = "It is trusted, where the cookie is kept"),
        (status = 401, description = "`unauthenticated`, `invalid_token` or `reauthentication_required`", body = ProblemDocument),
        (status = 403, description = "`trusted_devices_off` or `not_for_applications`", body = ProblemDocument),
        (status = 409, description = "`no_second_factor`", body = ProblemDocument),
    )
)]
pub(super) async fn trust(
    caller: SignedIn,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<(CookieHeader, StatusCode), Problem> {
    let trusted = mfa::trust_device(&app, &realm, &caller, origin, now).await?;
    Ok((cookie(Some(&trusted), TrustCookie::header)?, StatusCode::NO_CONTENT))
}

/// Trust a device no more
///
/// There the second factor is asked for again at the next sign-in.
#[utoipa::path(
    delete, path = "/api/v1/me/mfa/trusted-devices/{id}", tag = "Second factors", operation_id = "forget_trusted_device",
    security(("bearer" = [])), params(("id" = String, Path, description = "As listed")),
    responses(
        (status = 204, description = "It is not trusted"),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`not_for_applications`", body = ProblemDocument),
        (status = 404, description = "`not_found`: the account trusts no such device", body = ProblemDocument),
    )
)]
pub(super) async fn forget(
    caller: SignedIn,
    PathId(id): PathId<TrustedDeviceId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    mfa::forget_trusted_device(&app, &caller, id, origin, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Trust no device
///
/// On every device the second factor is asked for again at the next sign-in.
#[utoipa::path(
    delete, path = "/api/v1/me/mfa/trusted-devices", tag = "Second factors", operation_id = "forget_trusted_devices",
    security(("bearer" = [])),
    responses(
        (status = 204, description = "None is trusted"),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`not_for_applications`", body = ProblemDocument),
    )
)]
pub(super) async fn forget_all(
    caller: SignedIn,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    mfa::forget_trusted_devices(&app, &caller, origin, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
