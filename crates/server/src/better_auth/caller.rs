//! Who asks: somebody with a session, by its token.

use axum::http::StatusCode;
use gatepost_domain::{Membership, PersonalClaims, Session, Timestamp, User, session_token::SessionToken};
use gatepost_store::{memberships::Chosen, sessions};

use super::{asked::Asked, refusal::Refusal, view::UserView};
use crate::{
    App,
    accounts::Who,
    http::{InPlaceOf, Problem, SignedIn},
    session::touch,
};

/// Somebody with a live session, and what an application shows of them.
pub(super) struct Caller {
    /// As every door knows them.
    pub(super) known: SignedIn,
    person: Person,
}

/// Whose a session is.
pub(super) struct Holder {
    pub(super) session: Session,
    pub(super) user: User,
    pub(super) person: Person,
}

/// What is shown of a user beside the user.
#[derive(Clone, Debug, Default)]
pub(super) struct Person {
    pub(super) claims: PersonalClaims,
    pub(super) has_factor: bool,
}

impl Person {
    /// Of a user whose session was not read with it.
    pub(super) async fn of(app: &App, user: &User) -> Result<Self, Problem> {
        let (realm, id) = (user.realm, user.id);
        let found = app.db().read("find what is shown of a user", move |tx| {
            Box::pin(async move {
                let known = sessions::known(tx, realm, id).await?;
                Ok::<_, Problem>(Self { has_factor: known.has_factor(), claims: known.claims })
            })
        });
        found.await
    }
}

impl Caller {
    pub(super) fn user(&self) -> &User {
        &self.known.user
    }

    pub(super) fn session(&self) -> &Session {
        &self.known.session
    }

    /// An administrator who acts in the place of the user, if that is who asks.
    pub(super) fn acting(&self) -> Option<InPlaceOf> {
        let (user, session) = (self.user().clone(), self.session().clone());
        session.impersonator.map(|by| InPlaceOf { user, session, by })
    }

    pub(super) fn view(&self) -> UserView {
        UserView::new(&self.known.user, &self.person)
    }

    /// As a member of an organization.
    pub(super) fn as_member(&self, member: Membership) -> Chosen {
        Chosen { member, user: self.known.user.clone(), claims: self.person.claims.clone() }
    }

    pub(super) fn who(&self, asked: &Asked) -> Who {
        Who::themselves(&self.known, asked.origin.clone())
    }
}

impl Asked {
    /// Whoever has the session that the request names, themselves: who acts in the place of a user is refused (decision 0036).
    pub(super) async fn caller(&mut self) -> Result<Option<Caller>, Refusal> {
        let caller = self.present().await?;
        if caller.as_ref().is_some_and(|caller| caller.session().impersonator.is_some()) {
            let message =
                "This is not done in the place of a user. Stop with /admin/stop-impersonating first.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "IMPERSONATION_RESTRICTED", message));
        }
        Ok(caller)
    }

    /// Whoever has the session that the request names, if that is live: its user, or an administrator in their place. One that is forged or
    /// of another realm is refused without the database; one that is over is taken away with the answer.
    pub(super) async fn present(&mut self) -> Result<Option<Caller>, Refusal> {
        let Some(token) = self.session_token() else { return Ok(None) };
        let Some(Holder { session, user, person }) = self.holder(token).await? else {
            self.take_session_away();
            return Ok(None);
        };
        let session = self.kept_alive(session).await;
        Ok(Some(Caller { known: SignedIn::themselves(user, session), person }))
    }

    /// Whose the session of a token is, if it is live and this its newest token.
    pub(super) async fn holder(&self, token: SessionToken) -> Result<Option<Holder>, Problem> {
        let (realm, now) = (self.realm.id(), self.now);
        let found = self.app.db().read("check the session of an application", move |tx| {
            Box::pin(async move {
                let found = sessions::find_live_known(tx, realm, token.session, now).await?;
                let newest = found.filter(|(session, ..)| session.cookie == token.generation);
                Ok::<_, Problem>(newest.map(|(session, user, known)| {
                    let person = Person { has_factor: known.has_factor(), claims: known.claims };
                    Holder { session, user, person }
                }))
            })
        });
        found.await
    }

    /// Whoever asks, who must be signed in.
    pub(super) async fn signed_in(&mut self) -> Result<Caller, Refusal> {
        self.caller().await?.ok_or_else(Refusal::unauthorized)
    }

    /// A session that is used does not end by being idle, and neither does its cookie.
    async fn kept_alive(&mut self, session: Session) -> Session {
        // One in the place of a user ends when it ends.
        let stays = self.leaves_session_alone || session.impersonator.is_some();
        if stays || !session.is_due_for_touch(self.realm.settings(), self.now) {
            return session;
        }
        touch(&self.app, &self.realm, &session, self.now).await;
        let idle = self.now.plus(self.realm.settings().session_idle_ttl);
        let session =
            Session { last_seen_at: self.now, idle_expires_at: idle.min(session.expires_at), ..session };
        if session.is_remembered(self.realm.settings()) {
            self.keep(&session);
            if self.kept_beside().iter().any(|token| token.session == session.id) {
                self.set_beside(&session);
            }
        }
        session
    }
}

/// When a session ends if it is not used again.
pub(super) fn expiry(session: &Session) -> Timestamp {
    session.idle_expires_at.min(session.expires_at)
}
