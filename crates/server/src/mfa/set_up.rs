//! An authenticator app is set up: begun, and confirmed by a code before it counts.

use std::time::Duration;

use gatepost_domain::{
    DisplayName, EmailAddress, MasterKey, Mfa, RealmId, SealBroken, SecretDigest, SessionId, Timestamp, User,
    UserId, Username,
    audit::Event,
    mfa::{
        FactorKind, PendingSignIn, is_multi_factor,
        recovery_code::RecoveryCode,
        totp::{Code, Seed},
    },
    outbox::Notice,
};
use gatepost_store::{audit, recovery_codes, sessions, totp_seeds, totp_seeds::TotpSeed, trusted_devices};
use zeroize::Zeroizing;

use super::{called, fresh_codes, is_wanted, may_change};
use crate::{
    App,
    accounts::Who,
    http::{Problem, SignedIn, origin::Where},
    mail,
    realm::Snapshot,
};

/// What seeds that count are sealed for.
const PURPOSE: &str = "totp-seed";

/// What those are sealed for that are being set up: one does not open as the other, whatever the database says it is.
const BEGUN: &str = "totp-seed-begun";

/// How long somebody may take from the picture to the first code.
const SET_UP_TTL: Duration = Duration::from_hours(1);

/// What an app is told, once.
pub struct SetUp {
    /// The key, for apps that cannot scan.
    pub secret: Zeroizing<String>,
    /// What the picture says.
    pub uri: Zeroizing<String>,
}

impl SetUp {
    pub(crate) fn of(realm: &Snapshot, user: &User, seed: &Seed) -> Self {
        let settings = realm.settings();
        let issuer = settings.display_name.as_ref().map_or(realm.name(), DisplayName::as_str);
        Self { secret: seed.to_base32(), uri: seed.to_uri(issuer, account(user)) }
    }
}

/// How an app calls the account: by what one signs in with.
fn account(user: &User) -> &str {
    let email = user.email.as_ref().map(EmailAddress::as_str);
    email.or(user.username.as_ref().map(Username::as_str)).unwrap_or_default()
}

fn context(realm: RealmId, user: UserId) -> Vec<u8> {
    [*realm.as_bytes(), *user.as_bytes()].concat()
}

fn seed_of(bytes: &[u8]) -> Result<Seed, Problem> {
    Seed::from_bytes(bytes).ok_or_else(|| Problem::internal("a seed is not as long as seeds are"))
}

/// The seed that counts.
pub(crate) fn open_seed(app: &App, realm: RealmId, user: UserId, sealed: &[u8]) -> Result<Seed, Problem> {
    let bytes = app.master_key().open(PURPOSE, &context(realm, user), sealed).map_err(Problem::internal)?;
    seed_of(&bytes)
}

/// Who began to set an app up. Nobody else is shown its key or makes it count, also nobody who is as much the user as they are: else
/// whoever has the password is shown the key that the owner then confirms, or has the owner confirm theirs.
#[derive(Clone, Copy)]
pub enum BegunBy<'a> {
    /// Somebody who is signed in.
    Session(SessionId),
    /// Somebody who has proved the first step of a sign-in.
    SignIn(&'a PendingSignIn),
}

impl BegunBy<'_> {
    /// What a seed of theirs is sealed for.
    fn context(self, realm: RealmId, user: UserId) -> Vec<u8> {
        let (kind, id) = match &self {
            Self::Session(id) => (0, id.as_bytes().as_slice()),
            Self::SignIn(pending) => (1, pending.id.as_bytes()),
        };
        [&*context(realm, user), &[kind], id].concat()
    }

    /// A fresh seed, and how it is kept until it counts.
    pub(crate) fn fresh(self, app: &App, realm: RealmId, user: UserId) -> (Seed, Vec<u8>) {
        let seed = Seed::generate(app.entropy());
        let context = self.context(realm, user);
        let sealed = app.master_key().seal(BEGUN, &context, seed.reveal(), app.entropy());
        (seed, sealed)
    }
}

