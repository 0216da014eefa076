//! `/api/v1/me/sessions`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{Session, SessionId, Timestamp};
use serde::Serialize;

use crate::{
    App,
    accounts::Who,
    http::{Json, Now, PathId, Problem, SignedIn, Where, problem::ProblemDocument},
    session,
};

/// A signed-in device.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    id: String,
    /// Whether it is the one this request was made with.
    current: bool,
    /// What the browser or program called itself at sign-in.
    user_agent: Option<String>,
    /// The address it signed in from.
    address: Option<String>,
    #[schema(value_type = String)]
    created_at: Timestamp,
    #[schema(value_type = String)]
    last_seen_at: Timestamp,
    #[schema(value_type = String)]
    expires_at: Timestamp,
}

/// Every live session of the account.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SessionList {
    /// The newest first.
    sessions: Vec<SessionView>,
}

impl SessionList {
    /// Of these, `current` being the session that asks.
    pub fn new(found: &[Session], current: SessionId) -> Self {
        Self { sessions: found.iter().map(|session| view(session, current)).collect() }
    }
}

fn view(session: &Session, current: SessionId) -> SessionView {
    SessionView {
        id: session.id.to_string(),
        current: session.id == current,
        user_agent: session.origin.user_agent.clone(),
        address: session.origin.address.map(|address| address.to_string()),
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        expires_at: session.expires_at,
    }
}

/// List the account's sessions
#[utoipa::path(
    get, path = "/api/v1/me/sessions", tag = "Account", operation_id = "list_sessions", security(("bearer" = [])),
    responses(
        (status = 200, description = "Live sessions", body = SessionList),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    caller: SignedIn,
    Now(now): Now,
    State(app): State<App>,
) -> Result<Json<SessionList>, Problem> {
    let found = session::list(&app, caller.user.realm, caller.user.id, now).await?;
    Ok(Json(SessionList::new(&found, caller.session.id)))
}

/// End every other session
///
/// The one this request was made with stays.
#[utoipa::path(
    delete, path = "/api/v1/me/sessions", tag = "Account", operation_id = "end_other_sessions",
    security(("bearer" = [])),
    responses(
        (status = 204, description = "Every other session has ended"),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
    )
)]
pub(super) async fn end_others(
    caller: SignedIn,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    let which = session::Ended::AllBut(caller.session.id);
    let (user, who) = ((caller.user.realm, caller.user.id), Who::themselves(&caller, origin));
    session::end(&app, user, which, who, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one session
#[utoipa::path(
    delete, path = "/api/v1/me/sessions/{id}", tag = "Account", operation_id = "end_session",
    security(("bearer" = [])), params(("id" = String, Path, description = "As listed")),
    responses(
        (status = 204, description = "The session has ended"),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 404, description = "`not_found`: no live session of this account has the id", body = ProblemDocument),
    )
)]
pub(super) async fn end(
    caller: SignedIn,
    PathId(id): PathId<SessionId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<StatusCode, Problem> {
    let (user, who) = ((caller.user.realm, caller.user.id), Who::themselves(&caller, origin));
    let ended = session::end(&app, user, session::Ended::One(id), who, now).await?;
    if ended { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::NotFound) }
}
