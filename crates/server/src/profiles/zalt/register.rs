//! `POST /register`

use axum::extract::State;
use gatepost_store::sessions::Known;
use serde::Deserialize;
use serde_json::json;

use super::{
    Refusal,
    envelope::Said,
    profile::{ProfileSent, shown_name},
    sent::{Body, In},
    view,
};
use crate::{
    App,
    accounts::{self, About},
    api::Password,
    http::{Now, Where},
    realm::InRealm,
    session::{self, SignIn},
};

#[derive(Deserialize)]
pub struct Registration {
    email: String,
    password: Password,
    #[serde(default)]
    profile: Option<ProfileSent>,
}

/// Makes an account, and signs it in where nothing more is asked for: programs of the newer generation go on with these tokens.
///
/// Where only confirmed addresses sign in there are none, and an address that has an account is answered as any other (LG-01).
pub async fn register(
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<Registration>,
) -> Result<Said, Refusal> {
    let claims = body.profile.unwrap_or_default().changes()?.of_nobody();
    let name = shown_name(&claims);
    let profile =
        accounts::Profile::parse(Some(&body.email), None, name.as_deref())?.claims(claims.clone())?;
    let made = accounts::sign_up(&app, &realm, profile, body.password.text(), &origin, now).await;
    let (user, hash) =
        made.map_err(|problem| Refusal::from(problem).instead_of("RATE_LIMITED", "RATE_LIMIT_EXCEEDED"))?;
    // As the account was made: nothing is looked up that an address which has an account would answer otherwise.
    let about = About { known: Known { claims, ..Known::default() }, ..About::default() };
    let mut answer = json!({
        "message": told(app.mailer().is_on()),
        "user": view::user(&realm, &user, &about, None),
    });
    if !realm.settings().require_verified_email {
        let proven = session::just_signed_up(&app, user, hash, now);
        match session::sign_in(&app, &realm, proven, &origin, now).await {
            Ok(SignIn::Begun(begun)) => answer = view::with_tokens(answer, &begun.tokens),
            // The realm asks for a second factor: they sign in, and are told.
            Ok(SignIn::Pending(..)) => {}
            Err(problem) => {
                tracing::warn!(code = problem.code(), "an account was made, and could not be signed in to");
            }
        }
    }
    Ok(Said::created(answer))
}

/// The same for an address that has an account, where it is not told.
const fn told(by_mail: bool) -> &'static str {
    if by_mail {
        "The account is made. Confirm the address by the link that is mailed to it."
    } else {
        "The account is made."
    }
}
