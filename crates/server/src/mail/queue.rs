//! Letters are queued in the transaction that causes them.

use gatepost_domain::{
    AskedSignIn, EmailAddress, LinkPurpose, MailedLinkId, OutboxId, RealmId, Timestamp, User,
    outbox::{Letter, Mail, Message, Notice},
};
use gatepost_store::{Error, Tx, outbox};

use crate::{App, http::origin::Where};

/// Queues a letter, in the language of whoever causes it. Wake the job ([`App::post_is_waiting`]) once the transaction is over.
///
/// Where no mail is sent nothing is queued.
pub async fn queue(
    tx: &mut Tx,
    app: &App,
    realm: RealmId,
    language: &str,
    letter: Letter,
    now: Timestamp,
) -> Result<(), Error> {
    queue_mail(tx, app, realm, Mail { language: language.to_owned(), back: None, letter }, now).await
}

/// The same for a link, which leads to where the application goes on at which it was asked for, if it was at one.
pub async fn queue_link(
    tx: &mut Tx,
    app: &App,
    realm: RealmId,
    link: MailedLinkId,
    origin: &Where,
    now: Timestamp,
) -> Result<(), Error> {
    queue_mail(tx, app, realm, mail(Letter::Link { link }, origin), now).await
}

fn mail(letter: Letter, origin: &Where) -> Mail {
    let back = origin.back().map(str::to_owned);
    Mail { language: origin.language().to_owned(), back, letter }
}

async fn queue_mail(tx: &mut Tx, app: &App, realm: RealmId, mail: Mail, now: Timestamp) -> Result<(), Error> {
    if !app.mailer().is_on() {
        return Ok(());
    }
    outbox::queue(tx, OutboxId::new(now, app.entropy()), realm, &Message::Mail(mail), now).await
}

/// Tells the owner of an account of something that happened to it, at the address it had before. Addresses that nobody has proven are
/// told nothing: they may be somebody else's.
///
/// Call it in the transaction in which it happens.
pub async fn notice(
    tx: &mut Tx,
    app: &App,
    user: &User,
    notice: Notice,
    origin: &Where,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(to) = user.email.clone().filter(|_| user.email_verified) else { return Ok(()) };
    let session = origin.session_origin();
    let (address, device) = (session.address, session.user_agent);
    let letter = Letter::Notice { user: user.id, to, notice, at: now, address, device };
    queue(tx, app, user.realm, origin.language(), letter, now).await
}

/// Queues what somebody asked for who typed an address. Nothing is looked up: the work and the answer are the same whosever the
/// address is, or nobody's (LG-01, LG-02).
pub async fn ask_for_link(
    app: &App,
    realm: RealmId,
    purpose: LinkPurpose,
    email: EmailAddress,
    origin: &Where,
    now: Timestamp,
) -> Result<(), Error> {
    ask(app, realm, (purpose, email, None), origin, now).await
}

/// The same for what is good for whoever asks now alone, and known to them as this link: a code, and to sign in perhaps a link.
pub async fn ask_for_code(
    app: &App,
    realm: RealmId,
    (purpose, email): (LinkPurpose, EmailAddress),
    asked: (MailedLinkId, AskedSignIn),
    origin: &Where,
    now: Timestamp,
) -> Result<(), Error> {
    ask(app, realm, (purpose, email, Some(asked)), origin, now).await
}

async fn ask(
    app: &App,
    realm: RealmId,
    (purpose, email, sign_in): (LinkPurpose, EmailAddress, Option<(MailedLinkId, AskedSignIn)>),
    origin: &Where,
    now: Timestamp,
) -> Result<(), Error> {
    let worker = app.clone();
    let origin = origin.clone();
    app.db()
        .write_one("queue what was asked for", move |tx| {
            let (app, email, origin) = (worker.clone(), email.clone(), origin.clone());
            let sign_in = sign_in.clone();
            Box::pin(async move {
                let (address, request) = (origin.session_origin().address, origin.request_id());
                let letter = Letter::Asked { purpose, email, address, request, sign_in };
                queue_mail(tx, &app, realm, mail(letter, &origin), now).await
            })
        })
        .await?;
    app.post_is_waiting();
    Ok(())
}
