//! How many letters are sent to an address because somebody else wants it: on whichever way they come, an address has one count, and who
//! causes them has one.
//!
//! Notices are not counted. Their owner is told of what happens to an account however many letters others have sent there.

use gatepost_domain::{EmailAddress, Timestamp, UserId};

use crate::{
    App,
    http::{Problem, origin::Where},
    limits::{self, Attempt, Rule},
    realm::Snapshot,
    session::known_device_at,
};

/// Counts a letter that somebody asks for who has not signed in, before anything is done for it: for the device, if the account knows it;
/// for everybody else by where they are and by the address. So nobody uses up the letters of another (LG-05).
pub async fn count_mail(
    app: &App,
    realm: &Snapshot,
    email: &EmailAddress,
    origin: &Where,
    now: Timestamp,
) -> Result<(), Problem> {
    if let Some(device) = known_device_at(app, realm, email, origin, now).await? {
        // Whoever has the password makes as many devices known as they like.
        let user = device.user();
        let of_all = limits::attempt_of(app, realm, (Rule::MessageRecipient, user), Some(user), origin, now)?;
        let by_device =
            limits::attempt_of(app, realm, (Rule::MessageDevice, device), Some(user), origin, now);
        return match by_device {
            Ok(_) => Ok(()),
            Err(limited) => {
                of_all.give_back();
                Err(limited)
            }
        };
    }
    limits::attempt(app, realm, (Rule::RecoverAddress, origin.neighbourhood()), origin, now)?;
    count_strangers_letter(app, realm, email, origin, now)?;
    Ok(())
}

/// Counts a letter that a stranger causes. Whoever has caused their share spends nothing of what others have.
pub(crate) fn count_strangers_letter(
    app: &App,
    realm: &Snapshot,
    email: &EmailAddress,
    origin: &Where,
    now: Timestamp,
) -> Result<Attempt, Problem> {
    let mailbox = email.mailbox();
    let pair = (origin.neighbourhood(), mailbox.as_str());
    let from_there = limits::attempt(app, realm, (Rule::Message, pair), origin, now)?;
    let of_all = limits::attempt(app, realm, (Rule::MessageRecipient, mailbox.as_str()), origin, now)?;
    Ok(from_there.and(&of_all))
}

/// Counts a letter that somebody who is signed in has sent to an address that may be anybody's: by who they are, and as a stranger's, for
/// to whoever gets it they are no less of one, and accounts cost nothing. Give it back where none was sent.
pub(crate) fn count_members_letter(
    app: &App,
    realm: &Snapshot,
    (rule, sender): (Rule, UserId),
    email: &EmailAddress,
    origin: &Where,
    now: Timestamp,
) -> Result<Attempt, Problem> {
    if !app.mailer().is_on() {
        return Ok(Attempt::unlimited(app, now));
    }
    let by_sender = limits::attempt_of(app, realm, (rule, sender), Some(sender), origin, now)?;
    match count_strangers_letter(app, realm, email, origin, now) {
        Ok(as_stranger) => Ok(by_sender.and(&as_stranger)),
        Err(limited) => {
            by_sender.give_back();
            Err(limited)
        }
    }
}
