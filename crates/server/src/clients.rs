//! OAuth clients: whether somebody is the client they name, and the tokens of those that act on their own.

mod administering;
mod assertion;
mod bounds;
mod change;
mod document;
mod exchange;
mod in_use;
pub mod initial_access;
pub mod keys;
mod of_organization;
pub mod registration;
mod secret;
mod token;

use std::sync::Arc;

use gatepost_domain::{
    Client, ClientAuthMethod, ClientId, DisplayName, RealmId, Secret, SecretDigest, Timestamp, TokenFormat,
    audit::{Actor, Event},
};
use gatepost_store::{audit, clients};

use crate::{
    App,
    http::{Problem, origin::Where},
    limits::{self, Rule},
    realm::Snapshot,
};

pub use administering::{Administering, administering};
pub use change::{
    Made, Secrets, check_usable, create, delete, differences, fitted, new_secret, other_organization,
    rotate_secret, told, update,
};
pub use document::{current, known};
pub use exchange::{Exchange, ExchangeRefused, exchange, stands};
pub use in_use::KnownClients;
pub use of_organization::{
    create as create_of_organization, find as find_of_organization, list as list_of_organization,
};
pub use secret::{drop_secret, secret_name};
pub use token::issue;

/// Who somebody says they are, and how they prove it.
#[derive(Debug)]
pub struct Presented {
    /// The `client_id`, as sent.
    pub id: String,
    /// What is to prove it.
    pub proof: Proof,
}

/// What is to prove that somebody is a client.
#[derive(Debug)]
pub enum Proof {
    /// Nothing. A client that can keep no secret sends none.
    Nothing,
    /// The secret, and how it was sent.
    Secret(Secret, ClientAuthMethod),
    /// A JWT that the client signed (RFC 7523 section 2.2).
    Assertion(String),
}

/// Why somebody is not taken for the client they name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientRefused {
    /// No such client, or another secret.
    Unproven,
    /// The client is public, and proves nothing.
    Public(Arc<Client>),
}

/// The client, if the proof is its own, given in the one way it is registered with (RFC 9700 section 2.5). Whether there is such
/// a client makes no difference to the answer, nor to the work of checking a secret, nor to how often it may be got wrong at one address. Changes made here count at once, those of
/// another process within a second and a half.
pub async fn authenticate(
    app: &App,
    realm: &Snapshot,
    presented: &Presented,
    origin: &Where,
    now: Timestamp,
) -> Result<Result<Arc<Client>, ClientRefused>, Problem> {
    // By what they are called, whether there is such a client or not.
    let key = (Rule::Client, (presented.id.as_str(), origin.neighbourhood()));
    let guesses = !matches!(presented.proof, Proof::Nothing);
    if guesses {
        limits::check(app, realm, key, origin, now)?;
    }
    // What no client can be called names none.
    let found = match presented.id.parse::<ClientId>() {
        // What a document describes is read again when it is old.
        Ok(id) if id.document().is_some() => Box::pin(known(app, realm, id, origin, now)).await?,
        Ok(id) => app.clients().find(app, realm, id).await?,
        Err(_) => None,
    };
    // The digest of nothing anybody can present stands for what is missing.
    let nobodys = SecretDigest::from_bytes([0; 32]);
    let proven = match (&found, &presented.proof) {
        (Some(client), Proof::Nothing) if client.is_public() => {
            return Ok(Err(ClientRefused::Public(Arc::clone(client))));
        }
        (_, Proof::Nothing) | (None, Proof::Assertion(_)) => false,
        (Some(client), Proof::Secret(secret, by)) => {
            client.knows(&secret.digest(), now) && client.takes_secret_by(*by)
        }
        (None, Proof::Secret(secret, _)) => secret.digest().ct_eq(&nobodys),
        (Some(client), Proof::Assertion(assertion)) => {
            // In a box: few clients sign, and the future of every token request would have room for it.
            Box::pin(assertion::proves(app, realm, client, assertion, now)).await?
        }
    };
    match found {
        Some(client) if proven => Ok(Ok(client)),
        found => {
            tracing::debug!(known = found.is_some(), "client authentication refused");
            if guesses {
                limits::note(app, realm, key, now);
            }
            if let Some(client) = found {
                note_refused(app, realm.id(), client.id.clone(), origin, now);
            }
            Ok(Err(ClientRefused::Unproven))
        }
    }
}

/// What people are shown as the name of a client: the name, the host of the document that describes it, or the id.
pub fn shown_name(client: &Client) -> &str {
    let id = || client.id.host().unwrap_or(client.id.as_str());
    client.settings.name.as_ref().map_or_else(id, DisplayName::as_str)
}

/// The client of an id.
pub async fn find(app: &App, realm: RealmId, id: ClientId) -> Result<Option<Client>, Problem> {
    let found = app.db().read("find a client", move |tx| {
        let id = id.clone();
        Box::pin(async move { clients::find(tx, realm, &id).await })
    });
    Ok(found.await?)
}

/// Of the clients that the realm made those whose tokens are in this format, as many as `limit`, after the given one.
pub async fn list_in_format(
    app: &App,
    realm: RealmId,
    format: TokenFormat,
    after: Option<ClientId>,
    limit: u32,
) -> Result<Vec<Client>, Problem> {
    let found = app.db().read("list clients of a format", move |tx| {
        let after = after.clone();
        Box::pin(async move { clients::list_in_format(tx, realm, format, after.as_ref(), limit).await })
    });
    Ok(found.await?)
}

/// Kept in the audit trail, once a minute for a client: a secret is checked in microseconds, and whoever guesses must not
/// fill the disk. Nobody waits for it: the time of the answer would tell which clients there are.
fn note_refused(app: &App, realm: RealmId, client: ClientId, origin: &Where, now: Timestamp) {
    let record = origin.record(app, realm, Event::ClientRefused, Actor::Anonymous, now).client(client);
    if !app.refusals().admits(&record) {
        return;
    }
    let app = app.clone();
    tokio::spawn(async move {
        let noted = app.db().write("record a refused client", move |tx| {
            let record = record.clone();
            Box::pin(async move { audit::append(tx, &record).await })
        });
        if let Err(error) = noted.await {
            tracing::warn!(%error, "a refused client could not be recorded");
        }
    });
}
