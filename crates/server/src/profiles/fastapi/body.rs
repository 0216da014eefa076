//! JSON bodies, read as FastAPI reads them: what is said to be something else is handed on as text, and found to be no object.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
};

use super::{decode, invalid::Invalid, ordered::Json, refusal::Refusal};
use crate::http::{
    Problem,
    body::{self, Unread},
};

/// A body.
#[derive(Debug)]
pub struct Body(Option<Json>);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let is_json = is_json(request.headers());
        let bytes = bytes(request).await?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        if !is_json {
            return Ok(Self(Some(Json::String(String::from_utf8_lossy(&bytes).into_owned()))));
        }
        let unread = || Refusal::new(StatusCode::BAD_REQUEST, "There was an error parsing the body");
        let text = std::str::from_utf8(&bytes).map_err(|_| unread())?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match serde_json::from_str(text) {
            Ok(json) => Ok(Self(Some(json))),
            // What they read and we do not, such as `NaN`, is an error of another kind.
            Err(_) => {
                Err(decode::error(text).map_or_else(unread, |(at, error)| Invalid::json(at, error).into()))
            }
        }
    }
}

/// The bytes of a body of any kind.
pub(super) async fn bytes(request: Request) -> Result<Bytes, Refusal> {
    body::read(request.into_body()).await.map_err(|unread| match unread {
        Unread::TooLarge => Problem::BodyTooLarge.into(),
        Unread::Late => Refusal::new(StatusCode::REQUEST_TIMEOUT, "Request Timeout"),
        Unread::Broken => Refusal::new(StatusCode::BAD_REQUEST, "There was an error parsing the body"),
    })
}

/// `application/json` and what is built on it.
fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    essence.strip_prefix("application/").is_some_and(|kind| kind == "json" || kind.ends_with("+json"))
}

impl Body {
    /// The object in the body.
    pub fn object(self) -> Result<Read, Invalid> {
        match self.0 {
            None => Err(Invalid::missing(&["body"], Json::Null)),
            Some(object @ Json::Object(_)) => Ok(Read(object)),
            Some(other) => Err(Invalid::no_object(other)),
        }
    }
}

/// An object whose members are read. Unknown ones are nobody's.
#[derive(Debug)]
pub struct Read(Json);

impl Read {
    /// Text that must be there.
    pub fn string(&self, name: &'static str) -> Result<String, Invalid> {
        let loc = ["body", name];
        let value = self.0.get(name).ok_or_else(|| Invalid::missing(&loc, self.0.clone()))?;
        value.as_str().map(str::to_owned).ok_or_else(|| Invalid::no_string(&loc, value.clone()))
    }

    /// Text that may be there; `null` is as if it were not.
    pub fn optional(&self, name: &'static str) -> Result<Option<String>, Invalid> {
        match self.0.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(_) => self.string(name).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use http_body_util::BodyExt as _;

    use super::*;

    async fn read(kind: Option<&str>, body: &'static str) -> Result<Read, String> {
        let mut request = Request::post("/");
        if let Some(kind) = kind {
            request = request.header(CONTENT_TYPE, kind);
        }
        let request = request.body(axum::body::Body::from(body)).unwrap();
        let read = Body::from_request(request, &()).await;
        match read.and_then(|body| Ok(body.object()?)) {
            Ok(object) => Ok(object),
            Err(refusal) => {
                let body = refusal.into_response().into_body().collect().await.unwrap().to_bytes();
                Err(String::from_utf8(body.to_vec()).unwrap())
            }
        }
    }

    /// As FastAPI 0.165 with pydantic 2.14 answers them.
    #[tokio::test]
    async fn what_is_no_object_is_told_as_pydantic_tells_it() {
        let json = Some("application/json");
        let no_object = |input: &str| {
            format!(
                r#"{{"detail":[{{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":{input}}}]}}"#
            )
        };
        for (body, input) in [
            ("[]", "[]"),
            ("null", "null"),
            (r#""x""#, r#""x""#),
            ("[1, {\"b\":1,\"a\":2}]", r#"[1,{"b":1,"a":2}]"#),
        ] {
            assert_eq!(read(json, body).await.unwrap_err(), no_object(input));
        }
        for kind in [Some("text/plain"), None, Some("application/x-www-form-urlencoded")] {
            assert_eq!(read(kind, r#"{"a":1}"#).await.unwrap_err(), no_object(r#""{\"a\":1}""#));
        }
        let missing = r#"{"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]}"#;
        assert_eq!(read(json, "").await.unwrap_err(), missing);
        assert_eq!(
            read(json, r#"{"a":"#).await.unwrap_err(),
            r#"{"detail":[{"type":"json_invalid","loc":["body",5],"msg":"JSON decode error","input":{},"ctx":{"error":"Expecting value"}}]}"#
        );
        assert_eq!(
            read(json, r#"{"a":NaN}"#).await.unwrap_err(),
            r#"{"detail":"There was an error parsing the body"}"#
        );
        for kind in ["application/json; charset=utf-8", "APPLICATION/JSON", "application/problem+json"] {
            assert_eq!(read(Some(kind), r#"{"a":"b","a":"c"}"#).await.unwrap().string("a").unwrap(), "c");
        }
    }
}
