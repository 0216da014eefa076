//! JSON bodies, in and out.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, HttpBody as _, to_bytes},
    extract::{FromRequest, Request},
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use gatepost_domain::EachOnce;
use gatepost_jose::json;
use serde::{
    Serialize,
    de::{DeserializeOwned, IgnoredAny},
};

use super::Problem;

/// The largest body an endpoint reads, in bytes.
pub const LIMIT: usize = 64 * 1024;
/// How long a client may take to send a body: one that sends nothing must not be waited for.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A JSON body. Reading refuses another content type, unknown members and anything that does not fit, with a problem
/// document that names the member; writing is never cached.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let content_type =
            request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let essence = content_type.split(';').next().unwrap_or("").trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Problem::UnsupportedMediaType);
        }
        parse(&read(request.into_body()).await?).map(Self)
    }
}

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It has more than [`LIMIT`] bytes, or says so.
    TooLarge,
    /// It did not arrive within [`TIMEOUT`].
    Late,
    /// It ended too early, or was not what its headers say.
    Broken,
}

impl Unread {
    /// As a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::TooLarge => "A body may have up to 64 KiB.",
            Self::Late => "The body did not arrive in time.",
            Self::Broken => "The body could not be read to its end.",
        }
    }
}

impl From<Unread> for Problem {
    fn from(unread: Unread) -> Self {
        let detail = match unread {
            Unread::TooLarge => return Self::BodyTooLarge,
            Unread::Late => "the body did not arrive in time",
            Unread::Broken => "the body could not be read to its end",
        };
        Self::InvalidBody { detail: detail.to_owned() }
    }
}

/// Reads a body to its end. Every front door does, and says in its own words why one was not read.
pub async fn read(body: Body) -> Result<Bytes, Unread> {
    // Announced as too large: answered before the client sends it.
    if body.size_hint().lower() > LIMIT as u64 {
        return Err(Unread::TooLarge);
    }
    match tokio::time::timeout(TIMEOUT, to_bytes(body, LIMIT)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_too_long(&error) => Err(Unread::TooLarge),
        Ok(Err(_)) => Err(Unread::Broken),
        Err(_) => Err(Unread::Late),
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    std::error::Error::source(error)
        .is_some_and(<dyn std::error::Error + 'static>::is::<http_body_util::LengthLimitError>)
}

/// Reads a JSON document; the error names the member and the place, never a value.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // serde would also read a struct from an array of its members in order, and name the struct where it is no object.
    if bytes.trim_ascii_start().first().is_some_and(|byte| b"[\"-0123456789ntf".contains(byte)) {
        return Err(Problem::InvalidBody { detail: "send an object".to_owned() });
    }
    let mut document = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut document).map_err(|error| {
        let member = error.path().to_string();
        refused(&error.into_inner(), &member, bytes)
    });
    let value = read?;
    document.end().map_err(|error| refused(&error, ".", bytes))?;
    // serde finds two members of one name in a struct, and in a map it keeps the last.
    serde_json::from_slice::<EachOnce>(bytes).map_err(|error| match error.classify() {
        // It looks at what nobody asked for, too: half a surrogate, a number that is too large, a list that is too deep.
        serde_json::error::Category::Syntax => {
            let detail = format!("a value cannot be read: line {}, column {}", error.line(), error.column());
            Problem::InvalidBody { detail }
        }
        _ => refused(&error, ".", bytes),
    })?;
    Ok(value)
}

fn refused(error: &serde_json::Error, member: &str, bytes: &[u8]) -> Problem {
    let detail = match error.classify() {
        // Where one of some words is expected, serde_json takes everything but text for bad JSON.
        serde_json::error::Category::Syntax if serde_json::from_slice::<IgnoredAny>(bytes).is_ok() => {
            without_values("expected variant identifier", member)
        }
        serde_json::error::Category::Data => without_values(&error.to_string(), member),
        serde_json::error::Category::Eof => "the JSON ends too early".to_owned(),
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => {
            format!("this is not JSON: line {}, column {}", error.line(), error.column())
        }
    };
    Problem::InvalidBody { detail }
}

