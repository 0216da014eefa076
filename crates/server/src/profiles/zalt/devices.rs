//! `/auth/devices`: on which devices the account is not asked for a second factor.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use gatepost_domain::{TrustedDeviceId, mfa::TrustedDevice};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Refusal,
    envelope::Said,
    mfa::check_password,
    reverify::fresh,
    sent::{Id, In, MaybeBody},
    webauthn::ByPassword,
};
use crate::{
    App,
    api::cookie,
    http::{
        Now, Problem, Query, SignedIn, Where,
        page::{self, Limit},
    },
    mfa,
    pages::browser_and_system,
    realm::InRealm,
    session::{self, TrustCookie},
};

fn view(device: &TrustedDevice, here: Option<TrustedDeviceId>) -> Value {
    let agent = device.user_agent.as_deref().unwrap_or_default();
    let (browser, system) = browser_and_system(agent);
    let name: Vec<&str> = browser.into_iter().chain(system).collect();
    let current = here == Some(device.id);
    json!({
        "id": device.id,
        "name": name.join(", "),
        "browser": browser,
        "device": system,
        "user_agent": device.user_agent,
        "trusted": true,
        "trust_expires_at": device.expires_at,
        "first_seen_at": device.created_at,
        "is_current": current,
        "trustExpiresAt": device.expires_at,
        "firstSeenAt": device.created_at,
        "isCurrent": current,
    })
}

/// Which devices to list.
#[derive(Deserialize)]
pub struct Listing {
    #[serde(default)]
    limit: Limit,
    cursor: Option<TrustedDeviceId>,
}

/// One page of those that are trusted, the newest first.
pub async fn list(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    In(Query(Listing { limit, cursor })): In<Query<Listing>>,
) -> Result<Said, Refusal> {
    let user = caller.user.id;
    let found = mfa::list_trusted_devices(&app, &realm, user, (cursor, limit.and_one()), now).await?;
    let (found, next_cursor) = page::cut(found, limit, |last| last.id.to_string());
    let here = session::this_device(&app, &realm, user, &origin);
    let devices: Vec<Value> = found.iter().map(|device| view(device, here)).collect();
    Ok(Said::ok(json!({
        "count": devices.len(),
        "devices": devices,
        "next_cursor": next_cursor,
        "has_more": next_cursor.is_some(),
    })))
}

/// Trusts the one that this comes from, after a sign-in of a moment ago, with a second factor.
pub async fn trust(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Response, Refusal> {
    let trusted = fresh(&app, &caller, mfa::trust_device(&app, &realm, &caller, origin, now).await).await?;
    let said =
        Said::ok(json!({"message": "The second factor is not asked for here for a while.", "success": true}));
    Ok((cookie(Some(&trusted), TrustCookie::header)?, said).into_response())
}

/// Trusts one no more. A password that is sent beside it has to be right.
pub async fn forget(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    Id(id): Id<TrustedDeviceId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    MaybeBody(body): MaybeBody<ByPassword>,
) -> Result<Said, Refusal> {
    let missing =
        || Refusal::new(StatusCode::NOT_FOUND, "DEVICE_NOT_FOUND", "The account trusts no such device.");
    let id = id.ok_or_else(missing)?;
    if let Some(password) = &body.password {
        check_password(&app, &realm, &caller, password, &origin, now).await?;
    }
    match mfa::forget_trusted_device(&app, &caller, id, origin, now).await {
        Err(Problem::NotFound) => return Err(missing()),
        forgotten => forgotten?,
    }
    Ok(Said::ok(json!({"message": "The second factor is asked for there again.", "id": id})))
}
