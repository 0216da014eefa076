//! A passkey is made for an account, by whoever has just proved to be its owner.

use gatepost_domain::{
    DisplayName, PasskeyId, RealmId, Timestamp, UserId,
    audit::{Event, Record},
    mfa::{FactorKind, PendingSignIn, recovery_code::RecoveryCode},
    outbox::{Factor, Notice},
    passkey::{
        self as rule, Challenge, ClientData, Held, MOST, NewCredential, Passkey, PasskeyRefused, Purpose,
        RelyingParty, Transport, UserHandle,
    },
};
use gatepost_store::{Tx, audit, passkeys as stored, recovery_codes, used_ids};

use super::{
    NAMELESS, Options, RegistrationResponse,
    options::{begin as begin_challenge, to_register},
    relying_party,
};
use crate::{
    App,
    accounts::Who,
    http::{Problem, SignedIn, origin::Where},
    mail, mfa,
    realm::Snapshot,
};

/// A passkey that was added.
pub struct Added {
    /// It.
    pub passkey: Passkey,
    /// Recovery codes that were made with it, to be shown this once, where there were none left.
    pub codes: Option<Vec<RecoveryCode>>,
}

const TOO_MANY: Problem = Problem::TooMany { what: "passkeys", most: MOST as u64 };

/// What a browser is told that is to make a passkey.
pub async fn begin(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    origin: Where,
    now: Timestamp,
) -> Result<Options, Problem> {
    mfa::is_wanted(realm.settings().mfa)?;
    let party = relying_party(realm)?;
    let (id, user) = (caller.user.realm, caller.user.id);
    let fresh = fresh_handle(app);
    let (who, asking) = (Who::themselves(caller, origin), caller.clone());
    let written = app.db().write("begin to make a passkey", move |tx| {
        let (who, caller) = (who.clone(), asking.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            mfa::may_change(tx, &caller, now).await?;
            let had = stored::list(tx, id, user).await?;
            if had.len() >= MOST {
                return Err(TOO_MANY);
            }
            Ok((stored::handle(tx, id, user, fresh).await?, had))
        })
    });
    let (handle, had) = written.await?;
    let challenge = begin_challenge(app, realm, purpose(caller), now);
    Ok(to_register(realm, &party, &challenge, (&caller.user, handle), &had))
}

const fn purpose(caller: &SignedIn) -> Purpose<'static> {
    Purpose::Register(caller.user.id, caller.session.id)
}

/// A passkey that was made, and that is good. That it is kept, and once, is decided when it is written.
#[derive(Clone)]
pub(crate) struct NewPasskey {
    passkey: Passkey,
    challenge: Challenge,
}

impl NewPasskey {
    /// Where its key is.
    pub(crate) fn held(&self) -> Held {
        self.passkey.held()
    }
}

/// A fresh name by which authenticators know the owner of an account, for one that has none.
pub(crate) fn fresh_handle(app: &App) -> UserHandle {
    UserHandle::generate(app.entropy())
}

