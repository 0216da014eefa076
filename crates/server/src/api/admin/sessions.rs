//! `/api/v1/admin/sessions`, `/api/v1/admin/users/{id}/sessions`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{SessionId, UserId};
use serde::Serialize;

use crate::{
    App,
    accounts::{self, Who},
    api::me::{SessionListing, SessionPage, SessionView},
    http::{Admin, Json, Now, PathId, PathIds, Problem, Query, Where, page, problem::ProblemDocument},
    realm::InRealm,
    session,
};

/// A signed-in device, and whose it is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct SessionOfUser {
    /// Who is signed in.
    #[schema(example = "usr_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    user: String,
    #[serde(flatten)]
    session: SessionView,
}

/// One page of live sessions of the realm.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct RealmSessionPage {
    /// The newest first.
    sessions: Vec<SessionOfUser>,
    /// Present when there are more.
    next_cursor: Option<String>,
}

/// List the sessions of the realm
///
/// Whoever they are of. One is ended by its user: `DELETE /api/v1/admin/users/{id}/sessions/{session_id}`.
#[utoipa::path(
    get, path = "/api/v1/admin/sessions", tag = "Administration", operation_id = "admin_list_realm_sessions",
    security(("bearer" = [])), params(SessionListing),
    responses(
        (status = 200, description = "One page", body = RealmSessionPage),
        (status = 400, description = "`invalid_query`", body = ProblemDocument),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
    )
)]
pub(super) async fn list_of_realm(
    Admin(admin): Admin,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    Query(listing): Query<SessionListing>,
) -> Result<Json<RealmSessionPage>, Problem> {
    let limit = listing.limit;
    let found = session::list_of_realm(&app, realm.id(), listing.cursor, limit.and_one(), now).await?;
    let (found, next_cursor) = page::cut(found, limit, |last| last.id.to_string());
    let shown = |session| SessionView::new(session, Some(admin.session.id));
    let sessions = found.iter().map(|one| SessionOfUser { user: one.user.to_string(), session: shown(one) });
    Ok(Json(RealmSessionPage { sessions: sessions.collect(), next_cursor }))
}

/// List a user's sessions
#[utoipa::path(
    get, path = "/api/v1/admin/users/{id}/sessions", tag = "Administration", operation_id = "admin_list_sessions",
    security(("bearer" = [])), params(("id" = String, Path, description = "The user"), SessionListing),
    responses(
        (status = 200, description = "One page", body = SessionPage),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    Admin(admin): Admin,
    realm: InRealm,
    PathId(user): PathId<UserId>,
    Now(now): Now,
    State(app): State<App>,
    Query(listing): Query<SessionListing>,
) -> Result<Json<SessionPage>, Problem> {
    accounts::find(&app, realm.id(), user).await?;
    Ok(Json(listing.page(&app, (realm.id(), user), admin.session.id, now).await?))
}

/// Sign a user out everywhere
///
/// Ends every session of the account. What signs in again begins another; to keep somebody out, disable the account.
#[utoipa::path(
    delete, path = "/api/v1/admin/users/{id}/sessions", tag = "Administration", operation_id = "admin_end_sessions",
    security(("bearer" = [])), params(("id" = String, Path, description = "The user")),
    responses(
        (status = 204, description = "No session is left"),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`", body = ProblemDocument),
    )
)]
pub(super) async fn end_all(
    Admin(admin): Admin,
    realm: InRealm,
    PathId(user): PathId<UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    let (who, which) = (Who::administrator(&admin, origin), session::Ended::All { with_keys: false });
    let found = session::end(&app, (realm.id(), user), which, who, now).await?;
    if found { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::NotFound) }
}

/// End a session of a user
#[utoipa::path(
    delete, path = "/api/v1/admin/users/{id}/sessions/{session_id}", tag = "Administration",
    operation_id = "admin_end_session", security(("bearer" = [])),
    params(("id" = String, Path, description = "The user"), ("session_id" = String, Path, description = "As listed")),
    responses(
        (status = 204, description = "The session has ended"),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 404, description = "`not_found`: no live session of this user has the id", body = ProblemDocument),
    )
)]
pub(super) async fn end(
    Admin(admin): Admin,
    realm: InRealm,
    PathIds(user, id): PathIds<UserId, SessionId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    let who = Who::administrator(&admin, origin);
    let ended = session::end(&app, (realm.id(), user), session::Ended::One(id), who, now).await?;
    if ended { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::NotFound) }
}
