//! `OAuth2PasswordBearer`: the token in the header.

use axum::http::{HeaderMap, header::AUTHORIZATION};

use super::refusal::Refusal;

/// The bearer token, if there is one; another scheme is none. `Some(None)`: two headers, of which none counts.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let none = || Refusal::unauthorized("Not authenticated");
    let header = all.next().ok_or_else(none)?;
    if all.next().is_some() {
        return Ok(None);
    }
    let text = header.to_str().unwrap_or_default();
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(token.trim())) } else { Err(none()) }
}
