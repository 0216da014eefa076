//! `POST /oauth/par`: authorization requests that are sent ahead (RFC 9126).

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use gatepost_domain::authorization::pushed::PushedRequest;
use gatepost_store::pushed_requests;
use serde::Serialize;

use super::{
    OAuthError, authorize, client,
    dpop::{self, For},
    error::OAuthErrorDocument,
    form::Form,
};
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
    #[schema(example = "https://app.example.com/callback")]
    redirect_uri: String,
    #[schema(nullable = false, example = "openid")]
    scope: Option<String>,
    #[schema(nullable = false)]
    state: Option<String>,
    #[schema(nullable = false)]
    code_challenge: Option<String>,
    #[schema(nullable = false, example = "S256")]
    code_challenge_method: Option<String>,
    /// The key that the code is good with; a proof in the header `DPoP` says the same (RFC 9449 section 10).
    #[schema(nullable = false)]
    dpop_jkt: Option<String>,
    /// All of it in a JWT that the client signed (RFC 9101); then nothing else counts.
    #[schema(nullable = false)]
    request: Option<String>,
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
        (status = 400, description = "What the authorization endpoint would refuse: `invalid_request`, `invalid_scope` and the like; `invalid_request_object`; `invalid_dpop_proof`, `use_dpop_nonce`", body = OAuthErrorDocument),
        (status = 401, description = "`invalid_client`", body = OAuthErrorDocument),
        (
            status = 429, body = OAuthErrorDocument,
            description = "`temporarily_unavailable`: too many proofs of this client were wrong of late",
        ),
    )
)]
pub(super) async fn push(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, OAuthError> {
    let client = client::known(&app, &realm, (&headers, &form), &origin, now).await?;
    if form.get("request_uri").is_some() {
        return Err(OAuthError::InvalidRequest("`request_uri` is what you get here; send the parameters."));
    }
    let signed = authorize::signed(&app, &realm, &client, &form, now).await;
    let signed = signed.map_err(|(error, what)| OAuthError::AuthorizationRequest(error, what))?;
    // What the client signed counts, and what stands beside it does not (RFC 9126 section 3).
    let form = signed.as_ref().unwrap_or(&form);
    authorize::check(&realm, &client, form)?;
    // A proof here is worth the parameter (RFC 9449 section 10.1).
    let proof = For { method: "POST", path: "/oauth/par", access_token: None };
    let key = dpop::proven(&app, &realm, &headers, &proof, now).await?;
    if !dpop::suits(&client, &headers) {
        return Err(OAuthError::InvalidDpopProof);
    }
    if let (Some(key), Some(named)) = (&key, form.get("dpop_jkt"))
        && key != named
    {
        return Err(OAuthError::InvalidDpopProof);
    }
    let key = key.filter(|_| form.get("dpop_jkt").is_none()).map(|key| ("dpop_jkt".to_owned(), key));
    let asked = form.all().iter().filter(|(name, _)| !PROOFS.contains(&name.as_str()) && name != "client_id");
    let parameters =
        [("client_id".to_owned(), client.id.to_string())].into_iter().chain(asked.cloned()).chain(key);
    let (request, request_uri) =
        PushedRequest::new(realm.id(), client.id.clone(), parameters.collect(), app.entropy(), now);
    let expires_in = request.expires_at.unix_seconds() - now.unix_seconds();
    let kept = app.db().write("keep a pushed request", move |tx| {
        let request = request.clone();
        Box::pin(async move { pushed_requests::create(tx, &request).await })
    });
    kept.await.map_err(Problem::from)?;
    let answer = (StatusCode::CREATED, Json(Pushed { request_uri, expires_in }));
    Ok(dpop::with_next_nonce(answer, &app, &realm, &headers, now))
}
