//! The address of an account: proven, changed, and taken back.

use std::time::Duration;

use gatepost_domain::{
    AskedSignIn, EmailAddress, LinkPurpose, MailedLink, MailedLinkId, OutboxId, Timestamp, User,
    audit::{Actor, Event, Record},
    mailed_link::INTERVAL,
    outbox::Letter,
};
use gatepost_store::{Tx, audit, identities, mailed_links, passwords, users};

use super::{Who, count_members_letter, count_strangers_letter, links};
use crate::{
    App,
    api_keys::revoke_because,
    http::{Problem, SignedIn, origin::Where},
    limits::Rule,
    mail, mfa,
    realm::Snapshot,
};

/// What confirms an address: the one the account has, or the one it is to have.
pub const CONFIRMING: [LinkPurpose; 2] = [LinkPurpose::VerifyEmail, LinkPurpose::ChangeEmail];

/// How long before an address was changed that is taken back somebody else may have had the account. As long as the link is good by
/// which it is: whoever looks that seldom after their mail may not have seen what came before either.
const SUSPECT: Duration = LinkPurpose::UndoEmail.lifetime();

/// Sends whoever has the address a link to prove it, if an account has it that has not. Whoever calls it has counted the letter.
pub async fn ask_to_verify(
    app: &App,
    realm: &Snapshot,
    email: EmailAddress,
    origin: &Where,
    now: Timestamp,
) -> Result<(), Problem> {
    Ok(mail::ask_for_link(app, realm.id(), LinkPurpose::VerifyEmail, email, origin, now).await?)
}

/// The same for the address of somebody who is signed in: anybody makes an account with anybody's.
pub async fn verify_ones_own(
    app: &App,
    realm: &Snapshot,
    user: &User,
    origin: &Where,
    now: Timestamp,
) -> Result<(), Problem> {
    let Some(email) = user.email.clone().filter(|_| !user.email_verified) else { return Ok(()) };
    count_members_letter(app, realm, (Rule::MessageAccount, user.id), &email, origin, now)?;
    ask_to_verify(app, realm, email, origin, now).await
}

/// The same for somebody who may not sign in before, and may have lost the first link. They did not ask for it: where too many were sent
/// there is none, and nobody is told.
pub(crate) async fn remind_to_verify(
    app: &App,
    realm: &Snapshot,
    email: EmailAddress,
    origin: &Where,
    now: Timestamp,
) -> Result<(), Problem> {
    match count_strangers_letter(app, realm, &email, origin, now) {
        Ok(_) => ask_to_verify(app, realm, email, origin, now).await,
        Err(_) => Ok(()),
    }
}

/// Confirms an address by a link that was mailed there. An account that was to have another address has it from then on, and the
/// address before is told and can take that back.
pub async fn confirm_email(
    app: &App,
    realm: &Snapshot,
    token: &str,
    origin: Where,
    now: Timestamp,
) -> Result<User, Problem> {
    let (purpose, id) = links::read(app, token, &CONFIRMING)?;
    let (worker, realm) = (app.clone(), realm.id());
    let user = app
        .db()
        .write("confirm an address", move |tx| {
            let (app, origin) = (worker.clone(), origin.clone());
            Box::pin(async move {
                let (link, before) = links::take(tx, (realm, id), purpose, now).await?;
                let record = |event| record(&app, &origin, event, &before, now);
                if purpose == LinkPurpose::VerifyEmail {
                    let user = users::verify_email(tx, realm, link.user, &link.email, now).await?;
                    audit::append(tx, &record(Event::EmailVerified)).await?;
                    return user.ok_or(Problem::InvalidLink);
                }
                let user = set(tx, &before, link.email, now).await?;
                audit::append(tx, &record(Event::EmailChanged)).await?;
                // Only an owner that is proven: a mistyped address may be that of a stranger.
                if let Some(old) = before.email.clone().filter(|_| before.email_verified) {
                    let about = (LinkPurpose::UndoEmail, old);
                    links::send(tx, &app, (realm, before.id), about, &origin, now).await?;
                }
                Ok(user)
            })
        })
        .await?;
    app.post_is_waiting();
    Ok(user)
}

fn record(app: &App, origin: &Where, event: Event, user: &User, now: Timestamp) -> Record {
    origin.record(app, user.realm, event, Actor::User(user.id), now).user(user.id)
}

/// Gives the account a proven address. Whatever was mailed about the one before is of no use any more.
async fn set(tx: &mut Tx, user: &User, email: EmailAddress, now: Timestamp) -> Result<User, Problem> {
    let profile = users::ProfileChanges {
        email: Some(Some(email)),
        email_verified: Some(true),
        ..users::ProfileChanges::default()
    };
    let (realm, id) = (user.realm, user.id);
    let user = users::update_profile(tx, realm, id, &profile, None, now).await?;
    links::forget(tx, (realm, id), &links::BUT_UNDOING).await?;
    user.ok_or(Problem::InvalidLink)
}

/// Mails a link to the address that the account is to have; until that is opened, nothing changes. Takes a recent sign-in of the person's own, with
/// every factor they have: whoever has the address can have a new password sent to it.
///
/// Whether another account has the address is not told: its owner is, by mail. Counted is before that is known.
pub async fn ask_to_change_email(
    app: &App,
    in_realm: &Snapshot,
    caller: &SignedIn,
    email: EmailAddress,
    origin: Where,
    now: Timestamp,
) -> Result<(), Problem> {
    ask_to_change_email_by(app, in_realm, caller, (email, None), origin, now).await
}

