//! Whom a provider has named comes to an account: the one that is connected, the one that has the address they proved, or a new one.

use gatepost_domain::{
    Asserted, EmailAddress, Identity, IdentityId, LinkPurpose, Provider, Registration, Timestamp, User,
    UserId,
    audit::{Actor, Event},
    interceptor::Trigger,
    mfa::First,
    outbox::{Letter, Notice},
    provider::{Decision, Holder, NoAccount, Rules, decide},
};
use gatepost_store::{Tx, audit, identities, mailed_links, users};

use super::{Failed, Named, kept};
use crate::{
    App, accounts,
    http::{Problem, origin::Where},
    interceptors::{About, Before},
    limits::{self, Attempt, Rule},
    mail,
    realm::Snapshot,
    session::Proven,
};

/// What came of it.
pub enum Entered {
    /// They have proved to be the user of an account; and whether it was made for them just now. Whether that is enough is asked as at
    /// every sign-in.
    Proven(Box<Proven>, bool),
    /// They come to none.
    No(NoAccount),
    /// They are not among those whom the provider is limited to.
    NotAdmitted,
    /// The account cannot be signed in to.
    Disabled,
    /// The realm wants a proven address first: a link is on its way there, if it may be.
    Unverified(EmailAddress),
}

/// How the transaction ended.
enum Found {
    Account {
        user: Box<User>,
        identity: IdentityId,
        made: bool,
    },
    No(NoAccount),
    Disabled,
    /// As [`Entered::Unverified`], for a new account whose address somebody has: they are told instead.
    Told(EmailAddress),
}

impl Found {
    /// An account that was there.
    fn of(user: User, identity: IdentityId) -> Self {
        Self::Account { user: Box::new(user), identity, made: false }
    }

    /// Whether a letter goes to the address: to whoever has it, or to prove it.
    fn is_by_letter(&self) -> bool {
        match self {
            Self::Told(_) => true,
            Self::Account { user, made, .. } => *made && !user.email_verified,
            Self::No(_) | Self::Disabled => false,
        }
    }
}

/// The account of whom a provider has named.
pub async fn enter(
    app: &App,
    realm: &Snapshot,
    provider: &Provider,
    Named { asserted, given }: Named,
    origin: &Where,
    now: Timestamp,
) -> Result<Entered, Problem> {
    if !provider.settings.admits(&asserted) {
        return Ok(Entered::NotAdmitted);
    }
    let mut entering = Entering {
        provider: provider.clone(),
        rules: Rules {
            trust_email: provider.settings.trust_email,
            link_accounts: provider.settings.link_accounts,
            create_accounts: provider.settings.create_accounts
                && realm.settings().registration == Registration::Open,
        },
        quietly: realm.settings().require_verified_email && app.mailer().is_on(),
        sends: false,
        identity: IdentityId::new(now, app.entropy()),
        user: UserId::new(now, app.entropy()),
        asserted,
        given,
        origin: origin.clone(),
        now,
    };
    // Only somebody new counts, and is counted before they are made.
    let id = realm.id();
    let (key, looked) = (entering.asserted.clone(), provider.id.clone());
    let known = app.db().read("find an account elsewhere", move |tx| {
        let (key, provider) = (key.clone(), looked.clone());
        Box::pin(
            async move { identities::find_by_subject(tx, id, &provider, &key.issuer, &key.subject).await },
        )
    });
    let counted = match known.await? {
        Some(_) => None,
        None => Some(limits::attempt(app, realm, (Rule::Register, origin.neighbourhood()), origin, now)?),
    };
    // Whether it is the first link or to somebody who has the address, as at a registration.
    let email = entering.asserted.email.as_ref().filter(|_| counted.is_some() && app.mailer().is_on());
    let letter =
        email.and_then(|email| accounts::count_strangers_letter(app, realm, email, origin, now).ok());
    entering.sends = letter.is_some();
    let worker = app.clone();
    // Also about an address that somebody has, where that is told by mail alone: the answer is not to tell it.
    let is_new = |found: &Found| matches!(found, Found::Account { made: true, .. } | Found::Told(_));
    let claimed = entering.asserted.clone();
    let about = |_| Some(About::Signup { email: claimed.email, username: None, name: claimed.name });
    let before = Before { app, realm, origin, now, trigger: Trigger::PreSignup };
    let found = before.ask(is_new, about).write("enter by a provider", move |tx| {
        let (app, entering) = (worker.clone(), entering.clone());
        Box::pin(async move { entering.run(tx, &app).await })
    });
    let found = found.await?;
    app.post_is_waiting();
    if let Some(letter) = letter.filter(|_| !found.is_by_letter()) {
        letter.give_back();
    }
    let (user, identity, made) = match found {
        Found::Account { user, identity, made } => (*user, identity, made),
        Found::No(why) => return Ok(Entered::No(why)),
        Found::Disabled => return Ok(Entered::Disabled),
        Found::Told(email) => return Ok(Entered::Unverified(email)),
    };
    if let Some(counted) = counted.filter(|_| !made) {
        counted.give_back();
    }
    if realm.settings().require_verified_email && !user.email_verified {
        let Some(email) = user.email else { return Ok(Entered::Disabled) };
        // A new account was sent its first link already.
        if !made {
            accounts::remind_to_verify(app, realm, email.clone(), origin, now).await?;
        }
        return Ok(Entered::Unverified(email));
    }
    let attempt = Attempt::unlimited(app, now);
    let first = First::Identity(identity);
    Ok(Entered::Proven(Box::new(Proven { user, first, second: None, attempt }), made))
}

