//! Password sign-in.

use std::sync::Arc;

use gatepost_domain::{
    ClientId, Grant, GrantId, PasswordHash, Scopes, Session, SessionId, Timestamp, User, UserId,
    audit::{Actor, Event, Record},
    mfa::{Missing, PendingSignIn, methods},
    password::Password,
    refresh::RefreshToken,
};
use gatepost_store::{
    audit, grants, sessions,
    users::{self, Login},
};

use super::{
    FIRST_PARTY, FIRST_PARTY_SCOPES, pending,
    second::{self, Asked, Refused, Second, ask},
};
use crate::{
    App,
    api::TokenAnswer,
    http::{Problem, origin::Where},
    passwords::Checked,
    realm::Snapshot,
    signing::{self, Limit, Subject},
};

/// What a person signs in with, as typed.
#[derive(Clone, Copy)]
pub enum Identifier<'a> {
    /// An e-mail address.
    Email(&'a str),
    /// A user name.
    Username(&'a str),
}

/// Somebody who has just proved to be the user of an account, by a password and perhaps more. Until it is written down that may have
/// changed; and whether it is enough is asked then.
pub struct Proven {
    /// The account, as it was.
    pub user: User,
    /// The hash the password was checked against.
    pub hash: PasswordHash,
    /// The password, where the hash is weaker than today's.
    pub outdated: Option<Password>,
    /// The second factor that was shown.
    pub second: Option<Arc<Second>>,
}

/// What came of a sign-in.
pub enum SignIn<T> {
    /// There is a session.
    Begun(T),
    /// The password was right, and something is missing.
    Pending(PendingSignIn, Missing),
}

/// What came of the transaction that begins a session.
pub(crate) enum Written<T> {
    Begun(T),
    Missing(Missing),
    Refused(Refused),
}

/// Checks the password.
///
/// Whatever is wrong with the account or the password, the work and the answer are the same.
pub async fn prove(
    app: &App,
    realm: &Snapshot,
    identifier: Identifier<'_>,
    password: Password,
    origin: &Where,
    now: Timestamp,
) -> Result<Proven, Problem> {
    let found = look_up(app, realm, identifier).await?;
    let stored = found.as_ref().and_then(|(_, hash)| hash.as_ref());
    let checked = app.hasher().check(&password, stored.map(PasswordHash::as_str)).await?;
    let whom = found.as_ref().map(|(user, _)| user.id);
    let (Some((user, Some(hash))), Checked::Right { outdated }) = (found, checked) else {
        refused(app, realm, whom, origin, now).await?;
        return Err(Problem::InvalidCredentials);
    };
    // Asked again where the session is written. Here, so that nobody learns of a second factor of an account that is disabled.
    if user.is_disabled() {
        refused(app, realm, whom, origin, now).await?;
        return Err(Problem::InvalidCredentials);
    }
    if realm.settings().require_verified_email && !user.email_verified {
        return Err(Problem::EmailUnverified);
    }
    Ok(Proven { user, hash, outdated: outdated.then_some(password), second: None })
}

/// Starts a session with its first grant for somebody who has proved who they are, if that is enough.
pub async fn sign_in(
    app: &App,
    realm: &Snapshot,
    proven: Proven,
    origin: &Where,
    now: Timestamp,
) -> Result<SignIn<(User, TokenAnswer)>, Problem> {
    let Proven { user, hash, outdated, second } = proven;
    let session = Session::begin(
        SessionId::new(now, app.entropy()),
        realm.id(),
        user.id,
        methods(second.as_ref().map(|second| second.method())),
        origin.session_origin(),
        realm.settings(),
        now,
    );
    let client: ClientId = FIRST_PARTY.parse().map_err(Problem::internal)?;
    let scopes: Scopes = FIRST_PARTY_SCOPES.parse().map_err(Problem::internal)?;
    let id = GrantId::new(now, app.entropy());
    let grant = Grant::begin(id, &session, client, scopes, Vec::new(), realm.settings(), now);
    let record = origin
        .record(app, realm.id(), Event::SignedIn, Actor::User(user.id), now)
        .user(user.id)
        .session(session.id);
    let record = with_second(record, second.as_deref());

    let (begun, granted, checked_hash) = (session.clone(), grant.clone(), hash.clone());
    let (policy, shown) = (realm.settings().mfa, second.clone());
    let written = app
        .db()
        .write("sign in", move |tx| {
            let (session, grant, hash, record) =
                (begun.clone(), granted.clone(), checked_hash.clone(), record.clone());
            let second = shown.clone();
            Box::pin(async move {
                match ask(tx, (session.realm, session.user), policy, second.as_deref(), now).await? {
                    Asked::Enough => {}
                    Asked::Missing(missing) => return Ok(Written::Missing(missing)),
                    Asked::Refused(why) => return Ok(Written::Refused(why)),
                }
                // One statement begins the session, and only if the account is still enabled and still has the
                // password that was checked: a change made while the hash was computed wins.
                if !sessions::create(tx, &session, Some(&hash)).await? || !grants::create(tx, &grant).await? {
                    return Err(Problem::InvalidCredentials);
                }
                audit::append(tx, &record).await?;
                let user = users::find(tx, session.realm, session.user).await?;
                user.map(Written::Begun).ok_or(Problem::InvalidCredentials)
            })
        })
        .await;
    let done =
        settle(app, realm, Settled { user, hash, outdated, second, remembered: false }, written, origin, now);
    let user = match done.await? {
        SignIn::Begun(user) => user,
        SignIn::Pending(pending, missing) => return Ok(SignIn::Pending(pending, missing)),
    };
    let (access_token, expires_in) = signing::issue(
        realm,
        Subject {
            user: &user,
            session: Some(&session),
            client: FIRST_PARTY,
            pseudonym: None,
            bound_to: None,
            grant: None,
            scopes: &grant.scopes,
            member: None,
            limit: Limit::OWN,
            exchanged: None,
            audience: realm.own_audience(),
        },
        app.entropy(),
        now,
    )?;
    let refresh_token = RefreshToken::of(&grant).encode(app.refresh_mac());
    let tokens = TokenAnswer { access_token, token_type: "Bearer", expires_in, refresh_token };
    Ok(SignIn::Begun((user, tokens)))
}

/// The record of a sign-in, with the second factor that was shown.
pub(super) fn with_second(record: Record, second: Option<&Second>) -> Record {
    match second {
        Some(second) => record.with("second_factor", second.method().name()),
        None => record,
    }
}

/// Who signs in, when the transaction that begins their session is over.
pub(super) struct Settled {
    pub(super) user: User,
    pub(super) hash: PasswordHash,
    pub(super) outdated: Option<Password>,
    pub(super) second: Option<Arc<Second>>,
    pub(super) remembered: bool,
}

/// What is done after the transaction that begins a session, whatever came of it.
pub(super) async fn settle<T>(
    app: &App,
    realm: &Snapshot,
    who: Settled,
    written: Result<Written<T>, Problem>,
    origin: &Where,
    now: Timestamp,
) -> Result<SignIn<T>, Problem> {
    let Settled { user, hash, outdated, second, remembered } = who;
    match written {
        Ok(Written::Begun(begun)) => {
            if let Some(password) = outdated {
                app.rehash_later(&user, password, hash, now);
            }
            Ok(SignIn::Begun(begun))
        }
        Ok(Written::Missing(missing)) => {
            // A pending sign-in is of one hash, so that it ends with the password: it is to be the one that stays.
            let hash = match outdated {
                Some(password) => app.rehash(&user, password, hash, now).await,
                None => hash,
            };
            Ok(SignIn::Pending(pending::begin(app, &user, &hash, missing, remembered, now), missing))
        }
        Ok(Written::Refused(why)) => match &second {
            Some(second) => Err(second::refused(app, realm, second, why, origin, now).await?),
            None => Err(Problem::InvalidCredentials),
        },
        Err(Problem::InvalidCredentials) => {
            refused(app, realm, Some(user.id), origin, now).await?;
            Err(Problem::InvalidCredentials)
        }
        Err(other) => Err(other),
    }
}

async fn look_up(
    app: &App,
    realm: &Snapshot,
    identifier: Identifier<'_>,
) -> Result<Option<(User, Option<PasswordHash>)>, Problem> {
    let login = match identifier {
        Identifier::Email(text) => text.parse().ok().map(Login::Email),
        Identifier::Username(text) => text.parse().ok().map(Login::Username),
    };
    // What is no address or name belongs to nobody.
    let Some(login) = login else { return Ok(None) };
    let id = realm.id();
    Ok(app
        .db()
        .read("find who signs in", move |tx| {
            let login = login.clone();
            Box::pin(async move { users::find_for_sign_in(tx, id, &login).await })
        })
        .await?)
}

/// A refused sign-in is kept in the audit trail with the account it was for, if there is one; never with what was typed,
/// for a mistyped name may be a password.
pub async fn refused(
    app: &App,
    realm: &Snapshot,
    whom: Option<UserId>,
    origin: &Where,
    now: Timestamp,
) -> Result<(), Problem> {
    let mut record = origin.record(app, realm.id(), Event::SignInRefused, Actor::Anonymous, now);
    record.user = whom;
    app.db()
        .write("record a refused sign-in", move |tx| {
            let record = record.clone();
            Box::pin(async move { audit::append(tx, &record).await })
        })
        .await?;
    Ok(())
}
