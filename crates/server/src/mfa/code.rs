//! A code that somebody shows: one of the app, one that was sent, or one that was written down. Tried no more often than it may be, and good once.

use std::{sync::Arc, time::Duration};

use gatepost_domain::{
    RealmId, SecretDigest, Timestamp, UserId,
    audit::{Actor, Event, Record},
    mfa::{
        Method, PhoneNumber, TRIES, Tries,
        recovery_code::RecoveryCode,
        sms::{SentFor, SmsCode, SmsCodeOver, TRIES_OF_ONE_SMS_CODE},
        totp::Code,
    },
    outbox::Notice,
};
use gatepost_store::{
    Error, Tx, attempts, audit, phone_numbers, recovery_codes, sms_codes, totp_seeds, totp_seeds::TotpSeed,
};

use super::{open_seed, sms::phone_number};
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
    /// Sent for what it is kept under, if it can be one.
    OfSms { key: SecretDigest, digest: Option<SecretDigest> },
    /// Written down, if it can be one.
    WrittenDown(Option<SecretDigest>),
}

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Right,
    Wrong,
    /// Wrong, and no other is looked at: the code that was sent was tried as often as it may be.
    LastWrong,
    /// It was not looked at.
    TooOften(Duration),
    /// Nor was this: there is no code to compare it with.
    Over(SmsCodeOver),
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

    /// One that was sent for this, to the number, if there is one.
    pub(crate) fn of_sms(
        app: &App,
        whose: (RealmId, UserId),
        (number, sent_for): (Option<&PhoneNumber>, SentFor<'_>),
        text: &str,
    ) -> Self {
        let (key, code) = (sent_for.key(), text.parse::<SmsCode>().ok());
        let codes = app.master_key().sms_code_key();
        let digest = number.zip(code).map(|(number, code)| codes.digest(whose, &key, number, &code));
        Self::OfSms { key, digest }
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
            Self::OfSms { .. } => Method::Sms,
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
        let mut is_last = false;
        let right = match self {
            Self::OfApp { sealed, step: Some(step) } => {
                totp_seeds::accept(tx, realm, user, sealed, *step, now).await?
            }
            Self::WrittenDown(Some(digest)) => recovery_codes::spend(tx, realm, user, digest, now).await?,
            Self::OfSms { key, digest } => {
                match take_sms(tx, (realm, user), key, now).await? {
                    Ok(tries) => is_last = tries >= TRIES_OF_ONE_SMS_CODE,
                    Err(over) => {
                        give_back(tx, realm, &counts, now).await?;
                        return Ok(Taken::Over(over));
                    }
                }
                match digest {
                    Some(digest) => sms_codes::spend(tx, realm, user, (key, digest), now).await?,
                    None => false,
                }
            }
            Self::OfApp { step: None, .. } | Self::WrittenDown(None) => false,
        };
        if !right {
            return Ok(if is_last { Taken::LastWrong } else { Taken::Wrong });
        }
        if matches!(self, Self::OfSms { .. }) {
            phone_numbers::note_use(tx, realm, user, now).await?;
        }
        give_back(tx, realm, &counts, now).await?;
        Ok(Taken::Right)
    }
}

/// Whether a code that is sent may still be tried: one that is refused in any case is not paid for.
pub(crate) async fn may_be_sent(
    tx: &mut Tx,
    (realm, user): (RealmId, UserId),
    now: Timestamp,
) -> Result<(), Problem> {
    for tries in TRIES {
        let digest = Method::Sms.tries_of(user, &tries);
        if !attempts::are_left(tx, realm, &digest, tries.most, now).await? {
            return Err(Problem::TooManyAttempts { retry_after: tries.window });
        }
    }
    Ok(())
}

async fn give_back(
    tx: &mut Tx,
    realm: RealmId,
    counts: &[(SecretDigest, Tries)],
    now: Timestamp,
) -> Result<(), Error> {
    for (digest, _) in counts {
        attempts::give_back(tx, realm, digest, now).await?;
    }
    Ok(())
}

