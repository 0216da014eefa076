//! Letters that wait in the outbox are written and sent.
//!
//! What somebody asked for who typed an address becomes a link here and not in their request: whether the address is anybody's
//! shows neither in the answer nor in its time.

use std::time::Duration;

use gatepost_domain::{
    AskedSignIn, EmailAddress, LinkPurpose, MailedLink, MailedLinkId, OutboxId, RealmId, Timestamp,
    audit::{Actor, Event, Record},
    mailed_link::INTERVAL,
    outbox::{Letter, Mail, Message, Queued},
};
use gatepost_store::{Error, Tx, audit, mailed_links, outbox, users};

use super::claim;
use crate::{
    App,
    mail::{Unsent, write},
};

/// Letters taken together.
const BATCH: u32 = 16;
/// How long they are this process's own: longer than all of them take to be refused.
const LEASE: Duration = Duration::from_mins(5);
/// How often a letter is tried: for six hours or so.
const ATTEMPTS: u32 = 16;

/// Sends every letter that is due.
pub async fn send_mail(app: &App) -> Result<(), Error> {
    loop {
        let now = app.clock().now();
        let claimed = claim(app, "mail", BATCH, LEASE, now).await?;
        if claimed.is_empty() {
            return Ok(());
        }
        // Together: one that takes long delays no other.
        let sending: Vec<_> = claimed
            .into_iter()
            .map(|queued| {
                let app = app.clone();
                tokio::spawn(async move { carry_out(&app, &queued, now).await })
            })
            .collect();
        for sent in sending {
            if let Ok(sent) = sent.await {
                sent?;
            }
        }
    }
}

async fn carry_out(app: &App, queued: &Queued, now: Timestamp) -> Result<(), Error> {
    let Message::Mail(mail) = &queued.message else { return Ok(()) };
    if let Letter::Asked { purpose, email, sign_in, .. } = &mail.letter {
        return find_out(app, queued, mail, (*purpose, email, sign_in.as_ref()), now).await;
    }
    let kind = mail.letter.kind();
    let (result, over) = match send(app, queued, mail, now).await {
        Ok(true) => ("sent", true),
        Ok(false) => ("void", true),
        Err(Unsent::Off) => ("off", true),
        Err(Unsent::Refused(reason)) => {
            tracing::warn!(reason, letter = kind, id = %queued.id, "a letter was refused; it is given up");
            ("refused", true)
        }
        Err(Unsent::Later(reason)) if queued.attempts >= ATTEMPTS => {
            tracing::error!(reason, letter = kind, id = %queued.id, "a letter could not be sent; it is given up");
            ("given_up", true)
        }
        Err(Unsent::Later(reason)) => {
            let attempt = queued.attempts;
            tracing::warn!(reason, letter = kind, id = %queued.id, attempt, "a letter could not be sent; it is tried again");
            ("failed", false)
        }
    };
    metrics::counter!("gatepost_mail_total", "letter" => kind, "result" => result).increment(1);
    let queued = queued.clone();
    app.db()
        .write_one("keep whether a letter was sent", move |tx| {
            let queued = queued.clone();
            Box::pin(async move {
                if over { outbox::done(tx, &queued).await } else { outbox::failed(tx, &queued, now).await }
            })
        })
        .await
        .map(drop)
}

/// Writes and sends a letter. False: what it was about is gone.
async fn send(app: &App, queued: &Queued, mail: &Mail, now: Timestamp) -> Result<bool, Unsent> {
    if !app.mailer().is_on() {
        return Err(Unsent::Off);
    }
    let later = |error: &dyn std::fmt::Display| Unsent::Later(error.to_string());
    let realm = app.realms().with_id(app, queued.realm).await.map_err(|error| later(&error))?;
    let Some(realm) = realm else { return Ok(false) };
    let written = write(app, &realm, mail, now).await.map_err(|problem| later(&problem.reason()))?;
    let Some((to, letter)) = written else { return Ok(false) };
    let name =
        realm.settings().display_name.as_ref().map_or(realm.name(), gatepost_domain::DisplayName::as_str);
    app.mailer().send(queued.id, (&to, name), &letter, now).await?;
    Ok(true)
}

/// Turns what somebody asked for into a link, if the address is that of an account.
async fn find_out(
    app: &App,
    queued: &Queued,
    mail: &Mail,
    (purpose, email, sign_in): (LinkPurpose, &EmailAddress, Option<&(MailedLinkId, AskedSignIn)>),
    now: Timestamp,
) -> Result<(), Error> {
    let (worker, queued, mail, email) = (app.clone(), queued.clone(), mail.clone(), email.clone());
    let sign_in = sign_in.cloned();
    app.db()
        .write("find out whom a link is for", move |tx| {
            let (app, queued, mail, email) = (worker.clone(), queued.clone(), mail.clone(), email.clone());
            let sign_in = sign_in.clone();
            Box::pin(async move {
                let about = (purpose, &email, sign_in.as_ref());
                if let Some(link) = link_for(tx, &app, queued.realm, about, now).await? {
                    if let Some(asked) = &link.asked {
                        mailed_links::forget_asked(tx, link.realm, link.user, purpose, &asked.by).await?;
                    }
                    mailed_links::create(tx, &link).await?;
                    let letter = Letter::Link { link: link.id };
                    let message = Message::Mail(Mail { letter, ..mail.clone() });
                    outbox::queue(tx, OutboxId::new(now, app.entropy()), link.realm, &message, now).await?;
                    let event = match purpose {
                        LinkPurpose::Recover => Some(Event::RecoveryRequested),
                        LinkPurpose::SignIn => Some(Event::EmailSignInRequested),
                        _ => None,
                    };
                    if let Some(event) = event {
                        audit::append(tx, &asked(&app, event, &link, &mail.letter, now)).await?;
                    }
                }
                outbox::done(tx, &queued).await
            })
        })
        .await
        .map(drop)
}

/// The link that is due to whoever has the address. `None`: nobody has, or has no use for it, or was just sent one.
async fn link_for(
    tx: &mut Tx,
    app: &App,
    realm: RealmId,
    (purpose, email, sign_in): (LinkPurpose, &EmailAddress, Option<&(MailedLinkId, AskedSignIn)>),
    now: Timestamp,
) -> Result<Option<MailedLink>, Error> {
    let user = users::find_by_email(tx, realm, email).await?;
    let needs = |proven: bool| !proven || purpose != LinkPurpose::VerifyEmail;
    let user = user.filter(|user| !user.is_disabled() && needs(user.email_verified));
    // To the address as stored.
    let Some((user, stored)) = user.and_then(|user| user.email.map(|email| (user.id, email))) else {
        return Ok(None);
    };
    if let Some((id, asked)) = sign_in {
        // Whoever asks waits for this one: another's, of a moment ago, is of no use to them. The limits keep the mailbox from being filled.
        return Ok(Some(MailedLink::begin(*id, (realm, user), purpose, stored, now).asked(asked.clone())));
    }
    if mailed_links::made_after(tx, realm, user, purpose, now.minus(INTERVAL)).await? {
        return Ok(None);
    }
    let id = MailedLinkId::new(now, app.entropy());
    Ok(Some(MailedLink::begin(id, (realm, user), purpose, stored, now)))
}

fn asked(app: &App, event: Event, link: &MailedLink, letter: &Letter, now: Timestamp) -> Record {
    let mut record = Record::new(app.event_id(now), link.realm, now, event, Actor::Anonymous).user(link.user);
    if let Letter::Asked { address, request, .. } = letter {
        record.address = *address;
        record.request_id.clone_from(request);
    }
    record
}
