//! An authenticator app is set up: begun, and confirmed by a code before it counts.

use std::time::Duration;

use gatepost_domain::{
    DisplayName, EmailAddress, Mfa, RealmId, Timestamp, User, UserId, Username,
    audit::Event,
    mfa::{
        FactorKind, is_multi_factor,
        recovery_code::RecoveryCode,
        totp::{Code, Seed},
    },
    outbox::Notice,
};
use gatepost_store::{audit, recovery_codes, sessions, totp_seeds, trusted_devices};
use zeroize::Zeroizing;

use super::{called, fresh_codes, is_wanted, may_change};
use crate::{
    App,
    accounts::Who,
    http::{Problem, SignedIn, origin::Where},
    mail,
    realm::Snapshot,
};

/// What seeds are sealed for.
const PURPOSE: &str = "totp-seed";

/// How long somebody may take from the picture to the first code.
pub(crate) const SET_UP_TTL: Duration = Duration::from_hours(1);

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

pub(crate) fn seal_seed(app: &App, realm: RealmId, user: UserId, seed: &Seed) -> Vec<u8> {
    app.master_key().seal(PURPOSE, &context(realm, user), seed.reveal(), app.entropy())
}

pub(crate) fn open_seed(app: &App, realm: RealmId, user: UserId, sealed: &[u8]) -> Result<Seed, Problem> {
    let bytes = app.master_key().open(PURPOSE, &context(realm, user), sealed).map_err(Problem::internal)?;
    Seed::from_bytes(&bytes).ok_or_else(|| Problem::internal("a seed is not as long as seeds are"))
}

/// Begins to set an authenticator app up, or another in place of the one that counts, which stays until then. Of several that are
/// begun the last can be confirmed.
pub async fn begin_totp(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    origin: Where,
    now: Timestamp,
) -> Result<SetUp, Problem> {
    is_wanted_or_replaced(app, realm, &caller.user).await?;
    let (id, user) = (caller.user.realm, caller.user.id);
    let seed = Seed::generate(app.entropy());
    let sealed = seal_seed(app, id, user, &seed);
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
    Ok(SetUp::of(realm, &caller.user, &seed))
}

/// Where the realm wants no new factors, those who have one may still move it to another phone.
async fn is_wanted_or_replaced(app: &App, realm: &Snapshot, user: &User) -> Result<(), Problem> {
    match realm.settings().mfa {
        Mfa::Off if super::has_factor(app, user).await? => Ok(()),
        policy => is_wanted(policy),
    }
}

/// What was begun and can still be confirmed, to be shown again.
pub async fn pending_totp(
    app: &App,
    realm: &Snapshot,
    user: &User,
    now: Timestamp,
) -> Result<Option<SetUp>, Problem> {
    let (id, whose) = (user.realm, user.id);
    let found = app.db().read("find what is being set up", move |tx| {
        Box::pin(async move { totp_seeds::find(tx, id, whose, false).await })
    });
    let found = found.await?.filter(|seed| now < seed.created_at.plus(SET_UP_TTL));
    let seed = found.map(|seed| open_seed(app, id, whose, &seed.sealed)).transpose()?;
    Ok(seed.map(|seed| SetUp::of(realm, user, &seed)))
}

/// From now on the app that was set up counts, if this is its code. Whoever has no recovery codes left is given some.
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
    is_wanted_or_replaced(app, realm, &caller.user).await?;
    super::check_may_change(app, caller, now).await?;
    let (id, user) = (caller.user.realm, caller.user.id);
    let found = app.db().read("find what is being set up", move |tx| {
        Box::pin(async move { totp_seeds::find(tx, id, user, false).await })
    });
    let found = found.await?.filter(|seed| now < seed.created_at.plus(SET_UP_TTL));
    let begun = found.ok_or(Problem::NoSetUp)?;
    let code: Code = code.parse().map_err(|_| Problem::InvalidCode)?;
    let seed = open_seed(app, id, user, &begun.sealed)?;
    let step = seed.step_of(&code, 0, now).ok_or(Problem::InvalidCode)?;
    let (codes, digests) = fresh_codes(app, id, user);
    let who = Who::themselves(caller, origin);
    let record = |event| who.record(app, event, id, user, now).session(caller.session.id);
    let added = record(Event::SecondFactorAdded).with("kind", FactorKind::Totp.name());
    let made = record(Event::RecoveryCodesCreated);
    let (who, caller, worker) = (who.clone(), caller.clone(), app.clone());
    let given = app.db().write("set up an authenticator app", move |tx| {
        let (sealed, digests, app) = (begun.sealed.clone(), digests.clone(), worker.clone());
        let (added, made, who, caller) = (added.clone(), made.clone(), who.clone(), caller.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            may_change(tx, &caller, now).await?;
            if !totp_seeds::confirm(tx, id, user, &sealed, step, now).await? {
                return Err(Problem::NoSetUp);
            }
            audit::append(tx, &added).await?;
            // What was trusted was so by the one before.
            trusted_devices::forget_all(tx, id, user).await?;
            let told = Notice::FactorAdded(called(FactorKind::Totp));
            mail::notice(tx, &app, &caller.user, told, who.origin(), now).await?;
            let had_before = is_multi_factor(&caller.session.amr);
            if !had_before {
                sessions::add_factor(tx, id, caller.session.id, &with_totp(&caller.session.amr)).await?;
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

/// How somebody signed in who has shown a code since.
fn with_totp(amr: &[String]) -> Vec<String> {
    let more = ["otp", "mfa"].into_iter().filter(|word| !amr.iter().any(|known| known == word));
    amr.iter().cloned().chain(more.map(str::to_owned)).collect()
}
