//! Password sign-in.

use std::sync::Arc;

use gatepost_domain::{
    PasswordHash, SessionId, Timestamp, TokenFormat, User, UserId,
    audit::{Actor, Event, Record},
    mfa::{First, Missing, PendingSignIn},
    passkey::PasskeyRefused,
    password::Password,
    refresh::RefreshToken,
};
use gatepost_store::{
    audit,
    users::{self, Login},
};

use super::{
    DeviceCookie, FIRST_PARTY, FIRST_PARTY_SCOPES,
    begin::{Held, Steps, Wants, begin},
    known_device::known_device,
    pending,
    second::{self, Refused, Second},
};
use crate::{
    App, accounts,
    api::TokenAnswer,
    http::{Problem, origin::Where},
    limits::{self, Attempt, Rule},
    mfa, passkeys,
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

impl Identifier<'_> {
    /// What it counts under that is the name of no account, however it is spelled. A user name has no `@`.
    fn key(&self) -> String {
        let (Self::Email(text) | Self::Username(text)) = self;
        match self.login() {
            Some(Login::Email(email)) => email.key().to_owned(),
            Some(Login::Username(username)) => username.key().to_owned(),
            None => (*text).to_owned(),
        }
    }

    /// In the spelling in which accounts have it, if any could.
    pub fn login(&self) -> Option<Login> {
        match self {
            Self::Email(text) => text.parse().ok().map(Login::Email),
            Self::Username(text) => text.parse().ok().map(Login::Username),
        }
    }
}

/// Somebody who has just proved to be the user of an account, by a password, a passkey, their mail or an account elsewhere, and perhaps by
/// more. Until it is written down that may have changed; and whether it is enough is asked then.
pub struct Proven {
    /// The account, as it was.
    pub user: User,
    /// What they proved first.
    pub first: First,
    /// What was counted, for whoever succeeds to give back.
    pub attempt: Attempt,
    /// The second factor that was shown.
    pub second: Option<Arc<Second>>,
}

/// Somebody who has just chosen the password of a new account.
pub fn just_signed_up(app: &App, user: User, hash: PasswordHash, now: Timestamp) -> Proven {
    let attempt = Attempt::unlimited(app, now);
    Proven { user, first: First::Password(hash), second: None, attempt }
}

/// What came of a sign-in.
pub enum SignIn<T> {
    /// There is a session.
    Begun(T),
    /// The first step was right, and something is missing.
    Pending(PendingSignIn, Missing),
}

/// What came of the transaction that begins a session.
pub(crate) enum Written<T> {
    Begun(T),
    Missing(Missing),
    Refused(Refused),
}

/// A sign-in that worked.
pub struct Begun {
    /// The account, as it is now.
    pub user: User,
    /// The session.
    pub session: SessionId,
    /// The tokens of its session.
    pub tokens: TokenAnswer,
    /// Makes the device known, where they have a password that it would be known by.
    pub device: Option<DeviceCookie>,
    /// Until when they may go on without a second factor, where the realm requires one and they have none.
    pub set_up_by: Option<Timestamp>,
}

/// Checks the password, if not too many were wrong of late.
///
/// Whatever is wrong with the account or the password, the work and the answer are the same. It counts as wrong before it is looked
/// at, and until the sign-in has come to its end ([`Attempt::give_back`]).
pub async fn prove(
    app: &App,
    realm: &Snapshot,
    identifier: Identifier<'_>,
    password: Password,
    origin: &Where,
    now: Timestamp,
) -> Result<Proven, Problem> {
    prove_or_tell(app, realm, identifier, password, origin, now).await?.ok_or(Problem::InvalidCredentials)
}

/// The same, where whoever knows the password of a disabled account is told so: `None`.
pub async fn prove_or_tell(
    app: &App,
    realm: &Snapshot,
    identifier: Identifier<'_>,
    password: Password,
    origin: &Where,
    now: Timestamp,
) -> Result<Option<Proven>, Problem> {
    let found = look_up(app, realm, identifier).await?;
    let stored = found.as_ref().and_then(|(_, hash)| hash.as_ref());
    let attempt = count(app, realm, found.as_ref(), identifier, origin, now)?;
    let checked = match app.hasher().check(&password, stored.map(PasswordHash::as_str)).await {
        // Not looked at.
        Err(busy) => {
            attempt.give_back();
            return Err(busy.into());
        }
        Ok(checked) => checked,
    };
    let whom = found.as_ref().map(|(user, _)| user.id);
    let (Some((user, Some(hash))), Checked::Right { outdated }) = (found, checked) else {
        refused(app, realm, whom, origin, now).await?;
        return Err(Problem::InvalidCredentials);
    };
    // Asked again where the session is written. Here, so that nobody learns of a second factor of an account that is disabled.
    if user.is_disabled() {
        refused(app, realm, whom, origin, now).await?;
        return Ok(None);
    }
    if realm.settings().require_verified_email && !user.email_verified {
        // Whoever knows the password may have lost the first link.
        if let Some(email) = user.email {
            accounts::remind_to_verify(app, realm, email, origin, now).await?;
        }
        return Err(Problem::EmailUnverified);
    }
    let hash = if outdated { app.rehash(&user, password, hash, now).await } else { hash };
    Ok(Some(Proven { user, first: First::Password(hash), second: None, attempt }))
}

