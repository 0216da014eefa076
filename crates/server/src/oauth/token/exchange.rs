//! Exchange (RFC 8693): of an API key, of a token for one that speaks of another organization, and of a person's token by a client.

use axum::http::HeaderMap;
use gatepost_domain::{GrantType, Scopes, Timestamp};

use super::{ACCESS_TOKEN, Form, OAuthError, TokenAnswer};
use crate::{
    App, api_keys,
    clients::{self, Exchange, ExchangeRefused},
    http::origin::Where,
    oauth::{client, dpop},
    organizations,
    realm::Snapshot,
};

/// What an API key is as a subject token.
const API_KEY: &str = "urn:gatepost:params:oauth:token-type:api-key";

pub(super) async fn exchange(
    app: &App,
    realm: &Snapshot,
    (headers, form): (&HeaderMap, &Form),
    origin: &Where,
    now: Timestamp,
) -> Result<TokenAnswer, OAuthError> {
    let targets = form.targets();
    let answer = match subject(form)? {
        Subject::Key(key) => {
            let audience = realm.audience().among(&targets).ok_or(OAuthError::InvalidTarget)?;
            let exchanged = api_keys::exchange(app, realm, key, audience, now).await?.ok_or(NOT_GOOD)?;
            TokenAnswer::of(exchanged.access_token, exchanged.expires_in, exchanged.scopes.to_string())
        }
        Subject::Member { token, organization } => {
            let exchanged = organizations::exchange(app, realm, token, organization, &targets, now).await?;
            let exchanged = exchanged.map_err(|refused| match refused {
                organizations::ExchangeRefused::Token => NOT_GOOD,
                organizations::ExchangeRefused::Target => OAuthError::InvalidTarget,
                organizations::ExchangeRefused::SecondFactor => OAuthError::SecondFactorNeeded,
            })?;
            TokenAnswer::of(exchanged.access_token, exchanged.expires_in, exchanged.scopes.to_string())
        }
        Subject::Person(subject_token) => {
            let client = client::authenticated(app, realm, (headers, form), origin, now).await?;
            if !client.settings.allows(GrantType::TokenExchange) {
                return Err(OAuthError::UnauthorizedClient);
            }
            let key = dpop::key(app, realm, &client, headers, now).await?;
            let bound = key.is_some();
            let scopes = form.get("scope").map(str::parse::<Scopes>).transpose();
            let scopes = scopes.map_err(|_| OAuthError::InvalidScope)?;
            let actor_token = actor(form)?;
            let wanted = Exchange { subject_token, actor_token, scopes, targets, key };
            let exchanged = clients::exchange(app, realm, &client, wanted, origin, now).await?;
            let exchanged = exchanged.map_err(|refused| match refused {
                ExchangeRefused::Token => NOT_GOOD,
                ExchangeRefused::Scope => OAuthError::InvalidScope,
                ExchangeRefused::Target => OAuthError::InvalidTarget,
            })?;
            let scopes = exchanged.scopes.to_string();
            TokenAnswer::of(exchanged.access_token, exchanged.expires_in, scopes).bound(bound)
        }
    };
    Ok(TokenAnswer { issued_token_type: Some(ACCESS_TOKEN), ..answer })
}

const NOT_GOOD: OAuthError = OAuthError::InvalidRequest("The token is not good here.");

/// What is to be exchanged.
enum Subject<'f> {
    /// An API key. Whoever holds it may: the token that is given says no more.
    Key(&'f str),
    /// An access token, for one that speaks of an organization. So may whoever holds that.
    Member { token: &'f str, organization: &'f str },
    /// A person's access token, by a client that has the grant.
    Person(&'f str),
}

fn subject(form: &Form) -> Result<Subject<'_>, OAuthError> {
    let invalid = |what| Err(OAuthError::InvalidRequest(what));
    let token = form.get("subject_token").ok_or(OAuthError::InvalidRequest("`subject_token` is missing."))?;
    let subject = match (form.get("subject_token_type"), form.get("organization_id")) {
        (Some(API_KEY), None) => Subject::Key(token),
        (Some(API_KEY), Some(_)) => return invalid("`organization_id` is not taken for an API key."),
        (Some(ACCESS_TOKEN), Some(organization)) => Subject::Member { token, organization },
        (Some(ACCESS_TOKEN), None) => Subject::Person(token),
        (Some(_), _) => return invalid("`subject_token_type` is none that is exchanged here."),
        (None, _) => return invalid("`subject_token_type` is missing."),
    };
    if form.get("requested_token_type").is_some_and(|wanted| wanted != ACCESS_TOKEN) {
        return invalid("`requested_token_type` can only be an access token.");
    }
    let by_client = matches!(subject, Subject::Person(_));
    if !by_client && ["actor_token", "actor_token_type", "scope"].iter().any(|name| form.get(name).is_some())
    {
        return invalid("`actor_token` and `scope` are taken only for a person's access token by a client.");
    }
    Ok(subject)
}

/// The token of who acts. Neither it nor its type stands alone (RFC 8693 section 2.1).
fn actor(form: &Form) -> Result<Option<&str>, OAuthError> {
    match (form.get("actor_token"), form.get("actor_token_type")) {
        (None, None) => Ok(None),
        (Some(token), Some(ACCESS_TOKEN)) => Ok(Some(token)),
        (Some(_), Some(_)) => {
            Err(OAuthError::InvalidRequest("`actor_token_type` can only be an access token."))
        }
        (Some(_), None) => Err(OAuthError::InvalidRequest("`actor_token_type` is missing.")),
        (None, Some(_)) => Err(OAuthError::InvalidRequest("`actor_token` is missing.")),
    }
}
