//! An account whose password is lost.
//!
//! Somebody types an address; a link goes to it if it is that of an account; whoever opens the link sets a new password. That signs
//! nobody in: whoever has a second factor still needs it (LG-12).

use gatepost_domain::{
    EmailAddress, LinkPurpose, OutboxId, PasswordHash, Timestamp, User,
    audit::{Actor, Event},
    outbox::Notice,
    password::Password,
};
use gatepost_store::{audit, passwords, users};

use super::{Who, count_mail, links, ownership};
use crate::{
    App,
    api_keys::revoke_because,
    http::{Problem, origin::Where},
    mail, mfa,
    realm::Snapshot,
};

/// Mails a link to whoever has the address, if an account has it.
pub async fn ask_to_recover(
    app: &App,
    realm: &Snapshot,
    email: EmailAddress,
    origin: &Where,
    now: Timestamp,
) -> Result<(), Problem> {
    count_mail(app, realm, &email, origin, now).await?;
    Ok(mail::ask_for_link(app, realm.id(), LinkPurpose::Recover, email, origin, now).await?)
}

/// Sets a new password by a link that was mailed, and ends every session and grant; with `with_keys`, API keys too.
///
/// The link proves the address. Where that was not proven before, whoever made the account may be another: [`ownership`] says what ends
/// then. The second factors of an account that is proven stay: mail alone must not open what asks for more (LG-12).
pub async fn recover(
    app: &App,
    realm: &Snapshot,
    token: &str,
    new: &Password,
    with_keys: bool,
    origin: Where,
    now: Timestamp,
) -> Result<User, Problem> {
    let (purpose, id) = links::read(app, token, &[LinkPurpose::Recover])?;
    let new = PasswordHash::new(app.hash_chosen(realm, new, &origin, now).await?);
    let (worker, realm) = (app.clone(), realm.id());
    let message = OutboxId::new(now, app.entropy());
    let user = app
        .db()
        .write("recover an account", move |tx| {
            let (app, origin, new) = (worker.clone(), origin.clone(), new.clone());
            Box::pin(async move {
                let (link, before) = links::take(tx, (realm, id), purpose, now).await?;
                let whose = (realm, link.user);
                let owned = ownership::prove(tx, &app, (&before, &link.email), &origin, now).await?;
                passwords::set(tx, realm, link.user, &new, now).await?;
                // Or have begun to set an app or a number up, which must not be shown to its owner as theirs.
                mfa::forget_begun(tx, realm, link.user).await?;
                users::sign_out_everywhere(tx, realm, link.user, now, message).await?;
                if with_keys {
                    let reason = Some(Event::AccountRecovered.name());
                    revoke_because(tx, &app, whose, reason, &Who::by_mail(&before, origin.clone()), now)
                        .await?;
                }
                // Whoever had the account may have asked for another address; and one password is enough.
                let over = [LinkPurpose::ChangeEmail, LinkPurpose::VerifyEmail, LinkPurpose::Recover];
                links::forget(tx, whose, &over).await?;
                let record =
                    |event| origin.record(&app, realm, event, Actor::User(link.user), now).user(link.user);
                audit::append(tx, &record(Event::AccountRecovered)).await?;
                mail::notice(tx, &app, &owned.user, Notice::PasswordChanged, &origin, now).await?;
                Ok::<_, Problem>(owned.user)
            })
        })
        .await?;
    app.sign_outs().notify_one();
    app.post_is_waiting();
    Ok(user)
}
