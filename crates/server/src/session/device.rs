//! Sign-ins from devices that were not seen before are told to the owner of the account.

use std::time::Duration;

use gatepost_domain::{Session, Timestamp, User, outbox::Notice};
use gatepost_store::{Error, Tx, sessions};

use crate::{App, http::origin::Where, mail};

/// How many earlier sessions are looked at: whoever has more of late is told once too often, and no more.
const EARLIER: u32 = 50;
/// Whoever has just made an account signs in for the first time.
const NEW: Duration = Duration::from_hours(1);

/// Queues a notice if nothing like the session's device was signed in to the account before. In the transaction that begins the
/// session.
pub(crate) async fn note_device(
    tx: &mut Tx,
    app: &App,
    (user, session): (&User, &Session),
    origin: &Where,
    now: Timestamp,
) -> Result<(), Error> {
    if !app.mailer().is_on() || !user.email_verified {
        return Ok(());
    }
    let earlier = sessions::origins(tx, user.realm, user.id, session.id, EARLIER).await?;
    let first = earlier.is_empty() && now.since(user.created_at) < NEW;
    if first || earlier.iter().any(|known| known.resembles(&session.origin)) {
        return Ok(());
    }
    mail::notice(tx, app, user, Notice::NewDevice, origin, now).await
}
