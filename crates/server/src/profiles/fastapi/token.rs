//! The tokens of the profiles: signed with the secret that their applications know, and told apart by `type`.
//!
//! Whoever has the secret can make them for other applications, and none that counts here. An access token has a mark of ours (`jti`) over
//! everything that it says. A refresh token is one of ours (`gp_rt_…`) in such a token: they can make the shell and not what is in it. It
//! is the same for one generation of a grant, always, so that a client that lost an answer is given the same again.

use std::sync::Arc;

use gatepost_domain::{Grant, Scopes, Session, Timestamp, User, refresh::RefreshToken};
use gatepost_store::sessions;
use serde::Serialize;

use crate::{App, http::Problem, realm::Snapshot, session, signing::SharedClaims};

/// What marks a token to open something with.
const ACCESS: &str = "access";
/// What marks a token to have another with.
const REFRESH: &str = "refresh";

/// A token that was opened: ours, and not expired.
#[derive(Clone, Debug)]
pub struct Access(Arc<SharedClaims>);

impl Access {
    /// Whom it is about.
    pub fn subject(&self) -> &str {
        &self.0.sub
    }

    /// Whether it may be used for all of this; else a scope that it lacks.
    pub fn covers<'s>(&self, scopes: &'s Scopes) -> Result<(), &'s str> {
        scopes.iter().map(AsRef::as_ref).find(|scope| !self.has_scope(scope)).map_or(Ok(()), Err)
    }

    /// Whether it was made to be used for this.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.0.scopes.iter().flatten().any(|known| known == scope)
    }
}

/// A pair of tokens, as both contracts answer it.
#[derive(Serialize)]
pub struct Pair {
    /// The access token.
    pub access_token: String,
    /// The refresh token.
    pub refresh_token: String,
    token_type: &'static str,
}

/// What there is to be said of a sign-in.
pub struct Said<'a> {
    /// What the profile calls the user.
    pub subject: &'a str,
    /// The session.
    pub session: &'a Session,
    /// What is held in it.
    pub grant: &'a Grant,
    /// What the access token may be used for, where the profile says so.
    pub scopes: Option<Vec<String>>,
}

/// The next pair of a grant.
pub fn pair(app: &App, realm: &Snapshot, said: Said<'_>, now: Timestamp) -> Result<Pair, Problem> {
    let Said { subject, session, grant, scopes } = said;
    let secrets = realm.keys().shared();
    let ttl = realm.settings().access_token_ttl.as_secs();
    let mut nonce = [0; 16];
    app.entropy().fill(&mut nonce);
    let mut access = SharedClaims {
        sub: subject.to_owned(),
        scopes,
        exp: now.unix_seconds().saturating_add_unsigned(ttl),
        r#type: ACCESS.to_owned(),
        iat: now.unix_seconds(),
        jti: String::new(),
        sid: Some(session.id),
    };
    access.jti = app.application_mac().mark(realm.id(), nonce, &access.statement()?);
    let shell = SharedClaims {
        sub: subject.to_owned(),
        scopes: None,
        exp: grant.idle_expires_at.unix_seconds(),
        r#type: REFRESH.to_owned(),
        iat: grant.rotated_at.unwrap_or(grant.created_at).unix_seconds(),
        jti: RefreshToken::of(grant).encode(app.refresh_mac()),
        sid: None,
    };
    Ok(Pair {
        access_token: secrets.sign(&access)?,
        refresh_token: secrets.sign(&shell)?,
        token_type: "bearer",
    })
}

fn in_time(claims: &SharedClaims, now: Timestamp) -> bool {
    now.unix_seconds() < claims.exp
}

/// A token to open something with, if it is ours: others can sign one, too.
pub fn open_access(app: &App, realm: &Snapshot, token: &str, now: Timestamp) -> Option<Access> {
    let is_ours = |claims: &SharedClaims| {
        let is_mark = |statement: Vec<u8>| app.application_mac().is_mark(realm.id(), &claims.jti, &statement);
        claims.r#type == ACCESS && claims.statement().is_ok_and(is_mark)
    };
    let claims = realm.keys().shared().open_own(token, is_ours)?;
    in_time(&claims, now).then_some(Access(claims))
}

/// What came of opening a token to have another with.
pub enum Shell {
    /// One of ours is in it, for somebody of this name.
    Refresh { token: String, subject: String },
    /// It is a good token of another kind.
    AnotherKind,
    /// It is none, or has expired.
    Refused,
}

/// Opens a token to have another with.
pub fn open_shell(realm: &Snapshot, token: &str, now: Timestamp) -> Shell {
    match realm.keys().shared().open(token).filter(|claims| in_time(claims, now)) {
        None => Shell::Refused,
        Some(claims) if claims.r#type == REFRESH => Shell::Refresh { token: claims.jti, subject: claims.sub },
        Some(_) => Shell::AnotherKind,
    }
}

/// The live session that an access token is of, with its user. `None`: it has ended, or its user may not sign in.
pub async fn session_of(
    app: &App,
    realm: &Snapshot,
    access: &Access,
    now: Timestamp,
) -> Result<Option<(Session, User)>, Problem> {
    let Some(id) = access.0.sid else { return Ok(None) };
    let realm_id = realm.id();
    let found = app.db().read("find the session of a token", move |tx| {
        Box::pin(async move { sessions::find_live(tx, realm_id, id, now).await })
    });
    let found = found.await?;
    if let Some((session, _)) = &found {
        session::touch(app, realm, session, now).await;
    }
    Ok(found)
}

/// The same, with the number of the user, if they have one.
pub async fn numbered_session_of(
    app: &App,
    realm: &Snapshot,
    access: &Access,
    now: Timestamp,
) -> Result<Option<(Session, User, Option<u64>)>, Problem> {
    let Some(id) = access.0.sid else { return Ok(None) };
    let realm_id = realm.id();
    let found = app.db().read("find the session of a token", move |tx| {
        Box::pin(async move { sessions::find_live_numbered(tx, realm_id, id, now).await })
    });
    let found = found.await?;
    if let Some((session, ..)) = &found {
        session::touch(app, realm, session, now).await;
    }
    Ok(found)
}
