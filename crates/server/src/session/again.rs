//! Whoever is signed in proves once more who they are, and their session is as fresh as if it had just begun.

use gatepost_domain::{
    Session, Timestamp,
    audit::{Actor, Event, Record},
    mfa::{FRESH, First, Level, Method},
    passkey::{PasskeyRefused, ShownPasskey},
    password::Password,
};
use gatepost_store::{Tx, audit, passwords, sessions};

use super::{
    first,
    missing::Asks,
    second::{Asked, Refused},
    sign_in::with_first,
};
use crate::{
    App,
    accounts::{self, Who},
    http::{Problem, SignedIn, origin::Where},
    mfa,
    passkeys::{self, AuthenticationResponse},
    realm::Snapshot,
};

/// What somebody who is signed in has proved of late, and until when that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proved {
    /// By how many factors.
    pub level: Level,
    /// When.
    pub at: Timestamp,
    /// From when it does not count any more.
    pub until: Timestamp,
}

impl Proved {
    fn of(level: Level, at: Timestamp) -> Self {
        Self { level, at, until: at.plus(FRESH) }
    }

    /// What the session itself says.
    pub fn in_session(session: &Session) -> Self {
        Self::of(Level::of(&session.amr), session.authenticated_at)
    }

    /// Whether it counts.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.until
    }
}

/// Shows the password once more. Where the account has a second factor, the session stays as it is until that is shown, too.
pub async fn show_password(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    password: &Password,
    origin: &Where,
    now: Timestamp,
) -> Result<Proved, Problem> {
    is_by_themselves(caller)?;
    let refused = Event::SignInRefused;
    let hash = accounts::check_password(app, realm, (caller, password), refused, origin, now).await?;
    let amr = First::Password(hash.clone()).methods(None);
    let record = record(app, caller, origin, now);
    let who = Who::themselves(caller, origin.clone());
    let caller = caller.clone();
    let shown = app.db().write("show a password again", move |tx| {
        let (who, record, caller) = (who.clone(), record.clone(), caller.clone());
        let (hash, amr) = (hash.clone(), amr.clone());
        Box::pin(async move {
            let (realm, user, session) = (caller.user.realm, caller.user.id, caller.session.id);
            who.still_may(tx, now).await?;
            if passwords::find(tx, realm, user).await? != Some(hash) {
                return Err(Problem::Changed);
            }
            if mfa::factors(tx, realm, user).await?.is_empty() {
                go_on(tx, &caller, &amr, record, now).await?;
            } else if !sessions::note_password(tx, realm, session, now).await? {
                return Err(Problem::Changed);
            }
            Ok(())
        })
    });
    shown.await?;
    Ok(Proved::of(Level::One, now))
}

/// Shows a code of the app, one that was sent where there is no app, or one that was written down, after the first step: the password that
/// was shown in this session of late, or the sign-in that began it. A code is not used up where that is missing.
pub async fn show_code(
    app: &App,
    caller: &SignedIn,
    text: &str,
    origin: &Where,
    now: Timestamp,
) -> Result<Proved, Problem> {
    let first = before_code(app, caller, now).await?;
    let method = mfa::check_code(app, caller, text, origin.clone(), now).await?;
    with_code(app, caller, &first, method, origin, now).await
}

/// The same for a code that was sent in this session, also where there is an app.
pub async fn show_sms_code(
    app: &App,
    caller: &SignedIn,
    text: &str,
    origin: &Where,
    now: Timestamp,
) -> Result<Proved, Problem> {
    let first = before_code(app, caller, now).await?;
    let method = mfa::check_sms_code(app, caller, text, origin.clone(), now).await?;
    with_code(app, caller, &first, method, origin, now).await
}

/// What came first, without which no code is looked at.
async fn before_code(app: &App, caller: &SignedIn, now: Timestamp) -> Result<Vec<String>, Problem> {
    is_by_themselves(caller)?;
    if !mfa::has_factor(app, &caller.user).await? {
        return Err(Problem::NoSecondFactor);
    }
    let asked = caller.clone();
    let first = app.db().read("find what was shown again", move |tx| {
        let asked = asked.clone();
        Box::pin(async move { first_step(tx, &asked, now).await })
    });
    first.await?.ok_or(Problem::ReauthenticationRequired)
}

/// The session after a code that was right.
async fn with_code(
    app: &App,
    caller: &SignedIn,
    first: &[String],
    method: Method,
    origin: &Where,
    now: Timestamp,
) -> Result<Proved, Problem> {
    let amr = with_second(first, method);
    let record = record(app, caller, origin, now).with("second_factor", method.name());
    let who = Who::themselves(caller, origin.clone());
    let caller = caller.clone();
    let shown = app.db().write("show a code again", move |tx| {
        let (who, record, caller, amr) = (who.clone(), record.clone(), caller.clone(), amr.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            first_step(tx, &caller, now).await?.ok_or(Problem::ReauthenticationRequired)?;
            go_on(tx, &caller, &amr, record, now).await
        })
    });
    shown.await?;
    Ok(Proved::of(Level::Two, now))
}