/// Reads and checks what was made, without the database.
fn look(
    app: &App,
    realm: &Snapshot,
    (user, purpose): (UserId, Purpose<'_>),
    (sent, name): (&RegistrationResponse, Option<DisplayName>),
    now: Timestamp,
) -> Result<Result<NewPasskey, PasskeyRefused>, Problem> {
    let party = relying_party(realm)?;
    let (new, transports, challenge) = match check(app, (realm.id(), &party), purpose, sent, now) {
        Ok(checked) => checked,
        Err(why) => return Ok(Err(why)),
    };
    let known = || rule::known_as(new.aaguid).unwrap_or(NAMELESS).parse();
    let passkey = Passkey {
        id: PasskeyId::new(now, app.entropy()),
        realm: realm.id(),
        user,
        handle: fresh_handle(app),
        name: name.map_or_else(known, Ok).map_err(Problem::internal)?,
        credential: new.id,
        public_key: new.public_key,
        sign_count: new.sign_count,
        backup_eligible: new.backup_eligible,
        backed_up: new.backed_up,
        aaguid: new.aaguid,
        transports,
        created_at: now,
        last_used_at: None,
    };
    Ok(Ok(NewPasskey { passkey, challenge }))
}

fn check(
    app: &App,
    (realm, party): (RealmId, &RelyingParty),
    purpose: Purpose<'_>,
    sent: &RegistrationResponse,
    now: Timestamp,
) -> Result<(NewCredential, Vec<Transport>, Challenge), PasskeyRefused> {
    let made = sent.decoded()?;
    let client = ClientData::read(&made.client_data)?;
    let key = app.master_key().passkey_challenge_key();
    let challenge = key.open(realm, purpose, client.challenge(), now)?;
    let new = rule::register(&client, &made.attestation_object, party, &challenge)?;
    if new.id != made.id {
        return Err(PasskeyRefused::Malformed);
    }
    Ok((new, made.transports, challenge))
}

/// Looks at a passkey that was made in a sign-in that waits for it.
pub(crate) fn look_at_new(
    app: &App,
    realm: &Snapshot,
    pending: &PendingSignIn,
    sent: &RegistrationResponse,
    now: Timestamp,
) -> Result<Result<NewPasskey, PasskeyRefused>, Problem> {
    look(app, realm, (pending.user, Purpose::SetUp(&pending.id)), (sent, None), now)
}

/// Keeps a passkey that was made, once. In the transaction that asks whether its owner may.
pub(crate) async fn keep(tx: &mut Tx, made: &NewPasskey) -> Result<Passkey, Problem> {
    let NewPasskey { passkey, challenge } = made;
    let (realm, user) = (passkey.realm, passkey.user);
    if !used_ids::claim(tx, realm, &challenge.spent(), challenge.expires_at()).await? {
        return Err(Problem::InvalidPasskey(PasskeyRefused::Reused));
    }
    if stored::list(tx, realm, user).await?.len() >= MOST {
        return Err(TOO_MANY);
    }
    let handle = stored::handle(tx, realm, user, passkey.handle).await?;
    let kept = Passkey { handle, ..passkey.clone() };
    if stored::create(tx, &kept).await? { Ok(kept) } else { Err(Problem::PasskeyExists) }
}

/// The record of a passkey that is added.
pub(crate) fn added(record: Record, made: &NewPasskey) -> Record {
    record.with("kind", FactorKind::Passkey.name()).with("passkey", made.passkey.id.to_string())
}

/// Keeps a passkey that was made: from now on it signs in, and is asked for after the password. Whoever has no recovery codes left is
/// given some.
pub async fn finish(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    sent: (&RegistrationResponse, Option<DisplayName>),
    origin: Where,
    now: Timestamp,
) -> Result<Added, Problem> {
    mfa::is_wanted(realm.settings().mfa)?;
    let (id, user) = (caller.user.realm, caller.user.id);
    let new = look(app, realm, (user, purpose(caller)), sent, now)?.map_err(Problem::InvalidPasskey)?;
    let (codes, digests) = mfa::fresh_codes(app, id, user);
    let who = Who::themselves(caller, origin);
    let record = |event| who.record(app, event, id, user, now).session(caller.session.id);
    let added = added(record(Event::SecondFactorAdded), &new);
    let made = record(Event::RecoveryCodesCreated);
    let (worker, asking) = (app.clone(), caller.clone());
    let written = app.db().write("add a passkey", move |tx| {
        let (who, caller, app) = (who.clone(), asking.clone(), worker.clone());
        let (new, digests) = (new.clone(), digests.clone());
        let (added, made) = (added.clone(), made.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            mfa::may_change(tx, &caller, now).await?;
            let passkey = keep(tx, &new).await?;
            audit::append(tx, &added).await?;
            let lacks = recovery_codes::count(tx, id, user).await?.left == 0;
            if lacks {
                recovery_codes::replace(tx, id, user, &digests, now).await?;
                audit::append(tx, &made).await?;
            }
            let notice = Notice::FactorAdded(Factor::Passkey);
            mail::notice(tx, &app, &caller.user, notice, who.origin(), now).await?;
            Ok::<_, Problem>((passkey, lacks))
        })
    });
    let (passkey, lacks) = written.await?;
    app.post_is_waiting();
    Ok(Added { passkey, codes: lacks.then_some(codes) })
}
