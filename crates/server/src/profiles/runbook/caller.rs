//! Who asks. Holding one of these is the proof.

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use gatepost_domain::User;

use super::user::{Role, subject};
use crate::{
    App, accounts,
    http::{Problem, SignedIn},
    profiles::fastapi::{Access, Refusal, bearer, identifier, numbered_session_of, open_access},
    realm::{InRealm, Snapshot},
};

fn refused() -> Refusal {
    Refusal::unauthorized("Could not validate credentials")
}

/// Somebody who is signed in.
pub struct Caller {
    /// They, and their session.
    pub who: SignedIn,
    /// The highest of their roles, now.
    pub role: Role,
    /// Their number, if they have one yet.
    known_number: Option<u64>,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let realm = parts.extensions.get::<InRealm>().cloned().ok_or(Problem::NotFound)?;
        let now = app.clock().now();
        let token = bearer(&parts.headers)?.ok_or_else(refused)?;
        let access = open_access(app, &realm, token, now).ok_or_else(refused)?;
        let Some((session, user, known_number)) = numbered_session_of(app, &realm, &access, now).await?
        else {
            return Err(without_session(app, &realm, &access).await?);
        };
        // Whoever has another name by now has other tokens.
        if subject(&user) != access.subject() {
            return Err(refused());
        }
        let role = Role::of(&user, realm.roles());
        Ok(Self { who: SignedIn::themselves(user, session), role, known_number })
    }
}

impl Caller {
    /// Their number; they are given one if they have none.
    pub async fn number(&self, app: &App) -> Result<u64, Problem> {
        match self.known_number {
            Some(number) => Ok(number),
            None => accounts::number(app, self.who.user.realm, self.who.user.id).await,
        }
    }
}

/// Why a token whose session has ended is refused: disabling an account ends its sessions, and the contract tells that apart.
async fn without_session(app: &App, realm: &Snapshot, access: &Access) -> Result<Refusal, Problem> {
    let user = find(app, realm, access.subject()).await?;
    Ok(match user {
        Some(user) if user.is_disabled() => Refusal::new(StatusCode::BAD_REQUEST, "Inactive user"),
        _ => refused(),
    })
}

/// The user whom tokens call so.
pub async fn find(app: &App, realm: &Snapshot, subject: &str) -> Result<Option<User>, Problem> {
    match identifier(subject).login() {
        Some(login) => accounts::find_by_login(app, realm.id(), login).await,
        None => Ok(None),
    }
}

/// Somebody who is signed in and an admin.
pub struct Admin(pub Caller);

impl FromRequestParts<App> for Admin {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let caller = Caller::from_request_parts(parts, app).await?;
        if caller.role == Role::Admin {
            Ok(Self(caller))
        } else {
            Err(Refusal::new(StatusCode::FORBIDDEN, "Insufficient permissions"))
        }
    }
}
