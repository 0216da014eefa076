//! `/oauth/register`: clients register themselves (RFC 7591) and manage what they registered (RFC 7592).

mod error;

use axum::{
    extract::{FromRequest, Path, Request, State},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
};
use gatepost_domain::{Secret, client::registration};
use serde_json::{Map, Value};

use crate::{
    App,
    clients::registration::{self as registering, Registered, RegistrationRefused},
    http::{Json, Now, Where},
    realm::{InRealm, Snapshot},
};
use error::{RegistrationError, RegistrationErrorDocument};

/// What a client says of itself: an object, of which unknown members are skipped (RFC 7591 section 2).
pub(super) struct Metadata(Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for Metadata {
    type Rejection = RegistrationError;

    async fn from_request(request: Request, state: &S) -> Result<Self, RegistrationError> {
        let Json(members) = Json::from_request(request, state).await.map_err(RegistrationError::unread)?;
        Ok(Self(members))
    }
}

/// What a client says of itself, with the names of RFC 7591 and OpenID Connect.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it describes an object whose members vary")]
pub(super) struct ClientMetadata {
    /// Where people may be sent back to.
    #[schema(example = json!(["https://app.example.com/callback"]))]
    redirect_uris: Vec<String>,
    /// The name shown to people.
    #[schema(nullable = false, example = "Web app")]
    client_name: Option<String>,
    /// `authorization_code` unless given.
    #[schema(nullable = false, example = json!(["authorization_code", "refresh_token"]))]
    grant_types: Option<Vec<String>>,
    /// `code`, which goes with `authorization_code`.
    #[schema(nullable = false, example = json!(["code"]))]
    response_types: Option<Vec<String>>,
    /// Words with spaces between; everything that registered clients may have unless given.
    #[schema(nullable = false, example = "openid profile")]
    scope: Option<String>,
    /// `client_secret_basic` unless given; `none` for a client that can keep no secret.
    #[schema(nullable = false, example = "client_secret_basic")]
    token_endpoint_auth_method: Option<String>,
    /// Its public keys.
    #[schema(nullable = false, value_type = Option<Object>)]
    jwks: Option<Value>,
    /// Where its public keys are.
    #[schema(nullable = false, example = "https://app.example.com/keys")]
    jwks_uri: Option<String>,
}

/// What is kept of it, and what the client needs to be one and to manage itself (RFC 7591 section 3.2.1).
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it describes an object whose members vary")]
pub(super) struct ClientInformation {
    #[schema(example = "client_…")]
    client_id: String,
    /// Only when it was made just now.
    #[schema(nullable = false, example = "gp_cs_…")]
    client_secret: Option<String>,
    /// 0: it does not expire. Only with `client_secret`.
    #[schema(nullable = false, example = 0)]
    client_secret_expires_at: Option<i64>,
    /// Seconds since 1970.
    client_id_issued_at: i64,
    /// Where the client is read, changed and removed.
    registration_client_uri: String,
    /// What that takes.
    #[schema(example = "gp_rat_…")]
    registration_access_token: String,
    #[serde(flatten)]
    metadata: ClientMetadata,
}

fn told(realm: &Snapshot, registered: &Registered) -> Json<Map<String, Value>> {
    let client = &registered.client;
    let mut members = Map::new();
    members.insert("client_id".to_owned(), client.id.as_str().into());
    members.insert("client_id_issued_at".to_owned(), client.created_at.unix_seconds().into());
    if let Some(secret) = &registered.secret {
        members.insert("client_secret".to_owned(), secret.reveal().into());
        members.insert("client_secret_expires_at".to_owned(), 0.into());
    }
    let uri = realm.url(&format!("/oauth/register/{}", client.id));
    members.insert("registration_client_uri".to_owned(), uri.into());
    members.insert("registration_access_token".to_owned(), registered.token.reveal().into());
    members.extend(registration::metadata(&client.settings));
    Json(members)
}

/// The one bearer token of a request, if there is one.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, RegistrationRefused> {
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let Some(header) = sent.next() else { return Ok(None) };
    let text = header.to_str().ok().and_then(|text| text.split_once(' '));
    match text {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && sent.next().is_none() => {
            Ok(Some(token))
        }
        _ => Err(RegistrationRefused::Token),
    }
}

