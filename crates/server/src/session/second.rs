//! The second step of a sign-in: what is missing when the first step was right, and whether what was shown is it.

use std::sync::Arc;

use gatepost_domain::{
    RealmId, SecretDigest, Timestamp, User, UserId,
    audit::{Actor, Event, Record},
    mfa::{
        FactorKind, Method, Missing, PendingSignIn, TRIES_OF_ONE_SIGN_IN, TrustedDevice,
        recovery_code::RecoveryCode,
        sms::{SentFor, SmsCodeOver},
        totp::Code,
    },
    outbox::Notice,
    passkey::{Held, PasskeyRefused, ShownPasskey},
};
use gatepost_store::{Tx, attempts, audit, phone_numbers, recovery_codes, totp_seeds, used_ids, users};

use super::{
    first,
    missing::{Asks, missing},
    sign_in::Proven,
    trusted_device::NewTrust,
};
use crate::{
    App,
    http::{Problem, origin::Where},
    limits::Attempt,
    mail,
    mfa::{self, Begun, BegunBy, Confirms, ShownCode, Taken, fresh_codes},
    passkeys::{self, AuthenticationResponse, NewPasskey, RegistrationResponse},
    realm::Snapshot,
};

/// What somebody shows as second factor, as typed.
#[derive(Clone, Copy)]
pub enum Shown<'a> {
    /// A code of the authenticator app. Where there is none it is the code that was sent for this sign-in, or of the app that it is
    /// setting up.
    Code(&'a str),
    /// The code that was sent for this sign-in, also where there is an app.
    SmsCode(&'a str),
    /// A recovery code.
    RecoveryCode(&'a str),
    /// A passkey.
    Passkey(&'a AuthenticationResponse),
    /// A passkey that was just made, by somebody who has no second factor.
    NewPasskey(&'a RegistrationResponse),
    /// Nothing: they set one up another day.
    Later,
}

/// What was shown, and what it was compared with. That it is good, and once, is decided when it is written.
pub struct Second {
    pending: PendingSignIn,
    checked: Checked,
    codes: Vec<RecoveryCode>,
    records: Records,
    app: App,
    owner: User,
    origin: Where,
    trusts: Option<NewTrust>,
}

enum Checked {
    /// A code of the app, one that was sent, or one that was written down.
    Code(ShownCode),
    /// The first code of an app that is set up, and the recovery codes that come with it.
    SetUp { confirms: Option<Confirms>, codes: Vec<SecretDigest> },
    /// A passkey, if it is one of theirs and signed what it had to.
    Passkey(Result<ShownPasskey, PasskeyRefused>),
    /// A passkey that was made, and the recovery codes that come with it.
    NewPasskey { made: Result<Box<NewPasskey>, PasskeyRefused>, codes: Vec<SecretDigest> },
    /// Nothing was shown, and nothing is to be.
    Later,
    /// There is nothing to compare it with.
    Nothing,
}

struct Records {
    spent: Record,
    added: Record,
    made: Record,
    trusted: Record,
}

/// How far a sign-in has got, asked in the transaction that begins the session.
pub(crate) enum Asked {
    /// Far enough.
    Enough,
    /// Far enough with one factor: the other is not asked for on a device that is trusted.
    Excused,
    /// Something is missing. Nothing was written.
    Missing(Missing),
    /// What was shown is not right. That it was tried is written.
    Refused(Refused),
}

/// Why a second factor is refused.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refused {
    /// It is not right.
    Wrong,
    /// It was tried too often in this sign-in, or what is asked for has changed meanwhile: begin anew.
    Over,
    /// It was tried too often for this user.
    TooOften(std::time::Duration),
    /// It is a passkey, and not good.
    Passkey(PasskeyRefused),
    /// There is no code that it could be.
    NoCode(SmsCodeOver),
}

/// Looks at what was shown for a sign-in that waits for it.
pub async fn prove_second(
    app: &App,
    realm: &Snapshot,
    pending: PendingSignIn,
    shown: Shown<'_>,
    origin: &Where,
    now: Timestamp,
) -> Result<Proven, Problem> {
    let (id, user) = (realm.id(), pending.user);
    let (waiting, in_use) = (pending.clone(), realm.providers_in_use());
    let found = app.db().read("find what a sign-in waits for", move |tx| {
        let (pending, in_use) = (waiting.clone(), in_use.clone());
        Box::pin(async move {
            let known = users::find(tx, id, user).await?;
            let first = first::of_pending(tx, id, &pending, &in_use).await?;
            let counts = totp_seeds::find(tx, id, user, true).await?;
            let begun = totp_seeds::find(tx, id, user, false).await?;
            let phone = phone_numbers::find(tx, id, user).await?;
            let has_factor = !mfa::factors(tx, id, user).await?.is_empty();
            Ok::<_, Problem>((known.zip(first), has_factor, counts, begun, phone))
        })
    });
    let (known, has_factor, counts, begun, phone) = found.await?;
    let (known, first) = known.ok_or(Problem::InvalidPendingSignIn)?;
    // What somebody else began who knows the password is none of this sign-in's.
    let begun = Begun::open(app.master_key(), (id, user), BegunBy::SignIn(&pending), begun, now)?;
    let mut codes = Vec::new();
    let of_sms = |text| {
        let number = phone.as_ref().map(|phone| &phone.number);
        Checked::Code(ShownCode::of_sms(app, (id, user), (number, SentFor::SignIn(&pending)), text))
    };
    let checked = match (shown, counts, begun) {
        (Shown::Code(text), Some(seed), _) => {
            Checked::Code(ShownCode::of_app(app, (id, user), seed, text, now)?)
        }
        (Shown::SmsCode(text), _, _) => of_sms(text),
        (Shown::Code(text), None, _) if phone.is_some() => of_sms(text),
        (Shown::Code(text), None, Some(begun)) => {
            let digests;
            (codes, digests) = fresh_codes(app, id, user);
            let code = text.parse::<Code>().ok();
            let confirms = code.and_then(|code| begun.confirmed_by(app, (id, user), code, now));
            Checked::SetUp { confirms, codes: digests }
        }
        (Shown::RecoveryCode(text), _, _) if has_factor => {
            Checked::Code(ShownCode::written_down(app, (id, user), text))
        }
        (Shown::Passkey(sent), _, _) => {
            Checked::Passkey(passkeys::look_at_second(app, realm, &pending, sent, now).await?)
        }
        (Shown::NewPasskey(sent), _, _) => {
            let digests;
            (codes, digests) = fresh_codes(app, id, user);
            let made = passkeys::look_at_new(app, realm, &pending, sent, now)?.map(Box::new);
            Checked::NewPasskey { made, codes: digests }
        }
        (Shown::Later, _, _) => Checked::Later,
        (Shown::Code(_) | Shown::RecoveryCode(_), _, _) => Checked::Nothing,
    };
    let record = |event| origin.record(app, id, event, Actor::User(user), now).user(user);
    let records = Records {
        spent: record(Event::RecoveryCodeUsed),
        added: added(record(Event::SecondFactorAdded), &checked),
        made: record(Event::RecoveryCodesCreated),
        trusted: record(Event::DeviceTrusted),
    };
    let (owner, origin) = (known.clone(), origin.clone());
    let trusts = NewTrust::of(app, realm, user, &origin, now);
    let app = app.clone();
    let attempt = Attempt::unlimited(&app, now);
    let second = Arc::new(Second { pending, checked, codes, records, app, owner, origin, trusts });
    Ok(Proven { user: known, first, second: Some(second), attempt })
}

/// The record of a factor that is set up.
fn added(record: Record, checked: &Checked) -> Record {
    match checked {
        Checked::NewPasskey { made: Ok(made), .. } => passkeys::added(record, made),
        _ => record.with("kind", FactorKind::Totp.name()),
    }
}

/// What is missing for a user who has shown `second`, or only the first. In the transaction that begins the session.
pub(crate) async fn ask(
    tx: &mut Tx,
    (realm, user): (RealmId, UserId),
    asks: Asks,
    second: Option<&Second>,
    now: Timestamp,
) -> Result<Asked, Problem> {
    match (missing(tx, (realm, user), asks, now).await?, second) {
        (Missing::Nothing, None) => Ok(Asked::Enough),
        (missing, None) => Ok(Asked::Missing(missing)),
        (missing, Some(second)) => second.take(tx, realm, missing, now).await,
    }
}

impl Second {
    /// What it is; `None`: nothing, for another day.
    pub fn method(&self) -> Option<Method> {
        Some(match &self.checked {
            Checked::Code(code) => code.method(),
            Checked::Passkey(Ok(shown)) => Method::Passkey(shown.held),
            Checked::NewPasskey { made: Ok(made), .. } => Method::Passkey(made.held()),
            Checked::Passkey(Err(_)) | Checked::NewPasskey { made: Err(_), .. } => {
                Method::Passkey(Held::Device)
            }
            Checked::SetUp { .. } | Checked::Nothing => Method::Totp,
            Checked::Later => return None,
        })
    }

    /// The device, where the user is not to be asked on it again.
    pub fn trusts(&self) -> Option<&TrustedDevice> {
        self.trusts.as_ref().map(NewTrust::device)
    }

    /// The recovery codes that were made with a factor that was set up, to be shown once the sign-in is written.
    pub fn codes(&self) -> &[RecoveryCode] {
        &self.codes
    }

    /// Every try counts before it is answered, so that no number of them at once gets more than its share of answers; what was right
    /// does not count in the end.
    async fn take(
        &self,
        tx: &mut Tx,
        realm: RealmId,
        missing: Missing,
        now: Timestamp,
    ) -> Result<Asked, Problem> {
        let (pending, user) = (&self.pending, self.pending.user);
        let over = Ok(Asked::Refused(Refused::Over));
        let until = pending.expires_at;
        // Whatever is shown for one that was used up: an answer that told right from wrong would be a guess more than there are.
        if used_ids::is_used(tx, realm, &pending.spent()).await? {
            return over;
        }
        if !attempts::count(tx, realm, &pending.tries(), TRIES_OF_ONE_SIGN_IN, until, now).await? {
            return over;
        }
        let right = match (&self.checked, missing) {
            (Checked::SetUp { confirms, codes }, missing) if missing.is_set_up() => match confirms {
                Some(Confirms { begun, counts, step }) => {
                    if !totp_seeds::confirm(tx, realm, user, (begun, counts), *step, now).await? {
                        // Another sign-in has begun one in its place, a moment ago.
                        return over;
                    }
                    self.set_up(tx, realm, FactorKind::Totp, codes, now).await?;
                    true
                }
                None => false,
            },
            (Checked::NewPasskey { made, codes }, missing) if missing.is_set_up() => {
                let made = match made {
                    Ok(made) => passkeys::keep(tx, made).await,
                    Err(why) => Err(Problem::InvalidPasskey(*why)),
                };
                match made {
                    Ok(_) => self.set_up(tx, realm, FactorKind::Passkey, codes, now).await?,
                    Err(Problem::InvalidPasskey(why)) => {
                        return Ok(Asked::Refused(Refused::Passkey(why)));
                    }
                    Err(other) => return Err(other),
                }
                true
            }
            // Only where there is going on without, at this moment, whatever the page said.
            (Checked::Later, missing) if missing.is_passed() => true,
            (Checked::Code(code), Missing::Factor) => match code.take(tx, (realm, user), now).await? {
                Taken::TooOften(window) => return Ok(Asked::Refused(Refused::TooOften(window))),
                Taken::Over(why) => return Ok(Asked::Refused(Refused::NoCode(why))),
                // The sign-in has as many tries, and is over with them.
                Taken::Wrong | Taken::LastWrong => false,
                Taken::Right => {
                    if code.method() == Method::RecoveryCode {
                        audit::append(tx, &self.records.spent).await?;
                        let left = recovery_codes::count(tx, realm, user).await?.left;
                        self.tell(tx, Notice::RecoveryCodeUsed { left }, now).await?;
                    }
                    true
                }
            },
            // Nobody guesses one: whoever has used up the tries of the codes still gets in with it (LG-05).
            (Checked::Passkey(shown), Missing::Factor) => {
                let taken = match shown {
                    Ok(shown) => passkeys::take(tx, realm, shown, now).await?,
                    Err(why) => Err(*why),
                };
                if let Err(why) = taken {
                    return Ok(Asked::Refused(Refused::Passkey(why)));
                }
                true
            }
            // Set up or removed meanwhile, in another window.
            _ => return over,
        };
        if !right {
            return Ok(Asked::Refused(Refused::Wrong));
        }
        // A sign-in ends once. Whoever was second takes nothing with them: the error takes back what was spent.
        if !used_ids::claim(tx, realm, &pending.spent(), until).await? {
            return Err(Problem::InvalidPendingSignIn);
        }
        if let Some(trust) = &self.trusts {
            trust.write(tx).await?;
            audit::append(tx, &self.records.trusted).await?;
        }
        Ok(Asked::Enough)
    }

    /// A factor counts from now on, and the recovery codes with it.
    async fn set_up(
        &self,
        tx: &mut Tx,
        realm: RealmId,
        kind: FactorKind,
        codes: &[SecretDigest],
        now: Timestamp,
    ) -> Result<(), Problem> {
        recovery_codes::replace(tx, realm, self.pending.user, codes, now).await?;
        audit::append(tx, &self.records.added).await?;
        audit::append(tx, &self.records.made).await?;
        self.tell(tx, Notice::FactorAdded(mfa::called(kind)), now).await
    }

    /// In the transaction that begins the session; whoever ends it wakes the job.
    async fn tell(&self, tx: &mut Tx, notice: Notice, now: Timestamp) -> Result<(), Problem> {
        Ok(mail::notice(tx, &self.app, &self.owner, notice, &self.origin, now).await?)
    }
}

/// Keeps in the audit trail that a second factor was refused, and says so.
pub(crate) async fn refused(
    app: &App,
    realm: &Snapshot,
    second: &Second,
    why: Refused,
    origin: &Where,
    now: Timestamp,
) -> Result<Problem, Problem> {
    let user = second.pending.user;
    let record = origin.record(app, realm.id(), Event::SecondFactorRefused, Actor::Anonymous, now);
    let record = record.user(user).with("method", second.method().map_or("later", Method::name));
    let (record, problem) = match why {
        Refused::Wrong => (record.with("reason", "wrong"), Problem::InvalidCode),
        Refused::Passkey(why) => (record.with("reason", why.name()), Problem::InvalidPasskey(why)),
        Refused::Over => (record.with("reason", "over"), Problem::InvalidPendingSignIn),
        Refused::NoCode(why) => (record.with("reason", why.name()), why.into()),
        Refused::TooOften(window) => {
            (record.with("reason", "too_often"), Problem::TooManyAttempts { retry_after: window })
        }
    };
    // Those that are counted are few; the rest is written down once a minute, for whoever guesses must not fill the disk.
    if matches!(why, Refused::Wrong | Refused::Passkey(_)) || app.refusals().admits(&record) {
        let copied = match (&second.checked, why) {
            (Checked::Passkey(Ok(shown)), Refused::Passkey(PasskeyRefused::Count)) => {
                let record =
                    origin.record(app, realm.id(), Event::PasskeyCountRefused, Actor::Anonymous, now);
                Some(passkeys::counted(record.user(user), shown))
            }
            _ => None,
        };
        app.db()
            .write("record a refused second factor", move |tx| {
                let (record, copied) = (record.clone(), copied.clone());
                Box::pin(async move {
                    if let Some(copied) = copied {
                        audit::append(tx, &copied).await?;
                    }
                    audit::append(tx, &record).await
                })
            })
            .await?;
    }
    Ok(problem)
}
