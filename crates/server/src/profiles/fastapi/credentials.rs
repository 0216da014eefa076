//! What somebody signs in with.

use axum::http::HeaderMap;
use gatepost_domain::{Scopes, Timestamp, User, password::Password};

use crate::{
    App,
    api_keys::{self, Resolved},
    http::{Problem, Where},
    realm::Snapshot,
    session::{self, Held, Identifier, SignIn, Steps, Wants},
};

/// What came of a password.
pub enum Login {
    /// There is a session.
    In(Box<Held>),
    /// The account or the password is not right, or more is asked for than a contract knows that has one step.
    Wrong,
    /// The password is right, and the account is disabled.
    Inactive,
}

impl Login {
    /// Signs somebody in, with what `scopes` says that they hold.
    pub async fn with_password(
        app: &App,
        realm: &Snapshot,
        (identifier, password): (Identifier<'_>, Password),
        scopes: impl FnOnce(&User) -> Result<Scopes, Problem>,
        origin: &Where,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let proven = match session::prove_or_tell(app, realm, identifier, password, origin, now).await {
            Ok(Some(proven)) => proven,
            Ok(None) => return Ok(Self::Inactive),
            Err(Problem::InvalidCredentials | Problem::EmailUnverified) => return Ok(Self::Wrong),
            Err(other) => return Err(other),
        };
        let wants = Wants { scopes: scopes(&proven.user)?, steps: Steps::One };
        match session::begin(app, realm, proven, wants, origin, now).await {
            Ok(SignIn::Begun(held)) => Ok(Self::In(Box::new(held))),
            Ok(SignIn::Pending(..)) | Err(Problem::InvalidCredentials) => Ok(Self::Wrong),
            Err(other) => Err(other),
        }
    }
}

/// Who signs in, as typed: a user name has no `@`, and an address has one.
pub fn identifier(text: &str) -> Identifier<'_> {
    if text.contains('@') { Identifier::Email(text) } else { Identifier::Username(text) }
}

/// What came of `X-API-Key`.
pub enum Key {
    /// There is no such header.
    None,
    /// It is not good.
    Wrong,
    /// It is good.
    Good(Box<Resolved>),
}

/// The key in `X-API-Key`. That it was used is noted.
pub async fn api_key(
    app: &App,
    realm: &Snapshot,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Key, Problem> {
    let mut sent = headers.get_all("x-api-key").iter();
    let Some(text) = sent.next() else { return Ok(Key::None) };
    // Of two neither counts.
    let (None, Ok(text)) = (sent.next(), text.to_str()) else { return Ok(Key::Wrong) };
    if text.is_empty() {
        return Ok(Key::None);
    }
    match api_keys::resolve(app, realm, text, now).await? {
        Ok(resolved) => {
            api_keys::note_use(app, &resolved.key, now).await;
            Ok(Key::Good(Box::new(resolved)))
        }
        Err(_) => Ok(Key::Wrong),
    }
}