/// A seed that is being set up, in the hands of who began that.
pub(crate) struct Begun {
    seed: Seed,
    /// As it is kept until it counts: it names the seed whose code was shown.
    sealed: Vec<u8>,
}

/// What makes a seed count: the one whose code was shown, as it was kept and as it is kept from then on.
#[derive(Clone)]
pub(crate) struct Confirms {
    /// As it was kept.
    pub(crate) begun: Vec<u8>,
    /// As it is kept from then on, where anybody who signs in may show its codes.
    pub(crate) counts: Vec<u8>,
    /// The step of the code.
    pub(crate) step: u64,
}

impl Begun {
    /// What is kept, for who began it, as long as it can be confirmed. `None`: there is none of theirs. Somebody else has begun
    /// another, or a version of the server did that did not say who.
    pub(crate) fn open(
        key: &MasterKey,
        (realm, user): (RealmId, UserId),
        by: BegunBy<'_>,
        kept: Option<TotpSeed>,
        now: Timestamp,
    ) -> Result<Option<Self>, Problem> {
        let Some(kept) = kept.filter(|seed| now < seed.created_at.plus(SET_UP_TTL)) else { return Ok(None) };
        match key.open(BEGUN, &by.context(realm, user), &kept.sealed) {
            Ok(bytes) => Ok(Some(Self { seed: seed_of(&bytes)?, sealed: kept.sealed })),
            Err(SealBroken::Damaged) => Ok(None),
            Err(broken @ SealBroken::OtherKey) => Err(Problem::internal(broken)),
        }
    }

    /// What makes it count, if this is a code of it.
    pub(crate) fn confirmed_by(
        self,
        app: &App,
        (realm, user): (RealmId, UserId),
        code: Code,
        now: Timestamp,
    ) -> Option<Confirms> {
        let step = self.seed.step_of(&code, 0, now)?;
        let context = context(realm, user);
        let counts = app.master_key().seal(PURPOSE, &context, self.seed.reveal(), app.entropy());
        Some(Confirms { begun: self.sealed, counts, step })
    }
}

/// Begins to set an authenticator app up, or another in place of the one that counts, which stays until then. Of several that are
/// begun the last can be confirmed, in the session that began it.
pub async fn begin_totp(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    origin: Where,
    now: Timestamp,
) -> Result<SetUp, Problem> {
    let seed = begin(app, realm, caller, origin, now).await?;
    Ok(SetUp::of(realm, &caller.user, &seed))
}

/// The same, with the recovery codes that the account will have once the app counts: for a contract that shows them before.
pub async fn begin_totp_with_codes(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    origin: Where,
    now: Timestamp,
) -> Result<(SetUp, Vec<RecoveryCode>), Problem> {
    let seed = begin(app, realm, caller, origin, now).await?;
    let (codes, _) = codes_of(app, (caller.user.realm, caller.user.id), &seed);
    Ok((SetUp::of(realm, &caller.user, &seed), codes))
}

async fn begin(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    origin: Where,
    now: Timestamp,
) -> Result<Seed, Problem> {
    is_wanted_or_replaced(app, realm, &caller.user).await?;
    let (id, user) = (caller.user.realm, caller.user.id);
    let (seed, sealed) = BegunBy::Session(caller.session.id).fresh(app, id, user);
    let (who, caller_then) = (Who::themselves(caller, origin), caller.clone());
    app.db()
        .write("begin to set up an authenticator app", move |tx| {
            let (sealed, who, caller) = (sealed.clone(), who.clone(), caller_then.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                may_change(tx, &caller, now).await?;
                totp_seeds::begin(tx, id, user, &sealed, now).await?;
                Ok::<_, Problem>(())
            })
        })
        .await?;
    Ok(seed)
}

