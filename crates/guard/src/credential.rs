//! Finds the one credential of a request. Headers only: what stands in a query string ends up in logs and browser histories.

use gatepost_jose::claims_to_be_api_key;
use http::{HeaderMap, HeaderName, header};

use crate::Refusal;

/// What a caller presents, not verified.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Presented<'h> {
    Token(&'h str),
    /// A token under the scheme `DPoP`.
    Bound(&'h str),
    ApiKey(&'h str),
}

impl<'h> Presented<'h> {
    /// Tells a key from a token by its prefix, which no token can have.
    pub(crate) fn by_prefix(text: &'h str) -> Self {
        if claims_to_be_api_key(text) { Self::ApiKey(text) } else { Self::Token(text) }
    }
}

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The scheme of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Bearer,
    Dpop,
}

/// The one credential of the request, as a guard takes them that takes API keys or does not. Two are refused, whichever is good
/// (attack AK-05).
pub(crate) fn presented(headers: &HeaderMap, api_keys: bool) -> Result<Presented<'_>, Refusal> {
    let mut keys = headers.get_all(API_KEY).iter();
    let Some(key) = keys.next().filter(|_| api_keys) else {
        return Ok(match token(headers)? {
            (Scheme::Bearer, token) if api_keys => Presented::by_prefix(token),
            (Scheme::Bearer, token) => Presented::Token(token),
            (Scheme::Dpop, token) => Presented::Bound(token),
        });
    };
    if keys.next().is_some() || headers.contains_key(header::AUTHORIZATION) {
        return Err(refused("two_credentials"));
    }
    key.to_str().map(Presented::ApiKey).map_err(|_| refused("api_key_malformed"))
}

/// The bearer token of the request.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    match token(headers)? {
        (Scheme::Bearer, token) => Ok(token),
        (Scheme::Dpop, _) => Err(Refusal::Missing),
    }
}

/// The token of the request and its scheme (RFC 6750 section 2.1, RFC 9449 section 7.1).
///
/// Strict where leniency would let two parts of a system see two different callers: two `Authorization` headers, or two
/// credentials in one, are refused rather than the first or last taken.
pub(crate) fn token(headers: &HeaderMap) -> Result<(Scheme, &str), Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Err(Refusal::Missing);
    };
    if values.next().is_some() {
        return Err(refused("two_authorization_headers"));
    }
    let value = value.as_bytes();
    let scheme_end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    let (scheme, rest) = value.split_at(scheme_end);
    let scheme = if scheme.eq_ignore_ascii_case(b"bearer") {
        Scheme::Bearer
    } else if scheme.eq_ignore_ascii_case(b"dpop") {
        Scheme::Dpop
    } else {
        return Err(Refusal::Missing);
    };
    let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
    let token = &rest[blanks..];
    if token.is_empty() {
        return Err(refused("token_empty"));
    }
    // The verifier refuses every byte a token cannot have, a second credential after a comma or a blank among them.
    std::str::from_utf8(token).map(|token| (scheme, token)).map_err(|_| refused("token_malformed"))
}

fn refused(reason: &'static str) -> Refusal {
    tracing::debug!(reason, "refused a credential: {reason}");
    Refusal::Invalid
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attack AK-05.
    #[test]
    fn ak_05_one_credential_and_no_second_beside_it() {
        let found = |authorization: &[&str], keys: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in authorization {
                headers.append(header::AUTHORIZATION, value.parse().unwrap());
            }
            for value in keys {
                headers.append(API_KEY, value.parse().unwrap());
            }
            presented(&headers, true).map(|presented| format!("{presented:?}"))
        };
        assert_eq!(found(&[], &[]), Err(Refusal::Missing));
        assert_eq!(found(&["Bearer a.b.c"], &[]).unwrap(), r#"Token("a.b.c")"#);
        assert_eq!(found(&["Bearer gp_key_1"], &[]).unwrap(), r#"ApiKey("gp_key_1")"#);
        assert_eq!(found(&[], &["gp_key_1"]).unwrap(), r#"ApiKey("gp_key_1")"#);
        // What stands in this header is taken for a key, and refused as one.
        assert_eq!(found(&[], &["a.b.c"]).unwrap(), r#"ApiKey("a.b.c")"#);
        for (authorization, keys) in [
            (&["Bearer a.b.c"][..], &["gp_key_1"][..]),
            (&["Bearer gp_key_1"], &["gp_key_1"]),
            (&["Basic dXNlcjpwdw=="], &["gp_key_1"]),
            (&["Bearer a.b.c"], &[""]),
            (&[], &["gp_key_1", "gp_key_1"]),
            (&["DPoP a.b.c"], &["gp_key_1"]),
            (&["Bearer a.b.c", "Bearer gp_key_1"], &[]),
        ] {
            assert_eq!(found(authorization, keys), Err(Refusal::Invalid), "{authorization:?} {keys:?}");
        }
    }

    fn found(values: &[&str]) -> Result<String, Refusal> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        bearer(&headers).map(str::to_owned)
    }

    #[test]
    fn the_scheme_is_compared_without_regard_to_case() {
        for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
            assert_eq!(found(&[&format!("{scheme} a.b.c")]), Ok("a.b.c".to_owned()));
        }
    }

    #[test]
    fn no_credential_and_other_schemes_are_missing() {
        for values in
            [&[][..], &["Basic dXNlcjpwdw=="], &["DPoP a.b.c"], &["Bearerx a.b.c"], &["a.b.c"], &[""]]
        {
            assert_eq!(found(values), Err(Refusal::Missing), "{values:?}");
        }
    }

    #[test]
    fn two_headers_are_refused_whichever_is_good() {
        for values in [
            ["Bearer a.b.c", "Bearer a.b.c"],
            ["Bearer a.b.c", "Basic dXNlcjpwdw=="],
            ["Basic dXNlcjpwdw==", "Bearer a.b.c"],
        ] {
            assert_eq!(found(&values), Err(Refusal::Invalid), "{values:?}");
        }
    }

    #[test]
    fn a_scheme_without_a_token_is_refused_and_not_taken_for_anonymous() {
        for value in ["Bearer", "Bearer ", "bearer    "] {
            assert_eq!(found(&[value]), Err(Refusal::Invalid), "{value:?}");
        }
    }

    #[test]
    fn a_second_credential_in_the_header_stays_in_the_token_for_the_verifier_to_refuse() {
        assert_eq!(found(&["Bearer a.b.c, Bearer d.e.f"]), Ok("a.b.c, Bearer d.e.f".to_owned()));
    }

    #[test]
    fn bytes_that_are_not_text_are_refused() {
        let mut headers = HeaderMap::new();
        headers.append(header::AUTHORIZATION, http::HeaderValue::from_bytes(b"Bearer a.b\xff.c").unwrap());
        assert_eq!(bearer(&headers), Err(Refusal::Invalid));
    }
}
