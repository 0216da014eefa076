//! `POST /auth/login`: the access token in a cookie.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header::SET_COOKIE},
    response::Response,
};
use serde_json::json;

use super::token::{device_cookie, one, pair_of, sign_in};
use crate::{
    App,
    http::{Now, Problem, Where},
    profiles::fastapi::{Login, PasswordForm, Refusal, answer},
    realm::{InRealm, Snapshot},
};

/// A page of another site signs nobody in: whoever works on as somebody else there, tells them what they type.
fn is_from_elsewhere(app: &App, realm: &Snapshot, headers: &HeaderMap) -> bool {
    let Some(origin) = one(headers, "origin") else {
        return headers.contains_key("origin") || one(headers, "sec-fetch-site") == Some("cross-site");
    };
    let known = realm.settings().allowed_origins.iter().any(|known| known.as_str() == origin);
    let ours = [realm.public_url(), app.public_url()];
    // Also under whatever host it was asked at, but not by another scheme: who reads along writes pages, too.
    let host = one(headers, "host").zip(app.public_url().split_once("://"));
    let asked_at = host.map(|(host, (scheme, _))| format!("{scheme}://{host}"));
    let is_ours = ours
        .into_iter()
        .filter_map(|url| url.parse::<url::Url>().ok())
        .any(|url| url.origin().ascii_serialization() == origin);
    !(known || is_ours || asked_at.as_deref() == Some(origin))
}

pub async fn login(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    headers: HeaderMap,
    form: PasswordForm,
) -> Result<Response, Refusal> {
    if is_from_elsewhere(&app, &realm, &headers) {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "Forbidden"));
    }
    let Login::In(held) = sign_in(&app, &realm, &form, &origin, now).await? else {
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, "Unauthorized"));
    };
    let token = pair_of(&app, &realm, &held, now)?.access_token;
    let mut response = answer(StatusCode::OK, &json!({ "message": "Login successful" }));
    let cookies = [Some(cookie(&realm, &token)?), device_cookie(&held)];
    for cookie in cookies.into_iter().flatten() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// In the order in which Starlette writes its attributes.
fn cookie(realm: &Snapshot, token: &str) -> Result<HeaderValue, Problem> {
    let domain = realm.settings().cookie_domain.as_ref();
    let domain = domain.map(|domain| format!("; Domain={domain}")).unwrap_or_default();
    let age = realm.settings().access_token_ttl.as_secs();
    let text = format!("access_token={token}{domain}; HttpOnly; Max-Age={age}; Path=/; SameSite=lax; Secure");
    let mut header = HeaderValue::try_from(text).map_err(Problem::internal)?;
    header.set_sensitive(true);
    Ok(header)
}
