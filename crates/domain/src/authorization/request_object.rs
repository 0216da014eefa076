//! Authorization requests that a client signed (RFC 9101): what one must say, and the parameters in it.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::{ClientId, EachOnce, Timestamp};

/// How far the clocks may differ.
const LEEWAY: Duration = Duration::from_secs(10);
/// How long an object may be good that must say how long it is, and how long ago it may have become so (FAPI 2.0 Message Signing
/// section 5.3.1).
const LONGEST: Duration = Duration::from_hours(1);
/// More parameters ask for nothing.
const MOST: usize = 64;

/// What says something of the object and not of the request (RFC 7519 section 4.1).
const OF_THE_OBJECT: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];
/// What may be there more than once, and is then a list.
const LISTS: [&str; 2] = ["resource", "audience"];

/// Why a request object is not good. Its signature was: the client may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestObjectRefused {
    /// No object, or members of other types.
    Malformed,
    /// Another client's, or nobody's.
    WrongClient,
    /// It could pass for an assertion (RFC 9101 section 10.8).
    LikeAssertion,
    /// For somebody else, or for nobody where it must say.
    WrongAudience,
    /// Too late.
    Expired,
    /// Too early.
    NotYet,
    /// It says not how long it is good, or for too long.
    Unlimited,
    /// RFC 9101 section 4.
    Nested,
}

impl RequestObjectRefused {
    /// The sentence that says what is wrong.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Malformed => "The request object is not an object of parameters.",
            Self::WrongClient => {
                "`client_id` of the request object must be the client; so must `iss`, and one of them must be there."
            }
            Self::LikeAssertion => "`sub` of the request object must not be the client.",
            Self::WrongAudience => "`aud` of the request object must be the issuer.",
            Self::Expired => "The request object has expired.",
            Self::NotYet => "`nbf` or `iat` of the request object lies in the future.",
            Self::Unlimited => {
                "The request object needs `nbf`, an hour ago at the most, and `exp`, an hour after it at the most."
            }
            Self::Nested => "A request object must not contain `request` or `request_uri`.",
        }
    }
}

/// The parameters of a request that this client signed for this issuer, if it is good now. `limited`: it must say for whom it is and
/// how long.
pub fn read(
    payload: &[u8],
    client: &ClientId,
    issuer: &str,
    limited: bool,
    now: Timestamp,
) -> Result<Vec<(String, String)>, RequestObjectRefused> {
    // Who looked at the request before us may have seen the other of two members.
    let members: Map<String, Value> = serde_json::from_slice::<EachOnce>(payload)
        .and_then(|EachOnce| serde_json::from_slice(payload))
        .map_err(|_| RequestObjectRefused::Malformed)?;
    check(&members, client, issuer, limited, now)?;
    let mut parameters = Vec::new();
    for (name, value) in members {
        if OF_THE_OBJECT.contains(&name.as_str()) {
            continue;
        }
        for text in texts(&name, value)? {
            // A parameter without a value is one that is not there (RFC 6749 section 3.1).
            if !text.is_empty() {
                parameters.push((name.clone(), text));
            }
        }
    }
    if parameters.len() > MOST { Err(RequestObjectRefused::Malformed) } else { Ok(parameters) }
}

/// A parameter as it would be sent in a form: objects, like `claims`, as JSON (section 4).
fn texts(name: &str, value: Value) -> Result<Vec<String>, RequestObjectRefused> {
    Ok(match value {
        Value::Null => Vec::new(),
        Value::String(text) => vec![text],
        Value::Array(list) if LISTS.contains(&name) => {
            let one = |value| match value {
                Value::String(text) => Ok(text),
                _ => Err(RequestObjectRefused::Malformed),
            };
            list.into_iter().map(one).collect::<Result<_, _>>()?
        }
        other => vec![other.to_string()],
    })
}

