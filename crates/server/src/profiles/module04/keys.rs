//! `POST /api-keys/rotate/{key_id}`

use std::time::Duration;

use axum::{
    extract::{RawPathParams, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use gatepost_domain::ApiKeyId;
use serde_json::json;

use super::{admin::in_path, caller::Caller, user::missing};
use crate::{
    App,
    accounts::Who,
    api_keys::{self, Dealing},
    http::{Now, Problem, Where},
    profiles::fastapi::{Refusal, answer},
    realm::InRealm,
};

/// The old key is good no longer, at once.
pub async fn rotate(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    headers: HeaderMap,
    path: RawPathParams,
) -> Result<Response, Refusal> {
    let caller = Caller::of(&app, &realm, &headers, None, now).await?.who;
    let id = match path.iter().last().and_then(|(_, text)| text.parse::<ApiKeyId>().ok()) {
        // As our own API and the commands call it.
        Some(id) => id,
        None => ApiKeyId::from_bytes(in_path(&path, "key_id")?),
    };
    let own = Dealing::with_those_of_user(caller.user.id, Who::themselves(&caller, origin));
    let (_, secret) = match api_keys::rotate(&app, &realm, own, id, Duration::ZERO, now).await {
        Ok(made) => made,
        Err(Problem::AlreadyRotated) => return Err(Problem::NotFound.into()),
        Err(other) => return Err(missing(other)),
    };
    let message = "Store securely. Will not be shown again.";
    Ok(answer(StatusCode::OK, &json!({ "key": secret.reveal(), "message": message })))
}
