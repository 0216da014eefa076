//! `/admin/users`

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use gatepost_domain::UserId;
use gatepost_store::users::UserFilter;

use super::{
    caller::Caller,
    scopes::{ADMIN, is_admin},
    user::{UserResponse, missing},
};
use crate::{
    App,
    accounts::{self, Who},
    http::{Now, Where},
    profiles::fastapi::{InPath, Invalid, Refusal, answer, parse_uuid},
    realm::InRealm,
};

/// The most that are listed.
const MOST: u32 = 1_000;

pub async fn list(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    Caller::of(&app, &realm, &headers, Some(ADMIN), now).await?;
    let listed = accounts::list(&app, realm.id(), UserFilter::default(), None, MOST).await?;
    Ok(answer(StatusCode::OK, &listed.users.iter().map(UserResponse::new).collect::<Vec<_>>()))
}

pub async fn delete(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    headers: HeaderMap,
    path: InPath,
) -> Result<Response, Refusal> {
    let caller = Caller::of(&app, &realm, &headers, None, now).await?;
    if !is_admin(&caller.who.user, realm.roles()) {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "Requires role: admin"));
    }
    let id = UserId::from_bytes(in_path(&path, "user_id")?);
    let who = Who::by_role(&caller.who, realm.roles(), ADMIN, origin);
    accounts::delete(&app, realm.id(), id, who, now).await.map_err(missing)?;
    Ok(answer(StatusCode::OK, &()))
}

/// The UUID in the path.
pub fn in_path(path: &InPath, name: &'static str) -> Result<[u8; 16], Invalid> {
    let text = path.text();
    parse_uuid(text).map_err(|error| Invalid::no_uuid(&["path", name], text, &error))
}
