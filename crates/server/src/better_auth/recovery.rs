//! Lost passwords and unproven addresses, by links that are mailed.

use axum::http::StatusCode;
use gatepost_domain::{LinkPurpose, User};
use serde::Serialize;
use serde_json::json;

use super::{
    asked::{Answer, Asked},
    caller::{Caller, Person},
    origins::whole,
    refusal::Refusal,
    sign_up::check_length,
    view::UserView,
};
use crate::{accounts, http::Problem};

/// Mails a link to choose another password to whoever has the address. The answer is the same where nobody has.
pub(super) async fn request_reset(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (email, page) = (fields.email("email"), fields.optional_text("redirectTo"));
    fields.done()?;
    let Some(email) = email else { return Err(Refusal::unauthorized()) };
    let origin = asked.origin.clone().going_on_at(page.filter(|page| !page.is_empty()));
    accounts::ask_to_recover(&asked.app, &asked.realm, email, &origin, asked.now).await?;
    let message = "If the address is that of an account, a link is on its way to it.";
    Ok(asked.json(&json!({"status": true, "message": message})))
}

/// Sends whoever opens such a link on to the page of the application that asked for it. Looking uses nothing up.
pub(super) async fn open_reset(asked: Asked) -> Answer {
    let mut query = asked.query();
    let page = query.text("callbackURL");
    query.done()?;
    let token = asked.last_of_path();
    let opened = accounts::opened(&asked.app, &asked.realm, &token, &[LinkPurpose::Recover], asked.now).await;
    let said = match &opened {
        Ok(_) => ("token", token.as_str()),
        Err(Problem::InvalidLink) => ("error", "INVALID_TOKEN"),
        Err(_) => return Err(opened.err().map_or_else(Refusal::unauthorized, Refusal::from)),
    };
    let Some(mut target) = whole(&asked.realm, &page) else {
        let message = "callbackURL is no address.";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "INVALID_CALLBACK_URL", message));
    };
    target.query_pairs_mut().append_pair(said.0, said.1);
    Ok(asked.redirect(target.as_str()))
}

/// Sets another password by such a link; every session ends.
pub(super) async fn reset(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (new, token) = (fields.password("newPassword"), fields.optional_text("token"));
    fields.done()?;
    let token = token.filter(|token| !token.is_empty());
    let token = token.or_else(|| asked.query().optional_text("token"));
    let token = token.ok_or(Problem::InvalidLink)?;
    check_length(&new)?;
    let (app, realm) = (&asked.app, &asked.realm);
    let (_, user) = accounts::opened(app, realm, &token, &[LinkPurpose::Recover], asked.now).await?;
    let new = accounts::accept_password(realm, &new, &user)?;
    accounts::recover(app, realm, &token, &new, false, asked.origin.clone(), asked.now).await?;
    Ok(asked.json(&json!({"status": true})))
}

/// Mails a link to prove an address: one's own, or, where nobody is signed in, whoever's it is.
pub(super) async fn send_verification(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (email, back) = (fields.email("email"), fields.optional_text("callbackURL"));
    fields.done()?;
    let Some(email) = email else { return Err(Refusal::unauthorized()) };
    let caller = asked.caller().await?;
    let (app, realm) = (&asked.app, &asked.realm);
    let origin = &asked.origin.clone().going_on_at(back.filter(|back| !back.is_empty()));
    if let Some(user) = caller.as_ref().map(Caller::user) {
        let bad = |code, message| Refusal::new(StatusCode::BAD_REQUEST, code, message);
        if user.email.as_ref() != Some(&email) {
            return Err(bad("EMAIL_MISMATCH", "This is not the address of the account."));
        }
        if user.email_verified {
            return Err(bad("EMAIL_ALREADY_VERIFIED", "The address of the account is verified."));
        }
        accounts::verify_ones_own(app, realm, user, origin, asked.now).await?;
    } else {
        accounts::count_mail(app, realm, &email, origin, asked.now).await?;
        accounts::ask_to_verify(app, realm, email, origin, asked.now).await?;
    }
    Ok(asked.json(&json!({"status": true})))
}

#[derive(Serialize)]
struct Verified {
    status: bool,
    user: Option<UserView>,
}

/// Confirms an address by the token of a link. The links of our letters lead to a page that asks first, so that no program which
/// looks at mail confirms anything (LG-10); an application that calls this knows what it does.
pub(super) async fn verify_email(asked: Asked) -> Answer {
    let mut query = asked.query();
    let (token, back) = (query.text("token"), query.optional_text("callbackURL"));
    query.done()?;
    let (app, realm, origin) = (&asked.app, &asked.realm, asked.origin.clone());
    let back = back.filter(|back| !back.is_empty());
    let user: User = match (accounts::confirm_email(app, realm, &token, origin, asked.now).await, &back) {
        (Ok(user), _) => user,
        (Err(Problem::InvalidLink), Some(back)) => {
            let mark = if back.contains('?') { '&' } else { '?' };
            return Ok(asked.redirect(&format!("{back}{mark}error=INVALID_TOKEN")));
        }
        (Err(Problem::InvalidLink), None) => {
            let message = "The link is not good: it was used, replaced by a newer one, or is too old.";
            return Err(Refusal::new(StatusCode::UNAUTHORIZED, "INVALID_TOKEN", message));
        }
        (Err(other), _) => return Err(other.into()),
    };
    if let Some(back) = back {
        return Ok(asked.redirect(&back));
    }
    // What the contract shows only where the account has another address.
    let read = asked.app.link_mac().decode(&token);
    let changed = read.is_some_and(|(purpose, _)| purpose == LinkPurpose::ChangeEmail);
    let person = Person::of(&asked.app, &user).await?;
    Ok(asked.json(&Verified { status: true, user: changed.then(|| UserView::new(&user, &person)) }))
}
