//! `/api/v1/admin/users/bulk`

use axum::extract::State;
use gatepost_domain::UserId;
use serde::{Deserialize, Serialize};

use crate::{
    App,
    accounts::{self, Change, Who},
    http::{Admin, Json, Now, Problem, Where, problem::ProblemDocument},
    realm::{InRealm, Snapshot},
};

/// The most operations of one request.
const MOST: usize = 100;

/// What to do with one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// As `{"disabled": true}`.
    Disable,
    /// As `{"disabled": false}`.
    Enable,
    /// The account and everything of it.
    Delete,
    /// Gives `roles` beside those there are.
    AddRoles,
    /// Takes `roles`, where they are given.
    RemoveRoles,
}

/// One operation.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Operation {
    #[schema(example = "usr_01jd3v6d7qk4r8x2m5n9p0t1wz")]
    user: String,
    #[schema(inline)]
    action: Action,
    /// For `add_roles` and `remove_roles`.
    #[serde(default)]
    roles: Vec<String>,
}

/// Operations on many users.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"operations": [{"user": "usr_01jd3v6d7qk4r8x2m5n9p0t1wz", "action": "disable"}]}))]
pub(super) struct Bulk {
    /// 1 to 100, carried out in this order.
    operations: Vec<Operation>,
}

/// What became of one operation.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Outcome {
    /// As it was sent.
    user: String,
    /// The HTTP status that the operation would have been answered with by itself.
    #[schema(example = 200)]
    status: u16,
    /// Why it was not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemDocument>,
}

/// What became of each operation, in the order they were sent.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Outcomes {
    results: Vec<Outcome>,
}

/// What an operation comes to.
enum Step {
    Change(Box<Change>),
    Delete,
}

impl Operation {
    fn step(&self, realm: &Snapshot) -> Result<Step, Problem> {
        let change = |change| Step::Change(Box::new(change));
        let about_roles = matches!(self.action, Action::AddRoles | Action::RemoveRoles);
        if about_roles == self.roles.is_empty() {
            let reason = "add_roles and remove_roles name at least one role, the other actions none".into();
            return Err(Problem::InvalidField { field: "roles", reason });
        }
        Ok(match self.action {
            Action::Delete => Step::Delete,
            Action::Disable => change(Change::new().disabled(Some(true))),
            Action::Enable => change(Change::new().disabled(Some(false))),
            Action::AddRoles => change(Change::new().edit_roles(realm, &self.roles, &[])?),
            Action::RemoveRoles => change(Change::new().edit_roles(realm, &[], &self.roles)?),
        })
    }
}

/// Change or delete many users
///
/// Each operation is carried out by itself, in the order given, and answered by itself: one that is refused leaves the
/// others as they are; after one that failed (5xx) the rest is not tried. What is wrong with the request, an unknown role among it, is answered with 4xx before anything is
/// done. The rules hold at every step: the last administrator stays, and whoever disables or demotes themselves may not do
/// what comes after.
#[utoipa::path(
    post, path = "/api/v1/admin/users/bulk", tag = "Administration", operation_id = "change_users", request_body = Bulk,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Each was tried; see `results`", body = Outcomes),
        (status = 401, description = "`unauthenticated` or `invalid_token`", body = ProblemDocument),
        (status = 403, description = "`missing_role`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`: nothing was done", body = ProblemDocument),
    )
)]
pub(super) async fn run(
    Admin(admin): Admin,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<Bulk>,
) -> Result<Json<Outcomes>, Problem> {
    if body.operations.is_empty() || body.operations.len() > MOST {
        let reason = format!("send 1 to {MOST}").into();
        return Err(Problem::InvalidField { field: "operations", reason });
    }
    let steps: Vec<Step> = body.operations.iter().map(|one| one.step(&realm)).collect::<Result<_, _>>()?;
    let mut results = Vec::with_capacity(steps.len());
    let mut failed: Option<ProblemDocument> = None;
    for (operation, step) in body.operations.into_iter().zip(steps) {
        // A store that does not answer is not asked a hundred times.
        if let Some(problem) = &failed {
            let (status, problem) = (problem.status(), Some(problem.clone()));
            results.push(Outcome { user: operation.user, status, problem });
            continue;
        }
        let who = Who::administrator(&admin, origin.clone());
        let done = match (operation.user.parse::<UserId>(), step) {
            (Err(_), _) => Err(Problem::NotFound),
            (Ok(user), Step::Delete) => {
                accounts::delete(&app, realm.id(), user, who, now).await.map(|()| 204)
            }
            (Ok(user), Step::Change(change)) => {
                accounts::change(&app, realm.id(), user, *change, who, now).await.map(|_| 200)
            }
        };
        let (status, problem) = match done {
            Ok(status) => (status, None),
            Err(problem) => {
                let document = problem.document();
                if document.status() >= 500 {
                    tracing::error!(
                        code = problem.code(),
                        reason = problem.reason(),
                        "an operation of several failed"
                    );
                    failed = Some(document.clone());
                }
                (document.status(), Some(document))
            }
        };
        results.push(Outcome { user: operation.user, status, problem });
    }
    Ok(Json(Outcomes { results }))
}
