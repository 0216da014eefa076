//! What a client calls a person: `sub`.

use gatepost_domain::{Client, UserId};

use crate::{App, realm::Snapshot};

/// The same for every client (OpenID Connect Core section 8: `public`).
pub(crate) fn of(_: &App, _: &Snapshot, _: &Client, user: UserId) -> String {
    user.to_string()
}
