//! `/session/tasks`: what whoever is signed in has still to do. What must be done before that is asked for at the sign-in, and is no task.

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{SessionId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Refusal,
    envelope::Said,
    mfa::confirmed,
    sent::{Body, Id, In},
};
use crate::{
    App,
    http::{Now, SignedIn, Where},
    mfa,
    realm::InRealm,
};

/// The one task there is, which is its id, too: a second factor is to be set up by a certain day.
const SET_UP: &str = "setup_mfa";

/// The task, and by when it is to be done.
pub(super) fn view(session: SessionId, since: Timestamp, due: Option<Timestamp>) -> Value {
    json!({
        "id": SET_UP,
        "session_id": session,
        "type": SET_UP,
        "status": if due.is_some() { "pending" } else { "completed" },
        "metadata": {"due_at": due},
        "priority": 2,
        "blocking": false,
        "created_at": since,
    })
}

/// What is to be done.
pub async fn list(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
) -> Result<Said, Refusal> {
    let due = mfa::set_up_by(&app, &realm, &caller.user, now).await?;
    let task = |due| view(caller.session.id, caller.session.created_at, Some(due));
    let tasks: Vec<Value> = due.into_iter().map(task).collect();
    Ok(Said::ok(json!({"tasks": tasks, "has_blocking_tasks": false, "hasBlockingTasks": false})))
}

/// What does the task.
#[derive(Deserialize)]
pub struct Completion {
    mfa_method: Option<String>,
    verification_code: String,
}

/// Does it: by the first code of the app that was set up at `/v1/auth/mfa/setup`.
pub async fn complete(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    Id(id): Id<String>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<Completion>,
) -> Result<Said, Refusal> {
    let due = mfa::set_up_by(&app, &realm, &caller.user, now).await?;
    if id.as_deref() != Some(SET_UP) || due.is_none() {
        return Err(Refusal::new(
            StatusCode::NOT_FOUND,
            "TASK_NOT_FOUND",
            "There is no such task in this session.",
        ));
    }
    if body.mfa_method.is_some_and(|method| method != "totp") {
        return Err(Refusal::invalid("`mfa_method` is `totp`; passkeys have their own endpoints."));
    }
    let code = body.verification_code.as_str();
    let codes = confirmed((&app, &realm, &caller), code, origin, now).await?;
    Ok(Said::ok(json!({
        "message": "The app counts from now on.",
        "task": view(caller.session.id, caller.session.created_at, None),
        "remaining_tasks": [],
        "backup_codes": codes,
        "backupCodes": codes,
    })))
}
