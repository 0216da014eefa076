//! OAuth clients: whether somebody is the client they name, and the tokens of those that act on their own.

mod change;
mod token;

use gatepost_domain::{
    Client, ClientAuthMethod, ClientId, DisplayName, RealmId, Secret, SecretDigest, Timestamp,
    audit::{Actor, Event},
};
use gatepost_store::{audit, clients};

use crate::{
    App,
    http::{Problem, origin::Where},
    realm::Snapshot,
};

pub use change::{Made, create, delete, new_secret, told, update};
pub use token::issue;

/// Who somebody says they are, and how they prove it.
#[derive(Debug)]
pub struct Presented {
    /// The `client_id`, as sent.
    pub id: String,
    /// The secret. A client that can keep none sends none.
    pub secret: Option<Secret>,
    /// How it was sent.
    pub by: ClientAuthMethod,
}

/// Why somebody is not taken for the client they name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientRefused {
    /// No such client, or another secret.
    Unproven,
    /// The client is public, and proves nothing.
    Public(Box<Client>),
}

/// The client, if the secret is its own. Whether there is such a client makes no difference to work and answer.
pub async fn authenticate(
    app: &App,
    realm: &Snapshot,
    presented: &Presented,
    origin: &Where,
    now: Timestamp,
) -> Result<Result<Client, ClientRefused>, Problem> {
    // What no client can be called names none.
    let found = match presented.id.parse::<ClientId>() {
        Ok(id) => find(app, realm.id(), id).await?,
        Err(_) => None,
    };
    let stored = found.as_ref().and_then(|client| client.secret);
    // The digest of nothing anybody can present stands for what is missing.
    let nobodys = SecretDigest::from_bytes([0; 32]);
    let sent = presented.secret.as_ref().map(Secret::digest);
    let proven = sent.unwrap_or(nobodys).ct_eq(&stored.unwrap_or(nobodys));
    match found {
        Some(client) if client.is_public() && presented.secret.is_none() => {
            Ok(Err(ClientRefused::Public(Box::new(client))))
        }
        // Only by the method it is registered with (RFC 9700 section 2.5): whoever got hold of a secret that was sent one way
        // has no use for it in another.
        Some(client) if proven && client.takes_secret_by(presented.by) => Ok(Ok(client)),
        found => {
            tracing::debug!(known = found.is_some(), "client authentication refused");
            if let Some(client) = found {
                note_refused(app, realm.id(), client.id, origin, now);
            }
            Ok(Err(ClientRefused::Unproven))
        }
    }
}

/// What people are shown as the name of a client.
pub fn shown_name(client: &Client) -> &str {
    client.settings.name.as_ref().map_or(client.id.as_str(), DisplayName::as_str)
}

/// The client of an id.
pub async fn find(app: &App, realm: RealmId, id: ClientId) -> Result<Option<Client>, Problem> {
    let found = app.db().read("find a client", move |tx| {
        let id = id.clone();
        Box::pin(async move { clients::find(tx, realm, &id).await })
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
