//! What a client says of itself when it signs instead of showing a secret (RFC 7523 section 3).

use std::time::Duration;

use serde::Deserialize;

use crate::{ClientId, Timestamp};

/// How far the clocks may differ. FAPI 2.0 asks that 10 seconds are forgiven and 60 are not.
const LEEWAY: Duration = Duration::from_secs(10);
/// How long an assertion may be good: an hour, which is what common libraries write. What it is used for once must be
/// remembered that long.
pub const LONGEST: Duration = Duration::from_hours(1);
/// The longest `jti`.
const LONGEST_ID: usize = 256;

/// An assertion that says the right things. Whether it was used before is for who remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// `jti`: no two assertions of a client have the same.
    pub id: String,
    /// From when on it would be refused in any case.
    pub expires_at: Timestamp,
}

/// Why an assertion is not good. For the log; the client learns that it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AssertionRefused {
    /// Not the claims that there must be, or of other types.
    #[error("iss, sub, aud, exp and jti must be there, each as one string or number")]
    Malformed,
    /// Of, or about, somebody else.
    #[error("iss and sub must both be the client")]
    WrongClient,
    /// For somebody else.
    #[error("aud must be the issuer, as a string")]
    WrongAudience,
    /// Too late.
    #[error("it has expired")]
    Expired,
    /// Good for too long.
    #[error("exp is more than an hour ahead")]
    TooLong,
    /// Too early.
    #[error("iat or nbf lies in the future; check the clocks")]
    NotYet,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    /// One string: a list could name us beside another server that would take it, too (RFC 7523 as revised).
    aud: String,
    exp: f64,
    iat: Option<f64>,
    nbf: Option<f64>,
    jti: String,
}

/// Whose an assertion claims to be: to be asked before its signature can be checked, and to be believed only after.
pub fn claimed_client(payload: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Subject {
        sub: String,
    }
    serde_json::from_slice::<Subject>(payload).ok().map(|claims| claims.sub)
}

/// Whether what is said in a signed assertion makes it one of this client for one of these audiences, now.
pub fn check(
    payload: &[u8],
    client: &ClientId,
    audiences: &[&str],
    now: Timestamp,
) -> Result<Assertion, AssertionRefused> {
    let claims: Claims = serde_json::from_slice(payload).map_err(|_| AssertionRefused::Malformed)?;
    if claims.iss != client.as_str() || claims.sub != client.as_str() {
        return Err(AssertionRefused::WrongClient);
    }
    if !audiences.contains(&claims.aud.as_str()) {
        return Err(AssertionRefused::WrongAudience);
    }
    if claims.jti.is_empty() || claims.jti.len() > LONGEST_ID {
        return Err(AssertionRefused::Malformed);
    }
    let moment = |seconds: f64| Timestamp::from_numeric_date(seconds).ok_or(AssertionRefused::Malformed);
    let expires_at = moment(claims.exp)?.plus(LEEWAY);
    if expires_at <= now {
        return Err(AssertionRefused::Expired);
    }
    if expires_at > now.plus(LONGEST).plus(LEEWAY).plus(LEEWAY) {
        return Err(AssertionRefused::TooLong);
    }
    for early in [claims.iat, claims.nbf].into_iter().flatten() {
        if moment(early)? > now.plus(LEEWAY) {
            return Err(AssertionRefused::NotYet);
        }
    }
    Ok(Assertion { id: claims.jti, expires_at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: i64 = 1_800_000_000;

    fn checked(changes: &Value) -> Result<String, AssertionRefused> {
        let mut claims =
            json!({ "iss": "web", "sub": "web", "aud": "https://id.test", "exp": NOW + 60, "jti": "1" });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        if let Some(members) = claims.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        let now = Timestamp::from_unix_seconds(NOW);
        check(claims.to_string().as_bytes(), &"web".parse().unwrap(), &["https://id.test"], now)
            .map(|assertion| assertion.id)
    }

    #[test]
    fn ca_02_an_assertion_says_exactly_this() {
        use AssertionRefused as No;
        for good in [
            json!({}),
            json!({ "iat": NOW, "nbf": NOW + 8 }),
            json!({ "exp": NOW + 3_600 }),
            json!({ "exp": 1.8e9 + 0.5 }),
        ] {
            assert_eq!(checked(&good), Ok("1".to_owned()), "{good}");
        }
        for (changes, refused) in [
            (json!({ "sub": null }), No::Malformed),
            (json!({ "iss": null }), No::Malformed),
            (json!({ "jti": null }), No::Malformed),
            (json!({ "jti": "" }), No::Malformed),
            (json!({ "exp": null }), No::Malformed),
            (json!({ "exp": "1800000060" }), No::Malformed),
            (json!({ "exp": -1 }), No::Malformed),
            (json!({ "exp": 1e300 }), No::Malformed),
            (json!({ "aud": ["https://id.test"] }), No::Malformed),
            (json!({ "aud": ["https://id.test", "https://evil.test"] }), No::Malformed),
            (json!({ "aud": "https://evil.test" }), No::WrongAudience),
            (json!({ "aud": "https://id.test/" }), No::WrongAudience),
            (json!({ "sub": "spa" }), No::WrongClient),
            (json!({ "iss": "spa" }), No::WrongClient),
            (json!({ "exp": NOW - 11 }), No::Expired),
            (json!({ "exp": NOW + 31_536_000 }), No::TooLong),
            (json!({ "nbf": NOW + 61 }), No::NotYet),
            (json!({ "iat": NOW + 61 }), No::NotYet),
        ] {
            assert_eq!(checked(&changes), Err(refused), "{changes}");
        }
    }
}