/// The same; what is mailed is a code for whoever asks now, where they say by what they are known.
pub async fn ask_to_change_email_by(
    app: &App,
    in_realm: &Snapshot,
    caller: &SignedIn,
    (email, code): (EmailAddress, Option<(MailedLinkId, AskedSignIn)>),
    origin: Where,
    now: Timestamp,
) -> Result<(), Problem> {
    if code.is_some() {
        links::check_codes(in_realm)?;
    }
    mfa::check_may_change(app, caller, now).await?;
    if caller.user.email.as_ref() == Some(&email) {
        let reason = "this is the address of the account already".into();
        return Err(Problem::InvalidField { field: "email", reason });
    }
    let (realm, user, session) = (caller.user.realm, caller.user.id, caller.session.id);
    let counted = count_members_letter(app, in_realm, (Rule::MessageAccount, user), &email, &origin, now)?;
    let who = Who::themselves(caller, origin.clone());
    let record = who.record(app, Event::EmailChangeRequested, realm, user, now).session(session);
    let worker = app.clone();
    let asked = app
        .db()
        .write("ask for another address", move |tx| {
            let (app, who, origin) = (worker.clone(), who.clone(), origin.clone());
            let (record, email, code) = (record.clone(), email.clone(), code.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                let purpose = LinkPurpose::ChangeEmail;
                if mailed_links::made_after(tx, realm, user, purpose, now.minus(INTERVAL)).await? {
                    return Err(Problem::TooManyAttempts { retry_after: INTERVAL });
                }
                let (id, asked) = code.unzip();
                let id = id.unwrap_or_else(|| MailedLinkId::new(now, app.entropy()));
                let taken = users::find_by_email(tx, realm, &email).await?;
                let link = MailedLink::begin(id, (realm, user), purpose, email, now);
                let link = match asked {
                    Some(asked) => link.asked(asked),
                    None => link,
                };
                mailed_links::create(tx, &link).await?;
                match taken {
                    Some(owner) => {
                        let letter = Letter::AccountExists { user: owner.id };
                        mail::queue(tx, &app, realm, origin.language(), letter, now).await?;
                    }
                    None => mail::queue_link(tx, &app, realm, id, &origin, now).await?,
                }
                audit::append(tx, &record).await?;
                Ok(())
            })
        })
        .await;
    if asked.is_err() {
        counted.give_back();
    }
    app.post_is_waiting();
    asked
}

/// The address that an account is to have and has not confirmed yet.
pub async fn awaited_email(app: &App, user: &User, now: Timestamp) -> Result<Option<EmailAddress>, Problem> {
    let (realm, id) = (user.realm, user.id);
    let found = app.db().read("find an address that is to be confirmed", move |tx| {
        Box::pin(async move { mailed_links::newest_of(tx, realm, id, LinkPurpose::ChangeEmail, now).await })
    });
    Ok(found.await?.map(|link| link.email))
}

/// Gives an account back the address it had, by the link mailed there when it was changed.
///
/// Whoever changed it may know the password: it is removed, every session and API key ends, and a link to choose another is mailed
/// to the address. What the other could take back in turn is of no use to them: only links older than this one stay good. And passkeys
/// go, and second factors that are not older than [`SUSPECT`]: with one of theirs the other could come in, or keep the owner out.
pub async fn undo_email_change(
    app: &App,
    realm: &Snapshot,
    token: &str,
    origin: Where,
    now: Timestamp,
) -> Result<User, Problem> {
    let (purpose, id) = links::read(app, token, &[LinkPurpose::UndoEmail])?;
    let (worker, realm) = (app.clone(), realm.id());
    let message = OutboxId::new(now, app.entropy());
    let user = app
        .db()
        .write("take a change of address back", move |tx| {
            let (app, origin) = (worker.clone(), origin.clone());
            Box::pin(async move {
                let (link, before) = links::take(tx, (realm, id), purpose, now).await?;
                let user = set(tx, &before, link.email.clone(), now).await?;
                mailed_links::forget_newer(tx, &link).await?;
                lock_out(tx, &app, message, (&user, &origin), now).await?;
                let since = link.created_at.minus(SUSPECT);
                let kinds: Vec<_> = mfa::remove_since(tx, realm, user.id, since)
                    .await?
                    .iter()
                    .map(|factor| factor.kind.name())
                    .collect();
                let undone = record(&app, &origin, Event::EmailChangeUndone, &user, now);
                let undone =
                    if kinds.is_empty() { undone } else { undone.with("factors_removed", kinds.join(" ")) };
                audit::append(tx, &undone).await?;
                let about = (LinkPurpose::Recover, link.email);
                links::send(tx, &app, (realm, user.id), about, &origin, now).await?;
                Ok::<_, Problem>(user)
            })
        })
        .await?;
    app.sign_outs().notify_one();
    app.post_is_waiting();
    Ok(user)
}

/// Leaves nobody a way in but by mail.
async fn lock_out(
    tx: &mut Tx,
    app: &App,
    message: OutboxId,
    (user, origin): (&User, &Where),
    now: Timestamp,
) -> Result<(), Problem> {
    let realm = user.realm;
    passwords::remove(tx, realm, user.id).await?;
    // The owner connects theirs again; which of them are the thief's nobody can say.
    identities::remove_all(tx, realm, user.id, None).await?;
    users::sign_out_everywhere(tx, realm, user.id, now, message).await?;
    let reason = Some(Event::EmailChangeUndone.name());
    revoke_because(tx, app, (realm, user.id), reason, &Who::by_mail(user, origin.clone()), now).await?;
    Ok(())
}