/// Register a client
///
/// For an application that registers itself. What the realm lets it register follows from its `client_registration`; an initial
/// access token is sent as a bearer token.
#[utoipa::path(
    post, path = "/oauth/register", tag = "OAuth", operation_id = "register_client", request_body = ClientMetadata,
    security(("token" = []), ()),
    responses(
        (status = 201, description = "The client. Secret and registration access token are shown this once", body = ClientInformation),
        (status = 400, description = "`invalid_redirect_uri` or `invalid_client_metadata`: it names the member and what would do", body = RegistrationErrorDocument),
        (status = 401, description = "`invalid_token`", body = RegistrationErrorDocument),
        (status = 403, description = "`access_denied`: the realm registers no clients, or no more", body = RegistrationErrorDocument),
        (status = 429, description = "`too_many_attempts`"),
    )
)]
pub(super) async fn register(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    headers: HeaderMap,
    metadata: Result<Metadata, RegistrationError>,
) -> Result<(StatusCode, Json<Map<String, Value>>), RegistrationError> {
    let token = bearer(&headers)?;
    // Who may not register is told so, whatever the body.
    registering::is_offered(&realm, token)?;
    let registered = registering::register(&app, &realm, token, &metadata?.0, &origin, now).await?;
    Ok((StatusCode::CREATED, told(&realm, &registered)))
}

/// Read a registered client
///
/// By the client itself, with its registration access token. Its secret is not shown again.
#[utoipa::path(
    get, path = "/oauth/register/{client_id}", tag = "OAuth", operation_id = "read_registered_client",
    security(("token" = [])), params(("client_id" = String, Path, description = "The `client_id`")),
    responses(
        (status = 200, description = "The client", body = ClientInformation),
        (status = 401, description = "`invalid_token`: also where there is no such client", body = RegistrationErrorDocument),
    )
)]
pub(super) async fn read(
    realm: InRealm,
    Now(now): Now,
    Path(id): Path<String>,
    State(app): State<App>,
    origin: Where,
    headers: HeaderMap,
) -> Result<Json<Map<String, Value>>, RegistrationError> {
    let token = bearer(&headers)?.ok_or(RegistrationRefused::TokenMissing)?;
    let (client, _) = registering::authenticated(&app, &realm, &id, token, &origin, now).await?;
    Ok(told(&realm, &Registered { client, secret: None, token: Secret::received(token) }))
}

/// Change a registered client
///
/// By the client itself. What is sent takes the place of all that was registered: a member that is left out has its default again.
/// `client_id` must be there, and what the answer says of secrets and tokens must not.
#[utoipa::path(
    put, path = "/oauth/register/{client_id}", tag = "OAuth", operation_id = "change_registered_client",
    request_body = ClientMetadata, security(("token" = [])),
    params(("client_id" = String, Path, description = "The `client_id`")),
    responses(
        (status = 200, description = "The client, with a secret if it was given one just now", body = ClientInformation),
        (status = 400, description = "`invalid_redirect_uri` or `invalid_client_metadata`: it names the member and what would do", body = RegistrationErrorDocument),
        (status = 401, description = "`invalid_token`: also where there is no such client", body = RegistrationErrorDocument),
        (status = 409, description = "`changed`: somebody else changed it at the same time"),
    )
)]
pub(super) async fn update(
    realm: InRealm,
    Now(now): Now,
    Path(id): Path<String>,
    State(app): State<App>,
    (origin, headers): (Where, HeaderMap),
    metadata: Result<Metadata, RegistrationError>,
) -> Result<Json<Map<String, Value>>, RegistrationError> {
    let token = bearer(&headers)?.ok_or(RegistrationRefused::TokenMissing)?;
    let found = registering::authenticated(&app, &realm, &id, token, &origin, now).await?;
    let sent = (&metadata?.0, Secret::received(token));
    let updated = registering::update(&app, &realm, found, sent, &origin, now).await?;
    Ok(told(&realm, &updated))
}

/// Remove a registered client
///
/// By the client itself. Its grants end with it, and so does its registration access token.
#[utoipa::path(
    delete, path = "/oauth/register/{client_id}", tag = "OAuth", operation_id = "remove_registered_client",
    security(("token" = [])), params(("client_id" = String, Path, description = "The `client_id`")),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "`invalid_token`: also where there is no such client", body = RegistrationErrorDocument),
    )
)]
pub(super) async fn remove(
    realm: InRealm,
    Now(now): Now,
    Path(id): Path<String>,
    State(app): State<App>,
    origin: Where,
    headers: HeaderMap,
) -> Result<StatusCode, RegistrationError> {
    let token = bearer(&headers)?.ok_or(RegistrationRefused::TokenMissing)?;
    let (client, _) = registering::authenticated(&app, &realm, &id, token, &origin, now).await?;
    registering::delete(&app, &realm, client, &origin, now).await?;
    Ok(StatusCode::NO_CONTENT)
}
