//! Somebody shows a passkey: in place of everything else, or after a password.

use gatepost_domain::{
    RealmId, Timestamp, UserId,
    audit::{Actor, Event, Record},
    mfa::{First, PendingSignIn},
    passkey::{
        self as rule, Asked, ClientData, CredentialId, Passkey, PasskeyRefused, Purpose, RelyingParty, Shown,
        ShownPasskey,
    },
};
use gatepost_store::{Error, Tx, audit, passkeys as stored, used_ids, users};

use super::{AuthenticationResponse, relying_party, response::Given};
use crate::{
    App, accounts,
    http::{Problem, origin::Where},
    limits::Attempt,
    realm::Snapshot,
    session::Proven,
};

/// Looks at a passkey that is shown by whoever has not said who they are. That it is good once, and the account may sign in, is decided
/// where the session is written.
///
/// Nothing is counted: nobody guesses one, and whoever has one gets in whatever others do (LG-05). Whatever is wrong, the answer is
/// the same (WA-06).
pub async fn prove(
    app: &App,
    realm: &Snapshot,
    sent: &AuthenticationResponse,
    origin: &Where,
    now: Timestamp,
) -> Result<Proven, Problem> {
    let party = relying_party(realm)?;
    let (found, looked) = look(app, realm, &party, sent, (Purpose::SignIn, None), now).await?;
    let shown = match looked {
        Ok(shown) => shown,
        Err(why) => {
            note(app, realm, (found.as_ref().map(|passkey| passkey.user), None), why, origin, now).await?;
            return Err(Problem::InvalidPasskey(why));
        }
    };
    let (id, whose) = (realm.id(), shown.user);
    let user = app.db().read("find whose passkey it is", move |tx| {
        Box::pin(async move { users::find(tx, id, whose).await })
    });
    let Some(user) = user.await?.filter(|user| !user.is_disabled()) else {
        return Err(refused(app, realm, Some(&shown), PasskeyRefused::Account, origin, now).await?);
    };
    if realm.settings().require_verified_email && !user.email_verified {
        if let Some(email) = user.email {
            accounts::remind_to_verify(app, realm, email, origin, now).await?;
        }
        return Err(Problem::EmailUnverified);
    }
    let attempt = Attempt::unlimited(app, now);
    Ok(Proven { user, first: First::Passkey(shown), second: None, attempt })
}

/// Looks at a passkey that is shown for a sign-in that waits for its second step.
pub(crate) async fn look_at_second(
    app: &App,
    realm: &Snapshot,
    pending: &PendingSignIn,
    sent: &AuthenticationResponse,
    now: Timestamp,
) -> Result<Result<ShownPasskey, PasskeyRefused>, Problem> {
    let party = relying_party(realm)?;
    let purpose = Purpose::SecondStep(&pending.id);
    let (_, looked) = look(app, realm, &party, sent, (purpose, Some(pending.user)), now).await?;
    Ok(looked)
}

