//! An account that its owner deletes by a link that is mailed to them.
//!
//! Deleting takes a sign-in of a moment ago with every factor. Where there is neither a password nor a second factor, and the realm lets
//! people sign in by mail, reading the account's mail is such a sign-in: the link is one that is good for nothing else, in the session
//! that asked for it and where it was asked for, for no longer than a sign-in counts as one of a moment ago.

use gatepost_domain::{
    AskedSignIn, EmailAddress, LinkPurpose, MailedLink, MailedLinkId, SecretDigest, Timestamp, User,
    audit::Event, mailed_link::INTERVAL,
};
use gatepost_store::{Tx, audit, mailed_links, passwords};

use super::{
    Who,
    change::{Shown, remove},
    count_members_letter, links,
};
use crate::{
    App,
    http::{Problem, SignedIn, origin::Where},
    limits::Rule,
    mail, mfa,
    realm::Snapshot,
    session,
};

/// Mails a link that deletes the account of whoever asks, where that shows as much as deleting it takes:
/// `ReauthenticationRequired` where it does not, and then they sign in again.
pub async fn ask_to_delete(
    app: &App,
    in_realm: &Snapshot,
    caller: &SignedIn,
    (id, asked): (MailedLinkId, AskedSignIn),
    origin: Where,
    now: Timestamp,
) -> Result<(), Problem> {
    is_on(in_realm)?;
    is_themselves(caller)?;
    let proven = session::is_by_mail(app, in_realm) && caller.user.email_verified;
    let email = caller.user.email.clone().filter(|_| proven).ok_or(Problem::ReauthenticationRequired)?;
    let (realm, user, session) = (caller.user.realm, caller.user.id, caller.session.id);
    let counted = count_members_letter(app, in_realm, (Rule::MessageAccount, user), &email, &origin, now)?;
    let who = Who::themselves(caller, origin.clone());
    let record = who.record(app, Event::AccountDeletionRequested, realm, user, now).session(session);
    let worker = app.clone();
    let mailed = app.db().write("ask to delete an account", move |tx| {
        let (app, who, origin) = (worker.clone(), who.clone(), origin.clone());
        let (record, email, asked) = (record.clone(), email.clone(), asked.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            let has_password = passwords::find(tx, realm, user).await?.is_some();
            if has_password || !mfa::factors(tx, realm, user).await?.is_empty() {
                return Err(Problem::ReauthenticationRequired);
            }
            let purpose = LinkPurpose::DeleteAccount;
            if mailed_links::made_after(tx, realm, user, purpose, now.minus(INTERVAL)).await? {
                return Err(Problem::TooManyAttempts { retry_after: INTERVAL });
            }
            let link = MailedLink::begin(id, (realm, user), purpose, email, now).asked(asked);
            mailed_links::create(tx, &link).await?;
            mail::queue_link(tx, &app, realm, id, &origin, now).await?;
            Ok(audit::append(tx, &record).await?)
        })
    });
    let mailed = mailed.await;
    if mailed.is_err() {
        counted.give_back();
    }
    app.post_is_waiting();
    mailed
}

/// The address that such a link was mailed to, if it is opened where it was asked for, by its owner; `None` elsewhere. Looking uses
/// nothing up.
pub async fn opened_to_delete(
    app: &App,
    realm: &Snapshot,
    caller: Option<&SignedIn>,
    (token, by): (&str, &SecretDigest),
    now: Timestamp,
) -> Result<Option<EmailAddress>, Problem> {
    let (link, user) = links::opened(app, realm, token, &[LinkPurpose::DeleteAccount], now).await?;
    let is_here = caller.is_some_and(|caller| caller.user.id == user.id)
        && link.asked.is_some_and(|asked| asked.by == *by);
    Ok(is_here.then_some(link.email))
}

/// Deletes the account of whoever asks, by a link that was mailed to them. `by` is what they prove with that they asked for it.
pub async fn delete_own_by_link(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    (token, by): (&str, &SecretDigest),
    origin: Where,
    now: Timestamp,
) -> Result<(), Problem> {
    is_on(realm)?;
    is_themselves(caller)?;
    let (_, id) = links::read(app, token, &[LinkPurpose::DeleteAccount])?;
    if !realm.settings().email_sign_in {
        return Err(Problem::ReauthenticationRequired);
    }
    let whose = (caller.user.realm, caller.user.id);
    let shown = Shown::Link(caller.clone(), Opened { id, by: *by });
    remove(app, whose, Who::themselves(caller, origin), shown, now).await
}

fn is_on(realm: &Snapshot) -> Result<(), Problem> {
    if realm.settings().account_deletion { Ok(()) } else { Err(Problem::AccountDeletionOff) }
}

/// Neither an application nor an administrator in their place.
fn is_themselves(caller: &SignedIn) -> Result<(), Problem> {
    let by_another = caller.grant.is_some() || caller.session.impersonator.is_some();
    if by_another { Err(Problem::NotForApplications) } else { Ok(()) }
}

/// A link that somebody opened.
#[derive(Clone)]
pub(super) struct Opened {
    id: MailedLinkId,
    by: SecretDigest,
}

impl Opened {
    /// Uses it up, in the transaction that deletes, if it is still as good as a sign-in: whoever has a second factor by now shows that.
    pub(super) async fn take(
        &self,
        tx: &mut Tx,
        caller: &SignedIn,
        user: &User,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let what = (self.id, LinkPurpose::DeleteAccount);
        let link = mailed_links::take_asked(tx, user.realm, what, &self.by, now).await?;
        let is_theirs = |link: &MailedLink| {
            link.user == caller.user.id && user.email_verified && user.email.as_ref() == Some(&link.email)
        };
        link.filter(is_theirs).ok_or(Problem::InvalidLink)?;
        if mfa::factors(tx, user.realm, user.id).await?.is_empty() {
            Ok(())
        } else {
            Err(Problem::ReauthenticationRequired)
        }
    }
}
