//! `/admin/users/{id}/impersonate` and `/impersonation`: an administrator acts in the place of a user for a while.

use std::time::Duration;

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{DisplayName, Session, UserId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Refusal,
    envelope::Said,
    reverify::fresh,
    sent::{Body, Id, In},
    users::named,
};
use crate::{
    App,
    accounts::field,
    http::{Admin, Now, Present, Where},
    realm::InRealm,
    session::{self, InPlace},
};

fn view(session: &Session) -> Value {
    json!({
        "id": session.id,
        "user_id": session.user,
        "impersonator_id": session.impersonator,
        "restrictions": Session::RESTRICTIONS,
        "started_at": session.created_at,
        "expires_at": session.expires_at,
        "userId": session.user,
        "impersonatorId": session.impersonator,
        "startedAt": session.created_at,
        "expiresAt": session.expires_at,
    })
}

/// Why, and for how long.
#[derive(Deserialize)]
pub struct Wish {
    reason: String,
    duration_minutes: Option<u32>,
}

/// Begins it. There is no refresh token: it ends with the access token.
pub async fn begin(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<Wish>,
) -> Result<Said, Refusal> {
    let reason: DisplayName = body.reason.parse().map_err(|refused| field("reason", refused))?;
    if body.duration_minutes == Some(0) {
        return Err(Refusal::invalid("`duration_minutes` is at least 1."));
    }
    let wished = body.duration_minutes.map(|minutes| Duration::from_mins(minutes.into()));
    let user = named(&app, &realm, id).await?;
    let begun = session::begin_in_place(&app, &realm, &admin, user.id, (&reason, wished), origin, now).await;
    let (session, user) = fresh(&app, &admin, begun).await?;
    let InPlace { access_token, expires_in } = session::token_in_place(&app, &realm, (&session, &user), now)?;
    Ok(Said::ok(json!({
        "message": "You act in the place of the user.",
        "session": view(&session),
        "tokens": {
            "access_token": access_token,
            "refresh_token": null,
            "expires_in": expires_in,
            "token_type": "Bearer",
            "accessToken": access_token,
            "refreshToken": null,
            "expiresIn": expires_in,
            "tokenType": "Bearer",
        },
    })))
}

/// Ends it, by its own token.
pub async fn end(
    In(present): In<Present>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let Present::InPlace(acting) = present else {
        let message = "This token acts in nobody's place.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "NOT_IMPERSONATING", message));
    };
    session::end_in_place(&app, &acting, &origin, now).await?;
    Ok(Said::ok(json!({"message": "It is over.", "success": true, "session": view(&acting.session)})))
}

/// Whether the token acts in the place of somebody.
pub async fn status(In(present): In<Present>) -> Said {
    let session = match &present {
        Present::InPlace(acting) => view(&acting.session),
        Present::Themselves(_) => Value::Null,
    };
    let is = !session.is_null();
    Said::ok(json!({"is_impersonating": is, "isImpersonating": is, "session": session}))
}
