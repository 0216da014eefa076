//! A passkey is made for an account, by whoever has just proved to be its owner.

use gatepost_domain::{
    DisplayName, PasskeyId, RealmId, Timestamp,
    audit::Event,
    mfa::{FactorKind, recovery_code::RecoveryCode},
    outbox::{Factor, Notice},
    passkey::{
        self as rule, Challenge, ClientData, MOST, NewCredential, Passkey, PasskeyRefused, Purpose,
        RelyingParty, Transport, UserHandle,
    },
};
use gatepost_store::{audit, passkeys as stored, recovery_codes, used_ids};

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
    let fresh = UserHandle::generate(app.entropy());
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

/// Reads and checks what was made, without the database.
fn check(
    app: &App,
    (realm, party): (RealmId, &RelyingParty),
    caller: &SignedIn,
    sent: &RegistrationResponse,
    now: Timestamp,
) -> Result<(NewCredential, Vec<Transport>, Challenge), PasskeyRefused> {
    let made = sent.decoded()?;
    let client = ClientData::read(&made.client_data)?;
    let key = app.master_key().passkey_challenge_key();
    let challenge = key.open(realm, purpose(caller), client.challenge(), now)?;
    let new = rule::register(&client, &made.attestation_object, party, &challenge)?;
    if new.id != made.id {
        return Err(PasskeyRefused::Malformed);
    }
    Ok((new, made.transports, challenge))
}

/// Keeps a passkey that was made: from now on it signs in, and is asked for after the password. Whoever has no recovery codes left is
/// given some.
pub async fn finish(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    (sent, name): (&RegistrationResponse, Option<DisplayName>),
    origin: Where,
    now: Timestamp,
) -> Result<Added, Problem> {
    mfa::is_wanted(realm.settings().mfa)?;
    let (id, user) = (caller.user.realm, caller.user.id);
    let party = relying_party(realm)?;
    let (new, transports, challenge) =
        check(app, (id, &party), caller, sent, now).map_err(Problem::InvalidPasskey)?;
    let known = || rule::known_as(new.aaguid).unwrap_or(NAMELESS).parse();
    let passkey = Passkey {
        id: PasskeyId::new(now, app.entropy()),
        realm: id,
        user,
        handle: UserHandle::generate(app.entropy()),
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
    let (codes, digests) = mfa::fresh_codes(app, id, user);
    let who = Who::themselves(caller, origin);
    let record = |event| who.record(app, event, id, user, now).session(caller.session.id);
    let added = record(Event::SecondFactorAdded).with("kind", FactorKind::Passkey.name());
    let added = added.with("passkey", passkey.id.to_string());
    let made = record(Event::RecoveryCodesCreated);
    let (worker, asking) = (app.clone(), caller.clone());
    let written = app.db().write("add a passkey", move |tx| {
        let (who, caller, app) = (who.clone(), asking.clone(), worker.clone());
        let (mut passkey, challenge, digests) = (passkey.clone(), challenge.clone(), digests.clone());
        let (added, made) = (added.clone(), made.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            mfa::may_change(tx, &caller, now).await?;
            if !used_ids::claim(tx, id, &challenge.spent(), challenge.expires_at()).await? {
                return Err(Problem::InvalidPasskey(PasskeyRefused::Reused));
            }
            if stored::list(tx, id, user).await?.len() >= MOST {
                return Err(TOO_MANY);
            }
            passkey.handle = stored::handle(tx, id, user, passkey.handle).await?;
            if !stored::create(tx, &passkey).await? {
                return Err(Problem::PasskeyExists);
            }
            audit::append(tx, &added).await?;
            let lacks = recovery_codes::count(tx, id, user).await?.left == 0;
            if lacks {
                recovery_codes::replace(tx, id, user, &digests, now).await?;
                audit::append(tx, &made).await?;
            }
            let notice = Notice::FactorAdded(Factor::Passkey);
            mail::notice(tx, &app, &caller.user, notice, who.origin(), now).await?;
            Ok((passkey, lacks))
        })
    });
    let (passkey, lacks) = written.await?;
    app.post_is_waiting();
    Ok(Added { passkey, codes: lacks.then_some(codes) })
}
