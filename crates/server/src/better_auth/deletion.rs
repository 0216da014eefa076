//! Deleting an account by a link that is mailed to its owner (`delete-user/callback`), where they have no password to show and their
//! sign-in is too old.
//!
//! A person who opens the link is asked first, in the session that asked for it and where it was asked for: programs that check mail open
//! every link, and whoever is talked into opening one must not lose their account to somebody who holds their session (LG-10, LG-18). A
//! script of the application that asks with the link knows what it does.

use axum::{http::StatusCode, response::Response};
use gatepost_domain::{AskedSignIn, LinkPurpose, MailedLinkId, SecretDigest};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::{
    BASE,
    account::undeleted,
    asked::{Answer, Asked},
    mailed::by_nobody,
    refusal::Refusal,
    targets::Targets,
};
use crate::{
    accounts,
    http::{Problem, SignedIn},
    pages::{self, Frame},
};

/// Where a link leads, under the base.
pub(super) const CALLBACK: &str = "/delete-user/callback";

/// Mails the link, where that shows as much as deleting takes.
pub(super) async fn mail_link(mut asked: Asked, caller: &SignedIn, targets: &Targets) -> Answer {
    let Some(email) = &caller.user.email else { return Err(undeleted(Problem::ReauthenticationRequired)) };
    let id = MailedLinkId::new(asked.now, asked.app.entropy());
    let waiting = asked.begin_to_wait(id, LinkPurpose::DeleteAccount, email);
    let by = AskedSignIn { by: waiting.by_in(caller.session.id), ..waiting.asked() };
    let origin = asked.origin.clone().going_on_at(Some(targets.query()));
    let (app, realm) = (&asked.app, &asked.realm);
    accounts::ask_to_delete(app, realm, caller, (id, by), origin, asked.now).await.map_err(undeleted)?;
    asked.wait_for(&waiting)?;
    Ok(asked.json(&json!({"success": true, "message": "Verification email sent"})))
}

/// That the account is gone.
pub(super) fn deleted(mut asked: Asked) -> Response {
    asked.take_session_away();
    asked.json(&json!({"success": true, "message": "User deleted"}))
}

/// Deletes the account by what stands in the link, for the page of the application that has it.
pub(super) async fn by_token(mut asked: Asked, caller: &SignedIn, token: &str) -> Answer {
    use_up(&asked, caller, token).await.map_err(refused)?;
    asked.stop_waiting();
    Ok(deleted(asked))
}

/// The link: a page that asks first, for people; for a script, what the page's button does.
pub(super) async fn open(frame: Frame, mut asked: Asked) -> Answer {
    let mut query = asked.query();
    let token = query.text("token");
    query.done()?;
    let targets = Targets::of_body(&mut asked.query());
    if asked.is_opened() {
        return page(&frame, asked, &token, &targets, false).await;
    }
    asked.check_first()?;
    let Some(caller) = asked.caller().await? else {
        let message = "Sign in first, where the link was asked for.";
        return Err(Refusal::new(StatusCode::NOT_FOUND, "FAILED_TO_GET_USER_INFO", message));
    };
    if !targets.leads_on() {
        return by_token(asked, &caller.known, &token).await;
    }
    let target = targets.good(&asked.realm, false)?;
    use_up(&asked, &caller.known, &token).await.map_err(refused)?;
    asked.stop_waiting();
    asked.take_session_away();
    Ok(asked.redirect(target.as_str()))
}

/// The button of the page.
pub(super) async fn follow(frame: Frame, mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (token, csrf) = (fields.text("token"), fields.text("csrf"));
    fields.done()?;
    let targets = Targets::of_body(&mut asked.query());
    if frame.browser.check_csrf(&asked.app, &asked.realm, Some(&csrf)).is_err() {
        return page(&frame, asked, &token, &targets, true).await;
    }
    let Some(caller) = asked.caller().await? else {
        return page(&frame, asked, &token, &targets, false).await;
    };
    let target = match use_up(&asked, &caller.known, &token).await {
        Ok(()) => {
            asked.stop_waiting();
            asked.take_session_away();
            targets.good(&asked.realm, false)?
        }
        Err(Problem::InvalidLink) => targets.bad(&asked.realm, "INVALID_TOKEN")?,
        Err(Problem::ReauthenticationRequired) => targets.bad(&asked.realm, "SESSION_EXPIRED")?,
        Err(why @ (Problem::LastOwner | Problem::LastAdministrator)) => {
            targets.bad(&asked.realm, &why.code().to_ascii_uppercase())?
        }
        Err(other) => return Err(undeleted(other)),
    };
    let mut response = asked.redirect(target.as_str());
    *response.status_mut() = StatusCode::SEE_OTHER;
    Ok(response)
}

/// What somebody sees who opens the link. Looking uses nothing up.
async fn page(frame: &Frame, mut asked: Asked, token: &str, targets: &Targets, stale: bool) -> Answer {
    let target = targets.good(&asked.realm, false)?;
    let caller = asked.caller().await?.map(|caller| caller.known);
    let by = caller.as_ref().map_or_else(by_nobody, |caller| by(&asked, caller));
    let opened = (token, &by);
    let opened =
        accounts::opened_to_delete(&asked.app, &asked.realm, caller.as_ref(), opened, asked.now).await;
    let shown = utf8_percent_encode(token, NON_ALPHANUMERIC);
    let frame = &frame.clone().seen_at(&format!("{BASE}{CALLBACK}?token={shown}&{}", targets.query()));
    let page = match opened {
        Ok(Some(email)) => {
            let action = format!("{BASE}{CALLBACK}?{}", targets.query());
            pages::deletion_link(frame, (&email, token), (&action, &target), stale)
        }
        Ok(None) => pages::deletion_opened_elsewhere(frame, &target),
        Err(Problem::InvalidLink) => {
            let target = targets.bad(&asked.realm, "INVALID_TOKEN")?;
            return Ok(asked.redirect(target.as_str()));
        }
        Err(other) => return Err(other.into()),
    };
    Ok(asked.page(page))
}

/// By what whoever asks is known to have asked for a link in this session.
fn by(asked: &Asked, caller: &SignedIn) -> SecretDigest {
    asked.waits_for().map_or_else(by_nobody, |waiting| waiting.by_in(caller.session.id))
}

async fn use_up(asked: &Asked, caller: &SignedIn, token: &str) -> Result<(), Problem> {
    let by = by(asked, caller);
    let (app, realm, origin) = (&asked.app, &asked.realm, asked.origin.clone());
    accounts::delete_own_by_link(app, realm, caller, (token, &by), origin, asked.now).await
}

/// A link that does nothing, in the words of the contract.
fn refused(problem: Problem) -> Refusal {
    match problem {
        Problem::InvalidLink => {
            let message = "The link is not good: it was used, is too old, or was asked for in another session. Ask for another.";
            Refusal::new(StatusCode::NOT_FOUND, "INVALID_TOKEN", message)
        }
        other => undeleted(other),
    }
}
