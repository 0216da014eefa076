//! `POST /api-keys/rotate/{key_id}`

use std::time::Duration;

use axum::{
    extract::State,
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
    profiles::fastapi::{InPath, Refusal, answer},
    realm::InRealm,
};

/// The old key is good no longer, at once.
pub async fn rotate(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    headers: HeaderMap,
    path: InPath,
) -> Result<Response, Refusal> {
    let Caller { who: caller, access, .. } = Caller::of(&app, &realm, &headers, None, now).await?;
    let id = match path.text().parse::<ApiKeyId>() {
        // As our own API and the commands call it.
        Ok(id) => id,
        Err(_) => ApiKeyId::from_bytes(in_path(&path, "key_id")?),
    };
    // A token that was made for less is not to come by a key for more.
    let own = Dealing::with_those_of_user(caller.user.id, Who::themselves(&caller, origin));
    let key = api_keys::find(&app, &realm, own.clone(), id, now).await.map_err(missing)?;
    if let Err(scope) = access.covers(&key.scopes) {
        return Err(Refusal::new(StatusCode::FORBIDDEN, format!("Missing scope: {scope}")));
    }
    let (_, secret) = match api_keys::rotate(&app, &realm, own, id, Duration::ZERO, now).await {
        Ok(made) => made,
        Err(Problem::AlreadyRotated) => return Err(Problem::NotFound.into()),
        Err(other) => return Err(missing(other)),
    };
    let message = "Store securely. Will not be shown again.";
    Ok(answer(StatusCode::OK, &json!({ "key": secret.reveal(), "message": message })))
}
