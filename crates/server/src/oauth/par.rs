//! `POST /oauth/par`: authorization requests that are sent ahead (RFC 9126).

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use gatepost_domain::{Client, GrantType, authorization::pushed::PushedRequest};
use gatepost_store::pushed_requests;
use serde::Serialize;

use super::{OAuthError, client, error::OAuthErrorDocument, form::Form};
use crate::{
    App,
    http::{Json, Now, Problem, Where},
    realm::InRealm,
};

/// RFC 9126 section 2.2.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Pushed {
    /// What the browser takes to the authorization endpoint, with `client_id`.
    #[schema(example = "urn:ietf:params:oauth:request_uri:…")]
    request_uri: String,
    /// Seconds.
    #[schema(example = 90)]
    expires_in: i64,
}

/// The parameters of an authorization request, and what proves who the client is.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it describes the form, which is read by name")]
pub(super) struct PushedParameters {
    /// All that is asked for.
    #[schema(example = "code")]
    response_type: String,
    /// One of the registered ones.
    #[schema(nullable = false)]
    redirect_uri: Option<String>,
    #[schema(nullable = false, example = "openid")]
    scope: Option<String>,
    #[schema(nullable = false)]
    state: Option<String>,
    #[schema(nullable = false)]
    code_challenge: Option<String>,
    #[schema(nullable = false, example = "S256")]
    code_challenge_method: Option<String>,
    /// The client; with `client_secret` in place of HTTP Basic.
    #[schema(nullable = false)]
    client_id: Option<String>,
    /// In place of HTTP Basic.
    #[schema(nullable = false)]
    client_secret: Option<String>,
}

/// What proves who the client is, and is no part of what it asks for.
const PROOFS: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

/// Send an authorization request ahead
///
/// The client says who it is and what it asks for; the browser carries only the name of that, for 90 seconds and for one code.
#[utoipa::path(
    post, path = "/oauth/par", tag = "OAuth", operation_id = "push_authorization_request",
    request_body(content = PushedParameters, content_type = "application/x-www-form-urlencoded"),
    security(("client" = []), ()),
    responses(
        (status = 201, description = "The request is kept", body = Pushed),
        (status = 400, description = "`invalid_request` or `unauthorized_client`", body = OAuthErrorDocument),
        (status = 401, description = "`invalid_client`", body = OAuthErrorDocument),
    )
)]
pub(super) async fn push(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    headers: HeaderMap,
    form: Form,
) -> Result<(StatusCode, Json<Pushed>), OAuthError> {
    let client = client::known(&app, &realm, (&headers, &form), &origin, now).await?;
    check(&client, &form)?;
    let asked = form.all().iter().filter(|(name, _)| !PROOFS.contains(&name.as_str()) && name != "client_id");
    let parameters = [("client_id".to_owned(), client.id.to_string())].into_iter().chain(asked.cloned());
    let (request, request_uri) =
        PushedRequest::new(realm.id(), client.id, parameters.collect(), app.entropy(), now);
    let expires_in = request.expires_at.unix_seconds() - now.unix_seconds();
    let kept = app.db().write("keep a pushed request", move |tx| {
        let request = request.clone();
        Box::pin(async move { pushed_requests::create(tx, &request).await })
    });
    kept.await.map_err(Problem::from)?;
    Ok((StatusCode::CREATED, Json(Pushed { request_uri, expires_in })))
}

/// What would be refused in the browser is refused here, where the client itself is told (RFC 9126 section 2.3). The
/// authorization endpoint looks at all of it again.
fn check(client: &Client, form: &Form) -> Result<(), OAuthError> {
    if !client.settings.allows(GrantType::AuthorizationCode) {
        return Err(OAuthError::UnauthorizedClient);
    }
    if form.get("request_uri").is_some() {
        return Err(OAuthError::InvalidRequest("`request_uri` is what you get here; send the parameters."));
    }
    // The parameters of a request object are inside it.
    if form.get("request").is_some() {
        return Ok(());
    }
    if form.get("response_type").is_none() {
        return Err(OAuthError::InvalidRequest("`response_type` is missing."));
    }
    let registered = &client.settings.redirect_uris;
    let admitted = match form.get("redirect_uri") {
        Some(presented) => registered.iter().any(|uri| uri.admits(presented)),
        None => registered.len() == 1,
    };
    if !admitted {
        return Err(OAuthError::InvalidRequest("`redirect_uri` is none that the client is registered with."));
    }
    Ok(())
}
