//! `/api/v1/me/sessions`

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{RealmId, Session, SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    accounts::Who,
    http::{
        Json, Now, PathId, Problem, Query, SignedIn, Where,
        page::{self, Limit},
        problem::ProblemDocument,
    },
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
    /// The administrator who acts in it, in the place of the account's owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    impersonator: Option<String>,
    #[schema(value_type = String)]
    created_at: Timestamp,
    #[schema(value_type = String)]
    last_seen_at: Timestamp,
    #[schema(value_type = String)]
    expires_at: Timestamp,
}

/// Which sessions to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SessionListing {
    /// How many at the most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    pub limit: Limit,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    pub cursor: Option<SessionId>,
}

/// One page of live sessions of an account.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SessionPage {
    /// The newest first.
    sessions: Vec<SessionView>,
    /// Present when there are more.
    next_cursor: Option<String>,
}

impl SessionListing {
    /// The page of a user's sessions that is asked for, `current` being the session that asks.
    pub async fn page(
        &self,
        app: &App,
        user: (RealmId, UserId),
        current: SessionId,
        now: Timestamp,
    ) -> Result<SessionPage, Problem> {
        let found = session::list(app, user, self.cursor, self.limit.and_one(), now).await?;
        let (found, next_cursor) = page::cut(found, self.limit, |last| last.id.to_string());
        let sessions = found.iter().map(|session| SessionView::new(session, Some(current))).collect();
        Ok(SessionPage { sessions, next_cursor })
    }
}

impl SessionView {
    /// Of a session, `current` being the one that asks.
    pub fn new(session: &Session, current: Option<SessionId>) -> Self {
        Self {
            id: session.id.to_string(),
            current: current == Some(session.id),
            user_agent: session.origin.user_agent.clone(),
            address: session.origin.address.map(|address| address.to_string()),
            impersonator: session.impersonator.map(|by| by.to_string()),
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            expires_at: session.expires_at,
        }
    }

    /// For a table of `gatepost session list`.
    pub fn row(&self) -> Vec<String> {
        let text = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
        vec![self.id.clone(), self.last_seen_at.to_string(), text(&self.address), text(&self.user_agent)]
    }
}

/// List the account's sessions
#[utoipa::path(
    get, path = "/api/v1/me/sessions", tag = "Account", operation_id = "list_sessions", params(SessionListing),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "One page", body = SessionPage),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
    )
)]
pub(super) async fn list(
    caller: SignedIn,
    Now(now): Now,
    State(app): State<App>,
    Query(listing): Query<SessionListing>,
) -> Result<Json<SessionPage>, Problem> {
    let user = (caller.user.realm, caller.user.id);
    Ok(Json(listing.page(&app, user, caller.session.id, now).await?))
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
