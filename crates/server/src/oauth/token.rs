//! `POST /oauth/token`: so far only the exchange of an API key, or of a token for one that speaks of another organization
//! (RFC 8693).

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, State},
    http::header::CONTENT_TYPE,
};
use serde::Serialize;

use super::OAuthError;
use crate::{
    App, api_keys,
    http::{Json, Now},
    organizations::{self, ExchangeRefused},
    realm::{InRealm, Snapshot},
};

/// The grant type of RFC 8693.
pub(super) const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// What an API key is as a subject token.
const API_KEY: &str = "urn:gatepost:params:oauth:token-type:api-key";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The parameters of a token request. Each comes once (RFC 6749 section 3.2), and only in the body.
pub(super) struct Form(Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = OAuthError;

    async fn from_request(request: Request, state: &S) -> Result<Self, OAuthError> {
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = content_type.unwrap_or("").split(';').next().unwrap_or("").trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(OAuthError::InvalidRequest(
                "Send the parameters as application/x-www-form-urlencoded.",
            ));
        }
        if request.uri().query().is_some() {
            return Err(OAuthError::InvalidRequest("Send the parameters in the body, not in the address."));
        }
        let unread = OAuthError::InvalidRequest("The body could not be read: it may have up to 64 KiB.");
        let reading = Bytes::from_request(request, state);
        let body = tokio::time::timeout(crate::http::body::TIMEOUT, reading).await;
        let Ok(Ok(body)) = body else { return Err(unread) };
        if std::str::from_utf8(&body).is_err() {
            return Err(unread);
        }
        let mut parameters: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(&body) {
            if parameters.iter().any(|(known, _)| *known == name) {
                return Err(OAuthError::InvalidRequest("A parameter is there twice."));
            }
            // A parameter without a value is one that is not there (RFC 6749 section 3.1).
            if !value.is_empty() {
                parameters.push((name.into_owned(), value.into_owned()));
            }
        }
        Ok(Self(parameters))
    }
}

impl Form {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// RFC 8693 section 2.2.1.
#[derive(Debug, Serialize)]
pub(super) struct TokenAnswer {
    access_token: String,
    issued_token_type: &'static str,
    token_type: &'static str,
    expires_in: u64,
    scope: String,
}

pub(super) async fn token(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    form: Form,
) -> Result<Json<TokenAnswer>, OAuthError> {
    match form.get("grant_type") {
        Some(TOKEN_EXCHANGE) => {}
        Some(_) => return Err(OAuthError::UnsupportedGrantType),
        None => return Err(OAuthError::InvalidRequest("`grant_type` is missing.")),
    }
    let (access_token, expires_in, scopes) = match subject(&form)? {
        Subject::Key(key) => {
            check_target(&form, &realm)?;
            let exchanged = api_keys::exchange(&app, &realm, key, now).await?.ok_or(NOT_GOOD)?;
            (exchanged.access_token, exchanged.expires_in, exchanged.scopes)
        }
        Subject::Token { token, organization } => {
            let audience = form.get("audience");
            let exchanged = organizations::exchange(&app, &realm, token, organization, audience, now).await?;
            let exchanged = exchanged.map_err(|refused| match refused {
                ExchangeRefused::Token => NOT_GOOD,
                ExchangeRefused::Target => OAuthError::InvalidTarget,
            })?;
            (exchanged.access_token, exchanged.expires_in, exchanged.scopes)
        }
    };
    Ok(Json(TokenAnswer {
        access_token,
        issued_token_type: ACCESS_TOKEN,
        token_type: "Bearer",
        expires_in,
        scope: scopes.to_string(),
    }))
}

const NOT_GOOD: OAuthError = OAuthError::InvalidRequest("The subject token is not good here.");

/// What is to be exchanged. Whoever holds it may: the token that is given says no more.
enum Subject<'f> {
    /// An API key.
    Key(&'f str),
    /// An access token, for one that speaks of an organization.
    Token { token: &'f str, organization: &'f str },
}

fn subject(form: &Form) -> Result<Subject<'_>, OAuthError> {
    let token = form.get("subject_token").ok_or(OAuthError::InvalidRequest("`subject_token` is missing."))?;
    let organization = form.get("organization_id");
    let subject = match (form.get("subject_token_type"), organization) {
        (Some(API_KEY), None) => Subject::Key(token),
        (Some(API_KEY), Some(_)) => {
            return Err(OAuthError::InvalidRequest("`organization_id` is not taken for an API key."));
        }
        (Some(ACCESS_TOKEN), Some(organization)) => Subject::Token { token, organization },
        (Some(ACCESS_TOKEN), None) => {
            return Err(OAuthError::InvalidRequest("`organization_id` is missing."));
        }
        (Some(_), _) => {
            return Err(OAuthError::InvalidRequest("`subject_token_type` is none that is exchanged here."));
        }
        (None, _) => return Err(OAuthError::InvalidRequest("`subject_token_type` is missing.")),
    };
    if form.get("requested_token_type").is_some_and(|wanted| wanted != ACCESS_TOKEN) {
        return Err(OAuthError::InvalidRequest("`requested_token_type` can only be an access token."));
    }
    for unknown in ["actor_token", "scope", "resource"] {
        if form.get(unknown).is_some() {
            return Err(OAuthError::InvalidRequest(
                "`actor_token`, `scope` and `resource` are not taken here.",
            ));
        }
    }
    Ok(subject)
}

/// The token is for all of the realm's APIs; one that is none of them would be sent a token it cannot use.
fn check_target(form: &Form, realm: &Snapshot) -> Result<(), OAuthError> {
    match form.get("audience") {
        Some(audience) if !realm.audience().names(audience) => Err(OAuthError::InvalidTarget),
        _ => Ok(()),
    }
}