/// What the transaction needs, which may run twice.
#[derive(Clone)]
struct Entering {
    provider: Provider,
    rules: Rules,
    /// Whoever has an address learns of it by mail, and nobody else.
    quietly: bool,
    /// Whether the address was not sent too many letters already.
    sends: bool,
    identity: IdentityId,
    user: UserId,
    asserted: Asserted,
    given: Option<kept::Given>,
    origin: Where,
    now: Timestamp,
}

impl Entering {
    async fn run(&self, tx: &mut Tx, app: &App) -> Result<Found, Problem> {
        let found = self.find(tx, app).await?;
        // The account elsewhere is this account's, whether or not a second factor is missing or an address unproven: what was given with
        // it is used by whoever is signed in to this one. Nothing is kept of whoever comes to none.
        if let Found::Account { identity, .. } = &found {
            let whose = (self.provider.realm, *identity);
            kept::keep(tx, app, whose, self.given.as_ref(), self.now).await?;
        }
        Ok(found)
    }

    async fn find(&self, tx: &mut Tx, app: &App) -> Result<Found, Problem> {
        let (realm, asserted) = (self.provider.realm, &self.asserted);
        let known =
            identities::find_by_subject(tx, realm, &self.provider.id, &asserted.issuer, &asserted.subject)
                .await?;
        if let Some(known) = known {
            let Some(user) = users::find(tx, realm, known.user).await? else { return Ok(Found::Disabled) };
            if user.is_disabled() {
                return Ok(Found::Disabled);
            }
            // The account was made with an address that nobody proved, and now its owner has.
            let same = user.email.is_some() && user.email == asserted.email;
            if same && !user.email_verified && self.provider.settings.proves_address(asserted) {
                let user = self.take_over(tx, app, &user, Some(known.id)).await?;
                return Ok(Found::of(user, known.id));
            }
            return Ok(Found::of(user, known.id));
        }
        let holder = self.holder(tx).await?;
        match (decide(self.rules, asserted.email_verified, holder.0), holder) {
            (Decision::Connect, (_, Some(user))) => {
                if user.is_disabled() {
                    return Ok(Found::Disabled);
                }
                self.connect(tx, app, &user).await?;
                Ok(Found::of(user, self.identity))
            }
            (Decision::TakeOver, (_, Some(user))) => {
                if user.is_disabled() {
                    return Ok(Found::Disabled);
                }
                let user = self.take_over(tx, app, &user, None).await?;
                self.connect(tx, app, &user).await?;
                Ok(Found::of(user, self.identity))
            }
            (Decision::Create { verified }, _) => {
                let user = self.create(tx, app, verified).await?;
                Ok(Found::Account { user: Box::new(user), identity: self.identity, made: true })
            }
            (Decision::No(NoAccount::Taken), (_, owner)) if self.quietly && self.rules.create_accounts => {
                let Some(email) = asserted.email.clone() else { return Ok(Found::No(NoAccount::NoAddress)) };
                if let Some(owner) = owner.filter(|_| self.sends) {
                    let letter = Letter::AccountExists { user: owner.id };
                    mail::queue(tx, app, realm, self.origin.language(), letter, self.now).await?;
                }
                Ok(Found::Told(email))
            }
            (Decision::No(why), _) => Ok(Found::No(why)),
            (Decision::Connect | Decision::TakeOver, (_, None)) => Ok(Found::No(NoAccount::Closed)),
        }
    }

