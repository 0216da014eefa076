//! An administrator acts in the place of a user, in the browser in which they are signed in themselves (decision 0036).
//!
//! Their own session waits in a cookie meanwhile, and comes back when they stop.

use axum::http::StatusCode;
use gatepost_domain::{DisplayName, Session, User};
use serde::Serialize;

use super::{
    super::{
        asked::{Answer, Asked},
        caller::{Holder, Person},
        cookies::Name,
        multi_session,
        refusal::Refusal,
        view::{SessionView, UserView},
    },
    administrator, named, told,
};
use crate::{http::Problem, session};

/// Why, in the audit trail: the contract has no word for it.
const REASON: &str = "none given, by Better Auth's /admin/impersonate-user";

#[derive(Serialize)]
struct Shown {
    session: SessionView,
    user: UserView,
}

fn refused(problem: Problem) -> Refusal {
    match problem {
        Problem::BeyondRights => {
            let message = "Nobody acts for an administrator, a disabled account or themselves.";
            Refusal::new(StatusCode::FORBIDDEN, "YOU_CANNOT_IMPERSONATE_ADMINS", message)
        }
        other => told(other),
    }
}

impl Asked {
    /// Keeps the administrator's own session for as long as they act in the place of a user.
    fn keep_administrator(&mut self, own: &Session, in_place: &Session) {
        let signed = self.app.application_mac().signed(&self.token_of(own));
        self.set(Name::AdminSession, &signed, Some(in_place.expires_at.since(self.now).as_secs()));
    }

    /// The administrators whose own sessions wait in this browser, if they are live.
    async fn administrators(&self) -> Result<Vec<Holder>, Problem> {
        let (mac, realm) = (self.app.application_mac(), self.realm.id());
        let kept = self.signed_cookies(Name::AdminSession);
        let mut found = Vec::new();
        for token in kept.iter().filter_map(|text| mac.decode(realm, text)).take(2) {
            found.extend(self.holder(token).await?);
        }
        Ok(found)
    }

    /// Ends the sessions of administrators that wait in this browser.
    pub(in crate::better_auth) async fn end_administrator(&self) -> Result<(), Problem> {
        for holder in self.administrators().await? {
            multi_session::end(self, &holder.session, &holder.user).await?;
        }
        Ok(())
    }

    /// Takes away with the answer what waits in this browser.
    pub(in crate::better_auth) fn forget_administrator(&mut self) {
        if self.has_cookie(Name::AdminSession) {
            self.set(Name::AdminSession, "", Some(0));
        }
    }
}

/// Begins to act in the place of a user. It takes a sign-in of a moment ago, with every factor.
pub(in crate::better_auth) async fn impersonate(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let id = fields.text("userId");
    fields.done()?;
    let admin = administrator(&mut asked, "YOU_ARE_NOT_ALLOWED_TO_IMPERSONATE_USERS").await?;
    let user = named(&asked, &id).await?;
    let reason: DisplayName = REASON.parse().map_err(Problem::internal)?;
    let (app, realm, origin) = (&asked.app, &asked.realm, asked.origin.clone());
    let begun =
        session::begin_in_place(app, realm, &admin.known, user.id, (&reason, None), origin, asked.now).await;
    let (session, user) = begun.map_err(refused)?;
    asked.keep(&session);
    asked.keep_administrator(admin.session(), &session);
    shown(asked, &session, &user).await
}

/// Stops, and gives the administrator their own session back, under a new token. Where that is over, so is this.
pub(in crate::better_auth) async fn stop_impersonating(mut asked: Asked) -> Answer {
    let caller = asked.present().await?;
    let caller = caller.ok_or_else(|| Refusal::without_body(StatusCode::UNAUTHORIZED))?;
    let Some(acting) = caller.acting() else {
        let message = "You act in nobody's place.";
        return Err(Refusal::without_code(StatusCode::BAD_REQUEST, message));
    };
    let mut waiting = asked.administrators().await?.into_iter();
    let Some(own) = waiting.find(|own| Some(own.session.id) == acting.session.begun_in) else {
        let message = "The administrator's own session is not in this browser. End this one with /sign-out.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "ADMIN_SESSION_NOT_FOUND", message));
    };
    session::end_in_place(&asked.app, &acting, &asked.origin, asked.now).await?;
    let Some(renewed) = session::renew_cookie(&asked.app, &own.session, asked.now).await? else {
        asked.take_session_away();
        return Ok(asked.refuse(Refusal::unauthorized()));
    };
    asked.keep(&renewed);
    shown(asked, &renewed, &own.user).await
}

async fn shown(asked: Asked, session: &Session, user: &User) -> Answer {
    let person = Person::of(&asked.app, user).await?;
    let session = SessionView::held(session, asked.token_of(session));
    Ok(asked.json(&Shown { session, user: UserView::new(user, &person) }))
}
