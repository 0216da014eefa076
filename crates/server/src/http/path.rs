//! Path and query parameters that answer bad input with a problem document.

use std::str::FromStr;

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use super::Problem;
use crate::config::nearest;

/// The one identifier in a path, parsed. What does not parse cannot exist, so it is answered as missing.
#[derive(Debug)]
pub struct PathId<T>(pub T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Problem::NotFound)?;
        let (_, text) = params.iter().last().ok_or(Problem::NotFound)?;
        text.parse().map(Self).map_err(|_| Problem::NotFound)
    }
}

/// The two identifiers in a path, parsed; see [`PathId`].
#[derive(Debug)]
pub struct PathIds<A, B>(pub A, pub B);

impl<A: FromStr, B: FromStr, S: Send + Sync> FromRequestParts<S> for PathIds<A, B> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Problem::NotFound)?;
        let mut texts = params.iter().map(|(_, text)| text);
        let (Some(first), Some(second), None) = (texts.next(), texts.next(), texts.next()) else {
            return Err(Problem::NotFound);
        };
        match (first.parse(), second.parse()) {
            (Ok(first), Ok(second)) => Ok(Self(first, second)),
            _ => Err(Problem::NotFound),
        }
    }
}

/// The three identifiers in a path, parsed; see [`PathId`].
#[derive(Debug)]
pub struct ThreePathIds<A, B, C>(pub A, pub B, pub C);

impl<A: FromStr, B: FromStr, C: FromStr, S: Send + Sync> FromRequestParts<S> for ThreePathIds<A, B, C> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Problem::NotFound)?;
        let texts: Vec<&str> = params.iter().map(|(_, text)| text).collect();
        let [first, second, third] = texts[..] else { return Err(Problem::NotFound) };
        match (first.parse(), second.parse(), third.parse()) {
            (Ok(first), Ok(second), Ok(third)) => Ok(Self(first, second, third)),
            _ => Err(Problem::NotFound),
        }
    }
}

/// Query parameters; unknown and repeated ones are refused where `T` says so.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        axum::extract::Query::<T>::try_from_uri(&parts.uri).map(|query| Self(query.0)).map_err(|error| {
            Problem::InvalidQuery {
                detail: explain(error.body_text().trim_start_matches("Failed to deserialize query string: ")),
            }
        })
    }
}

/// serde's words in ours: an unknown parameter with the nearest known one.
fn explain(message: &str) -> String {
    let Some((_, unknown)) = message.split_once("unknown field ") else {
        return message.to_owned();
    };
    let mut quoted = unknown.split('`').skip(1).step_by(2);
    let wrong = quoted.next().unwrap_or_default();
    let known: Vec<&str> = quoted.collect();
    match nearest(wrong, known.iter().copied()) {
        Some(near) => format!("unknown parameter `{wrong}`; did you mean `{near}`?"),
        None => format!("unknown parameter `{wrong}`; known here: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::page::Limit;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Listing {
        #[serde(default)]
        limit: Limit,
        email: Option<String>,
    }

    async fn detail(query: &str) -> String {
        let request = axum::http::Request::get(format!("/?{query}")).body(()).unwrap();
        let (mut parts, ()) = request.into_parts();
        match Query::<Listing>::from_request_parts(&mut parts, &()).await {
            Err(Problem::InvalidQuery { detail }) => detail,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_query_is_named_with_what_would_be_right() {
        assert_eq!(detail("emial=a").await, "unknown parameter `emial`; did you mean `email`?");
        assert_eq!(detail("x=a").await, "unknown parameter `x`; known here: limit, email");
        for query in ["limit=0", "limit=101", "limit=-1", "limit=x", "limit=", "limit=99999999999"] {
            assert_eq!(detail(query).await, "limit: give a whole number from 1 to 100", "{query}");
        }
        assert_eq!(detail("email=a&email=b").await, "duplicate field `email`");
    }
}
