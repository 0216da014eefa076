//! `/admin/users`

use axum::{extract::State, http::StatusCode, response::Response};
use gatepost_domain::User;
use serde_json::json;

use super::{
    caller::Admin,
    user::{Role, UserResponse},
};
use crate::{
    App,
    accounts::{self, Change, Who},
    http::{Now, Problem, Where},
    profiles::fastapi::{InPath, Invalid, Invalids, Params, Refusal, answer, int},
    realm::{InRealm, Snapshot},
};

/// The most that are listed at a time, whatever is asked for.
const MOST: u32 = 1_000;

pub async fn list(
    _admin: Admin,
    realm: InRealm,
    State(app): State<App>,
    params: Params,
) -> Result<Response, Refusal> {
    let mut invalids = Invalids::default();
    let skip = invalids.note(params.int("skip", 0)).unwrap_or_default();
    let limit = invalids.note(params.int("limit", 100)).unwrap_or_default();
    invalids.check()?;
    // Fewer than none is none to skip, and no limit.
    let skip = u64::try_from(skip).unwrap_or(0);
    let limit = u32::try_from(limit).unwrap_or(MOST).min(MOST);
    let listed = accounts::list_numbered(&app, realm.id(), skip, limit).await?;
    let shown = |(user, number): &(User, u64)| UserResponse::new(user, *number, realm.roles());
    Ok(answer(StatusCode::OK, &listed.iter().map(shown).collect::<Vec<_>>()))
}

/// The number in the path.
fn number(path: &InPath) -> Result<i64, Invalid> {
    let text = path.text();
    int(text).ok_or_else(|| Invalid::no_int(&["path", "user_id"], text))
}

async fn numbered(app: &App, realm: &Snapshot, number: i64) -> Result<User, Refusal> {
    let not_found = || Refusal::new(StatusCode::NOT_FOUND, "User not found");
    let number = u64::try_from(number).map_err(|_| not_found())?;
    accounts::numbered(app, realm.id(), number).await?.ok_or_else(not_found)
}

/// What the role does not reach is as if the role were not there.
fn beyond(problem: Problem) -> Refusal {
    match problem {
        Problem::MissingRole => Refusal::new(StatusCode::FORBIDDEN, "Insufficient permissions"),
        Problem::NotFound => Refusal::new(StatusCode::NOT_FOUND, "User not found"),
        Problem::InvalidToken { .. } => Refusal::unauthorized("Could not validate credentials"),
        other => other.into(),
    }
}

pub async fn set_role(
    Admin(admin): Admin,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    path: InPath,
    params: Params,
) -> Result<Response, Refusal> {
    let mut invalids = Invalids::default();
    let number = invalids.note(number(&path)).unwrap_or_default();
    let role = params.required("role").and_then(|text| {
        let named = Role::ALL.into_iter().find(|role| role.name() == text);
        named.ok_or_else(|| Invalid::no_choice(&["query", "role"], text, Role::EXPECTED))
    });
    let role = invalids.note(role).unwrap_or(Role::Viewer);
    invalids.check()?;
    let user = numbered(&app, &realm, number).await?;
    // One of the three; other roles of the realm stay.
    let others: Vec<String> =
        Role::ALL.into_iter().filter(|other| *other != role).map(|other| other.name().to_owned()).collect();
    let change = Change::new().edit_roles(&realm, &[role.name().to_owned()], &others)?;
    let who = Who::by_role(&admin.who, realm.roles(), Role::Admin.name(), origin);
    accounts::change(&app, realm.id(), user.id, change, who, now).await.map_err(beyond)?;
    Ok(answer(StatusCode::OK, &json!({ "message": format!("User role updated to {}", role.name()) })))
}

pub async fn delete(
    Admin(admin): Admin,
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    path: InPath,
) -> Result<Response, Refusal> {
    let number = number(&path)?;
    let user = match numbered(&app, &realm, number).await {
        Ok(user) if user.id == admin.who.user.id => {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "Cannot delete yourself"));
        }
        other => other?,
    };
    let who = Who::by_role(&admin.who, realm.roles(), Role::Admin.name(), origin);
    accounts::delete(&app, realm.id(), user.id, who, now).await.map_err(beyond)?;
    Ok(answer(StatusCode::OK, &json!({ "message": "User deleted" })))
}