/// Counts a try of the code that was sent for this, if there is one to try, and says which it is.
async fn take_sms(
    tx: &mut Tx,
    (realm, user): (RealmId, UserId),
    key: &SecretDigest,
    now: Timestamp,
) -> Result<Result<u32, SmsCodeOver>, Error> {
    if let Some(tries) = sms_codes::count_try(tx, realm, user, key, TRIES_OF_ONE_SMS_CODE, now).await? {
        return Ok(Ok(tries));
    }
    let tried = sms_codes::find(tx, realm, user, key, now).await?.is_some();
    Ok(Err(if tried { SmsCodeOver::Tried } else { SmsCodeOver::Expired }))
}

/// Checks a code that somebody shows who is signed in, and uses it up. It makes their sign-in no fresher. Which way it was: six digits are
/// of the app, or where there is none of what was sent in this session.
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
    let six_digits = text.parse::<Code>().is_ok();
    let shown = match seed {
        Some(seed) if six_digits => ShownCode::of_app(app, (id, user), seed, text, now)?,
        None if six_digits && let Some(number) = phone_number(app, caller).await? => {
            ShownCode::of_sms(app, (id, user), (Some(&number), SentFor::Session(caller.session.id)), text)
        }
        _ => ShownCode::written_down(app, (id, user), text),
    };
    check(app, caller, shown, origin, now).await
}

/// The same for a code that was sent in this session, by [`send_sms`](super::send_sms), also where there is an app.
pub async fn check_sms_code(
    app: &App,
    caller: &SignedIn,
    text: &str,
    origin: Where,
    now: Timestamp,
) -> Result<Method, Problem> {
    let number = phone_number(app, caller).await?.ok_or(Problem::NoPhoneNumber)?;
    let (whose, sent_for) = ((caller.user.realm, caller.user.id), SentFor::Session(caller.session.id));
    check(app, caller, ShownCode::of_sms(app, whose, (Some(&number), sent_for), text), origin, now).await
}

async fn check(
    app: &App,
    caller: &SignedIn,
    shown: ShownCode,
    origin: Where,
    now: Timestamp,
) -> Result<Method, Problem> {
    let (id, user) = (caller.user.realm, caller.user.id);
    let method = shown.method();
    let who = Who::themselves(caller, origin.clone());
    let record = |event| who.record(app, event, id, user, now).session(caller.session.id);
    let spent = record(Event::RecoveryCodeUsed);
    let wrong = origin.record(app, id, Event::SecondFactorRefused, Actor::User(user), now);
    let wrong = wrong.user(user).session(caller.session.id).with("method", method.name());
    let (shown, caller, worker, noted) = (Arc::new(shown), caller.clone(), app.clone(), wrong.clone());
    let taken = app.db().write("check a code", move |tx| {
        let (shown, who, caller) = (Arc::clone(&shown), who.clone(), caller.clone());
        let (spent, wrong, app) = (spent.clone(), noted.clone(), worker.clone());
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
                Taken::Right | Taken::TooOften(_) | Taken::Over(_) => {}
                Taken::Wrong | Taken::LastWrong => {
                    audit::append(tx, &wrong.with("reason", "wrong")).await?;
                }
            }
            Ok::<_, Problem>(taken)
        })
    });
    let taken = taken.await?;
    app.post_is_waiting();
    refused(app, taken, wrong).await?;
    Ok(method)
}

/// Says what came of a try that was not right. That it was wrong is written down already, with the try; the rest is here.
pub(super) async fn refused(app: &App, taken: Taken, record: Record) -> Result<(), Problem> {
    let (reason, problem) = match taken {
        Taken::Right => return Ok(()),
        Taken::Wrong => return Err(Problem::InvalidCode),
        Taken::LastWrong => return Err(Problem::SmsCodeSpent),
        Taken::TooOften(window) => ("too_often", Problem::TooManyAttempts { retry_after: window }),
        Taken::Over(over) => (over.name(), over.into()),
    };
    let record = record.with("reason", reason);
    // Whoever guesses must not fill the disk.
    if app.refusals().admits(&record) {
        let noted = app.db().write("record a refused code", move |tx| {
            let record = record.clone();
            Box::pin(async move { audit::append(tx, &record).await })
        });
        noted.await?;
    }
    Err(problem)
}
