//! A code that somebody shows: one of the app, or one that was written down. Tried no more often than it may be, and good once.

use std::{sync::Arc, time::Duration};

use gatepost_domain::{
    RealmId, SecretDigest, Timestamp, UserId,
    audit::{Actor, Event},
    mfa::{Method, TRIES, recovery_code::RecoveryCode, totp::Code},
    outbox::Notice,
};
use gatepost_store::{Error, Tx, attempts, audit, recovery_codes, totp_seeds, totp_seeds::TotpSeed};

use super::open_seed;
use crate::{
    App,
    accounts::Who,
    http::{Problem, SignedIn, origin::Where},
    mail,
};

/// What was shown, and what it is compared with. That it is good, and once, is decided when it is [taken](Self::take).
pub(crate) enum ShownCode {
    /// Of the app, with the step it fits, if it does.
    OfApp { sealed: Vec<u8>, step: Option<u64> },
    /// Written down, if it can be one.
    WrittenDown(Option<SecretDigest>),
}

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Right,
    Wrong,
    /// It was not looked at.
    TooOften(Duration),
}

impl ShownCode {
    /// A code of the app with this seed.
    pub(crate) fn of_app(
        app: &App,
        (realm, user): (RealmId, UserId),
        seed: TotpSeed,
        text: &str,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let step = match text.parse::<Code>() {
            Ok(code) => open_seed(app, realm, user, &seed.sealed)?.step_of(&code, seed.last_step, now),
            Err(_) => None,
        };
        Ok(Self::OfApp { sealed: seed.sealed, step })
    }

    /// One that was written down.
    pub(crate) fn written_down(app: &App, (realm, user): (RealmId, UserId), text: &str) -> Self {
        let code = text.parse::<RecoveryCode>().ok();
        let key = app.master_key().recovery_code_key();
        Self::WrittenDown(code.map(|code| key.digest(realm, user, &code)))
    }

    /// Which way it is.
    pub(crate) fn method(&self) -> Method {
        match self {
            Self::OfApp { .. } => Method::Totp,
            Self::WrittenDown(_) => Method::RecoveryCode,
        }
    }

    /// Every try counts before it is answered, so that no number of them at once gets more than its share of answers; what was right
    /// does not count in the end.
    pub(crate) async fn take(
        &self,
        tx: &mut Tx,
        (realm, user): (RealmId, UserId),
        now: Timestamp,
    ) -> Result<Taken, Error> {
        let counts = TRIES.map(|tries| (self.method().tries_of(user, &tries), tries));
        for (digest, tries) in &counts {
            let until = now.plus(tries.window);
            if !attempts::count(tx, realm, digest, tries.most, until, now).await? {
                return Ok(Taken::TooOften(tries.window));
            }
        }
        let right = match self {
            Self::OfApp { sealed, step: Some(step) } => {
                totp_seeds::accept(tx, realm, user, sealed, *step, now).await?
            }
            Self::WrittenDown(Some(digest)) => recovery_codes::spend(tx, realm, user, digest, now).await?,
            Self::OfApp { step: None, .. } | Self::WrittenDown(None) => false,
        };
        if !right {
            return Ok(Taken::Wrong);
        }
        for (digest, _) in &counts {
            attempts::give_back(tx, realm, digest, now).await?;
        }
        Ok(Taken::Right)
    }
}

/// Checks a code that somebody shows who is signed in, and uses it up. It makes their sign-in no fresher. Which way it was.
pub async fn check_code(
    app: &App,
    caller: &SignedIn,
    text: &str,
    origin: Where,
    now: Timestamp,
) -> Result<Method, Problem> {
    let (id, user) = (caller.user.realm, caller.user.id);
    let seed = app.db().read("find an authenticator app", move |tx| {
        Box::pin(async move { totp_seeds::find(tx, id, user, true).await })
    });
    let seed = seed.await?;
    let of_app = text.parse::<Code>().is_ok();
    let shown = match seed {
        Some(seed) if of_app => ShownCode::of_app(app, (id, user), seed, text, now)?,
        _ => ShownCode::written_down(app, (id, user), text),
    };
    let method = shown.method();
    let who = Who::themselves(caller, origin.clone());
    let record = |event| who.record(app, event, id, user, now).session(caller.session.id);
    let spent = record(Event::RecoveryCodeUsed);
    let refused = origin.record(app, id, Event::SecondFactorRefused, Actor::User(user), now);
    let refused = refused.user(user).session(caller.session.id).with("method", method.name());
    let (shown, caller, worker) = (Arc::new(shown), caller.clone(), app.clone());
    let too_often = refused.clone().with("reason", "too_often");
    let taken = app.db().write("check a code", move |tx| {
        let (shown, who, caller) = (Arc::clone(&shown), who.clone(), caller.clone());
        let (spent, refused, app) = (spent.clone(), refused.clone(), worker.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            let taken = shown.take(tx, (id, user), now).await?;
            match taken {
                Taken::Right if method == Method::RecoveryCode => {
                    audit::append(tx, &spent).await?;
                    let left = recovery_codes::count(tx, id, user).await?.left;
                    mail::notice(
                        tx,
                        &app,
                        &caller.user,
                        Notice::RecoveryCodeUsed { left },
                        who.origin(),
                        now,
                    )
                    .await?;
                }
                Taken::Right | Taken::TooOften(_) => {}
                Taken::Wrong => audit::append(tx, &refused.with("reason", "wrong")).await?,
            }
            Ok::<_, Problem>(taken)
        })
    });
    let taken = taken.await?;
    app.post_is_waiting();
    match taken {
        Taken::Right => Ok(method),
        Taken::Wrong => Err(Problem::InvalidCode),
        Taken::TooOften(window) => {
            // Whoever guesses must not fill the disk.
            if app.refusals().admits(&too_often) {
                let noted = app.db().write("record a refused code", move |tx| {
                    let record = too_often.clone();
                    Box::pin(async move { audit::append(tx, &record).await })
                });
                noted.await?;
            }
            Err(Problem::TooManyAttempts { retry_after: window })
        }
    }
}