/// Where the realm wants no new factors, those who have one may still move it to another phone.
pub(super) async fn is_wanted_or_replaced(app: &App, realm: &Snapshot, user: &User) -> Result<(), Problem> {
    match realm.settings().mfa {
        Mfa::Off if super::has_factor(app, user).await? => Ok(()),
        policy => is_wanted(policy),
    }
}

/// What somebody began and can still confirm, to be shown to them again.
pub async fn pending_totp(
    app: &App,
    realm: &Snapshot,
    user: &User,
    by: BegunBy<'_>,
    now: Timestamp,
) -> Result<Option<SetUp>, Problem> {
    Ok(begun(app, user, by, now).await?.map(|begun| SetUp::of(realm, user, &begun.seed)))
}

async fn begun(app: &App, user: &User, by: BegunBy<'_>, now: Timestamp) -> Result<Option<Begun>, Problem> {
    let (id, whose) = (user.realm, user.id);
    let kept = app.db().read("find what is being set up", move |tx| {
        Box::pin(async move { totp_seeds::find(tx, id, whose, false).await })
    });
    Begun::open(app.master_key(), (id, whose), by, kept.await?, now)
}

/// From now on the app that was set up in this session counts, if this is its code. Whoever has no recovery codes left is given some.
///
/// The session in which that happens has two factors from then on: its user proved the first a moment ago, and has just shown the
/// second.
pub async fn confirm_totp(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    code: &str,
    origin: Where,
    now: Timestamp,
) -> Result<Option<Vec<RecoveryCode>>, Problem> {
    confirm(app, realm, caller, (code, false), origin, now).await
}

/// The same where the recovery codes were shown before, by [`begin_totp_with_codes`].
pub async fn confirm_totp_with_codes(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    code: &str,
    origin: Where,
    now: Timestamp,
) -> Result<(), Problem> {
    confirm(app, realm, caller, (code, true), origin, now).await.map(drop)
}

async fn confirm(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    (code, codes_were_shown): (&str, bool),
    origin: Where,
    now: Timestamp,
) -> Result<Option<Vec<RecoveryCode>>, Problem> {
    is_wanted_or_replaced(app, realm, &caller.user).await?;
    super::check_may_change(app, caller, now).await?;
    let (id, user) = (caller.user.realm, caller.user.id);
    let found = begun(app, &caller.user, BegunBy::Session(caller.session.id), now).await?;
    let found = found.ok_or(Problem::NoSetUp)?;
    let code: Code = code.parse().map_err(|_| Problem::InvalidCode)?;
    let (codes, digests) =
        if codes_were_shown { codes_of(app, (id, user), &found.seed) } else { fresh_codes(app, id, user) };
    let confirms = found.confirmed_by(app, (id, user), code, now).ok_or(Problem::InvalidCode)?;
    let who = Who::themselves(caller, origin);
    let record = |event| who.record(app, event, id, user, now).session(caller.session.id);
    let added = record(Event::SecondFactorAdded).with("kind", FactorKind::Totp.name());
    let made = record(Event::RecoveryCodesCreated);
    let (who, caller, worker) = (who.clone(), caller.clone(), app.clone());
    let given = app.db().write("set up an authenticator app", move |tx| {
        let (confirms, digests, app) = (confirms.clone(), digests.clone(), worker.clone());
        let (added, made, who, caller) = (added.clone(), made.clone(), who.clone(), caller.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            may_change(tx, &caller, now).await?;
            let Confirms { begun, counts, step } = &confirms;
            if !totp_seeds::confirm(tx, id, user, (begun, counts), *step, now).await? {
                return Err(Problem::NoSetUp);
            }
            audit::append(tx, &added).await?;
            // What was trusted was so by the one before.
            trusted_devices::forget_all(tx, id, user).await?;
            let told = Notice::FactorAdded(called(FactorKind::Totp));
            mail::notice(tx, &app, &caller.user, told, who.origin(), now).await?;
            let had_before = is_multi_factor(&caller.session.amr);
            if !had_before {
                let amr = with_methods(&caller.session.amr, &["otp", "mfa"]);
                sessions::add_factor(tx, id, caller.session.id, &amr).await?;
            }
            let lacks = recovery_codes::count(tx, id, user).await?.left == 0;
            if lacks {
                recovery_codes::replace(tx, id, user, &digests, now).await?;
                audit::append(tx, &made).await?;
            }
            Ok(lacks)
        })
    });
    let lacked = given.await?;
    app.post_is_waiting();
    Ok(lacked.then_some(codes))
}