/// Shows a passkey, which is two factors: for what [`passkeys::to_sign_in`] asked.
pub async fn show_passkey(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    sent: &AuthenticationResponse,
    origin: &Where,
    now: Timestamp,
) -> Result<Proved, Problem> {
    is_by_themselves(caller)?;
    let proven = passkeys::prove(app, realm, sent, origin, now).await?;
    let First::Passkey(shown) = proven.first else { return Err(Problem::InvalidCredentials) };
    if proven.user.id != caller.user.id {
        return Err(not_theirs(app, realm, &shown, origin, now).await?);
    }
    let first = First::Passkey(shown.clone());
    let amr = first.methods(None);
    let record = with_first(record(app, caller, origin, now), &first);
    let who = Who::themselves(caller, origin.clone());
    let (asks, caller) = (Asks::of(realm), caller.clone());
    let written = app.db().write("show a passkey again", move |tx| {
        let (who, record, caller) = (who.clone(), record.clone(), caller.clone());
        let (first, amr) = (first.clone(), amr.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            let whose = (caller.user.realm, caller.user.id);
            match first::enough(tx, whose, asks, (&first, None), None, now).await? {
                Asked::Enough => go_on(tx, &caller, &amr, record, now).await.map(|()| None),
                Asked::Refused(Refused::Passkey(why)) => Ok(Some(why)),
                Asked::Excused | Asked::Missing(_) | Asked::Refused(_) => Err(Problem::InvalidCredentials),
            }
        })
    });
    match written.await? {
        None => Ok(Proved::of(Level::Two, now)),
        Some(why) => Err(passkeys::refused(app, realm, Some(&shown), why, origin, now).await?),
    }
}

/// What whoever is signed in has proved last: in the session, or on the way to a fresh one.
pub async fn proved_last(app: &App, caller: &SignedIn, now: Timestamp) -> Result<Proved, Problem> {
    let in_session = Proved::in_session(&caller.session);
    if in_session.is_fresh(now) {
        return Ok(in_session);
    }
    let (realm, session) = (caller.user.realm, caller.session.id);
    let shown = app.db().read("find when a password was shown again", move |tx| {
        Box::pin(async move { sessions::password_shown_at(tx, realm, session).await })
    });
    let since = shown.await?.filter(|at| *at > in_session.at);
    Ok(since.map_or(in_session, |at| Proved::of(Level::One, at)))
}

/// An application has not the person's password, and shows nothing in their place.
fn is_by_themselves(caller: &SignedIn) -> Result<(), Problem> {
    if caller.grant.is_some() { Err(Problem::NotForApplications) } else { Ok(()) }
}

/// How whoever is signed in has proved the first step, if they did so of late: by their password, or at a sign-in that had no second. One
/// that had two says when the second was shown: nobody goes on for ever by codes alone.
async fn first_step(tx: &mut Tx, caller: &SignedIn, now: Timestamp) -> Result<Option<Vec<String>>, Problem> {
    let session = &caller.session;
    if let Some(at) = sessions::password_shown_at(tx, caller.user.realm, session.id).await?
        && now.since(at) < FRESH
    {
        return Ok(Some(vec!["pwd".to_owned()]));
    }
    let proved = Proved::in_session(session);
    Ok((proved.level == Level::One && proved.is_fresh(now)).then(|| session.amr.clone()))
}

/// How somebody proved to be the user who has shown this beside what came first.
fn with_second(first: &[String], method: Method) -> Vec<String> {
    let words: &[&str] = match method {
        Method::Totp => &["otp", "mfa"],
        Method::Sms => &["sms", "mfa"],
        Method::RecoveryCode | Method::Passkey(_) => &["mfa"],
    };
    let more = words.iter().filter(|word| !first.iter().any(|known| known == *word));
    first.iter().cloned().chain(more.map(|word| (*word).to_owned())).collect()
}

/// The session is as fresh as one that begins now.
async fn go_on(
    tx: &mut Tx,
    caller: &SignedIn,
    amr: &[String],
    record: Record,
    now: Timestamp,
) -> Result<(), Problem> {
    let Session { realm, id, cookie, .. } = caller.session;
    if !sessions::reauthenticate(tx, realm, id, cookie, amr, now).await? {
        return Err(Problem::Changed);
    }
    Ok(audit::append(tx, &record).await?)
}

fn record(app: &App, caller: &SignedIn, origin: &Where, now: Timestamp) -> Record {
    let (realm, user) = (caller.user.realm, caller.user.id);
    let record = origin.record(app, realm, Event::SignedIn, Actor::User(user), now);
    record.user(user).session(caller.session.id).with("session", "the same")
}

/// A passkey of somebody else proves nothing here.
async fn not_theirs(
    app: &App,
    realm: &Snapshot,
    shown: &ShownPasskey,
    origin: &Where,
    now: Timestamp,
) -> Result<Problem, Problem> {
    passkeys::refused(app, realm, Some(shown), PasskeyRefused::Account, origin, now).await
}
