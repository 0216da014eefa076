//! Forms of our own pages.

use axum::{
    extract::{FromRequest, Request},
    http::header::CONTENT_TYPE,
};
use zeroize::Zeroizing;

use crate::http::{Problem, body};

/// No form of ours has as many fields.
const MOST: usize = 32;

/// What a form carries. A field that is there twice is refused: which would count?
pub(crate) struct Form(Vec<(String, Zeroizing<String>)>);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let invalid = |detail: &str| Problem::InvalidBody { detail: detail.into() };
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = kind.unwrap_or("").split(';').next().unwrap_or("").trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(invalid("send the form as application/x-www-form-urlencoded"));
        }
        let body = body::read(request.into_body()).await?;
        let mut fields: Vec<(String, Zeroizing<String>)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(&body) {
            if fields.len() == MOST || fields.iter().any(|(known, _)| *known == name) {
                return Err(invalid("a field is there twice, or there are too many"));
            }
            fields.push((name.into_owned(), Zeroizing::new(value.into_owned())));
        }
        Ok(Self(fields))
    }
}

impl Form {
    /// What a field holds, if the form has it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What a field holds, or nothing, without the white space around it.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default().trim()
    }

    /// Whether a box is ticked.
    pub(crate) fn ticked(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// Fields may hold passwords.
impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Form(…)")
    }
}
