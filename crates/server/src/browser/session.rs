//! Who is signed in in a browser.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{Method, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use gatepost_domain::{Session, Timestamp, User, session_token::SessionToken};
use gatepost_store::sessions;

use super::{Browser, Flow, Keep, Target, cookies};
use crate::{
    App,
    http::{Problem, SignedIn},
    realm::{InRealm, Snapshot},
    session::touch,
};

/// A person with a live session in this browser, proven by the newest cookie of that session.
///
/// As with [`SignedIn`], session and account are read at every request. Where nobody is signed in, the person is asked to sign in
/// and comes back; `Option<BrowserSession>` asks nobody.
#[derive(Clone, Debug)]
pub struct BrowserSession {
    /// The account, as it is now.
    pub user: User,
    /// The session.
    pub session: Session,
}

impl BrowserSession {
    /// For what the API does for whoever brings an access token.
    pub fn caller(&self) -> SignedIn {
        SignedIn::themselves(self.user.clone(), self.session.clone())
    }
}

impl OptionalFromRequestParts<App> for BrowserSession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Problem> {
        let browser = Browser::from_request_parts(parts, app).await?;
        let realm = parts.extensions.get::<InRealm>().cloned().ok_or(Problem::NotFound)?;
        let Some(token) = browser.token else { return Ok(None) };
        let (id, now) = (realm.id(), app.clock().now());
        let found = app
            .db()
            .read("check the session of a browser", move |tx| {
                Box::pin(async move { sessions::find_live(tx, id, token.session, now).await })
            })
            .await?;
        // A cookie from before the last sign-in is worth nothing, whoever has it.
        let Some((session, user)) = found.filter(|(session, _)| session.cookie == token.generation) else {
            return Ok(None);
        };
        touch(app, &realm, &session, now).await;
        Ok(Some(Self { user, session }))
    }
}

impl FromRequestParts<App> for BrowserSession {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let found = <Self as OptionalFromRequestParts<App>>::from_request_parts(parts, app).await;
        if let Some(found) = found.map_err(IntoResponse::into_response)? {
            return Ok(found);
        }
        let browser = Browser::from_request_parts(parts, app).await.map_err(IntoResponse::into_response)?;
        let realm = InRealm::from_request_parts(parts, app).await.map_err(IntoResponse::into_response)?;
        // What was sent is lost: it is to be sent by whoever signs in, not by whoever was signed in.
        let page = match parts.uri.path_and_query() {
            Some(all) if parts.method == Method::GET => all.as_str(),
            _ => parts.uri.path(),
        };
        let flow = Flow::to(Target::Page(page.to_owned()), app.clock().now());
        let sealed = flow.seal(app, &realm, &browser);
        Err(Redirect::to(&browser.path(&format!("/sign-in?flow={sealed}"))).into_response())
    }
}

impl Browser {
    /// Signs the browser in with the next answer. `remembered`: also after it was closed.
    pub fn keep(&self, app: &App, realm: &Snapshot, session: &Session, remembered: bool, now: Timestamp) {
        let token = SessionToken { session: session.id, generation: session.cookie };
        let keep = if remembered {
            Keep::Seconds(session.expires_at.since(now).as_secs())
        } else {
            Keep::UntilClosed
        };
        self.jar().set(&cookies::of_session(realm.name()), &app.session_mac().encode(token), keep);
    }

    /// Gives the browser the newest cookie of the session it has, for as long as the one before.
    pub fn keep_on(&self, app: &App, realm: &Snapshot, session: &Session, now: Timestamp) {
        self.keep(app, realm, session, session.is_remembered(realm.settings()), now);
    }

    /// Takes the session cookie away with the next answer.
    pub fn forget(&self, realm: &Snapshot) {
        self.jar().set(&cookies::of_session(realm.name()), "", Keep::No);
    }
}
