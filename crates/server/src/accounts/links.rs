//! Links that were mailed, opened.

use gatepost_domain::{
    AskedSignIn, EmailAddress, LinkPurpose, MailedLink, MailedLinkId, RealmId, SecretDigest, Timestamp, User,
    UserId,
    audit::{Actor, Event},
    mailed_link::{CODE_TRIES, MailedCode, SIGN_IN_TTL, code_tries},
};
use gatepost_store::{Error, Tx, attempts, audit, mailed_links, users};

use super::count_mail;
use crate::{
    App,
    http::{Problem, origin::Where},
    limits::{self, Rule},
    mail,
    realm::Snapshot,
};

/// The account that a link is about, as long as the link is good. Looking uses nothing up: programs that check mail open every link
/// (LG-10).
pub async fn opened(
    app: &App,
    realm: &Snapshot,
    token: &str,
    purposes: &[LinkPurpose],
    now: Timestamp,
) -> Result<(MailedLink, User), Problem> {
    let (purpose, id) = read(app, token, purposes)?;
    let realm = realm.id();
    let found = app.db().read("look at a mailed link", move |tx| {
        Box::pin(async move {
            let Some(link) = mailed_links::find_live(tx, realm, id, now).await? else { return Ok(None) };
            let user = users::find(tx, realm, link.user).await?;
            Ok::<_, Problem>(user.filter(|user| is_about(&link, user)).map(|user| (link, user)))
        })
    });
    found.await?.filter(|(link, _)| link.purpose == purpose).ok_or(Problem::InvalidLink)
}

/// What a link of ours says, if it does one of these things. What is made up never reaches the database.
pub(super) fn read(
    app: &App,
    token: &str,
    purposes: &[LinkPurpose],
) -> Result<(LinkPurpose, MailedLinkId), Problem> {
    app.link_mac().decode(token).filter(|(purpose, _)| purposes.contains(purpose)).ok_or(Problem::InvalidLink)
}

/// Whether codes are mailed in the realm, which can be guessed as no link can.
pub(super) fn check_codes(realm: &Snapshot) -> Result<(), Problem> {
    if realm.settings().email_sign_in { Ok(()) } else { Err(Problem::EmailSignInOff) }
}

/// Mails what is good for whoever asks now alone to whoever has the address, if an account has it: a code, and to sign in perhaps a link.
/// `asked` is by what the letter is known to them.
pub async fn ask_for_code(
    app: &App,
    realm: &Snapshot,
    (purpose, email): (LinkPurpose, EmailAddress),
    asked: (MailedLinkId, AskedSignIn),
    origin: &Where,
    now: Timestamp,
) -> Result<(), Problem> {
    check_codes(realm)?;
    count_mail(app, realm, &email, origin, now).await?;
    Ok(mail::ask_for_code(app, realm.id(), (purpose, email), asked, origin, now).await?)
}

/// What came of looking at a code.
enum Looked {
    Right,
    /// Not right; whose letter it would have been, if there is one, and whether another code is looked at.
    Wrong(Option<UserId>, bool),
    /// Tried too often.
    Over,
}

/// What stands in the link that goes with a code, for whoever asked for it and typed it. Nothing is used up but a try: each counts
/// before it is answered, whether there is such a letter or not (LG-18).
pub async fn link_of_code(
    app: &App,
    realm: &Snapshot,
    purpose: LinkPurpose,
    (id, typed, by): (MailedLinkId, &str, &SecretDigest),
    origin: &Where,
    now: Timestamp,
) -> Result<String, Problem> {
    check_codes(realm)?;
    let attempt = limits::attempt(app, realm, (Rule::SignInAddress, origin.neighbourhood()), origin, now)?;
    let right = typed.parse::<MailedCode>().is_ok_and(|typed| typed == app.link_mac().code(id));
    let (by, realm_id) = (*by, realm.id());
    let looked = app.db().write("look at a code that was mailed", move |tx| {
        Box::pin(async move {
            if !count_code(tx, realm_id, id, now).await? {
                return Ok(Looked::Over);
            }
            let found = mailed_links::find_live(tx, realm_id, id, now).await?;
            let found = found.filter(|link| link.purpose == purpose);
            let asked = found.as_ref().and_then(|link| link.asked.as_ref());
            if right && asked.is_some_and(|asked| asked.by == by) {
                return Ok(Looked::Right);
            }
            let goes_on = codes_are_left(tx, realm_id, id, now).await?;
            Ok::<_, Problem>(Looked::Wrong(found.map(|link| link.user), goes_on))
        })
    });
    match looked.await? {
        Looked::Right => {
            attempt.give_back();
            Ok(app.link_mac().encode(purpose, id))
        }
        Looked::Wrong(whose, goes_on) => {
            note_wrong_code(app, realm_id, whose, origin, now).await?;
            Err(if goes_on { Problem::InvalidCode } else { Problem::InvalidLink })
        }
        Looked::Over => Err(Problem::InvalidLink),
    }
}

