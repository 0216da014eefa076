//! Sign-ins whose first step was right and that wait for a second factor.
//!
//! Nothing of them is stored: what says so is sealed, and in the hands of whoever signs in. What it may be tried, and that it was
//! used up, is stored.

use data_encoding::BASE64URL_NOPAD;
use gatepost_domain::{
    Timestamp, User,
    mfa::{First, Missing, PENDING_SET_UP_TTL, PENDING_TTL, PendingFirst, PendingSignIn},
};

use crate::{App, realm::Snapshot};

/// What every token of a pending sign-in starts with.
const PREFIX: &str = "gp_ps_";

/// What it is sealed for. In a browser it is sealed in the flow, for that.
const PURPOSE: &str = "pending-sign-in";

/// None is longer.
const LONGEST: usize = 2 * 1024;

/// One that begins now.
pub(super) fn begin(
    app: &App,
    user: &User,
    first: &First,
    missing: Missing,
    remembered: bool,
    now: Timestamp,
) -> PendingSignIn {
    let mut id = [0; 16];
    app.entropy().fill(&mut id);
    let life = if missing.is_set_up() { PENDING_SET_UP_TTL } else { PENDING_TTL };
    PendingSignIn {
        id: BASE64URL_NOPAD.encode(&id),
        user: user.id,
        first: PendingFirst::of(first),
        remembered,
        proven_at: now,
        expires_at: now.plus(life),
    }
}

/// The text a program gets, good in this realm only. Nobody can read or change it.
pub fn seal(app: &App, realm: &Snapshot, pending: &PendingSignIn) -> String {
    // Strings, numbers and a boolean always serialise.
    let plain = serde_json::to_vec(pending).unwrap_or_default();
    let sealed = app.master_key().seal(PURPOSE, realm.id().as_bytes(), &plain, app.entropy());
    let mut text = PREFIX.to_owned();
    BASE64URL_NOPAD.encode_append(&sealed, &mut text);
    text
}

/// Reads what [`seal`] wrote. `None`: it is of another realm, too old, or none.
pub fn open(app: &App, realm: &Snapshot, text: &str, now: Timestamp) -> Option<PendingSignIn> {
    let text = text.strip_prefix(PREFIX).filter(|text| text.len() <= LONGEST)?;
    let sealed = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    let plain = app.master_key().open(PURPOSE, realm.id().as_bytes(), &sealed).ok()?;
    let pending: PendingSignIn = serde_json::from_slice(&plain).ok()?;
    (now < pending.expires_at).then_some(pending)
}
