//! Several accounts that are signed in in one browser (`multi-session`), one of them in use; where the realm has it.
//!
//! Beside the cookie of the session in use there is one for each. Its name has the id of the session, for the token itself is a secret.

use axum::http::StatusCode;
use gatepost_domain::{Session, SessionId, User, session_token::SessionToken};
use serde::Serialize;
use serde_json::json;

use super::{
    asked::{Answer, Asked},
    caller::{Holder, expiry},
    cookies::Name,
    refusal::Refusal,
    view::{SessionView, UserView},
};
use crate::{
    accounts::Who,
    http::{Problem, SignedIn},
    session::{self, Ended},
};

/// As many accounts as a browser keeps.
const MOST: usize = 5;

fn invalid() -> Refusal {
    let message = "No such session is kept in this browser.";
    Refusal::new(StatusCode::UNAUTHORIZED, "INVALID_SESSION_TOKEN", message)
}

#[derive(Serialize)]
struct Kept {
    session: SessionView,
    user: UserView,
}

impl Asked {
    fn keeps_several(&self) -> bool {
        self.realm.settings().multi_session
    }

    fn check_keeps_several(&self) -> Result<(), Refusal> {
        if self.keeps_several() {
            return Ok(());
        }
        let message = "A browser keeps one account in this realm. Turn its setting multi_session on.";
        Err(Refusal::new(StatusCode::FORBIDDEN, "MULTI_SESSION_OFF", message))
    }

    /// Keeps a session beside those that the browser has. One that the same account had there before ends.
    pub(super) async fn keep_beside(&mut self, session: &Session) -> Result<(), Problem> {
        if !self.keeps_several() {
            return Ok(());
        }
        let kept = self.kept_beside();
        let mut others = kept.len();
        for token in kept.into_iter().filter(|token| token.session != session.id) {
            let holder = self.holder(token).await?;
            if let Some(other) = holder.as_ref().filter(|holder| holder.user.id == session.user) {
                end(self, &other.session, &other.user).await?;
            } else if holder.is_some() {
                continue;
            }
            self.set(Name::Multi(token.session), "", Some(0));
            others -= 1;
        }
        if others < MOST {
            self.set_beside(session);
        }
        Ok(())
    }

    /// The cookie of a session that is kept.
    pub(super) fn set_beside(&mut self, session: &Session) {
        let signed = self.app.application_mac().signed(&self.token_of(session));
        let remembered = session.is_remembered(self.realm.settings());
        let life = remembered.then(|| expiry(session).since(self.now).as_secs());
        self.set(Name::Multi(session.id), &signed, life);
    }

    /// Ends every session that the browser keeps.
    pub(super) async fn end_all_beside(&mut self) -> Result<(), Problem> {
        if !self.keeps_several() {
            return Ok(());
        }
        for token in self.kept_beside() {
            if let Some(holder) = self.holder(token).await? {
                end(self, &holder.session, &holder.user).await?;
            }
            self.set(Name::Multi(token.session), "", Some(0));
        }
        Ok(())
    }

    /// The session that a member names, by its handle or its token, if the browser keeps it.
    fn named_beside(&self, text: &str) -> Option<SessionToken> {
        let of_token = || self.app.application_mac().decode(self.realm.id(), text).map(|token| token.session);
        let id = text.parse::<SessionId>().ok().or_else(of_token)?;
        self.kept_beside().into_iter().find(|token| token.session == id)
    }
}

/// Ends a session that the browser has, as its user.
pub(super) async fn end(asked: &Asked, session: &Session, user: &User) -> Result<(), Problem> {
    let who = Who::themselves(&SignedIn::themselves(user.clone(), session.clone()), asked.origin.clone());
    let whose = (user.realm, user.id);
    session::end(&asked.app, whose, Ended::One(session.id), who, asked.now).await?;
    Ok(())
}

/// The sessions that the browser keeps, one of each account, each with a handle in place of its token.
pub(super) async fn list(asked: Asked) -> Answer {
    asked.check_keeps_several()?;
    let mut found: Vec<Holder> = Vec::new();
    for token in asked.kept_beside() {
        let holder = asked.holder(token).await?;
        found.extend(holder.filter(|holder| !found.iter().any(|other| other.user.id == holder.user.id)));
    }
    let kept = found.iter().map(|holder| Kept {
        session: SessionView::listed(&holder.session),
        user: UserView::new(&holder.user, &holder.person),
    });
    let kept: Vec<Kept> = kept.collect();
    Ok(asked.json(&kept))
}

/// Uses another of the sessions that the browser keeps.
pub(super) async fn set_active(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let named = fields.text("sessionToken");
    fields.done()?;
    asked.check_keeps_several()?;
    let token = asked.named_beside(&named).ok_or_else(invalid)?;
    let Some(holder) = asked.holder(token).await? else {
        asked.set(Name::Multi(token.session), "", Some(0));
        return Ok(asked.refuse(invalid()));
    };
    asked.keep(&holder.session);
    let session = SessionView::held(&holder.session, asked.token_of(&holder.session));
    let user = UserView::new(&holder.user, &holder.person);
    Ok(asked.json(&Kept { session, user }))
}

/// Ends one of the sessions that the browser keeps. Where it was the one in use, another takes its place.
pub(super) async fn revoke(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let named = fields.text("sessionToken");
    fields.done()?;
    asked.check_keeps_several()?;
    let caller = asked.signed_in().await?;
    let token = asked.named_beside(&named).ok_or_else(invalid)?;
    if let Some(holder) = asked.holder(token).await? {
        end(&asked, &holder.session, &holder.user).await?;
    }
    asked.set(Name::Multi(token.session), "", Some(0));
    if token.session == caller.session().id {
        let others = asked.kept_beside().into_iter().filter(|other| other.session != token.session);
        let mut next = None;
        for other in others {
            next = asked.holder(other).await?;
            if next.is_some() {
                break;
            }
        }
        match next {
            Some(holder) => asked.keep(&holder.session),
            None => asked.take_session_away(),
        }
    }
    Ok(asked.json(&json!({"status": true})))
}