/// The recovery codes that were shown with a seed, and what is kept of them.
fn codes_of(
    app: &App,
    (realm, user): (RealmId, UserId),
    seed: &Seed,
) -> (Vec<RecoveryCode>, Vec<SecretDigest>) {
    let key = app.master_key().recovery_code_key();
    let codes = key.codes_with(realm, user, seed);
    let digests = codes.iter().map(|code| key.digest(realm, user, code)).collect();
    (codes, digests)
}

/// How somebody signed in who has shown a code since, which these words say (RFC 8176).
pub(super) fn with_methods(amr: &[String], words: &[&str]) -> Vec<String> {
    let more = words.iter().filter(|word| !amr.iter().any(|known| known == *word));
    amr.iter().cloned().chain(more.map(|word| (*word).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use gatepost_domain::mfa::PendingFirst;

    use super::*;
    use crate::entropy::SystemEntropy;

    const OWNER: (RealmId, UserId) = (RealmId::MIN, UserId::MIN);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_seconds(1_800_000_000).plus(Duration::from_secs(seconds))
    }

    fn pending(id: &str) -> PendingSignIn {
        PendingSignIn {
            id: id.to_owned(),
            user: OWNER.1,
            first: PendingFirst::Passkey,
            remembered: false,
            proven_at: at(0),
            expires_at: at(600),
        }
    }

    /// Whether who did not begin it can open what is kept; `purpose` and `context` are what it was sealed for.
    fn opens(purpose: &str, context: &[u8], by: BegunBy<'_>, (realm, user): (RealmId, UserId)) -> bool {
        let (key, entropy) = (MasterKey::from_bytes([7; 32]), SystemEntropy::default());
        let sealed = key.seal(purpose, context, Seed::generate(&entropy).reveal(), &entropy);
        let kept = TotpSeed { sealed, created_at: at(0), last_step: 0, last_used_at: None };
        Begun::open(&key, (realm, user), by, Some(kept), at(0)).unwrap().is_some()
    }

    #[test]
    fn mf_06_a_seed_that_is_being_set_up_opens_for_who_began_it_and_for_nobody_else() {
        let (one, other) = (pending("one"), pending("other"));
        let all = [
            BegunBy::Session(SessionId::MIN),
            BegunBy::Session(SessionId::MAX),
            BegunBy::SignIn(&one),
            BegunBy::SignIn(&other),
        ];
        for (n, began) in all.into_iter().enumerate() {
            let context = began.context(OWNER.0, OWNER.1);
            for (m, by) in all.into_iter().enumerate() {
                assert_eq!(opens(BEGUN, &context, by, OWNER), n == m, "{n}, {m}");
            }
            assert!(!opens(BEGUN, &context, began, (OWNER.0, UserId::MAX)), "of another user");
            assert!(!opens(PURPOSE, &context, began, OWNER));
        }
    }

    /// Kept by a version that did not say who: nobody's any more, and no error.
    #[test]
    fn what_was_being_set_up_before_an_upgrade_is_as_absent() {
        let old = context(OWNER.0, OWNER.1);
        assert!(!opens(PURPOSE, &old, BegunBy::Session(SessionId::MIN), OWNER));
        assert!(!opens(PURPOSE, &old, BegunBy::SignIn(&pending("one")), OWNER));
    }
}
