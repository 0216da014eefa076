//! `/oauth/userinfo`: what a client may know of the person (OpenID Connect Core section 5.3).

use std::sync::Arc;

use axum::{
    Json as Plain,
    extract::{FromRequest as _, Request, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use gatepost_domain::{Client, Grant, GrantId, PersonalClaims, RealmId, SigningAlg, Timestamp, User};
use gatepost_jose::{Claims, jwt};
use gatepost_store::{Tx, clients, personal_claims};
use serde_json::{Map, Value};

use super::{
    dpop::{self, For, NotProven},
    form::Form,
    person, subject,
};
use crate::{
    App, grants,
    http::{Now, Problem, observe::Cause},
    realm::InRealm,
};

/// Why nothing is told (RFC 6750 section 3.1).
pub(super) enum Refused {
    /// No token at all.
    Absent,
    /// Two, or one in a place where it does not belong.
    Request(&'static str),
    /// It is not good here; which check refused it is for the log.
    Token(&'static str),
    /// The proof of the key it is bound to is missing or not good.
    Proof(&'static str),
    /// It is good for something else.
    Scope,
    /// Not the caller's fault.
    Failed(Problem),
}

impl<E: Into<Problem>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, challenge, cause) = match self {
            Self::Absent => (StatusCode::UNAUTHORIZED, "Bearer".to_owned(), "no credential was sent"),
            Self::Request(what) => (
                StatusCode::BAD_REQUEST,
                format!("Bearer error=\"invalid_request\", error_description=\"{what}\""),
                what,
            ),
            Self::Token(check) => (
                StatusCode::UNAUTHORIZED,
                "Bearer error=\"invalid_token\", error_description=\"The access token is not valid\""
                    .to_owned(),
                check,
            ),
            // RFC 9449 section 7.1.
            Self::Proof(check) => (
                StatusCode::UNAUTHORIZED,
                format!("DPoP error=\"invalid_dpop_proof\", algs=\"{}\"", dpop::algorithms().join(" ")),
                check,
            ),
            Self::Scope => (
                StatusCode::FORBIDDEN,
                "Bearer error=\"insufficient_scope\", scope=\"openid\"".to_owned(),
                "the scope openid is missing",
            ),
            Self::Failed(problem) => return problem.into_response(),
        };
        let mut response = status.into_response();
        if let Ok(challenge) = HeaderValue::try_from(challenge) {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.extensions_mut().insert(Cause { code: "userinfo", text: cause.into() });
        response
    }
}

/// What is known of a person. Which members are there follows from the scopes of the token and from what was asked for with
/// `claims`.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it describes an object whose members vary")]
pub(super) struct UserInfo {
    /// What the client calls the person.
    #[schema(example = "usr_06fj5k2m8nqv3w1t7x9y4z0abc")]
    sub: String,
    /// With the scope `profile`.
    #[schema(nullable = false)]
    name: Option<String>,
    /// With the scope `email`.
    #[schema(nullable = false, example = "ada@example.com")]
    email: Option<String>,
    /// With the scope `email`.
    #[schema(nullable = false)]
    email_verified: Option<bool>,
}

/// Get what a client may know of the person
///
/// For clients that a person has authorized (OpenID Connect Core section 5.3). The token is checked against the store: after a
/// sign-out, or when the person took the authorization back, it is refused. A token that is bound to a key comes under the scheme
/// `DPoP` with a proof (RFC 9449 section 7).
#[utoipa::path(
    get, path = "/oauth/userinfo", tag = "OAuth", operation_id = "userinfo",
    security(("token" = [])),
    responses(
        (
            status = 200, description = "The claims; signed for clients with `userinfo_signed_response_alg`",
            content((UserInfo = "application/json"), (String = "application/jwt")),
        ),
        (status = 401, description = "`invalid_token`: see `WWW-Authenticate`"),
        (status = 403, description = "`insufficient_scope`: the token is without `openid`"),
    )
)]
pub(super) async fn userinfo(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    request: Request,
) -> Result<Response, Refused> {
    answer(&app, &realm, request, now).await
}

/// Get what a client may know of the person, by POST
///
/// As with GET; the token may also stand in the form, as `access_token` (RFC 6750 section 2.2).
#[utoipa::path(
    post, path = "/oauth/userinfo", tag = "OAuth", operation_id = "userinfoByPost",
    security(("token" = [])),
    responses(
        (
            status = 200, description = "The claims; signed for clients with `userinfo_signed_response_alg`",
            content((UserInfo = "application/json"), (String = "application/jwt")),
        ),
        (status = 401, description = "`invalid_token`: see `WWW-Authenticate`"),
        (status = 403, description = "`insufficient_scope`: the token is without `openid`"),
    )
)]
pub(super) async fn userinfo_by_post(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    request: Request,
) -> Result<Response, Refused> {
    answer(&app, &realm, request, now).await
}

