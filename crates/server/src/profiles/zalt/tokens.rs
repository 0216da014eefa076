//! `POST /refresh` and `POST /logout`

use axum::extract::State;
use serde::Deserialize;
use serde_json::json;

use super::{
    Refusal,
    envelope::Said,
    sent::{Body, In, MaybeBody},
    view,
};
use crate::{
    App,
    accounts::Who,
    http::{Now, SignedIn, Where},
    realm::InRealm,
    session::{self, Ended, Refreshed},
};

#[derive(Deserialize)]
pub struct Refresh {
    refresh_token: String,
}

/// The next pair of tokens. The token before is answered with the present pair for as long as the realm's grace lasts; one that is
/// older ends the session.
pub async fn refresh(
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    Body(body): Body<Refresh>,
) -> Result<Said, Refusal> {
    let Refreshed { tokens, repeated } = session::refresh(&app, &realm, &body.refresh_token, now).await?;
    let mut answer = view::with_tokens(json!({"message": "Refreshed."}), &tokens);
    if repeated {
        answer["grace_period_used"] = json!(true);
    }
    Ok(Said::ok(answer))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Logout {
    #[serde(alias = "all_devices")]
    logout_all: bool,
}

/// More sessions of one account are not counted.
const COUNTED: u32 = 1_000;

/// Ends the session of the access token, or every session of the account.
pub async fn logout(
    In(caller): In<SignedIn>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    MaybeBody(body): MaybeBody<Logout>,
) -> Result<Said, Refusal> {
    let whose = (caller.user.realm, caller.user.id);
    let who = Who::themselves(&caller, origin);
    if !body.logout_all {
        session::end(&app, whose, Ended::One(caller.session.id), who, now).await?;
        return Ok(Said::ok(json!({"message": "Signed out."})));
    }
    let there_were = session::list(&app, whose, None, COUNTED, now).await?.len();
    session::end(&app, whose, Ended::All { with_keys: false }, who, now).await?;
    Ok(Said::ok(json!({"message": "Signed out everywhere.", "sessions_terminated": there_were})))
}
