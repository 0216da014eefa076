//! Clients that administer their realm on their own: what whoever manages the realm wrote into their setting `administers`.

use std::sync::Arc;

use gatepost_domain::{Client, ClientId, Permission, RealmId, Timestamp};
use gatepost_store::{Tx, clients};

use super::current;
use crate::{App, http::Problem, realm::Snapshot};

/// A client that does something in the administration of its realm.
#[derive(Clone, Debug)]
pub struct Administering {
    realm: RealmId,
    client: ClientId,
    rights: Vec<Permission>,
}

impl Administering {
    /// Which.
    pub fn client(&self) -> &ClientId {
        &self.client
    }

    /// Whether it still may, inside the transaction that writes.
    pub async fn check(&self, tx: &mut Tx) -> Result<(), Problem> {
        match clients::find(tx, self.realm, &self.client).await? {
            Some(client) => may(&client, &self.rights),
            None => Err(refused("client_ended")),
        }
    }
}

fn refused(check: &'static str) -> Problem {
    Problem::InvalidToken { expired: false, check }
}

fn may(client: &Client, rights: &[Permission]) -> Result<(), Problem> {
    if !client.acts_on_its_own() || !client.settings.token_format.is_scalekit() {
        return Err(refused("client_ended"));
    }
    match rights.iter().find(|right| !client.settings.may_administer(right)) {
        None => Ok(()),
        Some(missing) => Err(Problem::ClientMayNot { right: missing.to_string() }),
    }
}

/// The client whose own token this is, if it may do all of that in the administration of the realm, as it is at this moment.
///
/// A token that is for others beside the client is not taken: they could use it, too.
pub async fn administering(
    app: &App,
    realm: &Snapshot,
    token: &str,
    rights: &[Permission],
    now: Timestamp,
) -> Result<Administering, Problem> {
    let claims = realm
        .verify_any(token, now)
        .map_err(|refused| Problem::InvalidToken { expired: refused.is_expired(), check: refused.code() })?;
    let its_own = claims.is_of_client() && claims.api_key().is_none();
    let for_itself = matches!(claims.audience(), [only] if **only == *claims.subject());
    if !its_own || !for_itself {
        return Err(refused("not_of_a_client"));
    }
    let id: ClientId = claims.subject().parse().map_err(|_| refused("not_of_a_client"))?;
    let client: Option<Arc<Client>> = current(app, realm, id.clone()).await?;
    let client = client.ok_or_else(|| refused("client_ended"))?;
    may(&client, rights)?;
    Ok(Administering { realm: realm.id(), client: id, rights: rights.to_vec() })
}
