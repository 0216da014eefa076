//! JSON Web Tokens (RFC 7519).

use serde::Serialize;

use crate::{SigningKey, json, jws};

/// Signs `claims` as a token of the type `typ` (`at+jwt`, `JWT`, `logout+jwt`, …).
///
/// Fails only where `claims` cannot be written as JSON: a map with keys that are not strings, or a failing `Serialize`.
pub fn sign(typ: &str, claims: &impl Serialize, key: &SigningKey) -> Result<String, serde_json::Error> {
    let mut payload = Vec::with_capacity(512);
    json::write(&mut payload, claims)?;
    Ok(jws::sign_compact(typ, &payload, key))
}