/// Counts a code that is tried for a letter. False: too many were.
pub(crate) async fn count_code(
    tx: &mut Tx,
    realm: RealmId,
    id: MailedLinkId,
    now: Timestamp,
) -> Result<bool, Error> {
    attempts::count(tx, realm, &code_tries(id), CODE_TRIES, now.plus(SIGN_IN_TTL), now).await
}

/// Whether another code may be tried for a letter: whoever typed the last that is looked at needs another letter.
pub(crate) async fn codes_are_left(
    tx: &mut Tx,
    realm: RealmId,
    id: MailedLinkId,
    now: Timestamp,
) -> Result<bool, Error> {
    attempts::are_left(tx, realm, &code_tries(id), CODE_TRIES, now).await
}

/// Keeps in the audit trail that a code was wrong.
pub(crate) async fn note_wrong_code(
    app: &App,
    realm: RealmId,
    whose: Option<UserId>,
    origin: &Where,
    now: Timestamp,
) -> Result<(), Error> {
    let record = origin.record(app, realm, Event::SignInRefused, Actor::Anonymous, now);
    let mut record = record.with("method", "email");
    record.user = whose;
    let noted = app.db().write("record a refused code", move |tx| {
        let record = record.clone();
        Box::pin(async move { audit::append(tx, &record).await })
    });
    noted.await
}

/// Whether a link still means what it did when it was mailed: nobody can use one that is about an address the account had before.
fn is_about(link: &MailedLink, user: &User) -> bool {
    let same = user.email.as_ref().is_some_and(|email| *email == link.email);
    let needs_address = !matches!(link.purpose, LinkPurpose::ChangeEmail | LinkPurpose::UndoEmail);
    !user.is_disabled() && (same || !needs_address)
}

/// Uses a link up, in the transaction of what it does. Of any number who do so at once one succeeds.
pub(super) async fn take(
    tx: &mut Tx,
    (realm, id): (RealmId, MailedLinkId),
    purpose: LinkPurpose,
    now: Timestamp,
) -> Result<(MailedLink, User), Problem> {
    let link = mailed_links::take(tx, realm, id, purpose, now).await?.ok_or(Problem::InvalidLink)?;
    let user = users::find(tx, realm, link.user).await?;
    let user = user.filter(|user| is_about(&link, user)).ok_or(Problem::InvalidLink)?;
    Ok((link, user))
}

/// Makes a link and queues its letter, in one transaction.
pub(crate) async fn send(
    tx: &mut Tx,
    app: &App,
    (realm, user): (RealmId, UserId),
    (purpose, email): (LinkPurpose, EmailAddress),
    origin: &Where,
    now: Timestamp,
) -> Result<(), Error> {
    let id = MailedLinkId::new(now, app.entropy());
    mailed_links::create(tx, &MailedLink::begin(id, (realm, user), purpose, email, now)).await?;
    mail::queue_link(tx, app, realm, id, origin, now).await
}

/// What is over once the account has another address, or was disabled in between: all but what gives it back to its owner.
pub(super) const BUT_UNDOING: [LinkPurpose; 5] = [
    LinkPurpose::VerifyEmail,
    LinkPurpose::ChangeEmail,
    LinkPurpose::Recover,
    LinkPurpose::SignIn,
    LinkPurpose::DeleteAccount,
];

/// Ends the links of an account that are for these purposes.
pub(super) async fn forget(
    tx: &mut Tx,
    (realm, user): (RealmId, UserId),
    purposes: &[LinkPurpose],
) -> Result<(), Error> {
    for purpose in purposes {
        mailed_links::forget(tx, realm, user, *purpose).await?;
    }
    Ok(())
}
