//! The exchange of an API key, or of a token for one that speaks of another organization (RFC 8693).

use gatepost_domain::Timestamp;

use super::{ACCESS_TOKEN, Form, OAuthError, TokenAnswer};
use crate::{
    App, api_keys,
    organizations::{self, ExchangeRefused},
    realm::Snapshot,
};

/// What an API key is as a subject token.
const API_KEY: &str = "urn:gatepost:params:oauth:token-type:api-key";

/// Whoever holds what is exchanged may exchange it: no client has to prove itself.
pub(super) async fn exchange(
    app: &App,
    realm: &Snapshot,
    form: &Form,
    now: Timestamp,
) -> Result<TokenAnswer, OAuthError> {
    let (access_token, expires_in, scopes) = match subject(form)? {
        Subject::Key(key) => {
            let audience = realm.audience().among(&form.targets()).ok_or(OAuthError::InvalidTarget)?;
            let exchanged = api_keys::exchange(app, realm, key, audience, now).await?.ok_or(NOT_GOOD)?;
            (exchanged.access_token, exchanged.expires_in, exchanged.scopes)
        }
        Subject::Token { token, organization } => {
            let targets = form.targets();
            let exchanged = organizations::exchange(app, realm, token, organization, &targets, now).await?;
            let exchanged = exchanged.map_err(|refused| match refused {
                ExchangeRefused::Token => NOT_GOOD,
                ExchangeRefused::Target => OAuthError::InvalidTarget,
            })?;
            (exchanged.access_token, exchanged.expires_in, exchanged.scopes)
        }
    };
    let answer = TokenAnswer::of(access_token, expires_in, scopes.to_string());
    Ok(TokenAnswer { issued_token_type: Some(ACCESS_TOKEN), ..answer })
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
    for unknown in ["actor_token", "scope"] {
        if form.get(unknown).is_some() {
            return Err(OAuthError::InvalidRequest("`actor_token` and `scope` are not taken here."));
        }
    }
    Ok(subject)
}
