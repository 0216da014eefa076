//! Provider metadata (OpenID Connect Discovery 1.0 section 3, RFC 8414) and the key set (RFC 7517).

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::Response,
};
use gatepost_domain::{ClientAlg, ClientRegistration, RealmSettings};
use serde::Serialize;

use super::{acr, dpop, person, token};
use crate::{
    App,
    http::Problem,
    realm::{ID_TOKENS, InRealm, Snapshot},
};

/// How long clients and proxies may keep metadata and keys, in seconds. A new key is published far longer than this
/// before it signs.
const MAX_AGE: &str = "public, max-age=300";

/// A document rendered once and answered from memory.
#[derive(Clone, Debug)]
pub struct Rendered {
    body: Bytes,
    etag: HeaderValue,
}

impl Rendered {
    /// Renders `document` as JSON.
    pub fn new(document: &impl Serialize) -> Result<Self, serde_json::Error> {
        let body = serde_json::to_vec(document)?;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &body);
        let tag = format!("\"{}\"", data_encoding::HEXLOWER.encode(&digest.as_ref()[..8]));
        let etag = HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\""));
        Ok(Self { body: body.into(), etag })
    }

    /// The document, or that the caller has it already.
    pub fn answer(&self, headers: &HeaderMap) -> Response {
        let mut response = Response::new(Body::empty());
        if headers.get(IF_NONE_MATCH) == Some(&self.etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            *response.body_mut() = self.body.clone().into();
        }
        let headers = response.headers_mut();
        // These, and what every answer has.
        headers.reserve(8);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(MAX_AGE));
        headers.insert(ETAG, self.etag.clone());
        // Public documents: any page may read them.
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        response
    }
}

/// How confidential clients prove who they are.
const PROVEN: [&str; 4] =
    ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"];
/// The same, where public clients are answered, too.
const AUTHENTICATED: [&str; 5] =
    ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"];
/// What they sign with where they do not show a secret.
const ASSERTED_WITH: [&str; 5] = ["RS256", "PS256", "ES256", "EdDSA", "HS256"];

