//! Links that were mailed, opened.

use gatepost_domain::{
    EmailAddress, LinkPurpose, MailedLink, MailedLinkId, RealmId, Timestamp, User, UserId, outbox::Letter,
};
use gatepost_store::{Error, Tx, mailed_links, users};

use crate::{
    App,
    http::{Problem, origin::Where},
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

/// Whether a link still means what it did when it was mailed: nobody can use one that is about an address the account had before.
fn is_about(link: &MailedLink, user: &User) -> bool {
    let same = user.email.as_ref().is_some_and(|email| *email == link.email);
    let needs_address =
        matches!(link.purpose, LinkPurpose::VerifyEmail | LinkPurpose::Recover | LinkPurpose::SignIn);
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
    mail::queue(tx, app, realm, origin.language(), Letter::Link { link: id }, now).await
}

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
