//! Devices that cannot show a sign-in page (RFC 8628): `POST /oauth/device` for the device, `/device` for the person.

pub(crate) mod consent;
mod page;

use axum::{Router, extract::State, http::HeaderMap, routing::get, routing::post};
use gatepost_domain::{
    Client, DeviceCodeId, GrantId, GrantType, Timestamp,
    authorization::device::{DEVICE_CODE_TTL, DeviceCode, DeviceDetails, POLL_INTERVAL, UserCode},
};
use gatepost_store::device_codes;
use serde::Serialize;

use super::{OAuthError, authorize as asking, client, error::OAuthErrorDocument, form::Form};
use crate::{
    App,
    clients::{self, ClientRefused, Presented, Proof},
    grants::{self, ACCOUNT},
    http::{Json, Now, Problem, Where},
    realm::{InRealm, Snapshot},
};

/// What people open to connect a device.
pub(super) fn pages() -> Router<App> {
    Router::new()
        .route("/device", get(page::show).post(page::typed))
        .route("/device/confirm", post(page::decided))
}

/// RFC 8628 section 3.2.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct DeviceAnswer {
    /// What the device asks the token endpoint with.
    #[schema(example = "gp_dc_…")]
    device_code: String,
    /// What the device shows and a person types.
    #[schema(example = "WDJB-MJHT")]
    user_code: String,
    /// Where they type it.
    verification_uri: String,
    /// The same with the code in it, for a QR code; it is asked for all the same.
    verification_uri_complete: String,
    /// Seconds until both codes are refused.
    #[schema(example = 600)]
    expires_in: u64,
    /// Seconds between two questions at the token endpoint.
    #[schema(example = 5)]
    interval: u64,
}

/// What a device asks for, and what proves who its client is.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it describes the form, which is read by name")]
pub(super) struct DeviceParameters {
    /// Words with spaces between; everything the client has unless given.
    #[schema(nullable = false, example = "openid")]
    scope: Option<String>,
    /// Whom the tokens are for: one of the realm's audiences, once or more (RFC 8707).
    #[schema(nullable = false)]
    resource: Option<String>,
    /// The client; with `client_secret` in place of HTTP Basic.
    #[schema(nullable = false)]
    client_id: Option<String>,
    /// In place of HTTP Basic.
    #[schema(nullable = false)]
    client_secret: Option<String>,
}

/// Connect a device
///
/// For a device without a browser or a keyboard. It shows the user code and the address; a person types the code there, on another
/// screen, and the device asks the token endpoint meanwhile (RFC 8628).
#[utoipa::path(
    post, path = "/oauth/device", tag = "OAuth", operation_id = "authorize_device",
    request_body(content = DeviceParameters, content_type = "application/x-www-form-urlencoded"),
    security(("client" = []), ()),
    responses(
        (status = 200, description = "The codes", body = DeviceAnswer),
        (
            status = 400, body = OAuthErrorDocument,
            description = "`invalid_request`, `invalid_scope`, `invalid_target` or `unauthorized_client`",
        ),
        (status = 401, description = "`invalid_client`", body = OAuthErrorDocument),
        (
            status = 429, body = OAuthErrorDocument,
            description = "`temporarily_unavailable`: too many proofs of this client were wrong of late",
        ),
    )
)]
pub(super) async fn authorize(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    headers: HeaderMap,
    form: Form,
) -> Result<Json<DeviceAnswer>, OAuthError> {
    let client = client::known(&app, &realm, (&headers, &form), &origin, now).await?;
    let details = asked(&realm, &client, &form)?;
    Ok(Json(answer(&app, &realm, &client, details, now).await?))
}

/// The same for an application that is to have a session of its own, which is the whole account: a client that keeps no secret, and may
/// have `account`. That is what the person is asked for.
pub(crate) async fn begin_for_application(
    app: &App,
    realm: &Snapshot,
    (client, scope): (String, Option<&str>),
    origin: &Where,
    now: Timestamp,
) -> Result<DeviceAnswer, OAuthError> {
    let presented = Presented { id: client, proof: Proof::Nothing };
    let client = match clients::authenticate(app, realm, &presented, origin, now).await? {
        Err(ClientRefused::Public(client)) => client,
        Ok(_) | Err(ClientRefused::Unproven) => return Err(OAuthError::InvalidClient),
    };
    if !client.settings.allows(GrantType::DeviceCode) {
        return Err(OAuthError::UnauthorizedClient);
    }
    let words = scope.unwrap_or_default().split(' ').filter(|word| !word.is_empty() && *word != ACCOUNT);
    let wanted = words.chain([ACCOUNT]).collect::<Vec<_>>().join(" ");
    let scopes = asking::scopes(&client, Some(&wanted)).map_err(|_| OAuthError::InvalidScope)?;
    if !grants::is_whole(&client, &scopes) {
        return Err(OAuthError::UnauthorizedClient);
    }
    answer(app, realm, &client, DeviceDetails { scopes, audience: Vec::new() }, now).await
}

async fn answer(
    app: &App,
    realm: &Snapshot,
    client: &Client,
    details: DeviceDetails,
    now: Timestamp,
) -> Result<DeviceAnswer, OAuthError> {
    let (id, user_code) = begin(app, realm, client, details, now).await?;
    let verification_uri = format!("{}/device", realm.public_url());
    Ok(DeviceAnswer {
        device_code: app.device_mac().encode(id),
        verification_uri_complete: format!("{verification_uri}?user_code={user_code}"),
        user_code: user_code.to_string(),
        verification_uri,
        expires_in: DEVICE_CODE_TTL.as_secs(),
        interval: POLL_INTERVAL.as_secs(),
    })
}

/// What is asked for, judged as at the authorization endpoint.
fn asked(realm: &Snapshot, client: &Client, form: &Form) -> Result<DeviceDetails, OAuthError> {
    if !client.settings.allows(GrantType::DeviceCode) || !asking::signs_for(realm, client) {
        return Err(OAuthError::UnauthorizedClient);
    }
    let scopes = asking::scopes(client, form.get("scope")).map_err(|_| OAuthError::InvalidScope)?;
    let audience = asking::audience(realm, client, &scopes, form).map_err(|_| OAuthError::InvalidTarget)?;
    Ok(DeviceDetails { scopes, audience })
}

/// How many user codes are tried. That even one is in use is as likely as guessing it.
const TRIES: usize = 4;

async fn begin(
    app: &App,
    realm: &Snapshot,
    client: &Client,
    details: DeviceDetails,
    now: Timestamp,
) -> Result<(DeviceCodeId, UserCode), Problem> {
    for _ in 0..TRIES {
        let user_code = UserCode::generate(app.entropy());
        let device = DeviceCode {
            id: DeviceCodeId::new(now, app.entropy()),
            realm: realm.id(),
            client: client.id.clone(),
            user_code: Some(user_code),
            details: details.clone(),
            grant: GrantId::new(now, app.entropy()),
            created_at: now,
            expires_at: now.plus(DEVICE_CODE_TTL),
            session: None,
            decision: None,
            redeemed_at: None,
        };
        let id = device.id;
        let kept = app.db().write("keep a device that waits", move |tx| {
            let device = device.clone();
            Box::pin(async move { device_codes::create(tx, &device, POLL_INTERVAL).await })
        });
        if kept.await? {
            return Ok((id, user_code));
        }
    }
    Err(Problem::internal("every user code that was tried is in use"))
}