/// What this server answers for a realm, and nothing it does not.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a registered member of its own")]
pub struct Metadata<'a> {
    issuer: &'a str,
    authorization_endpoint: String,
    token_endpoint: String,
    device_authorization_endpoint: String,
    userinfo_endpoint: String,
    end_session_endpoint: String,
    backchannel_logout_supported: bool,
    backchannel_logout_session_supported: bool,
    jwks_uri: String,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: [&'a str; 4],
    introspection_endpoint_auth_signing_alg_values_supported: [&'a str; 5],
    introspection_signing_alg_values_supported: Vec<&'a str>,
    pushed_authorization_request_endpoint: String,
    require_pushed_authorization_requests: bool,
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: [&'a str; 5],
    revocation_endpoint_auth_signing_alg_values_supported: [&'a str; 5],
    scopes_supported: [&'a str; 8],
    response_types_supported: [&'a str; 1],
    response_modes_supported: [&'a str; 2],
    grant_types_supported: Vec<&'a str>,
    token_endpoint_auth_methods_supported: [&'a str; 5],
    token_endpoint_auth_signing_alg_values_supported: [&'a str; 5],
    dpop_signing_alg_values_supported: [&'a str; 9],
    code_challenge_methods_supported: [&'a str; 1],
    authorization_response_iss_parameter_supported: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_endpoint: Option<String>,
    client_id_metadata_document_supported: bool,
    subject_types_supported: [&'a str; 2],
    id_token_signing_alg_values_supported: Vec<&'a str>,
    userinfo_signing_alg_values_supported: Vec<&'a str>,
    acr_values_supported: [&'a str; 3],
    prompt_values_supported: [&'a str; 4],
    display_values_supported: [&'a str; 1],
    claim_types_supported: [&'a str; 1],
    claims_supported: Vec<&'a str>,
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
    require_request_uri_registration: bool,
    require_signed_request_object: bool,
    request_object_signing_alg_values_supported: [&'a str; 4],
    ui_locales_supported: [&'a str; 3],
}

impl<'a> Metadata<'a> {
    /// The metadata of a realm.
    pub fn of(issuer: &'a str, public_url: &str, settings: &RealmSettings) -> Self {
        let alg = settings.signing_alg.published();
        let mut grants = vec![
            token::AUTHORIZATION_CODE,
            token::REFRESH_TOKEN,
            token::CLIENT_CREDENTIALS,
            token::TOKEN_EXCHANGE,
            token::DEVICE_CODE,
        ];
        grants.extend(settings.password_grant.then_some(token::PASSWORD));
        let at = |path: &str| format!("{public_url}{path}");
        let mut algs = vec![ID_TOKENS.as_str()];
        if alg != ID_TOKENS {
            algs.push(alg.as_str());
        }
        let of_tokens = [
            "sub",
            "iss",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "nonce",
            "acr",
            "amr",
            "sid",
            "at_hash",
            "c_hash",
        ];
        Self {
            issuer,
            authorization_endpoint: at("/oauth/authorize"),
            token_endpoint: at("/oauth/token"),
            device_authorization_endpoint: at("/oauth/device"),
            userinfo_endpoint: at("/oauth/userinfo"),
            end_session_endpoint: at("/oidc/logout"),
            backchannel_logout_supported: true,
            backchannel_logout_session_supported: true,
            jwks_uri: at("/.well-known/jwks.json"),
            introspection_endpoint: at("/oauth/introspect"),
            introspection_endpoint_auth_methods_supported: PROVEN,
            introspection_endpoint_auth_signing_alg_values_supported: ASSERTED_WITH,
            introspection_signing_alg_values_supported: algs.clone(),
            pushed_authorization_request_endpoint: at("/oauth/par"),
            require_pushed_authorization_requests: false,
            revocation_endpoint: at("/oauth/revoke"),
            revocation_endpoint_auth_methods_supported: AUTHENTICATED,
            revocation_endpoint_auth_signing_alg_values_supported: ASSERTED_WITH,
            scopes_supported: [
                "openid",
                "profile",
                "email",
                "address",
                "phone",
                "offline_access",
                "account",
                "roles",
            ],
            response_types_supported: ["code"],
            response_modes_supported: ["query", "form_post"],
            grant_types_supported: grants,
            token_endpoint_auth_methods_supported: AUTHENTICATED,
            token_endpoint_auth_signing_alg_values_supported: ASSERTED_WITH,
            dpop_signing_alg_values_supported: dpop::algorithms(),
            code_challenge_methods_supported: ["S256"],
            authorization_response_iss_parameter_supported: true,
            registration_endpoint: (settings.client_registration != ClientRegistration::Closed)
                .then(|| at("/oauth/register")),
            client_id_metadata_document_supported: settings.client_id_metadata_documents,
            subject_types_supported: ["public", "pairwise"],
            id_token_signing_alg_values_supported: algs.clone(),
            userinfo_signing_alg_values_supported: algs,
            acr_values_supported: acr::LEVELS,
            prompt_values_supported: ["none", "login", "consent", "select_account"],
            display_values_supported: ["page"],
            claim_types_supported: ["normal"],
            claims_supported: of_tokens.into_iter().chain(person::names()).collect(),
            claims_parameter_supported: true,
            request_parameter_supported: true,
            request_uri_parameter_supported: true,
            require_request_uri_registration: true,
            // Of single clients it is.
            require_signed_request_object: false,
            request_object_signing_alg_values_supported: ClientAlg::ASYMMETRIC.map(ClientAlg::as_str),
            ui_locales_supported: ["en", "de", "ar"],
        }
    }
}

pub(super) async fn discovery(realm: InRealm, headers: HeaderMap) -> Response {
    realm.metadata().answer(&headers)
}

/// `/.well-known/jwks.json`: every key.
pub(super) async fn keys(
    realm: InRealm,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Ok(with_every_key(&app, &realm).await?.key_set().answer(&headers))
}

/// `/keys`: those of RS256, which is all that the libraries of Scalekit can read.
pub(super) async fn rsa_keys(
    realm: InRealm,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Ok(with_every_key(&app, &realm).await?.rsa_key_set().answer(&headers))
}

async fn with_every_key(app: &App, realm: &InRealm) -> Result<Arc<Snapshot>, Problem> {
    if !realm.lacks_id_token_key() {
        return Ok(Arc::clone(&realm.0));
    }
    Ok(app.realms().with_id_token_key(app, realm).await?)
}

/// Which of a realm's documents.
pub type Document = fn(&Snapshot) -> &Rendered;

/// The document under this path, and the path.
pub fn document(path: &str) -> Option<(&'static str, Document)> {
    match path {
        "/.well-known/jwks.json" => Some(("/.well-known/jwks.json", Snapshot::key_set)),
        "/keys" => Some(("/keys", Snapshot::rsa_key_set)),
        "/.well-known/openid-configuration" => {
            Some(("/.well-known/openid-configuration", Snapshot::metadata))
        }
        "/.well-known/oauth-authorization-server" => {
            Some(("/.well-known/oauth-authorization-server", Snapshot::metadata))
        }
        _ => None,
    }
}