/// serde quotes the offending value in `invalid type: string "…"`; a password could stand there.
///
/// Where serde itself does not know the member, its path is a point.
fn without_values(message: &str, member: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    if message.starts_with("unknown field")
        || message.starts_with("missing field")
        || message.starts_with("duplicate")
    {
        return message.to_owned();
    }
    let named = match member {
        "." | "" => "a member".to_owned(),
        member => format!("`{member}`"),
    };
    match message.rsplit_once("expected ") {
        Some((_, expected)) => format!("{named} has the wrong type: expected {}", in_words(expected)),
        None => format!("{named} does not fit"),
    }
}

/// What serde expected, for somebody who does not know Rust.
fn in_words(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not too large",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        "variant identifier" => "a word that is known here",
        other if other.starts_with("struct ") => "an object",
        other if other.starts_with("enum ") => "a word that is known here",
        other => other,
    }
}

/// A value as JSON that ends its line, so that a terminal shows what comes next on a line of its own.
pub(crate) fn document(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = json::to_vec(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match document(&self.0) {
            Ok(bytes) => {
                let headers = [
                    (CONTENT_TYPE, HeaderValue::from_static("application/json")),
                    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
                ];
                (headers, bytes).into_response()
            }
            Err(error) => Problem::internal(error).into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Body {
        age: u8,
        #[serde(default)]
        ways: Vec<Way>,
        #[serde(default)]
        more: serde_json::Map<String, serde_json::Value>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Way {
        Up,
        Down,
    }

    fn detail(json: &str) -> String {
        match parse::<Body>(json.as_bytes()).unwrap_err() {
            Problem::InvalidBody { detail } => detail,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_nobody_reads_has_to_be_a_value_all_the_same() {
        #[derive(Debug, serde::Deserialize)]
        struct Loose {}
        for unread in
            [r#""\ud800""#.to_owned(), "1e999".to_owned(), format!("{}{}", "[".repeat(200), "]".repeat(200))]
        {
            let json = format!(r#"{{"other":{unread}}}"#);
            match parse::<Loose>(json.as_bytes()).unwrap_err() {
                Problem::InvalidBody { detail } => {
                    assert!(
                        detail.starts_with("a value cannot be read: line 1, column "),
                        "{unread}: {detail}"
                    );
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn an_error_names_the_member_and_never_the_value() {
        assert_eq!(
            detail(r#"{"age":1,"role":"admin"}"#),
            "unknown field `role`, expected one of `age`, `ways`, `more`"
        );
        let number = "has the wrong type: expected a whole number that is not too large";
        for wrong in [r#""hunter2""#, "300", "-1", "1.5", "null", "{}"] {
            assert_eq!(detail(&format!("{{\"age\":{wrong}}}")), format!("`age` {number}"), "{wrong}");
        }
        assert_eq!(detail(r#"{"age":1,"ways":"hunter2"}"#), "`ways` has the wrong type: expected a list");
        assert_eq!(
            detail(r#"{"age":1,"ways":["up",7]}"#),
            "`ways[1]` has the wrong type: expected a word that is known here"
        );
        assert_eq!(
            detail(r#"{"age":1,"ways":["up","hunter2"]}"#),
            "`ways[1]` has the wrong type: expected `up` or `down`"
        );
        assert_eq!(detail(r#"{"age":1,"more":"hunter2"}"#), "`more` has the wrong type: expected an object");
        assert_eq!(detail(r#"{"ways":[]}"#), "missing field `age`");
        for twice in [
            r#"{"age":1,"age":2}"#,
            r#"{"age":1,"more":{"age":1,"age":2}}"#,
            r#"{"age":1,"more":{"a":[{"age":1,"age":1}]}}"#,
        ] {
            assert_eq!(detail(twice), "duplicate field `age`", "{twice}");
        }
        assert_eq!(detail(r#"{"age":1} hunter2"#), "this is not JSON: line 1, column 11");
        for other in ["null", " true", "[1]", "\"age\"", "-1", "7"] {
            assert_eq!(detail(other), "send an object", "{other}");
        }
        assert_eq!(detail(r"{"), "the JSON ends too early");
        assert_eq!(detail("{\"age\":\n x}"), "this is not JSON: line 2, column 2");
    }
}
