//! By what a person may act on an account.

use std::sync::Arc;

use gatepost_domain::{GrantId, RealmId, RoleName, Session, SessionId, Timestamp, User, mfa::Level};
use gatepost_store::{Tx, sessions};

use super::is_administrator;
use crate::{
    grants,
    http::{Problem, SignedIn},
    mfa,
};

/// What must still hold when the change is written: between the arrival of a request and its end the caller may have been
/// signed out, disabled, demoted or deleted.
#[derive(Clone, Debug)]
pub struct Proof {
    realm: RealmId,
    session: SessionId,
    grant: Option<GrantId>,
    pub(super) right: Right,
}

/// By what right somebody acts on the accounts of others.
#[derive(Clone, Debug)]
pub(super) enum Right {
    /// By none: the account is theirs.
    Own,
    /// As an administrator of the realm.
    Administrator,
    /// By one of these roles, which the realm's profile knows. Administrators of the realm are beyond it.
    AnyOf(Arc<[RoleName]>),
}

impl Proof {
    /// The caller's session is live, and what an application holds in it, if the caller is one.
    pub fn of(caller: &SignedIn) -> Self {
        let (realm, session, grant) = (caller.user.realm, caller.session.id, caller.grant);
        Self { realm, session, grant, right: Right::Own }
    }

    /// The same, of who acts on the accounts of others.
    pub(super) fn by(self, right: Right) -> Self {
        Self { right, ..self }
    }

    /// Checks it inside the transaction that writes. Whoever acts on the accounts of others has shown the second factor that theirs has:
    /// what they make may outlive the session, and whom they make may undo that.
    pub async fn check(&self, tx: &mut Tx, now: Timestamp) -> Result<(), Problem> {
        let (session, user) = self.live(tx, now).await?;
        if let Some(grant) = self.grant
            && grants::held(tx, self.realm, grant, now).await?.is_none()
        {
            return Err(Problem::InvalidToken { expired: false, check: "grant_ended" });
        }
        let may = match &self.right {
            Right::Own => return Ok(()),
            Right::Administrator => is_administrator(&user),
            Right::AnyOf(roles) => user.roles.iter().any(|role| roles.contains(role)),
        };
        if may { shown_all(tx, &session, &user).await } else { Err(Problem::MissingRole) }
    }

    /// Whether the session has shown a second factor, if the account has one: asked of what goes on when the session is over.
    pub(super) async fn has_shown_all(&self, tx: &mut Tx, now: Timestamp) -> Result<(), Problem> {
        let (session, user) = self.live(tx, now).await?;
        shown_all(tx, &session, &user).await
    }

    async fn live(&self, tx: &mut Tx, now: Timestamp) -> Result<(Session, User), Problem> {
        let found = sessions::find_live(tx, self.realm, self.session, now).await?;
        found.ok_or(Problem::InvalidToken { expired: false, check: "session_ended" })
    }
}

async fn shown_all(tx: &mut Tx, session: &Session, user: &User) -> Result<(), Problem> {
    match Level::of(&session.amr) {
        Level::One if !mfa::factors(tx, user.realm, user.id).await?.is_empty() => {
            Err(Problem::ReauthenticationRequired)
        }
        Level::One | Level::Two => Ok(()),
    }
}