/// Counts a password that somebody is about to try: for the address and for the account, or for the device that is known to it.
///
/// What is the name of no account counts like one, each name by itself.
fn count(
    app: &App,
    realm: &Snapshot,
    found: Option<&(User, Option<PasswordHash>)>,
    identifier: Identifier<'_>,
    origin: &Where,
    now: Timestamp,
) -> Result<Attempt, Problem> {
    let whose = found.map(|(user, _)| user.id);
    if let Some((user, Some(hash))) = found
        && let Some(device) = known_device(app, realm, (user.id, hash), origin, now)
    {
        return limits::attempt_of(app, realm, (Rule::SignInDevice, device), whose, origin, now);
    }
    let by_address =
        limits::attempt_of(app, realm, (Rule::SignInAddress, origin.neighbourhood()), whose, origin, now)?;
    let name = whose.is_none().then(|| identifier.key());
    match limits::attempt_of(app, realm, (Rule::SignInAccount, (whose, name)), whose, origin, now) {
        Ok(by_account) => Ok(by_address.and(&by_account)),
        Err(limited) => {
            // No password was looked at.
            by_address.give_back();
            Err(limited)
        }
    }
}

/// Starts a session with its first grant for somebody who has proved who they are, if that is enough, and gives its tokens.
pub async fn sign_in(
    app: &App,
    realm: &Snapshot,
    proven: Proven,
    origin: &Where,
    now: Timestamp,
) -> Result<SignIn<Begun>, Problem> {
    let scopes = FIRST_PARTY_SCOPES.parse().map_err(Problem::internal)?;
    let wants = Wants { scopes, steps: Steps::Two };
    let held = match begin(app, realm, proven, wants, origin, now).await? {
        SignIn::Begun(held) => held,
        SignIn::Pending(pending, missing) => return Ok(SignIn::Pending(pending, missing)),
    };
    let Held { user, session, grant, device } = held;
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
            external: None,
            audience: realm.own_audience(),
            format: TokenFormat::Standard,
        },
        app.entropy(),
        now,
    )?;
    let refresh_token = RefreshToken::of(&grant).encode(app.refresh_mac());
    let tokens = TokenAnswer { access_token, token_type: "Bearer", expires_in, refresh_token };
    let set_up_by = mfa::set_up_by(app, realm, &user, now).await?;
    Ok(SignIn::Begun(Begun { user, session: session.id, tokens, device, set_up_by }))
}

/// The record of a sign-in, with what was proved first, unless it was a password.
pub(super) fn with_first(record: Record, first: &First) -> Record {
    match first {
        First::Password(_) => record,
        First::Passkey(_) => record.with("method", "passkey"),
        First::Email(_) => record.with("method", "email"),
        First::Identity(id) => record.with("method", "provider").with("identity", id.to_string()),
    }
}

/// The record of a sign-in, which says so where a second factor was not asked for because the device is trusted.
pub(super) fn with_trust(record: Record, excused: bool) -> Record {
    if excused { record.with("second_factor_excused", "trusted_device") } else { record }
}

/// The record of a sign-in, with the second factor that was shown.
pub(super) fn with_second(record: Record, second: Option<&Second>) -> Record {
    match second.and_then(Second::method) {
        Some(method) => record.with("second_factor", method.name()),
        None => record,
    }
}

/// Who signs in, when the transaction that begins their session is over.
pub(super) struct Settled {
    pub(super) user: User,
    pub(super) first: First,
    pub(super) second: Option<Arc<Second>>,
    pub(super) remembered: bool,
    pub(super) attempt: Attempt,
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
    let Settled { user, first, second, remembered, attempt } = who;
    match written {
        Ok(Written::Begun(begun)) => {
            attempt.give_back();
            app.post_is_waiting();
            Ok(SignIn::Begun(begun))
        }
        Ok(Written::Missing(missing)) => {
            // The first step was right; what comes next is counted by itself.
            attempt.give_back();
            Ok(SignIn::Pending(pending::begin(app, &user, &first, missing, remembered, now), missing))
        }
        Ok(Written::Refused(why)) => match &second {
            Some(second) => Err(second::refused(app, realm, second, why, origin, now).await?),
            None => match (&first, why) {
                (First::Passkey(shown), Refused::Passkey(why)) => {
                    Err(passkeys::refused(app, realm, Some(shown), why, origin, now).await?)
                }
                _ => Err(Problem::InvalidCredentials),
            },
        },
        Err(Problem::InvalidCredentials) => {
            if let First::Passkey(shown) = &first {
                let why = PasskeyRefused::Account;
                return Err(passkeys::refused(app, realm, Some(shown), why, origin, now).await?);
            }
            refused(app, realm, Some(user.id), origin, now).await?;
            Err(Problem::InvalidCredentials)
        }
        // What they showed was right; how often that is refused is counted by itself.
        Err(
            other
            @ (Problem::InterceptorDenied { .. } | Problem::InterceptorUnanswered | Problem::Limited(_)),
        ) => {
            attempt.give_back();
            Err(other)
        }
        Err(other) => Err(other),
    }
}

async fn look_up(
    app: &App,
    realm: &Snapshot,
    identifier: Identifier<'_>,
) -> Result<Option<(User, Option<PasswordHash>)>, Problem> {
    // What is no address or name belongs to nobody.
    let Some(login) = identifier.login() else { return Ok(None) };
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
