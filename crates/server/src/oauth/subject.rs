//! What a client calls a person: `sub`.

use gatepost_domain::{Client, UserId};

use crate::App;

/// The user's id, or what is known of the user within the client's sector only (OpenID Connect Core section 8).
pub(crate) fn of(app: &App, client: &Client, user: UserId) -> String {
    app.pairwise_key().subject(client, user).unwrap_or_else(|| user.to_string())
}
