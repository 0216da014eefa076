//! How a client is answered: at its redirect URI, with `iss` in every answer (RFC 9207).

use axum::{
    http::{HeaderValue, StatusCode, header::LOCATION},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};

use crate::{
    pages::{self, Frame},
    realm::Snapshot,
};

/// Where and how a client is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ReturnTo {
    /// The redirect URI, as the client sent it.
    pub(super) uri: String,
    /// What the client wants back.
    pub(super) state: Option<String>,
    /// In which way.
    pub(super) mode: ResponseMode,
}

/// OAuth 2.0 Multiple Response Types section 2.1, OAuth 2.0 Form Post Response Mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ResponseMode {
    /// In the query of a redirect.
    #[default]
    Query,
    /// In a form that the browser posts.
    FormPost,
}

impl ResponseMode {
    /// The mode of this name; that of code unless named. A fragment would leave the code where scripts and histories find it.
    pub(super) fn named(name: Option<&str>) -> Option<Self> {
        match name {
            None | Some("query") => Some(Self::Query),
            Some("form_post") => Some(Self::FormPost),
            Some(_) => None,
        }
    }
}

impl ReturnTo {
    /// The code.
    pub(super) fn with_code(&self, frame: &Frame, realm: &Snapshot, code: &str) -> Response {
        self.with(frame, realm, &[("code", code)])
    }

    /// That there is none, and why.
    pub(super) fn with_error(
        &self,
        frame: &Frame,
        realm: &Snapshot,
        error: &str,
        description: &str,
    ) -> Response {
        tracing::debug!(error, description, "an authorization request is refused");
        self.with(frame, realm, &[("error", error), ("error_description", description)])
    }

    fn with(&self, frame: &Frame, realm: &Snapshot, answer: &[(&str, &str)]) -> Response {
        let state = self.state.as_deref().map(|state| ("state", state));
        let all = answer.iter().copied().chain(state).chain([("iss", realm.issuer())]);
        match self.mode {
            ResponseMode::Query => self.redirect(all),
            ResponseMode::FormPost => pages::form_post(frame, &self.uri, &all.collect::<Vec<_>>()),
        }
    }

    fn redirect<'a>(&self, parameters: impl Iterator<Item = (&'a str, &'a str)>) -> Response {
        let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let joint = if self.uri.contains('?') { '&' } else { '?' };
        let location = HeaderValue::try_from(format!("{}{joint}{encoded}", self.uri));
        let mut response = StatusCode::SEE_OTHER.into_response();
        // A registered redirect URI is printable ASCII.
        if let Ok(location) = location {
            response.headers_mut().insert(LOCATION, location);
        }
        response
    }
}
