//! Letters that somebody asks for who has not signed in, and how many of them.

use gatepost_domain::{EmailAddress, Timestamp};

use crate::{
    App,
    http::{Problem, origin::Where},
    limits::{self, Rule},
    realm::Snapshot,
    session::known_device_at,
};

/// Counts a letter that somebody asks for, before anything is done for it: for the device, if the account knows it; for everybody else by
/// where they are and by the address. So nobody uses up the letters of another (LG-05).
pub async fn count_mail(
    app: &App,
    realm: &Snapshot,
    email: &EmailAddress,
    origin: &Where,
    now: Timestamp,
) -> Result<(), Problem> {
    if let Some(device) = known_device_at(app, realm, email, origin, now).await? {
        let whose = Some(device.user());
        limits::attempt_of(app, realm, (Rule::MessageDevice, device), whose, origin, now)?;
        return Ok(());
    }
    limits::attempt(app, realm, (Rule::RecoverAddress, origin.neighbourhood()), origin, now)?;
    count_strangers_letter(app, realm, email, origin, now)
}

/// Counts a letter that a stranger causes. Whoever has caused their share spends nothing of what others have.
pub(super) fn count_strangers_letter(
    app: &App,
    realm: &Snapshot,
    email: &EmailAddress,
    origin: &Where,
    now: Timestamp,
) -> Result<(), Problem> {
    let pair = (origin.neighbourhood(), email.key());
    limits::attempt(app, realm, (Rule::Message, pair), origin, now)?;
    limits::attempt(app, realm, (Rule::MessageRecipient, email.key()), origin, now)?;
    Ok(())
}
