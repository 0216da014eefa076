//! What was sent: bodies, who sent it, and what a path names.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{header::CONTENT_TYPE, request::Parts},
};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::Refusal;
use crate::{
    App,
    http::{PathId, PathIds, Problem, body},
};

/// What an extractor of ours finds, refused in the words of this contract.
pub struct In<E>(pub E);

impl<E> FromRequestParts<App> for In<E>
where
    E: FromRequestParts<App>,
    Refusal: From<E::Rejection>,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        Ok(Self(E::from_request_parts(parts, app).await?))
    }
}

/// A JSON body. Members that nobody reads are passed over: every generation of the clients sends some more.
pub struct Body<T>(pub T);

/// The same where it may be left out.
pub struct MaybeBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        match read(request, app).await? {
            Some(bytes) => parse(&bytes).map(Self),
            None => Err(Refusal::invalid("Send a JSON body.")),
        }
    }
}

impl<T: DeserializeOwned + Default> FromRequest<App> for MaybeBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        match read(request, app).await? {
            Some(bytes) => parse(&bytes).map(Self),
            None => Ok(Self(T::default())),
        }
    }
}

/// The bytes, which were read where the realm was chosen; `None` where there are none.
async fn read(request: Request, app: &App) -> Result<Option<Bytes>, Refusal> {
    let content_type =
        request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let is_json = is(content_type, "application/json");
    let bytes = bytes(request, app).await?;
    match (bytes.trim_ascii().is_empty(), is_json) {
        (true, _) => Ok(None),
        (false, true) => Ok(Some(bytes)),
        (false, false) => Err(Problem::UnsupportedMediaType.into()),
    }
}

/// Whether a header says that it is this type, whatever it says beside.
pub fn is(content_type: &str, essence: &str) -> bool {
    content_type.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case(essence)
}

/// The bytes of a body, whatever they are.
pub async fn bytes(request: Request, app: &App) -> Result<Bytes, Refusal> {
    let bytes = Bytes::from_request(request, app).await;
    bytes.map_err(|_| Refusal::invalid("The body could not be read to its end."))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    body::parse(bytes).map_err(|problem| {
        let code = if serde_json::from_slice::<IgnoredAny>(bytes).is_ok() {
            "INVALID_REQUEST"
        } else {
            "INVALID_JSON"
        };
        Refusal::from(problem).instead_of("INVALID_REQUEST", code)
    })
}

/// The one identifier in a path; what does not parse names nothing.
pub struct Id<T>(pub Option<T>);

impl<T: std::str::FromStr> FromRequestParts<App> for Id<T> {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self(PathId::<T>::from_request_parts(parts, app).await.ok().map(|PathId(id)| id)))
    }
}

/// The two identifiers in a path; where one does not parse, they name nothing.
pub struct Ids<A, B>(pub Option<(A, B)>);

impl<A: std::str::FromStr, B: std::str::FromStr> FromRequestParts<App> for Ids<A, B> {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self(PathIds::<A, B>::from_request_parts(parts, app).await.ok().map(|PathIds(a, b)| (a, b))))
    }
}
