//! Accounts of the realm, for those who administer it: whoever has `realm-admin` is `admin` here, and everybody else `user`.

mod change;
mod in_place;
mod sessions;
mod table;

use axum::http::StatusCode;
use gatepost_domain::{Permission, User};
use serde_json::json;

use super::{
    asked::{Answer, Asked},
    caller::{Caller, Person},
    fields::{Permissions, permissions},
    refusal::Refusal,
    view::UserView,
};
use crate::{accounts, http::Problem};

pub(super) use change::{ban, create, remove, set_password, set_role, unban, update};
pub(super) use in_place::{impersonate, stop_impersonating};
pub(super) use sessions::{list_sessions, revoke_session, revoke_sessions};
pub(super) use table::list;

/// What an administrator may do here, under the names of the contract.
const ALLOWED: [(&str, &[&str]); 2] = [
    (
        "user",
        &[
            "create",
            "list",
            "get",
            "update",
            "set-role",
            "set-email",
            "set-password",
            "ban",
            "impersonate",
            "delete",
        ],
    ),
    ("session", &["list", "revoke", "delete"]),
];

/// Whoever asks, who must administer the realm; `code` is what the contract says to anybody else.
async fn administrator(asked: &mut Asked, code: &str) -> Result<Caller, Refusal> {
    let caller = signed_in(asked).await?;
    if accounts::is_administrator(caller.user()) {
        return Ok(caller);
    }
    Err(Refusal::new(StatusCode::FORBIDDEN, code, "It takes an administrator of the realm."))
}

/// Whoever asks, who must be signed in. Nobody is told nothing.
async fn signed_in(asked: &mut Asked) -> Result<Caller, Refusal> {
    asked.caller().await?.ok_or_else(|| Refusal::without_body(StatusCode::UNAUTHORIZED))
}

fn not_found() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "USER_NOT_FOUND", "The realm has no such user.")
}

/// The account of an id.
async fn named(asked: &Asked, id: &str) -> Result<User, Refusal> {
    let id = id.parse().map_err(|_| not_found())?;
    accounts::find(&asked.app, asked.realm.id(), id).await.map_err(told)
}

/// What is wrong, in the words of the contract.
fn told(problem: Problem) -> Refusal {
    match problem {
        Problem::NotFound => not_found(),
        other => other.into(),
    }
}

/// An account, as administrators see it.
async fn view(asked: &Asked, user: &User) -> Result<UserView, Problem> {
    let person = Person::of(&asked.app, user).await?;
    Ok(UserView::new(user, &person))
}

/// Shows an account.
pub(super) async fn show(mut asked: Asked) -> Answer {
    let mut fields = asked.query();
    let id = fields.text("id");
    fields.done()?;
    administrator(&mut asked, "YOU_ARE_NOT_ALLOWED_TO_GET_USER").await?;
    let user = named(&asked, &id).await?;
    let shown = view(&asked, &user).await?;
    Ok(asked.json(&shown))
}

/// Whether whoever asks may do all of this: with accounts and sessions as an administrator, with what else the realm's roles speak of by
/// their roles. Nobody asks it of another.
pub(super) async fn has_permission(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (plural, singular) = (fields.value("permissions"), fields.value("permission"));
    fields.done()?;
    let refused = |message| Refusal::without_code(StatusCode::BAD_REQUEST, message);
    let wanted = match (plural.map(permissions), singular.map(permissions)) {
        (Some(Some(wanted)), None) => wanted,
        (None, Some(Some(_))) => return Err(refused("Ask for permissions.")),
        _ => {
            let code = "VALIDATION_ERROR";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, code, "[body] Invalid input"));
        }
    };
    let caller = signed_in(&mut asked).await?;
    let success = may(&asked, caller.user(), &wanted);
    Ok(asked.json(&json!({"error": null, "success": success})))
}

fn may(asked: &Asked, user: &User, wanted: &Permissions) -> bool {
    let rights = asked.realm.roles().rights(&user.roles);
    let allows = |resource: &str, action: &str| {
        if let Some((_, actions)) = ALLOWED.iter().find(|(name, _)| *name == resource) {
            return accounts::is_administrator(user) && actions.contains(&action);
        }
        let permission = format!("{resource}:{action}").parse::<Permission>();
        permission.is_ok_and(|permission| rights.allow(&permission))
    };
    let all = |(resource, actions): (&String, &Vec<String>)| {
        !actions.is_empty() && actions.iter().all(|action| allows(resource, action))
    };
    !wanted.is_empty() && wanted.iter().all(all)
}