async fn answer(app: &App, realm: &InRealm, request: Request, now: Timestamp) -> Result<Response, Refused> {
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let token = token(request).await?;
    let claims = verified(app, realm, &token, (&method, &headers), now).await?;
    let (client, claims) = told(app, realm, &claims, now).await?;
    if token.with_proof && !dpop::suits(&client, &headers) {
        return Err(Refused::Proof("signed with another algorithm than the client's profile takes"));
    }
    let mut response = match client.settings.userinfo_signed_response_alg {
        None => Plain(claims).into_response(),
        Some(alg) => {
            let signed = signed(app, realm, (&client, alg), claims).await?;
            ([(CONTENT_TYPE, "application/jwt")], signed).into_response()
        }
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The claims as a JWT for this client (OpenID Connect Core section 5.3.2). It has no `typ`, so that it passes for no ID token here.
async fn signed(
    app: &App,
    realm: &InRealm,
    (client, alg): (&Client, SigningAlg),
    mut claims: Map<String, Value>,
) -> Result<String, Problem> {
    claims.insert("iss".to_owned(), realm.issuer().into());
    claims.insert("aud".to_owned(), client.id.as_str().into());
    let snapshot = app.realms().with_id_token_key(app, realm).await?;
    let key = snapshot.keys().signer_with(alg);
    let key =
        key.ok_or_else(|| Problem::internal("the realm has no key for userinfo_signed_response_alg"))?;
    jwt::sign("", &claims, key).map_err(Problem::internal)
}

/// The claims of the token, if whoever sends it may use it: a token that is bound to a key comes with a proof, and no other does
/// (RFC 9449 section 7).
async fn verified(
    app: &App,
    realm: &InRealm,
    token: &Token,
    (method, headers): (&Method, &HeaderMap),
    now: Timestamp,
) -> Result<Arc<Claims>, Refused> {
    let verified = realm.verify_bound(&token.text, now);
    let (claims, bound_to) = verified.map_err(|refused| Refused::Token(refused.code()))?;
    let Some(bound_to) = bound_to else {
        return if token.with_proof { Err(Refused::Token("not_bound")) } else { Ok(claims) };
    };
    if !token.with_proof {
        return Err(Refused::Proof("proof_required"));
    }
    let request = For { method: method.as_str(), path: "/oauth/userinfo", access_token: Some(&token.text) };
    match dpop::proven(app, realm, headers, &request, now).await {
        Ok(Some(key)) if key == bound_to => Ok(claims),
        Ok(_) => Err(Refused::Proof("proof of another key, or none")),
        Err(NotProven::Proof(check)) => Err(Refused::Proof(check)),
        Err(NotProven::Failed(problem)) => Err(Refused::Failed(problem)),
    }
}

async fn told(
    app: &App,
    realm: &InRealm,
    claims: &Claims,
    now: Timestamp,
) -> Result<(Client, Map<String, Value>), Refused> {
    if claims.expires_at() <= now.unix_seconds() {
        return Err(Refused::Token("expired"));
    }
    if !claims.scopes().any(|scope| scope == "openid") {
        return Err(Refused::Scope);
    }
    // What one client was told by its request is not another's to know.
    if claims.get("exchanged_from").is_some() {
        return Err(Refused::Token("exchanged"));
    }
    let grant = claims.get("grant_id").and_then(|id| id.as_str()?.parse::<GrantId>().ok());
    let Some(grant) = grant else { return Err(Refused::Token("grant_missing")) };
    let id = realm.id();
    let found = app
        .db()
        .read("find what a client holds", move |tx| Box::pin(async move { held(tx, id, grant, now).await }));
    let Some((client, grant, user, known)) = found.await? else { return Err(Refused::Token("grant_ended")) };
    let subject = subject::of(app, &client, user.id);
    if subject != claims.subject() && user.id.to_string() != claims.subject() {
        return Err(Refused::Token("wrong_subject"));
    }
    let scopes = claims.scope().unwrap_or_default().parse().unwrap_or_default();
    let mut told = person::claims(&user, &known, &scopes, &grant.details.userinfo_claims);
    told.insert("sub".to_owned(), Value::String(subject));
    Ok((client, told))
}

/// Grant, client and user, if all of them are still good.
async fn held(
    tx: &mut Tx,
    realm: RealmId,
    id: GrantId,
    now: Timestamp,
) -> Result<Option<(Client, Grant, User, PersonalClaims)>, gatepost_store::Error> {
    let Some((grant, _, user)) = grants::held(tx, realm, id, now).await? else { return Ok(None) };
    let Some(client) = clients::find(tx, realm, &grant.client).await? else { return Ok(None) };
    let known = personal_claims::find(tx, realm, user.id).await?;
    Ok(Some((client, grant, user, known)))
}

/// A token as it came.
struct Token {
    text: String,
    /// Whether it came under the scheme `DPoP`.
    with_proof: bool,
}

/// The one token of a request: in the header, or in a form that is posted (RFC 6750 sections 2.1 and 2.2).
async fn token(request: Request) -> Result<Token, Refused> {
    let is_form = request.headers().get(CONTENT_TYPE).is_some_and(|kind| {
        kind.to_str().is_ok_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
    });
    let in_header = in_header(request.headers())?;
    let in_form = if request.method() == Method::POST && is_form {
        let form = Form::from_request(request, &()).await;
        let form = form.map_err(|refused| Refused::Request(refused.description()))?;
        form.get("access_token").map(|text| Token { text: text.to_owned(), with_proof: false })
    } else {
        None
    };
    match (in_header, in_form) {
        (Some(token), None) | (None, Some(token)) => Ok(token),
        (None, None) => Err(Refused::Absent),
        (Some(_), Some(_)) => Err(Refused::Request("Send the token once.")),
    }
}

fn in_header(headers: &HeaderMap) -> Result<Option<Token>, Refused> {
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let Some(header) = sent.next() else { return Ok(None) };
    if sent.next().is_some() {
        return Err(Refused::Request("Send the token once."));
    }
    match header.to_str().ok().and_then(|text| text.split_once(' ')) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            Ok(Some(Token { text: token.trim().to_owned(), with_proof: false }))
        }
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("dpop") => {
            Ok(Some(Token { text: token.trim().to_owned(), with_proof: true }))
        }
        _ => Err(Refused::Token("token_malformed")),
    }
}
