//! A client acts on its own (RFC 6749 section 4.4).

use gatepost_domain::{Client, Permission, Scopes, Timestamp, client::permissions_of};

use crate::{
    App,
    http::Problem,
    realm::Snapshot,
    signing::{self, Audience, Program},
};

/// What a client got.
#[derive(Debug)]
pub struct Issued {
    /// The access token.
    pub access_token: String,
    /// How many seconds it lives.
    pub expires_in: u64,
    /// What it is good for: what was asked for, as far as the client has it.
    pub scopes: Scopes,
}

/// Signs a token of which the client is the subject, for this audience and bound to this key, if to one. `None`: nothing is left of the scopes it asked for.
///
/// There is no refresh token: the client asks again (RFC 6749 section 4.4.3).
pub fn issue(
    app: &App,
    realm: &Snapshot,
    client: &Client,
    wanted: Option<&Scopes>,
    (audience, bound_to): (Audience, Option<&str>),
    now: Timestamp,
) -> Result<Option<Issued>, Problem> {
    let scopes = client.settings.granted(wanted);
    let format = client.settings.token_format;
    // In the format of Scalekit it is for the client itself, which need not ask for anything.
    if scopes.is_empty() && !(wanted.is_none() && format.is_scalekit()) {
        return Ok(None);
    }
    let permissions: Vec<Permission> = permissions_of(&scopes).collect();
    let lifetime = realm.settings().access_token_ttl;
    let program = Program {
        subject: client.id.to_string(),
        client: client.id.as_str(),
        key: None,
        organization: client.settings.organization,
        scopes: &scopes,
        permissions: &permissions,
        bound_to,
        audience,
        format,
    };
    let access_token = signing::issue_for_program(realm, program, lifetime, app.entropy(), now)?;
    Ok(Some(Issued { access_token, expires_in: lifetime.as_secs(), scopes }))
}