/// The passkey that is named, if there is one, and whether it was shown as it has to be.
async fn look(
    app: &App,
    realm: &Snapshot,
    party: &RelyingParty,
    sent: &AuthenticationResponse,
    (purpose, of): (Purpose<'_>, Option<UserId>),
    now: Timestamp,
) -> Result<(Option<Passkey>, Result<ShownPasskey, PasskeyRefused>), Problem> {
    let given = match sent.decoded() {
        Ok(given) => given,
        Err(why) => return Ok((None, Err(why))),
    };
    let found = find(app, realm.id(), given.id.clone()).await?;
    let found = found.filter(|passkey| of.is_none_or(|user| passkey.user == user));
    let looked = check(app, realm.id(), party, (&given, found.as_ref()), (purpose, of), now);
    Ok((found, looked))
}

async fn find(app: &App, realm: RealmId, credential: CredentialId) -> Result<Option<Passkey>, Problem> {
    let found = app.db().read("find a passkey", move |tx| {
        let credential = credential.clone();
        Box::pin(async move { stored::find_by_credential(tx, realm, &credential).await })
    });
    Ok(found.await?)
}

fn check(
    app: &App,
    realm: RealmId,
    party: &RelyingParty,
    (given, found): (&Given, Option<&Passkey>),
    (purpose, of): (Purpose<'_>, Option<UserId>),
    now: Timestamp,
) -> Result<ShownPasskey, PasskeyRefused> {
    let client = ClientData::read(&given.client_data)?;
    let key = app.master_key().passkey_challenge_key();
    let challenge = key.open(realm, purpose, client.challenge(), now)?;
    let passkey = found.ok_or(PasskeyRefused::Unknown)?;
    let shown = Shown {
        authenticator_data: &given.authenticator_data,
        signature: &given.signature,
        user_handle: given.user_handle.as_deref(),
    };
    let asked = if of.is_some() { Asked::Second } else { Asked::First };
    let verified = rule::verify(passkey, &client, shown, asked, party, &challenge)?;
    Ok(ShownPasskey { id: passkey.id, user: passkey.user, held: passkey.held(), verified, challenge })
}

/// Writes down that a passkey was shown: each challenge is good once (WA-01), and a count that does not go up is that of a copy
/// (WA-04). In the transaction that begins the session.
pub(crate) async fn take(
    tx: &mut Tx,
    realm: RealmId,
    shown: &ShownPasskey,
    now: Timestamp,
) -> Result<Result<(), PasskeyRefused>, Error> {
    let challenge = &shown.challenge;
    if !used_ids::claim(tx, realm, &challenge.spent(), challenge.expires_at()).await? {
        return Ok(Err(PasskeyRefused::Reused));
    }
    if stored::note_used(tx, realm, shown.id, &shown.verified, now).await? {
        return Ok(Ok(()));
    }
    // Removed since it was looked at, or its count did not go up.
    let is_there = stored::find(tx, realm, shown.user, shown.id).await?.is_some();
    Ok(Err(if is_there { PasskeyRefused::Count } else { PasskeyRefused::Unknown }))
}

/// Keeps in the audit trail that a passkey was refused at a sign-in, and says so.
pub(crate) async fn refused(
    app: &App,
    realm: &Snapshot,
    shown: Option<&ShownPasskey>,
    why: PasskeyRefused,
    origin: &Where,
    now: Timestamp,
) -> Result<Problem, Problem> {
    note(app, realm, (shown.map(|shown| shown.user), shown), why, origin, now).await?;
    Ok(Problem::InvalidPasskey(why))
}

async fn note(
    app: &App,
    realm: &Snapshot,
    (user, shown): (Option<UserId>, Option<&ShownPasskey>),
    why: PasskeyRefused,
    origin: &Where,
    now: Timestamp,
) -> Result<(), Problem> {
    let record = |event| {
        let mut record = origin.record(app, realm.id(), event, Actor::Anonymous, now);
        record.user = user;
        record.with("method", "passkey").with("reason", why.name())
    };
    let mut records = Vec::new();
    // Whoever has no passkey may try for ever: that is written down once a minute, for it must not fill the disk.
    let refusal = record(Event::SignInRefused);
    if app.refusals().admits(&refusal) {
        records.push(refusal);
    }
    // Only the key itself, or a copy, brings this about.
    if let (Some(shown), PasskeyRefused::Count) = (shown, why) {
        records.push(counted(record(Event::PasskeyCountRefused), shown));
    }
    if records.is_empty() {
        return Ok(());
    }
    let written = app.db().write("record a refused passkey", move |tx| {
        let records = records.clone();
        Box::pin(async move {
            for record in &records {
                audit::append(tx, record).await?;
            }
            Ok::<_, Error>(())
        })
    });
    Ok(written.await?)
}

/// With which passkey it was, and what it counted.
pub(crate) fn counted(record: Record, shown: &ShownPasskey) -> Record {
    record.with("passkey", shown.id.to_string()).with("count", shown.verified.sign_count.to_string())
}
