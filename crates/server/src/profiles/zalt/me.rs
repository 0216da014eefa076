//! `/me`: the signed-in account.

use axum::extract::State;
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
    accounts::{self, About, Who},
    api::Password,
    http::{Now, PresentKnown, Problem, SignedIn, Where},
    realm::InRealm,
};

/// The account, as it is now, also to an administrator who acts in its place.
pub async fn show(
    In(PresentKnown(present, known)): In<PresentKnown>,
    In(realm): In<InRealm>,
    State(app): State<App>,
) -> Result<Said, Refusal> {
    let (user, session) = present.account();
    let about = About::with(&app, user, known).await?;
    // When somebody else acts in their place, they did not sign in.
    let last_login = Some(session.created_at).filter(|_| session.impersonator.is_none());
    let user = view::user(&realm, user, &about, last_login);
    Ok(Said::naming(json!({}), "user", &user))
}

/// Changes what it says of the person. The name to show follows from the two names.
pub async fn change_profile(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<ProfileSent>,
) -> Result<Said, Refusal> {
    let changes = body.changes()?;
    let before = accounts::about(&app, &caller.user).await?.known.claims;
    let names = changes.given_name.is_some() || changes.family_name.is_some();
    let name = shown_name(&changes.clone().over(before)).filter(|_| names);
    let change = accounts::Change::new().name(name.map(Some))?.claims(changes)?;
    let who = Who::themselves(&caller, origin);
    let user = accounts::change(&app, caller.user.realm, caller.user.id, change, who, now).await?;
    let about = accounts::about(&app, &user).await?;
    let last_login = Some(caller.session.created_at);
    let user = view::user(&realm, &user, &about, last_login);
    Ok(Said::naming(json!({"message": "Changed."}), "user", &user))
}

/// Another password, in either spelling.
#[derive(Deserialize)]
pub struct PasswordChange {
    current_password: Option<Password>,
    #[serde(rename = "currentPassword")]
    current: Option<Password>,
    new_password: Option<Password>,
    #[serde(rename = "newPassword")]
    new: Option<Password>,
}

/// Replaces the password, and ends every other session.
pub async fn change_password(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<PasswordChange>,
) -> Result<Said, Refusal> {
    let missing = || Refusal::invalid("Send `current_password` and `new_password`.");
    let current = body.current_password.or(body.current).ok_or_else(missing)?;
    let new = body.new_password.or(body.new).ok_or_else(missing)?;
    let current = current.spelled().map_err(|_| Problem::WrongPassword)?;
    let weak = |problem: Problem| Refusal::from(problem).instead_of("INVALID_PASSWORD", "WEAK_PASSWORD");
    let new = new.accept(realm.settings(), &accounts::words(&caller.user)).map_err(weak)?;
    accounts::change_password(&app, &realm, &caller, (&current, &new), false, origin, now).await?;
    Ok(Said::ok(json!({"message": "The password is changed. Every other session has ended."})))
}
