//! Who is calling. Holding one of these values is the proof; a route without one is public.

use axum::{
    extract::FromRequestParts,
    http::{header::AUTHORIZATION, request::Parts},
};
use gatepost_domain::{Session, SessionId, User, UserId};
use gatepost_jose::claims_to_be_api_key;
use gatepost_store::sessions;

use super::{Problem, precondition};
use crate::{App, accounts, realm::InRealm, session::touch};

/// A person with a live session, proven by an access token of this realm that names the realm itself as audience.
///
/// The session and the account are read from the database at every request, so a sign-out, a disabled account or a
/// password change is noticed at once.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The account, as it is now.
    pub user: User,
    /// The session the token belongs to.
    pub session: Session,
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = Self::known(parts, app).await?;
        precondition::none_is_ignored(parts)?;
        Ok(caller)
    }
}

impl SignedIn {
    async fn known(parts: &Parts, app: &App) -> Result<Self, Problem> {
        let token = bearer(parts)?;
        let realm = parts.extensions.get::<InRealm>().cloned().ok_or(Problem::NotFound)?;
        let now = app.clock().now();
        let refused = |check| Problem::InvalidToken { expired: false, check };
        let claims = realm.verifier().verify(token, now.unix_seconds()).map_err(|refused| {
            Problem::InvalidToken { expired: refused.is_expired(), check: refused.code() }
        })?;
        // What an application may do of its own is not to manage the account, also where it is for this realm.
        if !claims.has_scope("account") {
            return Err(refused("scope_missing"));
        }
        let session: SessionId =
            claims.session_id().and_then(|id| id.parse().ok()).ok_or_else(|| refused("session_missing"))?;
        let id = realm.id();
        let found = app
            .db()
            .read("check a session", move |tx| {
                Box::pin(async move { sessions::find_live(tx, id, session, now).await })
            })
            .await?;
        let (session, user) = found.ok_or_else(|| refused("session_ended"))?;
        if claims.subject().parse::<UserId>() != Ok(user.id) {
            return Err(refused("session_ended"));
        }
        touch(app, &realm, &session, now).await;
        Ok(Self { user, session })
    }
}

/// The one bearer token of a request. Two `Authorization` headers are refused: which one would count?
fn bearer(parts: &Parts) -> Result<&str, Problem> {
    let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
    let Some(header) = headers.next() else {
        // A program that sends its key where the API of a guard would take it.
        let key = parts.headers.contains_key("x-api-key");
        return Err(if key { Problem::WrongCredential } else { Problem::Unauthenticated });
    };
    let refused = |check| Problem::InvalidToken { expired: false, check };
    if headers.next().is_some() {
        return Err(refused("two_credentials"));
    }
    let Ok(text) = header.to_str() else {
        return Err(refused("token_malformed"));
    };
    match text.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") && claims_to_be_api_key(key) => {
            Err(Problem::WrongCredential)
        }
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token),
        _ => Err(Problem::Unauthenticated),
    }
}

/// A signed-in administrator of this realm. The role is the account's present one, not the token's.
#[derive(Clone, Debug)]
pub struct Admin(pub SignedIn);

impl FromRequestParts<App> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = SignedIn::known(parts, app).await?;
        if !accounts::is_administrator(&caller.user) {
            return Err(Problem::MissingRole);
        }
        precondition::none_is_ignored(parts)?;
        Ok(Self(caller))
    }
}