    /// Who has the address that the provider says.
    async fn holder(&self, tx: &mut Tx) -> Result<(Holder, Option<User>), Problem> {
        let realm = self.provider.realm;
        let Some(email) = &self.asserted.email else { return Ok((Holder::NoAddress, None)) };
        Ok(match users::find_by_email(tx, realm, email).await? {
            Some(user) if user.email_verified => (Holder::Proven, Some(user)),
            Some(user) => (Holder::Unproven, Some(user)),
            None if mailed_links::is_reserved(tx, realm, email, self.now).await? => (Holder::Reserved, None),
            None => (Holder::Nobody, None),
        })
    }

    /// They are the first to prove the address, and are told what that ended.
    async fn take_over(
        &self,
        tx: &mut Tx,
        app: &App,
        user: &User,
        keep: Option<IdentityId>,
    ) -> Result<User, Problem> {
        let email = user.email.clone().ok_or(Problem::NotFound)?;
        let owned = accounts::take_over(tx, app, (user, &email), keep, &self.origin, self.now).await?;
        if !owned.taken.is_empty() {
            mail::notice(tx, app, &owned.user, Notice::AccountTakenOver, &self.origin, self.now).await?;
        }
        Ok(owned.user)
    }

    async fn connect(&self, tx: &mut Tx, app: &App, user: &User) -> Result<(), Problem> {
        let identity = Identity {
            id: self.identity,
            realm: user.realm,
            user: user.id,
            provider: self.provider.id.clone(),
            issuer: self.asserted.issuer.clone(),
            subject: self.asserted.subject.clone(),
            email: self.asserted.email.clone(),
            created_at: self.now,
            last_used_at: None,
        };
        if !identities::create(tx, &identity).await? {
            // Somebody was quicker, in the same moment: the next try finds it.
            return Err(Problem::Changed);
        }
        let record =
            self.origin.record(app, user.realm, Event::IdentityConnected, Actor::User(user.id), self.now);
        audit::append(tx, &record.user(user.id).with("provider", self.provider.id.as_str())).await?;
        Ok(())
    }

    /// The address is what the provider says, and nothing that the person could write (SO-05). No user name is made of it: that could
    /// be somebody else's (SO-08).
    async fn create(&self, tx: &mut Tx, app: &App, verified: bool) -> Result<User, Problem> {
        let mut user = User::new(self.user, self.provider.realm, self.now);
        user.email.clone_from(&self.asserted.email);
        user.email_verified = verified;
        user.name.clone_from(&self.asserted.name);
        users::create(tx, &user).await?;
        let record =
            self.origin.record(app, user.realm, Event::UserRegistered, Actor::User(user.id), self.now);
        audit::append(tx, &record.user(user.id).with("provider", self.provider.id.as_str())).await?;
        self.connect(tx, app, &user).await?;
        if let Some(email) = user.email.clone().filter(|_| !verified && self.sends) {
            let about = (LinkPurpose::VerifyEmail, email);
            accounts::send_link(tx, app, (user.realm, user.id), about, &self.origin, self.now).await?;
        }
        Ok(user)
    }
}

/// Keeps in the audit trail, once a minute for each reason, that a provider signed nobody in; the cause goes to the log.
pub async fn refused(
    app: &App,
    realm: &Snapshot,
    provider: &Provider,
    (code, cause): (&'static str, Option<&Failed>),
    origin: &Where,
    now: Timestamp,
) -> Result<(), Problem> {
    if let Some(cause) = cause {
        tracing::info!(realm.name = realm.name(), provider.id = %provider.id, reason = code, %cause, "a provider signed nobody in");
    }
    let record = origin.record(app, realm.id(), Event::SignInRefused, Actor::Anonymous, now);
    let record = record.with("provider", provider.id.as_str()).with("reason", code);
    if !app.refusals().admits(&record) {
        return Ok(());
    }
    let written = app.db().write("record a refused sign-in", move |tx| {
        let record = record.clone();
        Box::pin(async move { audit::append(tx, &record).await })
    });
    Ok(written.await?)
}