fn check(
    members: &Map<String, Value>,
    client: &ClientId,
    issuer: &str,
    limited: bool,
    now: Timestamp,
) -> Result<(), RequestObjectRefused> {
    use RequestObjectRefused as No;
    if members.contains_key("request") || members.contains_key("request_uri") {
        return Err(No::Nested);
    }
    let names_client = |name: &str| members.get(name).map(|value| value == client.as_str());
    let said = [names_client("client_id"), names_client("iss")];
    if said.contains(&Some(false)) || said == [None, None] {
        return Err(No::WrongClient);
    }
    if names_client("sub") == Some(true) {
        return Err(No::LikeAssertion);
    }
    let for_us = match members.get("aud") {
        None => !limited,
        Some(Value::Array(several)) => several.iter().any(|one| one == issuer),
        Some(one) => one == issuer,
    };
    if !for_us {
        return Err(No::WrongAudience);
    }
    let moment = |name: &str| match members.get(name) {
        None => Ok(None),
        Some(value) => value.as_f64().and_then(Timestamp::from_numeric_date).map(Some).ok_or(No::Malformed),
    };
    let (exp, nbf, iat) = (moment("exp")?, moment("nbf")?, moment("iat")?);
    if exp.is_some_and(|exp| exp.plus(LEEWAY) <= now) {
        return Err(No::Expired);
    }
    if [nbf, iat].into_iter().flatten().any(|early| early > now.plus(LEEWAY)) {
        return Err(No::NotYet);
    }
    let is_limited =
        matches!((nbf, exp), (Some(nbf), Some(exp)) if now.since(nbf) <= LONGEST && exp <= nbf.plus(LONGEST));
    if limited && !is_limited { Err(No::Unlimited) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: i64 = 1_800_000_000;
    const ISSUER: &str = "https://id.test";

    #[expect(clippy::needless_pass_by_value, reason = "for literals")]
    fn opened(limited: bool, changes: Value) -> Result<String, RequestObjectRefused> {
        let mut object = json!({ "client_id": "web", "iss": "web", "aud": ISSUER, "nbf": NOW, "exp": NOW + 60, "state": "s" });
        for (name, value) in changes.as_object().unwrap() {
            object[name] = value.clone();
        }
        // `"-"` takes a member away; null stays, to be read.
        object.as_object_mut().unwrap().retain(|_, value| value != "-");
        let now = Timestamp::from_unix_seconds(NOW);
        let read = read(object.to_string().as_bytes(), &"web".parse().unwrap(), ISSUER, limited, now)?;
        let pairs = read.iter().filter(|(name, _)| name != "client_id");
        Ok(pairs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&"))
    }

    #[test]
    fn oa_19_a_request_object_says_whose_and_for_whom_it_is() {
        use RequestObjectRefused as No;
        for changes in [
            json!({}),
            json!({ "iss": "-" }),
            json!({ "client_id": "-" }),
            json!({ "aud": [ISSUER, "https://other.test"] }),
            json!({ "nbf": NOW + 8 }),
            json!({ "exp": NOW - 9, "nbf": NOW - 60 }),
            json!({ "sub": "usr_1" }),
        ] {
            assert_eq!(opened(true, changes.clone()).as_deref(), Ok("state=s"), "{changes}");
        }
        for (changes, refused) in [
            (json!({ "client_id": "other" }), No::WrongClient),
            (json!({ "iss": "other" }), No::WrongClient),
            (json!({ "iss": ["web"] }), No::WrongClient),
            (json!({ "iss": "-", "client_id": "-" }), No::WrongClient),
            (json!({ "sub": "web" }), No::LikeAssertion),
            (json!({ "aud": "https://other.test" }), No::WrongAudience),
            (json!({ "aud": "https://id.test/" }), No::WrongAudience),
            (json!({ "aud": [] }), No::WrongAudience),
            (json!({ "aud": null }), No::WrongAudience),
            (json!({ "exp": NOW - 10 }), No::Expired),
            (json!({ "exp": "1800000060" }), No::Malformed),
            (json!({ "exp": -1 }), No::Malformed),
            (json!({ "nbf": NOW + 11 }), No::NotYet),
            (json!({ "iat": NOW + 11 }), No::NotYet),
            (json!({ "request": "x" }), No::Nested),
            (json!({ "request_uri": "https://a.test/" }), No::Nested),
            (json!({ "resource": [1] }), No::Malformed),
        ] {
            for limited in [true, false] {
                assert_eq!(opened(limited, changes.clone()), Err(refused), "{changes}");
            }
        }
        let twice = r#"{"client_id":"web","scope":"openid","scope":"email"}"#;
        for bad in ["", "[]", "null", "{", "\"x\"", twice] {
            let now = Timestamp::from_unix_seconds(NOW);
            assert_eq!(read(bad.as_bytes(), &"web".parse().unwrap(), ISSUER, false, now), Err(No::Malformed));
        }
    }

    #[test]
    fn oa_19_a_client_that_must_sign_says_how_long_its_requests_are_good() {
        use RequestObjectRefused as No;
        for (changes, refused) in [
            (json!({ "aud": "-" }), No::WrongAudience),
            (json!({ "exp": "-" }), No::Unlimited),
            (json!({ "nbf": "-" }), No::Unlimited),
            (json!({ "exp": NOW + 3_601 }), No::Unlimited),
            (json!({ "nbf": NOW - 3_601 }), No::Unlimited),
        ] {
            assert_eq!(opened(true, changes.clone()), Err(refused), "{changes}");
            assert_eq!(opened(false, changes.clone()).as_deref(), Ok("state=s"), "{changes}");
        }
    }

    #[test]
    fn parameters_are_written_as_in_a_form() {
        let read = opened(
            false,
            json!({ "max_age": 60, "claims": { "id_token": { "acr": null } }, "resource": ["a", "b"], "audience": "c", "nonce": "",
                "scope": null, "jti": "1", "iat": NOW }),
        );
        let mut read: Vec<_> = read.as_deref().unwrap().split('&').collect();
        read.sort_unstable();
        assert_eq!(
            read,
            [
                "audience=c",
                r#"claims={"id_token":{"acr":null}}"#,
                "max_age=60",
                "resource=a",
                "resource=b",
                "state=s"
            ]
        );
        let many: Map<String, Value> = (0..65).map(|i| (format!("p{i}"), json!("x"))).collect();
        assert_eq!(opened(false, Value::Object(many)), Err(RequestObjectRefused::Malformed));
    }
}
